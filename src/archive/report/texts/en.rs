//! English.

use crate::archive::report::texts::table::Texts;

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
        learning workspaces, under Article 15 of the General Data Protection Regulation (GDPR). \
        This page tells you what was found. The data itself is in the files beside it.",
    intro_portability: "You asked for your personal data in machine learning workspaces in a form \
        that other services can read, under Article 20 of the General Data Protection Regulation \
        (GDPR). This page tells you what was found. The data itself is in the files beside it.",
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
    asked_access: "Access: a copy of the data (Article 15 GDPR)",
    asked_portability: "Portability: the data in a machine-readable form (Article 20 GDPR)",
    when_asked: "Asked on",
    request_id: "Number of the request",
    controller: "Responsible for the data (controller)",
    contact: "Whom to ask",
    contact_unknown: "Please ask where you made your request, and give its number.",

    found: "What was found, and where",
    found_nothing: "Nothing was found that mentions you.",
    items_seen: "Items searched",
    files_given: "Files in this archive",
    size: "Size",
    runs_given: "Runs that mention you",
    masked_files: "Files in which something is hidden",
    not_given: "Items that could not be given, or not whole",
    found_table: "Number of files, by place and by how the data came about",
    place: "Place",
    all: "All",
    provided: "Provided",
    provided_means: "What you handed in yourself: uploads, notebooks, code.",
    observed: "Observed",
    observed_means: "What arose while you worked: run documents, logs, compute records.",
    inferred: "Inferred",
    inferred_means: "What was calculated: outputs of runs, models, predictions.",

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
    files_intro: "Each line is one file of this archive. “/createdBy/upn” is the field upn inside \
        the field createdBy of a document; “line 3” is the third line of a text. The table is \
        also in files.csv, for spreadsheets.",
    files_table: "Files in this archive",
    file: "File",
    changed: "Last changed",
    came_about: "How it came about",
    mentions: "Where it mentions you",
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
        same number. A copy for you must not harm the rights and freedoms of others (Articles \
        15(4) and 20(4) GDPR).",
    secrets: "Passwords, keys and signatures",
    secrets_why: "They are replaced by “[removed]”. They would open systems to anyone who has this \
        archive, and say nothing about you (Article 32 GDPR).",

    unreadable: "What could not be given",
    unreadable_none: "Everything that was found could be given whole.",
    unreadable_intro: "These items mention you, or may do so, and are missing from this archive or \
        are not complete.",
    unreadable_table: "Items that are missing or not complete",
    item: "Item",
    technical: "Technical reason",
    because_others: "It also names other people, who cannot be hidden in this format.",
    because_forbidden: "Access to it was denied.",
    because_archived: "It is in offline storage and cannot be read at once.",
    because_encrypted: "It is encrypted.",
    because_limit: "It is too large or too deeply packed to be searched.",
    because_broken: "It is damaged, or reading it broke off.",
    because_changed: "It was being changed while it was read.",
    because_unknown: "It could not be read.",
    unreadable_shown: "These are the first {shown} of {all} items. The file manifest.json lists \
        them all.",

    beyond: "What lies outside this search",
    beyond_none: "Nothing is known that this search does not reach.",
    beyond_intro: "The following is not part of this archive. The controller has to look there by \
        hand; ask them for it.",
    privacy_portal: "Logs that Azure Machine Learning itself writes about its users. An \
        administrator of the organisation can export and erase them in the Azure portal; there is \
        no way to do so automatically.",
    page_for_it: "Page for it",

    rights: "Your rights",
    rights_intro: "The General Data Protection Regulation (GDPR) gives you these rights. To use \
        them, write to the contact named above.",
    right_to_know: "To be told more: what your data is used for, who receives it, how long it is \
        kept, where it comes from, whether decisions are made by machines alone, and how it is \
        protected in other countries (Article 15(1) and (2)). This archive is the copy of the \
        data; that information comes from the controller.",
    right_to_rectify: "To have what is wrong corrected and what is missing added (Article 16).",
    right_to_erase: "To have data erased (Article 17), to have its use restricted (Article 18), \
        and to object to its use (Article 21), under the conditions named there.",
    right_to_take: "To receive data that you provided in a machine-readable form and to pass it \
        on (Article 20).",
    right_in_time: "To be answered within one month, which can be extended by two for reasons \
        that you must be told, and as a rule free of charge (Article 12(3) and (5)).",
    right_to_complain: "To lodge a complaint with a data protection supervisory authority, such \
        as the one where you live or work (Article 77), and to go to court (Article 79).",

    made_by: "Written by {program}.",
    other_files: "The file manifest.json is the full account, for programs: where each file comes \
        from, its SHA-256 digest, and all places that mention you.",
};
