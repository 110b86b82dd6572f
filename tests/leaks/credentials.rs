//! A credential that stays, in a header or in the query, whatever happens to the call that carries it.

use serde_json::{Value, json};

use super::{files, leaks};
use crate::api::execute::kit_folder;
use crate::support::binary::Place;
use crate::support::client::Client;
use crate::support::upstream::{Answer, Upstream};

const TOKEN: &str = "tok-8e1f3a7755c2";
const QUERY_KEY: &str = "key-2b9d44e01f6a";

/// Connects an account and gives its id.
async fn connect(client: &Client, toolkit: &str, scheme: &str, values: Value) -> String {
    let config = json!({
        "toolkit": { "slug": toolkit },
        "auth_config": { "type": "use_custom_auth", "authScheme": scheme, "credentials": {} },
    });
    let made = client
        .post("/api/v3/auth_configs", config)
        .await
        .expect(201);
    let mut state = values;
    state["status"] = json!("ACTIVE");
    let body = json!({
        "auth_config": { "id": made["auth_config"]["id"] },
        "connection": { "user_id": "ada", "state": { "authScheme": scheme, "val": state } },
    });
    let made = client
        .post("/api/v3/connected_accounts", body)
        .await
        .expect(201);
    made["id"].as_str().unwrap().to_owned()
}

/// What an upstream may do with a secret that it was sent.
fn answers(secret: &str, stranger: &Upstream) -> [Answer; 5] {
    let refusal = json!({ "message": format!("{secret} is bad") });
    // Many services carry a request's query over into their redirects.
    let query = if secret == QUERY_KEY {
        format!("key={secret}")
    } else {
        "page=2".to_owned()
    };
    [
        Answer::json(200, &json!({ "echo": [secret] })).header("x-echo", secret),
        Answer::json(403, &refusal),
        Answer::redirect(302, &format!("{}/x?{query}", stranger.base)),
        Answer::redirect(302, "http://169.254.169.254/"),
        Answer::broken_off(),
    ]
}

#[tokio::test]
async fn a_credential_is_in_no_log_line_and_in_no_file() {
    let upstream = Upstream::start().await;
    let stranger = Upstream::start_at("127.0.0.2").await;
    let kits = kit_folder(&upstream);
    let place = Place::new();
    let running = place.start(&[
        ("RUST_LOG", "trace"),
        ("TENON_ALLOW_CIDRS", "127.0.0.0/8"),
        ("TENON_TOOLKITS_DIR", &kits.path()),
    ]);
    let client = running
        .client()
        .with_header("x-api-key", &running.printed_key("project API key"));
    let vault = connect(&client, "vault", "BEARER_TOKEN", json!({ "token": TOKEN })).await;
    let tenant = json!({ "generic_api_key": QUERY_KEY, "node": "1" });
    let tenant = connect(&client, "tenant", "API_KEY", tenant).await;
    let mut said = String::new();
    for (tool, account, path, secret) in [
        ("VAULT_GET_ME", &vault, "/api/me", TOKEN),
        ("TENANT_GET_ME", &tenant, "/v1/me", QUERY_KEY),
    ] {
        for answer in answers(secret, &stranger) {
            upstream.forget(path);
            upstream.answer(path, answer);
            let execute = json!({ "connected_account_id": account, "arguments": {} });
            let proxy = json!({
                "connected_account_id": account, "endpoint": "/me", "method": "GET",
            });
            for (end, body) in [(tool, execute), ("proxy", proxy)] {
                let reply = client
                    .post(&format!("/api/v3/tools/execute/{end}"), body)
                    .await;
                said.push_str(&reply.text);
            }
        }
    }
    // The calls did carry what is looked for.
    let calls = upstream.calls();
    assert!(
        calls
            .iter()
            .any(|call| format!("{:?}", call.headers).contains(TOKEN))
    );
    assert!(calls.iter().any(|call| call.query.contains(QUERY_KEY)));
    let ended = place.stop(running);
    assert!(
        ended.errors.contains("TRACE"),
        "the log is at its most verbose level"
    );
    let secrets = [("token", TOKEN), ("query key", QUERY_KEY)]
        .map(|(kind, secret)| (kind.to_owned(), secret.to_owned()));
    let mut found = leaks("an answer", said.as_bytes(), &secrets);
    found.extend(leaks("the log", ended.errors.as_bytes(), &secrets));
    let contents = files(place.dir.path());
    assert!(
        contents.len() >= 4,
        "the database, its key, the log and the output"
    );
    for (name, content) in &contents {
        found.extend(leaks(name, content, &secrets));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    for call in stranger.calls() {
        assert!(!format!("{call:?}").contains(TOKEN) && !call.query.contains(QUERY_KEY));
    }
}
