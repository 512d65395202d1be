//! A user in what programs list: `ls -l`, `id`, `ps`, `top`, `squeue`, `last`, `/etc/passwd`,
//! crontabs and logs of the system. Each is told by the shape of its line.

use crate::matching::identity::users::lines::{line_after, line_before};

/// Whether a line lists this user.
pub fn is_listed_user(before: &str, hit: &str, after: &str) -> bool {
    let (line, rest) = (line_before(before), line_after(after));
    is_id(line, hit, rest)
        || owns_file(line, hit, rest)
        || runs_process(line, rest)
        || has_session(line, rest)
        || is_account_line(line, rest)
        || runs_by_schedule(line, rest)
        || is_answer(before, rest)
        || is_let_in(line, rest)
}

/// What the system says of whom it lets in: `sshd: ann [priv]`, `by ann(uid=1001)`, `(to ann) bob`.
fn is_let_in(line: &str, rest: &str) -> bool {
    rest.starts_with("(uid=")
        || line.ends_with("sshd: ") && rest.starts_with([' ', '@'])
        || line.ends_with("(to ") && rest.starts_with(')')
        || line.contains("(to ") && line.ends_with(") ") && rest.starts_with(" on ")
}

/// `uid=1001(ann) gid=1001(ann)`; a group of the same name is the user's if the user stands there.
fn is_id(line: &str, hit: &str, rest: &str) -> bool {
    if let Some(before) = line.trim_end_matches(' ').strip_suffix('/') {
        let label = before.trim_end_matches(|c: char| c.is_ascii_digit());
        return label.len() < before.len() && label.trim_end().ends_with("uid: (");
    }
    let Some(number) = line.strip_suffix('(').filter(|_| rest.starts_with(')')) else {
        return false;
    };
    let bare = number.trim_end_matches(|c: char| c.is_ascii_digit());
    if bare.len() == number.len() {
        return false;
    }
    if bare.ends_with("uid=") {
        return true;
    }
    let is_group = bare.ends_with("gid=") || bare.ends_with("groups=") || bare.ends_with(',');
    is_group
        && line.split("uid=").skip(1).any(|part| {
            part.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix('(').is_some_and(
                |name| name.strip_prefix(hit).is_some_and(|rest| rest.starts_with(')')),
            )
        })
}

/// The owner of a file, and a group of the same name.
fn owns_file(line: &str, hit: &str, rest: &str) -> bool {
    if !rest.starts_with([' ', '/', '\t']) {
        return false;
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    let Some(at) = words.iter().rposition(|word| are_permissions(word)) else { return false };
    let between = &words[at + 1..];
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let ends = line.ends_with([' ', '\t']);
    match between {
        [] => ends && rest.starts_with('/'),
        [links] => ends && (is_number(links) || links.strip_suffix('/') == Some(hit)),
        [links, owner] => ends && is_number(links) && *owner == hit,
        _ => false,
    }
}

/// `-rw-r--r--`, with what may follow.
fn are_permissions(word: &str) -> bool {
    let bare = word.trim_end_matches(['.', '+', '@']);
    let mut letters = bare.chars();
    bare.len() == 10
        && letters.next().is_some_and(|c| "-dlbcpsw".contains(c))
        && letters.all(|c| "-rwxst".contains(c))
}

/// A line of `ps`, `top` or a queue of jobs.
fn runs_process(line: &str, rest: &str) -> bool {
    let mut after = rest.split_whitespace();
    let words: Vec<&str> = line.split_whitespace().collect();
    let fields: Vec<&str> = after.by_ref().take(6).collect();
    if !rest.starts_with([' ', '\t', '+']) || !(line.is_empty() || line.ends_with([' ', '\t'])) {
        return false;
    }
    match words.as_slice() {
        // ps aux: process, processor, memory. ps -ef: process, parent, share, start, terminal.
        [] => {
            let (numbers, decimals) =
                (leading(&fields, is_number), leading(&fields[1.min(fields.len())..], is_decimal));
            numbers >= 1 && decimals >= 2
                || numbers >= 3 && fields.get(4).is_some_and(|field| is_terminal(field))
        }
        // top: process; priority, niceness, memory.
        [process] => {
            is_number(process)
                && fields.len() >= 4
                && fields[..2]
                    .iter()
                    .all(|field| *field == "rt" || is_number(field.trim_start_matches('-')))
                && fields[2].starts_with(|c: char| c.is_ascii_digit())
        }
        // squeue and qstat: job, partition, name; state, time.
        [job, ..] if words.len() <= 5 => {
            const STATES: &str = "r pd cg cd f to ca nf s st oom running pending completing completed \
                failed timeout cancelled suspended q h e c qw";
            let is_job = job.starts_with(|c: char| c.is_ascii_digit());
            let is_state = |field: &&str| STATES.split_whitespace().any(|state| state == *field);
            let is_time = |field: &&str| field.contains(':');
            is_job
                && (fields.first().is_some_and(is_state) && fields.get(1).is_some_and(is_time)
                    || fields.first().is_some_and(is_time) && fields.get(1).is_some_and(is_state))
        }
        _ => false,
    }
}

/// A line of `who`, `w` or `last`.
fn has_session(line: &str, rest: &str) -> bool {
    let terminal = rest.split_whitespace().next().unwrap_or_default();
    line.trim().is_empty()
        && rest.starts_with([' ', '\t'])
        && (is_terminal(terminal) && terminal != "?"
            || rest.trim_start().starts_with("**never logged in"))
}

/// A line of `/etc/passwd` and its like, or a member in one of `/etc/group`.
fn is_account_line(line: &str, rest: &str) -> bool {
    if line.is_empty() {
        let mut fields = rest.strip_prefix(':').unwrap_or_default().split(':');
        let (secret, id) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        let is_hidden = secret.starts_with('$') || ["*", "!", "!!"].contains(&secret);
        // In a list of groups no number follows that of the group.
        let is_shadow = is_hidden || secret == "x" && fields.next().is_some_and(is_number);
        let is_range = rest.starts_with(':') && is_number(secret) && is_number(id);
        return is_shadow && is_number(id)
            || is_range
            || rest.trim_start().starts_with("all=") && rest.starts_with([' ', '\t']);
    }
    let mut fields = line.split(':');
    let head = [fields.next(), fields.next(), fields.next()];
    let [Some(_), Some("x" | "*" | "!" | ""), Some(id)] = head else { return false };
    let members = fields.next();
    is_number(id)
        && fields.next().is_none()
        && members.is_some_and(|before| before.is_empty() || before.ends_with(','))
        && (rest.is_empty() || rest.starts_with(','))
}

/// A line of the system's crontab, and of what its daemon logs.
fn runs_by_schedule(line: &str, rest: &str) -> bool {
    if line.ends_with('(') && rest.starts_with(") cmd") {
        return true;
    }
    // `sudo:  ann : tty=pts/0 ; pwd=/x`
    if rest.trim_start().starts_with(": tty=")
        || rest.starts_with(" : ") && rest.contains("command=")
    {
        return true;
    }
    let is_time = |word: &&str| word.chars().all(|c| c.is_ascii_digit() || "*/,-".contains(c));
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_schedule = words.len() == 5 && words.iter().all(is_time)
        || words.len() == 1 && words[0].starts_with('@');
    is_schedule
        && line.ends_with([' ', '\t'])
        && rest.trim_start().contains('/')
        && rest.starts_with([' ', '\t'])
}

/// The line after `whoami`.
fn is_answer(before: &str, rest: &str) -> bool {
    const ASKED: [&str; 6] =
        ["whoami", "logname", "id -un", "echo $user", "echo $logname", "echo %username%"];
    let quotes = [' ', '\t', '\'', '"'];
    let lead = line_before(before);
    if !rest.trim_matches(quotes).is_empty() || !lead.trim_matches(quotes).is_empty() {
        return false;
    }
    let earlier = before[..before.len() - lead.len()]
        .trim_end()
        .rsplit(['\n', '\r'])
        .next()
        .unwrap_or_default();
    ASKED.iter().any(|asked| earlier.trim_end().ends_with(asked))
}

fn leading(fields: &[&str], is_such: fn(&str) -> bool) -> usize {
    fields.iter().take_while(|field| is_such(field)).count()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_decimal(text: &str) -> bool {
    text.split_once('.').is_some_and(|(whole, part)| is_number(whole) && is_number(part))
}

fn is_terminal(text: &str) -> bool {
    text == "?"
        || ["pts/", "tty", ":0", ":1", "console", "system", "rdp-tcp", "hvc"]
            .iter()
            .any(|start| text.starts_with(start))
}
