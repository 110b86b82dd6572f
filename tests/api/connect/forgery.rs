//! Forms that did not come from the page: from other sites, other browsers, other links.

use reqwest::Method;
use serde_json::{Value, json};

use super::{assert_is_a_safe_page, make_link, open, submit};
use crate::support::browser::Page;
use crate::support::stage::Stage;

async fn key_link(stage: &Stage) -> Value {
    stage.provider.know("ak-1");
    let config = stage.auth_config("acme", "API_KEY").await;
    make_link(stage, &config, json!({})).await
}

async fn status(stage: &Stage, link: &Value) -> Value {
    let id = link["connected_account_id"].as_str().unwrap();
    stage.account(id).await["status"].clone()
}

#[tokio::test]
async fn a_form_without_the_pages_own_proof_changes_nothing_and_is_asked_for_again() {
    let stage = Stage::start().await;
    let link = key_link(&stage).await;
    let page = open(&stage, &link).await;
    let other = open(&stage, &key_link(&stage).await).await;
    let alter = |change: fn(&mut Page, &Page)| {
        let mut altered = page.clone();
        change(&mut altered, &other);
        altered
    };
    for (what, forged) in [
        ("no cookie", alter(|page, _| page.cookie = None)),
        ("no token", alter(|page, _| page.hidden.clear())),
        (
            "neither",
            alter(|page, _| {
                page.cookie = None;
                page.hidden.clear();
            }),
        ),
        (
            "another browser's cookie",
            alter(|page, other| page.cookie.clone_from(&other.cookie)),
        ),
        (
            "another link's token",
            alter(|page, other| page.hidden.clone_from(&other.hidden)),
        ),
        (
            "another link's page",
            alter(|page, other| {
                page.cookie.clone_from(&other.cookie);
                page.hidden.clone_from(&other.hidden);
            }),
        ),
        ("an empty token", alter(|page, _| page.hidden[0].1.clear())),
    ] {
        for decision in ["connect", "cancel"] {
            let fields = [
                ("generic_api_key", "ak-1"),
                ("region", "zz"),
                ("decision", decision),
            ];
            let reply = forged.send(&fields).await;
            assert_eq!(reply.status, 403, "{what}: {}", reply.text);
            assert_is_a_safe_page(&reply);
            assert!(
                reply.text.contains("Allow cookies"),
                "{what}: {}",
                reply.text
            );
            // Another site must not fill the form in for the person either.
            assert!(!reply.text.contains("\"zz\""), "{what}: {}", reply.text);
        }
    }
    assert_eq!(status(&stage, &link).await, "INITIATED");
    let done = page.send(&[("generic_api_key", "ak-1")]).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert_eq!(status(&stage, &link).await, "ACTIVE");
}

#[tokio::test]
async fn a_browser_that_names_another_site_as_the_source_is_believed() {
    let stage = Stage::start().await;
    let link = key_link(&stage).await;
    let page = open(&stage, &link).await;
    let site = |site| page.clone().with_header("sec-fetch-site", site);
    let fields = [("generic_api_key", "ak-1")];
    for foreign in ["cross-site", "same-site"] {
        assert_eq!(site(foreign).send(&fields).await.status, 403, "{foreign}");
    }
    assert_eq!(site("same-origin").send(&fields).await.status, 200);
}

#[tokio::test]
async fn two_pages_in_one_browser_do_not_spoil_each_other() {
    let stage = Stage::start().await;
    let (first, second) = (key_link(&stage).await, key_link(&stage).await);
    let one = open(&stage, &first).await;
    let browser = stage
        .server
        .anonymous
        .with_header("cookie", one.cookie.as_deref().unwrap());
    let two = Page::open(&browser, second["redirect_url"].as_str().unwrap()).await;
    assert_eq!(one.cookie, two.cookie);
    for page in [one, two] {
        let done = page.send(&[("generic_api_key", "ak-1")]).await;
        assert_eq!(done.status, 200, "{}", done.text);
    }
}

#[tokio::test]
async fn the_cookie_is_for_this_browser_and_site_alone() {
    let stage = Stage::start().await;
    let page = open(&stage, &key_link(&stage).await).await;
    let cookie = page.reply.header("set-cookie").unwrap();
    assert!(
        cookie.ends_with("; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    let stage = Stage::with(&["--public-url", "https://connect.test"]).await;
    let link = key_link(&stage).await;
    let token = link["link_token"].as_str().unwrap();
    let reply = stage.open(&format!("/link/{token}")).await;
    let cookie = reply.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("__Host-") && cookie.ends_with("; Secure"),
        "{cookie}"
    );
    assert!(!cookie.contains(token), "{cookie}");
}

#[tokio::test]
async fn looking_changes_nothing() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let link = make_link(&stage, &config, json!({})).await;
    let url = link["redirect_url"].as_str().unwrap();
    let anonymous = &stage.server.anonymous;
    let id = link["connected_account_id"].as_str().unwrap();
    let before = stage.account(id).await;
    for method in [Method::GET, Method::HEAD, Method::GET] {
        let reply = anonymous.send(method, url, None).await;
        assert_eq!((reply.status, reply.header("location")), (200, None));
    }
    assert_eq!(stage.account(id).await, before);
    let on = super::location(&submit(&stage, &link, &[]).await);
    let back = stage.open(on.as_str()).await;
    let back = back.header("location").unwrap();
    let looked = anonymous.send(Method::HEAD, back, None).await;
    assert_eq!(looked.status, 405);
    assert_eq!(stage.provider.token_requests().len(), 0);
    assert_eq!(stage.open(back).await.status, 200);
}
