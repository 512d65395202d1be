//! What stands behind an end, before a beginning or between what a directory tells of: streams one
//! behind the other, members that were dropped, text that was appended.

use std::io::Write;

use crate::digits;
use crate::matching::{ann, gzip, tar, zip};

const TEXT: &str = "by ann@contoso.com now\n";

const OTHER: &str = "nothing of anybody\n";

fn told(content: &[u8]) -> (bool, Vec<String>) {
    digits::told(&ann(), content)
}

/// A way to pack bytes as one stream, with its name.
type Packed = (&'static str, fn(&[u8]) -> Vec<u8>);

fn packed() -> Vec<Packed> {
    fn written<W: Write>(mut writer: W, content: &[u8], finish: fn(W) -> Vec<u8>) -> Vec<u8> {
        writer.write_all(content).unwrap();
        finish(writer)
    }
    vec![
        ("zlib", |content| {
            let writer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
            written(writer, content, |writer| writer.finish().unwrap())
        }),
        ("bzip2", |content| {
            let writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
            written(writer, content, |writer| writer.finish().unwrap())
        }),
        ("xz", |content| {
            let writer = liblzma::write::XzEncoder::new(Vec::new(), 1);
            written(writer, content, |writer| writer.finish().unwrap())
        }),
        ("zstd", |content| zstd::encode_all(content, 3).unwrap()),
        ("gzip", gzip),
    ]
}

#[test]
fn a_stream_goes_on_behind_its_end() {
    for (way, pack) in packed() {
        let (text, other) = (pack(TEXT.as_bytes()), pack(OTHER.as_bytes()));
        let (start, end) = TEXT.split_at(9);
        for (order, content) in [
            ("two", [&other[..], &text].concat()),
            ("three", [&other[..], &other, &text].concat()),
            ("behind zeros", [&other[..], &[0; 600], &text].concat()),
            ("over two", [pack(start.as_bytes()), pack(end.as_bytes())].concat()),
            ("before zeros", [&text[..], &[0; 512]].concat()),
            ("tar", [pack(&tar(OTHER.as_bytes())), pack(&tar(TEXT.as_bytes()))].concat()),
        ] {
            assert_eq!(told(&content), (true, vec![]), "{way}, {order}");
        }
        for (other_way, pack) in packed() {
            let (found, named) = told(&[&other[..], &pack(TEXT.as_bytes())].concat());
            assert_eq!((found, named), (true, vec![]), "{other_way} behind {way}");
        }
        assert!(told(&[&other[..], TEXT.as_bytes()].concat()).0, "text behind {way}");
        assert_eq!(told(&[&other[..], &other, &[0; 99]].concat()), (false, vec![]), "{way}");
    }
}

#[test]
fn what_stands_behind_a_picture_or_document_is_read() {
    let gif =
        b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
    let jpeg = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xda\0\x08\x01\x01\0\0?\0\xd2\xcf\xff\xd9";
    let riff = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0data\0\0\0\0";
    let pdf = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";
    for head in [&gif[..], jpeg, riff, pdf] {
        assert_eq!(told(head), (false, vec![]));
        for (way, tail) in [
            ("text", TEXT.as_bytes().to_vec()),
            ("gzip", gzip(TEXT.as_bytes())),
            ("zip", zip(&[("a.txt", TEXT.as_bytes())])),
            ("zstd", zstd::encode_all(TEXT.as_bytes(), 3).unwrap()),
            ("tar", tar(TEXT.as_bytes())),
        ] {
            let found = told(&[head, &tail].concat());
            assert_eq!(found, (true, vec![]), "{way} behind {:?}", &head[..4]);
        }
    }
}

#[test]
fn frames_that_are_skipped_are_read() {
    let pack = |text: &str| zstd::encode_all(text.as_bytes(), 3).unwrap();
    let frame = |number: u32, content: &[u8]| {
        let head = [0x184d_2a50 + number, content.len() as u32].map(u32::to_le_bytes);
        [head.as_flattened(), content].concat()
    };
    let number = frame(0, b"\x01\x02\x03\x04");
    for content in [
        [frame(0, TEXT.as_bytes()), pack(OTHER)].concat(),
        [pack(OTHER), frame(3, TEXT.as_bytes()), pack(OTHER)].concat(),
        [pack(OTHER), frame(15, &gzip(TEXT.as_bytes()))].concat(),
        frame(0, TEXT.as_bytes()),
        [&number[..], &pack(OTHER), &number, &pack(TEXT)].concat(),
    ] {
        assert_eq!(told(&content), (true, vec![]));
    }
    assert_eq!(told(&[number, pack(OTHER)].concat()), (false, vec![]));
}

#[test]
fn a_tar_goes_on_behind_its_end() {
    let other = tar(OTHER.as_bytes());
    for rest in [tar(TEXT.as_bytes()), gzip(TEXT.as_bytes()), TEXT.into(), TEXT.repeat(90).into()] {
        assert_eq!(told(&[&other[..], &rest].concat()), (true, vec![]));
    }
}

#[test]
fn what_no_directory_tells_of_is_read() {
    let text = zip(&[("a.txt", TEXT.as_bytes())]);
    let other = zip(&[("b.txt", OTHER.as_bytes())]);
    for (way, content) in [
        ("behind", [&other[..], TEXT.as_bytes()].concat()),
        ("packed behind", [&other[..], &gzip(TEXT.as_bytes())].concat()),
        ("an archive before", [&text[..], &other].concat()),
        ("an archive behind", [&other[..], &text].concat()),
        ("before", [TEXT.as_bytes(), &other].concat()),
        ("dropped", dropped(&[("a.txt", TEXT), ("b.txt", OTHER)])),
        ("dropped by name", dropped(&[("ann@contoso.com.csv", OTHER), ("b.txt", OTHER)])),
        ("in another", zip(&[("c.zip", &dropped(&[("a.txt", TEXT), ("b.txt", OTHER)]))])),
    ] {
        assert_eq!(told(&content), (true, vec![]), "{way}");
    }
    for (way, content) in [
        ("whole", other.clone()),
        ("streamed", streamed(&[("a", OTHER), ("b", &OTHER.repeat(99))])),
        ("dropped", dropped(&[("a.txt", OTHER), ("b.txt", OTHER)])),
    ] {
        assert_eq!(told(&content), (false, vec![]), "{way}");
    }
    assert_eq!(told(&streamed(&[("a", OTHER), ("b", TEXT)])), (true, vec![]));
}

/// A zip of which the directory leaves out the first member.
fn dropped(members: &[(&str, &str)]) -> Vec<u8> {
    let all: Vec<(&str, &[u8])> =
        members.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let content = zip(&all);
    let find = |sign: &[u8], from: usize| {
        from + content[from..].windows(4).position(|four| four == sign).unwrap()
    };
    let first = find(b"PK\x01\x02", 0);
    let second = find(b"PK\x01\x02", first + 4);
    let mut end = content[find(b"PK\x05\x06", second)..].to_vec();
    let len = content.len() - end.len() - second;
    end[8..12].copy_from_slice(&[1, 0, 1, 0]);
    end[12..16].copy_from_slice(&(len as u32).to_le_bytes());
    [&content[..first], &content[second..second + len], &end].concat()
}

/// A zip as it is written to what cannot seek: sizes stand behind the members.
fn streamed(members: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new_stream(Vec::new());
    for (name, text) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn comments_of_members_are_read_in_any_charset() {
    for comment in ["für Ann Lefèvre".as_bytes(), b"f\xfcr Ann Lef\xe8vre"] {
        let mut content = zip(&[("a.txt", OTHER.as_bytes())]);
        let entry = content.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
        let end = content.windows(4).position(|four| four == b"PK\x05\x06").unwrap();
        let len = (end - entry + comment.len()) as u32;
        content[entry + 32] = comment.len() as u8;
        content[end + 12..end + 16].copy_from_slice(&len.to_le_bytes());
        content.splice(end..end, comment.iter().copied());
        assert_eq!(told(&content), (true, vec![]));
    }
}
