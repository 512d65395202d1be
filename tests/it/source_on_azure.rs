//! The `Source` port over Azure Blob: the suite on the emulator, with each way to be authorised,
//! and what only a service on the other end of a wire can do.

use std::collections::BTreeMap;
use std::time::Instant;

use dsrd::adapters::azure::blob::BlobSource;
use dsrd::config::secret::Secret;
use dsrd::config::settings::Credential;
use dsrd::domain::failure::FailureKind;
use dsrd::domain::item::Version;
use dsrd::domain::outcome::{Barrier, Block};
use dsrd::ports::sources::{Erased, NewForm, Read, Rewritten, Walked};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use crate::rewrite_contract::form;
use crate::source_contract::{bytes_of, keeps_the_contract, listing, lists_exactly};
use crate::support::azurite::Azurite;
use crate::support::wire::Wire;
use crate::support::worlds::{AzuriteWorld, World};

#[tokio::test]
async fn with_an_account_key_keeps_the_contract() {
    let azurite = Azurite::start().await;
    let key = azurite.account_key();
    keeps_the_contract(&AzuriteWorld::new(&azurite, "azureml", key).await).await;
}

#[tokio::test]
async fn with_a_signature_keeps_the_contract() {
    let azurite = Azurite::start().await;
    let sas = azurite.sas("rwdlactf");
    keeps_the_contract(&AzuriteWorld::new(&azurite, "azureml", sas).await).await;
}

#[tokio::test]
async fn lists_over_many_pages() {
    let azurite = Azurite::start_in_memory().await;
    let world = AzuriteWorld::new(&azurite, "azureml", azurite.account_key()).await;
    let puts = (0..12_000).map(|n| {
        let (world, name) = (&world, format!("run{:03}/item{n}", n % 7));
        async move { world.put(&name, b"").await }
    });
    stream::iter(puts).buffer_unordered(32).collect::<Vec<()>>().await;
    lists_exactly(&world, 12_000).await;
}

#[tokio::test]
async fn lists_metadata_and_snapshots_and_erases_them() {
    let azurite = Azurite::start().await;
    let world = AzuriteWorld::new(&azurite, "azureml", azurite.account_key()).await;
    azurite.put("azureml", "a", b"first", &[("owner", "ann")]).await;
    azurite.snapshot("azureml", "a").await;
    azurite.put("azureml", "a", b"second", &[]).await;
    azurite.snapshot("azureml", "a").await;
    azurite.put("azureml", "ab", b"another", &[]).await;

    let items = world.source().remains("a").await.unwrap();
    assert_eq!(items.len(), 3);
    let old = &items[0];
    assert!(matches!(&old.version, Version::Snapshot(_)) && old.modified.is_some());
    assert_eq!(old.metadata["owner"], "ann");
    assert_eq!(bytes_of(world.source(), old).await, b"first");
    assert_eq!(world.source().erase(old).await.unwrap(), Erased::Done);
    assert!(matches!(world.source().read(old).await.unwrap(), Read::Absent));
    assert_eq!(world.source().erase(old).await.unwrap(), Erased::AlreadyAbsent);
    assert_eq!(world.get("a").await.unwrap(), b"second");

    let current = items.iter().find(|item| item.version == Version::Current).unwrap();
    assert_eq!(world.source().erase(current).await.unwrap(), Erased::Done);
    assert!(world.source().remains("a").await.unwrap().is_empty(), "the other snapshot went along");
    assert_eq!(world.names().await, ["ab"]);
    let erased = ["a".to_owned()];
    let horizon = world.source().unrecoverable_after(&erased, Timestamp::UNIX_EPOCH);
    assert_eq!(horizon.await.unwrap(), Some(Timestamp::UNIX_EPOCH), "gone at once");
}

#[tokio::test]
async fn refusals_are_answers() {
    let azurite = Azurite::start().await;
    let world = AzuriteWorld::new(&azurite, "azureml", azurite.account_key()).await;
    world.put("archived", b"cold").await;
    azurite.set_tier("azureml", "archived", "Archive").await;
    world.put("leased", b"held").await;
    azurite.lease("azureml", "leased").await;
    let items = listing(world.source()).await;
    let Read::Refused(word) = world.source().read(&items[0]).await.unwrap() else { panic!() };
    assert_eq!(word, "archived: BlobArchived");
    assert_eq!(world.source().erase(&items[0]).await.unwrap(), Erased::Done);
    assert_eq!(
        world.source().erase(&items[1]).await.unwrap(),
        blocked(Block::Lease, "LeaseIdMissing")
    );
    assert_eq!(world.names().await, ["leased"]);
}

#[tokio::test]
async fn missing_permissions_are_answers_or_need_a_person() {
    let azurite = Azurite::start().await;
    let world = AzuriteWorld::new(&azurite, "azureml", azurite.sas("rl")).await;
    world.put("a", b"stays").await;
    let item = listing(world.source()).await.remove(0);
    assert_eq!(
        world.source().erase(&item).await.unwrap(),
        blocked(Block::Lock, "AuthorizationPermissionMismatch")
    );
    let blind = AzuriteWorld::new(&azurite, "other", azurite.sas("l")).await;
    assert!(
        matches!(blind.source().read(&item).await.unwrap(), Read::Refused(word) if word.starts_with("forbidden: "))
    );
    assert_eq!(world.get("a").await.unwrap(), b"stays");
}

#[tokio::test]
async fn failures_name_no_secret_and_no_item() {
    let mut azurite = Azurite::start().await;
    let blob = azurite.blob("azureml", azurite.sas("rwdl"));
    let source = BlobSource::open("blob", &blob).unwrap();
    let missing = source.list("", None).await.unwrap_err();
    assert_eq!(missing.kind, FailureKind::NeedsPerson);
    azurite.create_container("azureml").await;
    azurite.put("azureml", "Users/ann", b"x", &[]).await;
    let item = listing(&source).await.remove(0);
    let wrong = Credential::Sas(Secret::new("sv=2021-12-02&sp=r&sig=SECRET".to_owned()));
    let wrong = BlobSource::open("blob", &azurite.blob("azureml", wrong)).unwrap();
    let refused = wrong.read(&item).await.err().unwrap();
    assert_eq!(refused.kind, FailureKind::NeedsPerson);
    azurite.kill().await;
    let started = Instant::now();
    let gone = source.erase(&item).await.unwrap_err();
    assert!(gone.is_transient());
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
    for failure in [missing, refused, gone] {
        let text = format!("{} {failure:?}", failure.chain());
        assert!(!text.contains("sig") && !text.contains("SECRET"), "{text}");
        assert!(!text.contains("ann") && !text.contains("http:"), "{text}");
    }
    azurite.start_again().await;
    assert_eq!(source.erase(&item).await.unwrap(), Erased::Done);
}

#[tokio::test]
async fn a_breaking_wire_gives_every_byte_once() {
    let azurite = Azurite::start().await;
    let world = AzuriteWorld::new(&azurite, "azureml", azurite.account_key()).await;
    let bytes: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
    world.put("big", &bytes).await;
    let item = listing(world.source()).await.remove(0);
    let broken = behind_wire(&azurite, &[1_000_000, 50, 2_000_000, 0, 1_000_000]).await;
    assert!(bytes_of(&broken, &item).await == bytes);

    let broken = behind_wire(&azurite, &[1_000_000]).await;
    let Read::Bytes(mut stream) = broken.read(&item).await.unwrap() else { panic!() };
    stream.try_next().await.unwrap().unwrap();
    world.put("big", b"other bytes").await;
    let failure = stream.try_collect::<Vec<_>>().await.unwrap_err();
    assert!(failure.is_transient(), "the rest of other bytes is not the rest of these");
}

#[tokio::test]
async fn a_lost_answer_erases_once() {
    let azurite = Azurite::start().await;
    let world = AzuriteWorld::new(&azurite, "azureml", azurite.account_key()).await;
    world.put("a", b"once").await;
    let item = listing(world.source()).await.remove(0);
    let broken = behind_wire(&azurite, &[0]).await;
    assert_eq!(broken.erase(&item).await.unwrap(), Erased::Done, "the try whose answer was lost");
    assert!(world.names().await.is_empty());
}

#[tokio::test]
async fn a_rewrite_keeps_what_is_beside_the_bytes() {
    let azurite = Azurite::start().await;
    let world = AzuriteWorld::new(&azurite, "azureml", azurite.sas("rwdlactf")).await;
    azurite.put("azureml", "a", b"about ann", &[("owner", "team a&b")]).await;
    azurite.set_tier("azureml", "a", "Cool").await;
    let item = listing(world.source()).await.remove(0);
    let tags = [("project", "churn + x/y"), ("cost centre", "4=2")];
    let tags: BTreeMap<_, _> = tags.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    for bytes in [&b"about [erased]"[..], b"shorter"] {
        let item = listing(world.source()).await.remove(0);
        let metadata = item.metadata.clone();
        let form = NewForm { metadata, tags: tags.clone(), ..form(bytes) };
        let end = world.source().rewrite(&item, form).await.unwrap();
        assert!(matches!(end, Rewritten::Done { .. }), "{end:?}");
    }
    let now = listing(world.source()).await.remove(0);
    assert_eq!(bytes_of(world.source(), &now).await, b"shorter");
    assert_eq!((now.metadata, now.content_type), (item.metadata, item.content_type));
    assert_eq!(now.tags, tags);
    let headers = azurite.headers("azureml", "a").await;
    assert_eq!(headers["x-ms-access-tier"], "Cool");
}

#[tokio::test]
async fn a_lost_answer_to_a_rewrite_leaves_the_new_bytes() {
    let azurite = Azurite::start().await;
    let world = AzuriteWorld::new(&azurite, "azureml", azurite.account_key()).await;
    // One cut for each connection; the answers to the first two requests have some 700 bytes each.
    for cuts in [&[0][..], &[usize::MAX, 0], &[700], &[1000], &[1300]] {
        world.put("a", b"about ann").await;
        let item = listing(world.source()).await.remove(0);
        let broken = behind_wire(&azurite, cuts).await;
        let end = broken.rewrite(&item, form(b"about [erased]")).await.unwrap();
        assert!(matches!(end, Rewritten::Done { .. } | Rewritten::Changed), "{end:?}");
        assert_eq!(world.get("a").await.unwrap(), b"about [erased]", "{cuts:?}");
    }
}

fn blocked(block: Block, code: &str) -> Erased {
    Erased::Blocked(Barrier::new(block, code))
}

/// The emulator's container as seen over a wire that breaks.
async fn behind_wire(azurite: &Azurite, cuts: &[usize]) -> BlobSource {
    let wire = Wire::to(azurite.port, cuts).await;
    let mut blob = azurite.blob("azureml", azurite.account_key());
    blob.url.set_port(Some(wire.port)).unwrap();
    BlobSource::open("blob", &blob).unwrap()
}
