//! Searches by meaning, with an embedding model at a URL or in a directory.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tenon::app::App;
use tenon::catalog::Catalog;
use tenon::cli;
use tenon::ids::ProjectId;
use tenon::storage;
use tenon::storage::own_toolkits::Owner;

use crate::support::client::Client;
use crate::support::embedding_model::{EmbeddingModel, Mood};
use crate::support::server::{TestServer, parse_config};

const STEP: Duration = Duration::from_millis(20);
const PATIENCE: u32 = 1_500;
/// Words that no tool has.
const STRANGE: &str = "glorb wimbly";
const NONSENSE: &str = "qwertz frumious";

async fn start(model: &EmbeddingModel, more: &[&str]) -> TestServer {
    let flags = model.flags();
    let flags: Vec<&str> = flags
        .iter()
        .map(String::as_str)
        .chain(more.iter().copied())
        .collect();
    TestServer::with(&flags).await
}

async fn wait_until_learned(app: &App, catalog: &Catalog) {
    for _ in 0..PATIENCE {
        if catalog.meanings().lacking(catalog.texts()).is_empty() {
            return;
        }
        tokio::time::sleep(STEP).await;
    }
    panic!("never learned: {:?}", app.embeddings);
}

async fn wait_for_all(server: &TestServer) {
    wait_until_learned(&server.app, &server.app.catalog.current()).await;
}

async fn found(client: &Client, query: &str) -> Vec<String> {
    let query = query.replace(' ', "%20");
    let path = format!("/api/v3/tools?limit=5&search={query}");
    let page = client.get(&path).await.expect(200);
    let items = page["items"].as_array().unwrap();
    let slug = |item: &serde_json::Value| item["slug"].as_str().unwrap().to_owned();
    items.iter().map(slug).collect()
}

/// What the model reads of a tool.
fn text_of(catalog: &Catalog, start: &str) -> String {
    let mut texts = catalog.texts().into_iter().map(|text| text.text);
    texts
        .find(|text| text.starts_with(start))
        .expect("a tool of this name")
}

fn name_of(server: &TestServer, slug: &str) -> String {
    let catalog = server.app.catalog.current();
    let tool = catalog.tool(slug, None).unwrap();
    format!("{}: {}.", tool.toolkit.manifest.name, tool.manifest.name)
}

#[tokio::test]
async fn a_query_without_a_word_of_the_tool_finds_it_by_its_meaning() {
    let model = EmbeddingModel::start().await;
    let server = start(&model, &[]).await;
    let catalog = server.app.catalog.current();
    let name = name_of(&server, "GITHUB_CREATE_AN_ISSUE");
    model.means(STRANGE, &text_of(&catalog, &name));
    wait_for_all(&server).await;
    assert_eq!(
        found(&server.client, STRANGE).await[0],
        "GITHUB_CREATE_AN_ISSUE"
    );
    assert!(found(&server.client, NONSENSE).await.is_empty());

    // The same query again is not asked again.
    let asked = model.asked().len();
    assert_eq!(
        found(&server.client, STRANGE).await[0],
        "GITHUB_CREATE_AN_ISSUE"
    );
    let call = json!({ "user_id": "ada", "arguments": { "queries": [{ "use_case": STRANGE }] } });
    let path = "/api/v3/tools/execute/COMPOSIO_SEARCH_TOOLS";
    let result = server.client.post(path, call).await.expect(200);
    let slugs = &result["data"]["results"][0]["primary_tool_slugs"];
    assert_eq!(slugs[0], "GITHUB_CREATE_AN_ISSUE");
    assert_eq!(model.asked().len(), asked);
}

#[tokio::test]
async fn a_search_does_not_find_by_meaning_what_its_filters_leave_out() {
    let model = EmbeddingModel::start().await;
    let server = start(&model, &[]).await;
    let name = name_of(&server, "GITHUB_CREATE_AN_ISSUE");
    model.means(STRANGE, &text_of(&server.app.catalog.current(), &name));
    wait_for_all(&server).await;
    let path = "/api/v3/tools?toolkit_slug=slack&search=glorb%20wimbly";
    let page = server.client.get(path).await.expect(200);
    for tool in page["items"].as_array().unwrap() {
        assert_eq!(tool["toolkit"]["slug"], "slack");
    }
}

#[tokio::test]
async fn each_text_is_asked_for_once_and_a_restart_asks_for_none() {
    let model = EmbeddingModel::start().await;
    let server = start(&model, &[]).await;
    wait_for_all(&server).await;
    let asked = model.asked();
    let mut texts: Vec<String> = asked.concat();
    let all = texts.len();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), all, "a text twice");
    let tools = server.app.catalog.current().tool_slugs().len();
    assert!(
        tools <= all && asked.len() <= all / 32 + 1,
        "{} requests",
        asked.len()
    );

    cli::stop(&server.app).await;
    let mut config = server.app.config.clone();
    config.listen.set_port(0);
    let second = cli::start(config, server.clock.clone()).await.unwrap();
    wait_until_learned(&second.app, &second.app.catalog.current()).await;
    assert_eq!(model.asked().len(), asked.len());
    cli::stop(&second.app).await;
}

#[tokio::test]
async fn searches_go_by_words_alone_while_the_model_is_down_slow_or_lies() {
    let model = EmbeddingModel::start().await;
    let server = start(&model, &["--circuit-failures", "0"]).await;
    wait_for_all(&server).await;
    let alone = TestServer::start().await;
    for (number, mood) in [
        Mood::Down,
        Mood::Hanging,
        Mood::OtherDimensions,
        Mood::Directionless,
        Mood::TooFew,
        Mood::NoList,
        Mood::Flooding,
    ]
    .into_iter()
    .enumerate()
    {
        model.is(mood);
        // Another query each time, since vectors are remembered.
        let query = format!("create an issue {number}");
        let expected = found(&alone.client, &query).await;
        assert!(!expected.is_empty());
        assert_eq!(found(&server.client, &query).await, expected, "{mood:?}");
        assert_eq!(model.asked().last().unwrap(), &[query]);
    }
    model.is(Mood::Well);
    let name = name_of(&server, "GITHUB_CREATE_AN_ISSUE");
    model.means(STRANGE, &text_of(&server.app.catalog.current(), &name));
    assert_eq!(
        found(&server.client, STRANGE).await[0],
        "GITHUB_CREATE_AN_ISSUE"
    );
}

#[tokio::test]
async fn tools_are_learned_once_a_model_that_was_down_answers() {
    let model = EmbeddingModel::start().await;
    model.is(Mood::TooFew);
    let server = start(&model, &[]).await;
    for _ in 0..PATIENCE {
        if !model.asked().is_empty() {
            break;
        }
        tokio::time::sleep(STEP).await;
    }
    // Nothing is known, so that nothing is asked of queries.
    let requests = model.asked().len();
    assert!(!found(&server.client, "create an issue").await.is_empty());
    assert!(
        model.asked()[requests..]
            .iter()
            .all(|texts| texts.len() > 1)
    );
    model.is(Mood::Well);
    wait_for_all(&server).await;
}

#[tokio::test]
async fn what_a_project_imports_is_found_and_kept_for_it_alone() {
    let model = EmbeddingModel::start().await;
    let server = start(&model, &[]).await;
    let new = json!({ "name": "the-second", "should_create_api_key": true });
    let made = server.org.post("/api/v3/org/owner/project/new", new).await;
    let key = made.expect(200)["api_key"].as_str().unwrap().to_owned();
    crate::support::secrets::note(&key);
    let second = server.anonymous.with_header("x-api-key", &key);
    let body = json!({ "slug": "parts", "name": "Parts", "document": {
        "openapi": "3.0.3", "info": { "title": "Parts", "version": "1" },
        "servers": [{ "url": "https://parts.example" }],
        "paths": { "/parts": { "get": { "operationId": "listParts", "summary": "List parts",
            "description": "Every sprocket in stock.", "responses": { "200": { "description": "ok" } } } } }
    } });
    server
        .client
        .post("/api/v3/toolkits/import", body)
        .await
        .expect(200);
    let info = server
        .client
        .get("/api/v3/auth/session/info")
        .await
        .expect(200);
    let project = ProjectId::from(info["project"]["nano_id"].as_str().unwrap().to_owned());
    let catalog = tenon::toolkits::catalog(&server.app, &project)
        .await
        .unwrap();
    wait_until_learned(&server.app, &catalog).await;
    model.means(STRANGE, &text_of(&catalog, "Parts: "));
    assert_eq!(found(&server.client, STRANGE).await[0], "PARTS_LIST_PARTS");
    let of_second = found(&second, STRANGE).await;
    assert!(
        !of_second.contains(&"PARTS_LIST_PARTS".to_owned()),
        "{of_second:?}"
    );

    let kept = |owner: Owner| {
        let (app, id) = (&server.app, model.id());
        async move {
            let mut session = app.db.read().await.unwrap();
            let rows = storage::tool_vectors::list(session.conn(), &owner, &id).await;
            rows.unwrap().len()
        }
    };
    let own = Owner::Project(project);
    assert_eq!(kept(own.clone()).await, 1);
    assert!(kept(Owner::Installation).await > 100);
    server.client.delete("/api/v3/toolkits/parts").await;
    assert_eq!(kept(own).await, 0);
}

#[tokio::test]
async fn a_model_in_a_directory_needs_no_network() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/sentence_model");
    let server = TestServer::with(&["--embeddings-dir", folder.to_str().unwrap()]).await;
    wait_for_all(&server).await;
    assert_eq!(
        found(&server.client, "GITHUB_CREATE_AN_ISSUE").await[0],
        "GITHUB_CREATE_AN_ISSUE"
    );
    assert!(!found(&server.client, "star a repository").await.is_empty());
}

#[tokio::test]
async fn a_server_whose_model_is_missing_does_not_start_and_says_why() {
    let empty = tempfile::tempdir().unwrap();
    let folder = empty.path().to_str().unwrap();
    let config = parse_config(&["--data-dir", folder, "--embeddings-dir", folder]);
    let clock = tenon::time::Clock::System;
    let error = cli::start(config, clock).await.unwrap_err();
    let shown = error.shown();
    assert!(error.to_string().contains("model.onnx"), "{error}");
    assert!(
        shown
            .suggested_fix
            .unwrap()
            .contains("TENON_EMBEDDINGS_DIR")
    );
}
