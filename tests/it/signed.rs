//! Who may ask: the deployment's key, and what becomes of messages that nobody vouches for.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::support::program::Home;

#[test]
fn the_public_key_is_that_of_the_file_which_is_made_once() {
    let home = Home::new();
    let shown = home.done(&["config", "--public-key"]);
    let file = home.path("dsrd-data/signing.key");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let (id, pem) = shown.split_once('\n').unwrap();
    let id = id.strip_prefix("Key id: ").unwrap();
    assert_eq!((id.len(), pem), (43, public_of(&file).as_str()));
    assert_eq!(home.done(&["config", "--public-key"]), shown);

    let private = fs::read_to_string(&file).unwrap();
    let secret = private.lines().nth(1).unwrap();
    let all = home.done(&["config"]);
    assert!(!shown.contains(secret) && !all.contains(secret), "only its place is shown: {all}");
    assert!(all.contains("dsrd-data/signing.key"), "{all}");
}

#[test]
fn a_key_that_is_none_is_refused_and_not_quoted() {
    let home = Home::new();
    home.write("dsrd-data/signing.key", "-----BEGIN PRIVATE KEY-----\n5ecret\n");
    let ran = home.run(&["config", "--public-key"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("openssl genpkey -algorithm ed25519"), "{}", ran.err);
    assert!(!ran.err.contains("5ecret"), "{}", ran.err);
}

/// As somebody else's program sees it.
fn public_of(private: &Path) -> String {
    openssl(&["pkey", "-pubout", "-in", private.to_str().unwrap()])
}

fn openssl(args: &[&str]) -> String {
    let output = Command::new("openssl")
        .args(args)
        .output()
        .expect("openssl is missing: apt-get install openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
