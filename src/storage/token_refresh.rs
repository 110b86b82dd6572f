//! The refreshing of accounts' tokens: the columns `refresh_…` of `connected_accounts`, and what a
//! provider holds against an auth config's client.

use std::time::Duration;

use super::connected_accounts::{ConnectedAccount, Status};
use super::db::{Conn, Statement, on};
use crate::error::Result;
use crate::ids::{AccountId, AuthConfigId, ProjectId, legacy_number};
use crate::time::Timestamp;

/// At most this long before its end a token is renewed ahead of need.
const LONGEST_LEAD: Duration = Duration::from_mins(15);
/// The part of a token's life that is left when it is renewed ahead of need.
const LEAD_PART: u32 = 5;

const FIND: Statement = Statement::both(
    "connected_accounts.find_refreshing",
    "SELECT * FROM connected_accounts WHERE project_id = $1 AND id = $2",
);
// One of those who try at the same moment gets it: the second finds the row with a lease.
const TAKE: Statement = Statement::both(
    "connected_accounts.take_refresh_lease",
    "UPDATE connected_accounts SET refresh_lease_owner = $4, refresh_lease_until = $5,
         refresh_begun_at = COALESCE(refresh_begun_at, $6)
     WHERE project_id = $1 AND id = $2 AND token_generation = $3 AND status = 'ACTIVE'
       AND (refresh_lease_until IS NULL OR refresh_lease_until <= $6)",
);
const GIVE_BACK: Statement = Statement::both(
    "connected_accounts.give_refresh_lease_back",
    "UPDATE connected_accounts SET refresh_lease_owner = NULL, refresh_lease_until = NULL,
         refresh_begun_at = NULL
     WHERE project_id = $1 AND id = $2 AND refresh_lease_owner = $3",
);
const STORE: Statement = Statement::both(
    "connected_accounts.store_refreshed",
    "UPDATE connected_accounts SET credentials = $4, token_generation = token_generation + 1,
         token_expires_at = $5, status = 'ACTIVE', status_reason = NULL,
         refresh_lease_owner = NULL, refresh_lease_until = NULL, refresh_begun_at = NULL,
         refresh_failures = 0, refresh_failed_at = NULL, refresh_failing_since = NULL,
         refresh_due_at = $6, updated_at = $7
     WHERE project_id = $1 AND id = $2 AND token_generation = $3
       AND status IN ('ACTIVE', 'EXPIRED')",
);
const NOTE_FAILURE: Statement = Statement::both(
    "connected_accounts.note_refresh_failure",
    "UPDATE connected_accounts SET refresh_lease_owner = NULL, refresh_lease_until = NULL,
         refresh_begun_at = CASE WHEN $8 THEN refresh_begun_at ELSE NULL END,
         refresh_failures = $4, refresh_failed_at = $5,
         refresh_failing_since = COALESCE(refresh_failing_since, $5),
         refresh_due_at = $6, status_reason = $7
     WHERE project_id = $1 AND id = $2 AND refresh_lease_owner = $3 AND status = 'ACTIVE'",
);
// All that is due, of every tenant; the index knows no other rows. A toolkit whose provider has
// its hands full is passed over, so that a slow one does not stand before the others.
const DUE: Statement = Statement::both(
    "connected_accounts.due_for_refresh",
    "SELECT * FROM connected_accounts
     WHERE enabled AND status = 'ACTIVE' AND refresh_due_at <= $1
       AND (refresh_lease_until IS NULL OR refresh_lease_until <= $1)
       AND $2 NOT LIKE '%,' || toolkit || ',%'
     ORDER BY refresh_due_at LIMIT $3",
);
const UNSCHEDULE: Statement = Statement::both(
    "connected_accounts.unschedule_refresh",
    "UPDATE connected_accounts SET refresh_due_at = NULL
     WHERE project_id = $1 AND id = $2 AND token_generation = $3",
);
// After what stood in the way is gone: the switched-off config, the client that was refused.
const RESUME: Statement = Statement::both(
    "connected_accounts.resume_refresh",
    "UPDATE connected_accounts SET
         refresh_due_at = CASE WHEN refresh_failures > 0 THEN $3 ELSE token_expires_at END,
         refresh_failures = 0, refresh_failed_at = NULL, refresh_failing_since = NULL
     WHERE project_id = $1 AND auth_config_id = $2 AND status = 'ACTIVE'
       AND token_expires_at IS NOT NULL AND (refresh_due_at IS NULL OR refresh_failures > 0)",
);
const BLAME_CLIENT: Statement = Statement::both(
    "auth_configs.blame_client",
    "UPDATE auth_configs SET client_problem = $3,
         client_problem_since = COALESCE(client_problem_since, $4)
     WHERE project_id = $1 AND id = $2",
);
const CLEAR_CLIENT: Statement = Statement::both(
    "auth_configs.clear_client",
    "UPDATE auth_configs SET client_problem = NULL, client_problem_since = NULL
     WHERE project_id = $1 AND id = $2 AND client_problem IS NOT NULL",
);
const CLIENT_PROBLEM: Statement = Statement::both(
    "auth_configs.client_problem",
    "SELECT client_problem FROM auth_configs WHERE project_id = $1 AND id = $2",
);
pub(super) const STATEMENTS: &[Statement] = &[
    FIND,
    TAKE,
    GIVE_BACK,
    STORE,
    NOTE_FAILURE,
    DUE,
    UNSCHEDULE,
    RESUME,
    BLAME_CLIENT,
    CLEAR_CLIENT,
    CLIENT_PROBLEM,
];

/// When a token is to be renewed ahead of need: with a fifth of its life left, a quarter of an
/// hour at most, and up to half as much earlier, so that what was connected together does not come
/// back together. None for an account that is not active or whose token has no end.
///
/// Every statement that writes a token takes it from here, so no writer can forget it.
pub(super) fn due_at(
    id: &AccountId,
    status: Status,
    token_expires_at: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    let end = token_expires_at.filter(|_| status == Status::Active)?;
    let left = u64::try_from(end.as_millis().saturating_sub(now.as_millis())).unwrap_or(0);
    let lead = (Duration::from_millis(left) / LEAD_PART).min(LONGEST_LEAD);
    let throw = legacy_number(&format!("{id} {}", end.as_millis())) % 1000;
    let spread = lead / 2 * u32::try_from(throw).unwrap_or(0) / 1000;
    Some(end.before(lead + spread).max(now))
}

/// An account and how its refreshing stands.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Refreshing {
    /// The account.
    #[sqlx(flatten)]
    pub account: ConnectedAccount,
    /// Until when somebody asks the provider.
    pub refresh_lease_until: Option<Timestamp>,
    /// When the provider was first asked without its answer being stored.
    pub refresh_begun_at: Option<Timestamp>,
    /// When it is to be renewed ahead of need.
    pub refresh_due_at: Option<Timestamp>,
    /// How often it failed in a row.
    pub refresh_failures: i64,
    /// When it failed last.
    pub refresh_failed_at: Option<Timestamp>,
    /// When it began to fail.
    pub refresh_failing_since: Option<Timestamp>,
}

/// A try that failed without saying anything about the grant.
#[derive(Debug, Clone)]
pub struct Failure<'a> {
    /// Who tried.
    pub owner: &'a str,
    /// How many there are in a row now.
    pub count: i64,
    /// When it is tried again ahead of need; never for a token that has no end.
    pub again_at: Option<Timestamp>,
    /// For people.
    pub reason: &'a str,
    /// The provider may have replaced the refresh token all the same.
    pub is_unclear: bool,
}

/// New tokens, from a refresh.
#[derive(Debug, Clone)]
pub struct Refreshed {
    /// The generation whose values were sealed again with the new tokens among them.
    pub seen_generation: i64,
    /// Sealed.
    pub credentials: Vec<u8>,
    /// When the access token ends.
    pub token_expires_at: Option<Timestamp>,
}

/// An account and how its refreshing stands.
pub async fn find(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &AccountId,
) -> Result<Option<Refreshing>> {
    let sql = FIND.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(project).bind(id).fetch_optional(c).await)?)
}

/// Makes `owner` the one who refreshes an active account of this generation until `until`; `false`
/// when somebody else is, or the account is another by now.
pub async fn take(
    conn: Conn<'_>,
    account: &ConnectedAccount,
    owner: &str,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    let sql = TAKE.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(&account.project_id).bind(&account.id).bind(account.token_generation).bind(owner)
        .bind(until).bind(now).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Ends a lease with nothing to store; `false` when it was not `owner`'s any more.
pub async fn give_back(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &AccountId,
    owner: &str,
) -> Result<bool> {
    let sql = GIVE_BACK.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).bind(owner).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Stores new tokens and ends whatever lease there is; `false` when the account is of another
/// generation by now, or was given up on purpose.
pub async fn store(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &AccountId,
    new: &Refreshed,
    now: Timestamp,
) -> Result<bool> {
    let sql = STORE.on(&conn);
    let Refreshed {
        seen_generation,
        credentials,
        token_expires_at,
    } = new;
    let due_at = due_at(id, Status::Active, *token_expires_at, now);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).bind(seen_generation).bind(credentials).bind(token_expires_at)
        .bind(due_at).bind(now).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Counts a failed try and ends its lease; `false` when it was not the owner's any more.
pub async fn note_failure(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &AccountId,
    failure: &Failure<'_>,
    now: Timestamp,
) -> Result<bool> {
    let sql = NOTE_FAILURE.on(&conn);
    let Failure {
        owner,
        count,
        again_at,
        reason,
        is_unclear,
    } = failure;
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).bind(owner).bind(count).bind(now).bind(again_at).bind(reason)
        .bind(is_unclear).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Accounts of all tenants whose tokens are to be renewed, the longest due first; those of the
/// toolkits in `passed_over` are left out.
pub async fn due(
    conn: Conn<'_>,
    passed_over: &[String],
    limit: i64,
    now: Timestamp,
) -> Result<Vec<ConnectedAccount>> {
    let sql = DUE.on(&conn);
    let names = format!(",{},", passed_over.join(","));
    Ok(on!(conn, c => sqlx::query_as(sql).bind(now).bind(names).bind(limit).fetch_all(c).await)?)
}

/// Takes an account off the worker's list until it is written again.
pub async fn unschedule(conn: Conn<'_>, account: &ConnectedAccount) -> Result<()> {
    let sql = UNSCHEDULE.on(&conn);
    on!(conn, c => sqlx::query(sql)
        .bind(&account.project_id).bind(&account.id).bind(account.token_generation)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Puts the accounts of an auth config on the worker's list that are off it, or were failing.
pub async fn resume(
    conn: Conn<'_>,
    project: &ProjectId,
    config: &AuthConfigId,
    now: Timestamp,
) -> Result<u64> {
    let sql = RESUME.on(&conn);
    Ok(on!(conn, c => sqlx::query(sql)
        .bind(project).bind(config).bind(now).execute(c).await?.rows_affected()))
}

/// Notes what the provider holds against an auth config's client.
pub async fn blame_client(
    conn: Conn<'_>,
    project: &ProjectId,
    config: &AuthConfigId,
    problem: &str,
    now: Timestamp,
) -> Result<()> {
    let sql = BLAME_CLIENT.on(&conn);
    on!(conn, c => sqlx::query(sql)
        .bind(project).bind(config).bind(problem).bind(now).execute(c).await?.rows_affected());
    Ok(())
}

/// Takes the note away; `true` when there was one.
pub async fn clear_client(
    conn: Conn<'_>,
    project: &ProjectId,
    config: &AuthConfigId,
) -> Result<bool> {
    let sql = CLEAR_CLIENT.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(config).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// What the provider holds against an auth config's client, if anything.
pub async fn client_problem(
    conn: Conn<'_>,
    project: &ProjectId,
    config: &AuthConfigId,
) -> Result<Option<String>> {
    let sql = CLIENT_PROBLEM.on(&conn);
    let found: Option<Option<String>> = on!(conn, c => sqlx::query_scalar(sql)
        .bind(project).bind(config).fetch_optional(c).await)?;
    Ok(found.flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lead(lifetime: Duration, id: &str) -> Duration {
        let now = Timestamp::from_millis(0);
        let end = now.after(lifetime);
        let due = due_at(
            &AccountId::from(id.to_owned()),
            Status::Active,
            Some(end),
            now,
        )
        .unwrap();
        Duration::from_millis(u64::try_from(end.as_millis() - due.as_millis()).unwrap())
    }

    #[test]
    fn a_token_is_due_with_a_fifth_of_its_life_left_or_a_quarter_of_an_hour_and_somewhat_before() {
        for number in 0..200 {
            let id = format!("ca_{number}");
            let of_a_minute = lead(Duration::from_mins(1), &id).as_secs();
            assert!((12..=18).contains(&of_a_minute), "{of_a_minute}");
            let of_a_day = lead(Duration::from_hours(24), &id).as_secs() / 60;
            assert!((15..=22).contains(&of_a_day), "{of_a_day}");
        }
    }

    #[test]
    fn tokens_that_end_together_are_due_at_different_times() {
        let hour = Duration::from_hours(1);
        let mut leads: Vec<Duration> = (0..100)
            .map(|number| lead(hour, &format!("ca_{number}")))
            .collect();
        leads.sort_unstable();
        leads.dedup();
        assert!(leads.len() > 80, "{}", leads.len());
        let (shortest, longest) = (leads[0], leads[leads.len() - 1]);
        assert!(longest > shortest + Duration::from_mins(4), "{leads:?}");
    }

    #[test]
    fn nothing_is_due_without_an_end_or_while_it_is_not_active() {
        let (id, now) = (AccountId::generate(), Timestamp::from_millis(0));
        assert_eq!(due_at(&id, Status::Active, None, now), None);
        assert_eq!(due_at(&id, Status::Initiated, Some(now), now), None);
        assert_eq!(
            due_at(
                &id,
                Status::Active,
                Some(now),
                now.after(Duration::from_secs(9))
            ),
            Some(now.after(Duration::from_secs(9)))
        );
    }
}
