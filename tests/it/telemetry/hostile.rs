//! People who are called like queries: each is found, and nothing else is; and what Microsoft's own
//! parser takes their questions for.

use dsrd::adapters::monitor::query::candidates::Candidate;
use dsrd::adapters::monitor::query::text::{self, Scope};
use dsrd::adapters::monitor::tables::names::Spot;
use dsrd::adapters::monitor::tables::table::{Column, Holds, Plan, Table};
use dsrd::domain::asked::subject::IdentityType;
use serde_json::{Value, json};

use crate::azure_simulator::kusto::judged;
use crate::telemetry::world::{World, called, found};

fn names() -> Vec<String> {
    let mut names: Vec<String> = [
        "Bobby\" or true //",
        "Bobby'; drop table AppTraces",
        "\"); union AppTraces, AmlRunEvent (",
        "| take 0 // Bobby",
        "Bobby\\",
        "Bobby \\\" tables",
        "Bob\nby | take 0",
        "Bobby\r\n\t]['Message']",
        "@\"Bobby\"",
        "h\"Bobby\"",
        "```Bobby```",
        "Bobby\u{0}Tables",
        "Bobby 😀 Tables",
        "😀😀😀😀",
        "\u{202e}ybboB selbaT",
        "محمد بن سلمان",
        "山田 太郎",
        "Ω≈ç√∫ Bobby",
        "%{Bobby}%",
        "${Bobby}",
        "Bobby--Tables; .drop",
        "ann.o'hara+x@contoso.example",
    ]
    .map(str::to_owned)
    .into();
    names.push("Bobby Tables ".repeat(77).trim().to_owned());
    names
}

#[tokio::test]
async fn each_is_found_and_nothing_else_is() {
    let world = World::new(found()).await;
    world
        .add("AmlRunEvent", json!({"RunId": "another thing", "Identity": "somebody@else.example"}));
    let names = names();
    for name in &names {
        world.add("AppTraces", json!({"Message": format!("by {name} today")}));
        world.add("AmlRunEvent", json!({"RunId": "r", "Identity": name}));
    }
    for name in &names {
        let told = world.told(&called(IdentityType::ControllerCustomerId, name)).await;
        let expected = [
            format!("examplela01/AmlRunEvent/Identity 1 {name}"),
            format!("examplela01/AppTraces/Message 1 by {name} today"),
        ];
        for line in &expected {
            assert!(told.contains(line), "{name:?} in {told:?}");
        }
        // Others may be asked for too, of which the finder knows better; but none like nobody here.
        let strange =
            told.iter().find(|line| line.contains("another thing") || line.contains("HANAKO"));
        assert!(strange.is_none() && told.iter().all(|line| !line.contains(": ")), "{told:?}");
        let rows = world.rows("examplela01/AmlRunEvent/Identity", &[name]).await;
        assert!(rows.len() == 1 && rows[0]["Identity"] == name.as_str(), "{name:?}");
    }
}

fn table() -> Table {
    let column = |(name, holds): (&str, Holds)| Column { name: name.to_owned(), holds };
    let columns = [("Id", Holds::Guid), ("Message", Holds::Text), ("Properties", Holds::Dynamic)];
    Table {
        name: "AppTraces".to_owned(),
        plan: Plan::Analytics,
        columns: columns.map(column).into(),
        time: "TimeGenerated",
        is_kept_longer: false,
    }
}

/// No text of ours has anything wrong with it, and each value is one literal that means it.
#[test]
fn microsofts_parser_reads_what_was_meant() {
    let (table, scope) = (table(), Scope::of(["/subscriptions/a/b'c".to_owned()]));
    let columns: Vec<&Column> = table.columns.iter().collect();
    let window =
        Some(("2026-11-01T00:00:00Z".parse().unwrap(), "2026-11-02T01:02:03.5Z".parse().unwrap()));
    let tables = json!({"AppTraces": {"Id": "guid", "Message": "string", "Properties": "dynamic",
        "TimeGenerated": "datetime", "_ResourceId": "string"}});
    let (mut lines, mut meant) = (Vec::new(), Vec::new());
    let mut add = |text: String, values: Vec<String>| {
        lines.push(json!({"text": text, "tables": tables}));
        meant.push(values);
    };
    for name in names() {
        for kind in IdentityType::ALL {
            let candidate = Candidate::of(&called(kind, &name));
            add(text::values(&table, &columns, &scope, &[&candidate], (window, 10)), Vec::new());
        }
        let candidate = Candidate::of(&called(IdentityType::Name, &name));
        add(text::found(&table, &columns, &scope, &[&candidate], None), Vec::new());
        let values = vec![name.clone(), format!("x{name}")];
        for column in &columns {
            let spot = Spot::new("la", &table, &column.name);
            add(text::rows(&table, &spot, &scope, &values, (window, 10)), values.clone());
            add(text::resources(&table, &spot, &scope, &values), values.clone());
        }
        let spot = Spot::new("la", &table, "Properties").at(&name);
        let all = [&values[..], std::slice::from_ref(&name)].concat();
        add(text::rows(&table, &spot, &scope, &values, (None, 10)), all);
    }
    let one = [table.clone()];
    let two = [table.clone(), table.clone()];
    for text in [
        text::has_rows(&one, &scope),
        text::has_rows(&two, &scope),
        text::schema(&table),
        text::span(&table, &scope),
    ] {
        add(text, Vec::new());
    }
    for ((line, values), said) in lines.iter().zip(meant).zip(judged(&lines)) {
        assert_eq!(said["diagnostics"], json!([]), "{}", line["text"]);
        let literals: Vec<&str> =
            said["literals"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for value in values {
            assert!(literals.contains(&value.as_str()), "{value:?} in {}", line["text"]);
        }
    }
}
