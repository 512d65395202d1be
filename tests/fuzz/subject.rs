//! Whom and in what the fuzz targets search.

pub mod readers;
pub mod seeds;

use std::sync::LazyLock;

use dsrd::domain::item::{Item, Version};
use dsrd::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use dsrd::matching::limits::ItemLimits;
use dsrd::matching::matcher::Matcher;

/// A person with an identity of most types.
pub static ANN: LazyLock<Subject> = LazyLock::new(|| {
    let raw = |kind, value: &str| Identity::new(kind, IdentityFormat::Raw, value.to_owned());
    Subject {
        identities: vec![
            raw(IdentityType::Email, "ann@contoso.com"),
            raw(IdentityType::ObjectId, "6f9619ff-8b86-d011-b42d-00cf4fc964ff"),
            raw(IdentityType::Name, "Ann Lefèvre"),
            raw(IdentityType::Name, "山田太郎"),
            raw(IdentityType::Username, "ann"),
            raw(IdentityType::ControllerCustomerId, "C-1029384"),
        ],
    }
});

/// Compiled once: that takes longer than most scans.
pub static MATCHER: LazyLock<Matcher> = LazyLock::new(|| Matcher::new(&[&*ANN]));

/// An item without a name that speaks of anyone.
pub fn item(size: usize) -> Item {
    Item { size: size as u64, ..Item::bare("fuzz", "x", Version::Current) }
}

/// Small enough that a bomb ends soon.
pub fn limits() -> ItemLimits {
    ItemLimits { decoded_bytes_max: 1 << 22, decoded_ratio_max: 50, ..ItemLimits::default() }
}
