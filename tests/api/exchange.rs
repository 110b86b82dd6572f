//! Accounts whose lasting credentials are exchanged for tokens, as the toolkit declares it.

mod given;

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::client::Reply;
use crate::support::logins::{APP, CAL_KEY, DEV_KEY, EMAIL, LEDGER, LEDGER_TOOLS, Logins, USER};
use crate::support::server::TestServer;
use crate::support::toolkits::ToolkitsFolder;

const CONFIGS: &str = "/api/v3/auth_configs";
const ACCOUNTS: &str = "/api/v3/connected_accounts";
const SCHEMES: [&str; 5] = [
    "GOOGLE_SERVICE_ACCOUNT",
    "SERVICE_ACCOUNT",
    "BASIC_WITH_JWT",
    "BILLCOM_AUTH",
    "CALCOM_AUTH",
];

struct World {
    server: TestServer,
    logins: Logins,
    _folder: ToolkitsFolder,
}

impl World {
    async fn start() -> Self {
        let logins = Logins::start().await;
        let folder = ToolkitsFolder::empty().with_kit("ledger", &logins.base, LEDGER, LEDGER_TOOLS);
        let path = folder.path();
        let flags = ["--allow-cidrs", "127.0.0.0/8", "--toolkits-dir", &path];
        Self {
            server: TestServer::with(&flags).await,
            logins,
            _folder: folder,
        }
    }

    async fn config(&self, prefix: &str, scheme: &str, credentials: Value) -> String {
        let body = json!({
            "toolkit": { "slug": "ledger" },
            "auth_config": {
                "type": "use_custom_auth", "authScheme": scheme, "credentials": credentials,
            },
        });
        let path = format!("{prefix}/auth_configs");
        let made = self.server.client.post(&path, body).await.expect(201);
        made["auth_config"]["id"].as_str().unwrap().to_owned()
    }

    async fn initiate(&self, config: &str, scheme: &str, mut val: Value) -> Reply {
        val["status"] = json!("ACTIVE");
        let body = json!({
            "auth_config": { "id": config },
            "connection": { "user_id": "u1", "state": { "authScheme": scheme, "val": val } },
        });
        self.server.client.post(ACCOUNTS, body).await
    }

    fn config_credentials(scheme: &str) -> Value {
        match scheme {
            "BILLCOM_AUTH" => json!({ "organizationId": "00801" }),
            _ => json!({}),
        }
    }

    /// Credentials that are right.
    fn credentials(&self, scheme: &str) -> Value {
        let password = self.logins.password();
        match scheme {
            "GOOGLE_SERVICE_ACCOUNT" => json!({ "credentials_json": self.logins.key_file() }),
            "SERVICE_ACCOUNT" => json!({
                "application_id": APP, "installation_id": "42",
                "private_key": self.logins.key.pkcs1_pem(),
            }),
            "BASIC_WITH_JWT" => json!({ "username": USER, "password": password }),
            "BILLCOM_AUTH" => {
                json!({ "devKey": DEV_KEY, "username": USER, "password": password })
            }
            "CALCOM_AUTH" => json!({ "apiKey": CAL_KEY }),
            other => panic!("{other}"),
        }
    }

    async fn account(&self, scheme: &str) -> String {
        let config = self
            .config("/api/v3", scheme, Self::config_credentials(scheme))
            .await;
        let made = self
            .initiate(&config, scheme, self.credentials(scheme))
            .await
            .expect(201);
        made["id"].as_str().unwrap().to_owned()
    }

    async fn get_me(&self, account: &str) -> Reply {
        let body = json!({ "connected_account_id": account, "arguments": {} });
        let path = "/api/v3/tools/execute/LEDGER_GET_ME";
        self.server.client.post(path, body).await
    }

    #[track_caller]
    fn is_let_in(reply: &Reply) {
        let result = reply.expect(200);
        assert_eq!(result["successful"], true, "{result}");
    }

    async fn shown(&self, account: &str) -> Value {
        let path = format!("{ACCOUNTS}/{account}");
        self.server.client.get(&path).await.expect(200)
    }

    async fn count(&self) -> Value {
        self.server.client.get(ACCOUNTS).await.expect(200)["total_items"].clone()
    }
}

#[rstest]
#[tokio::test]
async fn an_account_is_connected_and_used_by_every_exchange(
    #[values("/api/v3", "/api/v3.1")] prefix: &str,
) {
    let world = World::start().await;
    for scheme in SCHEMES {
        let config = world
            .config(prefix, scheme, World::config_credentials(scheme))
            .await;
        let mut val = world.credentials(scheme);
        val["status"] = json!("ACTIVE");
        let body = json!({
            "auth_config": { "id": config },
            "connection": { "user_id": "u1", "state": { "authScheme": scheme, "val": val } },
        });
        let made = world
            .server
            .client
            .post(&format!("{prefix}/connected_accounts"), body)
            .await
            .expect(201);
        assert_eq!(made["connectionData"]["val"]["status"], "ACTIVE", "{made}");
        let id = made["id"].as_str().unwrap();
        World::is_let_in(&world.get_me(id).await);
        let proxied = json!({ "connected_account_id": id, "endpoint": "/me", "method": "GET" });
        let path = format!("{prefix}/tools/execute/proxy");
        let answer = world.server.client.post(&path, proxied).await.expect(200);
        assert_eq!(answer["status"], 200, "{scheme}: {answer}");
        let shown = world.shown(id).await.to_string();
        for secret in world.logins.tokens() {
            assert!(!shown.contains(&secret), "{scheme} shows {secret}");
        }
    }
    // One login each: tokens are kept.
    assert_eq!(world.logins.logins().len(), SCHEMES.len());
}

#[tokio::test]
async fn an_assertion_says_who_for_what_and_for_how_long() {
    let world = World::start().await;
    world.account("GOOGLE_SERVICE_ACCOUNT").await;
    world.account("SERVICE_ACCOUNT").await;
    let now = world.server.clock.now().as_secs();
    let [google, app] = world.logins.claims().try_into().unwrap();
    let audience = format!("{}/google/token", world.logins.base);
    assert_eq!(
        google,
        json!({
            "iss": EMAIL, "scope": "books.read books.write", "aud": audience,
            "iat": now, "exp": now + 3600,
        })
    );
    assert_eq!(
        app,
        json!({ "iss": APP, "iat": now - 60, "exp": now + 540 })
    );
}

#[tokio::test]
async fn a_service_account_may_act_for_a_person_with_other_scopes() {
    let world = World::start().await;
    let credentials = json!({ "subject": "boss@acme.test", "scopes": "books.read,books.audit" });
    let scheme = "GOOGLE_SERVICE_ACCOUNT";
    let config = world.config("/api/v3", scheme, credentials).await;
    let val = world.credentials(scheme);
    world.initiate(&config, scheme, val).await.expect(201);
    let claims = &world.logins.claims()[0];
    assert_eq!(claims["sub"], "boss@acme.test");
    assert_eq!(claims["scope"], "books.read books.audit");
}

#[rstest]
#[case::escaped(|pem: String| pem.replace('\n', "\\n"))]
#[case::lines_lost(|pem: String| pem.replace('\n', ""))]
#[case::windows(|pem: String| pem.replace('\n', "\r\n"))]
#[tokio::test]
async fn a_private_key_is_taken_however_it_was_pasted(#[case] paste: fn(String) -> String) {
    let world = World::start().await;
    let scheme = "SERVICE_ACCOUNT";
    let config = world.config("/api/v3", scheme, json!({})).await;
    for pem in [world.logins.key.pkcs1_pem(), world.logins.key.pkcs8_pem()] {
        let mut val = world.credentials(scheme);
        val["private_key"] = json!(paste(pem));
        world.initiate(&config, scheme, val).await.expect(201);
    }
}

#[rstest]
#[case("GOOGLE_SERVICE_ACCOUNT", 3599)]
#[case("SERVICE_ACCOUNT", 3600)]
#[case("BASIC_WITH_JWT", 900)]
#[case("BILLCOM_AUTH", 1800)]
#[case("CALCOM_AUTH", 600)]
#[tokio::test]
async fn a_token_that_ends_is_renewed_before_the_next_call(
    #[case] scheme: &str,
    #[case] lifetime: u64,
) {
    let world = World::start().await;
    let id = world.account(scheme).await;
    let val = world.shown(&id).await["state"]["val"].clone();
    assert_eq!(val["expires_in"], lifetime, "{val}");
    world
        .server
        .clock
        .advance(Duration::from_secs(lifetime - 120));
    World::is_let_in(&world.get_me(&id).await);
    assert_eq!(world.logins.logins().len(), 1, "the token was good still");
    world.server.clock.advance(Duration::from_secs(121));
    World::is_let_in(&world.get_me(&id).await);
    assert_eq!(world.logins.logins().len(), 2);
}

#[rstest]
#[tokio::test]
async fn a_token_that_the_service_forgot_is_renewed_once(
    #[values("BASIC_WITH_JWT", "BILLCOM_AUTH")] scheme: &str,
) {
    let world = World::start().await;
    let id = world.account(scheme).await;
    world.logins.forget_tokens();
    World::is_let_in(&world.get_me(&id).await);
    assert_eq!(world.logins.logins().len(), 2);
}

#[rstest]
#[case::password("BASIC_WITH_JWT", "password", json!("not-my-password"), "the provider answered 401")]
#[case::password_in_a_session("BILLCOM_AUTH", "password", json!("not-my-password"), "Login failed")]
#[case::key("CALCOM_AUTH", "apiKey", json!("cal_live_not-this-one"), "the provider answered 403: no such key")]
#[case::installation("SERVICE_ACCOUNT", "installation_id", json!("43"), "Not Found")]
#[case::app("SERVICE_ACCOUNT", "application_id", json!("4712"), "could not be decoded")]
#[case::no_key("SERVICE_ACCOUNT", "private_key", json!("s3cret-but-no-key"), "`private_key` is not an RSA private key")]
#[case::no_file("GOOGLE_SERVICE_ACCOUNT", "credentials_json", json!("{}"), "`credentials_json` is no JSON text with `private_key`")]
#[case::path("SERVICE_ACCOUNT", "installation_id", json!("42/../../evil"), "")]
#[tokio::test]
async fn credentials_that_bring_no_token_are_refused_with_the_reason(
    #[case] scheme: &str,
    #[case] field: &str,
    #[case] wrong: Value,
    #[case] reason: &str,
) {
    let world = World::start().await;
    let config = world
        .config("/api/v3", scheme, World::config_credentials(scheme))
        .await;
    let mut val = world.credentials(scheme);
    val[field] = wrong.clone();
    let error = world.initiate(&config, scheme, val).await.error(400);
    let text = error.to_string();
    assert!(text.contains(reason), "{text}");
    if scheme != "SERVICE_ACCOUNT" || field == "private_key" {
        assert!(
            !text.contains(wrong.as_str().unwrap()) || field == "credentials_json",
            "{text}"
        );
    }
    assert_eq!(world.count().await, 0, "nothing is kept");
}

#[tokio::test]
async fn a_key_of_somebody_else_is_refused_by_the_provider() {
    let world = World::start().await;
    let scheme = "GOOGLE_SERVICE_ACCOUNT";
    let config = world.config("/api/v3", scheme, json!({})).await;
    let mut file: Value = serde_json::from_str(&world.logins.key_file()).unwrap();
    file["private_key"] = json!(crate::support::logins::RsaKey::generate().pkcs8_pem());
    let val = json!({ "credentials_json": file.to_string() });
    let error = world.initiate(&config, scheme, val).await.error(400);
    let text = error.to_string();
    assert!(
        text.contains("invalid_grant: Invalid JWT Signature."),
        "{text}"
    );
}

#[tokio::test]
async fn a_changed_password_ends_the_account_and_a_new_one_revives_it() {
    let world = World::start().await;
    let id = world.account("BASIC_WITH_JWT").await;
    world.logins.change_password("second-password");
    world.server.clock.advance(Duration::from_secs(1000));
    let error = world.get_me(&id).await;
    assert!(error.status >= 400, "{}", error.text);
    let shown = world.shown(&id).await;
    assert_eq!(shown["status"], "EXPIRED", "{shown}");
    let reason = shown["status_reason"].as_str().unwrap();
    assert!(reason.contains("401"), "{reason}");
    assert!(!reason.contains("first-password"), "{reason}");
    let val = json!({ "status": "ACTIVE", "password": "second-password" });
    let body = json!({
        "connection": { "state": { "authScheme": "BASIC_WITH_JWT", "val": val } },
    });
    let path = format!("{ACCOUNTS}/{id}");
    world.server.client.patch(&path, body).await.expect(200);
    assert_eq!(world.shown(&id).await["status"], "ACTIVE");
    World::is_let_in(&world.get_me(&id).await);
}

#[rstest]
#[case::page(200, "text/html", "<html>Welcome</html>")]
#[case::no_token(200, "application/json", r#"{"ok":true}"#)]
#[case::other_type(
    200,
    "application/json",
    r#"{"data":{"jwt":{"value":"x"}},"access_token":["x"]}"#
)]
#[case::redirect(302, "text/plain", "elsewhere")]
#[case::broken(500, "application/json", r#"{"error":"invalid_grant"}"#)]
#[case::busy(429, "application/json", r#"{"message":"slow down"}"#)]
#[tokio::test]
async fn a_service_that_gives_no_answer_ends_no_account(
    #[case] status: u16,
    #[case] kind: &'static str,
    #[case] body: &str,
) {
    let world = World::start().await;
    let id = world.account("BASIC_WITH_JWT").await;
    world.logins.answer(Some((status, kind, body)));
    let config = world.config("/api/v3", "BASIC_WITH_JWT", json!({})).await;
    let val = world.credentials("BASIC_WITH_JWT");
    let begun = world.initiate(&config, "BASIC_WITH_JWT", val).await;
    assert_eq!(begun.status, 502, "{}", begun.text);
    world.server.clock.advance(Duration::from_secs(1000));
    world.get_me(&id).await;
    assert_eq!(world.shown(&id).await["status"], "ACTIVE");
    world.logins.answer(None);
    // Refreshes rest after a failure.
    world.server.clock.advance(Duration::from_mins(1));
    World::is_let_in(&world.get_me(&id).await);
}

#[tokio::test]
async fn a_huge_answer_is_none() {
    let world = World::start().await;
    let huge = json!({ "data": { "jwt": "x".repeat(2 * 1024 * 1024) } }).to_string();
    world.logins.answer(Some((200, "application/json", &huge)));
    let config = world.config("/api/v3", "BASIC_WITH_JWT", json!({})).await;
    let val = world.credentials("BASIC_WITH_JWT");
    let begun = world.initiate(&config, "BASIC_WITH_JWT", val).await;
    assert_eq!(begun.status, 502, "{}", begun.text);
    assert_eq!(world.count().await, 0);
}

#[tokio::test]
async fn a_session_from_elsewhere_is_imported_and_not_renewed() {
    let world = World::start().await;
    let donor = world.account("BILLCOM_AUTH").await;
    World::is_let_in(&world.get_me(&donor).await);
    let session = world.logins.tokens().into_iter().next().unwrap();
    let credentials = World::config_credentials("BILLCOM_AUTH");
    let config = world.config("/api/v3", "BILLCOM_AUTH", credentials).await;
    let val = json!({ "sessionId": session, "devKey": DEV_KEY });
    let made = world
        .initiate(&config, "BILLCOM_AUTH", val)
        .await
        .expect(201);
    let id = made["id"].as_str().unwrap();
    World::is_let_in(&world.get_me(id).await);
    assert_eq!(world.logins.logins().len(), 1, "nobody logged in again");
    world.logins.forget_tokens();
    let result = world.get_me(id).await.expect(200);
    assert_eq!(result["successful"], false);
    assert_eq!(world.logins.logins().len(), 1);
    let without_key = json!({ "sessionId": session });
    let error = world
        .initiate(&config, "BILLCOM_AUTH", without_key)
        .await
        .error(400);
    assert!(error.to_string().contains("devKey"), "{error}");
}

#[tokio::test]
async fn a_token_may_be_made_here_out_of_the_key() {
    let world = World::start().await;
    let config = world.config("/api/v3", "API_KEY", json!({})).await;
    let val = json!({ "key_id": "k1", "generic_api_key": "s3cret-of-the-ghost" });
    let made = world.initiate(&config, "API_KEY", val).await.expect(201);
    let id = made["id"].as_str().unwrap();
    assert_eq!(made["connectionData"]["val"]["expires_in"], 300);
    let result = world.get_me(id).await.expect(200);
    assert_eq!(result["successful"], false, "the service knows no ghosts");
    assert!(world.logins.logins().is_empty());
}

#[tokio::test]
async fn the_toolkit_lists_what_each_exchange_asks_for() {
    let world = World::start().await;
    let path = "/api/v3/toolkits/ledger";
    let toolkit = world.server.client.get(path).await.expect(200);
    let names = |fields: &Value| -> Vec<String> {
        let both = ["required", "optional"].map(|kind| fields[kind].as_array().unwrap().clone());
        let both = both.concat();
        let name = |field: &Value| {
            let mark = if field["required"] == true { "*" } else { "" };
            format!("{}{mark}", field["name"].as_str().unwrap())
        };
        both.iter().map(name).collect()
    };
    let listed: Vec<String> = toolkit["auth_config_details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|way| {
            let fields = &way["fields"];
            format!(
                "{}: {} | {}",
                way["mode"].as_str().unwrap(),
                names(&fields["auth_config_creation"]).join(" "),
                names(&fields["connected_account_initiation"]).join(" "),
            )
        })
        .collect();
    insta::assert_snapshot!(listed.join("\n"), @r"
    GOOGLE_SERVICE_ACCOUNT: scopes subject | credentials_json*
    SERVICE_ACCOUNT:  | application_id* installation_id* private_key*
    BASIC_WITH_JWT:  | username* password*
    BILLCOM_AUTH: organizationId* | devKey* username* password*
    CALCOM_AUTH:  | apiKey*
    API_KEY:  | key_id* generic_api_key*
    ");
}

#[tokio::test]
async fn a_key_file_is_never_sent_where_it_says_itself() {
    let world = World::start().await;
    world.account("GOOGLE_SERVICE_ACCOUNT").await;
    // `token_uri` in it leads to a stranger; the assertion went to the declared place.
    let logins = world.logins.logins();
    assert_eq!(logins.len(), 1);
    assert_eq!(logins[0].0, "/google/token");
    assert!(!logins[0].1.contains("PRIVATE"), "{}", logins[0].1);
}

#[tokio::test]
async fn no_toolkit_is_connected_by_saml() {
    let world = World::start().await;
    let body = json!({
        "toolkit": { "slug": "ledger" },
        "auth_config": { "type": "use_custom_auth", "authScheme": "SAML", "credentials": {} },
    });
    let error = world.server.client.post(CONFIGS, body).await.error(400);
    let text = error.to_string();
    assert!(text.contains("no toolkit is connected by SAML"), "{text}");
    assert!(text.contains("BASIC_WITH_JWT"), "{text}");
}
