//! What is kept of an execution, and what is not.

use std::sync::Arc;

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tenon::ids::{AccountId, LogId};
use tenon::storage::Db;
use tenon::storage::db::ChangeListener;
use tenon::storage::execution_logs::{self, ExecutionLog};

use super::{TOKEN, World, token_account};
use crate::support::accounts::first_project;
use crate::support::upstream::Answer;

impl World {
    /// The record of an execution, written out first.
    async fn record(&self, result: &Value) -> ExecutionLog {
        let app = &self.server.app;
        app.execution_log.flush(&app.db).await;
        let project = first_project(&self.server).await;
        let id = LogId::from(result["log_id"].as_str().expect("a log id").to_owned());
        let mut session = app.db.read().await.expect("a session");
        let found = execution_logs::find(session.conn(), &project, &id).await;
        found.expect("a query").expect("a record")
    }

    /// The only record there is.
    pub(super) async fn only_record(&self) -> ExecutionLog {
        let app = &self.server.app;
        app.execution_log.flush(&app.db).await;
        let project = first_project(&self.server).await;
        let mut session = app.db.read().await.expect("a session");
        let mut found = execution_logs::newest(session.conn(), &project, 10)
            .await
            .expect("a query");
        assert_eq!(found.len(), 1, "{found:#?}");
        found.remove(0)
    }
}

#[tokio::test]
async fn an_execution_is_recorded_under_its_log_id_without_secrets() {
    let world = World::start().await;
    let account = token_account().store(&world.server).await;
    let body = json!({
        "user_id": "ada", "version": "latest",
        "arguments": { "what": "a\u{1F600}b", "pin": "9876", "unknown": "x" },
    });
    let client = world
        .server
        .client
        .with_header("x-request-id", "req-of-the-test");
    let result = client
        .post("/api/v3/tools/execute/vault_create", body)
        .await
        .expect(200);
    let record = world.record(&result).await;
    assert_eq!(
        (
            record.kind.as_str(),
            record.tool.as_str(),
            record.toolkit.as_str()
        ),
        ("tool", "VAULT_CREATE", "vault")
    );
    assert_eq!(record.version.as_deref(), Some("20260101_00"));
    assert_eq!(
        record.account_id.as_ref().map(AccountId::as_str),
        Some(account.as_str())
    );
    assert_eq!(record.user_id.as_deref(), Some("ada"));
    assert_eq!((record.successful, record.error.as_deref()), (true, None));
    assert_eq!((record.upstream_status, record.attempts), (Some(200), 1));
    assert_eq!(record.request_id.as_str(), "req-of-the-test");
    assert_eq!(record.created_at, world.server.clock.now());
    assert_eq!(
        record.arguments.map(Value::Object),
        Some(json!({ "what": "a\u{1F600}b", "pin": "[redacted]" }))
    );
}

#[tokio::test]
async fn a_refusal_is_recorded_with_its_reason_and_without_the_token() {
    let world = World::start().await;
    token_account().store(&world.server).await;
    let refusal = json!({ "message": format!("{TOKEN} may not") });
    world
        .upstream
        .answer("/api/me", Answer::json(403, &refusal));
    let body = json!({ "user_id": "ada", "arguments": {} });
    let result = world.post("VAULT_GET_ME", body).await.expect(200);
    let record = world.record(&result).await;
    assert_eq!(
        (record.successful, record.upstream_status),
        (false, Some(403))
    );
    assert_eq!(record.error.as_deref(), Some("403 [redacted] may not"));
}

#[tokio::test]
async fn an_execution_that_never_left_is_recorded_too() {
    let world = World::start().await;
    let arguments = json!({ "limit": "none of your business" });
    world.execute("OPEN_GET_THING", arguments).await.error(400);
    let record = world.only_record().await;
    assert_eq!(
        (record.successful, record.attempts, record.upstream_status),
        (false, 0, None)
    );
    assert_eq!(
        record.error.as_deref(),
        Some("the arguments of OPEN_GET_THING are not valid")
    );
    assert_eq!(record.arguments, None);
}

#[tokio::test]
async fn an_unreachable_upstream_is_recorded() {
    let world = World::start().await;
    world.upstream.answer("/ping", Answer::hang());
    let result = world.execute("OPEN_PING", json!({})).await.expect(200);
    let record = world.record(&result).await;
    assert_eq!(
        (record.successful, record.attempts, record.upstream_status),
        (false, 1, None)
    );
    assert!(
        record
            .error
            .unwrap()
            .contains("did not answer within 1 seconds")
    );
}

#[tokio::test]
async fn a_project_that_stores_no_data_keeps_no_words_of_anybody() {
    let world = World::start().await;
    let setting = json!({ "log_visibility_setting": "dont_store_data" });
    world
        .server
        .client
        .patch("/api/v3/org/project/config", setting)
        .await
        .expect(200);
    world.upstream.answer(
        "/things/ada",
        Answer::json(404, &json!({ "message": "no ada here" })),
    );
    let result = world
        .execute("OPEN_GET_THING", json!({ "owner": "ada" }))
        .await
        .expect(200);
    let record = world.record(&result).await;
    assert_eq!(record.arguments, None);
    assert_eq!(record.error.as_deref(), Some("the upstream answered 404"));
}

#[tokio::test]
async fn long_arguments_are_left_out_of_the_record() {
    let world = World::start().await;
    let arguments = json!({ "folder": "f", "title": "x".repeat(20_000) });
    let result = world
        .execute("OPEN_CREATE_NOTE", arguments)
        .await
        .expect(200);
    let kept = world
        .record(&result)
        .await
        .arguments
        .map(Value::Object)
        .unwrap();
    assert!(
        kept["omitted"].as_str().unwrap().ends_with(" bytes"),
        "{kept}"
    );
}

#[tokio::test]
async fn a_call_whose_caller_hangs_up_leaves_a_record() {
    let world = World::start().await;
    token_account().store(&world.server).await;
    world.upstream.answer("/api/me", Answer::hang());
    {
        let body = json!({ "user_id": "ada", "arguments": {} });
        let call = world.post("VAULT_GET_ME", body);
        tokio::pin!(call);
        // Until the upstream has the request; then the connection is dropped.
        while world.upstream.calls().is_empty() {
            tokio::select! {
                reply = &mut call => panic!("answered: {}", reply.text),
                () = tokio::time::sleep(std::time::Duration::from_millis(5)) => {}
            }
        }
    }
    let app = &world.server.app;
    let project = first_project(&world.server).await;
    let record = loop {
        app.execution_log.flush(&app.db).await;
        let mut session = app.db.read().await.unwrap();
        let mut found = execution_logs::newest(session.conn(), &project, 10)
            .await
            .unwrap();
        if let Some(record) = found.pop() {
            break record;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    assert_eq!((record.successful, record.attempts), (false, 1));
    assert_eq!(
        record.error.as_deref(),
        Some("the caller went away before the answer")
    );
}

#[tokio::test]
async fn many_records_are_written_in_few_batches() {
    let world = World::start().await;
    let app = &world.server.app;
    let result = world.execute("OPEN_PING", json!({})).await.expect(200);
    let record = world.record(&result).await;
    let mut last = result;
    for _ in 0..1_200 {
        let id = LogId::generate();
        last = json!({ "log_id": id.as_str() });
        app.execution_log.record(ExecutionLog {
            id,
            ..record.clone()
        });
    }
    assert_eq!(world.record(&last).await.tool, "OPEN_PING");
    assert_eq!(app.execution_log.dropped(), 0);
    let project = first_project(&world.server).await;
    let mut session = app.db.read().await.unwrap();
    let all = execution_logs::newest(session.conn(), &project, 5_000)
        .await
        .unwrap();
    assert_eq!(all.len(), 1_201);
}

#[tokio::test]
async fn records_beyond_the_limit_are_dropped_and_counted() {
    let world = World::start().await;
    let result = world.execute("OPEN_PING", json!({})).await.expect(200);
    let record = world.record(&result).await;
    let writer = tenon::execution_log::LogWriter::default();
    for _ in 0..5_010 {
        writer.record(record.clone());
    }
    assert_eq!(writer.dropped(), 10);
}

#[tokio::test]
async fn records_that_still_wait_are_written_when_the_server_stops() {
    let world = World::start().await;
    let result = world.execute("OPEN_PING", json!({})).await.expect(200);
    let project = first_project(&world.server).await;
    let app = &world.server.app;
    tenon::cli::stop(app).await;
    let listener = ChangeListener(Arc::new(|_| {}));
    let db = match &app.config.store.database_url {
        Some(url) => Db::open_postgres(url.expose_secret(), 1, listener).await,
        None => Db::open_sqlite(&world.server.dir.path().join("tenon.db"), listener).await,
    }
    .unwrap();
    let id = LogId::from(result["log_id"].as_str().unwrap().to_owned());
    let mut session = db.read().await.unwrap();
    let found = execution_logs::find(session.conn(), &project, &id)
        .await
        .unwrap();
    assert_eq!(found.unwrap().tool, "OPEN_PING");
}
