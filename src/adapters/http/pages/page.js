// Looks again when the daemon says that something changed, and puts in place what is new. Whatever
// is as it was stays the same element: focus, scrolling, open details and typed text with it.
"use strict";
(() => {
  const POLL_MS = 10000, ANYWAY_MS = 60000;
  let looking = false, again = false, sent = false;

  function children(to, from) {
    let at = to.firstChild;
    for (const now of [...from.childNodes]) {
      const kept = now.id && [...to.children].find((old) => old.id === now.id);
      if (kept && kept !== at) {
        to.insertBefore(kept, at);
        one(kept, now);
      } else if (at && at.nodeName === now.nodeName && (at.id || "") === (now.id || "")) {
        const next = at.nextSibling;
        one(at, now);
        at = next;
      } else {
        to.insertBefore(document.importNode(now, true), at);
      }
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  }

  function one(to, from) {
    if (to.isEqualNode(from)) return;
    if (to.nodeType !== Node.ELEMENT_NODE) {
      to.nodeValue = from.nodeValue;
      return;
    }
    const own = (name) => name === "open" && to.nodeName === "DETAILS";
    for (const { name } of [...to.attributes]) {
      if (!from.hasAttribute(name) && !own(name)) to.removeAttribute(name);
    }
    for (const { name, value } of [...from.attributes]) {
      if (to.getAttribute(name) !== value && !own(name)) to.setAttribute(name, value);
    }
    if (to.nodeName !== "TEXTAREA") children(to, from);
  }

  async function look() {
    if (sent || document.hidden) return;
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    try {
      const answer = await fetch(location.href, { redirect: "error" });
      // What is amiss for a moment is no reason to lose what somebody has written.
      if (!answer.ok && document.querySelector("textarea")) throw new Error(answer.statusText);
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      const [from, to] = [next.querySelector("main"), document.querySelector("main")];
      if (from && to && !sent) {
        const focused = document.activeElement;
        document.title = next.title;
        one(document.querySelector("header"), next.querySelector("header"));
        one(to, from);
        if (focused !== document.activeElement && focused.isConnected) {
          focused.focus({ preventScroll: true });
        }
      }
    } catch {
      // The daemon is away. What stands there says as of when it is.
    }
    looking = false;
    if (again) {
      again = false;
      look();
    }
  }

  addEventListener("submit", () => { sent = true; });
  addEventListener("pageshow", () => { sent = false; });
  addEventListener("visibilitychange", look);
  setInterval(look, ANYWAY_MS);
  const changes = new EventSource("/changes");
  let poll;
  const stop = () => { clearInterval(poll); poll = undefined; };
  changes.onopen = () => { stop(); look(); };
  changes.onmessage = look;
  changes.onerror = () => { poll ??= setInterval(look, POLL_MS); };
})();
