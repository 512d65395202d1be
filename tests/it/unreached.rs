//! Whoever cannot be reached is named with host, port and cause, so that an operator need not guess
//! which of a dozen places is meant.

use crate::support::ports::free_port;
use crate::support::program::{Home, Ran};

/// A key of the right form.
const KEY: &str = "a2V5";

fn source(name: &str, url: &str, service: &str) -> String {
    format!(
        "[[sources]]\nname = \"{name}\"\nurl = \"{url}\"\nservice = \"{service}\"\n\
         credential = \"account_key\"\naccount_key = \"{KEY}\"\n"
    )
}

/// Each part of a deployment at a port of its own, at which nobody is.
#[test]
fn whoever_is_away_is_named_with_host_port_and_cause() {
    let home = Home::new();
    let ports: Vec<u16> = (0..9).map(|_| free_port()).collect();
    let host = |of: usize| format!("127.0.0.1:{}", ports[of]);
    let settings = [
        source("blobs", &format!("http://{}/account/azureml", host(0)), "blobs"),
        source("many", &format!("http://{}/account/azureml-*", host(1)), "blobs"),
        source("notebooks", &format!("http://{}/account/code", host(2)), "files"),
        source("shares", &format!("http://{}/account/code-*", host(3)), "files"),
        source("lake", &format!("http://{}/account/raw", host(4)), "lake"),
        // Whoever does not speak TLS is not reached either, and a name that nobody has.
        source("secure", &format!("https://{}/account/azureml", host(0)), "blobs"),
        source("nowhere", "http://nowhere.invalid:8/account/azureml", "blobs"),
        format!(
            "[exports]\nurl = \"http://{}/account/exports\"\ncredential = \"account_key\"\n\
             account_key = \"{KEY}\"\n[ledger]\nurl = \"postgres://u:pw@{}/dsrd\"\n\
             [queue]\nurl = \"amqp://u:pw@{}/%2f\"\n[otlp]\nurl = \"http://{}\"\n",
            host(5),
            host(6),
            host(7),
            host(8)
        ),
    ]
    .concat();
    home.write("dsrd.toml", &settings);
    let checked = home.run(&["--config", "dsrd.toml", "check"]);
    assert_eq!(checked.code, 1, "{}{}", checked.out, checked.err);
    let refused = "Connection refused";
    let parts = [
        ("source blobs", host(0), refused),
        ("source many", host(1), refused),
        ("source notebooks", host(2), refused),
        ("source shares", host(3), refused),
        ("source lake", host(4), refused),
        ("source secure", host(0), refused),
        ("source nowhere", "nowhere.invalid:8".to_owned(), "lookup"),
        ("exports", host(5), refused),
        ("ledger", host(6), refused),
        ("queue", host(7), refused),
        ("collector", host(8), refused),
    ];
    for (part, host, cause) in parts {
        let told = line(&checked, part);
        assert!(told.contains(&host) && told.contains(cause), "{part}: {told}");
    }
    for told in [&checked.out, &checked.err] {
        assert!(!told.contains("u:pw") && !told.contains(KEY), "{told}");
    }
}

fn line<'a>(ran: &'a Ran, part: &str) -> &'a str {
    let mut lines = ran.out.lines();
    lines.find(|line| line.starts_with(part)).unwrap_or_else(|| panic!("{part}: {}", ran.out))
}

/// An identity that is not there is told of with its source and with what is missing.
#[test]
fn an_identity_that_cannot_be_prepared_says_what_is_missing() {
    let home = Home::new();
    let settings = |credential: &str| {
        format!(
            "[[sources]]\nname = \"blobs\"\nurl = \"https://a.blob.core.windows.net/azureml\"\n\
             credential = \"{credential}\"\n"
        )
    };
    let of_an_application = "client_secret\"\ntenant_id = \"no tenant\"\nclient_id = \"c\"\n\
                             client_secret = \"zyxsecret";
    let table = [
        ("workload_identity", vec![], "AZURE_TENANT_ID is not set"),
        ("workload_identity", vec![("AZURE_TENANT_ID", "t")], "AZURE_FEDERATED_TOKEN_FILE"),
        (
            "workload_identity",
            vec![
                ("AZURE_TENANT_ID", "t"),
                ("AZURE_CLIENT_ID", "c"),
                ("AZURE_FEDERATED_TOKEN_FILE", "/nowhere"),
            ],
            "/nowhere",
        ),
        (of_an_application, vec![], "tenant_id"),
    ];
    for (credential, variables, told) in table {
        home.write("dsrd.toml", &settings(credential));
        let mut command = home.command(&["--config", "dsrd.toml", "check"]);
        let ran = Ran::of(command.envs(variables).output().unwrap());
        assert_ne!(ran.code, 0, "{told}");
        assert!(ran.err.contains("source blobs") && ran.err.contains(told), "{told}: {}", ran.err);
        assert!(!ran.err.contains("zyxsecret"), "{}", ran.err);
    }
}
