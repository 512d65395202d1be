//! The ledger's records as a chain: each carries the hash of the one before, so that a record that
//! was edited, removed or slipped in later is found by walking them.
//!
//! The hash is taken over length-prefixed fields, so that no two different records encode alike. It
//! covers what a record means (its event as JSON in the order of the type's fields, its time in
//! milliseconds), not how a database happens to store it. The chain has no key: whoever can rewrite
//! a whole ledger can rewrite its hashes too, and is met by the head kept outside it.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::domain::request::RequestId;
use crate::domain::state::Event;

/// One record of a request, in parts.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// Whose.
    pub id: &'a RequestId,
    /// Counts from 1 without gaps.
    pub sequence: u64,
    /// When; what is finer than a millisecond is not part of the account.
    pub at: Timestamp,
    /// What happened.
    pub event: &'a Event,
    /// Hex hash of the record before; empty for the first.
    pub previous: &'a str,
}

/// Where a chain first fails, by sequence as it ought to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenLink {
    /// A record is missing, doubled, or out of order.
    #[error("record {sequence} is missing: the record in its place calls itself {found}")]
    Gap {
        /// The sequence that was due.
        sequence: u64,
        /// The sequence that stands there.
        found: u64,
    },
    /// A record of another request stands here.
    #[error("record {sequence} belongs to another request")]
    Foreign {
        /// Which record.
        sequence: u64,
    },
    /// It does not point to the record before it.
    #[error("record {sequence} does not follow from the record before it")]
    Unlinked {
        /// Which record.
        sequence: u64,
    },
    /// It is not what it was when its hash was taken.
    #[error("record {sequence} was changed after it was written")]
    Altered {
        /// Which record.
        sequence: u64,
    },
}

impl Link<'_> {
    /// Hex SHA-256 of the record.
    pub fn hash(&self) -> String {
        let event = serde_json::to_vec(self.event)
            .expect("an event has string keys and finite numbers only, so it is always JSON");
        let mut hash = Sha256::new();
        for field in [
            b"dsrd/record/v1".as_slice(),
            self.id.as_str().as_bytes(),
            &self.sequence.to_be_bytes(),
            &self.at.as_millisecond().to_be_bytes(),
            &event,
            self.previous.as_bytes(),
        ] {
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field);
        }
        hex::encode(hash.finalize())
    }
}

/// Walks all records of one request, each with the hash stored beside it, and returns the hash of
/// the last (empty where there is none), to be held against a head that is known from elsewhere.
///
/// # Errors
/// The first link that does not hold.
pub fn verify<'a>(
    links: impl IntoIterator<Item = (Link<'a>, &'a str)>,
) -> Result<&'a str, BrokenLink> {
    let (mut sequence, mut head, mut whose) = (0, "", None);
    for (link, stored) in links {
        sequence += 1;
        if *whose.get_or_insert(link.id) != link.id {
            return Err(BrokenLink::Foreign { sequence });
        }
        if link.sequence != sequence {
            return Err(BrokenLink::Gap { sequence, found: link.sequence });
        }
        if link.previous != head {
            return Err(BrokenLink::Unlinked { sequence });
        }
        if link.hash() != stored {
            return Err(BrokenLink::Altered { sequence });
        }
        head = stored;
    }
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug)]
    struct Stored {
        id: RequestId,
        sequence: u64,
        at: Timestamp,
        event: Event,
        previous: String,
        hash: String,
    }

    impl Stored {
        fn link(&self) -> Link<'_> {
            let Self { id, sequence, at, event, previous, .. } = self;
            Link { id, sequence: *sequence, at: *at, event, previous }
        }

        fn rehash(&mut self) {
            self.hash = self.link().hash();
        }
    }

    fn chain() -> Vec<Stored> {
        let events =
            [Event::Accepted, Event::FindStarted, Event::Failed { reason: "no source".into() }];
        let mut previous = String::new();
        events
            .into_iter()
            .zip(1..)
            .map(|(event, sequence)| {
                let mut stored = Stored {
                    id: RequestId::new("r-1").unwrap(),
                    sequence,
                    at: Timestamp::from_millisecond(1_700_000_000_000).unwrap(),
                    event,
                    previous: previous.clone(),
                    hash: String::new(),
                };
                stored.rehash();
                previous.clone_from(&stored.hash);
                stored
            })
            .collect()
    }

    fn walk(chain: &[Stored]) -> Result<&str, BrokenLink> {
        verify(chain.iter().map(|stored| (stored.link(), stored.hash.as_str())))
    }

    #[test]
    fn a_whole_chain_holds() {
        let chain = chain();
        assert_eq!(walk(&chain), Ok(chain[2].hash.as_str()));
        assert_eq!(walk(&[]), Ok(""));
    }

    #[test]
    fn every_way_to_tamper_is_named_at_its_place() {
        type Tamper = fn(&mut Vec<Stored>);
        let table: [(&str, Tamper, BrokenLink); 8] = [
            ("event", |c| c[1].event = Event::Accepted, BrokenLink::Altered { sequence: 2 }),
            ("time", |c| c[0].at = Timestamp::UNIX_EPOCH, BrokenLink::Altered { sequence: 1 }),
            ("hash", |c| c[2].hash.clear(), BrokenLink::Altered { sequence: 3 }),
            ("previous", |c| c[1].previous.clear(), BrokenLink::Unlinked { sequence: 2 }),
            ("removed", |c| drop(c.remove(1)), BrokenLink::Gap { sequence: 2, found: 3 }),
            ("beheaded", |c| drop(c.remove(0)), BrokenLink::Gap { sequence: 1, found: 2 }),
            (
                "edited and hashed anew",
                |c| {
                    c[0].event = Event::FindStarted;
                    c[0].rehash();
                },
                BrokenLink::Unlinked { sequence: 2 },
            ),
            (
                "of another request",
                |c| {
                    c[2].id = RequestId::new("r-2").unwrap();
                    c[2].rehash();
                },
                BrokenLink::Foreign { sequence: 3 },
            ),
        ];
        for (name, tamper, broken) in table {
            let mut chain = chain();
            tamper(&mut chain);
            assert_eq!(walk(&chain), Err(broken), "{name}");
        }
    }

    #[test]
    fn what_is_finer_than_a_millisecond_does_not_count() {
        let mut chain = chain();
        chain[2].at = Timestamp::from_microsecond(1_700_000_000_000_999).unwrap();
        assert!(walk(&chain).is_ok());
    }

    /// Hashes outlive releases: a ledger written today must still verify in years.
    #[test]
    fn the_encoding_stays_as_it_is() {
        assert_eq!(
            chain()[2].hash,
            "b3f131e868a03a7ccfeda9b2b58a7f327566464862ce0b07269d54d15ef64d46"
        );
    }
}
