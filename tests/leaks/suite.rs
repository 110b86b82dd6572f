//! The search that ends every test with a server can fail: a secret is found wherever it is left.

use serde_json::json;

use crate::support::provider::CLIENT_ID;
use crate::support::secrets;
use crate::support::stage::Stage;

#[tokio::test]
async fn a_secret_that_was_sent_as_one_is_found_in_a_row_an_answer_and_a_log_line() {
    let stage = Stage::start().await;
    let secret = tenon::ids::random_text(24);
    let body = json!({
        "toolkit": { "slug": "acme" },
        "auth_config": {
            "type": "use_custom_auth", "authScheme": "OAUTH2", "name": secret,
            "credentials": { "client_id": CLIENT_ID, "client_secret": secret },
        },
    });
    let made = stage
        .server
        .client
        .post("/api/v3/auth_configs", body)
        .await
        .expect(201);
    let id = made["auth_config"]["id"].as_str().unwrap();
    stage
        .server
        .client
        .get(&format!("/api/v3/auth_configs/{id}"))
        .await
        .expect(200);
    tracing::trace!("{secret}");
    let found = stage.server.leaks().join("\n");
    for place in ["in an answer:", "in the log:"] {
        assert!(found.contains(place), "{found}");
    }
    let is_stored = found.contains("tenon.db") || found.contains("in the database:");
    assert!(is_stored, "{found}");
}

#[tokio::test]
async fn a_token_that_an_account_holds_is_looked_for_and_sealed() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    stage.oauth_account(&config, "ada").await;
    let tokens = stage.provider.tokens();
    assert_eq!(tokens.len(), 2);
    for token in tokens {
        let (_, random) = token.rsplit_once('-').unwrap();
        assert!(secrets::knows(random), "{token}");
    }
    assert_eq!(stage.server.leaks(), Vec::<String>::new());
}
