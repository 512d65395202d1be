//! A broker as an administrator makes it, by `deploy/rabbitmq-definitions.json`, and a ticketing
//! system made of `deploy/examples` on it: each user may do what it needs to.

use std::fs;
use std::process::Command;

use crate::support::linters::{passes, root};
use crate::support::program::Home;
use crate::support::rabbitmq::RabbitMq;

#[tokio::test(flavor = "multi_thread")]
async fn examples_ask_and_hear_on_a_broker_that_an_administrator_made() {
    let rabbit = RabbitMq::start().await;
    let definitions = root().join("deploy/rabbitmq-definitions.json");
    rabbit.ctl(&["import_definitions", definitions.to_str().unwrap()]).await;
    // Nobody gets in by what is in the file.
    for user in ["dsrd", "ticketing"] {
        rabbit.ctl(&["change_password", user, "of-this-test"]).await;
    }
    let url =
        |user: &str| format!("amqp://{user}:of-this-test@127.0.0.1:{}/privacy", rabbit.port());
    let home = Home::new();
    home.put("outputs/predictions.csv", "user,churns\nann@contoso.com,1\n");
    let settings = [("DSRD__QUEUE__URL", &*url("dsrd")), ("DSRD__QUEUE__DECLARE", "false")];
    let _daemon = home.start(&[], &settings);

    let file = home.write("first.json", &first_request());
    let ticketing = url("ticketing");
    assert_eq!(example("producer.py", &[&ticketing, file.to_str().unwrap()]), "sent\n");
    let told = example("consumer.py", &[&ticketing, "first"]);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.first(), Some(&"first accepted pending"), "{told}");
    let last = lines.last().unwrap();
    assert!(last.starts_with("first completed completed completed file:"), "{told}");

    // A bad one is answered with its faults, and is kept.
    let bad = home.write("bad.json", r#"{ "subject_request_id": "r-2", "regulation": "gdpr" }"#);
    example("producer.py", &[&ticketing, bad.to_str().unwrap()]);
    let told = example("consumer.py", &[&ticketing, "r-2"]);
    let last = told.lines().last().unwrap();
    assert!(last.starts_with("r-2 rejected cancelled rejected {"), "{told}");
    assert!(last.contains(r#""pointer": "/submitted_time""#), "{told}");
}

/// That of the first look in `deploy/README.md`.
fn first_request() -> String {
    let readme = fs::read_to_string(root().join("deploy/README.md")).unwrap();
    let command = readme.lines().find(|line| line.ends_with("' > request.json")).unwrap();
    command.split('\'').nth(1).unwrap().to_owned()
}

/// What an example prints. Its library is that of the foreign client.
fn example(name: &str, args: &[&str]) -> String {
    let mut command = Command::new("timeout");
    command.args(["120", "python3"]).arg(root().join("deploy/examples").join(name)).args(args);
    passes(command.env("PYTHONPATH", root().join("tests/emulators/python")))
}
