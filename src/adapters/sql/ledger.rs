//! The `Ledger` port: what one write is made of.

use async_trait::async_trait;
use uuid::Uuid;

use crate::adapters::sql::account::requests::{BY_CHANGE, BY_DUE};
use crate::adapters::sql::account::{items, openings, requests};
use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::store::{SqlLedger, commit};
use crate::adapters::sql::telling::{callbacks, outbox};
use crate::domain::event::Announcement;
use crate::domain::failure::Failure;
use crate::domain::outcome::Tally;
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::ledger::{
    Appended, Callback, CallbackId, Cleared, Drafted, ItemEnd, Ledger, Opened, Opening, Record,
    SealedItem, SealedRequest,
};
use crate::ports::standing::{Progress, Standing};
use crate::ports::tasks::Lease;

#[async_trait]
impl Ledger for SqlLedger {
    async fn open(&self, openings: &[&Opening]) -> Result<Vec<Opened>, Failure> {
        let mut transaction = self.begin().await?;
        let opened = openings::open(&mut transaction, openings).await?;
        commit(transaction).await?;
        Ok(opened)
    }

    async fn append(
        &self,
        record: &Record,
        announcement: Option<&Announcement>,
        lease: Option<&Lease>,
    ) -> Result<Appended, Failure> {
        let mut transaction = match lease {
            Some(lease) => self.begin_under(lease).await?,
            None => self.begin().await?,
        };
        let Some(state) =
            requests::append(&mut transaction, &self.clock, record, announcement).await?
        else {
            return Ok(Appended::Overtaken);
        };
        if state.rests() {
            // Noted first: a caller may stop waiting when the commit is through and this is not.
            self.shred_later();
        }
        commit(transaction).await?;
        self.shred_traces().await;
        Ok(Appended::Done)
    }

    async fn standing(&self, id: &RequestId) -> Result<Option<Standing>, Failure> {
        requests::standing(&mut *self.read().await?, id).await
    }

    async fn rejected_for(&self, claimed: &RequestId) -> Result<Option<RequestId>, Failure> {
        requests::rejected_for(&mut *self.read().await?, claimed).await
    }

    async fn standings(&self, states: &[State], limit: u32) -> Result<Vec<Standing>, Failure> {
        requests::standings(&mut *self.read().await?, states, BY_DUE, limit).await
    }

    async fn page(&self, after: Option<&RequestId>, limit: u32) -> Result<Vec<Standing>, Failure> {
        requests::page(&mut *self.read().await?, after, limit).await
    }

    async fn recently_ended(&self, limit: u32) -> Result<Vec<Standing>, Failure> {
        let is_ended = |state: &State| state.is_end() && *state != State::Rejected;
        let ended: Vec<State> = State::ALL.into_iter().filter(is_ended).collect();
        requests::standings(&mut *self.read().await?, &ended, BY_CHANGE, limit).await
    }

    async fn census(&self) -> Result<Vec<(State, u64)>, Failure> {
        requests::census(&mut *self.read().await?).await
    }

    async fn records(&self, id: &RequestId) -> Result<Vec<Record>, Failure> {
        requests::records(&mut *self.read().await?, id).await
    }

    async fn sealed(&self, id: &RequestId) -> Result<Option<SealedRequest>, Failure> {
        requests::sealed(&mut *self.read().await?, id).await
    }

    async fn add_items(
        &self,
        lease: &Lease,
        id: &RequestId,
        sequence: u64,
        items: &[SealedItem],
    ) -> Result<bool, Failure> {
        let mut transaction = self.begin_under(lease).await?;
        let added = items::add(&mut transaction, id, sequence, items).await?;
        commit(transaction).await?;
        Ok(added)
    }

    async fn amend_items(
        &self,
        lease: &Lease,
        id: &RequestId,
        sequence: u64,
        items: &[SealedItem],
    ) -> Result<bool, Failure> {
        let mut transaction = self.begin_under(lease).await?;
        let amended = items::amend(&mut transaction, id, sequence, items).await?;
        commit(transaction).await?;
        Ok(amended)
    }

    async fn clear_items(
        &self,
        lease: &Lease,
        id: &RequestId,
        which: Cleared,
    ) -> Result<(), Failure> {
        // Mostly there is nothing, and to be told so costs less than a write.
        if items::are_clear(&mut *self.read().await?, id, &which).await? {
            return Ok(());
        }
        let mut transaction = self.begin_under(lease).await?;
        items::clear(&mut transaction, id, &which).await?;
        commit(transaction).await
    }

    async fn drafted(&self, id: &RequestId) -> Result<Vec<Drafted>, Failure> {
        items::drafted(&mut *self.read().await?, id).await
    }

    async fn begin_items(
        &self,
        lease: &Lease,
        id: &RequestId,
        ordinals: &[u64],
    ) -> Result<(), Failure> {
        if ordinals.is_empty() {
            return self.assert_held(lease).await;
        }
        let mut transaction = self.begin_under(lease).await?;
        items::begin(&mut transaction, id, ordinals).await?;
        commit(transaction).await
    }

    async fn items(
        &self,
        id: &RequestId,
        after: Option<u64>,
        open_only: bool,
        limit: u32,
    ) -> Result<Vec<SealedItem>, Failure> {
        items::items(&mut *self.read().await?, id, after, open_only, limit).await
    }

    async fn record_outcomes(
        &self,
        lease: &Lease,
        id: &RequestId,
        ends: &[ItemEnd],
    ) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        items::record_outcomes(&mut transaction, id, ends).await?;
        commit(transaction).await
    }

    async fn tally(&self, id: &RequestId) -> Result<Tally, Failure> {
        items::tally(&mut *self.read().await?, id).await
    }

    async fn note_progress(&self, ids: &[RequestId], progress: Progress) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        requests::note_progress(&mut transaction, ids, progress).await?;
        commit(transaction).await
    }

    async fn unsent(&self, limit: u32) -> Result<Vec<Announcement>, Failure> {
        outbox::unsent(&mut *self.read().await?, &self.clock, limit).await
    }

    async fn mark_sent(&self, ids: &[Uuid]) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        outbox::mark_sent(&mut transaction, ids).await?;
        commit(transaction).await
    }

    async fn put_off(&self, ids: &[Uuid], for_ms: u64) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        outbox::put_off(&mut transaction, &self.clock, ids, for_ms).await?;
        commit(transaction).await
    }

    async fn backlog(&self) -> Result<u64, Failure> {
        outbox::backlog(&mut *self.read().await?).await
    }

    async fn owed(&self, each_host: u32) -> Result<Vec<Callback>, Failure> {
        callbacks::owed(&mut *self.read().await?, &self.clock, each_host).await
    }

    async fn put_off_callback(&self, id: &CallbackId, for_ms: u64) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        callbacks::put_off(&mut transaction, &self.clock, id, for_ms).await?;
        commit(transaction).await
    }

    async fn forget_callback(&self, id: &CallbackId) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        callbacks::forget(&mut transaction, id).await?;
        commit(transaction).await
    }

    async fn callback_backlog(&self) -> Result<u64, Failure> {
        callbacks::backlog(&mut *self.read().await?).await
    }

    async fn ping(&self) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        // Touches no row, but a database that takes no writes refuses it.
        sqlx::query("UPDATE outbox SET sent = sent WHERE id = ''")
            .execute(&mut *transaction)
            .await
            .map_err(while_doing("asking whether the ledger takes writes"))?;
        commit(transaction).await
    }
}
