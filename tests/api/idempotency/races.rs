//! One key, many callers at once: over replicas, callers that go away, servers that die.

use std::time::Duration;

use serde_json::json;
use tenon::cli;
use tenon::time::Clock;

use super::{NOTES, REPLAYED, World, conflict, note, send};
use crate::api::execute::kit_folder;
use crate::api::replicas::second_server;
use crate::support::binary::Place;
use crate::support::client::{Client, Reply};
use crate::support::database::{Engine, create_postgres, engine};
use crate::support::server::parse_config;
use crate::support::upstream::{Answer, Upstream};

const CALLERS: usize = 20;

/// Until the call that holds the key has ended.
async fn wait_for_answer(client: &Client, key: &str, tool: &str, body: serde_json::Value) -> Reply {
    loop {
        let reply = send(client, key, tool, body.clone()).await;
        if reply.status != 409 {
            return reply;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Twenty callers with one key, by turns at each of the servers.
async fn race(world: &World, clients: &[Client]) {
    world.upstream.answer(
        NOTES,
        Answer::json(200, &json!({ "id": 7 })).after(Duration::from_millis(200)),
    );
    let calls = (0..CALLERS).map(|turn| note(&clients[turn % clients.len()], "k", "Hi"));
    let replies = futures_util::future::join_all(calls).await;
    assert_eq!(world.upstream.calls().len(), 1);
    let (answered, refused): (Vec<&Reply>, Vec<&Reply>) =
        replies.iter().partition(|reply| reply.status == 200);
    let first: Vec<_> = answered
        .iter()
        .filter(|reply| reply.header(REPLAYED).is_none())
        .collect();
    assert_eq!(first.len(), 1, "{replies:#?}");
    assert!(answered.iter().all(|reply| reply.text == first[0].text));
    for reply in refused {
        assert_eq!(
            conflict(reply),
            "a call with this idempotency key is still running"
        );
        assert_eq!(reply.error(409)["slug"], "still_running");
        assert_eq!(reply.header("retry-after"), Some("2"));
        assert_eq!(reply.header("x-should-retry"), Some("true"));
    }
    for client in clients {
        let again = note(client, "k", "Hi").await;
        assert_eq!(
            (&again.text, again.header(REPLAYED)),
            (&first[0].text, Some("true"))
        );
    }
    assert_eq!(world.upstream.calls().len(), 1);
}

#[tokio::test]
async fn of_twenty_callers_at_once_one_makes_the_call() {
    let world = World::start().await;
    race(&world, std::slice::from_ref(&world.server.client)).await;
}

#[tokio::test]
async fn of_twenty_callers_at_two_replicas_one_makes_the_call() {
    let world = World::start().await;
    let Some(second) = second_server(&world.server).await else {
        return;
    };
    let first = world.server.client.clone();
    let other = first.at(&format!("http://{}", second.address));
    race(&world, &[first, other]).await;
    cli::stop(&second.app).await;
}

#[tokio::test]
async fn a_caller_that_goes_away_finds_the_answer_when_it_asks_again() {
    let world = World::start().await;
    let client = &world.server.client;
    // The tool's own limit ends the call after a second.
    world.upstream.answer("/ping", Answer::hang());
    {
        let call = send(client, "k", "OPEN_PING", json!({}));
        tokio::pin!(call);
        tokio::select! {
            reply = &mut call => panic!("answered: {}", reply.text),
            () = reached(&world.upstream) => {}
        }
    }
    let reply = wait_for_answer(client, "k", "OPEN_PING", json!({})).await;
    let result = reply.expect(200);
    assert!(
        result["error"]
            .as_str()
            .unwrap()
            .contains("did not answer within 1 s"),
        "{result}"
    );
    assert_eq!(reply.header(REPLAYED), Some("true"));
    assert_eq!(world.upstream.calls().len(), 1);
}

async fn reached(upstream: &Upstream) {
    while upstream.calls().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_server_was_killed_the_key_says_that_the_outcome_is_not_known() {
    let upstream = Upstream::start().await;
    upstream.answer(NOTES, Answer::hang());
    let (folder, place) = (kit_folder(&upstream), Place::new());
    let (data, toolkits) = (place.data().display().to_string(), folder.path());
    let master_key = tenon::crypto::Vault::generate_text().unwrap();
    let mut settings = vec![
        ("TENON_DATA_DIR", data.as_str()),
        ("TENON_TOOLKITS_DIR", toolkits.as_str()),
        ("TENON_ALLOW_CIDRS", "127.0.0.0/8"),
        ("TENON_MASTER_KEY", master_key.as_str()),
    ];
    let url = match engine() {
        Engine::Sqlite => None,
        Engine::Postgres => Some(create_postgres().await),
    };
    settings.extend(url.iter().map(|url| ("DATABASE_URL", url.as_str())));
    let server = place.start(&settings);
    let key = server.printed_key("project API key");
    let client = server.client().with_header("x-api-key", &key);
    {
        let call = note(&client, "k", "Hi");
        tokio::pin!(call);
        tokio::select! {
            reply = &mut call => panic!("answered: {}", reply.text),
            () = reached(&upstream) => {}
        }
    }
    // SIGKILL.
    drop(server);

    let mut flags = vec![
        "--data-dir",
        &data,
        "--toolkits-dir",
        &toolkits,
        "--master-key",
        &master_key,
    ];
    flags.extend(["--allow-cidrs", "127.0.0.0/8"]);
    flags.extend(url.iter().flat_map(|url| ["--database-url", url.as_str()]));
    let clock = Clock::manual(Clock::System.now());
    let server = cli::start(parse_config(&flags), clock.clone())
        .await
        .unwrap();
    let client = client.at(&format!("http://{}", server.address));
    assert!(conflict(&note(&client, "k", "Hi").await).contains("still running"));
    clock.advance(Duration::from_mins(7));
    for _ in 0..2 {
        let message = conflict(&note(&client, "k", "Hi").await);
        assert!(message.contains("its outcome is not known"), "{message}");
    }
    assert!(conflict(&note(&client, "k", "Ho").await).contains("another request"));
    assert_eq!(upstream.calls().len(), 1);
    upstream.forget(NOTES);
    clock.advance(super::DAY);
    note(&client, "k", "Hi").await.expect(200);
    cli::stop(&server.app).await;
}
