//! OAuth 1: three steps to a token, and every request signed by itself.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::client::Reply;
use crate::support::oauth1::{CHIRP, CHIRP_TOOLS, CONSUMER_KEY, CONSUMER_SECRET, Chirp};
use crate::support::server::TestServer;
use crate::support::toolkits::ToolkitsFolder;
use crate::support::upstream::Upstream;

const ACCOUNTS: &str = "/api/v3/connected_accounts";
const PROXY: &str = "/api/v3/tools/execute/proxy";

struct World {
    server: TestServer,
    chirp: Chirp,
    _folder: ToolkitsFolder,
}

impl World {
    async fn start() -> Self {
        let chirp = Chirp::start().await;
        let folder = ToolkitsFolder::empty().with_kit("chirp", &chirp.base, CHIRP, CHIRP_TOOLS);
        let path = folder.path();
        let flags = ["--allow-cidrs", "127.0.0.0/8", "--toolkits-dir", &path];
        Self {
            server: TestServer::with(&flags).await,
            chirp,
            _folder: folder,
        }
    }

    async fn try_config(&self, credentials: Value) -> Reply {
        let body = json!({
            "toolkit": { "slug": "chirp" },
            "auth_config": {
                "type": "use_custom_auth", "authScheme": "OAUTH1", "credentials": credentials,
            },
        });
        self.server.client.post("/api/v3/auth_configs", body).await
    }

    async fn config(&self) -> String {
        let credentials =
            json!({ "consumer_key": CONSUMER_KEY, "consumer_secret": CONSUMER_SECRET });
        let made = self.try_config(credentials).await.expect(201);
        made["auth_config"]["id"].as_str().unwrap().to_owned()
    }

    async fn initiate(&self, config: &str, connection: Value) -> Reply {
        let body = json!({ "auth_config": { "id": config }, "connection": connection });
        self.server.client.post(ACCOUNTS, body).await
    }

    /// Begins a connection; its id and the answer.
    async fn begin(&self) -> (String, Value) {
        let config = self.config().await;
        let made = self
            .initiate(&config, json!({ "user_id": "u1" }))
            .await
            .expect(201);
        (made["id"].as_str().unwrap().to_owned(), made)
    }

    /// To the provider and back, as a browser goes.
    async fn consent(&self, begun: &Value) -> Reply {
        let url = begun["connectionData"]["val"]["redirectUrl"]
            .as_str()
            .unwrap();
        let provider = self.server.anonymous.get(url).await;
        let back = provider.header("location").expect("a way back").to_owned();
        self.server.anonymous.get(&back).await
    }

    async fn account(&self) -> String {
        let (id, begun) = self.begin().await;
        assert_eq!(self.consent(&begun).await.status, 200);
        id
    }

    async fn shown(&self, id: &str) -> Value {
        let path = format!("{ACCOUNTS}/{id}");
        self.server.client.get(&path).await.expect(200)
    }

    async fn proxy(&self, id: &str, mut call: Value) -> Value {
        call["connected_account_id"] = json!(id);
        self.server.client.post(PROXY, call).await.expect(200)
    }
}

#[tokio::test]
async fn consent_in_three_steps_makes_an_active_account() {
    let world = World::start().await;
    let (id, begun) = world.begin().await;
    let val = &begun["connectionData"]["val"];
    assert_eq!(begun["connectionData"]["authScheme"], "OAUTH1");
    assert_eq!(val["status"], "INITIATED");
    assert_eq!(val["authUri"], val["redirectUrl"]);
    assert!(val["oauth_token"].is_string() && val["oauth_token_secret"].is_string());
    let url = val["redirectUrl"].as_str().unwrap();
    let expected = format!("{}/authorize?oauth_token=rt-", world.chirp.base);
    assert!(url.starts_with(&expected), "{url}");
    assert!(!url.contains("state="), "the state travels in the callback");
    assert_eq!(world.consent(&begun).await.status, 200);
    let shown = world.shown(&id).await;
    let val = &shown["state"]["val"];
    assert_eq!(
        (&shown["status"], &val["screen_name"]),
        (&json!("ACTIVE"), &json!("ada"))
    );
    let token = val["oauth_token"].as_str().unwrap();
    assert!(
        token.starts_with("at-") && token.ends_with("..."),
        "{token}"
    );
    assert_eq!(val.get("authUri"), None);
    let everything = format!("{begun}{shown}");
    for secret in world.chirp.secrets() {
        assert!(!everything.contains(&secret), "{everything} shows {secret}");
    }
    assert!(!everything.contains(CONSUMER_SECRET));
    assert_eq!(world.chirp.refused(), Vec::<String>::new());
}

#[tokio::test]
async fn the_way_back_works_once() {
    let world = World::start().await;
    let (_, begun) = world.begin().await;
    let url = begun["connectionData"]["val"]["redirectUrl"]
        .as_str()
        .unwrap();
    let provider = world.server.anonymous.get(url).await;
    let back = provider.header("location").unwrap().to_owned();
    assert_eq!(world.server.anonymous.get(&back).await.status, 200);
    let again = world.server.anonymous.get(&back).await;
    assert!(again.status >= 400, "{}", again.text);
}

#[rstest]
#[case::query(
    "/search?q=a%20b%2Bc&odd=%27%21%2A%28%29~&empty=&twice=1&twice=0&%C3%BC=%E2%98%83",
    "GET",
    Value::Null
)]
#[case::path("/a%20b/c%2Fd;e=f,g", "GET", Value::Null)]
#[case::json("/chirps?x=1", "POST", json!({ "text": "a=b&c=d" }))]
#[case::put("/chirps/1", "PUT", json!({ "text": "ü" }))]
#[case::delete("/chirps/1", "DELETE", Value::Null)]
#[tokio::test]
async fn a_proxied_request_is_signed_as_it_leaves(
    #[case] endpoint: &str,
    #[case] method: &str,
    #[case] body: Value,
) {
    let world = World::start().await;
    let id = world.account().await;
    let mut call = json!({ "endpoint": endpoint, "method": method });
    if !body.is_null() {
        call["body"] = body;
    }
    let answer = world.proxy(&id, call).await;
    assert_eq!(
        answer["status"],
        200,
        "{answer} {:?}",
        world.chirp.refused()
    );
}

#[tokio::test]
async fn a_form_is_part_of_what_is_signed() {
    let world = World::start().await;
    let id = world.account().await;
    let call = json!({
        "endpoint": "/chirps?a=1", "method": "POST", "body": "status=Hello+Ladies%20%26%20c%2b&a=0",
        "parameters": [
            { "name": "content-type", "value": "application/x-www-form-urlencoded", "type": "header" },
        ],
    });
    let answer = world.proxy(&id, call).await;
    assert_eq!(
        answer["status"],
        200,
        "{answer} {:?}",
        world.chirp.refused()
    );
    assert_eq!(
        world.chirp.accepted()[0]["body"],
        "status=Hello+Ladies%20%26%20c%2b&a=0"
    );
}

#[tokio::test]
async fn tools_are_signed_with_the_servers_time_and_fresh_nonces() {
    let world = World::start().await;
    let id = world.account().await;
    for arguments in [json!({ "q": "50% & more" }), json!({ "q": "50% & more" })] {
        let body = json!({ "connected_account_id": id, "arguments": arguments });
        let path = "/api/v3/tools/execute/CHIRP_SEARCH";
        let result = world.server.client.post(path, body).await.expect(200);
        assert_eq!(result["successful"], true, "{result}");
    }
    let body = json!({ "connected_account_id": id, "arguments": { "text": "hi" } });
    let path = "/api/v3/tools/execute/CHIRP_POST";
    let result = world.server.client.post(path, body).await.expect(200);
    assert_eq!(result["successful"], true, "{result}");
    let accepted = world.chirp.accepted();
    let now = world.server.clock.now().as_secs().to_string();
    assert!(accepted.iter().all(|call| call["timestamp"] == now));
    assert_ne!(accepted[0]["nonce"], accepted[1]["nonce"]);
}

#[tokio::test]
async fn every_hop_of_a_redirect_has_a_signature_of_its_own() {
    let world = World::start().await;
    let id = world.account().await;
    let call = json!({ "endpoint": "/away?to=/search%3Fq%3D1", "method": "GET" });
    let answer = world.proxy(&id, call).await;
    assert_eq!(
        answer["status"],
        200,
        "{answer} {:?}",
        world.chirp.refused()
    );
    let accepted = world.chirp.accepted();
    let targets: Vec<&Value> = accepted.iter().map(|call| &call["target"]).collect();
    assert_eq!(targets, ["/away?to=/search%3Fq%3D1", "/search?q=1"]);
    assert_ne!(accepted[0]["nonce"], accepted[1]["nonce"]);
}

#[tokio::test]
async fn a_foreign_host_sees_no_signature() {
    let world = World::start().await;
    let id = world.account().await;
    let stranger = Upstream::start_at("127.0.0.2").await;
    let call = json!({ "endpoint": format!("/away?to={}/x", stranger.base), "method": "GET" });
    world.proxy(&id, call).await;
    assert_eq!(stranger.call().header("authorization"), None);
    let call = json!({
        "connected_account_id": id, "endpoint": format!("{}/x", stranger.base), "method": "GET",
    });
    world.server.client.post(PROXY, call).await.error(400);
}

#[tokio::test]
async fn a_caller_does_not_sign_in_our_place() {
    let world = World::start().await;
    let id = world.account().await;
    let call = json!({
        "connected_account_id": id, "endpoint": "/me", "method": "GET",
        "parameters": [{ "name": "Authorization", "value": "OAuth x", "type": "header" }],
    });
    let error = world.server.client.post(PROXY, call).await.error(400);
    assert!(error.to_string().contains("authorization"), "{error}");
}

#[rstest]
#[case::denied(|chirp: &Chirp| chirp.deny(), "the user refused at the provider")]
#[case::another_token(|chirp: &Chirp| chirp.return_token("rt-of-somebody-else"), "another request token")]
#[tokio::test]
async fn a_consent_that_was_not_given_to_us_fails_the_account(
    #[case] behave: fn(&Chirp),
    #[case] reason: &str,
) {
    let world = World::start().await;
    behave(&world.chirp);
    let (id, begun) = world.begin().await;
    world.consent(&begun).await;
    let shown = world.shown(&id).await;
    assert_eq!(shown["status"], "FAILED");
    let said = shown["status_reason"].as_str().unwrap();
    assert!(said.contains(reason), "{said}");
    assert_eq!(world.chirp.accepted(), Vec::<Value>::new());
}

#[tokio::test]
async fn a_wrong_consumer_is_told_before_anything_is_stored() {
    let world = World::start().await;
    let credentials = json!({ "consumer_key": CONSUMER_KEY, "consumer_secret": "not-the-secret" });
    let made = world.try_config(credentials).await.expect(201);
    let config = made["auth_config"]["id"].as_str().unwrap();
    let connection = json!({ "user_id": "u1" });
    let error = world.initiate(config, connection).await.error(400);
    let text = error.to_string();
    assert!(
        text.contains("no request token: the provider answered 401"),
        "{text}"
    );
    assert!(!text.contains("not-the-secret"), "{text}");
    let list = world.server.client.get(ACCOUNTS).await.expect(200);
    assert_eq!(list["total_items"], 0);
}

#[tokio::test]
async fn a_provider_that_is_out_is_trouble_of_the_upstream() {
    let world = World::start().await;
    let config = world.config().await;
    world.chirp.break_down(503);
    let begun = world.initiate(&config, json!({ "user_id": "u1" })).await;
    assert_eq!(begun.status, 502, "{}", begun.text);
}

#[rstest]
#[tokio::test]
async fn the_newer_names_of_an_application_are_taken_as_well(
    #[values("/api/v3", "/api/v3.1")] prefix: &str,
) {
    let world = World::start().await;
    let error = world
        .try_config(json!({ "consumer_key": "k" }))
        .await
        .error(400);
    assert!(error.to_string().contains("consumer_secret"), "{error}");
    let body = json!({
        "toolkit": { "slug": "chirp" },
        "auth_config": {
            "type": "use_custom_auth", "authScheme": "OAUTH1",
            "credentials": { "client_id": CONSUMER_KEY, "client_secret": CONSUMER_SECRET },
        },
    });
    let path = format!("{prefix}/auth_configs");
    let made = world.server.client.post(&path, body).await.expect(201);
    let config = made["auth_config"]["id"].as_str().unwrap();
    let body = json!({ "auth_config": { "id": config }, "connection": { "user_id": "u1" } });
    let path = format!("{prefix}/connected_accounts");
    let begun = world.server.client.post(&path, body).await.expect(201);
    assert_eq!(world.consent(&begun).await.status, 200);
}

#[tokio::test]
async fn tokens_from_elsewhere_are_imported() {
    let world = World::start().await;
    let config = world.config().await;
    let (token, secret) = world.chirp.issue();
    let val = json!({ "status": "ACTIVE", "oauth_token": token, "oauth_token_secret": secret });
    let state = json!({ "authScheme": "OAUTH1", "val": val });
    let connection = json!({ "user_id": "u1", "state": state });
    let made = world.initiate(&config, connection).await.expect(201);
    assert_eq!(made["connectionData"]["val"]["status"], "ACTIVE");
    let call = json!({ "endpoint": "/me", "method": "GET" });
    let answer = world.proxy(made["id"].as_str().unwrap(), call).await;
    assert_eq!(answer["status"], 200, "{answer}");
    let half = json!({ "status": "ACTIVE", "oauth_token": token });
    let state = json!({ "authScheme": "OAUTH1", "val": half });
    let connection = json!({ "user_id": "u2", "state": state });
    let error = world.initiate(&config, connection).await.error(400);
    assert!(error.to_string().contains("oauth_token_secret"), "{error}");
}

#[tokio::test]
async fn the_toolkit_asks_for_a_consumer() {
    let world = World::start().await;
    let path = "/api/v3/toolkits/chirp";
    let toolkit = world.server.client.get(path).await.expect(200);
    let fields = &toolkit["auth_config_details"][0]["fields"]["auth_config_creation"];
    let names: Vec<&Value> = ["required", "optional"]
        .iter()
        .flat_map(|kind| fields[kind].as_array().unwrap())
        .map(|field| &field["name"])
        .collect();
    assert_eq!(
        names,
        ["consumer_key", "consumer_secret", "oauth_redirect_uri"]
    );
}

#[tokio::test]
async fn a_token_and_its_application_that_come_with_a_call_sign_it() {
    let world = World::start().await;
    let (token, secret) = world.chirp.issue();
    let call_with = |val: Value| {
        let data = json!({ "authScheme": "OAUTH1", "toolkitSlug": "chirp", "val": val });
        let body = json!({ "custom_connection_data": data, "arguments": { "q": "50% & more" } });
        let path = "/api/v3/tools/execute/CHIRP_SEARCH";
        world.server.client.post(path, body)
    };
    for [key_name, secret_name] in [
        ["consumer_key", "consumer_secret"],
        ["client_id", "client_secret"],
    ] {
        let result = call_with(json!({
            "oauth_token": token, "oauth_token_secret": secret,
            key_name: CONSUMER_KEY, secret_name: CONSUMER_SECRET,
        }));
        let result = result.await.expect(200);
        assert_eq!(result["successful"], true, "{result}");
    }
    assert_eq!(world.chirp.accepted().len(), 2);
    let error = call_with(json!({ "oauth_token": token, "consumer_key": CONSUMER_KEY }));
    let problems = ["oauth_token_secret", "consumer_secret"]
        .map(|name| format!("custom_connection_data.val.{name}: is required"));
    assert_eq!(error.await.error(400)["errors"], json!(problems));
}
