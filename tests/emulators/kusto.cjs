// What Microsoft's own parser of Kusto's query language says of texts.
//
//     kusto.cjs < LINES > LINES
//
// A line in is {"text": …} and, where names and types are to be judged as well, "tables": for each
// table its columns as {"name": "type"}. The line out is {"diagnostics": […], "literals": […]}: what
// is wrong with it, and the values of its string literals in order.

const fs = require("fs");
const path = require("path");

const home = path.join(__dirname, "node_modules/@kusto/language-service-next");
require(path.join(home, "bridge.min.js"));
require(path.join(home, "Kusto.Language.Bridge.min.js"));

const { KustoCode, KustoFacts, GlobalState, Symbols, Syntax } = Kusto.Language;

function list(found) {
  return Array.from({ length: found.Count }, (_, at) => found.getItem(at));
}

function name(text) {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text) ? text : `['${text}']`;
}

function globals(tables) {
  const symbols = Object.entries(tables).map(([table, columns]) => {
    const schema = Object.entries(columns).map(([column, type]) => `${name(column)}: ${type}`);
    return Symbols.TableSymbol.From(`(${schema.join(", ")})`).WithName(table);
  });
  const database = new Symbols.DatabaseSymbol.$ctor1("logs", symbols);
  return GlobalState.Default.WithDatabase(database);
}

// Made once: it is what takes the time.
const made = new Map();

function known(key) {
  if (!made.has(key)) {
    made.set(key, globals(JSON.parse(key)));
  }
  return made.get(key);
}

function judge({ text, tables }) {
  const code = tables
    ? KustoCode.ParseAndAnalyze(text, known(JSON.stringify(tables)))
    : KustoCode.Parse(text);
  const diagnostics = list(code.GetDiagnostics()).map(
    (it) => `${it.Code} ${it.Message} at ${it.Start}+${it.Length}`);
  const literals = [];
  code.Syntax.WalkTokens((it) => {
    if (it.Kind === Syntax.SyntaxKind.StringLiteralToken) {
      literals.push(KustoFacts.GetStringLiteralValue(it.Text));
    }
  });
  return { diagnostics, literals };
}

const lines = fs.readFileSync(0, "utf8").split("\n").filter((line) => line !== "");
for (const line of lines) {
  process.stdout.write(JSON.stringify(judge(JSON.parse(line))) + "\n");
}
