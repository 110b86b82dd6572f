//! Bodies, queries and paths that nobody sane sends, at every operation of the document: always a
//! refusal in the error's shape, never a fault of ours.

use reqwest::Method;
use serde_json::{Value, json};
use tenon::scheme::Scheme;
use tenon::storage::execution_logs;

use super::execute::World;
use crate::support::accounts::{NewAccount, first_project};
use crate::support::browser::Page;
use crate::support::client::Reply;
use crate::support::stage::Stage;
use crate::support::upstream::Answer;

const DOCUMENT: &str = include_str!("../../openapi/openapi.json");

fn operations() -> Vec<(Method, String, bool)> {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, definition) in methods.as_object().unwrap() {
            let is_of_organisation = definition["security"][0].get("OrgApiKeyAuth").is_some();
            let method = method.to_ascii_uppercase().parse().unwrap();
            operations.push((method, path.clone(), is_of_organisation));
        }
    }
    operations
}

/// The path with every slot filled.
fn filled(path: &str, value: &str) -> String {
    let parts = path
        .split('/')
        .map(|part| if part.starts_with('{') { value } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[track_caller]
fn assert_no_fault(reply: &Reply, what: &str) {
    let what = what.chars().take(200).collect::<String>();
    assert!(
        reply.status < 500 || reply.status == 501,
        "{what}: {}",
        reply.text
    );
    if reply.status >= 400 {
        let error = &reply.json()["error"];
        assert_eq!(error["status"], reply.status, "{what}: {}", reply.text);
        assert!(error["message"].is_string(), "{what}: {}", reply.text);
    }
}

fn bodies() -> Vec<String> {
    let deep = |open: &str, close: &str, depth: usize| {
        format!("{}1{}", open.repeat(depth), close.repeat(depth))
    };
    let everything = |value: &str| {
        let names = [
            "auth_config",
            "auth_config_id",
            "connection",
            "user_id",
            "alias",
            "callback_url",
            "toolkit",
            "arguments",
            "connected_account_id",
            "endpoint",
            "method",
            "parameters",
            "name",
            "config",
            "enabled",
            "type",
            "credentials",
            "version",
            "toolkits",
            "display_name",
            "limit",
            "cursor",
            "text",
            "body",
        ];
        let pairs: Vec<String> = names
            .iter()
            .map(|name| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}", pairs.join(","))
    };
    let mut bodies = vec![
        deep("[", "]", 100_000),
        deep("{\"a\":", "}", 100_000),
        everything(&deep("[", "]", 110)),
        everything(&deep("{\"id\":", "}", 110)),
        everything("\"\\ud800\""),
        everything("\"\\u0000\""),
        everything("1e400"),
        everything("-1e308"),
        everything("123456789012345678901234567890"),
        everything("-9223372036854775809"),
        everything("null"),
        everything("[]"),
        everything("{}"),
        everything("\"\""),
        everything("[null]"),
        everything("true"),
        everything(&format!("\"{}\"", "x".repeat(100_000))),
        "\"text\"".into(),
        "nul".into(),
        "{\"a\":1}{\"a\":1}".into(),
        "\u{feff}{}".into(),
        "{".repeat(1_000),
    ];
    bodies.push(format!(
        "{{\"user_id\":\"{}\"}}",
        "\u{202e}\u{ffff}'\";--".repeat(40)
    ));
    bodies
}

#[tokio::test]
async fn no_body_is_a_fault_of_the_server() {
    let stage = Stage::start().await;
    let server = &stage.server;
    let config = stage.auth_config("acme", "API_KEY").await;
    for (method, path, is_of_organisation) in operations() {
        if method == Method::GET || method == Method::DELETE {
            continue;
        }
        let client = if is_of_organisation {
            &server.org
        } else {
            &server.client
        };
        for body in bodies() {
            let path = filled(&path, &config);
            let reply = client.send(method.clone(), &path, Some(body.clone())).await;
            assert_no_fault(&reply, &format!("{method} {path} {body}"));
        }
    }
}

/// Names of parameters that some list takes.
const NAMES: [&str; 28] = [
    "limit",
    "cursor",
    "search",
    "query",
    "tags",
    "scopes",
    "toolkit_slug",
    "toolkit_slugs",
    "tool_slugs",
    "auth_config_ids",
    "connected_account_ids",
    "user_ids",
    "statuses",
    "order_by",
    "order_direction",
    "important",
    "version",
    "toolkit_versions",
    "category",
    "sort_by",
    "managed_by",
    "include_deprecated",
    "show_disabled",
    "account_type",
    "redirect_url",
    "is_composio_managed",
    "toolkit_versions[a]",
    "limit[a]",
];

#[tokio::test]
async fn no_query_and_no_path_is_a_fault_of_the_server() {
    let stage = Stage::start().await;
    let server = &stage.server;
    let long = "x".repeat(20_000);
    let values = [
        "-1",
        "0",
        "-99999999999999999999",
        "99999999999999999999",
        "1e400",
        "NaN",
        "inf",
        "0x10",
        "%ff%fe",
        "%00",
        "%ed%a0%80",
        "%27%3b--",
        "%25",
        "[]",
        "a[b]=c",
        "%F0%9F%92%A9",
        ",,,,",
        "..",
        "%2e%2e%2f",
        "{}",
        "true",
        "null",
        &long,
    ];
    for (method, path, is_of_organisation) in operations() {
        let client = if is_of_organisation {
            &server.org
        } else {
            &server.client
        };
        let body = (method != Method::GET).then(|| "{}".to_owned());
        for value in values {
            if path.contains('{') && !value.contains(['[', '{']) {
                let path = filled(&path, value);
                let reply = client.send(method.clone(), &path, body.clone()).await;
                assert_no_fault(&reply, &format!("{method} {path}"));
            }
            if method == Method::GET {
                let pairs: Vec<String> =
                    NAMES.iter().map(|name| format!("{name}={value}")).collect();
                let all = format!("{}?{}", filled(&path, "acme"), pairs.join("&"));
                // One that is refused hides the others.
                let each = pairs
                    .iter()
                    .map(|pair| format!("{}?{pair}", filled(&path, "acme")));
                let all = std::iter::once(all).filter(|url| url.len() < 60_000);
                for url in all.chain(each.filter(|_| value.len() < 1_000)) {
                    assert_no_fault(&client.send(method.clone(), &url, None).await, &url);
                }
            }
        }
    }
}

#[tokio::test]
async fn hostile_forms_and_callbacks_are_pages_and_no_faults() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let body = json!({ "auth_config_id": config, "user_id": "u" });
    let link = stage
        .server
        .client
        .post("/api/v3/connected_accounts/link", body)
        .await
        .expect(201);
    let url = link["redirect_url"].as_str().unwrap();
    let page = Page::open(&stage.server.anonymous, url).await;
    let many = "a=b&".repeat(50_000);
    let long = format!("generic_api_key={}", "x".repeat(1_000_000));
    for form in [
        "",
        "%00=%00",
        "generic_api_key=%00",
        "generic_api_key=%ff&region=%ff",
        "{}",
        &many,
        &long,
    ] {
        let reply = page.send_text(form).await;
        assert_eq!(reply.status, 422, "{}", reply.text);
        let anonymous = &stage.server.anonymous;
        let reply = anonymous.send(Method::POST, url, Some(form.to_owned()));
        assert_eq!(reply.await.status, 403);
    }
    for query in [
        "",
        "?state",
        "?state=%ff",
        "?state=%00",
        "?state=a&state=b",
        "?state[a]=b",
        "?error=%ff",
        "?code[]=x&state[]=y",
    ] {
        let reply = stage
            .open(&format!("/api/v3/toolkits/auth/callback{query}"))
            .await;
        assert_eq!(reply.status, 400, "{query}: {}", reply.text);
    }
    for token in ["ln_", "%00", "%ff", "..", "ln_%2e%2e", &"x".repeat(20_000)] {
        let reply = stage.open(&format!("/link/{token}")).await;
        assert!(
            (400..500).contains(&reply.status),
            "{token}: {}",
            reply.text
        );
    }
}

#[tokio::test]
async fn a_nul_from_outside_spoils_no_record_and_no_account() {
    let world = World::start().await;
    NewAccount::new(
        "vault",
        Scheme::BearerToken,
        json!({ "token": "tok-1234567" }),
    )
    .store(&world.server)
    .await;
    world.upstream.answer(
        "/api/me",
        Answer::json(400, &json!({ "message": "a\u{0}b" })),
    );
    let result = world
        .post("VAULT_GET_ME", json!({ "user_id": "ada" }))
        .await
        .expect(200);
    assert_eq!(result["successful"], false);
    let app = &world.server.app;
    app.execution_log.flush(&app.db).await;
    let project = first_project(&world.server).await;
    let mut session = app.db.read().await.unwrap();
    let rows = execution_logs::newest(session.conn(), &project, 10).await;
    assert_eq!(rows.unwrap().len(), 1);
}

#[tokio::test]
async fn a_nul_in_a_providers_words_spoils_no_account() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    for refusal in [
        json!({ "error": "bad\u{0}code" }),
        json!({ "error": "invalid_client", "error_description": "a\u{0}b" }),
        json!({ "access_token": "a\u{0}b", "scope": "\u{0}" }),
    ] {
        stage
            .provider
            .behave(|provider| provider.token_answer = Some((200, refusal.clone())));
        let begun = stage
            .initiate(&config, json!({ "user_id": "u" }))
            .await
            .expect(201);
        let url = begun["connectionData"]["val"]["redirectUrl"]
            .as_str()
            .unwrap();
        let page = stage.consent(url).await;
        assert!(page.status < 500, "{refusal}: {}", page.text);
        let account = stage.account(begun["id"].as_str().unwrap()).await;
        assert_ne!(account["status"], "INITIATED", "{refusal}");
    }
}
