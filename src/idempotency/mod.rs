//! Calls that are made once for an idempotency key, however often they are asked for and on
//! whichever replica: the first one's answer is kept, sealed, and given again.
//!
//! After the IETF draft "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-
//! header-06) and Stripe's API: who comes while the call runs gets 409, and what never reached the
//! service does not use the key up. Only a key with another request is 409 too, not 422.

mod asked;
mod claim;
mod kept;

pub use asked::Asked;

use std::future::Future;
use std::time::Duration;

use futures_util::FutureExt;
use serde::Serialize;
use tracing::Instrument;

use crate::app::App;
use crate::error::{Error, Result};
use crate::executor::{CallContext, Reach};
use crate::storage::idempotent_calls;
use crate::tenancy;
use claim::{Claim, Taken};

/// Longer than any call may take: the longest time limit of a tool is 300 seconds.
const LONGEST_CALL: Duration = Duration::from_secs(330);

/// What the caller gets.
#[derive(Debug)]
pub enum Answer<T> {
    /// The call was made just now.
    First(T),
    /// It was made before: the answer of then, as JSON.
    Again(String),
}

/// Makes `call`, or gives the answer of the call that was made with the same key before. With a key,
/// the call goes on to its end even if its caller goes away, so that the answer is there when it
/// asks again; `context` is the one that `call` reports its reach by.
///
/// # Errors
/// What `call` returns; [`Error::StillRunning`] while the first call runs, [`Error::Conflict`] when
/// the key belongs to another request or the first call's answer is not there to be given.
pub async fn once<T, C>(
    app: &App,
    context: &CallContext,
    asked: Option<Asked>,
    call: C,
) -> Result<Answer<T>>
where
    T: Serialize + Send + Sync + 'static,
    C: Future<Output = Result<T>> + Send + 'static,
{
    let Some(asked) = asked else {
        return call.await.map(Answer::First);
    };
    let project = tenancy::open_project(app, &context.project).await?;
    let claim = match claim::take(app, &project, &asked).await? {
        Taken::Mine(claim) => claim,
        Taken::Before(answer) => return Ok(Answer::Again(answer)),
    };
    let carried = carry_out(app.clone(), claim, context.reach.clone(), call);
    let task = app.tasks.spawn(carried.in_current_span());
    task.await
        .unwrap_or_else(|_| Err(Error::internal("a call with an idempotency key panicked")))
        .map(Answer::First)
}

/// Makes the call and notes what came of it. What ends without a note, by a panic or a time limit,
/// is later told as it is: not known.
async fn carry_out<T: Serialize + Sync>(
    app: App,
    claim: Claim,
    reach: Reach,
    call: impl Future<Output = Result<T>>,
) -> Result<T> {
    let outcome = tokio::time::timeout(LONGEST_CALL, call)
        .await
        .map_err(|_| Error::Timeout)?;
    let settled = if reach.is_reached() {
        claim.finish(&app, &outcome).await
    } else {
        claim.release(&app).await
    };
    if let Err(error) = settled {
        let cause = error.with_causes();
        tracing::error!(
            cause,
            "what came of a call with an idempotency key is not noted"
        );
    }
    outcome
}

/// Removes what has expired, a batch a transaction.
///
/// # Errors
/// When the database does not answer; what was removed stays removed.
pub async fn purge(app: &App) -> Result<()> {
    let now = app.clock.now();
    app.db
        .remove_in_batches(|conn, most| idempotent_calls::purge(conn, now, most).boxed())
        .await
}
