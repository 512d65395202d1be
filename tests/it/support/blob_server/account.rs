//! An account: its containers, its clock, and what writing and erasing do under its policy
//! (`azure/FACTS.md`, section 9).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::support::blob_server::conditions::{
    BLOB_NOT_FOUND, Conditions, IMMUTABLE, Refusal, refusal,
};
use crate::support::blob_server::container::Container;
use crate::support::blob_server::form::{Deleted, Draft, Form, REHYDRATION_TIME, Which, stamp};

/// What the account does with what is deleted or written over.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policy {
    /// Soft delete for so many days; off where `None`.
    pub retention_days: Option<u32>,
    /// Whether earlier versions are kept.
    pub versioning: bool,
    /// Whether soft-deleted snapshots and versions may be removed for good.
    pub permanent_delete: bool,
}

/// The account.
pub struct Account {
    pub policy: Policy,
    pub now: Timestamp,
    ticks: u64,
    pub containers: BTreeMap<String, Container>,
}

/// How a deletion is asked for.
#[derive(Clone, Debug)]
pub struct Deletion {
    pub which: Which,
    pub conditions: Conditions,
    /// `x-ms-delete-snapshots`.
    pub snapshots: Option<String>,
    /// `deletetype=permanent`.
    pub is_permanent: bool,
}

impl Account {
    pub fn new(policy: Policy) -> Self {
        // A morning of the tests' own: nothing here depends on when they run.
        let now = Timestamp::constant(1_793_520_000, 0);
        Self { policy, now, ticks: 0, containers: BTreeMap::new() }
    }

    /// Moves the clock; what has been soft-deleted long enough is gone then, and what is on its way
    /// from the archive arrives.
    pub fn advance_clock(&mut self, time: SignedDuration) {
        self.now += time;
        let now = self.now;
        for container in self.containers.values_mut() {
            container.sweep(|form| {
                if form.rehydration.as_ref().is_some_and(|(_, at)| *at <= now) {
                    form.draft.tier = form.rehydration.take().map(|(tier, _)| tier);
                }
                form.deleted.is_none_or(|deleted| deleted.until > now)
            });
        }
    }

    pub fn container(&mut self, name: &str) -> Result<&mut Container, Refusal> {
        self.containers.get_mut(name).ok_or(refusal(404, "ContainerNotFound"))
    }

    /// A live form, if the caller may touch its name.
    pub fn live(&mut self, container: &str, name: &str, which: &Which) -> Result<Form, Refusal> {
        let container = self.open(container, name)?;
        let forms = container.forms(name);
        let form = forms.iter().find(|form| form.is_live() && form.is(which));
        form.cloned().ok_or(BLOB_NOT_FOUND)
    }

    /// Writes a blob over what was there.
    pub fn write(
        &mut self,
        container: &str,
        name: &str,
        draft: Draft,
        conditions: &Conditions,
    ) -> Result<Form, Refusal> {
        let (policy, now, at, deleted) = (self.policy, self.now, self.tick(), self.deleted());
        let opened = self.open(container, name)?;
        let forms = opened.forms(name);
        let old = forms.iter().find(|form| form.is_current() && form.is_live()).cloned();
        conditions.check_write(old.as_ref())?;
        if !policy.versioning && old.as_ref().is_some_and(|old| old.is_held(now)) {
            return Err(IMMUTABLE);
        }
        let version_id = policy.versioning.then(|| stamp(at));
        let mut new = Form::new(draft, etag(at), version_id, at);
        if let Some(old) = old {
            new.created = old.created;
            new.lease = old.lease;
        }
        opened.blocks.remove(name);
        let written = new.clone();
        opened.change(name, |forms| {
            forms.retain_mut(|form| !form.is_current() || give_way(form, policy, deleted, at));
            forms.push(new);
        });
        Ok(written)
    }

    /// Takes a snapshot of the current form.
    pub fn snapshot(
        &mut self,
        container: &str,
        name: &str,
        conditions: &Conditions,
    ) -> Result<Form, Refusal> {
        let mut snapshot = self.live(container, name, &Which::Current)?;
        conditions.check_read(&snapshot)?;
        snapshot.which = Which::Snapshot(stamp(self.tick()));
        snapshot.version_id = None;
        snapshot.lease = None;
        snapshot.legal_hold = false;
        snapshot.immutable_until = None;
        let taken = snapshot.clone();
        self.container(container)?.change(name, |forms| forms.push(snapshot));
        Ok(taken)
    }

    /// Deletes what the request names.
    pub fn delete(
        &mut self,
        container: &str,
        name: &str,
        deletion: &Deletion,
    ) -> Result<(), Refusal> {
        if deletion.is_permanent {
            return self.delete_permanently(container, name, deletion);
        }
        let form = self.live(container, name, &deletion.which)?;
        if form.is_current() && deletion.which != Which::Current {
            return Err(refusal(403, "OperationNotAllowedOnRootBlob"));
        }
        deletion.conditions.check_change(&form)?;
        if form.draft.is_directory {
            // The wire log of azure-storage-fuse#1068.
            if deletion.snapshots.is_some() {
                return Err(refusal(400, "OperationNotSupportedOnDirectory"));
            }
            let below = format!("{name}/");
            let mut blobs = self.container(container)?.from(&below);
            let is_live = |forms: &[Form]| forms.iter().any(|f| f.is_live() && f.is_current());
            if blobs.any(|(other, forms)| other.starts_with(&below) && is_live(&forms)) {
                return Err(refusal(409, "DirectoryIsNotEmpty"));
            }
        }
        let (policy, deleted) = (self.policy, self.deleted());
        let goes = self.goes(container, name, &form, deletion)?;
        self.container(container)?.change(name, |forms| {
            forms.retain_mut(|form| {
                if !goes.contains(&form.which) || !form.is_live() {
                    return true;
                }
                if form.is_current() && policy.versioning {
                    become_version(form);
                    return true;
                }
                form.lease = None;
                form.deleted = deleted;
                form.deleted.is_some()
            });
        });
        Ok(())
    }

    /// Every form that a deletion takes along. Not published is whether a held current form may go
    /// where versions are kept, and become one: here it stays.
    fn goes(
        &mut self,
        container: &str,
        name: &str,
        form: &Form,
        deletion: &Deletion,
    ) -> Result<Vec<Which>, Refusal> {
        let now = self.now;
        let forms = self.container(container)?.forms(name);
        let mut goes: Vec<&Form> = Vec::new();
        if form.is_current() {
            let is_snapshot = |form: &&Form| matches!(form.which, Which::Snapshot(_));
            goes.extend(forms.iter().filter(is_snapshot).filter(|form| form.is_live()));
            match deletion.snapshots.as_deref() {
                None if !goes.is_empty() => return Err(refusal(409, "SnapshotsPresent")),
                None | Some("include" | "only") => {}
                Some(_) => return Err(refusal(400, "InvalidHeaderValue")),
            }
        } else if deletion.snapshots.is_some() {
            return Err(refusal(400, "InvalidQueryParameterValue"));
        }
        if deletion.snapshots.as_deref() != Some("only") {
            goes.push(form);
        }
        if goes.iter().any(|form| form.is_held(now)) {
            return Err(IMMUTABLE);
        }
        Ok(goes.into_iter().map(|form| form.which.clone()).collect())
    }

    /// Which code the service has for an account that does not allow it is not published; neither
    /// is the one for a request that names no snapshot and no version.
    fn delete_permanently(
        &mut self,
        container: &str,
        name: &str,
        deletion: &Deletion,
    ) -> Result<(), Refusal> {
        let (now, is_allowed) = (self.now, self.policy.permanent_delete);
        let opened = self.open(container, name)?;
        if deletion.which == Which::Current {
            return Err(refusal(400, "InvalidQueryParameterValue"));
        }
        let forms = opened.forms(name);
        let form = forms.iter().find(|form| form.is(&deletion.which));
        let form = form.ok_or(BLOB_NOT_FOUND)?;
        if !is_allowed {
            return Err(refusal(409, "InvalidOperation"));
        }
        if form.is_current() && form.is_live() {
            return Err(refusal(403, "OperationNotAllowedOnRootBlob"));
        }
        if form.is_live() {
            return Err(refusal(409, "BlobSnapshotNotSoftDeleted"));
        }
        deletion.conditions.check_change(form)?;
        if form.is_held(now) {
            return Err(IMMUTABLE);
        }
        opened.change(name, |forms| forms.retain(|form| !form.is(&deletion.which)));
        Ok(())
    }

    /// Brings back what is soft-deleted.
    pub fn undelete(&mut self, container: &str, name: &str) -> Result<(), Refusal> {
        let opened = self.open(container, name)?;
        if opened.forms(name).is_empty() {
            return Err(BLOB_NOT_FOUND);
        }
        opened.change(name, |forms| forms.iter_mut().for_each(|form| form.deleted = None));
        Ok(())
    }

    /// Moves a live form to a tier; says whether that takes time.
    pub fn set_tier(
        &mut self,
        container: &str,
        name: &str,
        which: &Which,
        tier: &str,
    ) -> Result<bool, Refusal> {
        let form = self.live(container, name, which)?;
        let takes_time = form.is_archived() && tier != "Archive";
        let arrival = self.now + REHYDRATION_TIME;
        self.alter(container, name, which, |form| {
            if takes_time {
                form.rehydration = Some((tier.to_owned(), arrival));
            } else {
                form.draft.tier = Some(tier.to_owned());
            }
        })?;
        Ok(takes_time)
    }

    /// Changes one live form as it stands.
    pub fn alter(
        &mut self,
        container: &str,
        name: &str,
        which: &Which,
        alter: impl FnOnce(&mut Form),
    ) -> Result<(), Refusal> {
        let container = self.container(container)?;
        container.change(name, |forms| {
            let form = forms.iter_mut().find(|form| form.is_live() && form.is(which));
            form.map(alter).ok_or(BLOB_NOT_FOUND)
        })
    }

    /// The container, if the caller may touch this name in it.
    pub fn open(&mut self, container: &str, name: &str) -> Result<&mut Container, Refusal> {
        let container = self.container(container)?;
        if container.forbidden.contains(name) {
            return Err(refusal(403, "AuthorizationPermissionMismatch"));
        }
        Ok(container)
    }

    /// A moment that nothing else has: what is written is named by when.
    fn tick(&mut self) -> Timestamp {
        self.ticks += 1;
        self.now + SignedDuration::from_nanos(100 * i64::try_from(self.ticks).unwrap())
    }

    /// What is soft-deleted now; `None` where nothing is kept.
    fn deleted(&self) -> Option<Deleted> {
        let kept = SignedDuration::from_hours(24 * i64::from(self.policy.retention_days?));
        Some(Deleted { at: self.now, until: self.now + kept })
    }
}

/// What becomes of a current form that is written over, soft-deleted before or not; `false` where
/// nothing does.
fn give_way(form: &mut Form, policy: Policy, deleted: Option<Deleted>, at: Timestamp) -> bool {
    if form.is_live() && policy.versioning {
        become_version(form);
        return true;
    }
    if form.is_live() {
        form.deleted = deleted;
    }
    form.which = Which::Snapshot(stamp(at));
    form.version_id = None;
    form.lease = None;
    form.deleted.is_some()
}

/// One that was written before versions were kept is named by when that was.
fn become_version(form: &mut Form) {
    let id = form.version_id.clone().unwrap_or_else(|| stamp(form.modified));
    form.version_id = Some(id.clone());
    form.which = Which::Version(id);
    form.lease = None;
}

fn etag(at: Timestamp) -> String {
    format!("\"0x8{:014X}\"", at.as_nanosecond() / 100)
}
