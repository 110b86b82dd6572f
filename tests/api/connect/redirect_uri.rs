//! White-labelling: the provider sends browsers to an address of the customer's, which hands them on
//! to our callback.

use serde_json::{Value, json};

use crate::support::forwarder::Forwarder;
use crate::support::provider::{CLIENT_ID, CLIENT_SECRET};
use crate::support::stage::Stage;

/// An auth config whose provider knows the customer's address.
async fn config(stage: &Stage, redirect_uri: &str) -> String {
    let credentials = json!({
        "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "oauth_redirect_uri": redirect_uri,
    });
    let body = json!({
        "toolkit": { "slug": "acme" },
        "auth_config": {
            "type": "use_custom_auth", "authScheme": "OAUTH2", "credentials": credentials,
        },
    });
    let made = stage
        .server
        .client
        .post("/api/v3/auth_configs", body)
        .await
        .expect(201);
    made["auth_config"]["id"].as_str().unwrap().to_owned()
}

async fn begin(stage: &Stage, config: &str, callback_url: Value) -> (String, String) {
    let connection = json!({ "user_id": "ada", "callback_url": callback_url });
    let made = stage.initiate(config, connection).await.expect(201);
    let url = made["connectionData"]["val"]["redirectUrl"]
        .as_str()
        .unwrap();
    (made["id"].as_str().unwrap().to_owned(), url.to_owned())
}

#[tokio::test]
async fn a_browser_comes_back_through_the_customers_own_address() {
    let (stage, forwarder) = (Stage::start().await, Forwarder::start().await);
    forwarder.lead_to(&stage.server.base);
    let config = config(&stage, &forwarder.url).await;
    let callback = json!("https://app.test/done?plan=pro");
    let (id, url) = begin(&stage, &config, callback).await;
    let from_provider = stage.open(&url).await;
    let to_customer = from_provider.header("location").unwrap();
    assert!(to_customer.starts_with(&forwarder.url), "{to_customer}");
    let from_customer = stage.open(to_customer).await;
    let to_us = from_customer.header("location").unwrap();
    assert!(to_us.starts_with(&stage.server.base), "{to_us}");
    let done = stage.open(to_us).await;
    assert_eq!(
        done.header("location").unwrap(),
        format!(
            "https://app.test/done?plan=pro&status=success&connected_account_id={id}\
             &connectedAccountId={id}&appName=acme"
        )
    );
    let [exchange] = stage.provider.token_requests().try_into().unwrap();
    assert_eq!(exchange["redirect_uri"], forwarder.url);
    assert_eq!(stage.account(&id).await["status"], "ACTIVE");
}

#[tokio::test]
async fn a_refusal_comes_back_through_it_as_well() {
    let (stage, forwarder) = (Stage::start().await, Forwarder::start().await);
    forwarder.lead_to(&stage.server.base);
    let config = config(&stage, &forwarder.url).await;
    stage.provider.behave(|behaviour| behaviour.denies = true);
    let (id, url) = begin(&stage, &config, Value::Null).await;
    let at_customer = stage.consent(&url).await;
    stage.open(at_customer.header("location").unwrap()).await;
    let account = stage.account(&id).await;
    assert_eq!(account["status"], "FAILED");
    assert!(
        account["status_reason"]
            .as_str()
            .unwrap()
            .contains("access_denied")
    );
}

#[tokio::test]
async fn an_address_that_changes_while_a_user_is_at_the_provider_counts_from_the_next_user_on() {
    let (stage, forwarder) = (Stage::start().await, Forwarder::start().await);
    forwarder.lead_to(&stage.server.base);
    let config = config(&stage, &forwarder.url).await;
    let (id, url) = begin(&stage, &config, Value::Null).await;
    let body = json!({ "type": "custom", "credentials": { "oauth_redirect_uri": null } });
    let path = format!("/api/v3/auth_configs/{config}");
    stage.server.client.patch(&path, body).await.expect(200);
    let at_customer = stage.consent(&url).await;
    stage.open(at_customer.header("location").unwrap()).await;
    assert_eq!(stage.account(&id).await["status"], "ACTIVE");
    let (_, next) = begin(&stage, &config, Value::Null).await;
    let ours = format!("{}/api/v3/toolkits/auth/callback", stage.server.base);
    let next = url::Url::parse(&next).unwrap();
    assert!(
        next.query_pairs()
            .any(|pair| pair == ("redirect_uri".into(), ours.as_str().into()))
    );
}
