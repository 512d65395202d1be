//! Bytes that a text spells in digits, and what is encrypted or packed and hardly says so.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dsrd::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};

use crate::masking::shown_of_another;
use crate::matching::{ann, gzip, item};
use crate::terms::scanned;

/// Whether the subject is found, and what could not be read.
pub fn told(subject: &Subject, content: &[u8]) -> (bool, Vec<String>) {
    let scan = scanned(&item("x"), &mut &*content, subject);
    if let ([identity], false) = (subject.identities.as_slice(), scan.hits.is_empty()) {
        let shown = shown_of_another(identity.kind, identity.expose(), content);
        assert_eq!(shown, None, "{} in {}", identity.expose(), String::from_utf8_lossy(content));
    }
    (!scan.hits.is_empty(), scan.unreadable)
}

fn named(name: &str) -> Subject {
    let name = Identity::new(IdentityType::Name, IdentityFormat::Raw, name.into());
    Subject { identities: vec![name] }
}

/// As Python's `base64.b85encode` writes bytes.
fn in_base85(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 85] =
        b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
    let group = |part: &[u8]| {
        let byte = |at: usize| u32::from(part.get(at).copied().unwrap_or(0));
        let all = byte(0) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3);
        let digit = |by: u32| char::from(DIGITS[(all / 85u32.pow(by) % 85) as usize]);
        let digits: String = [4, 3, 2, 1, 0].map(digit).iter().collect();
        digits[..part.len() + 1].to_owned()
    };
    bytes.chunks(4).map(group).collect()
}

/// Ways to spell bytes in a text.
fn spelled(bytes: &[u8]) -> Vec<(&'static str, String)> {
    let digits = hex::encode(bytes);
    let pairs = |by: usize, gap: &str| -> String {
        let words = digits.as_bytes().chunks(2 * by).map(|word| std::str::from_utf8(word).unwrap());
        words.collect::<Vec<_>>().join(gap)
    };
    let lines = |line: &dyn Fn(usize, &[u8]) -> String| -> String {
        bytes.chunks(16).enumerate().map(|(number, part)| line(number * 16, part)).collect()
    };
    let xxd = |at: usize, part: &[u8]| {
        let digits = hex::encode(part);
        let words: Vec<_> =
            digits.as_bytes().chunks(4).map(|word| String::from_utf8_lossy(word)).collect();
        format!("{at:08x}: {:<40} {}\n", words.join(" "), ".".repeat(part.len()))
    };
    let hexdump = |at: usize, part: &[u8]| {
        let words: Vec<_> = part.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{at:08x}  {:<49} |{}|\n", words.join(" "), ".".repeat(part.len()))
    };
    let od = |at: usize, part: &[u8]| {
        let words: Vec<_> = part.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{at:07o} {}\n", words.join(" "))
    };
    let each = |write: &dyn Fn(usize, u8) -> String, gap: &str| -> String {
        let numbers = bytes.iter().enumerate().map(|(at, byte)| write(at, *byte));
        numbers.collect::<Vec<_>>().join(gap)
    };
    let decimals = |gap: &str| each(&|_, byte| byte.to_string(), gap);
    let numbers = decimals(",");
    vec![
        ("list", format!("{{\n  \"data\": [{numbers}]\n}}\n")),
        ("one in a line", format!("[\n    {}\n]\n", decimals(",\n    "))),
        ("go", format!("payload [{}] was refused\n", decimals(" "))),
        ("yaml", format!("data:\n- {}\n", decimals("\n- "))),
        ("java", format!("byte[] a = {{{}}};", each(&|_, byte| (byte as i8).to_string(), ", "))),
        ("java casts", format!("{{{}}}", each(&|_, byte| format!("(byte) 0x{byte:02x}"), ", "))),
        ("c", format!("char a[]={{{}}};", each(&|_, byte| format!("0x{byte:02X}"), ","))),
        (
            "php",
            format!("Array\n(\n{})\n", each(&|at, byte| format!("    [{at}] => {byte}\n"), "")),
        ),
        ("places", format!("{{{}}}", each(&|at, byte| format!("\"{at}\":{byte}"), ","))),
        ("base85", in_base85(bytes)),
        ("base85 in code", format!("x = b85decode(\"{}\")\n", in_base85(bytes))),
        ("bytea", format!("id,blob\n1,\\x{digits}\n")),
        ("sql server", format!("VALUES (1, 0x{})", digits.to_uppercase())),
        ("sqlite", format!("INSERT INTO t VALUES(X'{digits}');")),
        ("json", format!("{{\"payload\": \"{digits}\"}}")),
        ("plain", digits.clone()),
        ("xxd", format!("$ xxd a\n{}", lines(&xxd))),
        ("hexdump", format!("{}{:08x}\n", lines(&hexdump), bytes.len())),
        ("od", format!("{}{:07o}\n", lines(&od), bytes.len())),
        ("xxd -i", format!("char a[] = {{\n  0x{}\n}};\n", pairs(1, ", 0x"))),
        ("node", format!("{{\"type\":\"Buffer\",\"data\":[{numbers}]}}")),
    ]
}

#[test]
fn bytes_in_hexadecimal_are_read() {
    let mut missed = Vec::new();
    for (text, expected) in [
        ("by ann@contoso.com now", true),
        ("Ann Lefèvre", true),
        ("id 6f9619ff-8b86-d011-b42d-00cf4fc964ff", true),
        ("担当は山田太郎さん", true),
        ("by joann@contoso.com now", false),
        ("Joann Lefèvre", false),
    ] {
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let packed = gzip(text.as_bytes());
        for (bytes, form) in [(text.as_bytes(), "utf-8"), (&wide, "utf-16"), (&packed, "gzip")] {
            // Without a zero in it nothing tells UTF-16 within digits.
            if form == "utf-16" && !bytes.contains(&0) {
                continue;
            }
            for (way, spelled) in spelled(bytes) {
                let told = told(&ann(), spelled.as_bytes());
                if told != (expected, vec![]) {
                    missed.push(format!("{way}, {form}: {text}: {told:?} in {spelled}"));
                }
            }
        }
    }
    assert!(missed.is_empty(), "{} wrong:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn short_base64_is_read_where_something_says_that_it_is_base64() {
    for name in ["山田花", "林一", "김민수", "Zoé Ruiz", "Ann Öz", "Åsa Li"] {
        let digits = STANDARD.encode(name);
        for text in [
            format!("dn: uid=x\ncn:: {digits}\nuid: x\n"),
            format!("{{\"name_b64\": \"{digits}\"}}"),
            format!("data:text/plain;base64,{digits}"),
            format!("base64.b64decode(\"{digits}\")"),
            format!("echo {digits} | base64 -d; base64 <<< '{digits}'"),
        ] {
            let is_padded = digits.ends_with('=');
            let is_told = !text.starts_with("echo") || is_padded;
            assert!(!is_told || told(&named(name), text.as_bytes()).0, "{name}: {text}");
        }
        if name.chars().all(|c| (c as u32) < 0x100) {
            let latin: Vec<u8> = name.chars().map(|c| c as u8).collect();
            let text = format!("cn:: {}\n", STANDARD.encode(latin));
            assert!(told(&named(name), text.as_bytes()).0, "{name} in Latin-1");
        }
    }
    assert!(!told(&named("林一"), b"cn:: 5p6X5LiA6YOO\n").0);
}

#[test]
fn what_mail_had_before_base64_is_read() {
    let uuencoded = |text: &[u8]| {
        let digit = |value: u32| char::from(if value == 0 { b'`' } else { b' ' + value as u8 });
        let line = |part: &[u8]| {
            let groups = part.chunks(3).flat_map(|three| {
                let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
                let all = byte(0) << 16 | byte(1) << 8 | byte(2);
                [18, 12, 6, 0].map(|by| digit(all >> by & 63))
            });
            format!("{}{}\n", digit(part.len() as u32), groups.collect::<String>())
        };
        text.chunks(45).map(line).collect::<String>()
    };
    let text = format!("{} by ann@contoso.com now", "one after the other ".repeat(3));
    let mail = format!("Hello,\n\nbegin 644 a.csv\n{}`\nend\n", uuencoded(text.as_bytes()));
    assert!(told(&ann(), mail.as_bytes()).0);
    let packed = format!("begin 644 a.gz\n{}`\nend\n", uuencoded(&gzip(text.as_bytes())));
    assert!(told(&ann(), packed.as_bytes()).0);
}

#[test]
fn numbers_that_are_no_text_are_none() {
    let mut state = 1u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state
    };
    let hashes: String =
        (0..2000).map(|n| format!("{:016x}{:016x} refs/{n}\n", random(), random())).collect();
    assert_eq!(told(&ann(), hashes.as_bytes()), (false, vec![]));
    let zeros = "00000000-0000-0000-0000-000000000000 0000000000000000\n".repeat(99);
    assert_eq!(told(&ann(), zeros.as_bytes()), (false, vec![]));
}

#[test]
fn what_is_encrypted_or_packed_and_short_is_named_or_read() {
    let text = "id,name\n1,ann@contoso.com\n2,bob@contoso.com\n";
    let mut deflated =
        flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut deflated, text.as_bytes()).unwrap();
    assert_eq!(told(&ann(), &deflated.finish().unwrap()), (true, vec![]));
    let mut brotli = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut brotli, 4096, 9, 20);
    std::io::Write::write_all(&mut writer, text.as_bytes()).unwrap();
    drop(writer);
    assert_eq!(told(&ann(), &brotli), (true, vec![]));
    let noise: Vec<u8> = {
        let mut state = 7u64;
        let next = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u8
        };
        (0..150).map(next).collect()
    };
    let pgp = [
        b"\x8c\x0d\x04\x09\x03\x02\x45\x09\x65\x16\xae\x14\x23\xeb\xff\xd2\xc0\x0b\x01",
        &noise[..],
    ];
    let vault = "a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  66643034663662396232386538343433\n";
    for (content, reason) in [
        (&noise[..], "binary: compressed or encrypted content"),
        (&pgp.concat(), "pgp: encrypted"),
        (vault.as_bytes(), "ansible-vault: encrypted"),
        (b"owner: ENC[AES256_GCM,data:9lYQPsXaDXzcvUCJ==,iv:+AY=,type:str]\n", "sops: encrypted"),
        (b"\0GITCRYPT\0\x01\x02\x03", "git-crypt: encrypted"),
    ] {
        assert_eq!(told(&ann(), content), (false, vec![reason.to_owned()]));
    }
    for content in [
        &b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0"[..],
        b"how to use $ANSIBLE_VAULT;1.1;AES256 and ENC[AES256_GCM,data:...]",
        &(0..40).flat_map(|n| (f64::from(n) * 0.37).sin().to_le_bytes()).collect::<Vec<u8>>(),
    ] {
        assert_eq!(told(&ann(), content), (false, vec![]));
    }
}

#[test]
fn counted_strings_and_guids_in_bytes_are_read() {
    let guid = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";
    let bytes = hex::decode(guid.replace('-', "")).unwrap();
    let mixed = hex::decode("ff19966f868b11d0b42d00cf4fc964ff").unwrap();
    for (text, expected) in [
        ("d2:by15:ann@contoso.com2:idi7ee".to_owned(), true),
        ("d2:by17:joann@contoso.com2:idi7ee".to_owned(), false),
        ("16:kofi@contoso.com,15:ann@contoso.com,".to_owned(), true),
        ("(5:owner15:ann@contoso.com2:id)".to_owned(), true),
        (format!("{{\"id\":\"{}\"}}", STANDARD.encode(&bytes)), true),
        (format!("objectGUID:: {}\n", STANDARD.encode(&mixed)), true),
        (format!("{{\"id\":\"{}\"}}", STANDARD.encode([7; 16])), false),
    ] {
        assert_eq!(told(&ann(), text.as_bytes()), (expected, vec![]), "{text}");
    }
    let named = named("Mira Osei");
    for (text, expected) in [
        (r#"a:2:{s:10:"first_name";s:4:"Mira";s:9:"last_name";s:4:"Osei";}"#, true),
        (r#"{"meta":"a:2:{s:5:\"given\";s:4:\"Mira\";s:7:\"surname\";s:4:\"Osei\";}"}"#, true),
        (
            concat!(
                r#"a:2:{i:0;a:2:{s:10:"first_name";s:4:"Mira";s:9:"last_name";s:6:"Brandt";}"#,
                r#"i:1;a:2:{s:10:"first_name";s:4:"Kofi";s:9:"last_name";s:4:"Osei";}}"#,
            ),
            false,
        ),
    ] {
        assert_eq!(told(&named, text.as_bytes()).0, expected, "{text}");
    }
}
