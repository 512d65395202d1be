//! What is encoded, undone and done again.

use super::*;

const ALL: [(&str, Coding); 5] = [
    ("gzip", Coding::Gzip),
    ("deflate", Coding::Zlib),
    ("Deflate", Coding::Deflate),
    ("br", Coding::Brotli),
    ("zstd", Coding::Zstd),
];

fn encoded(coding: Coding, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encode(coding, &mut &*content, &mut out).unwrap();
    out
}

type Read3 = (Vec<u8>, Vec<Coding>, Option<&'static str>);

fn undone(said: &str, mut stored: &[u8]) -> Read3 {
    let limits = ItemLimits { decoded_ratio_max: 100, ..ItemLimits::default() };
    let mut undone = Undone::new(Some(said), &mut stored, &limits).unwrap();
    let mut content = Vec::new();
    undone.read_to_end(&mut content).unwrap();
    (content, undone.codings(), undone.trouble())
}

fn texts() -> Vec<Vec<u8>> {
    let long: Vec<u8> = (0..40_000).flat_map(|n| format!("{n} ann\n").into_bytes()).collect();
    vec![b"ann@contoso.com".to_vec(), b"a".to_vec(), long]
}

#[test]
fn what_is_encoded_is_undone_and_done_again() {
    for text in texts() {
        for (word, coding) in ALL {
            let stored = encoded(coding, &text);
            let (content, codings, trouble) = undone(word, &stored);
            assert!(content == text && codings == [coding], "{word} of {}", text.len());
            assert_eq!(trouble, None, "{word}");
            for (outer, over) in ALL {
                let stored = encoded(over, &stored);
                let (content, codings, trouble) = undone(&format!("{word} , {outer}"), &stored);
                assert!(content == text, "{word}, {outer}");
                assert_eq!((codings, trouble), (vec![coding, over], None));
            }
        }
    }
}

#[test]
fn what_is_not_encoded_as_it_is_said_to_be_is_as_it_stands() {
    let noise: Vec<u8> =
        (0..5_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let words = ["gzip", "deflate", "br", "zstd", "gzip, br"];
    for word in words {
        for text in [b"to ann@contoso.com".to_vec(), "an 山田".repeat(20_000).into_bytes()] {
            assert_eq!(undone(word, &text), (text.clone(), vec![], None), "{word}");
        }
        assert_eq!(undone(word, b""), (vec![], vec![], None), "{word}");
    }
    for word in ["identity", "", "UTF-8", "none, identity"] {
        assert_eq!(undone(word, &noise), (noise.clone(), vec![], None), "{word}");
    }
    for word in ["aes128gcm", "compress", "gzip, magic", "gzip,gzip,gzip,gzip,gzip"] {
        let unknown = Some("content encoding: unknown");
        assert_eq!(undone(word, &noise), (noise.clone(), vec![], unknown), "{word}");
    }
    for word in words {
        assert!(undone(word, &noise).2.is_some(), "{word}");
    }
}

#[test]
fn what_breaks_off_or_goes_on_or_is_too_much_is_named() {
    let text = texts().pop().unwrap();
    for (word, coding) in ALL {
        let stored = encoded(coding, &text);
        let cut = &stored[..stored.len() - 9];
        let (content, _, trouble) = undone(word, cut);
        assert!(text.starts_with(&content) && !content.is_empty(), "{word}");
        assert_eq!(trouble, Some("content encoding: broken"), "{word}");
        let more = [&stored[..], b"to bob, and much more of it"].concat();
        assert!(undone(word, &more).2.is_some(), "{word}");
        let bomb = encoded(coding, &vec![0; 64 << 20]);
        let (content, _, trouble) = undone(word, &bomb);
        assert_eq!(trouble, Some("content encoding: over its limit"), "{word}");
        assert!(content.len() < 32 << 20);
    }
    let stored = encoded(Coding::Gzip, &text);
    assert_eq!(undone("gzip", &[&stored[..], &[0; 512]].concat()).2, None);
    let twice = [&stored[..], &stored[..]].concat();
    assert_eq!(undone("gzip", &twice).0.len(), 2 * text.len(), "members one after the other");
}

#[test]
fn content_that_fails_fails() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("away"))
        }
    }
    let stored = encoded(Coding::Brotli, &texts().pop().unwrap());
    let half = stored.len() / 2;
    for length in [0, half] {
        let mut content = (&stored[..length]).chain(Failing);
        let limits = ItemLimits::default();
        let failed = Undone::new(Some("br"), &mut content, &limits)
            .and_then(|mut undone| io::copy(&mut undone, &mut io::sink()));
        assert!(failed.is_err(), "after {length}");
    }
}
