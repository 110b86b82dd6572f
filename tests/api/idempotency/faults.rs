//! What uses a key up and what does not: a call that cannot have reached the service may be made
//! again with the same key.

use serde_json::json;
use tenon::scheme::Scheme;

use super::{NOTES, REPLAYED, World, note, problems, send};
use crate::support::accounts::NewAccount;
use crate::support::upstream::Answer;

#[tokio::test]
async fn what_is_refused_before_it_is_sent_leaves_the_key_as_it_was() {
    let world = World::start().await;
    let client = &world.server.client;
    let wrong = send(client, "k", "OPEN_CREATE_NOTE", json!({ "arguments": {} })).await;
    assert_eq!(problems(&wrong), ["arguments.folder: is required"]);
    send(client, "k", "OPEN_NOTHING", json!({}))
        .await
        .error(404);
    let body = json!({ "user_id": "ada", "arguments": {} });
    let nobody = send(client, "k", "VAULT_CREATE", body.clone()).await;
    assert_eq!(nobody.error(400)["code"], 1803);
    assert!(world.upstream.calls().is_empty());
    let account = NewAccount::new(
        "vault",
        Scheme::BearerToken,
        json!({ "token": "tok-5f9c1b7e" }),
    );
    account.store(&world.server).await;
    let made = send(client, "k", "VAULT_CREATE", body.clone()).await;
    assert_eq!((made.status, made.header(REPLAYED)), (200, None));
    let again = send(client, "k", "VAULT_CREATE", body).await;
    assert_eq!(
        (&again.text, again.header(REPLAYED)),
        (&made.text, Some("true"))
    );
    assert_eq!(world.upstream.calls().len(), 1);
}

#[tokio::test]
async fn a_service_that_turns_a_call_away_at_its_door_leaves_the_key_as_it_was() {
    let world = World::start().await;
    let client = &world.server.client;
    for status in [401, 429] {
        world.upstream.answer(
            NOTES,
            Answer::json(status, &json!({ "message": "not now" })),
        );
    }
    world
        .upstream
        .answer(NOTES, Answer::json(200, &json!({ "id": 7 })));
    for _ in 0..2 {
        let refused = note(client, "k", "Hi").await;
        assert_eq!(refused.expect(200)["successful"], false);
        assert_eq!(refused.header(REPLAYED), None);
    }
    let made = note(client, "k", "Hi").await;
    assert_eq!(made.expect(200)["data"]["id"], 7);
    let again = note(client, "k", "Hi").await;
    assert_eq!(
        (&again.text, again.header(REPLAYED)),
        (&made.text, Some("true"))
    );
    assert_eq!(world.upstream.calls().len(), 3);
}

#[tokio::test]
async fn a_service_that_nobody_can_connect_to_leaves_the_key_as_it_was() {
    let mut world = World::start().await;
    world.upstream.stop().await;
    let refused = note(&world.server.client, "k", "Hi").await.expect(200);
    assert!(
        refused["error"]
            .as_str()
            .unwrap()
            .contains("could not be reached"),
        "{refused}"
    );
    world.upstream.start_again().await;
    let made = note(&world.server.client, "k", "Hi").await;
    assert_eq!(made.expect(200)["successful"], true, "{}", made.text);
    assert_eq!(made.header(REPLAYED), None);
    assert_eq!(world.upstream.calls().len(), 1);
}

#[tokio::test]
async fn a_failure_after_the_service_may_have_acted_is_given_again_and_not_tried_again() {
    let world = World::start().await;
    let client = &world.server.client;
    let cases = [
        ("error", Answer::json(500, &json!({ "message": "oops" }))),
        ("half", Answer::broken_off()),
        ("flood", Answer::flood(300_000_000)),
    ];
    for (key, answer) in cases {
        world.upstream.forget(NOTES);
        world.upstream.answer(NOTES, answer);
        world
            .upstream
            .answer(NOTES, Answer::json(200, &json!({ "id": 7 })));
        let before = world.upstream.calls().len();
        let first = note(client, key, "Hi").await;
        assert_eq!(first.expect(200)["successful"], false, "{key}");
        let again = note(client, key, "Hi").await;
        assert_eq!(
            (&again.text, again.header(REPLAYED)),
            (&first.text, Some("true")),
            "{key}"
        );
        assert_eq!(world.upstream.calls().len(), before + 1, "{key}");
    }
}

#[tokio::test]
async fn a_proxied_call_without_a_usable_answer_fails_the_same_way_again() {
    let world = World::start().await;
    let account = NewAccount::new(
        "vault",
        Scheme::BearerToken,
        json!({ "token": "tok-5f9c1b7e" }),
    );
    let account = account.store(&world.server).await;
    world.upstream.answer("/api/x", Answer::broken_off());
    world
        .upstream
        .answer("/api/x", Answer::json(200, &json!({})));
    let body = json!({ "connected_account_id": account, "endpoint": "/x", "method": "POST" });
    let client = &world.server.client;
    let first = send(client, "k", "proxy", body.clone()).await.error(502);
    let again = send(client, "k", "proxy", body).await.error(502);
    assert_eq!(first["message"], again["message"]);
    assert_eq!(world.upstream.calls().len(), 1);
}
