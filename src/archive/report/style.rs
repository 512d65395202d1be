//! How the page looks: on a screen, on a small one, on paper.

use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

/// The one style sheet, in the page. Every colour of text has a contrast of 7 to 1 or more. On a
/// narrow screen nothing is wider than it: cells stand below one another, and of the runs only the
/// words are shown.
pub const STYLE: &str = "
:root { color-scheme: light; }
body { margin: 0 auto; padding: 1.5rem; max-width: 64rem; background: #fff; color: #1b1f24;
  font: 1rem/1.6 system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'Hiragino Sans', 'Yu Gothic UI',
  'Noto Sans CJK JP', sans-serif; }
h1 { margin: 0 0 1rem; font-size: 1.9rem; line-height: 1.25; }
h2 { margin: 2.5rem 0 .75rem; padding-bottom: .25rem; border-bottom: 2px solid #0b4f8a;
  font-size: 1.35rem; line-height: 1.3; }
a { color: #0b4f8a; }
a:focus-visible, [tabindex]:focus-visible { outline: 3px solid #0b4f8a; outline-offset: 2px; }
nav ul { columns: 2 18rem; padding: .75rem 1rem .75rem 2rem; background: #eef3f8; }
nav h2 { position: absolute; width: 1px; height: 1px; margin: -1px; padding: 0; border: 0;
  overflow: hidden; clip-path: inset(50%); }
dl { display: grid; grid-template-columns: minmax(10rem, 18rem) 1fr; gap: .35rem 1.5rem; }
dt { grid-column: 1; font-weight: 600; }
dd { grid-column: 2; margin: 0; overflow-wrap: anywhere; }
.wide { margin: 1rem 0; overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .92rem; }
caption { padding: .25rem 0; text-align: left; font-weight: 600; }
th, td { box-sizing: border-box; padding: .4rem .6rem; border-bottom: 1px solid #b9c3cd;
  text-align: left; vertical-align: top; overflow-wrap: break-word; }
bdi, code { overflow-wrap: anywhere; }
thead th { border-bottom: 2px solid #1b1f24; }
tbody th { font-weight: 400; }
td.number, table.found thead th + th, table.files th:nth-child(2), table.given th:nth-child(2),
table.masked th:nth-child(2) {
  text-align: right; }
td.number, td.kept { white-space: nowrap; }
table.files, table.unreadable { min-width: 52rem; table-layout: fixed; }
table.files thead th:nth-child(1) { width: 29%; }
table.files thead th:nth-child(2) { width: 9%; }
table.files thead th:nth-child(3) { width: 16%; }
table.files thead th:nth-child(4) { width: 21%; }
table.files thead th:nth-child(5) { width: 10%; }
table.unreadable thead th:nth-child(1) { width: 32%; }
table.unreadable thead th:nth-child(2) { width: 13%; }
table.found, table.masked, table.given { min-width: 30rem; }
table.runs { min-width: 46rem; }
table.runs td:nth-child(3) { min-width: 7rem; }
tr.group th { padding-top: .8rem; border-bottom: 1px solid #1b1f24; background: #eef3f8;
  font-weight: 600; }
td ul { margin: 0; padding: 0; list-style: none; }
code { font: .88em ui-monospace, 'Cascadia Mono', Menlo, 'DejaVu Sans Mono', monospace; }
.note { padding: .6rem 1rem; border-left: 4px solid #0b4f8a; background: #eef3f8; }
svg { display: block; width: 100%; min-width: 40rem; height: auto; }
svg text { font: 12px system-ui, 'Noto Sans', 'Noto Sans CJK JP', sans-serif; fill: #1b1f24; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid #b9c3cd; font-size: .92rem; }
@media (max-width: 40rem) {
  body { padding: 1rem; }
  dl { display: block; }
  dt { margin-top: .6rem; }
  .wide { overflow: visible; }
  svg { display: none; }
  table, caption, tbody, tr, th, td { display: block; }
  .wide table { min-width: 0; }
  thead { display: none; }
  .wide tbody th, .wide tbody td { width: auto; min-width: 0; padding: .15rem 0; border: 0;
    text-align: left; overflow-wrap: anywhere; }
  tr { padding: .5rem 0; border-bottom: 1px solid #b9c3cd; }
  .wide tbody tr.group th { padding: .4rem .6rem; }
  td[data-head]::before { content: attr(data-head); display: block; font-weight: 600; }
  td:empty { display: none; }
}
@media print {
  @page { margin: 1.6cm; }
  html { font-size: 10pt; }
  body { max-width: none; padding: 0; }
  nav { display: none; }
  h2, caption, thead, tr.group { break-after: avoid; }
  tr, svg, li, dt, dd, table.found, table.masked { break-inside: avoid; }
  table { font-size: 8pt; }
  th, td { padding: .2rem .35rem; }
  thead { display: table-header-group; }
  .wide { overflow: visible; }
  table, svg { min-width: 0 !important; }
  a { color: inherit; }
}
";

/// What the page may do: show itself in that style sheet, and nothing else.
pub static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    format!("default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'")
});
