//! A person named in plain text is found, whatever stands before and after, and in whatever pieces
//! the text is read.

#![no_main]

use std::io::{self, Read};

use dsrd::matching::scan::scan;
use dsrd_fuzz::{MATCHER, item, limits};
use libfuzzer_sys::fuzz_target;

const MENTIONS: [&str; 6] = [
    "ann@contoso.com",
    "{6F9619FF-8B86-D011-B42D-00CF4FC964FF}",
    "Ann\tLefèvre",
    "山田太郎",
    "/home/ann/x",
    "c-1029384",
];

/// Gives its bytes in pieces of this size.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = buffer.len().min(self.1);
        self.0.read(&mut buffer[..len])
    }
}

fuzz_target!(|input: (u8, u8, &str, &str)| {
    let (mention, piece, before, after) = input;
    let mention = usize::from(mention) % MENTIONS.len();
    // A text of its own: not the magic of a container, nor two bytes a character.
    let plain = |text: &str| text.replace('\0', " ");
    let text = format!("x {} {} {}", plain(before), MENTIONS[mention], plain(after));
    let look = |size: usize| {
        let mut content = Pieces(text.as_bytes(), size);
        let found = scan(&item(text.len()), &mut content, &MATCHER, &limits());
        found.expect("bytes in memory can be read").hits
    };
    let hits = look(usize::MAX);
    assert!(hits.iter().any(|found| found.hit.identity == mention), "{text:?}");
    assert!(hits == look(usize::from(piece) + 1));
});
