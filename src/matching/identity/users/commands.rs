//! A user as the argument of a command: `sudo -u ann`, `chown -R ann:staff`, `useradd -m ann`.

use crate::matching::identity::users::lines::{ends_word, line_before};

/// Commands whose arguments are users, apart from the values of options.
const OF_USERS: [&str; 18] = [
    "useradd",
    "adduser",
    "usermod",
    "userdel",
    "deluser",
    "chage",
    "chfn",
    "chsh",
    "finger",
    "kinit",
    "pinky",
    "lslogins",
    "gosu",
    "su-exec",
    "show-user",
    "terminate-user",
    "kill-user",
    "enable-linger",
];

/// The same, where the name of the command is a common word: only where a command begins.
const OF_USERS_AT_START: [&str; 5] = ["su", "id", "groups", "passwd", "login"];

/// Options of these commands whose value is none of their users.
const OTHER_VALUES: [&str; 9] =
    ["-g", "-ag", "-ga", "-c", "--gid", "--group", "--groups", "--ingroup", "--comment"];

/// Commands whose option `-u` has a user as its value.
const WITH_USER: [&str; 38] = [
    "sudo",
    "runuser",
    "crontab",
    "pkill",
    "pgrep",
    "kill",
    "killall",
    "ps",
    "squeue",
    "sacct",
    "scancel",
    "sreport",
    "sstat",
    "sprio",
    "sshare",
    "bjobs",
    "qstat",
    "qdel",
    "top",
    "htop",
    "lsof",
    "quota",
    "setquota",
    "edquota",
    "mysql",
    "mysqldump",
    "mysqladmin",
    "mariadb",
    "psql",
    "pg_dump",
    "pg_restore",
    "createdb",
    "curl",
    "docker",
    "podman",
    "az",
    "smbclient",
    "su",
];

/// Whether an alias is the user that a command is told.
pub fn is_argument(before: &str, after: &str) -> bool {
    if !ends_word(after) {
        return false;
    }
    let line = line_before(before);
    let segment = line.rsplit([';', '|', '&', '(', '`']).next().unwrap_or(line);
    let bare = segment.trim_end_matches(['"', '\'']);
    if let Some(rest) = bare.strip_suffix("u:").or_else(|| bare.strip_suffix("--chown=")) {
        return rest.ends_with([' ', ',']) && after.starts_with(':');
    }
    if !bare.ends_with([' ', '\t']) {
        return false;
    }
    let words: Vec<&str> =
        bare.split_whitespace().map(|word| word.trim_matches(['"', '\'', '[', ','])).collect();
    let Some((last, earlier)) = words.split_last() else { return false };
    let called = |names: &[&str]| words.iter().rposition(|word| names.contains(&base(word)));
    let is_option = |from: usize| words[from + 1..].iter().all(|word| word.starts_with('-'));
    if let Some(at) = called(&["chown"]) {
        return is_option(at);
    }
    if is_user_option(last) && earlier.iter().any(|word| WITH_USER.contains(&base(word))) {
        return true;
    }
    if let Some(at) = called(&["install"]) {
        return *last == "-o" && at < words.len();
    }
    if called(&["ssh", "slogin", "rlogin", "runuser"]).is_some() && *last == "-l" {
        return true;
    }
    if called(&["gpasswd", "smbpasswd"]).is_some() {
        return ["-a", "-d", "-x"].contains(last);
    }
    let pair = earlier.last().map(|word| (base(word), *last));
    if matches!(pair, Some(("getent", "passwd") | ("net" | "query", "user"))) {
        return true;
    }
    let has_value = OTHER_VALUES.contains(last);
    if called(&OF_USERS).is_some() {
        return !has_value;
    }
    let Some(at) = called(&OF_USERS_AT_START) else { return false };
    let is_start = words[..at].iter().all(|word| is_before_command(word));
    is_start && is_option(at) && (at > 0 || words[at] == "su" || after_command(after))
}

/// `-u`, also with flags before it, and its long forms.
fn is_user_option(word: &str) -> bool {
    let Some(flags) = word.strip_prefix('-') else { return false };
    flags == "-user"
        || flags == "-username"
        || flags.ends_with('u')
            && flags.len() <= 4
            && flags.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn base(word: &str) -> &str {
    word.rsplit(['/', '\\']).next().unwrap_or(word)
}

/// Prompts, and what runs the command after it.
fn is_before_command(word: &str) -> bool {
    word.ends_with(['$', '#', '%', '>', '+', ']'])
        || ["sudo", "exec", "time", "nohup", "command", "env", "-", "then", "do", "!"]
            .contains(&word)
}

/// Whether a command ends here.
fn after_command(after: &str) -> bool {
    let rest = after.trim_start_matches([' ', '\t', '"', '\'']);
    rest.is_empty() || rest.starts_with(['\n', '\r', ';', '&', '|', '>', '-'])
}
