//! Any bytes redacted: nothing panics, limits hold, and what comes out is another document of its
//! kind or refused. A person put into plain text or JSON is gone from it.

#![no_main]

use dsrd::matching::redact::looks::Erasing;
use dsrd::matching::redact::refusal::Unredacted;
use dsrd::matching::redact::rewriting::{is_clean, redact_named};
use dsrd_fuzz::{MATCHER, limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &str, &str)| {
    let (content, before, after) = input;
    let rewritten = |content: &[u8]| {
        let mut out = Vec::new();
        match redact_named(&mut Erasing(&MATCHER), "x", &mut &*content, &mut out, &limits()) {
            Ok(replaced) => Some((out, replaced)),
            Err(Unredacted::NotRewritable(_)) => None,
            Err(Unredacted::Failed(error)) => panic!("bytes in memory can be read: {error}"),
        }
    };
    let is_gone = |content: &[u8]| {
        is_clean(&mut Erasing(&MATCHER), "x", &mut &*content, &limits()).expect("as above")
    };
    rewritten(content);
    let plain = |text: &str| text.replace(|c: char| c.is_control(), " ");
    let text = format!("x {} ann@contoso.com {}", plain(before), plain(after));
    if let Some((out, replaced)) = rewritten(text.as_bytes()) {
        assert!(replaced.erased > 0 && is_gone(&out), "{text:?}");
    }
    let document = serde_json::json!({ before: [1, after, "ann@contoso.com"], after: before });
    if let Some((out, _)) = rewritten(document.to_string().as_bytes()) {
        let after: serde_json::Value = serde_json::from_slice(&out).expect("JSON stays JSON");
        assert_eq!(after.as_object().map(|o| o.len()), document.as_object().map(|o| o.len()));
    }
});
