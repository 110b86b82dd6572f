//! Auth configs that let their accounts execute some tools only.

use rstest::rstest;
use serde_json::{Value, json};

use super::{TOKEN, World};

/// An auth config of the vault, made by the API, and the id of an account of it.
async fn account_with(world: &World, limits: &Value) -> (String, String) {
    let mut body = json!({
        "toolkit": { "slug": "vault" },
        "auth_config": { "type": "use_custom_auth", "authScheme": "BEARER_TOKEN" },
    });
    for (name, value) in limits.as_object().unwrap() {
        body["auth_config"][name] = value.clone();
    }
    let client = &world.server.client;
    let made = client.post("/api/v3/auth_configs", body).await.expect(201);
    let config = made["auth_config"]["id"].as_str().unwrap().to_owned();
    let body = json!({
        "auth_config": { "id": config },
        "connection": { "user_id": "ada", "state": {
            "authScheme": "BEARER_TOKEN", "val": { "status": "ACTIVE", "token": TOKEN },
        } },
    });
    let made = client
        .post("/api/v3/connected_accounts", body)
        .await
        .expect(201);
    (config, made["id"].as_str().unwrap().to_owned())
}

impl World {
    /// Status of a call with the account, or of one that finds it by its user.
    async fn status(&self, slug: &str, account: Option<&str>) -> u16 {
        let body = match account {
            Some(account) => json!({ "connected_account_id": account, "arguments": {} }),
            None => json!({ "user_id": "ada", "arguments": {} }),
        };
        self.post(slug, body).await.status
    }

    async fn listed(&self, config: &str) -> Vec<String> {
        let path = format!("/api/v3.1/tools?auth_config_ids={config}");
        let list = self.server.client.get(&path).await.expect(200);
        let items = list["items"].as_array().unwrap().iter();
        items
            .map(|tool| tool["slug"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[rstest]
#[case::by_the_older_name(json!({ "restrict_to_following_tools": ["vault_get_me"] }))]
#[case::by_tool_access(json!({ "tool_access_config": { "tools_available_for_execution": ["VAULT_GET_ME"] } }))]
#[tokio::test]
async fn only_the_tools_that_an_auth_config_names_are_executed_and_listed(#[case] limits: Value) {
    let world = World::start().await;
    let (config, account) = account_with(&world, &limits).await;
    assert_eq!(world.listed(&config).await, ["VAULT_GET_ME"]);
    for account in [Some(account.as_str()), None] {
        assert_eq!(world.status("VAULT_GET_ME", account).await, 200);
        assert_eq!(world.status("VAULT_CREATE", account).await, 403);
    }
    let paths: Vec<String> = world
        .upstream
        .calls()
        .into_iter()
        .map(|call| call.path)
        .collect();
    assert_eq!(paths, ["/api/me", "/api/me"]);
    let shown = world
        .server
        .client
        .get(&format!("/api/v3/auth_configs/{config}"))
        .await
        .expect(200);
    assert_eq!(
        shown["restrict_to_following_tools"],
        json!(["VAULT_GET_ME"])
    );
    assert_eq!(
        shown["tool_access_config"],
        json!({ "tools_available_for_execution": ["VAULT_GET_ME"] })
    );
}

#[tokio::test]
async fn a_refusal_names_the_rule_and_the_way_out() {
    let world = World::start().await;
    let limits = json!({ "restrict_to_following_tools": ["VAULT_GET_ME"] });
    let (config, account) = account_with(&world, &limits).await;
    let body = json!({ "connected_account_id": account, "arguments": {} });
    let error = world.post("VAULT_CREATE", body).await.error(403);
    assert_eq!(
        (&error["code"], &error["slug"]),
        (&json!(10403), &json!("tool_restricted"))
    );
    assert_eq!(
        error["message"],
        format!(
            "auth config `{config}` does not let its accounts execute VAULT_CREATE, which its \
             `tool_access_config.tools_available_for_execution` does not name"
        )
    );
    assert_eq!(
        error["suggested_fix"],
        format!(
            "Add VAULT_CREATE to that list with PATCH /api/v3/auth_configs/{config} (an empty list \
             lets every tool through), or use an account of another auth config."
        )
    );
}

#[rstest]
#[case::to_others(json!({ "tools_available_for_execution": ["VAULT_CREATE"] }), 403, 200)]
#[case::to_more(json!({ "tools_available_for_execution": ["VAULT_CREATE", "VAULT_GET_ME"] }), 200, 200)]
#[case::to_all(json!({ "tools_available_for_execution": [] }), 200, 200)]
#[case::to_what_it_was(json!({}), 200, 403)]
#[tokio::test]
async fn a_change_of_the_limit_holds_from_the_next_call_on(
    #[case] access: Value,
    #[case] get_me: u16,
    #[case] create: u16,
) {
    let world = World::start().await;
    let limits = json!({ "restrict_to_following_tools": ["VAULT_GET_ME"] });
    let (config, account) = account_with(&world, &limits).await;
    // So that it is in the caches.
    assert_eq!(world.status("VAULT_GET_ME", Some(&account)).await, 200);
    let body = json!({ "type": "custom", "credentials": {}, "tool_access_config": access });
    let path = format!("/api/v3/auth_configs/{config}");
    world.server.client.patch(&path, body).await.expect(200);
    let found = (
        world.status("VAULT_GET_ME", Some(&account)).await,
        world.status("VAULT_CREATE", Some(&account)).await,
    );
    assert_eq!(found, (get_me, create));
    let listed = world.listed(&config).await;
    for (slug, status) in [("VAULT_GET_ME", get_me), ("VAULT_CREATE", create)] {
        assert_eq!(
            listed.contains(&slug.to_owned()),
            status == 200,
            "{slug}: {listed:?}"
        );
    }
}

#[tokio::test]
async fn a_limit_to_an_unknown_tool_is_refused_with_the_nearest_and_changes_nothing() {
    let world = World::start().await;
    let limits = json!({ "restrict_to_following_tools": ["VAULT_GET_ME"] });
    let (config, account) = account_with(&world, &limits).await;
    let path = format!("/api/v3/auth_configs/{config}");
    let body = json!({
        "type": "custom", "credentials": {},
        "tool_access_config": { "tools_available_for_execution": ["VAULT_CREAT"] },
    });
    let error = world.server.client.patch(&path, body).await.error(404);
    let fix = error["suggested_fix"].as_str().unwrap();
    assert!(fix.starts_with("Did you mean `VAULT_CREATE`"), "{fix}");
    assert_eq!(world.status("VAULT_GET_ME", Some(&account)).await, 200);
}
