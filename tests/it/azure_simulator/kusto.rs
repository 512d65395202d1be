//! What queries of logs say: a table of texts and what comes of them, and what Microsoft's own
//! parser says of the same texts.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::azure::monitor::kusto::fault::Fault;
use crate::support::azure::monitor::kusto::parse::script;
use crate::support::azure::monitor::kusto::rows::Rows;
use crate::support::azure::monitor::kusto::tabular::{World, run};
use crate::support::azure::monitor::kusto::text::Reading;
use crate::support::azure::monitor::kusto::token::{Token, tokens};
use crate::support::azure::monitor::kusto::value::Value as Cell;
use crate::support::azure::monitor::tables::{Table, columns};

/// A text, and the cells that come of it, rows parted by `;`.
const ANSWERED: &[(&str, &str)] = &[
    // Texts and their case.
    ("T | where who == 'Ann' | project n", "1"),
    ("T | where who == 'ann' | project n", ""),
    ("T | where who =~ 'ANN' | project n", "1"),
    ("T | where who != 'Ann' and who !~ 'bob' | project n", "3;4"),
    ("T | where who contains 'NN' | project n", "1;3"),
    ("T | where who contains_cs 'NN' | project n", ""),
    ("T | where who !contains 'n' | project n", "2;4"),
    ("T | where who startswith 'jo' | project n", "3"),
    ("T | where who endswith 'OB' | project n", "2"),
    ("T | where who in ('Ann', 'bob') | project n", "1"),
    ("T | where who in~ ('Ann', 'bob') | project n", "1;2"),
    ("T | where who !in ('Ann') | project n", "2;3;4"),
    ("T | where who == 'A' \"nn\" | project n", "1"),
    ("T | where who in (dynamic(['Ann', 'Bob'])) | project n", "1;2"),
    // Case is looked over for ASCII alone, as documented.
    ("T | where who =~ 'MÜLLER' | project n", ""),
    ("T | where tolower(who) == tolower('MÜLLER') | project n", "4"),
    ("T | where tolower(who) contains 'üll' | project n", "4"),
    // Terms.
    ("T | where said has 'ann@contoso.example' | project n", "1"),
    ("T | where said has 'CONTOSO' | project n", "1;3"),
    ("T | where said has 'contos' | project n", ""),
    ("T | where said has 'ann' | project n", "1"),
    ("T | where said !has 'contoso' | project n", "2;4"),
    ("T | where said has_any ('bob', 'joann') | project n", "3"),
    // Precedence.
    ("T | where n == 1 or n == 2 and who == 'nobody' | project n", "1"),
    ("T | where (n == 1 or n == 2) and who == 'Bob' | project n", "2"),
    ("T | where not(n == 1 or n == 2) | project n", "3;4"),
    ("T | where n + 1 * 2 == 3 | project n", "1"),
    ("T | where n >= 2 and n < 4 | project n", "2;3"),
    ("T | where n between (2 .. 3) | project n", "2;3"),
    ("T | where n !between (2 .. 3) | project n", "1;4"),
    // Nothing is not something.
    ("T | where isempty(said) | project n", "4"),
    ("T | where isnotempty(said) | project n", "1;2;3"),
    ("T | where isnull(bag) | project n", "4"),
    ("T | where flag | project n", "1;3"),
    ("T | where bag.none == 'x' | project n", ""),
    ("T | where bag.none != 'x' | project n", ""),
    // Times.
    (
        "T | where at >= datetime(2025-01-02) and at < datetime(2025-01-04T00:00:00Z) | project n",
        "2;3",
    ),
    ("T | where at between (datetime(2025-01-01) .. datetime(2025-01-02)) | project n", "1;2"),
    ("T | where at between (datetime(2025-01-03) .. 1d) | project n", "3;4"),
    ("T | where at > ago(2d) | project n", "4"),
    ("print tostring(datetime(2025-01-02T03:04:05.5Z))", "2025-01-02T03:04:05.5000000Z"),
    // Bags.
    ("T | where bag.role == 'lead' | project n", "1"),
    ("T | where bag['role'] =~ 'LEAD' | project n", "1"),
    ("T | where bag['e mail'] has 'contoso' | project n", "2"),
    ("T | where tostring(bag.list[1]) == 'y' | project n", "3"),
    ("T | where bag contains 'contoso' | project n", "2"),
    ("T | where tostring(bag) contains '\"role\"' | project n", "1"),
    ("T | mv-expand k = bag_keys(bag) | project n, tostring(k)", "1,role;2,e mail;3,list"),
    (
        "T | mv-expand k = bag_keys(bag) | where tostring(bag[tostring(k)]) has 'lead' | project n",
        "1",
    ),
    (
        "print hash_sha256('World')",
        "78ae647dc5544d227130a0682a51e30bc7777fbb6d8a8f17007463a3ecd1d524",
    ),
    (
        "T | mv-expand k = bag_keys(bag) to typeof(string) | where k has 'mail' | project n, k",
        "2,e mail",
    ),
    // Rows from rows.
    ("T | take 2 | project n", "1;2"),
    ("T | count", "4"),
    ("T | order by n | project n", "4;3;2;1"),
    ("T | order by said asc, n desc | project n", "4;1;2;3"),
    ("T | top 1 by n | project n", "4"),
    ("T | where n > 9 | summarize count()", "0"),
    ("T | where n > 9 | summarize count() by who", ""),
    (
        "T | summarize c=count(), from_=min(at), to_=max(at) by flag | project flag, c, from_",
        "true,2,2025-01-01T00:00:00Z;false,2,2025-01-02T00:00:00Z",
    ),
    ("T | summarize make_set(flag), dcount(who)", "[true,false],4"),
    ("T | summarize n=countif(flag)", "2"),
    ("T | distinct flag", "true;false"),
    ("T | extend n = n * 10, m = n | project n, m | take 1", "10,1"),
    ("T | project-away who, said, bag, at, flag, id | take 1", "1"),
    ("T | project k=strcat(who, '-', tostring(n)) | take 1", "Ann-1"),
    ("['T'] | project ['n'] | take 1", "1"),
    ("T | summarize ['first']=min(n), ['last']=max(n) | project ['last'], ['first']", "4,1"),
    ("T | project n = column_ifexists('nothing', 'else') | take 1", "else"),
    ("T | project n, iff(flag, 'yes', 'no') | take 2", "1,yes;2,no"),
    ("union T, U | count", "5"),
    ("union (T | where n == 1 | project n), (U | project n) | project n", "1;9"),
    (
        "union withsource=s (T | where n == 1 | project n), U | project s, n, w",
        "union_arg0,1,;U,9,w",
    ),
    ("T | where n == 1 | project n | union (U | project n)", "1;9"),
    ("union isfuzzy=true U, Nowhere | project n", "9"),
    ("union withsource=s * | summarize count() by s", "T,4;U,1"),
    ("let t = T | where n < 3; t | where n > 1 | project n", "2"),
    (
        "let names = dynamic(['Ann']); let low = 1; T | where who in (names) and n >= low | count",
        "1",
    ),
    ("T // a remark\n| where n == 1 // another | where n == 2\n| project n", "1"),
    ("T | where id == guid(0000AAAA-0000-4000-8000-000000000001) | project n", "1"),
];

/// Texts that are refused, and how.
const REFUSED: &[(&str, &str)] = &[
    ("T |", "SYN0002"),
    ("T | where", "SYN0002"),
    ("T | wher n == 1", "SYN0002"),
    ("T | where n = 1", "SYN0002"),
    ("T | where who == 'a' b", "SYN0002"),
    ("T | where who == \"a\nb\"", "SYN0002"),
    ("T | where who == \"a\\q\"", "SYN0002"),
    ("T | summarize first=min(n)", "SYN0002"),
    ("T | extend last = 1", "SYN0002"),
    ("T | where who == \"a\\\" | project n", "SYN0002"),
    ("T | where who == \"\\u12\"", "SYN0002"),
    ("T where n == 1", "SYN0002"),
    ("T | project n,", "SYN0002"),
    ("T | where (n == 1", "SYN0002"),
    ("Nowhere | count", "SEM0100"),
    ("t | count", "SEM0100"),
    ("T | where nothing == 1", "SEM0100"),
    ("T | where N == 1", "SEM0100"),
    ("union Nowhere, T", "SEM0100"),
    ("T | where n == 'one'", "SEM0064"),
    ("T | where at > '2025-01-01'", "SEM0064"),
    ("T | where n contains '1'", "SEM0001"),
    ("T | where who", "SEM0001"),
    ("T | summarize count() by bag.role", "SEM0080"),
    ("T | order by bag.role", "SEM0001"),
    ("T | where bag.role", "SEM0001"),
    ("T | where n in~ (1)", "SEM0001"),
    ("T | where id has '0000aaaa'", "SEM0001"),
    ("T | where at contains '2025'", "SEM0001"),
    ("T | project n, n", "SEM0001"),
    ("T | extend h = hash_sha256(bag)", "SEM0001"),
    ("T | where nothing(n)", "SEM0260"),
];

#[test]
fn texts_mean_what_they_say() {
    let mut faults = Vec::new();
    for (text, expected) in ANSWERED {
        match ask(text) {
            Ok(rows) if cells(&rows) == *expected => {}
            Ok(rows) => faults.push(format!("{text}: {}", cells(&rows))),
            Err(fault) => faults.push(format!("{text}: {fault:?}")),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_says_nothing_is_refused() {
    for (text, expected) in REFUSED {
        let fault = ask(text).expect_err(text);
        assert_eq!(fault.words().2, *expected, "{text}: {fault:?}");
    }
    let fault = ask("T\n| where n = 1").unwrap_err();
    assert_eq!(fault, Fault::Syntax { token: "=".to_owned(), line: 2, column: 10 });
}

/// Each way of writing a string, and what it holds.
#[test]
fn literals_hold_what_they_hold() {
    let cases = [
        (r#""plain""#, "plain"),
        (r"'it is'", "it is"),
        (r#""a\"b""#, "a\"b"),
        (r"'a\'b'", "a'b"),
        (r#""\t\n\r\\\a\b\f\v""#, "\t\n\r\\\u{7}\u{8}\u{c}\u{b}"),
        (r#""\u0041\x42\103""#, "ABC"),
        (r#""\uD83D\uDE00""#, "\u{1f600}"),
        (r#"@"c:\x""#, r"c:\x"),
        (r#"@"a""b""#, "a\"b"),
        (r"@'a''b'", "a'b"),
        (r#"h"secret""#, "secret"),
        (r"H'secret'", "secret"),
        (r#"h@"a\b""#, r"a\b"),
        ("```a\n\"b\"```", "a\n\"b\""),
        ("~~~a|b~~~", "a|b"),
        (r#""山田 \u005c u""#, r"山田 \ u"),
    ];
    let texts: Vec<String> = cases.iter().map(|(text, _)| format!("print {text}")).collect();
    let judged = judged(&texts.iter().map(|text| json!({"text": text})).collect::<Vec<_>>());
    for ((written, held), judged) in cases.iter().zip(judged) {
        let found = tokens(written).unwrap();
        assert_eq!(found[0].token, Token::Text((*held).to_owned()), "{written}");
        assert_eq!(judged["literals"], json!([held]), "{written}");
        assert_eq!(judged["diagnostics"], json!([]), "{written}");
    }
}

#[test]
fn microsoft_reads_the_same() {
    let schema = json!({"T": schema(&table_t()), "U": schema(&table_u())});
    let line = |text: &str| json!({"text": text, "tables": schema});
    let lines: Vec<Value> = ANSWERED.iter().chain(REFUSED).map(|(text, _)| line(text)).collect();
    let judged = judged(&lines);
    let mut faults = Vec::new();
    for (at, (text, said)) in ANSWERED.iter().chain(REFUSED).enumerate() {
        let is_good = judged[at]["diagnostics"] == json!([]);
        // It knows no more of these than that they can be said.
        let is_lenient = text.contains("isfuzzy") || *said == "SEM0064";
        if is_good != (at < ANSWERED.len()) && !is_lenient {
            faults.push(format!("{text}: {}", judged[at]["diagnostics"]));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What Microsoft's parser says of each line.
pub fn judged(lines: &[Value]) -> Vec<Value> {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut program = Command::new("node")
        .arg(tests.join("emulators/kusto.cjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is missing: apt-get install nodejs, npm ci --prefix tests/emulators");
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    program.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = program.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let judged: Vec<Value> = text.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(judged.len(), lines.len());
    judged
}

fn ask(text: &str) -> Result<Rows, Fault> {
    let (t, u) = (table_t(), table_u());
    let now: Timestamp = "2025-01-05T00:00:00Z".parse().unwrap();
    let table = |name: &str| [&t, &u].into_iter().find(|it| it.name == name).map(|it| it.seen(now));
    let names = ["T", "U"].map(str::to_owned);
    let world = World { names: &names, table: &table, now, reading: Reading::default() };
    run(&script(text)?, &world)
}

fn cells(rows: &Rows) -> String {
    let row = |row: &Vec<_>| {
        let cells = row.iter().zip(&rows.columns);
        let cells = cells.map(|(value, column): (&Cell, _)| text(&value.answer(column.kind)));
        cells.collect::<Vec<_>>().join(",")
    };
    rows.rows.iter().map(row).collect::<Vec<_>>().join(";")
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn schema(table: &Table) -> Value {
    let columns = table.columns.iter();
    columns
        .map(|it| (it.name.clone(), Value::from(it.kind.word())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn table_t() -> Table {
    let all = "n:long who:string said:string bag:dynamic at:datetime flag:bool id:guid";
    let mut table = Table::new("T", columns(all));
    let rows = [
        json!({"n": 1, "who": "Ann", "said": "mail ann@contoso.example now", "flag": true,
            "bag": {"role": "lead"}, "id": "0000aaaa-0000-4000-8000-000000000001"}),
        json!({"n": 2, "who": "Bob", "said": "nothing", "flag": false,
            "bag": {"e mail": "bob@contoso.example"}}),
        json!({"n": 3, "who": "joann", "said": "saw joann@contoso.example", "flag": true,
            "bag": {"list": ["x", "y"]}}),
        json!({"n": 4, "who": "Müller", "flag": false}),
    ];
    for (day, mut row) in (1..).zip(rows) {
        row["at"] = format!("2025-01-0{day}T00:00:00Z").into();
        table.add(&row, Timestamp::UNIX_EPOCH);
    }
    table
}

fn table_u() -> Table {
    let mut table = Table::new("U", columns("n:long w:string"));
    table.add(&json!({"n": 9, "w": "w"}), Timestamp::UNIX_EPOCH);
    table
}
