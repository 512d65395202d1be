//! Places that hold data (DESIGN section 5).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use jiff::{SignedDuration, Timestamp};

use crate::domain::asked::subject::Subject;
use crate::domain::asked::thing::{Aside, Thing, ThingKind};
use crate::domain::coverage::place::{Known, Looked, PlaceSort};
use crate::domain::dependents::dependent::Dependents;
use crate::domain::failure::Failure;
use crate::domain::homes::claim::Claim;
use crate::domain::item::{Item, Unreadable};
use crate::domain::layout::{Containers, Location, OneContainer, account_name};
use crate::domain::outcome::Barrier;

/// Bytes of one item in order; the first error ends it.
pub type ByteStream = BoxStream<'static, Result<Bytes, Failure>>;

/// A place that holds data (DESIGN section 5): what is the same for all of them.
#[async_trait]
pub trait Source: Send + Sync {
    /// The configured name; in events, metrics and logs.
    fn name(&self) -> &str;

    /// Which place it is: a path, or a URL without what lets us in. Another one under the same name
    /// is another source.
    fn place(&self) -> String;

    /// How it is learned what it holds about somebody.
    fn finds(&self) -> Finds<'_>;

    /// The things that it holds, where requests can name them.
    fn things(&self) -> Option<&dyn Things> {
        None
    }

    /// The same as one that knows whose folders those of users are, if it does.
    fn directory(&self) -> Option<&dyn Directory> {
        None
    }

    /// How far the service has come with what an erasure of this item began and answered with a
    /// ticket of this handle. Only asked by who was given one.
    async fn follow(&self, item: &Item, handle: &str) -> Result<Followed, Failure>;

    /// When what was erased under these names, last at `erased_at`, can no longer be recovered: the
    /// same time where it is gone at once, `None` where the source does not tell.
    async fn unrecoverable_after(
        &self,
        names: &[String],
        erased_at: Timestamp,
    ) -> Result<Option<Timestamp>, Failure>;

    /// Whether the source can be reached with our credential now.
    async fn ping(&self) -> Result<(), Failure>;

    /// What it stands on, where something else can take its place without a word.
    async fn ground(&self) -> Result<Option<Ground>, Failure> {
        Ok(None)
    }

    /// What our work needs and our credential has no right to, as far as the source tells.
    async fn lacks(&self) -> Result<Vec<Lack>, Failure> {
        Ok(Vec::new())
    }

    /// The places that it knows of and where the person may be: those that it looks at, those of
    /// others, such as those of datastores, and those where nobody can look. A place that does not
    /// let us in, or of which nobody tells us, is no failure but told.
    async fn places(&self) -> Result<Vec<Known>, Failure> {
        match self.finds() {
            Finds::Walk(walked) => held(walked).await,
            Finds::Ask(_) => Ok(Vec::new()),
        }
    }
}

/// Who can say whose folders those of users are.
#[async_trait]
pub trait Directory: Send + Sync {
    /// All that is known of who has which, as far as it may concern one of these people: whatever
    /// is said of them, and of whom else the same aliases are said. That nobody is known by what is
    /// asked is no failure.
    async fn claims(&self, people: &[Subject]) -> Result<Vec<Claim>, Failure>;
}

/// The containers of a source, as places that it looks at; itself, where it knows of none.
///
/// # Errors
/// As those of [`Walked::containers`].
pub async fn held(walked: &dyn Walked) -> Result<Vec<Known>, Failure> {
    let Containers { account, each, are_shares } = walked.containers().await?;
    let sort = if are_shares { PlaceSort::FileShare } else { PlaceSort::Container };
    let known = |one: OneContainer| {
        let (sort, name, place) = match one.name {
            Some(container) => {
                let (account, name) = (account_name(&account).to_owned(), container.clone());
                let place = Location { account, container, path: String::new() };
                (sort, name, Some(place))
            }
            None => (PlaceSort::Source, walked.name().to_owned(), None),
        };
        Known { sort, name, place, looked: Looked::Looked, why: String::new() }
    };
    Ok(each.into_iter().map(known).collect())
}

/// What a source stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground {
    /// Where that is, whatever is said of it in the settings besides.
    pub place: String,
    /// Tells it from whatever else may stand at the same place.
    pub id: String,
    /// Whether nothing at all is there.
    pub is_bare: bool,
}

impl Ground {
    /// Whether nothing is there, where another thing with this id once held something.
    pub fn is_anothers(&self, known: Option<&str>) -> bool {
        self.is_bare && known.is_some_and(|known| known != self.id)
    }

    /// That something else stands where the source stood.
    pub fn failure(&self, source: &str) -> Failure {
        let text = "nothing is in it, and it is another folder than it was: is what was mounted \
                    there away? If nothing is meant to be in it, put any file there";
        Failure::transient(format!("looking into source {source}")).because(text).of_source(source)
    }
}

/// A right that our credential lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// What the service calls it.
    pub action: String,
    /// What cannot be done without it.
    pub purpose: &'static str,
    /// The file of the role that grants it.
    pub role: &'static str,
    /// Whether it is one for the common work; else it is for what few requests ask for.
    pub is_needed: bool,
}

/// How it is learned what a source holds about somebody. Both ways come to the same findings.
#[derive(Clone, Copy)]
pub enum Finds<'a> {
    /// All of it is listed and read.
    Walk(&'a dyn Walked),
    /// It is asked by identity: nobody can read it all.
    Ask(&'a dyn Asked),
}

/// A source that is listed whole and read: containers, folders, and the documents that a service
/// lists.
#[async_trait]
pub trait Walked: Source {
    /// The containers that it holds now, as its items tell where they are. One that cannot tell has
    /// a single one without a name.
    async fn containers(&self) -> Result<Containers, Failure>;

    /// One page of everything held under names that begin with `prefix`, every form of every name,
    /// in a stable order; the empty prefix is that of all, and one that means a run ends in `/`.
    /// `marker` is the `next` of the page before, of the same prefix. Pages may be empty and still
    /// have a `next`. Items written while a listing runs may be missing from it; items that stood
    /// through it are in it exactly once.
    async fn list(&self, prefix: &str, marker: Option<&str>) -> Result<Page, Failure>;

    /// One page of everything held from this name on, in the order of [`Walked::list`] and as that
    /// goes on there; `None` if the source is not known to begin a listing at a name. `marker` is
    /// the `next` of the page before, from the same name.
    async fn list_from(
        &self,
        _first: &str,
        _marker: Option<&str>,
    ) -> Result<Option<Page>, Failure> {
        Ok(None)
    }

    /// The bytes of exactly that version and ETag.
    async fn read(&self, item: &Item) -> Result<Read, Failure>;

    /// Removes exactly that version under that ETag. Never touches another name, but for the
    /// folders of a file system that hold nothing any more. A directory that is not empty stays,
    /// and is [`Erased::Blocked`]. Erasing the current form of a name takes its snapshots along
    /// where the store knows no other way. A service that finishes by itself answers
    /// [`Erased::Begun`], and again to who asks again meanwhile. Gone already is
    /// [`Erased::AlreadyAbsent`]; other bytes under the name are [`Erased::Changed`] and stay.
    async fn erase(&self, item: &Item) -> Result<Erased, Failure>;

    /// Puts `form` in the place of exactly that current form, provided that its `ETag` still
    /// stands: in one moment and under that condition, so that the old bytes or the new ones are
    /// there and never a part. How the bytes are encoded, the access tier and the rights stay.
    /// Bytes that fail, or that are not as many as said, leave everything as it was.
    ///
    /// Then whatever the source keeps of the old bytes goes, as in [`Self::erase_replaced`]; also
    /// when the answer is [`Rewritten::Changed`] or [`Rewritten::AlreadyAbsent`]. So it is safe to
    /// repeat; but who lost the answer is told `Changed` and must look at what stands there now.
    async fn rewrite(&self, item: &Item, form: NewForm) -> Result<Rewritten, Failure>;

    /// Removes what the source keeps of a current form that was written over, by us or by others:
    /// the earlier version that it became, and copies that only an undelete would show. Never
    /// touches what stands under the name now, not even if it is this form still, nor snapshots,
    /// which are items of their own. [`Erased::AlreadyAbsent`] where nothing is kept; never
    /// [`Erased::Begun`].
    async fn erase_replaced(&self, item: &Item) -> Result<Erased, Failure>;

    /// Whatever the source still holds under this item's name, in every form it can hide in,
    /// soft-deleted ones excepted. Empty when the name is gone.
    async fn remains(&self, name: &str) -> Result<Vec<Item>, Failure>;
}

/// A source that is asked by identity. Its items are the columns of tables, of the kind `Rows`.
///
/// The source tells candidates; whom a value names is not its business. Values are compared whole
/// and as they are, but for the case of letters where the source knows no other way.
#[async_trait]
pub trait Asked: Source {
    /// What may name one of these people, in a stable order: never less than what does, perhaps
    /// more. A value with all that is known of its rows. `within`: only of that item. What could
    /// not be asked, or was answered in part, is told. No identity can mean more in the question
    /// than itself.
    async fn ask(&self, people: &[&Subject], within: Option<&Item>) -> Result<Answers, Failure>;

    /// The rows of that item whose column has one of these values now, each a line of JSON.
    async fn rows(&self, item: &Item, values: &[String]) -> Result<Read, Failure>;

    /// Removes the rows whose column has one of these values, whatever else they say, and no
    /// others: rows have no `ETag`. May be repeated. At most [`Self::values_max`] values.
    async fn erase_rows(&self, item: &Item, values: &[String]) -> Result<Erased, Failure>;

    /// What a removal of these values comes to, where that needs no call of the service: asked
    /// before one is spent. Of no values: whether the item's rows can be removed at all.
    async fn settled(&self, _item: &Item, _values: &[String]) -> Result<Option<Erased>, Failure> {
        Ok(None)
    }

    /// How many removals the service takes an hour, and whose budget that is. Whose it is is known
    /// once [`Self::settled`] has been asked.
    fn budget(&self, item: &Item) -> Option<Budget>;

    /// Most values that one removal takes.
    fn values_max(&self) -> usize;

    /// Most bytes of values that one removal takes; a single value may have more.
    fn values_bytes_max(&self) -> usize {
        usize::MAX
    }
}

/// What an asked source holds that may name somebody.
#[derive(Default)]
pub struct Answers {
    /// Values that were seen, each once an item.
    pub seen: Vec<Seen>,
    /// What could not be asked.
    pub unread: Vec<Unreadable>,
    /// What could not be asked to the end for one of them, by the number.
    pub unread_of: Vec<(usize, Unreadable)>,
}

/// One value of a column. It may be a person's, so nothing shows it.
pub struct Seen {
    /// The column.
    pub item: Item,
    /// What stands in it.
    pub value: String,
    /// In how many rows.
    pub rows: u64,
    /// The time of the first of them, where it is known.
    pub first: Option<Timestamp>,
    /// The time of the last of them, where it is known.
    pub last: Option<Timestamp>,
}

/// A source whose items are things that a request can name.
#[async_trait]
pub trait Things: Walked {
    /// Which sorts it holds.
    fn kinds(&self) -> &[ThingKind];

    /// The thing, and all that belongs to it and goes with it, as they are now; empty where there
    /// is none of that name. Where it is to be put aside, only what that is done with. A name is
    /// compared whole, and a name without a version is that of all versions.
    async fn look_up(&self, thing: &Thing, aside: Option<Aside>)
    -> Result<Vec<Belonging>, Failure>;

    /// Whether what a request names can be in this source: an id of another workspace tells of
    /// itself that it is not. Nobody is asked.
    ///
    /// # Errors
    /// It can be nowhere: nothing of its sort has such a name.
    fn is_named(&self, _thing: &Thing) -> Result<bool, Failure> {
        Ok(true)
    }

    /// The same of several runs at once, by their ids, each only once. What runs have in common
    /// belongs to them where all are among these.
    async fn look_up_runs(&self, ids: &[String]) -> Result<Vec<Belonging>, Failure>;

    /// What a workspace depends on, of what [`Self::look_up`] finds: each with what is to become of
    /// it, which is told of everything that somebody else may use. Asked again about each before
    /// it goes, as of [`Walked::erase`].
    async fn dependents(&self, _thing: &Thing) -> Result<Dependents, Failure> {
        Ok(Dependents::default())
    }

    /// Whether exactly that thing is there still; one that was to be gone for good also where its
    /// service would give it back.
    async fn stands(&self, item: &Item) -> Result<bool, Failure> {
        Ok(self.remains(&item.name).await?.iter().any(|other| other.etag == item.etag))
    }

    /// Until when a service gives back what is not there any more, where it says that of this very
    /// thing; `erased_at` is when the last of its plan went.
    async fn recoverable_until(
        &self,
        _item: &Item,
        _erased_at: Timestamp,
    ) -> Result<Option<Timestamp>, Failure> {
        Ok(None)
    }

    /// How many steps of the others have to go before this one, as far as its name tells.
    fn waits_for(&self, item: &Item) -> u16 {
        item.layout().waits_for()
    }

    /// Where the bytes lie that the thing stands for, without what belongs to it: the outputs, logs
    /// and artifacts of a run, the files of a model, of a data set, of one output of a pipeline.
    /// In a stable order, each once; empty where there are none, or no such thing. Where nobody
    /// says whether it is a file or a folder, the name without a slash is told, or both.
    async fn files(&self, thing: &Thing) -> Result<Vec<Location>, Failure>;

    /// How long a thing can be had back that is deleted as it was asked for.
    fn recoverable_for(&self, _: &Thing) -> SignedDuration {
        SignedDuration::ZERO
    }

    /// Puts exactly that thing aside under its `ETag`. Answered as by an erasure;
    /// [`Erased::AlreadyAbsent`] where it is gone.
    async fn put_aside(&self, item: &Item, how: Aside) -> Result<Erased, Failure>;

    /// Whether a thing is put aside now, or gone.
    async fn is_aside(&self, item: &Item, how: Aside) -> Result<bool, Failure>;
}

/// Something that belongs to a thing, or the thing itself.
pub struct Belonging {
    /// What it is.
    pub item: Item,
    /// How many steps of the others have to go first: what is in it, or needs it.
    pub waits_for: u16,
}

/// How many calls of a kind a service takes, whoever makes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Whose it is: sources that share one give the same name.
    pub name: String,
    /// Calls in any hour.
    pub per_hour: u32,
}

impl<'a> Finds<'a> {
    /// The source as one that is walked, if it is.
    pub fn walked(self) -> Option<&'a dyn Walked> {
        match self {
            Self::Walk(walked) => Some(walked),
            Self::Ask(_) => None,
        }
    }
}

/// One page of a listing.
#[derive(Debug, Default)]
pub struct Page {
    /// In the order of the source.
    pub items: Vec<Item>,
    /// Where the next page starts; `None` after the last.
    pub next: Option<String>,
    /// Names of those whose current form somebody has open, or may have: their bytes may be others
    /// already than the `ETag` says, so that nothing counts that was learned of them.
    pub in_use: BTreeSet<String>,
}

/// The answer to a read.
pub enum Read {
    /// The bytes.
    Bytes(ByteStream),
    /// Nothing is there any more.
    Absent,
    /// Other bytes are there now.
    Changed,
    /// The source holds it but will not give it: a stable word says why (`archived`,
    /// `customer_key`, `forbidden`), and behind a colon may stand the source's own error code.
    Refused(String),
}

/// The answer to an erasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Erased {
    /// Removed now.
    Done,
    /// It was gone.
    AlreadyAbsent,
    /// Other bytes are there now; they stay.
    Changed,
    /// Something outside our authority forbids it.
    Blocked(Barrier),
    /// A service removes it by itself from now on, in minutes or weeks.
    Begun(Ticket),
}

/// Work that a service finishes by itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket {
    /// What the service knows it by: an id, or a URL that may let in whoever has it. Sealed in the
    /// ledger, and nowhere else.
    pub handle: String,
    /// In how many milliseconds to ask first.
    pub look_in_ms: u64,
}

/// How far a service has come.
#[derive(Clone, PartialEq, Eq)]
pub enum Followed {
    /// It says that it has done it.
    Done,
    /// It is at it.
    Running {
        /// In how many milliseconds to ask again.
        look_in_ms: u64,
        /// What the service knows the work by from now on, where that is another.
        handle: Option<String>,
        /// The service's own word for where it stands, where it has one: told if it never ends.
        state: Option<String>,
    },
    /// Something forbids the rest of it.
    Blocked(Barrier),
    /// It gave up; a stable word says why, and behind a colon may stand the service's own code.
    Failed(String),
    /// It knows nothing of this work, or nothing any more.
    Unknown,
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket(to look after in {} ms, handle not shown)", self.look_in_ms)
    }
}

impl fmt::Debug for Followed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("Done"),
            Self::Running { look_in_ms, handle, state } => {
                let is = if handle.is_some() { "another" } else { "the same" };
                let state = state.as_deref().unwrap_or("under way");
                write!(
                    f,
                    "Running({state}, to look after in {look_in_ms} ms, {is} handle, not shown)"
                )
            }
            Self::Blocked(barrier) => write!(f, "Blocked({barrier:?})"),
            Self::Failed(why) => write!(f, "Failed({why})"),
            Self::Unknown => f.write_str("Unknown"),
        }
    }
}

/// What is put in the place of a current form.
pub struct NewForm {
    /// The bytes.
    pub bytes: ByteStream,
    /// How many there are.
    pub size: u64,
    /// What is said of them beside the media type (`Item::properties`); what is not here goes, but
    /// for what the store has made itself.
    pub properties: BTreeMap<String, String>,
    /// The media type.
    pub content_type: Option<String>,
    /// All that is kept beside the bytes; what is not here goes.
    pub metadata: BTreeMap<String, String>,
    /// All index tags; what is not here goes.
    pub tags: BTreeMap<String, String>,
}

/// The answer to a rewrite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rewritten {
    /// The new bytes are there now.
    Done {
        /// What they are known by.
        etag: String,
    },
    /// Nothing was there.
    AlreadyAbsent,
    /// Other bytes are there now; they stay.
    Changed,
    /// Something outside our authority forbids it, or to erase the old bytes behind the new ones.
    Blocked(Barrier),
    /// The source cannot rewrite it without loss: a stable word says why (`earlier_form`,
    /// `append_blob`, `page_blob`, `directory`, `link`, `archived`, `customer_key`, `expiry`,
    /// `tags`, `metadata`, `properties`, `uncommitted`, `name`, `service_document`), and behind a
    /// colon may stand the source's own error code.
    Refused(String),
}
