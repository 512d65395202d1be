//! What the targets for readers begin with: for each folder of readers the signs of its forms, and
//! small files of them.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A folder of readers.
pub struct Folder {
    /// Its name, and that of its target.
    pub name: &'static str,
    /// What its forms begin with. The first byte of an input says which of them stands before the
    /// rest, so that nothing is lost on guessing signs.
    pub signs: &'static [&'static [u8]],
}

/// All of them.
pub const FOLDERS: [Folder; 7] = [
    Folder {
        name: "stores",
        signs: &[
            b"SQLite format 3\0",
            b"\x37\x7f\x06\x82\0\x2d\xe2\x18",
            b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7",
            b"ARROW1\0\0",
            b"\xff\xff\xff\xff",
            b"\x89HDF\r\n\x1a\n",
            b"%PDF-1.",
            b"ORC",
            b"\x89PNG\r\n\x1a\n",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            b"7z\xbc\xaf\x27\x1c",
            b"PACK\0\0\0\x02",
            b"# v2 git bundle\n",
            b"\x80\x04\x95",
            b"<stata_dta><header><release>11",
            b"HEADER RECORD*******LIB",
            b"\x02\x01\x21\x04",
            b"\0\0\0\0\0\0\0\0\0\0\x08\0\0\0\0\0\xde\xc0\xef\xbe\x01\0\0\0",
            b"MATLAB 5.0 MAT-file",
            b"",
        ],
    },
    Folder { name: "markup", signs: &[b"<", b"{\\rtf1", b"a <p>"] },
    Folder { name: "columns", signs: &[b"Obj\x01", b"PAR1"] },
    Folder {
        name: "packing",
        signs: &[
            b"\x1f\x8b\x08",
            b"PK\x03\x04",
            b"\x28\xb5\x2f\xfd",
            b"\xfd7zXZ\0",
            b"BZh91AY&SY",
            b"\x04\x22\x4d\x18",
            b"\xff\x06\0\0sNaPpY",
            b"x\x9c",
            b"\0\x01",
            b"",
        ],
    },
    Folder {
        name: "digits",
        signs: &[b"", b"00000000: ", b"begin 644 a\n", b"<~", b"0x", b"{\"data\": \""],
    },
    Folder { name: "strings", signs: &[b"\0\x01", b"\x80\x04\x95", b"\x93NUMPY\x01\0"] },
    Folder { name: "tables", signs: &[b"", b"user,mail\n", b"| user |\n| --- |\n", b"USER PID\n"] },
];

impl Folder {
    /// The item that an input stands for.
    pub fn item(&self, input: &[u8]) -> Vec<u8> {
        let Some((which, rest)) = input.split_first() else { return Vec::new() };
        [self.signs[usize::from(*which) % self.signs.len()], rest].concat()
    }

    /// The input that stands for an item, if it is one of this folder.
    pub fn input(&self, item: &[u8]) -> Option<Vec<u8>> {
        let of = |(which, sign): (usize, &&[u8])| {
            let rest = item.strip_prefix(*sign)?;
            Some([&[which as u8], rest].concat())
        };
        self.signs.iter().enumerate().filter_map(of).min_by_key(Vec::len)
    }
}

/// Files of stores, each by its own library, one a line: its name and what it holds, packed.
const STORES: &str = include_str!("../it/stores/files.txt");

/// Small files of all folders, by the name of their folder.
pub fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let packed = STORES.lines().filter_map(|line| line.split_once(' '));
    let unpacked = |packed: &str| {
        let packed = STANDARD.decode(packed).expect("it is written so");
        let mut bytes = Vec::new();
        let mut decoder = flate2::write::ZlibDecoder::new(&mut bytes);
        decoder.write_all(&packed).and_then(|()| decoder.finish().map(drop)).expect("as above");
        bytes
    };
    let mut all: Vec<_> = packed.map(|(_, packed)| ("stores", unpacked(packed))).collect();
    all.extend(texts().into_iter().map(|(folder, text)| (folder, text.into_bytes())));
    all.extend(packings().into_iter().map(|bytes| ("packing", bytes)));
    all.extend(strings().into_iter().map(|bytes| ("strings", bytes)));
    all.push(("columns", avro()));
    all
}

fn texts() -> Vec<(&'static str, String)> {
    let plain = "by Ann Lefèvre, ann@contoso.com";
    let digits = hex::encode(plain);
    let pairs: Vec<_> = digits.as_bytes().chunks(2).map(String::from_utf8_lossy).collect();
    vec![
        (
            "markup",
            "<w:p><w:r><w:t>Ann </w:t></w:r><w:r><w:t>Lef&#232;vre</w:t></w:r></w:p>".into(),
        ),
        ("markup", "<p title=\"a>b\">ann<wbr>@contoso.com<!-- x --><td>user<td>ann</p>".into()),
        ("markup", "<![CDATA[ann]]>@<b>contoso.com".into()),
        (
            "markup",
            "{\\rtf1\\ansi{\\fonttbl{\\f0 A;}}\\f0 Ann Lef\\'e8vre\\par \\u24403?\\bin3 abc}"
                .into(),
        ),
        ("digits", STANDARD.encode(plain)),
        ("digits", format!("{{\"data\": \"{}\"}}", STANDARD.encode(plain))),
        ("digits", format!("0x{digits}, \\x{digits}")),
        ("digits", format!("00000000: {} ..\n00000010: 00\n", pairs[..16].join(" "))),
        ("digits", "begin 644 a\n086YN0&-O;G1O<V\\N8V]M\n`\nend\n".into()),
        ("digits", "<~@;KXtDf0Z.DJsP8@qB^n~>".into()),
        ("digits", "=?utf-8?q?ann=40contoso.com?= ann=40contoso=2Ecom =\nx %61nn \\u0061nn".into()),
        ("tables", "run,user,mail\n1,ann,ann@contoso.com\n2,\"jo\"\"e\",x\n".into()),
        ("tables", "| given | family |\n| ----- | ------ |\n| Ann | Lefèvre |\n\nAnn".into()),
        ("tables", "USER   PID %CPU\nann    123  0.0\nroot   1    0.0\n".into()),
        ("tables", "user\tmail\nann\tann@contoso.com\r\n".into()),
    ]
}

fn packings() -> Vec<Vec<u8>> {
    let plain = "by Ann Lefèvre, ann@contoso.com\n".repeat(4).into_bytes();
    let level = flate2::Compression::default();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), level);
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), level);
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let wrote = "it is written to memory";
    gzip.write_all(&plain).expect(wrote);
    zlib.write_all(&plain).expect(wrote);
    for name in ["a.txt", "b/ann.txt"] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).expect(wrote);
        zip.write_all(&plain).expect(wrote);
    }
    let (gzip, zlib) = (gzip.finish().expect(wrote), zlib.finish().expect(wrote));
    let inside = [b"\0\x01".as_slice(), &gzip, b"and", &zlib, b"\0"].concat();
    let zstd = zstd::bulk::compress(&plain, 3).expect(wrote);
    let zip = zip.finish().expect(wrote).into_inner();
    let again = [gzip.as_slice(), &gzip, b"behind"].concat();
    let mut snappy = snap::write::FrameEncoder::new(Vec::new());
    snappy.write_all(&plain).expect(wrote);
    let snappy = snappy.into_inner().expect(wrote);
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    lz4.write_all(&plain).expect(wrote);
    let lz4 = lz4.finish().expect(wrote);
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 6);
    xz.write_all(&plain).expect(wrote);
    let xz = xz.finish().expect(wrote);
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    bzip2.write_all(&plain).expect(wrote);
    let bzip2 = bzip2.finish().expect(wrote);
    vec![gzip, zlib, zip, zstd, inside, again, snappy, lz4, xz, bzip2]
}

fn strings() -> Vec<Vec<u8>> {
    let wide: Vec<u8> = "ann@contoso.com".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let widest: Vec<u8> = "Ann Lefèvre".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    let ends: Vec<u8> = [0u32, 15, 31, 46].iter().flat_map(|end| end.to_le_bytes()).collect();
    vec![
        [b"\x80\x04\x95\x20\0\0\0\0\0\0\0\x8c\x0fann@contoso.com\x94\x8c\x03bobu.".as_slice()]
            .concat(),
        [b"\0\x01".as_slice(), &wide, b"\0\0\x07", &widest].concat(),
        [b"\0\x01".as_slice(), &ends, b"ann@contoso.comjoann@contoso.comann@contoso.org"].concat(),
        [
            b"\x93NUMPY\x01\0\x46\0{'descr': '|S15', 'fortran_order': False, 'shape': (2,), }\n"
                .as_slice(),
            b"ann@contoso.combob@contoso.com",
        ]
        .concat(),
        b"\0\x01\x0a\x0fann@contoso.com\x12\x03ann\xd9\x0fann@contoso.com\xa3ann".to_vec(),
    ]
}

/// A file of two records with a text and a list of texts.
fn avro() -> Vec<u8> {
    let text = |text: &str| [&[(text.len() * 2) as u8], text.as_bytes()].concat();
    let schema = r#"{"type":"record","name":"r","fields":[{"name":"user","type":"string"}]}"#;
    let block = [text("ann"), text("bob")].concat();
    let schema =
        [&[(schema.len() * 2) as u8 | 0x80, (schema.len() >> 6) as u8], schema.as_bytes()].concat();
    let head = [
        b"Obj\x01\x04".to_vec(),
        text("avro.schema"),
        schema,
        text("avro.codec"),
        text("null"),
        vec![0],
    ];
    [head.concat(), vec![0; 16], vec![4, (block.len() * 2) as u8], block, vec![0; 16]].concat()
}
