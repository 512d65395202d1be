//! What a daemon has in hand of the items that it acts on, for all requests that it acts on side by
//! side: so many items at once, and of one item one request after the other.
//!
//! Two who wrote one item anew side by side would both read it as it was found, and all but one of
//! them in vain. Whoever comes after the other has found what is there no more; that it was we who
//! wrote what is there instead, and nobody else, is known here, and so it is gone on with. Without
//! that each of all who are named in one item would cost a second look of its own. Daemons beside
//! this one are not asked: every act is conditional on the `ETag`, and whoever is late is told so
//! by the source.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

use tokio::sync::{Notify, Semaphore, SemaphorePermit};

use crate::domain::item::Item;
use crate::domain::request::RequestId;

/// Source and name: all forms under one name are one request's.
type Place = (String, String);

/// The items in hand.
pub struct Hands {
    free: Semaphore,
    taken: Mutex<BTreeMap<Place, Taken>>,
    left: Notify,
    written: Mutex<Written>,
}

/// What was written anew, the last [`WRITTEN_MAX`].
#[derive(Default)]
struct Written {
    /// What became of an `ETag`, and for whom.
    steps: BTreeMap<(Place, String), (String, RequestId)>,
    in_turn: VecDeque<(Place, String)>,
}

/// About as many items are written anew between a find and the acts that follow from it. What is
/// forgotten costs a second look.
const WRITTEN_MAX: usize = 50_000;

/// By whom, and how many forms.
struct Taken {
    by: RequestId,
    forms: usize,
}

/// An item in hand, until dropped.
pub struct InHand<'a> {
    held: Held<'a>,
    by: &'a RequestId,
    _one_of_so_many: SemaphorePermit<'a>,
}

/// A place that no other request is at.
struct Held<'a> {
    hands: &'a Hands,
    place: Place,
}

impl Hands {
    /// Nothing in hand, and room for so many items at once.
    pub fn new(items_max: usize) -> Self {
        let free = Semaphore::new(items_max.min(Semaphore::MAX_PERMITS));
        Self { free, taken: Mutex::default(), left: Notify::new(), written: Mutex::default() }
    }

    /// Takes an item in hand once no other request has it and there is room.
    pub async fn take<'a>(&'a self, by: &'a RequestId, item: &Item) -> InHand<'a> {
        // First the place: whoever waits for that takes no room from others.
        let held = self.hold(by, item).await;
        let permit = self.free.acquire().await.expect("it is never closed");
        InHand { held, by, _one_of_so_many: permit }
    }

    async fn hold(&self, by: &RequestId, item: &Item) -> Held<'_> {
        let place = (item.source.clone(), item.name.clone());
        // Ends: whoever has it leaves it.
        loop {
            // Made before it is looked: what is left in between is heard too.
            let left = self.left.notified();
            if self.is_held(by, &place) {
                return Held { hands: self, place };
            }
            left.await;
        }
    }

    /// Whether it is theirs now.
    fn is_held(&self, by: &RequestId, place: &Place) -> bool {
        let mut places = self.places();
        match places.get_mut(place) {
            None => {
                places.insert(place.clone(), Taken { by: by.clone(), forms: 1 });
                true
            }
            Some(taken) if taken.by == *by => {
                taken.forms += 1;
                true
            }
            Some(_) => false,
        }
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().expect("nobody panics with what was written in hand")
    }

    fn places(&self) -> MutexGuard<'_, BTreeMap<Place, Taken>> {
        self.taken.lock().expect("nobody panics with the list in hand")
    }
}

impl InHand<'_> {
    /// It was written anew. What it is known by now may not be told: then nobody goes on with it.
    pub fn rewrote(&self, before: &str, now: String) {
        if before != now && !now.is_empty() {
            let step = (self.held.place.clone(), before.to_owned());
            self.held.hands.written().note(step, (now, self.by.clone()));
        }
    }

    /// What an item that was found with this `ETag` has now, if others had it written anew since
    /// and nobody else wrote there. What was done for the same request is judged by what it left.
    pub fn of_now(&self, found: &str) -> Option<String> {
        self.held.hands.written().of_now(&self.held.place, found, self.by)
    }
}

impl Written {
    fn note(&mut self, step: (Place, String), to: (String, RequestId)) {
        if self.steps.insert(step.clone(), to).is_none() {
            self.in_turn.push_back(step);
        }
        if self.in_turn.len() > WRITTEN_MAX {
            let oldest = self.in_turn.pop_front();
            oldest.and_then(|oldest| self.steps.remove(&oldest));
        }
    }

    fn of_now(&self, place: &Place, found: &str, by: &RequestId) -> Option<String> {
        let mut step = (place.clone(), found.to_owned());
        // Ends even where a source gives an `ETag` twice.
        for steps in 0..=self.steps.len() {
            match self.steps.get(&step) {
                None => return (steps > 0).then_some(step.1),
                Some((_, whose)) if whose == by => return None,
                Some((now, _)) => step.1.clone_from(now),
            }
        }
        None
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut places = self.hands.places();
        let Some(taken) = places.get_mut(&self.place) else { return };
        taken.forms -= 1;
        if taken.forms == 0 {
            places.remove(&self.place);
            self.hands.left.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures::FutureExt;

    use super::*;
    use crate::domain::item::Version;

    fn item(name: &str) -> Item {
        Item::bare("azureml", name, Version::Current)
    }

    fn place(name: &str) -> Place {
        ("azureml".to_owned(), name.to_owned())
    }

    fn id(text: &str) -> RequestId {
        RequestId::new(text).unwrap()
    }

    #[test]
    fn one_request_after_the_other_is_at_an_item() {
        let hands = Hands::new(10);
        let (first, second) = (id("r-1"), id("r-2"));
        let (a, b) = (item("a"), item("b"));
        let one = hands.take(&first, &a).now_or_never().unwrap();
        let form = hands.take(&first, &a).now_or_never().expect("its forms are all its own");
        let mut waits = pin!(hands.take(&second, &a));
        assert!(waits.as_mut().now_or_never().is_none());
        assert!(hands.take(&second, &b).now_or_never().is_some());
        drop(one);
        assert!(waits.as_mut().now_or_never().is_none());
        drop(form);
        assert!(waits.as_mut().now_or_never().is_some());
        assert!(hands.places().is_empty());
    }

    #[test]
    fn what_others_had_written_is_gone_on_with() {
        let hands = Hands::new(10);
        let people = [id("r-1"), id("r-2"), id("r-3")];
        let of = |person: usize, name: &str| {
            hands.take(&people[person], &item(name)).now_or_never().unwrap()
        };
        of(0, "a").rewrote("e0", "e1".to_owned());
        of(1, "a").rewrote("e1", "e2".to_owned());
        // Who, where, what was found, what is there.
        let table = [
            (2, "a", "e0", Some("e2")),
            (2, "a", "e1", Some("e2")),
            (2, "a", "e2", None),
            (2, "b", "e0", None),
            (0, "a", "e0", None),
            (0, "a", "e1", Some("e2")),
            (1, "a", "e0", None),
        ];
        for (person, name, found, now) in table {
            let known = of(person, name).of_now(found);
            assert_eq!(known.as_deref(), now, "{person} at {name} {found}");
        }
        of(2, "a").rewrote("e2", "e0".to_owned());
        assert_eq!(hands.written().of_now(&place("a"), "e0", &id("r-4")), None);
    }

    #[test]
    fn what_was_written_is_forgotten_in_turn() {
        let mut written = Written::default();
        let etag = |n: usize| format!("e{n}");
        for n in 0..WRITTEN_MAX + 2 {
            let name = n.to_string();
            written.note((place(&name), etag(n)), (etag(n + 1), id("r-1")));
        }
        assert_eq!(written.steps.len(), WRITTEN_MAX);
        assert_eq!(written.of_now(&place("1"), &etag(1), &id("r-2")), None);
        assert_eq!(written.of_now(&place("2"), &etag(2), &id("r-2")), Some(etag(3)));
    }

    #[test]
    fn there_are_only_so_many_in_hand() {
        let hands = Hands::new(2);
        let names: Vec<Item> = (0..3).map(|n| item(&n.to_string())).collect();
        let by = id("r-1");
        let mut taken: Vec<_> =
            names[..2].iter().map(|item| hands.take(&by, item).now_or_never().unwrap()).collect();
        let mut waits = Box::pin(hands.take(&by, &names[2]));
        assert!(waits.as_mut().now_or_never().is_none());
        taken.pop();
        assert!(waits.as_mut().now_or_never().is_some());
        // Whoever waits no longer is in nobody's way.
        let mut waits = Box::pin(hands.take(&by, &names[1]));
        let other = hands.take(&by, &names[2]).now_or_never().unwrap();
        assert!(waits.as_mut().now_or_never().is_none());
        drop((waits, other, taken));
        assert!(hands.places().is_empty());
    }
}
