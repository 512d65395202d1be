// Looks at a page from within: what axe-core says of its accessibility, and what a person could
// not see in its text. Leaves what it saw as JSON in an element of its own.

"use strict";

addEventListener("load", async () => {
  const all = [...document.querySelectorAll("body *")];
  const boxes = [...document.querySelectorAll("svg text")].map((text) => text.getBBox());
  const meet = (a, b) =>
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
  const seen = {
    title: document.title,
    language: document.documentElement.lang,
    headings: [...document.querySelectorAll("h1, h2, h3")].map((heading) => heading.tagName),
    // Ours are in the head.
    scripts: document.body.querySelectorAll("script").length,
    loading: document.querySelectorAll("img, iframe, object, embed, link, audio, video").length,
    handlers: all.filter((e) => [...e.attributes].some((a) => /^on|^style$/i.test(a.name))).length,
    links: [...document.querySelectorAll("a")].map((link) => link.href),
    rows: document.querySelectorAll("table.files tbody td:first-of-type").length,
    files: [...document.querySelectorAll("table.files tbody th")].map((head) => head.innerText),
    text: document.body.innerText,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    // What has to be moved sideways to be seen.
    wider: all.filter((e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX === "auto").length,
    // In the picture, texts that lie on one another or begin outside of it.
    colliding: boxes.filter((a, i) => a.x < 0 || boxes.some((b, j) => i < j && meet(a, b))).length,
    marks: document.querySelectorAll("svg rect").length,
    attacked: globalThis.attacked === true,
  };
  const { violations, incomplete } = await axe.run(document, { resultTypes: ["violations"] });
  const told = ({ id, help, nodes }) => `${id}: ${help}: ${nodes[0].html.slice(0, 200)}`;
  seen.violations = violations.map(told);
  seen.undecided = incomplete.map(({ id }) => id);
  const verdict = document.createElement("pre");
  verdict.id = "seen";
  verdict.textContent = encodeURIComponent(JSON.stringify(seen));
  document.body.append(verdict);
});
