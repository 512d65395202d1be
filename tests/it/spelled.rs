//! Spellings that a reader takes for the same: what stands in the midst of words and is no part of
//! them, and letters that differ only to a machine.

use dsrd::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use dsrd::matching::limits::{ItemLimits, PeopleLimits};
use dsrd::matching::matcher::Matcher;
use dsrd::matching::people::census::census;
use dsrd::matching::people::crowd::Crowd;
use dsrd::matching::redact::looks::{Erasing, Masking};
use dsrd::matching::redact::rewriting::redact_named;

use crate::masking::shown_of_another;
use crate::matching::item;
use crate::terms::scanned;

pub fn subject(kind: IdentityType, value: &str) -> Subject {
    Subject { identities: vec![Identity::new(kind, IdentityFormat::Raw, value.to_owned())] }
}

/// Whether a person of this one identity is found. Whoever is, is never shown to another person.
pub fn finds(kind: IdentityType, value: &str, content: &[u8]) -> bool {
    let subject = subject(kind, value);
    let is_found = !scanned(&item("x"), &mut &*content, &subject).hits.is_empty();
    if is_found && let Some(shown) = shown_of_another(kind, value, content) {
        panic!("{shown} is shown to others: {value} in {}", String::from_utf8_lossy(content));
    }
    is_found
}

/// What is left when they are erased.
fn erased(kind: IdentityType, value: &str, content: &str) -> String {
    let subject = subject(kind, value);
    let matcher = Matcher::new(&[&subject]);
    let mut out = Vec::new();
    let limits = ItemLimits::default();
    redact_named(&mut Erasing(&matcher), "x", &mut content.as_bytes(), &mut out, &limits).unwrap();
    String::from_utf8(out).unwrap()
}

/// What they are given of an item.
fn given(kind: IdentityType, value: &str, content: &str) -> String {
    let (limits, people) = (ItemLimits::default(), PeopleLimits::default());
    let mut crowd = Crowd::new(&subject(kind, value), &people);
    crowd.add(&census(&item("x"), &mut content.as_bytes(), &limits, &people).unwrap());
    let mask = crowd.mask().unwrap();
    let mut out = Vec::new();
    redact_named(&mut Masking::of(&mask), "x", &mut content.as_bytes(), &mut out, &limits).unwrap();
    String::from_utf8(out).unwrap()
}

use IdentityType::{ControllerCustomerId, Email, Name, ObjectId, Username};

const GUID: &str = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";

/// Ways to write the escape that begins a sequence.
const ESCAPES: [&str; 16] = [
    "\u{1b}",
    "\\x1b",
    "\\x1B",
    "\\033",
    "\\33",
    "\\e",
    "\\u001b",
    "\\\\u001b",
    "\\u{1b}",
    "#033",
    "^[",
    "␛",
    "←",
    "%1B",
    "&#27;",
    "&#x1b;",
];

#[test]
fn what_colours_letters_is_no_part_of_a_word() {
    for escape in ESCAPES {
        for (kind, value, written) in [
            (Email, "ann@contoso.com", "by ~[32mann@contoso.com~[0m to"),
            (Email, "ann@contoso.com", "by~[0m ~[38;5;120mann~[K@conto~[1mso.com~[m"),
            (Email, "ann@contoso.com", "~[2K~[1Gann@contoso.com"),
            (Email, "ann@contoso.com", "~]8;;mailto:ann@contoso.com~\\here~]8;;~\\"),
            (Name, "Ann Lee", "by ~[1mAnn~[0m ~[1;33mLee~[0m"),
            (Name, "Ann Lee", "by ~[1mAn~[0mn~[1CLe~[31me~[0m"),
            (ObjectId, GUID, "~[36m6f9619ff-8b86-~[0md011-b42d-00cf4fc964ff~[0m"),
            (Username, "ann", "mlflow.user=~[33mann~[0m run=x"),
            (ControllerCustomerId, "C-1029384", "id ~[7mC-1029384~[27m"),
        ] {
            let written = written.replace('~', escape);
            assert!(finds(kind, value, written.as_bytes()), "{written}");
        }
        for written in
            ["~[0mjo~[31mann@contoso.com", "ann@contoso.com~[1mx", "jo~[Kann@contoso.com"]
        {
            let written = written.replace('~', escape);
            assert!(!finds(Email, "ann@contoso.com", written.as_bytes()), "{written}");
        }
    }
    for (kind, value, written) in [
        (Email, "ann@contoso.com", "by [32mann@contoso.com[0m to"),
        (Email, "ann@contoso.com", "\u{9b}32mann@contoso.com\u{9b}0m"),
        (Email, "ann@contoso.com", "\\x9b32mann@contoso.com\\x9b0m"),
        (Email, "ann@contoso.com", "\u{1b}(B\u{1b}[mann@contoso.com\u{1b}[m\u{f}"),
        (Name, "Ann Lee", "A\u{8}An\u{8}nn\u{8}n L\u{8}Le\u{8}ee\u{8}e"),
        (Name, "Ann Lee", "_\u{8}A_\u{8}n_\u{8}n L\u{8}_e\u{8}_e\u{8}_"),
        (Name, "Ann Lee", r"A\bAn\bnn\bn Lee"),
        (Name, "Ann Lee", "A^HAn^Hnn^Hn Lee"),
        (Name, "Ann Lee", "\u{1b}[32m\u{1b}Ann Lee\u{1b}[0m"),
    ] {
        assert!(finds(kind, value, written.as_bytes()), "{written}");
    }
    let raw = b"\x9b32mann@contoso.com\x9b0m \xe9";
    assert!(finds(Email, "ann@contoso.com", raw));
}

#[test]
fn what_colours_letters_stays() {
    for escape in ESCAPES {
        let written = "by ~[32mann@contoso.com~[0m, ~[1mbob@contoso.com~[0m!".replace('~', escape);
        let left = written.replace("ann@contoso.com", "[erased]");
        assert_eq!(erased(Email, "ann@contoso.com", &written), left);
        let seen = written.replace("bob@contoso.com", "Person 2");
        assert_eq!(given(Email, "ann@contoso.com", &written), seen);
    }
    assert_eq!(erased(Name, "Ann Lee", "\u{1b}[1mAnn\u{1b}[0m Lee!"), "\u{1b}[1m[erased]!");
}

/// Bytes of a text in a charset that the web knows.
fn encoded(charset: &'static encoding_rs::Encoding, text: &str) -> Vec<u8> {
    let (bytes, _, has_others) = charset.encode(text);
    assert!(!has_others, "{text} in {}", charset.name());
    bytes.into_owned()
}

#[test]
fn a_sought_name_speaks_for_its_charset() {
    use encoding_rs::*;
    for (charset, name, written) in [
        (SHIFT_JIS, "山田 太郎", "2026/11/03 担当：山田 太郎 → 完了"),
        (SHIFT_JIS, "山田 太郎", "1,山田 太郎,25℃"),
        (SHIFT_JIS, "林 一", "1,林 一,0.3"),
        (SHIFT_JIS, "サクラ", "x=ｻｸﾗ;"),
        (EUC_JP, "石川 さくら", "担当者 石川 さくら … ① 完了"),
        (EUC_JP, "林 一", "id,林 一"),
        (ISO_2022_JP, "石川 さくら", "担当者 石川 さくら → 完了"),
        (GBK, "李明", "1,李明,0.3"),
        (GB18030, "李明", "“李明” × 25"),
        (BIG5, "陳大文", "① 陳大文 ※ 完成"),
        (EUC_KR, "김민수", "■ 김민수 ± 완료"),
        (WINDOWS_1250, "Żaneta Wąsikowa", "1;ŻANETA WĄSIKOWA"),
        (WINDOWS_1251, "Иван Петров", "1;Петров, Иван"),
        (WINDOWS_1253, "Ελένη Σταύρου", "1;Ελένη Σταύρου"),
        (WINDOWS_1254, "Şeyma Yıldız", "1;Şeyma Yıldız"),
        (WINDOWS_1255, "דוד כהן", "1;דוד כהן"),
        (WINDOWS_1256, "محمد الشريف", "1;محمد الشريف"),
        (WINDOWS_1257, "Rūta Žukaitė", "1;Rūta Žukaitė"),
        (WINDOWS_874, "สมชาย ใจดี", "1;สมชาย ใจดี"),
        (ISO_8859_2, "Żaneta Wąsikowa", "1;Żaneta Wąsikowa"),
        (ISO_8859_5, "Иван Петров", "1;Иван Петров"),
        (ISO_8859_7, "Ελένη Σταύρου", "1;Ελένη Σταύρου"),
        (KOI8_U, "Иван Петров", "1;Иван Петров"),
        (IBM866, "Иван Петров", "1;Иван Петров"),
        (MACINTOSH, "Zoë Lefèvre", "1;Zoë Lefèvre"),
    ] {
        let bytes = [&b"id;name\r\n"[..], &encoded(charset, written), b"\r\n"].concat();
        assert!(finds(Name, name, &bytes), "{name} in {}", charset.name());
        assert!(!finds(Name, "Bob Bobson", &bytes), "nobody in {}", charset.name());
    }
    for (name, bytes) in [
        ("Jürgen Groß", &b"Benutzer: J\x81rgen Gro\xe1 angemeldet\r\n"[..]),
        ("Łukasz Żak", b"user \x9dukasz \xbdak\n"),
        ("Ελένη Μήλα", b"1 \x84\xa2\xe2\xa4\x9e \x8b\xe3\xa2\x98\n"),
        ("Ann Lee", b"\xba\xb3Ann Lee\xb3 \xe9\n"),
    ] {
        assert!(finds(Name, name, bytes), "{name}");
    }
    // Whoever is not called so in any charset.
    for (name, bytes) in [
        ("Jürgen Groß", encoded(WINDOWS_1252, "Jürgen Grosz, Jorgen Groß")),
        ("山田 太郎", encoded(SHIFT_JIS, "小林 太郎 → 鈴木太郎 山田花子")),
        ("李明", encoded(GBK, "1,李明明,0.3;桃李明日")),
        ("Ann Lee", encoded(WINDOWS_1252, "éAnn Lee; Ann Leeé")),
    ] {
        assert!(!finds(Name, name, &bytes), "{name}");
    }
    let zipped = crate::matching::zip(&[("a", b"x")]);
    let named = encoded(SHIFT_JIS, "山田 太郎.csv");
    let renamed = renamed(&zipped, &named);
    assert!(finds(Name, "山田 太郎", &renamed));
}

/// A zip of one member, called `a`, with another name.
fn renamed(zip: &[u8], name: &[u8]) -> Vec<u8> {
    let mut out = zip.to_vec();
    let by = name.len() - 1;
    let directory = zip.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    let end = zip.windows(4).position(|four| four == b"PK\x05\x06").unwrap();
    for at in [directory + 46, 30] {
        assert_eq!(out[at], b'a');
        out.splice(at..at + 1, name.iter().copied());
    }
    for at in [26, directory + by + 28] {
        out[at] = name.len() as u8;
    }
    let end = end + 2 * by;
    let size = u32::from_le_bytes(out[end + 12..end + 16].try_into().unwrap()) + by as u32;
    out[end + 12..end + 16].copy_from_slice(&size.to_le_bytes());
    out[end + 16..end + 20].copy_from_slice(&((directory + by) as u32).to_le_bytes());
    out
}

#[test]
fn utf8_that_was_misread_is_read() {
    for (name, written) in [
        ("Zoë Lefèvre", "id;name\n7;ZoÃ« LefÃ¨vre"),
        ("Zoë Lefèvre", "ZoÃƒÂ« LefÃƒÂ¨vre"),
        ("Zoë Lefèvre", "Zo├½ Lef├¿vre"),
        ("Мира Осей", "РњРёСЂР° РћСЃРµР№"),
        ("山田 太郎", "å±±ç\u{94}° å¤ªé\u{83}\u{8e}"),
    ] {
        assert!(finds(Name, name, written.as_bytes()), "{written}");
        let json = serde_json::json!({ "x": written }).to_string();
        assert!(finds(Name, name, json.as_bytes()), "{json}");
    }
    assert_eq!(erased(Name, "Zoë Lefèvre", "7;ZoÃ« LefÃ¨vre;é"), "7;[erased];é");
}

#[test]
fn what_a_reader_takes_for_the_same_is() {
    for (kind, value, written) in [
        (Name, "Sean O'Brien", "by Sean O’Brien."),
        (Name, "Sean O’Brien", "by Sean O'Brien."),
        (Name, "Sean O'Brien", "by Sean Oʼbrien"),
        (Name, "Sean O'Brien", "by Sean O`Brien"),
        (Name, "O'Neill", "by Oʼneill"),
        (Name, "O'Neill", "by OʻNeill"),
        (Name, "Лук'янов", "від Лукʼянов"),
        (Name, "Мар'яна", "від Марʼяна"),
        (Name, "Sean O'Brien", "VALUES ('Sean O''Brien', 3)"),
        (Name, "Sean O'Brien", "author: 'Sean O''Brien'"),
        (Name, "Sean O'Brien", r"git commit --author='Sean O'\''Brien'"),
        (Name, "Sean O'Brien", "<b>Sean O&rsquo;Brien</b>"),
        (Name, "Sean O'Brien", r#"{"by": "Sean O\u2019Brien"}"#),
        (Name, "Anne-Marie Vogt", "by Anne\u{2011}Marie Vogt"),
        (Name, "Anne-Marie Vogt", "by Anne\u{2010}Marie Vogt"),
        (Name, "Anne\u{2011}Marie Vogt", "by Anne-Marie Vogt"),
        (Name, "Anne-Marie Vogt", "by Anne–Marie Vogt"),
        (Name, "محمد الشريف", "كتبه محمـــد الشريف"),
        (Name, "محمد الشريف", "كتبه مُحَمَّد الشَّرِيف"),
        (Name, "محمد الشریف", "كتبه محمد الشريف"),
        (Name, "أحمد علي", "by احمد علی"),
        (Name, "דוד כהן", "by דָּוִד כֹּהֵן"),
        (Name, "Семён Петров", "Семен Петров"),
        (Name, "Ελένη Σταύρου", "ΕΛΕΝΗ ΣΤΑΥΡΟΥ"),
        (Name, "Ștefan Țuțea", "Ştefan Ţuţea"),
        (Name, "Ștefan Țuțea", "by Ștefan Țuțea"),
        (Name, "Ştefan Popescu", "by Ștefan Popescu"),
        (Name, "Ștefan Popescu", "by ȘTEFAN POPESCU"),
        (Name, "Țuțea Ion", "by Țuțea Ion"),
        (Name, "김민수", "\u{1100}\u{1175}\u{11b7}\u{1106}\u{1175}\u{11ab}\u{1109}\u{116e}"),
        (Name, "髙橋 一郎", "高橋 一郎"),
        (Email, "mira@bücher.example", "to mira@xn--bcher-kva.example in"),
        (Email, "mira@xn--bcher-kva.example", "to mira@bücher.example in"),
        (Email, "mira@mail.bücher.example", "to Mira@Mail.XN--BCHER-KVA.Example in"),
        (Email, "иван@почта.рф", "<иван@xn--80a1acny.xn--p1ai>"),
        (Email, "sean.o'brien@contoso.com", "to sean.o’brien@contoso.com now"),
        (Email, "anne-marie@contoso.com", "to anne\u{2011}marie@contoso.com now"),
        (ControllerCustomerId, "C-1029384", "id C\u{2013}1029384,"),
        (ControllerCustomerId, "4829173456", "رقم ٤٨٢٩١٧٣٤٥٦"),
        (ObjectId, GUID, "6f9619ff\u{2011}8b86\u{2011}d011\u{2011}b42d\u{2011}00cf4fc964ff"),
    ] {
        assert!(finds(kind, value, written.as_bytes()), "{value} in {written}");
    }
    for (kind, value, written) in [
        (Name, "Sean O'Brien", "Sean O’Briens, Sean O Brien"),
        (Name, "Anne-Marie Vogt", "Anne—Marie-Louise Vogt, Anne - Marie Vogt"),
        (Name, "Ann Lee", "Ann Lee‑Smith, Mary‑Ann Lee"),
        (Email, "mira@bücher.example", "mira@xn--bcher-kvb.example mira@bucher.example"),
        (Email, "mira@bücher.example", "samira@xn--bcher-kva.example"),
        (ControllerCustomerId, "C-1029384", "C–10293845 XC‑1029384"),
    ] {
        assert!(!finds(kind, value, written.as_bytes()), "{value} in {written}");
    }
    // As before: a dash or a French article ends nothing of an address that follows.
    for written in ["owner—ann@contoso.com", "de l’ann@contoso.com", "‘ann@contoso.com’"] {
        assert!(finds(Email, "ann@contoso.com", written.as_bytes()), "{written}");
    }
    assert_eq!(erased(Name, "Sean O'Brien", "('Sean O''Brien', 3)"), "('[erased]', 3)");
}

#[test]
fn a_domain_has_one_hash_however_it_is_written() {
    use sha2::{Digest, Sha256};
    for hashed in ["mira@bücher.example", "mira@xn--bcher-kva.example"] {
        let hash = hex::encode(Sha256::digest(hashed));
        let identity = Identity::new(Email, IdentityFormat::Sha256, hash);
        let subject = Subject { identities: vec![identity] };
        for written in ["to mira@bücher.example.", "to mira@xn--bcher-kva.example."] {
            let scan = scanned(&item("x"), &mut written.as_bytes(), &subject);
            assert!(!scan.hits.is_empty(), "{hashed} in {written}");
        }
    }
}

#[test]
fn a_break_within_a_word_is_none() {
    let breaks = [
        "\r\n ",
        "\r\n\t",
        "\n ",
        "\n",
        "\r\n",
        "\n                    ",
        "   │\n│   ",
        "\\\n  ",
        "\\\n",
        "\n# ",
        "\n> ",
        "\n// ",
        "\n * ",
        "=\r\n",
        "=\n",
    ];
    for (kind, value) in [
        (Email, "mira.osei@nordlicht.example"),
        (Name, "Anneliese Lefèvre"),
        (ObjectId, GUID),
        (ControllerCustomerId, "C-1029384"),
    ] {
        for fold in breaks {
            for at in (2..value.len() - 1).filter(|at| value.is_char_boundary(*at)) {
                if value[..at].ends_with(' ') || value[at..].starts_with(' ') {
                    continue;
                }
                let (before, after) = value.split_at(at);
                let written = format!("x: run it, by {before}{fold}{after} on gpu\n");
                assert!(finds(kind, value, written.as_bytes()), "{written:?}");
                let json = serde_json::json!({ "x": written }).to_string();
                assert!(finds(kind, value, json.as_bytes()), "{json:?}");
            }
        }
    }
    for written in [
        "x = \"mira.osei@\" \"nordlicht.example\"",
        "x = 'mira.' 'osei@nordlicht.example'",
        "x = (\"mira.osei@nord\"\n     \"licht.example\")",
        "x = \"mira.osei@\" +\n  \"nordlicht.example\";",
        "x = \"mira.osei@\" + \"nordlicht.example\"",
        "x=\"mira.osei@nord\\\nlicht.example\"",
    ] {
        assert!(finds(Email, "mira.osei@nordlicht.example", written.as_bytes()), "{written}");
    }
    for written in [
        "samira.osei@nord\n licht.example",
        "mira.osei@nord\n licht.example.org",
        "mira.osei@nord\n\n licht.example",
        "[\"mira.osei@\",\n\"nordlicht.example\"]",
        "mira.osei@nord\n licht. example",
    ] {
        assert!(!finds(Email, "mira.osei@nordlicht.example", written.as_bytes()), "{written}");
    }
    assert_eq!(
        erased(
            Email,
            "mira.osei@nordlicht.example",
            "A:mailto:mira.osei@nordli\r\n cht.example\r\nB:x"
        ),
        "A:mailto:[erased]\r\n [erased]\r\nB:x"
    );
    let given = given(
        Email,
        "mira.osei@nordlicht.example",
        "mira.osei@nord\n licht.example to kofi.brandt\n      @nordlicht.example (v3)",
    );
    assert_eq!(given, "mira.osei@nord\n licht.example to Person 2\n      Person 2 (v3)");
}

#[test]
fn a_file_may_change_its_charset() {
    let utf16 = |text: &str, little: bool| -> Vec<u8> {
        let bytes = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
        text.encode_utf16().flat_map(bytes).collect()
    };
    let line = "2026-11-03 INFO step 0 loss 0.900\n";
    // Below and beyond what a charset is told by, and beyond a window.
    for lines in [1, 3, 200, 8_000] {
        for little in [true, false] {
            for mark in ["", "\u{feff}"] {
                for pad in ["", "x"].into_iter().take(if lines > 200 { 1 } else { 2 }) {
                    for (kind, value, said) in [
                        (Email, "mira.osei@nordlicht.example", "by mira.osei@nordlicht.example\n"),
                        (Name, "Mira Osei", "by Mira Osei, today\n"),
                        (Name, "山田 太郎", "担当 山田 太郎 2026\r\n"),
                    ] {
                        let narrow = format!("{pad}{}", line.repeat(lines)).into_bytes();
                        let wide = utf16(&format!("{mark}{}", line.repeat(lines)), little);
                        let case = format!("{value} {lines} {little} {mark:?} {pad}");
                        let late = [&narrow[..], &utf16(&format!("{mark}{said}"), little)].concat();
                        assert!(finds(kind, value, &late), "utf-16 late: {case}");
                        let early = [&wide[..], pad.as_bytes(), said.as_bytes()].concat();
                        assert!(finds(kind, value, &early), "utf-8 late: {case}");
                        let again = [&early[..], &utf16(said, little)].concat();
                        assert!(finds(kind, value, &again), "both late: {case}");
                        let back = [&wide[..], b"an odd end\n", &utf16(said, little)].concat();
                        assert!(finds(kind, value, &back), "utf-16 again: {case}");
                    }
                }
            }
        }
    }
}

/// What begins and never ends, as often as it goes into a window.
#[test]
fn what_never_ends_takes_no_longer() {
    let parts = [
        "\u{1b}]", "\\e]", "\u{1b}$", "\u{1b}P", "←[x", "\\", "^[", "[1m", "x\u{8}", "''",
        "ann@\n", "\u{9b}", "Ã", "\u{1b}[", "1.py:1\n",
    ];
    for part in parts {
        let text = part.repeat((300 << 10) / part.len());
        assert!(!finds(Email, "ann@contoso.com", text.as_bytes()), "{part}");
    }
}
