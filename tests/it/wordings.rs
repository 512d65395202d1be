//! Names and aliases as people and programs write them: what a reader takes for the person, and
//! what not.

use dsrd::domain::asked::subject::IdentityType;

use crate::matching::{gzip, item};
use crate::spelled::{finds, subject};
use crate::terms::scanned;

/// Ways to store a text that change what stands around it, and not what it says.
fn stored(text: &str) -> [(&'static str, Vec<u8>); 5] {
    [
        ("plain", text.into()),
        (
            "in the midst",
            format!("{}\n\n{text}\n\n{}", "filler\n".repeat(400), "x y\n".repeat(400)).into(),
        ),
        ("in JSON", serde_json::json!({ "log": text }).to_string().into()),
        ("utf-16", format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("gzip", gzip(text.as_bytes())),
    ]
}

fn check(kind: IdentityType, value: &str, texts: &[&str], expected: bool) {
    let mut wrong = Vec::new();
    for text in texts {
        for (way, bytes) in stored(text) {
            if finds(kind, value, &bytes) != expected {
                wrong.push(format!("{way}: {text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{value}, not {expected}:\n{}", wrong.join("\n"));
}

#[test]
fn what_may_stand_between_the_words_of_a_name() {
    check(
        IdentityType::Name,
        "Mira Osei",
        &[
            "description: \"text by Mira\\\n  \\ Osei of Nord\"",
            "\"source\": [\n    \"written by Mira\\n\",\n    \"Osei of the team.\\n\"\n   ]",
            "\"source\": [\n    \"# written by Mira\\n\",\n    \"# Osei of the team.\\n\"\n   ]",
            "# Written and maintained by Mira\n# Osei (Team Nord).",
            "x = 1  # kept by Mira\n       # Osei",
            "// by Mira\n// Osei",
            "/**\n * Written by Mira\n * Osei.\n */",
            "-- by Mira\n-- Osei",
            "% by Mira\n% Osei",
            "; by Mira\n; Osei",
            "REM by Mira\nREM Osei",
            "> handed over by Mira\n> Osei and nobody",
            "> > by Mira\n> > Osei",
            "text = 'by Mira '\n       'Osei'",
            "text = \"by Mira \" + \"Osei\"",
            "cp -r /mnt/Mira\\ Osei/data /tmp",
            "\\author{Mira~Osei \\and Kofi~Brandt}",
            "by \\textbf{Mira} \\textsc{Osei}",
            "Maintained by **Mira** **Osei**, Nord.",
            "by *Mira* Osei",
            "member: CN=Osei\\, Mira,OU=Staff,DC=x",
            "CN=Osei\\, Mira\\, MSc,OU=Staff",
            "CN=Mira Osei,OU=Staff",
            "experiment: Mira_Osei-churn-nightly",
            "reports/mira.osei/2026-11.csv",
            "https://www.example.org/in/mira-osei-1234",
            "cv-Mira-Osei.pdf",
            "Osei_Mira.pdf",
            "data/osei.mira/x",
            "q=Mira%20Osei&x",
            "q=mira+osei",
            "Responsable : OSEI Mira",
            "OSEI Mira\nBRANDT Kofi",
            "id,first_name,last_name,score\n1,Kofi,Brandt,0.2\n2,Mira,Osei,0.9",
            "2;Mira;Osei;0.9",
            "2|Mira|Osei|0.9",
            "| 2 | Mira | Osei |",
            "\"2\",\"Osei\",\"Mira\",\"x\"",
            "INSERT INTO people VALUES (2, 'Mira', 'Osei', 'Berlin');",
            "('Mira', 'Osei')",
            "{\"tokens\": [\"by\", \"Mira\", \"Osei\", \".\"]}",
            "Written O\nby O\nMira B-PER\nOsei I-PER\n. O",
            "Mira NNP B-NP B-PER\nOsei NNP I-NP I-PER",
            "#' by Mira\n#' Osei",
            "+# by Mira\n+# Osei",
            "{# by Mira\n# Osei #}",
            "\"by Mira \" & _\n \"Osei\"",
            "\"by Mira \", \"Osei\"",
            "CN=Osei\\2C Mira,OU=x",
            "Osei, Prof. Dr. Mira",
            "B-PER Mira\nI-PER Osei",
            "Mira PER\nOsei PER",
            "Mira/NNP Osei/NNP",
            "[{\"word\": \"Mira\", \"tag\": \"B-PER\"}, {\"word\": \"Osei\", \"tag\": \"I-PER\"}]",
            "N:Osei;Mira;;;",
            "1\tMira\tMira\tPROPN\tNNP\n2\tOsei\tOsei\tPROPN\tNNP",
        ],
        true,
    );
}

#[test]
fn the_two_parts_of_a_name_in_fields() {
    check(
        IdentityType::Name,
        "Mira Osei",
        &[
            "{\"givenName\": \"Mira\", \"surname\": \"Osei\", \"score\": 1}",
            "{\"surname\": \"Osei\", \"mail\": null, \"tags\": [1, 2], \"givenName\": \"Mira\"}",
            "{\"first_name\": \"Mira\", \"x\": {\"y\": 1}, \"last_name\": \"Osei\"}",
            "{\n  \"name\": {\n    \"family\": \"Osei\",\n    \"given\": [\n      \"Mira\"\n    ]\n  }\n}",
            "first_name: Mira\nlast_name: Osei\n",
            "- surname: Osei\n  given_name: Mira\n- surname: Brandt\n  given_name: Kofi",
            "people:\n  - firstName: Kofi\n    lastName: Brandt\n  - firstName: Mira\n    lastName: Osei",
            "<person><givenName>Mira</givenName><city>X</city><sn>Osei</sn></person>",
            "<p>\n  <ns:LastName>Osei</ns:LastName>\n  <ns:FirstName>Mira</ns:FirstName>\n</p>",
            "<person given=\"Mira\" family=\"Osei\"/>",
            "dn: uid=1,dc=x\ngivenName: Mira\nsn: Osei\nmail: x",
            "sn: Osei\nuid: 4\ngivenName: Mira",
            "first_name = \"Mira\"\nlast_name = \"Osei\"",
            "given=Mira family=Osei run=4",
            "given=Kofi family=Brandt\ngiven=Mira family=Osei",
            "?firstName=Mira&lastName=Osei&x=1",
            "Person(first='Mira', last='Osei')",
            "tool --first-name Mira --last-name Osei",
            "First name: Mira\nLast name: Osei",
            "Vorname: Mira\nNachname: Osei",
            "Nom: Osei\nPrénom: Mira",
            "{\"name\": \"Mira\", \"surname\": \"Osei\"}",
            "{\"forename\": \"Mira\", \"name\": \"Osei\"}",
            "GN=Mira+SN=Osei",
            "<author><forenames>Mira</forenames><keyname>Osei</keyname></author>",
            "authors:\n- family-names: Osei\n  given-names: Mira\n  orcid: x",
        ],
        true,
    );
    check(
        IdentityType::Name,
        "Juan García López",
        &[
            "{\"givenName\": \"Juan\", \"surname\": \"García López\"}",
            "nombre: Juan\napellidos: García López",
            "{\"surname\": \"Garc\\u00eda L\\u00f3pez\", \"note\": \"a long text that stands between \
             the two, so that no escape is near\", \"givenName\": \"Juan\"}",
        ],
        true,
    );
    check(IdentityType::Name, "山田 太郎", &["{\"姓\": \"山田\", \"名\": \"太郎\"}"], true);
}

#[test]
fn what_is_taken_for_a_name_and_is_none() {
    check(
        IdentityType::Name,
        "Mira Osei",
        &[
            "Participants: Kofi Osei, Mira Brandt",
            "1,Kofi Osei,Mira Brandt,3",
            "Lars\tMira\nOsei\tBrandt",
            "Lars,Mira\nOsei,Brandt",
            "Kofi,Mira,Osei,Ines",
            "Kofi B. Osei, Mira A. Brandt",
            "kofi.osei,mira.brandt",
            "Kofi_Osei,Mira_Brandt",
            "names: Mira, Osei and Kofi",
            "[\"Kofi\", \"Mira\", \"Osei\", \"Ines\"]",
            "1,Kofi Mira,Osei Brandt,3",
            "- Mira\n- Osei",
            "* Mira\n* Osei",
            "1. Mira\n2. Osei",
            "Mira; Osei",
            "Mira / Osei",
            "Mira/Osei",
            "Mira: Osei",
            "Ms Mira-Osei said",
            "Kofi OSEI Mira BRANDT",
            "kofi_osei_mira_brandt",
            "mira.osei@example.org",
            "Osei Mira",
            "Mira A. Osei",
            "Mira B-PER\nOsei B-LOC",
            "# Lars Mira\n# Osei Brandt",
            "{\"givenName\": \"Mira\"}, {\"surname\": \"Osei\"}",
            "[{\"givenName\": \"Mira\", \"surname\": \"Brandt\"}, {\"givenName\": \"Kofi\", \"surname\": \"Osei\"}]",
            "[{\"surname\": \"Brandt\", \"givenName\": \"Mira\"}, {\"surname\": \"Osei\", \"givenName\": \"Kofi\"}]",
            "given: Mira\nfamily: Brandt\n\ngiven: Kofi\nfamily: Osei",
            "- given: Kofi\n  family: Osei\n- given: Mira\n  family: Brandt",
            "- family: Brandt\n  given: Mira\n- family: Osei\n  given: Kofi",
            "owner:\n  given: Mira\nreviewer:\n  family: Osei",
            "given=Mira family=Brandt\ngiven=Kofi family=Osei",
            "family=Brandt given=Mira\nfamily=Osei given=Kofi",
            "<p><given>Mira</given></p><p><family>Osei</family></p>",
            "{\"givenName\": \"Mira Anna\", \"surname\": \"Osei\"}",
            "{\"city\": \"Mira\", \"surname\": \"Osei\"}",
            "{\"givenName\": \"Osei\", \"surname\": \"Mira\"}",
            "Kofi\nMira\nOsei\nInes",
            "author,reviewer\nMira,Osei",
            "Kofi Osei|Mira Brandt",
            "| Kofi Osei | Mira Brandt |",
            "Brandt, Mira; Osei, Kofi",
            "B-PER Mira\nB-PER Osei",
            "{\"name\": \"Mira\", \"displayName\": \"Osei\"}",
            "{\"name\": \"Mira\"}, {\"surname\": \"Osei\"}",
            "{\"first_run\": \"Mira\", \"last_run\": \"Osei\"}",
        ],
        false,
    );
    check(IdentityType::Name, "林 一", &["森林一覧を作成", "林一覧"], false);
    check(IdentityType::Name, "山田 太郎", &["鈴木 太郎 山田 花子"], false);
}

/// Each speaks of a user `mosei`.
const OF_USERS: &[&str] = &[
    "uid=1001(mosei) gid=1001(mosei) groups=1001(mosei),27(sudo)",
    "uid=0(root) euid=1001(mosei)",
    "Access: (0644/-rw-r--r--)  Uid: ( 1001/   mosei)   Gid: ( 1001/ staff)",
    "total 8\n-rw-r--r-- 1 mosei staff 123 Nov  3 09:12 train.py",
    "drwxr-xr-x+  3 mosei  mosei  4096 2026-11-03 09:12 .",
    "  131 4 -rw-r--r--   1 mosei users 123 Nov 3 09:12 ./x",
    "-rw-r--r-- mosei/mosei 123 2026-11-03 09:12 train.py",
    "-rw-r--r--   3 mosei supergroup 123 2026-11-03 09:12 /data/x",
    "mosei     4312 99.0  2.1 123456 7890 pts/0 R+ 09:12 1:02 python train.py",
    "mosei     4312     1  0 09:12 ?        00:00:01 python train.py",
    " 4312 mosei     20   0   12.1g   2.1g 300m R  98.0  2.1  10:00.00 python",
    "  4121 gpu retrain mosei  R 1:02:11 1 gpu-01",
    "4121_7 gpu retrain mosei PD 0:00 1 (Priority)",
    "mosei    pts/0        2026-11-03 08:12 (10.0.0.1)",
    "mosei    tty1         -                08:12    3:00  0.1s -bash",
    "mosei@gpu-01:~/churn$ python train.py",
    "(env) mosei@gpu-01 churn % python train.py",
    "[mosei@gpu-01 churn]$ python train.py",
    "(base) mosei@lab.contoso.com:~$ ls",
    "[mosei@lab.contoso.com churn]$ ls",
    "mosei@macbook.local churn % ls",
    "+ ssh mosei@gpu-01 nvidia-smi",
    "ssh -i key mosei@gpu.contoso.com nvidia-smi",
    "scp x.pt mosei@gpu.contoso.com:/data/",
    "rsync -av out/ mosei@gpu-01:out/",
    "ssh -l mosei gpu-01",
    "git clone mosei@git.contoso.com:team/x.git",
    "+ sudo -u mosei python train.py",
    "sudo -iu mosei",
    "su - mosei",
    "su mosei -c ls",
    "RUN useradd -m mosei && chown mosei:mosei /data",
    "useradd -m -s /bin/bash -G sudo mosei",
    "usermod -aG docker mosei",
    "chown -R mosei /data",
    "chown mosei:staff /data",
    "COPY --chown=mosei:mosei . /app",
    "setfacl -m u:mosei:rwx /data",
    "crontab -u mosei -l",
    "squeue -u mosei",
    "scancel --user mosei",
    "psql -h db -U mosei churn",
    "FROM python:3.11\nUSER mosei\nRUN x",
    "USER mosei:mosei",
    "wandb: Currently logged in as: mosei (nordlicht). Use `wandb login`",
    "Logged in as mosei.",
    "	Account Name:		mosei\n	Account Domain:		NORDLICHT",
    "User Name: mosei",
    "<Data Name=\"TargetUserName\">mosei</Data>",
    "[user]\n\tname = mosei\n\temail = x",
    "git config --global user.name mosei",
    "user:\n  id: 4\n  name: mosei",
    "{\"owner\": {\"id\": 4, \"name\": \"mosei\"}}",
    "owners:\n  - kofib\n  - mosei\n",
    "members: kofib, mosei",
    "sshd[99]: Accepted publickey for mosei from 10.0.0.4 port 5022 ssh2",
    "sshd[99]: Failed password for invalid user mosei from 10.0.0.4 port 5022 ssh2",
    "Disconnected from user mosei 10.0.0.4 port 5022",
    "pam_unix(sshd:session): session opened for user mosei(uid=1001) by (uid=0)",
    "New session 4 of user mosei.",
    "INFO user 'mosei' started run quiet_river",
    "User mosei logged in",
    "deleted by user mosei",
    "submitted by mosei",
    "LOGNAME=mosei",
    "SUDO_USER=mosei\n",
    "*/5 * * * * mosei /usr/bin/python x.py",
    "CRON[99]: (mosei) CMD (python x.py)",
    "sudo:   mosei : TTY=pts/0 ; PWD=/x ; USER=root ; COMMAND=/bin/ls",
    "mosei:x:1001:1001:Mira:/srv/m:/bin/bash",
    "mosei:$6$abc$def:19000:0:99999:7:::",
    "sudo:x:27:kofib,mosei",
    "mosei:100000:65536",
    "mosei ALL=(ALL) NOPASSWD: ALL",
    "/var/spool/cron/crontabs/mosei",
    "/var/mail/mosei",
    "$ whoami\nmosei\n",
    "UserId=mosei(1001) GroupId=staff(50)",
    "user: mosei.",
    "sshd: mosei [priv]",
    "ssh mosei@10.0.0.4",
    "runuser -l mosei -c x",
    "exec gosu mosei python",
    "RUN adduser -D mosei",
    "userdel -r mosei",
    "kinit mosei@NORDLICHT.EXAMPLE",
    "pam_unix(su:session): session opened for user root(uid=0) by mosei(uid=1001)",
    "(to root) mosei on pts/0",
    "su: (to mosei) root on none",
    "Login successful for mosei",
    "Hi mosei! You've successfully authenticated",
    "Logged in to github.com as mosei (/x/hosts.yml)",
    "user -> mosei",
    "username is mosei",
    "os.environ[\"USER\"] = \"mosei\"",
    "/run/media/mosei/usb",
    "users: [kofib, mosei]",
    "{\"users\": [{\"name\": \"kofib\"}, {\"name\": \"mosei\"}]}",
    "<author><name>mosei</name></author>",
    "query user mosei",
];

#[test]
fn what_speaks_of_users() {
    check(IdentityType::Username, "mosei", OF_USERS, true);
}

#[test]
fn what_speaks_of_no_user() {
    check(
        IdentityType::Username,
        "story",
        &[
            "a user story for the team",
            "the story model, (story)",
            "as a user, story points",
            "models/story/weights",
            "pip install story@latest",
            "uses: actions/story@v3",
            "mail story@fabrikam.com",
            "story@fabrikam.com 100% ",
            "story@fabrikam.com [x] y",
            "story@fabrikam.com: $ 4",
            "user: story@fabrikam.com",
            "sort -u story",
            "python -u story",
            "chown root:story /data",
            "useradd -g story kofib",
            "usermod -aG story kofib",
            "gid=27(story)",
            "-rw-r--r-- 1 kofib story 123 Nov 3 09:12 x",
            "-rw-r--r-- 1 kofib staff 123 Nov 3 09:12 story",
            "kofib 4312 99.0 2.1 1 2 ? R 1 1 story",
            "4121 gpu story kofib R 1:02:11 1 gpu-01",
            "ssh kofib@story",
            "kofib@story:~$ ls",
            "story: 3 points",
            "name: story",
            "[model]\nname = story",
            "{\"model\": {\"name\": \"story\"}}",
            "model:\n  name: story",
            "models:\n  - story",
            "labels: bug, story",
            "accompanied by story",
            "an announcement by story",
            "search for story from today",
            "run id story",
            "sudo story",
            "story:x",
            "cd story && ls",
            "data: story.",
            "su\nstory",
            "the user story is",
            "[user]\nx = 1\n[model]\nname = story",
            "story:x:27:kofib",
            "user guide: story",
            "factor: story",
            "{\"users\": [], \"models\": [{\"name\": \"story\"}]}",
            "user:\n  id: 4\nmodel:\n  name: story",
            "git checkout story",
        ],
        false,
    );
}

/// A workbook of two rows of two cells.
fn sheet(strings: [&str; 4]) -> Vec<u8> {
    let strings: String = strings.iter().map(|text| format!("<si><t>{text}</t></si>")).collect();
    let strings = format!("<?xml version=\"1.0\"?><sst>{strings}</sst>");
    let cell = |column: &str, row: usize, index: usize| {
        format!("<c r=\"{column}{row}\" t=\"s\"><v>{index}</v></c>")
    };
    let row = |row: usize, first: usize| {
        format!("<row r=\"{row}\">{}{}</row>", cell("A", row, first), cell("B", row, first + 1))
    };
    let rows = format!(
        "<?xml version=\"1.0\"?><worksheet><sheetData>{}{}</sheetData></worksheet>",
        row(1, 0),
        row(2, 2)
    );
    crate::matching::zip(&[
        ("xl/sharedStrings.xml", strings.as_bytes()),
        ("xl/worksheets/sheet1.xml", rows.as_bytes()),
    ])
}

#[test]
fn cells_below_a_head_that_speaks_of_people() {
    let far: String = (0..60_000).map(|run| format!("{run},kofib,3\n")).collect();
    let far_names: String = (0..60_000).map(|run| format!("{run},Kofi,x,Brandt\n")).collect();
    let listed: String = (0..9000).map(|run| format!("kofib  {run} 1.0 python\n")).collect();
    let mosei = [
        "run,user,hours\n1,kofib,3\n2,mosei,5\n".to_owned(),
        format!("run,user,hours\n{far}7,mosei,1\n"),
        "run;Submitted by;hours\r\n1;kofib;3\r\n2;\"mosei\";5\r\n".to_owned(),
        "\u{feff}run\towner\n1\tmosei\n".to_owned(),
        "username\nkofib\nmosei\n".to_owned(),
        "# Usage\n\n| run | user |\n|-----|------|\n| 1 | kofib |\n| 2 | mosei |\n\nend".to_owned(),
        " id | owner\n----+-------\n  1 | kofib\n  2 | mosei\n(2 rows)".to_owned(),
        "+----+-------+\n| id | user  |\n+----+-------+\n|  1 | mosei |\n+----+-------+".to_owned(),
        "JobID        User      State\n------------ --------- -----\n4121         mosei     done\n".to_owned(),
        "$ ps -eo user,pid,pcpu,cmd\nUSER       PID %CPU COMMAND\nmosei     4312 99.0 python train.py\n".to_owned(),
        format!("x\nUSER  PID %CPU COMMAND\n{listed}mosei  4312 99.0 python train.py\n"),
        "  PID USER      PR  NI COMMAND\n 4312 mosei     20   0 python\n".to_owned(),
    ];
    let names = [
        format!("id,first_name,city,last_name\n{far_names}2,Mira,x,Osei\n"),
        "Nachname;Ort;Vorname\nOsei;Berlin;Mira\n".to_owned(),
        "id\tsurname\tgiven\n2\tOsei\tMira\n".to_owned(),
        "first_name,last_name\nKofi,Mira\nMira,Osei\nOsei,Ines\n".to_owned(),
    ];
    let none = [
        "run,user,hours\n1,kofib,mosei\n".to_owned(),
        "run,model,hours\n1,mosei,3\n".to_owned(),
        "run,user\n1,kofib\n\nmosei, he said, came\n".to_owned(),
        "USER  PID\nkofib 1\n\nmosei 2\n".to_owned(),
        "{\"user\": 1, \"x\": 2}\nmosei, x\n".to_owned(),
        "dear user, hello\nmosei, x, y\n".to_owned(),
    ];
    let other = ["first_name,city,last_name\nMira,x,Brandt\nKofi,x,Osei\n".to_owned()];
    let finds_text = |kind, value, text: &String| finds(kind, value, text.as_bytes());
    let workbook = sheet(["run", "user", "kofib", "mosei"]);
    assert!(finds(IdentityType::Username, "mosei", &workbook));
    let workbook = sheet(["run", "model", "kofib", "mosei"]);
    assert!(!finds(IdentityType::Username, "mosei", &workbook));
    for text in mosei {
        let head: String = text.chars().take(60).collect();
        assert!(finds_text(IdentityType::Username, "mosei", &text), "{head}");
    }
    for text in names {
        let head: String = text.chars().take(60).collect();
        assert!(finds_text(IdentityType::Name, "Mira Osei", &text), "{head}");
    }
    for text in none {
        assert!(!finds_text(IdentityType::Username, "mosei", &text), "{text}");
    }
    for text in other {
        assert!(!finds_text(IdentityType::Name, "Mira Osei", &text), "{text}");
    }
}

#[test]
fn the_name_of_an_item_may_be_the_key_of_its_content() {
    let subject = subject(IdentityType::Username, "mosei");
    let finds = |name: &str, content: &[u8]| {
        !scanned(&item(name), &mut &*content, &subject).hits.is_empty()
    };
    for name in ["mlruns/0/9f3a/tags/mlflow.user", "x/params/user", "x/.owner", "created_by"] {
        assert!(finds(name, b"mosei"), "{name}");
        assert!(finds(name, b"mosei\n"), "{name}");
        assert!(!finds(name, b"mosei says that all is well"), "{name}");
    }
    assert!(!finds("mlruns/0/9f3a/params/model", b"mosei"));
    let zip = crate::matching::zip(&[("mlruns/tags/mlflow.user", b"mosei"), ("model", b"mosei")]);
    assert!(finds("mlruns.zip", &zip));
    let zip = crate::matching::zip(&[("model", b"mosei")]);
    assert!(!finds("user", &zip));
}

/// Each has the address `mira.osei@contoso.com` in it.
const ENDED: &[&str] = &[
    "mira.osei@contoso.com.zip",
    "mira.osei@contoso.com.md",
    "x/mira.osei@contoso.com.ai",
    "mira.osei@contoso.com_2026",
    "mira.osei@contoso.com-2026-11.csv",
    "by _mira.osei@contoso.com_ and",
    "**mira.osei@contoso.com**",
    "by *mira.osei@contoso.com*",
    "~~mira.osei@contoso.com~~",
    "[mail](mailto:mira.osei@contoso.com)",
    "mailto:mira.osei@contoso.com?subject=x",
    "MAILTO=mira.osei@contoso.com",
    "sip:mira.osei@contoso.com;transport=tls",
    "acct:mira.osei@contoso.com",
    "a@b.org;mira.osei@contoso.com;c@d.org",
    "a@b.org,mira.osei@contoso.com",
    "a@b.org|mira.osei@contoso.com|x",
    "https://mira.osei%40contoso.com@dev.azure.com/x",
    "https://mira.osei@contoso.com@dev.azure.com/x",
    "https://mira.osei%40contoso.com:token@dev.azure.com/x",
    "https://mira.osei@contoso.com:token@dev.azure.com/x",
    "postgres://mira.osei%40contoso.com:pw@db/x",
    "bounce+mira.osei=contoso.com@lists.example",
    "bounces-mira.osei=contoso.com@lists.example",
    "SRS0=abc=TT=contoso.com=mira.osei@fwd.example",
    "SRS1=abc=fwd.example==HHH=TT=contoso.com=mira.osei@x.org",
    "prvs=12345=mira.osei@contoso.com",
    "user=mira.osei@contoso.com",
    "email=mira.osei@contoso.com&x",
    "mira.osei=40contoso.com",
    "mira.osei=40contoso=2Ecom",
    "u003cmira.osei@contoso.comu003e",
    "u0022mira.osei@contoso.comu0022",
    "u0027mira.osei@contoso.comu0027",
    "&lt;mira.osei@contoso.com&gt;",
    "ltmira.osei@contoso.comgt",
    "lt;mira.osei@contoso.com gt;",
    "\\\\u003cmira.osei@contoso.com\\\\u003e",
    "x3cmira.osei@contoso.comx3e",
    "\\\\x3cmira.osei@contoso.com\\\\x3e",
    "3Cmira.osei@contoso.com3E",
    "\"mira.osei\"@contoso.com",
    "mira.osei@contoso.com/2026",
    "/mira.osei@contoso.com/",
    "mira.osei@contoso.com:443",
    "mira.osei@contoso.com's file",
    "mira.osei@contoso.com…",
    "mira.osei@contoso.com...",
    "<mira.osei@contoso.com>:",
    "mira.osei@contoso.com.",
    "mira.osei@contoso.com._",
    "mira.osei@contoso.com.bak~",
    ".mira.osei@contoso.com.swp",
    "C:\\\\mira.osei@contoso.com\\\\x",
    "home\\\\mira.osei@contoso.com",
    "mira.osei@contoso.com%0A",
    "%20mira.osei@contoso.com%20",
    "(mira.osei@contoso.com)",
    "`mira.osei@contoso.com`",
    "{mira.osei@contoso.com}",
    "mira.osei@contoso.com=owner",
    "owner:mira.osei@contoso.com",
    "mira.osei@contoso.com#1",
    "#mira.osei@contoso.com",
    "--mail=mira.osei@contoso.com",
    "@mira.osei@contoso.com",
    "i:0#.f|membership|mira.osei@contoso.com",
    "smtp:mira.osei@contoso.com",
    "mira.osei@contoso.com.onnx.data",
    "mira.osei@contoso.com.parquet.crc",
    "mira.osei@contoso.com+team@x.org",
    "mira.osei@contoso.com\\\nx",
];

#[test]
fn where_an_address_ends() {
    check(IdentityType::Email, "mira.osei@contoso.com", ENDED, true);
    check(
        IdentityType::Email,
        "mira.osei@contoso.com",
        &[
            "mira.osei@contoso.com.au",
            "mira.osei@contoso.com.evil.org",
            "xmira.osei@contoso.com",
            "x-mira.osei@contoso.com",
            "x+mira.osei@contoso.com",
            "mira.osei@contoso.comx",
            "mira.osei@contoso.co",
            "mira.osei@x.contoso.com",
            "mira.osei@contoso.com@evil.org",
            "bounce+xmira.osei=contoso.com@lists.example",
            "bounce+mira.osei=contoso.com.au@lists.example",
        ],
        false,
    );
    check(
        IdentityType::Email,
        "mira@10.0.0.4",
        &["mail mira@[10.0.0.4] now", "mira@10.0.0.4"],
        true,
    );
    check(
        IdentityType::Email,
        "mira@[10.0.0.4]",
        &["mail mira@[10.0.0.4] now", "mira@10.0.0.4"],
        true,
    );
}
