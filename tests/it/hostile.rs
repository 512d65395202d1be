//! Content that was made to take long, to take much, or to break what reads it. Work is compared by
//! counting what is looked at, never by the clock: eight times as much of it takes eight times the
//! work, in every reading, and a decoder that is over its bounds is named.

use std::io::{self, Read};
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dsrd::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use dsrd::matching::limits::{ItemLimits, PeopleLimits};
use dsrd::matching::matcher::Matcher;
use dsrd::matching::people::census::census;
use dsrd::matching::people::crowd::Crowd;
use dsrd::matching::redact::looks::{Erasing, Masking};
use dsrd::matching::redact::rewriting::redact_named;
use dsrd::matching::scan::{Scan, scan};
use dsrd::matching::views::meter::Meter;
use dsrd::matching::views::tour::{Look, Tour};
use dsrd::matching::work;
use dsrd::ports::messages::inbox::Label;
use dsrd::stages::message::fault::Terms;
use dsrd::stages::message::read::read;

use crate::matching::{gzip, item, zip};
use crate::support::program::{Home, wait_for};
use crate::support::sample::is_everything_tried;

fn ann() -> Subject {
    let raw = |kind, value: &str| Identity::new(kind, IdentityFormat::Raw, value.to_owned());
    Subject {
        identities: vec![
            raw(IdentityType::Email, "ann@contoso.com"),
            raw(IdentityType::Name, "Ann Lefèvre"),
            raw(IdentityType::Username, "ann.l"),
            raw(IdentityType::ControllerCustomerId, "C-1029384"),
        ],
    }
}

fn scanned(content: &mut dyn Read) -> Scan {
    scan(&item("x"), content, &Matcher::new(&[&ann()]), &ItemLimits::default()).unwrap()
}

/// A way of looking at content.
type Way = (&'static str, fn(&[u8]));

const FINDING: Way = ("finding", |content| drop(scanned(&mut &*content)));

const ERASING: Way = ("erasing", |content| {
    let matcher = Matcher::new(&[&ann()]);
    let mut look = Erasing(&matcher);
    redact_named(&mut look, "x", &mut &*content, &mut io::sink(), &ItemLimits::default()).ok();
});

const MASKING: Way = ("masking", |content| {
    let mut crowd = Crowd::new(&ann(), &PeopleLimits::default());
    crowd.add(&counted(&content[..content.len().min(1 << 12)]));
    let mask = crowd.mask().unwrap();
    let mut look = Masking::of(&mask);
    redact_named(&mut look, "x", &mut &*content, &mut io::sink(), &ItemLimits::default()).ok();
});

fn counted(content: &[u8]) -> dsrd::matching::people::census::Census {
    let (limits, people) = (ItemLimits::default(), PeopleLimits::default());
    census(&item("x"), &mut &*content, &limits, &people).unwrap()
}

/// Bytes of one sort, of any length.
type Make = fn(usize) -> Vec<u8>;

fn over(part: &[u8], len: usize) -> Vec<u8> {
    part.iter().copied().cycle().take(len).collect()
}

fn noise(len: usize) -> Vec<u8> {
    let mut state = 7u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// A byte that is no text, so that what follows is read as a binary.
fn binary(part: &[u8], len: usize) -> Vec<u8> {
    [b"\0\xff\xfe\x80".as_slice(), &over(part, len)].concat()
}

/// What was seen to take long, and others of its kinds.
const HOSTILE: [(&str, Make); 57] = [
    ("sig=sig=", |len| over(b"sig=", len)),
    ("sig=a%26sig=", |len| over(b"sig=a%26", len)),
    ("password=password=", |len| over(b"password=", len)),
    ("token:token:", |len| over(b"token:", len)),
    ("\"token\":\"…\"", |len| over(b"\"token\":\"0123456789abcdef0123\"\n", len)),
    ("authorization:", |len| over(b"authorization:", len)),
    ("password and blanks", |len| over(b"password          ", len)),
    ("keys without an end", |len| over(b"-----BEGIN PRIVATE KEY-----", len)),
    ("dashes in one line", |len| over(b"-- --- ", len)),
    ("keys with one end", |len| {
        [over(b"-----BEGIN PRIVATE KEY-----\n", len), b"-----END ".repeat(9)].concat()
    }),
    ("=?", |len| over(b"=?", len)),
    ("=?a?b?", |len| over(b"=?utf-8?q?a", len)),
    ("words of mail", |len| over(b"=?utf-8?q?a?= ", len)),
    ("quotes in one line", |len| over(b"\",ann@contoso.com,", len)),
    ("addresses in one line", |len| over(b"bob@contoso.com ", len)),
    ("her addresses in one line of Latin-1", |len| over(b"ann@contoso.com \xe8", len)),
    ("user objects", |len| over(br#"{"userName":"Bob B","upn":"b@x.org"},"#, len)),
    ("createdBy without braces", |len| over(br#""createdBy":"Bob B","#, len)),
    ("keys that name her", |len| over(br#"{"ann@contoso.com":1,"b":{"#, len)),
    ("numbers of hers", |len| [b"[".to_vec(), over(b"1029384, ", len)].concat()),
    ("an endless key", |len| [b"{\"".to_vec(), over(b"ann@contoso.com ", len)].concat()),
    ("backslashes", |len| over(b"\\", len)),
    ("percent", |len| over(b"%25", len)),
    ("entities", |len| over(b"&amp;", len)),
    ("marks", |len| over("a\u{301}\u{302}".as_bytes(), len)),
    ("base64 of noise", |len| STANDARD.encode(noise(len / 4 * 3)).into_bytes()),
    ("runs of base64", |len| over(b"eJwAAAAAbbbbCCCC0123 ", len)),
    ("hexadecimal", |len| over(b"6d697261406e6f7264", len)),
    ("zeros of dumps", |len| over(b"000000 ", len)),
    ("lines of dumps", |len| over(b"00000000: 6d69\n", len)),
    ("arrays of bytes", |len| over(b"\"Buffer\"[, 0x", len)),
    ("beginnings of uuencode", |len| over(b"begin 644 a\n", len)),
    ("brackets of Ascii85", |len| over(b"<~", len)),
    ("noise", noise),
    ("0xff", |len| over(b"\xff", len)),
    ("0x81 0x40", |len| over(b"\x81\x40", len)),
    ("accents", |len| over(b"\xe8\xe9 \xc3", len)),
    ("gzip names", |len| binary(b"\x1f\x8b\x08\x08aaaaaaaaaaaaaa", len)),
    ("gzip comments", |len| binary(b"\x1f\x8b\x08\x10\0\0\0\0\0\0aaaa\0", len)),
    ("gzip header sums", |len| binary(b"\x1f\x8b\x08\x0aaaaaaaaaaaaaaaaaaa", len)),
    ("gzip extra fields", |len| binary(b"\x1f\x8b\x08\x04\0\0\0\0\0\0\xff\xff", len)),
    ("zlib signs", |len| binary(b"\x78\x9c", len)),
    ("zlib stored", |len| binary(b"\x78\x01\0\xff\xff\0\0abc", len)),
    ("zip members on empty blocks", |len| {
        let header = b"PK\x03\x04\x14\0\0\0\x08\0";
        let member = [header.as_slice(), &[0; 20], &b"\0\0\0\xff\xff".repeat(3)].concat();
        binary(&member, len)
    }),
    ("zstd windows", |len| binary(b"\x28\xb5\x2f\xfd\0\x80\x01\0\0", len)),
    ("zstd raw", |len| binary(b"\x28\xb5\x2f\xfd\0\x40\xf8\xff\x01", len)),
    ("bzip2 signs", |len| binary(b"BZh91AY&SY\0\0\0\0\0\0\0\0", len)),
    ("xz signs", |len| binary(b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4\x46\x02\0\x21\x01", len)),
    ("MessagePack", |len| binary(b"\xa5abcde\xd9\x05abcde", len)),
    ("lengths", |len| binary(b"\x0a\x03abc\0\0\0\x04abcd", len)),
    ("offsets", |len| binary(b"\0\0\0\0\x01\0\0\0\x02\0\0\0\x08\0\0\0abcdefgh", len)),
    ("widths", |len| binary(b"|S4|S5|S6|S7|S8|S9,S10,S12,abcdefghijklmnopqrs\0", len)),
    ("rows of nothing", |len| binary(b"```````````````````````````````\x01", len)),
    ("addresses side by side", |len| binary(b"ann@contoso.com.au", len)),
    ("four bytes a character", |len| binary(b"a\0\0\0", len)),
    ("streams of zlib", |len| over(b"\x78\x9c\x4b\x04\0\0\x62\0\x62", len)),
    ("records", |len| binary(b"\x04\0\0\0\0\0\0\0\0\0\0\0abcd\0\0\0\0", len)),
];

/// Bytes looked at for each byte, whatever it is.
const WORK_RATIO_MAX: u64 = 1000;

fn work_of(way: fn(&[u8]), content: &[u8]) -> u64 {
    let before = work::done();
    way(content);
    work::done() - before
}

/// Compares the work on so many bytes and on eight times as many.
fn compare(ways: &[Way], patterns: &[(&str, Make)], len: usize) {
    let mut faults = Vec::new();
    for (name, make) in patterns {
        let (small, large) = (make(len), make(8 * len));
        for (way, run) in ways {
            let (once, eight) = (work_of(*run, &small), work_of(*run, &large));
            // Windows overlap: of eight times as much, a little more than eight times is read.
            let linear = eight <= once * 12;
            if !linear || eight / large.len() as u64 > WORK_RATIO_MAX {
                faults.push(format!("{way} {name}: {once} then {eight}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// How many of the patterns are text.
const TEXTS: usize = 33;

#[test]
fn finding_is_linear_in_text() {
    compare(&[FINDING], &HOSTILE[..TEXTS], 1 << 18);
}

#[test]
fn finding_is_linear_in_binaries() {
    compare(&[FINDING], &one_in(2, &HOSTILE[TEXTS..]), 1 << 18);
}

#[test]
fn rewriting_is_linear_in_text() {
    compare(&[ERASING], &one_in(2, &HOSTILE[..TEXTS]), 1 << 18);
}

/// Everybody is looked for, so this takes long.
#[test]
fn masking_is_linear_in_text() {
    compare(&[MASKING], &one_in(12, &HOSTILE[..TEXTS]), 1 << 18);
}

/// One in so many of them, or all by the variable.
fn one_in<T: Copy>(step: usize, all: &[T]) -> Vec<T> {
    let step = if is_everything_tried() { 1 } else { step };
    all.iter().copied().step_by(step).collect()
}

#[test]
fn and_from_one_megabyte_to_eight() {
    const WORST: [&str; 5] =
        ["sig=sig=", "=?", "gzip names", "zlib stored", "zip members on empty blocks"];
    let worst: Vec<_> = HOSTILE.into_iter().filter(|(name, _)| WORST.contains(name)).collect();
    assert_eq!(worst.len(), WORST.len());
    compare(&[FINDING], &worst, 1 << 20);
}

/// Bodies of messages: keys and values that are compared with each other.
#[test]
fn a_message_is_read_in_linear_work() {
    let body = |len: usize| {
        // Each three letters of the keys stand in some value, and no key does.
        let keys: String = (0..len / 40).map(|key| format!("\"abcab_{key}\":1,")).collect();
        let parts = ["xabcy", "xbcay", "xcaby"];
        let value = |id: usize| format!("{{\"value\":\"{}{id}\"}},", parts[id % 3]);
        let values: String = (0..len / 40).map(value).collect();
        format!("{{{keys}\"people\":[{values}1]}}").into_bytes()
    };
    let terms = Terms { message_bytes_max: usize::MAX, ..Terms::of_the_ledger() };
    let work = |len: usize| {
        let (body, before) = (body(len), work::done());
        assert!(read(&body, &Label::default(), &terms).is_err());
        work::done() - before
    };
    let (once, eight) = (work(1 << 20), work(8 << 20));
    assert!(once > 1 << 18, "values are compared");
    assert!(eight <= once * 9, "{once} then {eight}");
}

fn long(value: i64) -> Vec<u8> {
    let mut rest = (value << 1 ^ value >> 63) as u64;
    let mut bytes = Vec::new();
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}

fn avro(schema: &str, codec: &str, count: i64, block: &[u8]) -> Vec<u8> {
    let text = |text: &str| [long(text.len() as i64), text.into()].concat();
    [
        b"Obj\x01".to_vec(),
        long(2),
        text("avro.schema"),
        text(schema),
        text("avro.codec"),
        text(codec),
        long(0),
        vec![0; 16],
        long(count),
        long(block.len() as i64),
        block.to_vec(),
        vec![0; 16],
    ]
    .concat()
}

/// Types of which each has two of the next: no byte is read and no end is reached.
fn doubled(depth: usize) -> String {
    (0..depth).rev().fold("\"null\"".to_owned(), |inner, level| {
        let again =
            if level + 1 == depth { "\"null\"".to_owned() } else { format!("\"r{}\"", level + 1) };
        format!(
            r#"{{"type":"record","name":"r{level}","fields":[{{"name":"a","type":{inner}}},
                {{"name":"b","type":{again}}}]}}"#
        )
    })
}

fn long_name(kind: u8, len: u64) -> impl Read {
    let mut header = tar::Header::new_gnu();
    header.set_path("././@LongLink").unwrap();
    header.set_size(len);
    header.set_entry_type(tar::EntryType::new(kind));
    header.set_cksum();
    let padding = (512 - len % 512) % 512;
    let rest = crate::matching::tar(b"x ann@contoso.com");
    io::Cursor::new(header.as_bytes().to_vec())
        .chain(io::repeat(b'a').take(len))
        .chain(io::repeat(0).take(padding))
        .chain(io::Cursor::new(rest))
}

#[test]
fn what_a_file_claims_is_not_believed() {
    let snappy = |stated: u64| {
        let mut block = Vec::new();
        let mut rest = stated;
        while rest >= 0x80 {
            block.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        block.push(rest as u8);
        [block, vec![0; 8]].concat()
    };
    for (what, content, reason) in [
        ("records of nothing", avro("\"null\"", "null", i64::MAX, b""), None),
        (
            "items of nothing",
            avro(
                r#"{"type":"array","items":"null"}"#,
                "null",
                1,
                &[long(i64::MAX), long(0)].concat(),
            ),
            None,
        ),
        (
            "a schema without a type",
            avro(r#"[{"name":"x"},{"type":"map"}]"#, "null", 1, b"\0"),
            Some("avro: broken"),
        ),
        ("types upon types", avro(&doubled(40), "null", 1, b""), Some("work limit")),
        (
            "a length of four gigabytes",
            avro("\"string\"", "snappy", 1, &snappy(0xffff_ffff)),
            Some("avro: block too large"),
        ),
        ("three bytes of bzip2", b"BZh".to_vec(), None),
        (
            "three bytes of bzip2 beside others",
            zip(&[("a", b"BZh"), ("b", b"ann@contoso.com")]),
            None,
        ),
        ("nothing", Vec::new(), None),
    ] {
        let scan = scanned(&mut content.as_slice());
        let told: Vec<&str> = scan.unreadable.iter().map(String::as_str).collect();
        assert_eq!(told.first().copied(), reason, "{what}: {told:?}");
        assert_eq!(scan.hits.len(), usize::from(what.ends_with("others")), "{what}");
    }
    for kind in [b'L', b'K', b'x', b'g'] {
        let scan = scanned(&mut long_name(kind, 64 << 20));
        assert!(scan.unreadable.iter().any(|told| told == "tar: name too long"), "{kind}");
        assert_eq!(scan.hits.len(), 1, "what follows is read");
    }
}

#[test]
fn members_that_overlap_are_read_once() {
    let content = zip(&[("a", &noise(4096))]);
    // Every further entry of the directory is of the same member.
    let directory = memchr::memmem::find(&content, b"PK\x01\x02").unwrap();
    let end = memchr::memmem::find(&content, b"PK\x05\x06").unwrap();
    let entry = &content[directory..end];
    let count = 2000u16;
    let mut bomb = content[..directory].to_vec();
    for number in 0..count {
        let mut entry = entry.to_vec();
        entry[46] = b'a' + (number % 26) as u8; // the name, which tells one from the other
        entry.truncate(47);
        entry[28..30].copy_from_slice(&3u16.to_le_bytes());
        entry[30..34].copy_from_slice(&[0; 4]);
        entry.extend([b'0' + (number / 26 % 10) as u8, b'0' + (number / 260) as u8]);
        bomb.extend(entry);
    }
    let size = (bomb.len() - directory) as u32;
    let mut tail = content[end..].to_vec();
    tail[8..10].copy_from_slice(&count.to_le_bytes());
    tail[10..12].copy_from_slice(&count.to_le_bytes());
    tail[12..16].copy_from_slice(&size.to_le_bytes());
    bomb.extend(tail);
    let before = work::done();
    let scan = scanned(&mut bomb.as_slice());
    assert!(
        scan.unreadable.contains(&"zip: overlapping members".to_owned()),
        "{:?}",
        scan.unreadable
    );
    assert!(work::done() - before < 500 * bomb.len() as u64);
}

#[test]
fn packing_within_packing_has_an_end() {
    let mut content = b"ann@contoso.com C:\\\\x\\n".to_vec();
    for level in 0..40 {
        let packed = STANDARD.encode(gzip(&content));
        content = format!("{{\"a\\n{level}\": \"%41 =41 {packed}\"}}").into_bytes();
    }
    let before = work::done();
    let scan = scanned(&mut content.as_slice());
    assert!(scan.unreadable.iter().any(|told| told.starts_with("depth limit")));
    assert!(work::done() - before < 2000 * content.len() as u64);
}

/// Panics over some texts.
struct Panicking;

impl Look for Panicking {
    type What = ();

    fn look(&mut self, text: &str, seen: &mut dyn FnMut((), Range<usize>)) {
        assert!(!text.contains("over this"), "a decoder with a bug");
        text.match_indices("here").for_each(|(at, _)| seen((), at..at + 4));
    }

    fn keep(&mut self, (): &()) -> bool {
        true
    }
}

#[test]
fn a_panic_costs_the_part_that_it_is_in() {
    let gone = gzip(b"over this");
    let run = STANDARD.encode(b"it panics over this. ");
    let beside = format!("here {run} here");
    let content =
        zip(&[("a", b"here"), ("b", &gone), ("c", b"over this"), ("d", beside.as_bytes())]);
    let (limits, meter, mut look) = (ItemLimits::default(), Meter::default(), Panicking);
    let mut walk = Tour::new(&mut look, &limits, &meter);
    walk.content(&mut content.as_slice()).unwrap();
    let seen: Vec<_> =
        walk.sights.iter().map(|sight| format!("{} {}", sight.view, sight.place)).collect();
    assert_eq!(
        seen,
        [
            "zip:a > text line 1 column 1",
            "zip:d > text line 1 column 1",
            "zip:d > text line 1 column 35"
        ]
    );
    let told: Vec<_> = walk.unreadable.iter().map(String::as_str).collect();
    assert_eq!(
        told,
        [
            "decoder: gave up in base64",
            "decoder: gave up in zip:b > gzip",
            "decoder: gave up in zip:c",
        ]
    );
}

#[test]
fn what_stands_behind_gzip_is_read_and_kept_or_refused() {
    let whole = gzip(b"x ann@contoso.com");
    let filled = [whole.as_slice(), &[0; 3000]].concat();
    let scan = scanned(&mut filled.as_slice());
    assert_eq!((scan.hits.len(), scan.unreadable.len()), (1, 0));
    let matcher = Matcher::new(&[&ann()]);
    let erased = |content: &[u8]| {
        let mut out = Vec::new();
        let done = redact_named(
            &mut Erasing(&matcher),
            "x",
            &mut &*content,
            &mut out,
            &ItemLimits::default(),
        );
        done.map(|_| out).map_err(|error| error.to_string())
    };
    let out = erased(&filled).unwrap();
    let mut rest = out.as_slice();
    flate2::bufread::GzDecoder::new(&mut rest).read_to_end(&mut Vec::new()).unwrap();
    assert_eq!(rest, [0; 3000]);
    let garbage = [whole.as_slice(), b"\0\0and ann@contoso.com"].concat();
    let scan = scanned(&mut garbage.as_slice());
    assert_eq!((scan.hits.len(), scan.unreadable), (2, Vec::<String>::new()));
    assert_eq!(erased(&garbage).unwrap_err(), "gzip: trailing bytes");
}

#[test]
fn an_item_that_takes_too_long_is_named() {
    let limits = ItemLimits { item_time_ms_max: 0, ..ItemLimits::default() };
    let content = noise(8 << 20);
    let matcher = Matcher::new(&[&ann()]);
    let scan = scan(&item("x"), &mut content.as_slice(), &matcher, &limits).unwrap();
    assert!(scan.unreadable.iter().any(|told| told.starts_with("time: ")), "{:?}", scan.unreadable);
}

#[test]
fn a_stop_ends_the_process_while_a_thread_is_busy() {
    let home = Home::new();
    // Of a terabyte a thread is busy for days.
    let endless = std::fs::File::create(home.source().join("endless")).unwrap();
    endless.set_len(1 << 40).unwrap();
    let daemon = home.serve();
    let request = home.request("t-1", "access", &[("email", "ann@contoso.com")]);
    home.done(&["submit", request.to_str().unwrap()]);
    wait_for("the find", || home.run(&["status", "t-1"]).out.contains("finding"));
    let asked = std::time::Instant::now();
    let (code, log) = daemon.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(asked.elapsed() < std::time::Duration::from_secs(30), "{log}");
    assert!(log.lines().last().unwrap().contains("\"stopped\""), "{log}");
}
