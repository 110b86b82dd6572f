//! Toolkits: lists, one toolkit, the operator's own folder and settings.

use insta::assert_json_snapshot;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::server::TestServer;
use crate::support::toolkits::{ACME, ACME_TOOLS, ToolkitsFolder};

fn slugs(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|toolkit| toolkit["slug"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_list_shows_each_toolkit_in_the_shape_that_sdks_read() {
    let folder = ToolkitsFolder::with_acme();
    let server = TestServer::with(&["--toolkits-dir", &folder.path()]).await;
    let list = server
        .client
        .get("/api/v3/toolkits?limit=1")
        .await
        .expect(200);
    assert_json_snapshot!(list, {
        ".next_cursor" => "…", ".total_pages" => "…", ".total_items" => "…",
    }, @r#"
    {
      "items": [
        {
          "slug": "acme",
          "name": "Acme",
          "auth_schemes": [
            "API_KEY"
          ],
          "composio_managed_auth_schemes": [],
          "is_local_toolkit": false,
          "no_auth": false,
          "deprecated": {
            "toolkitId": "822b33ad-87c1-88a0-a20a-5ba7cd5ebcaa"
          },
          "meta": {
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-02-01T00:00:00Z",
            "description": "Sells everything.",
            "logo": "",
            "app_url": "https://acme.test",
            "categories": [
              {
                "id": "e-commerce",
                "name": "e-commerce"
              }
            ],
            "triggers_count": 0,
            "tools_count": 3,
            "version": "20260201_01",
            "available_versions": [
              "20260201_01",
              "20260201_00",
              "20260101_00"
            ]
          }
        }
      ],
      "next_cursor": "…",
      "total_pages": "…",
      "current_page": 1,
      "total_items": "…"
    }
    "#);
}

#[rstest]
#[case::most_used_first("", &["acme", "github", "hackernews"])]
#[case::by_name("sort_by=alphabetically", &["acme", "github", "hackernews"])]
#[case::category_by_id("category=e-commerce", &["acme"])]
#[case::category_by_name("category=Developer%20Tools%20%26%20DevOps", &["github"])]
#[case::an_unknown_category("category=nosuch", &[])]
#[case::search("search=git", &["github"])]
#[case::search_in_descriptions("search=sells%20EVERY", &["acme"])]
#[case::of_this_installation("managed_by=composio&limit=9999", &["acme", "github", "hackernews"])]
#[case::of_the_project("managed_by=project", &[])]
#[tokio::test]
async fn a_filter_shows_just_what_it_names(#[case] query: &str, #[case] expected: &[&str]) {
    let folder = ToolkitsFolder::with_acme();
    let server = TestServer::with(&["--toolkits-dir", &folder.path()]).await;
    let list = server
        .client
        .get(&format!("/api/v3/toolkits?{query}"))
        .await
        .expect(200);
    // Whatever else is bundled stands between them.
    let known = ["acme", "github", "hackernews"];
    let shown = slugs(&list).into_iter().filter(|slug| known.contains(slug));
    assert_eq!(shown.collect::<Vec<_>>(), expected);
    assert_eq!(list["total_items"], slugs(&list).len());
}

#[tokio::test]
async fn a_deprecated_toolkit_is_listed_on_demand_only() {
    let folder = ToolkitsFolder::with_acme();
    folder.write("acme/toolkit.yaml", &format!("{ACME}deprecated: true\n"));
    let server = TestServer::with(&["--toolkits-dir", &folder.path()]).await;
    let client = &server.client;
    let list = client.get("/api/v3/toolkits").await.expect(200);
    assert!(!slugs(&list).contains(&"acme"));
    let list = client
        .get("/api/v3/toolkits?include_deprecated=true")
        .await
        .expect(200);
    assert!(slugs(&list).contains(&"acme"));
    let body = json!({ "toolkits": ["ACME"] });
    let list = client
        .post("/api/v3/toolkits/multi", body)
        .await
        .expect(200);
    assert_eq!(slugs(&list), ["acme"]);
    assert_eq!(
        client.get("/api/v3/toolkits/acme").await.expect(200)["slug"],
        "acme"
    );
}

#[rstest]
#[case::a_search_of_two_letters("search=gi", "search")]
#[case::an_unknown_order("sort_by=colour", "sort_by")]
#[case::an_unknown_manager("managed_by=nobody", "managed_by")]
#[case::a_limit_that_is_no_number("limit=many", "limit")]
#[tokio::test]
async fn a_filter_that_cannot_be_is_refused(#[case] query: &str, #[case] field: &str) {
    let server = TestServer::start().await;
    let error = server
        .client
        .get(&format!("/api/v3/toolkits?{query}"))
        .await
        .error(400);
    assert_eq!(error["code"], 10400);
    let problem = error["errors"][0].as_str().unwrap();
    assert!(problem.starts_with(field), "{problem}");
}

#[tokio::test]
async fn several_toolkits_are_fetched_by_slug_in_any_case_and_unknown_ones_left_out() {
    let server = TestServer::start().await;
    let body = json!({ "toolkits": ["GITHUB", "nosuch", "hackernews"], "limit": 1 });
    let list = server
        .client
        .post("/api/v3/toolkits/multi", body)
        .await
        .expect(200);
    assert_eq!(
        (slugs(&list), &list["total_items"]),
        (vec!["github"], &json!(2))
    );
    let all = server
        .client
        .post("/api/v3/toolkits/multi", json!({}))
        .await
        .expect(200);
    let all = slugs(&all);
    assert!(
        all.contains(&"github") && all.contains(&"hackernews"),
        "{all:?}"
    );
}

#[tokio::test]
async fn a_toolkit_is_answered_whole_in_the_shape_that_sdks_read() {
    let folder = ToolkitsFolder::with_acme();
    let server = TestServer::with(&["--toolkits-dir", &folder.path()]).await;
    let toolkit = server.client.get("/api/v3/toolkits/ACME").await.expect(200);
    assert_json_snapshot!(toolkit, { ".auth_config_details" => "…" }, @r#"
    {
      "slug": "acme",
      "name": "Acme",
      "enabled": true,
      "composio_managed_auth_schemes": [],
      "composio_managed_auth": [],
      "is_local_toolkit": false,
      "auth_config_details": "…",
      "base_url": "https://{subdomain}.acme.test/api",
      "meta": {
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-02-01T00:00:00Z",
        "description": "Sells everything.",
        "logo": "",
        "app_url": "https://acme.test",
        "categories": [
          {
            "name": "e-commerce",
            "slug": "e-commerce"
          }
        ],
        "triggers_count": 0,
        "tools_count": 3,
        "version": "20260201_01",
        "available_versions": [
          "20260201_01",
          "20260201_00",
          "20260101_00"
        ]
      },
      "deprecated": {
        "toolkitId": "822b33ad-87c1-88a0-a20a-5ba7cd5ebcaa",
        "rawProxyInfoByAuthSchemes": [
          {
            "auth_scheme": "API_KEY",
            "base_url": "https://{subdomain}.acme.test/api"
          }
        ]
      }
    }
    "#);
}

#[tokio::test]
async fn a_toolkit_says_what_each_of_its_auth_schemes_asks_for() {
    let folder = ToolkitsFolder::with_acme();
    let server = TestServer::with(&["--toolkits-dir", &folder.path()]).await;
    let toolkit = server.client.get("/api/v3/toolkits/acme").await.expect(200);
    assert_json_snapshot!(toolkit["auth_config_details"], @r#"
    [
      {
        "name": "acme_api_key",
        "mode": "API_KEY",
        "fields": {
          "auth_config_creation": {
            "required": [],
            "optional": []
          },
          "connected_account_initiation": {
            "required": [
              {
                "name": "generic_api_key",
                "displayName": "API key",
                "type": "string",
                "description": "",
                "required": true,
                "legacy_template_name": "api_key"
              },
              {
                "name": "subdomain",
                "displayName": "Subdomain",
                "type": "string",
                "description": "",
                "required": true
              }
            ],
            "optional": [
              {
                "name": "region",
                "displayName": "Region",
                "default": "eu",
                "type": "string",
                "description": "Where the shop is.",
                "required": false
              }
            ]
          }
        },
        "proxy": {
          "base_url": "https://{subdomain}.acme.test/api"
        }
      }
    ]
    "#);
}

#[tokio::test]
async fn an_oauth_toolkit_asks_for_an_app_and_offers_its_callback_and_scopes() {
    let server = TestServer::with(&["--public-url", "https://tenon.test"]).await;
    let toolkit = server
        .client
        .get("/api/v3/toolkits/github")
        .await
        .expect(200);
    let oauth = &toolkit["auth_config_details"][0];
    assert_eq!(oauth["mode"], "OAUTH2");
    let fields = &oauth["fields"]["auth_config_creation"];
    let names = |split: &str| -> Vec<(Value, Value)> {
        let fields = fields[split].as_array().unwrap();
        fields
            .iter()
            .map(|field| (field["name"].clone(), field["default"].clone()))
            .collect()
    };
    assert_eq!(
        names("required"),
        [
            (json!("client_id"), json!(null)),
            (json!("client_secret"), json!(null))
        ]
    );
    assert_eq!(
        names("optional"),
        [
            (
                json!("oauth_redirect_uri"),
                json!("https://tenon.test/api/v3/toolkits/auth/callback")
            ),
            (
                json!("scopes"),
                json!("repo user gist notifications project workflow codespace")
            ),
        ]
    );
    let token = &toolkit["auth_config_details"][1];
    assert_eq!(token["mode"], "BEARER_TOKEN");
    assert_eq!(
        token["fields"]["connected_account_initiation"]["required"][0]["name"],
        "token"
    );
}

#[tokio::test]
async fn managed_auth_is_offered_where_the_operator_has_an_app() {
    let app = [
        "--oauth-client-id",
        "github=id",
        "--oauth-client-secret",
        "github=hidden-secret",
    ];
    let server = TestServer::with(&app).await;
    let reply = server.client.get("/api/v3/toolkits/github").await;
    assert_eq!(
        reply.expect(200)["composio_managed_auth_schemes"],
        json!(["OAUTH2"])
    );
    assert!(!reply.text.contains("hidden-secret"));
    let list = server.client.get("/api/v3/toolkits").await.expect(200);
    for toolkit in list["items"].as_array().unwrap() {
        let managed = match toolkit["slug"].as_str() {
            Some("github") => json!(["OAUTH2"]),
            _ => json!([]),
        };
        assert_eq!(toolkit["composio_managed_auth_schemes"], managed);
    }
}

#[tokio::test]
async fn an_own_installation_of_a_service_takes_its_credentials_and_nobody_else() {
    let hosts = |server: &TestServer| {
        let catalog = server.app.catalog.current();
        catalog
            .toolkit("github")
            .unwrap()
            .credential_hosts(tenon::scheme::Scheme::OAuth2, &serde_json::Map::new())
    };
    let public = TestServer::start().await;
    assert_eq!(
        hosts(&public),
        [
            "https://api.github.com",
            "api.github.com",
            "uploads.github.com"
        ]
    );
    let flags = [
        "--base-url",
        "GITHUB=https://ghe.corp.test:8443/api/v3/",
        "--authorize-url",
        "github=https://ghe.corp.test/login/oauth/authorize",
        "--token-url",
        "github=https://ghe.corp.test/login/oauth/access_token",
    ];
    let moved = TestServer::with(&flags).await;
    assert_eq!(hosts(&moved), ["https://ghe.corp.test:8443"]);
    let toolkit = moved
        .client
        .get("/api/v3/toolkits/github")
        .await
        .expect(200);
    assert_eq!(toolkit["base_url"], "https://ghe.corp.test:8443/api/v3");
    let oauth = &toolkit["auth_config_details"][0]["deprecated_auth_provider_details"];
    assert_eq!(
        oauth["authorization_url"],
        "https://ghe.corp.test/login/oauth/authorize"
    );
    assert_eq!(
        oauth["token_url"],
        "https://ghe.corp.test/login/oauth/access_token"
    );
}

#[tokio::test]
async fn an_unknown_toolkit_is_answered_with_the_nearest_one() {
    let server = TestServer::start().await;
    let error = server.client.get("/api/v3/toolkits/gthub").await.error(404);
    assert_eq!(error["message"], "toolkit `gthub` was not found");
    assert_eq!(error["suggested_fix"], "Did you mean `github`?");
}

#[tokio::test]
async fn categories_are_those_that_toolkits_name() {
    let server = TestServer::start().await;
    let list = server
        .client
        .get("/api/v3/toolkits/categories")
        .await
        .expect(200);
    let items = list["items"].as_array().unwrap();
    assert_eq!(list["total_items"], items.len());
    for (id, name) in [
        ("developer-tools-&-devops", "developer tools & devops"),
        ("other-/-miscellaneous", "other / miscellaneous"),
    ] {
        let category = json!({ "id": id, "name": name });
        assert!(items.contains(&category), "{items:?}");
    }
    let ids: Vec<&str> = items
        .iter()
        .map(|item| item["id"].as_str().unwrap())
        .collect();
    assert!(ids.is_sorted(), "{ids:?}");
}

#[tokio::test]
async fn the_changelog_names_the_versions_of_each_toolkit_newest_first() {
    let folder = ToolkitsFolder::with_acme();
    let server = TestServer::with(&["--toolkits-dir", &folder.path()]).await;
    let list = server
        .client
        .get("/api/v3/toolkits/changelog")
        .await
        .expect(200);
    assert_json_snapshot!(list["items"][0], @r#"
    {
      "slug": "acme",
      "name": "Acme",
      "display_name": "Acme",
      "versions": [
        {
          "version": "20260201_01",
          "changelog": "Adds a scope."
        },
        {
          "version": "20260201_00",
          "changelog": ""
        },
        {
          "version": "20260101_00",
          "changelog": "First."
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn an_operators_toolkit_replaces_a_bundled_one_of_its_slug() {
    let folder = ToolkitsFolder::with_acme();
    folder.write(
        "github/toolkit.yaml",
        &ACME.replace("slug: acme", "slug: github"),
    );
    folder.write(
        "github/tools/own.yaml",
        &ACME_TOOLS.replace("ACME_", "GITHUB_"),
    );
    let server = TestServer::with(&["--toolkits-dir", &folder.path()]).await;
    let toolkit = server
        .client
        .get("/api/v3/toolkits/github")
        .await
        .expect(200);
    assert_eq!(
        (&toolkit["name"], &toolkit["meta"]["tools_count"]),
        (&json!("Acme"), &json!(3))
    );
    server
        .client
        .get("/api/v3/tools/GITHUB_SELL_THING")
        .await
        .expect(200);
    server
        .client
        .get("/api/v3/tools/GITHUB_CREATE_AN_ISSUE")
        .await
        .error(404);
}

#[tokio::test]
async fn a_reload_takes_new_files_and_a_broken_one_leaves_all_as_it_was() {
    let folder = ToolkitsFolder::with_acme();
    let server = TestServer::with(&["--toolkits-dir", &folder.path()]).await;
    let reload = || server.app.catalog.reload(&server.app.config);
    folder.write(
        "acme/tools/things.yaml",
        &ACME_TOOLS.replace("ACME_LIST_", "ACME_FIND_"),
    );
    reload().unwrap();
    server
        .client
        .get("/api/v3/tools/ACME_FIND_THINGS")
        .await
        .expect(200);
    folder.write(
        "acme/tools/things.yaml",
        "tools:\n  - slug: ACME_X\n    nmae: typo\n",
    );
    let problems = reload().unwrap_err().shown().errors;
    assert!(
        problems[0].contains("acme/tools/things.yaml:3: "),
        "{problems:#?}"
    );
    server
        .client
        .get("/api/v3/tools/ACME_FIND_THINGS")
        .await
        .expect(200);
}
