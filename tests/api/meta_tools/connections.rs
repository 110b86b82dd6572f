//! `COMPOSIO_MANAGE_CONNECTIONS` and `COMPOSIO_WAIT_FOR_CONNECTIONS`.

use serde_json::{Value, json};

use super::{call, data};
use crate::support::browser::{Page, onward};
use crate::support::stage::Stage;

const MANAGE: &str = "COMPOSIO_MANAGE_CONNECTIONS";
const WAIT: &str = "COMPOSIO_WAIT_FOR_CONNECTIONS";

/// The page's form leads to the provider, and that back.
async fn connect(stage: &Stage, redirect_url: &str) {
    let page = Page::open(&stage.server.anonymous, redirect_url).await;
    let provider = onward(&page.send(&[]).await);
    let end = stage.consent(provider.as_str()).await;
    assert_eq!(end.status, 200, "{}", end.text);
}

#[tokio::test]
async fn what_is_not_connected_gets_a_link_and_is_active_once_the_user_was_there() {
    let stage = Stage::with_managed_app().await;
    let client = &stage.server.client;
    let begun = data(client, "ada", MANAGE, json!({ "toolkits": ["ACME"] })).await;
    let acme = &begun["results"]["acme"];
    assert_eq!(acme["status"], "initiated");
    assert_eq!(acme["has_active_connection"], false);
    assert_eq!(begun["summary"]["initiated_connections"], 1);
    assert!(
        acme["instruction"]
            .as_str()
            .unwrap()
            .contains(acme["redirect_url"].as_str().unwrap())
    );

    let waiting = data(
        client,
        "ada",
        WAIT,
        json!({ "toolkits": ["acme"], "timeout_seconds": 0 }),
    )
    .await;
    assert_eq!(waiting["results"]["acme"]["status"], "INITIATED");

    connect(&stage, acme["redirect_url"].as_str().unwrap()).await;
    let over = data(client, "ada", WAIT, json!({ "toolkits": ["acme"] })).await;
    assert_eq!(over["results"]["acme"]["status"], "ACTIVE");
    let now = data(client, "ada", MANAGE, json!({ "toolkits": ["acme"] })).await;
    assert_eq!(now["results"]["acme"]["status"], "active");
    assert_eq!(
        now["results"]["acme"]["connected_account_id"],
        acme["connected_account_id"]
    );
    assert_eq!(now["message"], "All connections are active.");

    let other = data(client, "bob", MANAGE, json!({ "toolkits": ["acme"] })).await;
    assert_eq!(other["results"]["acme"]["status"], "initiated");
    assert_ne!(
        other["results"]["acme"]["connected_account_id"],
        acme["connected_account_id"]
    );
}

#[tokio::test]
async fn waiting_ends_when_the_user_has_consented_meanwhile() {
    let stage = Stage::with_managed_app().await;
    let client = &stage.server.client;
    let begun = data(client, "ada", MANAGE, json!({ "toolkits": ["acme"] })).await;
    let url = begun["results"]["acme"]["redirect_url"].as_str().unwrap();
    let arguments = json!({ "toolkits": ["acme"], "mode": "all", "timeout_seconds": 50 });
    let (over, ()) = tokio::join!(data(client, "ada", WAIT, arguments), connect(&stage, url));
    assert_eq!(over["results"]["acme"]["status"], "ACTIVE");
    assert_eq!(over["message"], "1 of 1 toolkits are connected.");
}

#[tokio::test]
async fn a_new_link_for_what_is_connected_is_made_only_when_it_is_asked_for() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let account = stage.oauth_account(&config, "ada").await;
    let arguments = json!({ "toolkits": ["acme"], "reinitiate_all": true });
    let again = data(&stage.server.client, "ada", MANAGE, arguments).await;
    let acme = &again["results"]["acme"];
    assert_eq!(acme["status"], "initiated");
    assert_eq!(acme["was_reinitiated"], true);
    assert_ne!(acme["connected_account_id"], account.as_str());
}

#[tokio::test]
async fn what_fails_for_one_toolkit_leaves_the_others() {
    let stage = Stage::with_managed_app().await;
    let arguments = json!({ "toolkits": ["hackernew", "acme", "shop", "hackernews"] });
    let answer = call(&stage.server.client, "ada", MANAGE, arguments)
        .await
        .expect(200);
    assert_eq!(answer["error"], "2 out of 4 toolkits failed");
    let results = &answer["data"]["results"];
    let reason = results["hackernew"]["error_message"].as_str().unwrap();
    assert!(reason.contains("Did you mean `hackernews`"), "{reason}");
    assert_eq!(results["acme"]["status"], "initiated");
    assert_eq!(results["shop"]["status"], "failed");
    assert_eq!(results["hackernews"]["status"], "active");
}

#[tokio::test]
async fn accounts_are_listed_renamed_and_removed_by_their_user_alone() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let account = stage.oauth_account(&config, "ada").await;
    let manage = async |user: &'static str, entry: Value| {
        let arguments = json!({ "toolkits": [entry] });
        let answer = call(&stage.server.client, user, MANAGE, arguments)
            .await
            .expect(200);
        answer["data"]["results"]["acme"].clone()
    };
    let entry = |action: &str, account: &str| json!({ "name": "acme", "action": action, "account_id": account, "alias": "work" });
    for action in ["rename", "remove"] {
        let foreign = manage("bob", entry(action, &account)).await;
        assert_eq!(foreign["status"], "failed");
        assert!(
            foreign["error_message"]
                .as_str()
                .unwrap()
                .contains("was not found"),
            "{foreign}"
        );
    }
    let renamed = manage("ada", entry("rename", &account)).await;
    assert_eq!(renamed["current_user_info"]["alias"], "work");
    let listed = manage("ada", json!({ "name": "acme", "action": "list" })).await;
    assert_eq!(listed["connected_account_id"], account.as_str());
    let removed = manage("ada", entry("remove", "work")).await;
    assert_eq!(removed["has_active_connection"], false);
    assert_eq!(
        stage
            .server
            .client
            .get(&format!("/api/v3/connected_accounts/{account}"))
            .await
            .status,
        404
    );
    // Nothing was begun by looking.
    let none = manage("ada", json!({ "name": "acme", "action": "list" })).await;
    assert_eq!(
        none["error_message"],
        "The user has no account for this toolkit."
    );
}
