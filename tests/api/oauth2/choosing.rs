//! Consents that reach several things: which of them an account is for.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};

use super::{ID, SECRET, Stage};
use crate::support::browser::Page;
use crate::support::client::Reply;

/// As at Atlassian: a consent is good for every site that the person is in.
const SITES: &str = r#"base_url: "{base}/by-id/{site_id}"
auth:
  - scheme: OAUTH2
    authorize_url: "{base}/authorize"
    token_url: "{base}/token"
    revoke: {url: "{base}/revoke"}
    post_connect:
      url: "{base}/sites"
      choose: {what: site, items: found, label: [name], field: site_name, match: [id, name, url]}
      keep:
        site_id: {from: id, pattern: "[a-z0-9-]+"}
        site_name_told: name
    fields:
      connection:
        - {name: site_name, display_name: Site, legacy_names: [subdomain]}
    apply: [{in: header, name: Authorization, value: "Bearer {access_token}"}]
"#;
pub(super) const TAKEN: &str = "Beta <&> Sons";

fn sites() -> Value {
    json!({ "found": [
        { "id": "alpha-1", "name": "Alpha", "url": "https://alpha.acme.test" },
        { "id": "beta-2", "name": TAKEN, "url": "https://beta.acme.test" },
        { "id": "alpha-1", "name": "Alpha", "url": "https://alpha.acme.test" },
    ] })
}

pub(super) async fn stage() -> (Stage, String) {
    let stage = Stage::with(SITES).await;
    stage.provider.list_sites(200, sites());
    let credentials = json!({ "client_id": ID, "client_secret": SECRET });
    let config = stage.custom("OAUTH2", credentials).await;
    (stage, config)
}

/// The account that a person began to connect, and the page they came to after their consent.
pub(super) async fn at_the_choice(
    stage: &Stage,
    config: &str,
    connection: Value,
) -> (String, String) {
    let (id, url) = stage.begin(config, connection).await;
    let back = stage.consent(&url).await;
    let page = back.header("location").expect("the page to choose on");
    (id, page.to_owned())
}

fn assert_shows(page: &Reply, parts: &[&str]) {
    for part in parts {
        assert!(page.text.contains(part), "{part} is not in {}", page.text);
    }
}

#[tokio::test]
async fn a_person_with_several_sites_chooses_one_after_the_consent() {
    let (stage, config) = stage().await;
    let back = json!({ "callback_url": "https://app.test/back" });
    let (id, url) = at_the_choice(&stage, &config, back).await;
    // Nothing of the grant is the account's before somebody has chosen.
    let waiting = stage.account(&id).await;
    assert_eq!(waiting["status"], "INITIATED");
    assert_eq!(waiting["state"]["val"]["access_token"], Value::Null);
    stage.refused(&id).await;
    let page = Page::open(&stage.server.anonymous, &url).await;
    assert_eq!(page.reply.status, 200);
    assert_shows(
        &page.reply,
        &[
            "more than one site",
            "<option value=\"Alpha\"",
            "Beta &#60;&#38;&#62; Sons",
        ],
    );
    assert!(!page.reply.text.contains("beta-2"), "{}", page.reply.text);
    for wrong in [&[][..], &[("choice", "Gamma")], &[("choice", "beta-2")]] {
        let again = page.send(wrong).await;
        assert_eq!(again.status, 422);
        assert_shows(&again, &["Site is required."]);
    }
    let done = page.send(&[("choice", TAKEN)]).await;
    let refresh = done.header("refresh").expect("the way back");
    assert!(
        refresh.contains("https://app.test/back?status=success"),
        "{refresh}"
    );
    let account = stage.account(&id).await;
    assert_eq!(account["status"], "ACTIVE");
    let val = &account["state"]["val"];
    assert_eq!(
        (&val["site_id"], &val["site_name_told"]),
        (&json!("beta-2"), &json!(TAKEN))
    );
    assert_eq!(stage.execute(&id).await["successful"], true);
    let called: Vec<String> = stage
        .provider
        .api_calls()
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    assert_eq!(called, ["/sites", "/by-id/beta-2/api/me"]);
    // One choice a consent.
    let late = page.send(&[("choice", "Alpha")]).await;
    assert_eq!(late.status, 410);
    assert_eq!(
        stage.account(&id).await["state"]["val"]["site_id"],
        "beta-2"
    );
    assert_eq!(stage.server.anonymous.get(&url).await.status, 410);
}

#[tokio::test]
async fn a_choice_counts_from_its_own_page_and_in_time_only() {
    let (stage, config) = stage().await;
    let (id, url) = at_the_choice(&stage, &config, json!({})).await;
    let mut page = Page::open(&stage.server.anonymous, &url).await;
    let hidden = std::mem::take(&mut page.hidden);
    let foreign = page.send(&[("choice", "Alpha")]).await;
    assert_eq!(foreign.status, 403);
    assert_shows(&foreign, &["more than one site"]);
    assert_eq!(stage.account(&id).await["status"], "INITIATED");
    page.hidden = hidden;
    stage.server.clock.advance(Duration::from_mins(10));
    let late = page.send(&[("choice", "Alpha")]).await;
    assert_eq!(late.status, 410);
    assert_shows(&late, &["expired"]);
    assert_ne!(stage.account(&id).await["status"], "ACTIVE");
}

#[tokio::test]
async fn who_does_not_want_to_choose_is_not_connected() {
    let (stage, config) = stage().await;
    let (id, url) = at_the_choice(&stage, &config, json!({})).await;
    let page = Page::open(&stage.server.anonymous, &url).await;
    page.send(&[("decision", "cancel"), ("choice", "Alpha")])
        .await;
    assert_eq!(stage.account(&id).await["status"], "FAILED");
}

#[rstest]
#[case::by_its_name("site_name", TAKEN)]
#[case::by_its_id("subdomain", "BETA-2")]
#[case::by_its_host("subdomain", "beta.acme.test")]
#[case::by_the_first_part_of_that("subdomain", "beta")]
#[tokio::test]
async fn a_caller_names_the_site_beforehand(#[case] field: &str, #[case] named: &str) {
    let (stage, config) = stage().await;
    let val =
        json!({ "authScheme": "OAUTH2", "val": { "status": "INITIALIZING", (field): named } });
    let (id, url) = stage.begin(&config, json!({ "state": val })).await;
    assert_eq!(stage.consent(&url).await.status, 200);
    let account = stage.account(&id).await;
    assert_eq!(account["status"], "ACTIVE");
    assert_eq!(account["state"]["val"]["site_id"], "beta-2");
}

#[tokio::test]
async fn a_site_that_the_consent_does_not_reach_is_refused_with_those_that_it_does() {
    let (stage, config) = stage().await;
    let val = json!({ "authScheme": "OAUTH2", "val": { "status": "INITIALIZING", "site_name": "gamma" } });
    let (id, url) = stage.begin(&config, json!({ "state": val })).await;
    stage.consent(&url).await;
    let account = stage.account(&id).await;
    assert_eq!(account["status"], "FAILED");
    assert_eq!(
        account["status_reason"],
        "the consent could not be used: the consent reaches no site called `gamma`; it reaches: \
         Alpha, Beta <&> Sons"
    );
}

/// Where the person comes to who connects an account again.
async fn again(stage: &Stage, id: &str) -> Reply {
    let path = format!("/api/v3/connected_accounts/{id}/refresh");
    let body = json!({ "reconnect": true });
    let asked = stage.server.client.post(&path, body).await.expect(200);
    assert_eq!(asked["status"], "ACTIVE");
    let url = asked["redirect_url"].as_str().expect("the provider");
    stage.consent(url).await
}

/// An account that is connected for the second site.
async fn for_the_second(stage: &Stage, config: &str) -> String {
    let (id, url) = at_the_choice(stage, config, json!({})).await;
    let page = Page::open(&stage.server.anonymous, &url).await;
    page.send(&[("choice", TAKEN)]).await;
    assert_eq!(stage.account(&id).await["status"], "ACTIVE");
    id
}

#[tokio::test]
async fn an_account_stays_with_the_site_that_its_caller_named() {
    let (stage, config) = stage().await;
    let val =
        json!({ "authScheme": "OAUTH2", "val": { "status": "INITIALIZING", "site_name": "beta" } });
    let (id, url) = stage.begin(&config, json!({ "state": val })).await;
    stage.consent(&url).await;
    assert_eq!(again(&stage, &id).await.status, 200);
    assert_eq!(
        stage.account(&id).await["state"]["val"]["site_id"],
        "beta-2"
    );
}

#[tokio::test]
async fn who_connects_again_keeps_the_site_or_moves_to_another() {
    let (stage, config) = stage().await;
    let id = for_the_second(&stage, &config).await;
    for (chosen, site) in [(TAKEN, "beta-2"), ("Alpha", "alpha-1"), (TAKEN, "beta-2")] {
        let before = stage.account(&id).await["state"]["val"]["site_id"].clone();
        let back = again(&stage, &id).await;
        let url = back.header("location").expect("the page to choose on");
        let page = Page::open(&stage.server.anonymous, url).await;
        assert_shows(&page.reply, &["Keep it that way, or choose another site"]);
        let former = if before == "beta-2" {
            "<option value=\"Beta &#60;&#38;&#62; Sons\" selected>"
        } else {
            "<option value=\"Alpha\" selected>"
        };
        assert_shows(&page.reply, &[former]);
        // It goes on as it was until somebody has chosen.
        assert_eq!(stage.account(&id).await["status"], "ACTIVE");
        assert_eq!(stage.execute(&id).await["successful"], true);
        assert_eq!(stage.account(&id).await["state"]["val"]["site_id"], before);
        page.send(&[("choice", chosen)]).await;
        assert_eq!(stage.account(&id).await["state"]["val"]["site_id"], site);
        assert_eq!(stage.execute(&id).await["successful"], true);
        let (path, _) = stage.provider.api_calls().pop().unwrap();
        assert_eq!(path, format!("/by-id/{site}/api/me"));
    }
}

#[tokio::test]
async fn an_account_whose_site_is_gone_moves_only_if_its_person_wants_so() {
    let (stage, config) = stage().await;
    let id = for_the_second(&stage, &config).await;
    let only = json!({ "found": [{ "id": "alpha-1", "name": "Alpha" }] });
    stage.provider.list_sites(200, only);
    for (answer, site, told) in [
        (
            ("decision", "cancel"),
            "beta-2",
            "The application can use quirky for you as before",
        ),
        (
            ("choice", "Alpha"),
            "alpha-1",
            "The application can use quirky for you now",
        ),
    ] {
        let back = again(&stage, &id).await;
        let url = back.header("location").expect("the page to choose on");
        let page = Page::open(&stage.server.anonymous, url).await;
        assert_shows(&page.reply, &["does not reach the site"]);
        assert_shows(&page.send(&[answer]).await, &[told]);
        let account = stage.account(&id).await;
        assert_eq!(account["status"], "ACTIVE");
        assert_eq!(account["state"]["val"]["site_id"], site);
    }
    // Now the only one is the account's own.
    assert_eq!(again(&stage, &id).await.status, 200);
}

#[tokio::test]
async fn nothing_of_the_former_site_stays_with_an_account_that_moves() {
    let rest = SITES.replace("site_name_told: name", "site_plan: plan");
    let stage = Stage::with(&rest).await;
    let found = json!({ "found": [
        { "id": "alpha-1", "name": "Alpha" }, { "id": "beta-2", "name": TAKEN, "plan": "gold" },
    ] });
    stage.provider.list_sites(200, found);
    let credentials = json!({ "client_id": ID, "client_secret": SECRET });
    let config = stage.custom("OAUTH2", credentials).await;
    let id = for_the_second(&stage, &config).await;
    assert_eq!(
        stage.account(&id).await["state"]["val"]["site_plan"],
        "gold"
    );
    let back = again(&stage, &id).await;
    let url = back.header("location").expect("the page to choose on");
    let page = Page::open(&stage.server.anonymous, url).await;
    page.send(&[("choice", "Alpha")]).await;
    let val = stage.account(&id).await["state"]["val"].clone();
    assert_eq!(
        (&val["site_id"], &val["site_plan"]),
        (&json!("alpha-1"), &Value::Null)
    );
}
