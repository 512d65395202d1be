// Judges pages by html-validate: is this HTML as the standard has it, and fit for everybody?
//
// Usage: html.cjs NODE_MODULES PAGE…
//
// Prints what is wrong, one fault a line, and ends with 1; or says nothing, and ends with 0.

"use strict";

const path = require("node:path");

const [modules, ...pages] = process.argv.slice(2);
const { HtmlValidate, StaticConfigLoader } = require(path.join(modules, "html-validate"));

const judge = new HtmlValidate(
  new StaticConfigLoader({
    root: true,
    extends: ["html-validate:standard", "html-validate:a11y", "html-validate:document"],
    // A link without text of its own is as good as none; so is a heading out of order.
    rules: { "heading-level": "error", "wcag/h30": "error", "no-dup-id": "error" },
  }),
);

let faults = 0;
for (const page of pages) {
  for (const { messages } of judge.validateFileSync(page).results) {
    for (const { ruleId, message, line, column } of messages) {
      faults += 1;
      console.log(`${path.basename(page)}:${line}:${column} ${ruleId}: ${message}`);
    }
  }
}
process.exit(faults > 0 ? 1 : 0);
