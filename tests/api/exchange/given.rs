//! Lasting credentials that come with a call (`custom_connection_data`): exchanged for that call
//! alone.

use rstest::rstest;
use serde_json::{Value, json};

use super::{SCHEMES, World};
use crate::support::client::Reply;
use crate::support::database::{Engine, engine};

impl World {
    /// As [`World::credentials`], with what an auth config would hold beside them.
    fn given(&self, scheme: &str) -> Value {
        let mut val = self.credentials(scheme);
        for (name, value) in Self::config_credentials(scheme).as_object().unwrap() {
            val[name] = value.clone();
        }
        val
    }

    async fn call_with(&self, scheme: &str, val: Value) -> Reply {
        let data = json!({ "authScheme": scheme, "toolkitSlug": "ledger", "val": val });
        let body = json!({ "arguments": {}, "custom_connection_data": data });
        let path = "/api/v3/tools/execute/LEDGER_GET_ME";
        self.server.client.post(path, body).await
    }
}

#[tokio::test]
async fn every_exchange_is_made_for_a_call_that_brings_the_credentials() {
    let world = World::start().await;
    for scheme in SCHEMES {
        let logins = world.logins.logins().len();
        World::is_let_in(&world.call_with(scheme, world.given(scheme)).await);
        let data =
            json!({ "authScheme": scheme, "toolkitSlug": "ledger", "val": world.given(scheme) });
        let body = json!({ "endpoint": "/me", "method": "GET", "custom_connection_data": data });
        let path = "/api/v3/tools/execute/proxy";
        let answer = world.server.client.post(path, body).await.expect(200);
        assert_eq!(answer["status"], 200, "{scheme}: {answer}");
        // One a call: nothing is kept.
        assert_eq!(world.logins.logins().len(), logins + 2, "{scheme}");
    }
    assert_eq!(world.count().await, 0);
}

#[tokio::test]
async fn nothing_of_an_exchange_for_one_call_is_in_the_database() {
    if engine() != Engine::Sqlite {
        eprintln!("passed by: the file is searched where there is one");
        return;
    }
    let world = World::start().await;
    for scheme in SCHEMES {
        World::is_let_in(&world.call_with(scheme, world.given(scheme)).await);
    }
    let app = &world.server.app;
    app.execution_log.flush(&app.db).await;
    let mut secrets = world.logins.tokens();
    secrets.insert(world.logins.password());
    secrets.insert(super::CAL_KEY.to_owned());
    let mut read = 0;
    for entry in std::fs::read_dir(world.server.dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_file() {
            continue;
        }
        let content = std::fs::read(&path).unwrap();
        read += content.len();
        let content = String::from_utf8_lossy(&content);
        for secret in &secrets {
            assert!(
                !content.contains(secret.as_str()),
                "{} holds {secret}",
                path.display()
            );
        }
    }
    assert!(read > 10_000, "the database was read");
}

#[tokio::test]
async fn a_token_that_comes_along_needs_no_exchange() {
    let world = World::start().await;
    World::is_let_in(
        &world
            .call_with("CALCOM_AUTH", world.given("CALCOM_AUTH"))
            .await,
    );
    let token = world.logins.tokens().into_iter().next().unwrap();
    World::is_let_in(
        &world
            .call_with("CALCOM_AUTH", json!({ "access_token": token }))
            .await,
    );
    assert_eq!(world.logins.logins().len(), 1);
}

#[tokio::test]
async fn scopes_and_the_person_acted_for_may_come_along() {
    let world = World::start().await;
    let scheme = "GOOGLE_SERVICE_ACCOUNT";
    let mut val = world.given(scheme);
    World::is_let_in(&world.call_with(scheme, val.clone()).await);
    val["subject"] = json!("boss@acme.test");
    val["scopes"] = json!("books.read,books.audit");
    World::is_let_in(&world.call_with(scheme, val).await);
    let claims = world.logins.claims();
    assert_eq!(claims[0]["scope"], "books.read books.write");
    assert_eq!(claims[1]["scope"], "books.read books.audit");
    assert_eq!(claims[1]["sub"], "boss@acme.test");
}

#[tokio::test]
async fn a_token_that_is_signed_here_is_signed_for_the_call() {
    let world = World::start().await;
    let val = json!({ "key_id": "k1", "generic_api_key": "c2VjcmV0LW9mLXRoZS1jYWxsZXI" });
    let result = world.call_with("API_KEY", val).await.expect(200);
    // The service lets no such token in; that it asked for one shows that it was sent.
    assert_eq!(result["data"]["status_code"], 401, "{result}");
    assert!(world.logins.logins().is_empty());
}

#[rstest]
#[case("BASIC_WITH_JWT", "username")]
#[case("BASIC_WITH_JWT", "password")]
#[case("BILLCOM_AUTH", "devKey")]
#[case("BILLCOM_AUTH", "organizationId")]
#[case("CALCOM_AUTH", "apiKey")]
#[case("SERVICE_ACCOUNT", "private_key")]
#[case("GOOGLE_SERVICE_ACCOUNT", "credentials_json")]
#[tokio::test]
async fn what_an_exchange_needs_is_asked_for_by_name(#[case] scheme: &str, #[case] field: &str) {
    let world = World::start().await;
    let mut val = world.given(scheme);
    val.as_object_mut().unwrap().remove(field);
    let error = world.call_with(scheme, val).await.error(400);
    let expected = format!("custom_connection_data.val.{field}: is required");
    assert_eq!(error["errors"], json!([expected]));
    assert!(world.logins.logins().is_empty());
}

#[tokio::test]
async fn credentials_that_the_provider_refuses_are_a_mistake_of_the_callers() {
    let world = World::start().await;
    for scheme in ["BASIC_WITH_JWT", "BILLCOM_AUTH"] {
        let mut val = world.given(scheme);
        val["password"] = json!("not-my-password");
        let error = world.call_with(scheme, val).await.error(400);
        let message = error["message"].as_str().unwrap();
        assert!(
            message.starts_with("no token came for these credentials: "),
            "{error}"
        );
        assert!(!error.to_string().contains("not-my-password"), "{error}");
    }
    let evil = json!({ "application_id": "4711", "installation_id": "42/../../evil",
        "private_key": world.logins.key.pkcs1_pem() });
    let error = world.call_with("SERVICE_ACCOUNT", evil).await.error(400);
    assert!(
        error
            .to_string()
            .contains("custom_connection_data.val.installation_id"),
        "{error}"
    );
}

#[tokio::test]
async fn a_provider_that_gives_no_token_leaves_an_idempotency_key_as_it_was() {
    let world = World::start().await;
    let client = world.server.client.with_header("idempotency-key", "k");
    let data = json!({ "authScheme": "CALCOM_AUTH", "toolkitSlug": "ledger",
        "val": world.given("CALCOM_AUTH") });
    let body = json!({ "arguments": {}, "custom_connection_data": data });
    let path = "/api/v3/tools/execute/LEDGER_GET_ME";
    world.logins.answer(Some((500, "text/plain", "down")));
    let failed = client.post(path, body.clone()).await.expect(200);
    assert_eq!(failed["successful"], false, "{failed}");
    world.logins.answer(None);
    let made = client.post(path, body.clone()).await;
    World::is_let_in(&made);
    assert_eq!(made.header("idempotent-replayed"), None);
    assert_eq!(client.post(path, body).await.text, made.text);
}
