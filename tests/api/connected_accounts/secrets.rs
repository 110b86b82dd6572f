//! Secrets stay where they belong: cut in answers, sealed in the database.

use serde_json::{Value, json};

use super::{PATH, key_account};
use crate::support::database::{Engine, engine};
use crate::support::files::hex;
use crate::support::provider::CLIENT_SECRET;
use crate::support::stage::Stage;

const KEY: &str = "ak-1234-secret";

#[tokio::test]
async fn every_answer_cuts_secrets_until_the_project_wants_them_whole() {
    let stage = Stage::start().await;
    stage.provider.behave(|provider| {
        provider.further = json!({ "authed_user": { "access_token": "xoxp-whole-token" } });
    });
    let oauth = stage.auth_config("acme", "OAUTH2").await;
    let keys = stage.auth_config("acme", "API_KEY").await;
    let a = stage.oauth_account(&oauth, "u1").await;
    let b = key_account(&stage, &keys, "u1").await;
    let mut secrets = stage.provider.tokens();
    secrets.extend([KEY, "xoxp-whole-token", CLIENT_SECRET].map(str::to_owned));
    let paths = [
        PATH.to_owned(),
        format!("{PATH}/{a}"),
        format!("{PATH}/{b}"),
        "/api/v3/auth_configs".to_owned(),
        format!("/api/v3/auth_configs/{oauth}"),
    ];
    for path in &paths {
        let text = stage.server.client.get(path).await.expect(200).to_string();
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{path} shows {secret}");
        }
    }
    let val = stage.account(&a).await["state"]["val"].clone();
    assert_eq!(val["authed_user"], json!({ "access_token": "xoxp..." }));
    stage.show_secrets().await;
    let shown = stage.account(&b).await;
    assert_eq!(shown["state"]["val"]["generic_api_key"], KEY);
    assert_eq!(shown["data"]["generic_api_key"], KEY);
    let token = stage.account(&a).await["state"]["val"]["access_token"].clone();
    assert!(
        secrets.iter().any(|secret| token == json!(secret)),
        "{token}"
    );
}

#[tokio::test]
async fn a_short_secret_is_not_shown_at_all() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "BEARER_TOKEN").await;
    let val = json!({ "status": "ACTIVE", "token": "abc" });
    let connection = json!({ "state": { "authScheme": "BEARER_TOKEN", "val": val } });
    let made = stage.initiate(&config, connection).await.expect(201);
    assert_eq!(made["connectionData"]["val"]["token"], "REDACTED");
}

#[tokio::test]
async fn no_error_repeats_a_secret_that_it_refuses() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    for val in [
        json!({ "status": "ACTIVE", "generic_api_key": "WRONG-secret-4711" }),
        json!({ "status": "ACTIVE", "generic_api_key": { "nested": "WRONG-secret-4711" } }),
        json!({ "status": "ACTIVE", "generic_api_key": ["WRONG-secret-4711"] }),
    ] {
        let connection = json!({ "state": { "authScheme": "API_KEY", "val": val } });
        let error = stage.initiate(&config, connection).await.error(400);
        assert!(!error.to_string().contains("WRONG-secret-4711"), "{error}");
    }
}

/// Whatever the database keeps on disk.
fn stored_bytes(stage: &Stage) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(stage.server.dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("tenon.db"))
        {
            bytes.extend(std::fs::read(path).unwrap());
        }
    }
    bytes
}

#[tokio::test]
async fn nothing_secret_stands_in_the_database_file() {
    if engine() == Engine::Postgres {
        // The server's files are not at hand; `no_column_holds_a_secret` looks at the rows.
        return;
    }
    let stage = Stage::start().await;
    let (secrets, marker) = fill_with_secrets(&stage).await;
    let bytes = stored_bytes(&stage);
    let holds = |text: &str| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(holds(&marker), "what is no secret can be found this way");
    for secret in secrets {
        assert!(!holds(&secret), "{secret} stands in the file");
    }
}

#[tokio::test]
async fn no_column_holds_a_secret() {
    let stage = Stage::start().await;
    let (secrets, marker) = fill_with_secrets(&stage).await;
    let mut text = String::new();
    for table in [
        "auth_configs",
        "connected_accounts",
        "connection_attempts",
        "jobs",
    ] {
        text.push_str(&rows_as_text(&stage, table).await);
    }
    assert!(
        text.contains(&marker),
        "what is no secret can be found this way"
    );
    for secret in secrets {
        let hex = hex(secret.as_bytes());
        assert!(
            !text.contains(&secret) && !text.to_lowercase().contains(&hex),
            "{secret}"
        );
    }
}

/// Connects in every way; gives every secret there is, and a text that is none.
async fn fill_with_secrets(stage: &Stage) -> (Vec<String>, String) {
    let oauth = stage.auth_config("acme", "OAUTH2").await;
    let keys = stage.auth_config("acme", "API_KEY").await;
    stage.oauth_account(&oauth, "marker-of-a-user").await;
    key_account(stage, &keys, "marker-of-a-user").await;
    let link = json!({ "auth_config_id": keys, "user_id": "u2" });
    let link = stage
        .server
        .client
        .post(&format!("{PATH}/link"), link)
        .await
        .expect(201);
    stage
        .initiate(&oauth, json!({ "user_id": "u3" }))
        .await
        .expect(201);
    let mut secrets = stage.provider.tokens();
    let verifier = stage.provider.token_requests()[0]["code_verifier"].clone();
    let token = link["link_token"].as_str().unwrap().to_owned();
    secrets.extend([KEY.to_owned(), CLIENT_SECRET.to_owned(), verifier, token]);
    (secrets, "marker-of-a-user".to_owned())
}

pub(super) async fn rows_as_text(stage: &Stage, table: &str) -> String {
    use sqlx::AssertSqlSafe;
    let mut session = stage.server.app.db.read().await.unwrap();
    match session.conn() {
        tenon::storage::Conn::Sqlite(conn) => {
            let names: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!(
                "SELECT name FROM pragma_table_info('{table}')"
            )))
            .fetch_all(&mut *conn)
            .await
            .unwrap();
            let columns: Vec<String> = names
                .iter()
                .map(|name| format!("COALESCE(CAST({name} AS TEXT) || hex({name}), '')"))
                .collect();
            let sql = format!("SELECT {} FROM {table}", columns.join(" || '|' || "));
            let rows: Vec<Vec<u8>> = sqlx::query_scalar(AssertSqlSafe(
                sql.replace("SELECT ", "SELECT CAST(")
                    .replace(" FROM", " AS BLOB) FROM"),
            ))
            .fetch_all(conn)
            .await
            .unwrap();
            rows.iter()
                .map(|row| String::from_utf8_lossy(row).into_owned())
                .collect()
        }
        tenon::storage::Conn::Postgres(conn) => {
            let sql = format!("SELECT t::text FROM {table} t");
            let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_all(conn)
                .await
                .unwrap();
            rows.concat()
        }
    }
}

#[tokio::test]
async fn a_link_is_stored_by_the_hash_of_its_token_alone() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let link = json!({ "auth_config_id": config, "user_id": "u1" });
    let link = stage
        .server
        .client
        .post(&format!("{PATH}/link"), link)
        .await
        .expect(201);
    let token = link["link_token"].as_str().unwrap();
    let text = rows_as_text(&stage, "connection_attempts").await;
    let hash = hex(&tenon::crypto::hash_api_key(token));
    assert!(text.to_lowercase().contains(&hash));
    assert_eq!(Value::Null, json!(text.find(token)));
}
