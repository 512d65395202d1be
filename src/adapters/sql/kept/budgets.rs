//! Budgets: how many calls a service takes in an hour.

use async_trait::async_trait;
use sqlx::AssertSqlSafe;

use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{CALLS, read};
use crate::adapters::sql::store::{SqlLedger, commit};
use crate::domain::failure::Failure;
use crate::ports::kept::budgets::Budgets;
use crate::ports::sources::Budget;
use crate::ports::tasks::Lease;

const COUNTING: &str = "counting the calls that a service takes";

const HOUR_MS: i64 = 3_600_000;

#[async_trait]
impl Budgets for SqlLedger {
    async fn spend(&self, lease: &Lease, budget: &Budget) -> Result<Option<u64>, Failure> {
        let mut transaction = self.begin_under(lease).await?;
        // Whoever writes the row holds it: two daemons count one after the other.
        let statement = format!(
            "INSERT INTO budgets (name, calls) VALUES ($1, '') \
             ON CONFLICT (name) DO UPDATE SET calls = budgets.calls \
             RETURNING calls, {} AS now",
            self.clock.now(2)
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(budget.name.as_str())
            .bind(self.clock.value())
            .fetch_all(&mut *transaction)
            .await;
        let (calls, now) = read(rows, CALLS)?.pop().unwrap_or_default();
        let mut calls = recent(&calls, now);
        let wait_ms = wait_ms(&calls, now, budget.per_hour);
        if wait_ms.is_none() {
            calls.push(now);
        }
        // Written in any case: what a wrong clock noted counts from now on, and not ever anew.
        let calls: Vec<String> = calls.iter().map(i64::to_string).collect();
        sqlx::query("UPDATE budgets SET calls = $1 WHERE name = $2")
            .bind(calls.join(" "))
            .bind(budget.name.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(while_doing(COUNTING))?;
        commit(transaction).await?;
        Ok(wait_ms)
    }
}

/// The calls of the last hour. One that is to come was noted by a clock that has stepped back
/// since: it counts as made now, or a wrong clock would keep a service shut for weeks.
fn recent(calls: &str, now: i64) -> Vec<i64> {
    let calls = calls.split_whitespace().filter_map(|call| call.parse::<i64>().ok());
    calls.map(|call| call.min(now)).filter(|call| now - call < HOUR_MS).collect()
}

/// Until the service takes another call; `None` if it does now.
fn wait_ms(calls: &[i64], now: i64, per_hour: u32) -> Option<u64> {
    let per_hour = per_hour.max(1) as usize;
    // As many as it takes have to be an hour old.
    let first = calls.len().checked_sub(per_hour)?;
    u64::try_from(calls[first] + HOUR_MS - now).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_no_hour_are_there_more_calls_than_the_service_takes() {
        let (mut calls, mut made, mut now) = (String::new(), Vec::new(), 1_000_000_i64);
        // Steps of time that are odd on purpose.
        for step in (0..2_000).map(|n: i64| (n * 7_919) % 97_001) {
            now += step;
            let mut known = recent(&calls, now);
            let wait = wait_ms(&known, now, 5);
            let in_the_hour = made.iter().filter(|call| now - **call < HOUR_MS).count();
            assert_eq!(wait.is_none(), in_the_hour < 5);
            match wait {
                Some(wait) => {
                    assert!(wait_ms(&known, now + i64::try_from(wait).unwrap(), 6).is_none());
                    assert!(wait as i64 <= HOUR_MS);
                }
                None => {
                    known.push(now);
                    made.push(now);
                    calls = known.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
                }
            }
        }
        assert!(made.len() > 100);
    }

    #[test]
    fn a_clock_that_was_wrong_keeps_no_service_shut_for_longer_than_an_hour() {
        let (now, far) = (1_000_000, 9_000_000_000_000_i64);
        let calls = recent(&format!("{far} {far}"), now);
        assert_eq!(wait_ms(&calls, now, 2), Some(HOUR_MS as u64));
        assert_eq!(wait_ms(&calls, now, 3), None);
    }
}
