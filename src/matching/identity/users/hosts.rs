//! A user and a machine: `ann@gpu-01:~$`, `ssh ann@gpu-01.contoso.com`, `[ann@gpu-01 churn]$`.
//!
//! An address of mail has a dot after its sign; of machines those are told by a command before or
//! a path after.

use crate::matching::identity::addresses::continues_word;
use crate::matching::identity::users::lines::{line_after, line_before};

/// Commands that are told a user and a machine.
const COMMANDS: [&str; 12] = [
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
    if !host.contains(|c: char| c.is_alphabetic()) || beyond.starts_with(['@', '/']) {
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
        || is_prompt(line, beyond)
}

fn is_version(label: &str) -> bool {
    let digits = label.strip_prefix('v').unwrap_or(label);
    VERSIONS.contains(&label) || digits.starts_with(|c: char| c.is_ascii_digit())
}

/// `[ann@host dir]$ `, `(env) ann@host dir % `.
fn is_prompt(line: &str, beyond: &str) -> bool {
    let opens = line.trim().is_empty() || line.trim_end().ends_with(['[', ')', '$']);
    let folder = beyond.trim_start_matches([' ', ':']);
    let end = folder.find([']', '%', '$', '#', '>']).filter(|end| *end < 60);
    opens
        && beyond.starts_with([' ', ':'])
        && end.is_some_and(|end| {
            let signs = folder[end..].trim_start_matches([']', '%', '$', '#', '>']);
            !folder[..end].trim_end().contains(' ') && (signs.is_empty() || signs.starts_with(' '))
        })
}
