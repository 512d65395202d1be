//! The blobs of one container in the order of their names, stored or computed when asked for.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::Timestamp;

use crate::support::blob_server::form::{Draft, Form};

/// A container.
#[derive(Default)]
pub struct Container {
    stored: BTreeMap<String, Vec<Form>>,
    /// Blocks that were put and not yet committed, by blob and by id.
    pub blocks: BTreeMap<String, BTreeMap<String, Bytes>>,
    /// Names that nobody may touch.
    pub forbidden: BTreeSet<String>,
    generated: Option<Generated>,
    /// Generated ones that were written or erased and are now stored, or gone.
    touched: BTreeSet<usize>,
}

/// Blobs that are not stored: the name and the bytes of the n-th are computed.
#[derive(Clone, Copy)]
pub struct Generated {
    pub count: usize,
    /// Ascends with the index.
    pub name: fn(usize) -> String,
    pub bytes: fn(usize) -> Vec<u8>,
}

impl Container {
    pub fn new(generated: Option<Generated>) -> Self {
        Self { generated, ..Self::default() }
    }

    /// All forms of a name; empty where there is none.
    pub fn forms(&self, name: &str) -> Cow<'_, [Form]> {
        match (self.stored.get(name), self.index(name)) {
            (Some(forms), _) => Cow::Borrowed(forms),
            (None, Some(index)) => Cow::Owned(vec![self.form(index)]),
            (None, None) => Cow::Borrowed(&[]),
        }
    }

    /// Changes the forms of a name, which stay in order; a name without any is gone.
    pub fn change<T>(&mut self, name: &str, change: impl FnOnce(&mut Vec<Form>) -> T) -> T {
        let mut forms = self.forms(name).into_owned();
        if let Some(index) = self.index(name) {
            self.touched.insert(index);
        }
        let changed = change(&mut forms);
        forms.sort_by(|a, b| a.rank().cmp(b.rank()));
        if forms.is_empty() {
            self.stored.remove(name);
        } else {
            self.stored.insert(name.to_owned(), forms);
        }
        changed
    }

    /// Changes every stored form, and removes those for which `keeps` says no.
    pub fn sweep(&mut self, mut keeps: impl FnMut(&mut Form) -> bool) {
        self.stored.retain(|_, forms| {
            forms.retain_mut(&mut keeps);
            !forms.is_empty()
        });
    }

    /// All names from `start` on in order, with their forms.
    pub fn from<'a>(
        &'a self,
        start: &'a str,
    ) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, [Form]>)> {
        let mut stored = self.stored.range(start.to_owned()..).peekable();
        let first = self.generated.map_or(0, |generated| generated.first(start));
        let count = self.generated.map_or(0, |generated| generated.count);
        let mut indices = (first..count).filter(|index| !self.touched.contains(index)).peekable();
        let mut next = None;
        std::iter::from_fn(move || {
            if next.is_none() {
                next = indices.next().map(|index| (index, self.name(index)));
            }
            match (stored.peek(), &next) {
                (Some((name, _)), Some((_, generated))) if *name < generated => {}
                (_, Some(_)) => {
                    let (index, name) = next.take().unwrap();
                    return Some((Cow::Owned(name), Cow::Owned(vec![self.form(index)])));
                }
                (_, None) => {}
            }
            let (name, forms) = stored.next()?;
            Some((Cow::Borrowed(name.as_str()), Cow::Borrowed(forms.as_slice())))
        })
    }

    /// Index of a generated blob that nobody touched.
    fn index(&self, name: &str) -> Option<usize> {
        let generated = self.generated?;
        let index = generated.first(name);
        let is_it = index < generated.count && (generated.name)(index) == name;
        (is_it && !self.touched.contains(&index)).then_some(index)
    }

    fn name(&self, index: usize) -> String {
        self.generated.map(|generated| (generated.name)(index)).unwrap_or_default()
    }

    fn form(&self, index: usize) -> Form {
        let bytes = self.generated.map(|generated| (generated.bytes)(index)).unwrap_or_default();
        let draft = Draft { bytes: bytes.into(), ..Draft::default() };
        Form::new(draft, format!("\"0x9{index:014X}\""), None, Timestamp::UNIX_EPOCH)
    }
}

impl Generated {
    /// Index of the first name that is not less.
    fn first(&self, name: &str) -> usize {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = usize::midpoint(low, high);
            if (self.name)(middle).as_str() < name {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}
