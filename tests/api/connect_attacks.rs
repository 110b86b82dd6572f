//! Attacks on the connect flow and its pages: URLs that lead elsewhere, texts that are markup,
//! connections that go on after they were switched off.

use serde_json::{Value, json};
use tenon::crypto::Place;
use tenon::storage::connection_attempts;

use super::execute::problems;
use crate::support::accounts::first_project;
use crate::support::browser::Page;
use crate::support::stage::Stage;

/// Where no user's browser is to be sent.
fn hostile_urls() -> Vec<String> {
    let long = format!("https://app.test/{}", "a".repeat(10_000));
    [
        "javascript:alert(1)",
        "JaVaScRiPt://app.test/%0aalert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "/relative",
        "//evil.test/x",
        "https:",
        "https://",
        "app.test/back",
        "https://ada:secret@app.test/back",
        "https://app.test@evil.test/",
        "https://app.test/\r\nset-cookie: a=b",
        "\u{1}https://app.test/",
        long.as_str(),
    ]
    .map(str::to_owned)
    .to_vec()
}

#[tokio::test]
async fn a_browser_is_never_sent_to_what_is_no_plain_web_address() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let account = stage.oauth_account(&config, "ada").await;
    let accounts = "/api/v3/connected_accounts";
    let refresh = format!("{accounts}/{account}/refresh");
    for url in hostile_urls() {
        for name in ["callback_url", "redirect_uri"] {
            let reply = stage.initiate(&config, json!({ name: url })).await;
            assert!(problems(&reply)[0].contains(name), "{url}: {}", reply.text);
        }
        let body = json!({ "auth_config_id": config, "user_id": "u", "callback_url": url });
        let reply = client.post(&format!("{accounts}/link"), body).await;
        assert!(problems(&reply)[0].contains("callback_url"), "{url}");
        let reply = client.post(&refresh, json!({ "redirect_url": url })).await;
        assert!(problems(&reply)[0].contains("redirect_url"), "{url}");
        let query = url::form_urlencoded::byte_serialize(url.as_bytes()).collect::<String>();
        let path = format!("{refresh}?redirect_url={query}");
        let reply = client.post(&path, json!({})).await;
        assert!(problems(&reply)[0].contains("redirect_url"), "{url}");
    }
    let list = client.get(accounts).await.expect(200);
    assert_eq!(list["total_items"], 1, "a refused request made an account");
}

#[tokio::test]
async fn a_hostile_address_that_is_stored_all_the_same_is_not_followed() {
    for url in ["javascript:alert(1)", "data:text/html,x", "//evil.test"] {
        let stage = Stage::start().await;
        let config = stage.auth_config("acme", "OAUTH2").await;
        let begun = stage.initiate(&config, json!({ "user_id": "u" })).await;
        let begun = begun.expect(201);
        let authorize = begun["connectionData"]["val"]["redirectUrl"].as_str();
        let back = stage.open(authorize.unwrap()).await;
        let back: url::Url = back.header("location").unwrap().parse().unwrap();
        let signed = back.query_pairs().find(|(name, _)| name == "state");
        replace_callback_url(&stage, &signed.unwrap().1, url).await;
        let page = stage.open(back.as_str()).await;
        assert_eq!((page.status, page.header("location")), (200, None), "{url}");
    }
}

/// Puts a URL into the attempt of a state, past the checks of the API.
async fn replace_callback_url(stage: &Stage, signed: &str, url: &str) {
    let app = &stage.server.app;
    let project = first_project(&stage.server).await;
    let (_, id) = app.state_signer.read(signed, app.clock.now()).unwrap();
    let mut tx = app.db.begin().await.unwrap();
    let attempt = connection_attempts::find(tx.conn(), &project, &id).await;
    let attempt = attempt.unwrap().unwrap();
    let sql = "UPDATE connection_attempts SET callback_url = $1 WHERE id = $2";
    match tx.conn() {
        tenon::storage::Conn::Sqlite(conn) => {
            let query = sqlx::query(sql).bind(url).bind(attempt.id.as_str());
            query.execute(conn).await.unwrap();
        }
        tenon::storage::Conn::Postgres(conn) => {
            let query = sqlx::query(sql).bind(url).bind(attempt.id.as_str());
            query.execute(conn).await.unwrap();
        }
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_connection_by_an_auth_config_that_was_switched_off_is_not_finished() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let begun = stage.initiate(&config, json!({ "user_id": "u" })).await;
    let begun = begun.expect(201);
    let url = begun["connectionData"]["val"]["redirectUrl"]
        .as_str()
        .unwrap();
    let path = format!("/api/v3/auth_configs/{config}/DISABLED");
    stage
        .server
        .client
        .patch(&path, json!({}))
        .await
        .expect(200);
    let page = stage.consent(url).await;
    assert_eq!(page.status, 400, "{}", page.text);
    assert_eq!(stage.provider.token_requests().len(), 0);
    let account = stage.account(begun["id"].as_str().unwrap()).await;
    assert_eq!(account["status"], "FAILED", "{account}");
}

#[tokio::test]
async fn nobody_is_asked_again_for_an_auth_config_that_is_switched_off() {
    let stage = Stage::start().await;
    stage
        .provider
        .behave(|provider| provider.gives_refresh_token = false);
    let config = stage.auth_config("acme", "OAUTH2").await;
    let account = stage.oauth_account(&config, "u").await;
    let path = format!("/api/v3/auth_configs/{config}/DISABLED");
    stage
        .server
        .client
        .patch(&path, json!({}))
        .await
        .expect(200);
    let refresh = format!("/api/v3/connected_accounts/{account}/refresh");
    let error = stage
        .server
        .client
        .post(&refresh, json!({}))
        .await
        .error(400);
    assert!(
        error["message"].as_str().unwrap().contains(&config),
        "{error}"
    );
}

#[tokio::test]
async fn nothing_that_anybody_wrote_is_markup_on_a_page() {
    const EVIL: &str = "\"><script>alert(1)</script>'{{7*7}}&lt;";
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let settings = json!({ "display_name": EVIL, "logo_url": "https://x.test/\"><script>" });
    client
        .patch("/api/v3/org/project/config", settings)
        .await
        .expect(200);
    let config = stage.auth_config("acme", "API_KEY").await;
    let body = json!({
        "auth_config_id": config, "user_id": EVIL, "callback_url": "https://app.test/\"><script>",
    });
    let link = client
        .post("/api/v3/connected_accounts/link", body)
        .await
        .expect(201);
    let url = link["redirect_url"].as_str().unwrap();
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("generic_api_key", EVIL)
        .append_pair("region", EVIL)
        .append_pair(EVIL, EVIL)
        .finish();
    let page = Page::open(&stage.server.anonymous, url).await;
    let again = page.send_text(&form).await;
    let asked = page.reply;
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("error", EVIL)
        .append_pair("error_description", EVIL)
        .finish();
    let begun = stage.auth_config("acme", "OAUTH2").await;
    let begun = stage
        .initiate(&begun, json!({ "user_id": "u" }))
        .await
        .expect(201);
    let authorize = begun["connectionData"]["val"]["redirectUrl"]
        .as_str()
        .unwrap();
    let authorize: url::Url = authorize.parse().unwrap();
    let signed = authorize
        .query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap()
        .1
        .into_owned();
    let refused = format!("/api/v3/toolkits/auth/callback?{query}&state={signed}");
    let refused = stage.open(&refused).await;
    assert_eq!(
        (asked.status, again.status, refused.status),
        (200, 422, 400)
    );
    for (page, has_evil) in [(asked, true), (again, true), (refused, true)] {
        assert!(!page.text.contains("<script"), "{}", page.text);
        assert!(!page.text.contains("\">'"), "{}", page.text);
        assert_eq!(page.text.contains("alert(1)"), has_evil, "{}", page.text);
        assert!(page.text.contains("{{7*7}}") || !page.text.contains("49"));
    }
}

#[tokio::test]
async fn a_callers_host_adds_nothing_to_a_pages_policy() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    for host in ["a;script-src", "a,script-src", "a'unsafe-inline'"] {
        let body = json!({
            "auth_config_id": config, "user_id": "u", "callback_url": format!("https://{host}/"),
        });
        let link = stage
            .server
            .client
            .post("/api/v3/connected_accounts/link", body)
            .await;
        if link.status == 400 {
            continue;
        }
        let link = link.expect(201);
        let page = stage.open(link["redirect_url"].as_str().unwrap()).await;
        let policy = page.header("content-security-policy").unwrap();
        assert!(
            !policy.contains("script-src") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert!(!policy.contains(','), "{policy}");
    }
}

/// What is sealed for one row does not open as another's.
#[tokio::test]
async fn a_sealed_credential_opens_in_its_own_row_alone() {
    let stage = Stage::start().await;
    let app = &stage.server.app;
    let project = first_project(&stage.server).await;
    let open = tenon::tenancy::open_project(app, &project).await.unwrap();
    let place = |row| Place {
        table: "connected_accounts",
        row,
        column: "credentials",
    };
    let sealed = open
        .data_key
        .seal_json(place("ca_1"), &json!({ "token": "t" }))
        .unwrap();
    assert!(
        open.data_key
            .open_json::<Value>(place("ca_2"), &sealed)
            .is_err()
    );
    assert!(
        open.data_key
            .open_json::<Value>(place("ca_1"), &sealed)
            .is_ok()
    );
}
