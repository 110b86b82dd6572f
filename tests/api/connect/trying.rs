//! Credentials from the page are tried before they are kept, if the toolkit says how.

use rstest::rstest;
use serde_json::json;

use super::{assert_is_a_safe_page, make_link, open, submit};
use crate::support::stage::Stage;

#[rstest]
#[case::key("API_KEY", &[("generic_api_key", "ak-good")], &[("generic_api_key", "ak-bad")])]
#[case::token("BEARER_TOKEN", &[("token", "ak-good")], &[("token", "ak-bad")])]
#[case::password(
    "BASIC",
    &[("username", "me"), ("password", "ak-good")],
    &[("username", "me"), ("password", "ak-bad")]
)]
#[tokio::test]
async fn what_the_service_refuses_is_asked_for_again_and_the_link_stays_good(
    #[case] scheme: &str,
    #[case] good: &[(&str, &str)],
    #[case] bad: &[(&str, &str)],
) {
    let stage = Stage::start().await;
    stage.provider.know("ak-good");
    let config = stage.auth_config("acme", scheme).await;
    let link = make_link(&stage, &config, json!({})).await;
    let id = link["connected_account_id"].as_str().unwrap();
    let refused = submit(&stage, &link, bad).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert_is_a_safe_page(&refused);
    assert!(
        refused.text.contains("Acme &#38; Sons did not accept"),
        "{}",
        refused.text
    );
    assert!(!refused.text.contains("ak-bad"), "{}", refused.text);
    assert_eq!(stage.account(id).await["status"], "INITIATED");
    let done = submit(&stage, &link, good).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert_eq!(stage.account(id).await["status"], "ACTIVE");
}

#[tokio::test]
async fn a_service_that_is_out_keeps_nobody_from_connecting() {
    let stage = Stage::with(&["--base-url", "acme=http://127.0.0.1:1"]).await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let link = make_link(&stage, &config, json!({})).await;
    let done = submit(&stage, &link, &[("generic_api_key", "ak-any")]).await;
    assert_eq!(done.status, 200, "{}", done.text);
    let id = link["connected_account_id"].as_str().unwrap();
    assert_eq!(stage.account(id).await["status"], "ACTIVE");
}

#[tokio::test]
async fn a_person_who_cancels_ends_the_connection_and_goes_back() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let link = make_link(&stage, &config, json!({ "callback_url": super::CALLBACK })).await;
    let id = link["connected_account_id"].as_str().unwrap();
    let page = open(&stage, &link).await;
    let fields = [("decision", "cancel"), ("generic_api_key", "ak-1")];
    let cancelled = page.send(&fields).await;
    assert_is_a_safe_page(&cancelled);
    let back = super::location(&cancelled);
    assert!(
        super::parameters(&back).contains(&("status".into(), "failed".into())),
        "{back}"
    );
    let account = stage.account(id).await;
    assert_eq!(account["status"], "FAILED");
    assert!(
        account["status_reason"]
            .as_str()
            .unwrap()
            .contains("cancelled"),
        "{account}"
    );
    assert_eq!(page.send(&fields).await.status, 410);
    assert_eq!(
        submit(&stage, &link, &[("generic_api_key", "ak-1")])
            .await
            .status,
        410
    );
}
