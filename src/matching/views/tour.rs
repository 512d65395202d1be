//! One pass through all readings of one item: whoever looks, and what was seen where.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::domain::item::{Item, NAME_VIEW, PROPERTIES_VIEW};
use crate::matching::keys::lone::Lone;
use crate::matching::keys::users::speaks_of_users;
use crate::matching::limits::ItemLimits;
use crate::matching::put::Rewritten;
use crate::matching::views::as_read::folds::may_be_address;
use crate::matching::views::charsets::letters::Letters;
use crate::matching::views::hinting::{Hinting, Texts};
use crate::matching::views::known::{Labelled, Packed, Worthless};
use crate::matching::views::meter::{Meter, Stored};
use crate::matching::views::spelling::cut::floor;
use crate::matching::views::written::tables::Tables;

/// Someone who looks into every reading of an item.
pub trait Look {
    /// What may be seen.
    type What: Clone + Ord;
    /// Looks into one text; ranges are of that text.
    fn look(&mut self, text: &str, seen: &mut dyn FnMut(Self::What, Range<usize>));
    /// What tells of all that may be seen, so that nothing need be read where none can be; `None`
    /// if more may be seen.
    fn hinting(&self) -> Option<&dyn Hinting> {
        None
    }
    /// Whether it asks for everybody, and not for some who are known beforehand.
    fn asks_for_everybody(&self) -> bool {
        self.hinting().is_none()
    }
    /// Where in bytes that are no text anything may be seen, but for what [`Look::known`] tells of;
    /// `None` if anywhere.
    fn texts(&self, _: &[u8]) -> Option<Texts> {
        None
    }
    /// What tells of some of what may be seen.
    fn known(&self) -> Vec<&dyn Hinting> {
        self.hinting().into_iter().collect()
    }
    /// The letters beyond ASCII of whoever is sought by name.
    fn letters(&self) -> Option<&Letters> {
        None
    }
    /// Looks for them alone, in a text that may be in another charset.
    fn look_for_names(&mut self, _: &str, _: &mut dyn FnMut(Self::What, Range<usize>)) {}
    /// Whether something may begin before a break in a text and go on after it.
    fn goes_on(&self, before: &str, after: &str) -> bool {
        may_be_address(before, after)
    }
    /// Told that bytes come whose charset, or whose strings, nobody knows: what is read of them
    /// depends on who is sought.
    fn meets_unsure(&mut self) {}
    /// Told of each thing seen in a stream, in order, and whether it is to be kept until the stream
    /// has ended: of what is seen everywhere, memory cannot hold every place.
    fn wants(&mut self, _: &Self::What) -> bool {
        true
    }
    /// Whether whatever else may be seen makes no difference any more.
    fn has_done(&self) -> bool {
        false
    }
    /// What cells became that were rewritten before; it comes back by [`Look::remember`].
    fn remembered(&mut self) -> Rewritten {
        Rewritten::default()
    }
    /// Takes back what cells became, for the next item.
    fn remember(&mut self, _: Rewritten) {}
    /// Told of each thing seen at a new place, and whether there is room for more like it.
    fn keep(&mut self, what: &Self::What) -> bool;
}

/// What a stream of bytes is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, as far as its start tells.
    Text,
    /// Something unknown, with text or something packed in it.
    Binary,
    /// Something known that is dense by itself, as pictures are; what is packed in it or behind it
    /// is known by a sign that is longer than chance makes it.
    Dense,
    /// Something known; what may be packed in it is not looked for.
    Opaque,
}

/// Something seen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sight<W> {
    /// What.
    pub what: W,
    /// Through which readings, outermost first.
    pub view: String,
    /// Where in the last of them.
    pub place: String,
}

/// One pass through one item.
pub struct Tour<'a, L: Look> {
    pub(super) look: &'a mut L,
    pub(super) limits: &'a ItemLimits,
    pub(super) meter: &'a Meter,
    /// Everything seen, once for each view and place.
    pub sights: BTreeSet<Sight<L::What>>,
    /// What could not be read, and why.
    pub unreadable: BTreeSet<String>,
    /// How many containers the stream that is looked at lies in.
    pub(super) level: usize,
    pub(super) worthless: Worthless,
    /// Texts beside the content, and cells, that were looked at.
    labelled: Labelled,
    pub(super) packed: Packed<L::What>,
    /// Every stream that was met, by the way to it, and its form; `None` if nobody asks.
    pub streams: Option<Vec<(String, &'static str)>>,
    /// The tables in the stream that is looked at, as far as it was.
    pub tables: Tables,
    /// Columns with parts of names that lie apart.
    pub(super) lone: Lone,
    /// What the name of the item, or of the member that is looked at, says of its content: whose
    /// user `tags/mlflow.user` holds.
    pub key: Option<String>,
    /// Whether the same name says that it is packed with Brotli, which has no sign.
    pub(super) is_brotli: bool,
}

/// What could not be read and is told with its place; of more, the reasons alone.
const UNREADABLE_MAX: usize = 200;

/// Streams that are told of one item.
const STREAMS_MAX: usize = 10_000;

/// Bytes of the name of a member, or of another word out of an item, in what is told of places in
/// it: as long as a name may be, it would stand before the place of everything within.
const WORD_BYTES_MAX: usize = 200;

/// The reason where a decoder panicked.
const GAVE_UP: &str = "decoder: gave up";

impl<'a, L: Look> Tour<'a, L> {
    /// A pass that has seen nothing yet.
    pub fn new(look: &'a mut L, limits: &'a ItemLimits, meter: &'a Meter) -> Self {
        Self {
            look,
            limits,
            meter,
            sights: BTreeSet::new(),
            unreadable: BTreeSet::new(),
            level: 0,
            worthless: Worthless::default(),
            labelled: Labelled::default(),
            packed: Packed::default(),
            streams: None,
            tables: Tables::default(),
            lone: Lone::default(),
            key: None,
            is_brotli: false,
        }
    }

    /// Looks at what is known without the content: the name, properties, metadata and tags.
    pub fn head(&mut self, item: &Item) {
        self.called(&item.name);
        self.label(&item.name, NAME_VIEW, "name");
        if let Some(content_type) = &item.content_type {
            self.label(content_type, PROPERTIES_VIEW, "Content-Type");
        }
        let pairs = [
            (PROPERTIES_VIEW, &item.properties),
            ("metadata", &item.metadata),
            ("tags", &item.tags),
        ];
        for (view, pairs) in pairs {
            for (key, value) in pairs {
                // A key may say what its value alone does not: `user: ann`.
                self.label(&format!("{key}: {value}"), view, key);
            }
        }
    }

    /// Takes in what the name of an item says of its content.
    pub fn called(&mut self, name: &str) {
        self.key = key_of(name);
        self.is_brotli = is_brotli(name);
    }

    /// Looks at the content. Fails only if the store does.
    pub fn content(&mut self, content: &mut dyn Read) -> io::Result<()> {
        let meter = self.meter;
        let walked = self.bytes(&mut Stored::new(content, meter, self.limits), "", 0);
        match (meter.take_failure(), walked) {
            (Some(failure), _) => Err(failure),
            (None, Err(error)) => {
                let reason = super::meter::refusal(&error).map_or("broken", |refused| refused.0);
                self.unreadable(reason, "");
                Ok(())
            }
            (None, Ok(())) => Ok(()),
        }
    }

    /// Looks at a text that stands beside the content.
    pub(super) fn label(&mut self, text: &str, view: &str, place: &str) {
        // Cells of a column are often alike.
        if self.look.has_done() || self.labelled.is_again(&(text, view, place)) {
            return;
        }
        for what in self.seen_in(text) {
            self.see(what, view.to_owned(), place.to_owned());
        }
    }

    pub(super) fn see(&mut self, what: L::What, view: String, place: String) {
        let sight = Sight { what, view, place };
        if !self.sights.contains(&sight) && self.look.keep(&sight.what) {
            self.sights.insert(sight);
        }
    }

    /// Notes what a stream is read as.
    pub(super) fn met(&mut self, chain: &str, form: &'static str) {
        if let Some(streams) = self.streams.as_mut().filter(|streams| streams.len() < STREAMS_MAX) {
            streams.push((chain.to_owned(), form));
        }
    }

    /// Notes that something could not be read; `chain` leads to it.
    pub(super) fn unreadable(&mut self, reason: &str, chain: &str) {
        let chain = chain.trim_end_matches(" > ");
        let place = if chain.is_empty() { String::new() } else { format!(" in {chain}") };
        self.note(format!("{reason}{place}"));
    }

    /// Notes what was told elsewhere.
    pub(super) fn note(&mut self, told: String) {
        // Reasons are few; places are as many as the item likes.
        let has_room = self.unreadable.len() < UNREADABLE_MAX || self.unreadable.contains(&told);
        let reason = told.split_once(" in ").map_or(told.as_str(), |(reason, _)| reason);
        let told = if has_room { told } else { reason.to_owned() };
        self.unreadable.insert(told);
    }

    /// Does a part of the work. A decoder that panics over it costs that part, which is named, and
    /// nothing else.
    pub(super) fn guarded<T>(
        &mut self,
        chain: &str,
        part: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        let done = catch_unwind(AssertUnwindSafe(|| part(self))).ok();
        if done.is_none() {
            self.unreadable(GAVE_UP, chain);
        }
        done
    }
}

/// The last part of a name, if it speaks of users as a key does.
pub fn key_of(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name).to_lowercase();
    speaks_of_users(&last).then_some(last)
}

/// Whether a name is that of a file of Brotli.
pub fn is_brotli(name: &str) -> bool {
    name.len() > 3 && name.is_char_boundary(name.len() - 3) && {
        name[name.len() - 3..].eq_ignore_ascii_case(".br")
    }
}

/// A word out of an item, as it may stand in the way to a place.
pub(super) fn shown(word: &str) -> String {
    let end = floor(word, WORD_BYTES_MAX);
    let more = if end < word.len() { "…" } else { "" };
    format!("{}{more}", &word[..end])
}
