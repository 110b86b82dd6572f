//! Tools: the list and its filters, versions, one tool.

use insta::assert_json_snapshot;
use rstest::rstest;
use serde_json::Value;
use tenon::ids::AuthConfigId;
use tenon::storage::auth_configs::{self, AuthConfig};

use crate::support::server::TestServer;
use crate::support::toolkits::ToolkitsFolder;

/// A server with the bundled toolkits and an operator's `acme`.
async fn with_acme() -> (TestServer, ToolkitsFolder) {
    let folder = ToolkitsFolder::with_acme();
    let server = TestServer::with(&["--toolkits-dir", &folder.path()]).await;
    (server, folder)
}

async fn slugs(server: &TestServer, query: &str) -> Vec<String> {
    let list = server
        .client
        .get(&format!("/api/v3/tools?{query}"))
        .await
        .expect(200);
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|tool| tool["slug"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_tool_is_answered_whole_in_the_shape_that_sdks_read() {
    let (server, _folder) = with_acme().await;
    let tool = server
        .client
        .get("/api/v3/tools/ACME_SELL_THING")
        .await
        .expect(200);
    assert_json_snapshot!(tool, { ".output_parameters.properties" => "…" }, @r#"
    {
      "slug": "ACME_SELL_THING",
      "name": "Sell a thing",
      "description": "Sells one thing.",
      "toolkit": {
        "slug": "acme",
        "name": "Acme",
        "logo": ""
      },
      "input_parameters": {
        "type": "object",
        "properties": {
          "thing": {
            "type": "string",
            "title": "Thing",
            "description": "What to sell."
          }
        },
        "required": [
          "thing"
        ]
      },
      "no_auth": false,
      "available_versions": [
        "20260201_01",
        "20260201_00",
        "20260101_00"
      ],
      "version": "20260201_01",
      "output_parameters": {
        "type": "object",
        "properties": "…",
        "required": [
          "data",
          "successful"
        ],
        "additionalProperties": true
      },
      "scopes": [
        "sales"
      ],
      "tags": [
        "important",
        "openWorldHint"
      ],
      "is_deprecated": false,
      "deprecated": {
        "displayName": "Sell a thing",
        "version": "20260201_01",
        "available_versions": [
          "20260201_01",
          "20260201_00",
          "20260101_00"
        ],
        "is_deprecated": false,
        "toolkit": {
          "logo": ""
        }
      }
    }
    "#);
}

/// SDKs drop a whole list, and models' vendors a whole request, when one tool breaks one of these.
fn check_schema(at: &str, schema: &Value, depth: usize, problems: &mut Vec<String>) {
    let Some(object) = schema.as_object() else {
        return problems.push(format!("{at}: is no object"));
    };
    let kind = object.get("type").and_then(Value::as_str).unwrap_or("none");
    let mut require = |kept: bool, what: String| {
        if !kept {
            problems.push(format!("{at}: {what}"));
        }
    };
    let kinds = ["string", "number", "integer", "boolean", "object", "array"];
    require(kinds.contains(&kind), format!("type is {kind}"));
    require(depth <= 10, "lies too deep".into());
    require(
        kind != "array" || object.contains_key("items"),
        "no items".into(),
    );
    let has = |name: &Value| !object["properties"][name.as_str().unwrap()].is_null();
    for (key, value) in object {
        let fits = match key.as_str() {
            "type" | "properties" | "items" => true,
            "description" | "title" | "pattern" => value.is_string(),
            "format" => value == "date-time",
            "examples" => value.is_array(),
            "enum" => {
                let mut values = value.as_array().unwrap().iter();
                kind == "string"
                    && values.all(|one| one.as_str().is_some_and(|one| !one.is_empty()))
            }
            "required" => value.as_array().unwrap().iter().all(has),
            "minimum" | "maximum" => value.is_number(),
            "minLength" | "maxLength" | "minItems" | "maxItems" => value.is_u64(),
            "nullable" | "file_uploadable" | "file_downloadable" => value.is_boolean(),
            "additionalProperties" => value.is_boolean() || (depth > 1 && value.is_object()),
            "default" => match kind {
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "array" => value.is_array(),
                "object" => value.is_object(),
                _ => value.is_number(),
            },
            _ => false,
        };
        require(fits, format!("{key} is {value}"));
    }
    let properties = object.get("properties").and_then(Value::as_object);
    let nested = properties.into_iter().flatten();
    let nested = nested.map(|(name, nested)| (format!("{at}.{name}"), nested));
    let parts = ["items", "additionalProperties"].map(|key| (format!("{at}.{key}"), &schema[key]));
    let parts = parts.into_iter().filter(|(_, part)| part.is_object());
    for (at, nested) in nested.chain(parts) {
        let is_nested = matches!(nested["type"].as_str(), Some("object" | "array"));
        check_schema(&at, nested, depth + usize::from(is_nested), problems);
    }
    for name in properties.into_iter().flatten().map(|(name, _)| name) {
        let letters =
            |b: u8| b.is_ascii_alphanumeric() || (b"_.-".contains(&b) && (depth > 1 || b == b'_'));
        if !(1..=64).contains(&name.len()) || !name.bytes().all(letters) {
            problems.push(format!("{at}: {name} is no name"));
        }
    }
}

#[tokio::test]
async fn no_published_tool_breaks_a_rule_of_the_sdks() {
    let server = TestServer::start().await;
    let list = server
        .client
        .get("/api/v3/tools?limit=9999")
        .await
        .expect(200);
    let tools = list["items"].as_array().unwrap();
    assert!(tools.len() > 20, "{}", tools.len());
    let mut problems = Vec::new();
    for tool in tools {
        let slug = tool["slug"].as_str().unwrap();
        for (key, value) in tool.as_object().unwrap() {
            if value.is_null() {
                problems.push(format!("{slug}: {key} is null"));
            }
        }
        for schema in ["input_parameters", "output_parameters"] {
            let at = format!("{slug}: {schema}");
            assert_eq!(tool[schema]["type"], "object", "{at}");
            assert!(tool[schema]["properties"].is_object(), "{at}");
            check_schema(&at, &tool[schema], 1, &mut problems);
            let size = tool[schema].to_string().len();
            assert!(size <= 24 * 1024, "{at} has {size} bytes");
        }
        let result = jsonschema::validator_for(&tool["output_parameters"]).unwrap();
        let with_sdk_keys = serde_json::json!({
            "data": { "id": 1 }, "successful": true, "error": "none", "logId": "log_1"
        });
        assert!(result.is_valid(&with_sdk_keys), "{slug}");
        assert_eq!(
            tool["output_parameters"]["properties"]["error"]["nullable"], true,
            "{slug}"
        );
        let is_letter = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
        assert!(slug.len() <= 64 && slug.bytes().all(is_letter), "{slug}");
        let length = tool["description"].as_str().unwrap().chars().count();
        if !(20..=1024).contains(&length) {
            problems.push(format!("{slug}: says too little or too much about itself"));
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

#[rstest]
#[case::toolkit_in_any_case("toolkit_slug=ACME", &["ACME_SELL_THING", "ACME_BURN_THING", "ACME_LIST_THINGS"])]
#[case::an_unknown_toolkit("toolkit_slug=nosuch", &[])]
#[case::important("toolkit_slug=acme&important=true", &["ACME_SELL_THING"])]
#[case::all_are_important_where_none_is_marked("toolkit_slug=hackernews&important=true", &["HACKERNEWS_GET_FRONTPAGE", "HACKERNEWS_GET_ITEM_WITH_ID", "HACKERNEWS_GET_LATEST_POSTS", "HACKERNEWS_GET_TODAYS_POSTS", "HACKERNEWS_GET_USER", "HACKERNEWS_SEARCH_POSTS"])]
#[case::tags_in_any_case("toolkit_slug=acme&tags=readonlyhint", &["ACME_LIST_THINGS"])]
#[case::one_of_several_tags("toolkit_slug=acme&tags=readOnlyHint&tags=important", &["ACME_SELL_THING", "ACME_LIST_THINGS"])]
#[case::scopes("toolkit_slug=acme&scopes=sales,other", &["ACME_SELL_THING"])]
#[case::without_deprecated("toolkit_slug=acme&include_deprecated=false", &["ACME_SELL_THING", "ACME_LIST_THINGS"])]
#[case::search("toolkit_slug=acme&search=list", &["ACME_LIST_THINGS"])]
#[case::query_is_search("toolkit_slug=acme&query=burn", &["ACME_BURN_THING"])]
#[case::search_without_a_hit("search=zzzzzz", &[])]
#[case::slugs_override_filters("tool_slugs=ACME_LIST_THINGS,acme_sell,NO_SUCH&important=true&toolkit_slug=github", &["ACME_LIST_THINGS", "ACME_SELL"])]
#[case::no_auth_config("auth_config_ids=ac_nosuch", &[])]
#[tokio::test]
async fn a_filter_shows_just_what_it_names(#[case] query: &str, #[case] expected: &[&str]) {
    let (server, _folder) = with_acme().await;
    assert_eq!(slugs(&server, query).await, expected);
}

/// An auth config in the project of `key`, for `toolkit`, limited to `tools`.
async fn auth_config(server: &TestServer, key: &str, toolkit: &str, tools: &[&str]) -> String {
    let client = server.anonymous.with_header("x-api-key", key);
    let info = client.get("/api/v3/auth/session/info").await.expect(200);
    let project = info["project"]["nano_id"].as_str().unwrap().to_owned();
    let config = AuthConfig {
        id: AuthConfigId::generate(),
        project_id: project.into(),
        toolkit: toolkit.into(),
        name: toolkit.into(),
        scheme: tenon::scheme::Scheme::ApiKey,
        managed: false,
        enabled: true,
        enabled_for_tool_router: true,
        credentials: Vec::new(),
        tools_for_account_creation: None,
        tools_for_execution: (!tools.is_empty())
            .then(|| tools.iter().map(|tool| (*tool).to_owned()).collect()),
        created_at: server.clock.now(),
        updated_at: server.clock.now(),
    };
    let mut tx = server.app.db.begin().await.unwrap();
    auth_configs::insert(tx.conn(), &config).await.unwrap();
    tx.commit().await.unwrap();
    config.id.as_str().to_owned()
}

#[tokio::test]
async fn an_auth_config_shows_the_tools_it_opens_and_one_of_another_project_none() {
    let (server, _folder) = with_acme().await;
    let whole = auth_config(&server, &server.api_key, "acme", &[]).await;
    let narrow = auth_config(&server, &server.api_key, "acme", &["ACME_SELL", "NO_SUCH"]).await;
    let body = serde_json::json!({ "name": "other", "should_create_api_key": true });
    let other = server
        .org
        .post("/api/v3/org/owner/project/new", body)
        .await
        .expect(200);
    let foreign = auth_config(&server, other["api_key"].as_str().unwrap(), "acme", &[]).await;
    assert_eq!(
        slugs(&server, &format!("auth_config_ids={whole}"))
            .await
            .len(),
        3
    );
    let shown = slugs(&server, &format!("auth_config_ids={narrow},{foreign}")).await;
    assert_eq!(shown, ["ACME_SELL_THING"]);
    assert_eq!(
        slugs(&server, &format!("auth_config_ids={foreign}")).await,
        [""; 0]
    );
}

#[tokio::test]
async fn a_search_in_plain_words_finds_the_tool_for_it() {
    let server = TestServer::start().await;
    for (words, slug) in [
        ("open an issue in a repository", "GITHUB_CREATE_AN_ISSUE"),
        (
            "put a star on a repository",
            "GITHUB_STAR_A_REPOSITORY_FOR_THE_AUTHENTICATED_USER",
        ),
        ("hacker news front page", "HACKERNEWS_GET_FRONTPAGE"),
        ("merge pull request", "GITHUB_MERGE_A_PULL_REQUEST"),
        (
            "start a workflow",
            "GITHUB_CREATE_A_WORKFLOW_DISPATCH_EVENT",
        ),
    ] {
        let query = words.replace(' ', "%20");
        let found = slugs(&server, &format!("search={query}&limit=3")).await;
        assert!(found.contains(&slug.to_owned()), "{words}: {found:#?}");
    }
}

#[tokio::test]
async fn a_tool_is_found_by_its_use_cases_and_by_mistyped_words_and_publishes_neither() {
    let folder = ToolkitsFolder::with_acme();
    folder.write(
        "acme/tools/more.yaml",
        "tools:\n  - slug: ACME_X\n    name: Put up\n    description: Puts one up.\n    \
         use_cases: [advertise the furniture of an office]\n    request: {method: POST, path: /x}\n",
    );
    let server = TestServer::with(&["--toolkits-dir", &folder.path()]).await;
    for words in [
        "advertise our old furniture",
        "advertise our old furnitrue",
        "furnitre",
    ] {
        let found = slugs(&server, &format!("search={}", words.replace(' ', "%20"))).await;
        assert_eq!(found.first().map(String::as_str), Some("ACME_X"), "{words}");
    }
    // Guessing costs, so a text of nothing but unknown words is not guessed at to its end.
    let unknown = ('a'..='z').map(|last| format!("zqzqzq{last}"));
    let unknown = unknown.collect::<Vec<_>>().join("%20");
    let found = slugs(&server, &format!("search={unknown}%20furnitre")).await;
    assert_eq!(found, Vec::<String>::new());
    let tool = server.client.get("/api/v3/tools/ACME_X").await;
    assert!(!tool.expect(200).to_string().contains("furniture"));
}

#[tokio::test]
async fn important_tools_come_first_and_then_names_in_order() {
    let server = TestServer::start().await;
    let list = server
        .client
        .get("/api/v3/tools?toolkit_slug=github&limit=1000")
        .await
        .expect(200);
    let keys: Vec<(bool, String)> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| {
            let important = tool["tags"]
                .as_array()
                .unwrap()
                .contains(&"important".into());
            (!important, tool["name"].as_str().unwrap().to_lowercase())
        })
        .collect();
    assert!(keys.is_sorted(), "{keys:#?}");
    assert!(keys.first().unwrap() < &(true, String::new()) && keys.last().unwrap().0);
}

#[tokio::test]
async fn a_list_without_a_limit_has_twenty_tools_and_one_of_named_tools_has_them_all() {
    let server = TestServer::start().await;
    let listed = slugs(&server, "toolkit_slug=github,hackernews").await;
    assert_eq!(listed.len(), 20);
    let all = slugs(&server, "limit=1000").await;
    assert!(all.len() > 40, "{}", all.len());
    let named = all.join(",");
    assert_eq!(slugs(&server, &format!("tool_slugs={named}")).await, all);
}

#[tokio::test]
async fn the_important_tools_of_several_toolkits_come_before_the_others_of_any() {
    let (server, _folder) = with_acme().await;
    let list = slugs(&server, "toolkit_slug=acme,hackernews,github&limit=1000").await;
    let place = |slug: &str| list.iter().position(|one| one == slug).unwrap();
    // Hacker News marks none, so its tools stand among those that are not important.
    assert!(place("ACME_SELL_THING") < place("HACKERNEWS_GET_FRONTPAGE"));
    assert!(place("GITHUB_CREATE_AN_ISSUE") < place("ACME_LIST_THINGS"));
    let important = slugs(&server, "toolkit_slug=acme,hackernews&important=true").await;
    assert_eq!(important[0], "ACME_SELL_THING");
    let others = slugs(&server, "toolkit_slug=hackernews").await;
    assert_eq!(important.len(), 1 + others.len());
}

#[tokio::test]
async fn pages_show_every_tool_once() {
    let server = TestServer::start().await;
    let all = slugs(&server, "limit=1000").await;
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/v3/tools?limit=7&cursor={cursor}");
        let page = server.client.get(&path).await.expect(200);
        assert_eq!(page["total_items"], all.len());
        assert_eq!(page["total_pages"], all.len().div_ceil(7));
        for tool in page["items"].as_array().unwrap() {
            seen.push(tool["slug"].as_str().unwrap().to_owned());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, all);
}

#[tokio::test]
async fn the_enum_is_an_array_of_every_slug_without_aliases() {
    let (server, _folder) = with_acme().await;
    let listed = server.client.get("/api/v3/tools/enum").await.expect(200);
    let mut all = slugs(&server, "limit=1000").await;
    all.sort();
    assert_eq!(listed, serde_json::json!(all));
    assert!(!all.contains(&"ACME_SELL".to_owned()));
}

#[rstest]
#[case::canonical("ACME_SELL_THING", "ACME_SELL_THING")]
#[case::alias("ACME_SELL", "ACME_SELL")]
#[case::lower_case("acme_sell", "ACME_SELL")]
#[tokio::test]
async fn a_tool_answers_under_the_slug_it_was_asked_for(#[case] asked: &str, #[case] slug: &str) {
    let (server, _folder) = with_acme().await;
    let tool = server
        .client
        .get(&format!("/api/v3/tools/{asked}"))
        .await
        .expect(200);
    assert_eq!(
        (&tool["slug"], &tool["name"]),
        (&slug.into(), &"Sell a thing".into())
    );
}

#[tokio::test]
async fn every_short_name_of_the_documentation_finds_its_tool() {
    let server = TestServer::start().await;
    for (short, tool) in [
        ("GITHUB_CREATE_ISSUE", "Create an issue"),
        ("GITHUB_GET_ISSUE", "Get an issue"),
        ("GITHUB_GET_ISSUES", "List repository issues"),
        ("GITHUB_LIST_ISSUES", "List repository issues"),
        (
            "GITHUB_STAR_REPO",
            "Star a repository for the authenticated user",
        ),
        (
            "GITHUB_STAR_REPOSITORY",
            "Star a repository for the authenticated user",
        ),
    ] {
        let found = server
            .client
            .get(&format!("/api/v3/tools/{short}"))
            .await
            .expect(200);
        assert_eq!(found["name"], tool, "{short}");
    }
}

#[tokio::test]
async fn an_unknown_slug_is_answered_with_the_nearest_ones() {
    let server = TestServer::start().await;
    let error = server
        .client
        .get("/api/v3/tools/GITHUB_CREATE_ISSUS")
        .await
        .error(404);
    assert_eq!(error["code"], 10404);
    assert_eq!(error["message"], "tool `GITHUB_CREATE_ISSUS` was not found");
    let fix = error["suggested_fix"].as_str().unwrap();
    assert!(
        fix.starts_with("Did you mean `GITHUB_CREATE_ISSUE`"),
        "{fix}"
    );
    assert_eq!(fix.matches("GITHUB_").count(), 3, "{fix}");
}

#[rstest]
#[case::the_newest_by_default("", "20260201_01")]
#[case::latest("version=latest", "20260201_01")]
#[case::the_base("version=00000000_00", "20260101_00")]
#[case::exact("version=20260201_00", "20260201_00")]
#[case::one_for_all("toolkit_versions=20260201_00", "20260201_00")]
#[case::one_a_toolkit("toolkit_versions%5BACME%5D=20260101_00", "20260101_00")]
#[case::of_another_toolkit("toolkit_versions%5Bgithub%5D=20200101_00", "20260201_01")]
#[case::version_before_pins("version=20260101_00&toolkit_versions=latest", "20260101_00")]
#[tokio::test]
async fn a_version_is_the_one_asked_for(#[case] query: &str, #[case] version: &str) {
    let (server, _folder) = with_acme().await;
    let tool = server
        .client
        .get(&format!("/api/v3/tools/ACME_SELL_THING?{query}"))
        .await
        .expect(200);
    assert_eq!(tool["version"], version);
    assert_eq!(tool["deprecated"]["version"], version);
    assert_eq!(tool["available_versions"][0], "20260201_01");
}

#[rstest]
#[case("/api/v3/tools/ACME_SELL_THING?version=20990101_00")]
#[case("/api/v3/tools/ACME_SELL_THING?toolkit_versions%5Bacme%5D=20990101_00")]
#[case("/api/v3/tools?toolkit_slug=acme&toolkit_versions=20990101_00")]
#[case("/api/v3/tools?tool_slugs=ACME_SELL_THING&toolkit_versions=20990101_00")]
#[case("/api/v3/toolkits/acme?version=20990101_00")]
#[tokio::test]
async fn an_unknown_version_is_answered_with_those_there_are(#[case] path: &str) {
    let (server, _folder) = with_acme().await;
    let error = server.client.get(path).await.error(404);
    assert_eq!(
        error["message"],
        "version `20990101_00 of toolkit acme` was not found"
    );
    let fix = error["suggested_fix"].as_str().unwrap();
    assert!(
        fix.contains("20260201_01, 20260201_00, 20260101_00"),
        "{fix}"
    );
}

#[tokio::test]
async fn a_pin_that_only_one_toolkit_has_leaves_the_others_out() {
    let (server, _folder) = with_acme().await;
    let found = slugs(&server, "toolkit_versions=20260201_00").await;
    assert_eq!(
        found,
        ["ACME_SELL_THING", "ACME_BURN_THING", "ACME_LIST_THINGS"]
    );
}

#[rstest]
#[case("/api/v3/tools")]
#[case("/api/v3/tools/enum")]
#[case("/api/v3/tools/HACKERNEWS_GET_USER")]
#[case("/api/v3/toolkits")]
#[case("/api/v3/toolkits/github")]
#[case("/api/v3/toolkits/categories")]
#[case("/api/v3/toolkits/changelog")]
#[tokio::test]
async fn the_catalog_asks_for_a_project_key(#[case] path: &str) {
    let server = TestServer::start().await;
    server.anonymous.get(path).await.error(401);
    server.org.get(path).await.error(401);
    server.client.get(path).await.expect(200);
}
