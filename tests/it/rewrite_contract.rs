//! The promises of `Source::rewrite`, kept by every adapter.

use bytes::Bytes;
use dsrd::domain::failure::Failure;
use dsrd::domain::item::{Item, Version};
use dsrd::ports::sources::{Erased, NewForm, Rewritten};
use futures::stream::{self, StreamExt};

use crate::source_contract::{bytes_of, clear, listing, odd_names};
use crate::support::worlds::World;

/// Bytes of a piece that a form is handed over in.
const PIECE_BYTES: usize = 100_000;

/// This part of the suite.
pub async fn rewrites(world: &dyn World) {
    puts_new_bytes_in_the_place_of_the_old(world).await;
    leaves_what_is_not_as_it_was_seen(world).await;
    leaves_all_as_it_was_where_the_bytes_fail(world).await;
    rewrites_odd_names_exactly(world).await;
    rewrites_current_forms_alone(world).await;
}

async fn puts_new_bytes_in_the_place_of_the_old(world: &dyn World) {
    let big: Vec<u8> = (0..20_000_001_u32).map(|n| (n % 251) as u8).collect();
    for bytes in [&b"about [erased]"[..], b"", &big] {
        world.put("run1", b"about ann").await;
        world.put("run10", b"about bob").await;
        let [seen, other] = <[Item; 2]>::try_from(listing(world.source()).await).unwrap();
        let end = world.source().rewrite(&seen, form(bytes)).await.unwrap();
        let Rewritten::Done { etag } = end else { panic!("{end:?}") };
        let [now, same] = <[Item; 2]>::try_from(listing(world.source()).await).unwrap();
        assert!(now.etag == etag && now.etag != seen.etag && now.size == bytes.len() as u64);
        assert!(bytes_of(world.source(), &now).await == bytes);
        assert!(same == other, "another name is as it was");
        let gone = world.source().erase_replaced(&seen).await.unwrap();
        assert_eq!(gone, Erased::AlreadyAbsent, "nothing is kept of the old bytes");
        assert!(world.get("run1").await.unwrap() == bytes, "and the new ones stay");
        let standing = world.source().erase_replaced(&now).await.unwrap();
        assert_eq!(standing, Erased::AlreadyAbsent);
        assert!(world.get("run1").await.unwrap() == bytes, "as what stands always does");
    }
    clear(world).await;
}

async fn leaves_what_is_not_as_it_was_seen(world: &dyn World) {
    world.put("a", b"first").await;
    world.put("gone", b"first").await;
    let [a, gone] = <[Item; 2]>::try_from(listing(world.source()).await).unwrap();
    world.put("a", b"other").await;
    world.source().erase(&gone).await.unwrap();
    assert_eq!(world.source().rewrite(&a, form(b"new")).await.unwrap(), Rewritten::Changed);
    let absent = world.source().rewrite(&gone, form(b"new")).await.unwrap();
    assert_eq!(absent, Rewritten::AlreadyAbsent);
    assert_eq!(world.get("a").await.unwrap(), b"other");
    assert_eq!(world.names().await, ["a"]);

    let now = listing(world.source()).await.remove(0);
    let done = world.source().rewrite(&now, form(b"new")).await.unwrap();
    assert!(matches!(done, Rewritten::Done { .. }));
    let again = world.source().rewrite(&now, form(b"newer")).await.unwrap();
    assert_eq!(again, Rewritten::Changed, "whoever lost the answer looks at what is there");
    assert_eq!(world.get("a").await.unwrap(), b"new");
    clear(world).await;
}

async fn leaves_all_as_it_was_where_the_bytes_fail(world: &dyn World) {
    world.put("a", b"stays").await;
    let item = listing(world.source()).await.remove(0);
    let broken = || Err(Failure::transient("reading: told to break off"));
    for length in [0, 10, 9_000_000] {
        let mut form = form(&vec![7; length]);
        form.bytes = form.bytes.chain(stream::iter([broken()])).boxed();
        assert!(world.source().rewrite(&item, form).await.unwrap_err().is_transient());
    }
    for size in [0, 9, 11] {
        let form = NewForm { size, ..form(b"0123456789") };
        assert!(world.source().rewrite(&item, form).await.is_err(), "{size} is not the size");
    }
    assert!(listing(world.source()).await == [item]);
    assert_eq!(world.get("a").await.unwrap(), b"stays");
    assert_eq!(world.names().await, ["a"]);
    clear(world).await;
}

async fn rewrites_odd_names_exactly(world: &dyn World) {
    let names: Vec<String> = odd_names().into_iter().filter(|name| world.takes(name)).collect();
    for name in &names {
        world.put(name, name.as_bytes()).await;
    }
    for item in listing(world.source()).await {
        let end = world.source().rewrite(&item, form(item.name.to_uppercase().as_bytes())).await;
        assert!(matches!(end, Ok(Rewritten::Done { .. })), "{:?}: {end:?}", item.name);
    }
    assert_eq!(world.names().await.len(), names.len());
    for name in names {
        assert_eq!(world.get(&name).await.unwrap(), name.to_uppercase().as_bytes(), "{name:?}");
    }
    clear(world).await;
    world.put("a", b"stays").await;
    let mut item = listing(world.source()).await.remove(0);
    for name in ["b/../a", "./a", "../a", "..", "."] {
        if world.takes(name) {
            continue;
        }
        item.name = name.to_owned();
        let end = world.source().rewrite(&item, form(b"no")).await.unwrap();
        assert!(matches!(end, Rewritten::Refused(word) if word == "name"), "{name}");
    }
    assert_eq!(world.get("a").await.unwrap(), b"stays");
    clear(world).await;
}

async fn rewrites_current_forms_alone(world: &dyn World) {
    world.put("a", b"stays").await;
    let item = listing(world.source()).await.remove(0);
    for version in [Version::Snapshot("s".to_owned()), Version::Previous("v".to_owned())] {
        let earlier = Item { version, ..item.clone() };
        let end = world.source().rewrite(&earlier, form(b"no")).await.unwrap();
        assert_eq!(end, Rewritten::Refused("earlier_form".to_owned()));
    }
    assert_eq!(world.get("a").await.unwrap(), b"stays");
    clear(world).await;
}

/// New bytes in several pieces, and nothing beside them.
pub fn form(bytes: &[u8]) -> NewForm {
    let pieces: Vec<_> =
        bytes.chunks(PIECE_BYTES).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let bytes_count = bytes.len() as u64;
    let (metadata, tags) = Default::default();
    NewForm {
        bytes: stream::iter(pieces).boxed(),
        size: bytes_count,
        content_type: None,
        properties: Default::default(),
        metadata,
        tags,
    }
}
