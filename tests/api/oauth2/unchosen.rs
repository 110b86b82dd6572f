//! Grants for which nobody chooses a site: they are given back when the time to choose is over.

use std::time::Duration;

use serde_json::json;
use tenon::crypto::hash_api_key;
use tenon::storage::connection_attempts;

use super::Stage;
use super::choosing::{TAKEN, at_the_choice, stage};
use crate::support::browser::Page;

const TIME_TO_CHOOSE: Duration = Duration::from_mins(10);
const STEP: Duration = Duration::from_millis(20);
const PATIENCE: u32 = 500;

/// The length of what is sealed with the attempt behind a page.
async fn sealed(stage: &Stage, url: &str) -> usize {
    let (_, token) = url.rsplit_once('/').unwrap();
    let mut session = stage.server.app.db.read().await.unwrap();
    let hash = hash_api_key(token);
    let found = connection_attempts::find_by_token(session.conn(), &hash).await;
    found.unwrap().expect("the attempt").secrets.len()
}

/// Waits until the grant behind a page is wiped. Workers of the server's own are at it.
async fn wiped(stage: &Stage, url: &str, before: usize) {
    for _ in 0..PATIENCE {
        // The tokens and the sites are most of it.
        if sealed(stage, url).await * 2 < before {
            return;
        }
        stage.server.app.job_stored.notify_one();
        tokio::time::sleep(STEP).await;
    }
    panic!("nothing was wiped: {:?}", stage.provider.revocations());
}

fn tokens(number: u32) -> [String; 2] {
    ["rt", "at"].map(|kind| format!("{kind}-{number}-0123456789"))
}

#[tokio::test]
async fn a_grant_for_which_nobody_chooses_is_given_back_and_wiped() {
    let (stage, config) = stage().await;
    let (id, url) = at_the_choice(&stage, &config, json!({})).await;
    let before = sealed(&stage, &url).await;
    stage.server.clock.advance(TIME_TO_CHOOSE);
    wiped(&stage, &url, before).await;
    assert_eq!(stage.provider.revocations(), tokens(1));
    // Another job ends the connection, and may be at it still.
    for _ in 0..PATIENCE {
        if stage.account(&id).await["status"] == "EXPIRED" {
            break;
        }
        tokio::time::sleep(STEP).await;
    }
    assert_eq!(stage.account(&id).await["status"], "EXPIRED");
    let late = stage.server.anonymous.get(&url).await;
    assert_eq!(late.status, 410);
    assert!(late.text.contains("This link has expired"), "{}", late.text);
}

#[tokio::test]
async fn so_is_one_whose_person_cancels() {
    let (stage, config) = stage().await;
    let (_, url) = at_the_choice(&stage, &config, json!({})).await;
    let before = sealed(&stage, &url).await;
    let page = Page::open(&stage.server.anonymous, &url).await;
    page.send(&[("decision", "cancel")]).await;
    stage.server.clock.advance(TIME_TO_CHOOSE);
    wiped(&stage, &url, before).await;
    assert_eq!(stage.provider.revocations(), tokens(1));
}

#[tokio::test]
async fn a_provider_that_is_out_is_asked_again() {
    let (stage, config) = stage().await;
    let (_, url) = at_the_choice(&stage, &config, json!({})).await;
    let before = sealed(&stage, &url).await;
    stage.provider.take_back_with(503);
    stage.server.clock.advance(TIME_TO_CHOOSE);
    for _ in 0..PATIENCE {
        if !stage.provider.revocations().is_empty() {
            break;
        }
        stage.server.app.job_stored.notify_one();
        tokio::time::sleep(STEP).await;
    }
    assert_eq!(stage.provider.revocations(), tokens(1)[..1]);
    assert_eq!(sealed(&stage, &url).await, before);
    stage.provider.take_back_with(200);
    let longest = Duration::from_secs(5);
    for _ in 0..PATIENCE {
        if stage.provider.revocations().len() > 1 {
            break;
        }
        // The rest begins when the failure is noted, which is after the provider's answer.
        stage.server.clock.advance(longest);
        stage.server.app.job_stored.notify_one();
        tokio::time::sleep(STEP).await;
    }
    wiped(&stage, &url, before).await;
    let [refresh, access] = tokens(1);
    let expected = [refresh.clone(), refresh, access];
    assert_eq!(stage.provider.revocations(), expected);
}

#[tokio::test]
async fn a_grant_that_somebody_chose_for_is_the_accounts() {
    let (stage, config) = stage().await;
    let (id, url) = at_the_choice(&stage, &config, json!({})).await;
    let before = sealed(&stage, &url).await;
    let page = Page::open(&stage.server.anonymous, &url).await;
    page.send(&[("choice", TAKEN)]).await;
    // The attempt holds nothing of it any more, so that no job can give it back.
    assert!(sealed(&stage, &url).await * 2 < before);
    stage.server.clock.advance(TIME_TO_CHOOSE);
    let (_, second) = at_the_choice(&stage, &config, json!({})).await;
    let before = sealed(&stage, &second).await;
    stage.server.clock.advance(TIME_TO_CHOOSE);
    // The user's other account works by the same grant, as far as anybody can tell.
    wiped(&stage, &second, before).await;
    assert!(stage.provider.revocations().is_empty());
    assert_eq!(stage.execute(&id).await["successful"], true);
}
