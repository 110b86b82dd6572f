//! The hosted link page.

use std::time::Duration;

use serde_json::json;

use super::{
    CALLBACK, assert_is_a_safe_page, location, make_link, open, parameters, state_of, submit,
};
use crate::support::stage::Stage;

#[tokio::test]
async fn a_link_shows_who_asks_for_what_and_leads_on_to_the_provider() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let link = make_link(&stage, &config, json!({ "callback_url": CALLBACK })).await;
    let (id, token) = (
        link["connected_account_id"].as_str().unwrap(),
        &link["link_token"],
    );
    let url = link["redirect_url"].as_str().unwrap();
    assert_eq!(
        url,
        format!("{}/link/{}", stage.server.base, token.as_str().unwrap())
    );
    assert!(token.as_str().unwrap().starts_with("ln_"));
    assert_eq!(link["expires_at"], "2026-01-01T00:10:00.000Z");
    assert_eq!(stage.account(id).await["status"], "INITIATED");
    // Opening it begins nothing and uses nothing up: messengers do it for a preview.
    let page = stage.open(url).await;
    assert_eq!(
        (page.status, page.header("location"), page.header("refresh")),
        (200, None, None)
    );
    assert_is_a_safe_page(&page);
    for part in [
        "<code>read</code>",
        "<code>write</code>",
        "Continue to Acme &#38; Sons",
    ] {
        assert!(page.text.contains(part), "{part} is not in {}", page.text);
    }
    // Who comes back from the provider without consent may go there again.
    let on = submit(&stage, &link, &[]).await;
    assert_is_a_safe_page(&on);
    let first = location(&on);
    let second = location(&submit(&stage, &link, &[]).await);
    assert_ne!(state_of(first.as_str()), state_of(second.as_str()));
    let back = location(&stage.consent(second.as_str()).await);
    let expected = [
        ("user", "u&v"),
        ("plan", "pro"),
        ("status", "success"),
        ("connected_account_id", id),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(parameters(&back), expected);
    assert_eq!(stage.account(id).await["status"], "ACTIVE");
    // With the connection every other way to it is closed.
    let over = stage.open(url).await;
    assert_eq!(over.status, 410);
    assert_is_a_safe_page(&over);
    assert_eq!(stage.consent(first.as_str()).await.status, 400);
}

#[tokio::test]
async fn the_page_asks_for_the_toolkits_fields_and_connects_once() {
    let stage = Stage::start().await;
    let settings =
        json!({ "display_name": "<b>Our App</b>", "logo_url": "https://app.test/l.png" });
    stage
        .server
        .client
        .patch("/api/v3/org/project/config", settings)
        .await
        .expect(200);
    let config = stage.auth_config("acme", "API_KEY").await;
    let link = make_link(&stage, &config, json!({ "callback_url": CALLBACK })).await;
    let page = stage.open(link["redirect_url"].as_str().unwrap()).await;
    assert_eq!(page.status, 200);
    assert_is_a_safe_page(&page);
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.contains("img-src https://acme.test https://app.test;"),
        "{policy}"
    );
    for part in [
        "Acme &#38; Sons",
        "&#60;b&#62;Our App&#60;/b&#62;",
        "https://app.test/l.png",
        "https://acme.test/logo.png",
        "settings under &#60;Keys&#62;",
        r#"name="generic_api_key" type="password""#,
        r#"autocomplete="new-password" required aria-describedby="field-generic_api_key-help""#,
        r#"name="region" type="text" inputmode="text" value="eu""#,
    ] {
        assert!(page.text.contains(part), "{part} is not in {}", page.text);
    }
    stage.provider.know("ak-1234-secret");
    // What does not fit is said beside its field, and nothing is lost or used up.
    let again = submit(
        &stage,
        &link,
        &[("generic_api_key", "no key"), ("region", "us")],
    )
    .await;
    assert_eq!(again.status, 422);
    assert!(
        again.text.contains("does not have the form"),
        "{}",
        again.text
    );
    assert!(again.text.contains(r#"value="us""#), "{}", again.text);
    assert!(
        !again.text.contains("no key"),
        "a secret is never shown again: {}",
        again.text
    );
    let empty = submit(&stage, &link, &[]).await;
    assert!(empty.text.contains("is required"), "{}", empty.text);

    let done = submit(
        &stage,
        &link,
        &[("generic_api_key", " ak-1234-secret "), ("evil", "x")],
    )
    .await;
    assert_is_a_safe_page(&done);
    let back = location(&done);
    assert!(
        parameters(&back).contains(&("status".into(), "success".into())),
        "{back}"
    );
    let account = stage
        .account(link["connected_account_id"].as_str().unwrap())
        .await;
    assert_eq!(account["status"], "ACTIVE");
    assert_eq!(
        account["state"]["val"],
        json!({ "status": "ACTIVE", "generic_api_key": "ak-1...", "region": "eu" })
    );
    let over = submit(&stage, &link, &[("generic_api_key", "ak-other")]).await;
    assert_eq!(over.status, 410);
    assert_is_a_safe_page(&over);
    assert!(over.text.contains("is connected already"), "{}", over.text);
}

#[tokio::test]
async fn a_page_that_is_sent_many_times_at_once_connects_once() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "BEARER_TOKEN").await;
    let link = make_link(&stage, &config, json!({})).await;
    stage.provider.know("a-token");
    let fields = [("token", "a-token")];
    let replies =
        futures_util::future::join_all((0..10).map(|_| submit(&stage, &link, &fields))).await;
    let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![200], vec![410; 9]].concat());
}

#[tokio::test]
async fn the_page_asks_for_what_the_provider_needs_and_then_goes_on() {
    let stage = Stage::start().await;
    let config = stage.auth_config("shop", "OAUTH2").await;
    let link = make_link(&stage, &config, json!({})).await;
    let page = stage.open(link["redirect_url"].as_str().unwrap()).await;
    assert!(page.text.contains(r#"name="subdomain""#), "{}", page.text);
    let refused = submit(&stage, &link, &[("subdomain", "evil.test/x?")]).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.text.contains("href=\"#field-subdomain\""),
        "{}",
        refused.text
    );
    let on = location(&submit(&stage, &link, &[("subdomain", "anvils")]).await);
    assert_eq!(stage.consent(on.as_str()).await.status, 200);
    let account = stage
        .account(link["connected_account_id"].as_str().unwrap())
        .await;
    assert_eq!(account["status"], "ACTIVE");
    assert_eq!(account["state"]["val"]["subdomain"], "anvils");
}

#[tokio::test]
async fn fields_that_are_given_with_the_link_are_not_asked_for() {
    let stage = Stage::start().await;
    let config = stage.auth_config("shop", "OAUTH2").await;
    let given = json!({ "connection_data": { "subdomain": "anvils" } });
    let link = make_link(&stage, &config, given).await;
    let page = open(&stage, &link).await;
    let (asked, held) = page.reply.text.split_once("<details").unwrap();
    assert!(!asked.contains("name=\"subdomain\""), "{asked}");
    assert!(held.contains("value=\"anvils\""), "{held}");
    let on = location(&page.send(&[("subdomain", "anvils")]).await);
    assert!(on.path().starts_with("/anvils/"), "{on}");
}

#[tokio::test]
async fn a_secret_that_is_given_with_the_link_need_not_be_given_again_and_is_not_shown() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "BASIC").await;
    let given = json!({ "connection_data": { "password": "hush-hush" } });
    let link = make_link(&stage, &config, given).await;
    let page = stage.open(link["redirect_url"].as_str().unwrap()).await;
    assert!(page.text.contains("There is one already") && !page.text.contains("hush-hush"));
    stage.provider.know("hush-hush");
    assert_eq!(
        submit(&stage, &link, &[("username", "me")]).await.status,
        200
    );
    stage.show_secrets().await;
    let account = stage
        .account(link["connected_account_id"].as_str().unwrap())
        .await;
    assert_eq!(account["data"]["password"], "hush-hush");
}

#[tokio::test]
async fn a_link_that_is_unknown_over_or_switched_off_shows_a_page_that_says_so() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let link = make_link(&stage, &config, json!({})).await;
    let url = link["redirect_url"].as_str().unwrap();
    let unknown = stage.open("/link/ln_nothing").await;
    assert_eq!(unknown.status, 404);
    assert_is_a_safe_page(&unknown);
    let path = format!("/api/v3/auth_configs/{config}/DISABLED");
    stage
        .server
        .client
        .patch(&path, json!({}))
        .await
        .expect(200);
    assert_eq!(stage.open(url).await.status, 410);
    let path = format!("/api/v3/auth_configs/{config}/ENABLED");
    stage
        .server
        .client
        .patch(&path, json!({}))
        .await
        .expect(200);
    assert_eq!(stage.open(url).await.status, 200);
    stage.server.clock.advance(Duration::from_secs(601));
    let over = stage.open(url).await;
    assert_eq!(over.status, 410);
    assert_is_a_safe_page(&over);
    assert_eq!(
        submit(&stage, &link, &[("generic_api_key", "ak-1")])
            .await
            .status,
        410
    );
}
