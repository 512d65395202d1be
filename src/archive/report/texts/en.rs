//! English.

use crate::archive::report::texts::table::{Places, Texts};

/// The texts.
pub static EN: Texts = Texts {
    language: "en",
    colon: ": ",
    thousands: ",",
    decimal: ".",
    units: ["B", "kB", "MB", "GB", "TB"],

    title_access: "A copy of your personal data",
    title_portability: "Your personal data, to take with you",
    intro_access: "You asked for a copy of the personal data that is held about you in machine \
        learning workspaces, under {basis}. This page tells you what was found. The data itself \
        is in the files beside it.",
    intro_portability: "You asked for your personal data in machine learning workspaces in a form \
        that other services can read, under {basis}. This page tells you what was found. The \
        data itself is in the files beside it.",
    unpack: "Unpack the whole archive first: the links on this page lead to the files in it.",
    on_this_page: "On this page",

    request: "Your request",
    who_asks: "Who asks",
    email: "E-mail address",
    upn: "Sign-in name",
    object_id: "User object ID",
    puid: "Microsoft account ID",
    name: "Name",
    username: "User name",
    customer_id: "Customer number",
    hashed: "given as a SHA-256 hash",
    what_was_asked: "What was asked",
    asked_access: "Access: a copy of the data ({basis})",
    asked_portability: "Portability: the data in a machine-readable form ({basis})",
    when_asked: "Asked on",
    request_id: "Number of the request",
    controller: "Responsible for the data (controller)",
    contact: "Whom to ask",
    contact_unknown: "Please ask where you made your request, and give its number.",

    found: "What was found, and where",
    found_nothing: "Nothing was found that mentions you.",
    found_not_given: "What was found, or may mention you, could not be given. The section “What is \
        missing” says why.",
    searched: "Searched on",
    items_seen: "Items looked at",
    files_given: "Files in this archive",
    size: "Size",
    runs_given: "Runs that mention you",
    masked_files: "Files in which something is hidden",
    not_given: "Items that are missing here, or not complete",
    not_searched: "Items that could not be looked through",
    found_table: "Number of files, by place and by how the data came about",
    place: "Place",
    all: "All",
    provided: "Provided",
    provided_means: "What you handed in yourself: what lies in your own user folder.",
    observed: "Observed",
    observed_means: "What arose while you worked: documents, logs and compute records of runs \
        that you created.",
    inferred: "Inferred",
    inferred_means: "What runs that you created have calculated: outputs, models, predictions.",
    not_known: "Not known",
    not_known_means: "What mentions you elsewhere: the workspace does not say how it came about.",

    runs: "Your runs over time",
    runs_none: "None of the files is a document of a run.",
    runs_intro: "Runs are jobs that were carried out in the workspace. These are the ones whose \
        documents mention you. All times are in UTC.",
    picture: "Timeline of your runs",
    picture_says: "{runs} runs from {first} to {last}, one row for each experiment. The table \
        below says the same in words.",
    picture_completed: "completed",
    picture_other: "any other status",
    without_experiment: "(no experiment)",
    other_experiments: "Other experiments",
    runs_table: "Runs, in the order in which they began",
    run: "Run",
    experiment: "Experiment",
    status: "Status",
    began: "Began",
    ended: "Ended",
    runs_shown: "These are the first {shown} of {all} runs. The file runs.csv lists them all.",
    runs_kept: "There are more runs than the {all} that are listed here and in runs.csv; the \
        others are in the documents themselves.",

    files: "The files",
    files_intro: "Each line is one file of this archive, under the run that it belongs to. The \
        table is also in files.csv, for spreadsheets.",
    of_no_run: "Outside any run",
    files_table: "Files in this archive",
    file: "File",
    changed: "Last changed",
    came_about: "How it came about",
    mentions: "Where it mentions you",
    places: Places {
        name: "the name",
        beside: "a property: {what}",
        line: "line {line}",
        column: "line {line}, character {column}",
        field: "field {field}",
        byte: "byte {byte}",
        page: "page {page}",
        row: "a row of a table",
        entry: "column or entry {entry}",
        within: "{place}, in {file}",
    },
    more_mentions: "further places: {count}",
    notes: "Notes",
    note_persons: "Other people hidden: {count}",
    note_secrets: "Keys removed: {count}",
    note_incomplete: "Not complete",
    files_shown: "These are the first {shown} of {all} files. The file files.csv lists them all.",

    masked: "What was hidden, and why",
    masked_none: "Nothing was hidden.",
    masked_table: "What was hidden in the files",
    what: "What",
    how_often: "How often",
    why: "Why",
    persons: "Other people",
    persons_why: "They are called “Person 2”, “Person 3” and so on, the same person always by the \
        same number. A copy for you must not harm the rights and freedoms of others.",
    secrets: "Passwords, keys and signatures",
    secrets_why: "They are replaced by “[removed]”. They would open systems to anyone who has this \
        archive, and say nothing about you.",

    unreadable: "What is missing",
    unreadable_none: "Everything that was found could be given whole.",
    unreadable_intro: "These items mention you, or may do so, and are missing from this archive or \
        are not complete.",
    unreadable_table: "Items that are missing or not complete",
    item: "Item",
    technical: "Technical reason",
    because_others: "It also has other people’s data or keys in it, which cannot be hidden in this \
        format.",
    because_unsure: "It could not be ruled out that it also tells about other people.",
    because_inferred: "It was calculated. The right to take data along covers what you provided \
        and what was observed of you; ask for access to get a copy.",
    because_origin: "It is not known that you provided it or that it was observed of you. The \
        right to take data along covers no more than that; ask for access to get a copy.",
    because_forbidden: "Access to it was denied.",
    because_archived: "It is in offline storage and cannot be read at once.",
    because_encrypted: "It is encrypted.",
    because_limit: "It is too large or too deeply packed to be searched.",
    because_broken: "It is damaged, or reading it broke off.",
    because_changed: "It was being changed while it was read.",
    because_locked: "Somebody else had it open.",
    because_name: "Its name cannot be said in any request to the service that keeps it.",
    because_whose: "Several people are said to have this folder, and it is not clear whose it is.",
    because_no_source: "It lies in a place that this search is not set up to read.",
    because_missing: "It is said to be there, and nothing is.",
    because_many: "There is more of it than can be looked through at once.",
    because_cut: "The service that keeps it gave no whole answer in time.",
    because_old: "It is so old that it is kept where it cannot be asked for.",
    because_silent: "The service that keeps it gave no answer about it.",
    because_unknown: "It could not be read.",
    unreadable_shown: "These are the first {shown} of {all} items. The file manifest.json lists \
        them all.",
    unsearched_intro: "These items could not be looked through, and neither their names nor what \
        stands beside them mention you. They may belong to others, so they are counted here and \
        not named.",
    unsearched_table: "Items that could not be looked through, by place and reason",
    how_many: "How many",
    declared: "Not looked through: {reason}. The controller declared on {on} that such items hold \
        no person ({why}).",

    beyond: "What lies outside this search",
    beyond_none: "Nothing is known that this search does not reach.",
    beyond_intro: "The following is not part of this archive. The controller has to look there by \
        hand; ask them for it.",
    privacy_portal: "Logs that Azure Machine Learning itself writes about its users. An \
        administrator of the organisation can export and erase them in the Azure portal; there is \
        no way to do so automatically.",
    page_for_it: "Page for it",

    rights: "Your rights",
    rights_intro: "Under {law} you have these rights. To use them, write to the contact named \
        above.",

    made_by: "Written by {program}.",
    other_files: "The file manifest.json is the full account, for programs: where each file comes \
        from, its SHA-256 digest, and all places that mention you.",
};
