//! A user and a machine: `ann@gpu-01:~$`, `ssh ann@gpu-01.contoso.com`, `[ann@gpu-01 churn]$`.
//!
//! An address of mail has a dot after its sign; of machines those are told by a command before or
//! a path after.

use crate::matching::identity::users::lines::{line_after, line_before};
use crate::matching::views::spelling::spaceless::continues_word;

/// Commands that are told a user and a machine.
const COMMANDS: [&str; 13] = [
    "kinit",
    "ssh",
    "scp",
    "sftp",
    "rsync",
    "mosh",
    "sshfs",
    "autossh",
    "ssh-copy-id",
    "sshpass",
    "slogin",
    "git",
    "rclone",
];

/// Versions of packages are written as machines are: `pkg@latest`.
const VERSIONS: [&str; 11] =
    ["latest", "next", "beta", "alpha", "main", "master", "head", "stable", "canary", "dev", "rc"];

/// Longest path in a prompt.
const PATH_BYTES_MAX: usize = 60;

/// Whether an alias before an `@` is the user of a machine.
pub fn is_on_host(before: &str, after: &str) -> bool {
    let Some(rest) = after.strip_prefix('@') else { return false };
    if before.ends_with(|c: char| continues_word(c) || "-_@+./\\%".contains(c)) {
        return false;
    }
    let rest = line_after(rest);
    let run = rest.trim_start_matches(|c: char| continues_word(c) || matches!(c, '.' | '-' | '_'));
    let host = rest[..rest.len() - run.len()].trim_end_matches(['.', '-']);
    let beyond = &rest[host.len()..];
    let is_number = host.split('.').count() == 4 && host.bytes().all(|byte| byte != b'-');
    if !host.contains(|c: char| c.is_alphabetic()) && !is_number || beyond.starts_with(['@', '/']) {
        return false;
    }
    let line = line_before(before);
    let is_commanded = line
        .split_whitespace()
        .any(|word| COMMANDS.contains(&word.rsplit('/').next().unwrap_or(word)));
    let is_single = !host.contains('.') && !is_version(host) && !beyond.starts_with(['#', '=']);
    is_single
        || is_commanded
        || beyond.starts_with(":~")
        || beyond.starts_with(":/")
        || is_prompt(line, host, beyond)
}

fn is_version(label: &str) -> bool {
    let digits = label.strip_prefix('v').unwrap_or(label);
    VERSIONS.contains(&label) || digits.starts_with(|c: char| c.is_ascii_digit())
}

/// `[ann@host dir]$ `, `(env) ann@host dir % `, `ann@host:~/dir$ `.
fn is_prompt(line: &str, host: &str, beyond: &str) -> bool {
    let is_end = |rest: &str| {
        let rest = rest.trim_start_matches(['$', '%', '#', '>']);
        rest.is_empty() || rest.starts_with(' ')
    };
    let is_path = |path: &str| {
        path.starts_with(|c: char| c.is_alphabetic() || matches!(c, '~' | '/' | '.'))
            && path.chars().all(|c| continues_word(c) || matches!(c, '~' | '/' | '.' | '-' | '_'))
    };
    let Some(end) = beyond.find(['$', '%', '#', '>']).filter(|end| *end < PATH_BYTES_MAX) else {
        return false;
    };
    let (path, rest) = beyond.split_at(end);
    if line.trim_end().ends_with('[') {
        let path = path.strip_suffix(']').and_then(|path| path.strip_prefix([' ', ':']));
        return path.is_some_and(|path| is_path(path.trim())) && is_end(rest);
    }
    let opens = line.trim().is_empty() || line.trim_end().ends_with(')');
    let is_near =
        ["local", "lan", "home", "internal"].contains(&host.rsplit('.').next().unwrap_or(host));
    match path.strip_prefix(':') {
        Some(path) => opens && is_path(path) && is_end(rest),
        None => opens && is_near && path.ends_with(' ') && is_path(path.trim()) && is_end(rest),
    }
}
