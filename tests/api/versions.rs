//! Versions of toolkits: a call, a list and a lookup get the form of a tool that they pin.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::client::Reply;
use crate::support::server::TestServer;
use crate::support::toolkits::ToolkitsFolder;
use crate::support::upstream::Upstream;

const PRESS: &str = r#"manifest: 1
slug: press
name: Press
description: Prints things.
created_at: 2026-01-01T00:00:00Z
updated_at: 2026-03-01T00:00:00Z
versions: ["20260301_00", "20260201_00", "20260101_00"]
base_url: BASE
auth: [{ scheme: NO_AUTH }]
"#;

/// One whose request changed, one that came, one that went.
const TOOLS: &str = r"tools:
  - slug: PRESS_LIST_PAGES
    name: List pages
    description: Lists pages by number.
    scopes: [read]
    until: '20260101_00'
    args: [{ arg: page, type: integer, description: Which. }]
    request: { method: GET, path: /v1/pages }
  - slug: PRESS_LIST_PAGES
    aliases: [PRESS_PAGES]
    since: '20260201_00'
    name: List pages
    description: Lists pages by cursor.
    scopes: ['pages:read']
    args: [{ arg: cursor, type: string, description: Where to go on. }]
    request: { method: GET, path: /v2/pages }
  - slug: PRESS_PRINT
    since: '20260301_00'
    name: Print
    description: Prints a page.
    tags: [important]
    request: { method: POST, path: /print }
  - slug: PRESS_BIND
    since: '20260301_00'
    name: Bind
    description: Binds pages.
    request: { method: POST, path: /bind }
  - slug: PRESS_FAX
    until: '20260201_00'
    name: Fax
    description: Sends a page by telephone.
    request: { method: POST, path: /fax }
";

struct World {
    server: TestServer,
    upstream: Upstream,
    _toolkits: ToolkitsFolder,
}

impl World {
    async fn start() -> Self {
        let upstream = Upstream::start().await;
        let toolkits = ToolkitsFolder::empty();
        toolkits.write("press/toolkit.yaml", &PRESS.replace("BASE", &upstream.base));
        toolkits.write("press/tools/all.yaml", TOOLS);
        let path = toolkits.path();
        let flags = ["--allow-cidrs", "127.0.0.0/8", "--toolkits-dir", &path];
        Self {
            server: TestServer::with(&flags).await,
            upstream,
            _toolkits: toolkits,
        }
    }

    async fn execute(&self, prefix: &str, slug: &str, body: Value) -> Reply {
        let path = format!("{prefix}/tools/execute/{slug}");
        self.server.client.post(&path, body).await
    }

    async fn get(&self, path: &str) -> Value {
        self.server.client.get(path).await.expect(200)
    }

    async fn slugs(&self, query: &str) -> Vec<String> {
        let list = self.get(&format!("/api/v3/tools?{query}")).await;
        let items = list["items"].as_array().unwrap().iter();
        items
            .map(|tool| tool["slug"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[rstest]
#[case::none_is_the_base(None, "/v1/pages", "page=2")]
#[case::the_base(Some("00000000_00"), "/v1/pages", "page=2")]
#[case::the_first(Some("20260101_00"), "/v1/pages", "page=2")]
#[case::where_it_changed(Some("20260201_00"), "/v2/pages", "cursor=c")]
#[case::after_it_changed(Some("20260301_00"), "/v2/pages", "cursor=c")]
#[case::latest(Some("latest"), "/v2/pages", "cursor=c")]
#[tokio::test]
async fn a_call_makes_the_request_of_the_version_it_pins(
    #[case] version: Option<&str>,
    #[case] path: &str,
    #[case] query: &str,
    #[values("/api/v3", "/api/v3.1")] prefix: &str,
) {
    let world = World::start().await;
    let mut body = json!({ "arguments": { "page": 2, "cursor": "c" } });
    if let Some(version) = version {
        body["version"] = json!(version);
    }
    let result = world
        .execute(prefix, "PRESS_LIST_PAGES", body)
        .await
        .expect(200);
    assert_eq!(result["successful"], true, "{result}");
    let call = world.upstream.call();
    assert_eq!((call.path.as_str(), call.query.as_str()), (path, query));
}

#[tokio::test]
async fn arguments_are_held_against_the_schema_of_the_pinned_version() {
    let world = World::start().await;
    let call = |version| {
        let body = json!({ "version": version, "arguments": { "page": "two" } });
        world.execute("/api/v3", "PRESS_LIST_PAGES", body)
    };
    let error = call("20260101_00").await.error(400);
    assert!(
        error["errors"][0].as_str().unwrap().contains("page"),
        "{error}"
    );
    assert_eq!(world.upstream.calls().len(), 0);
    call("20260201_00").await.expect(200);
}

#[tokio::test]
async fn an_alias_of_one_form_leads_to_every_form() {
    let world = World::start().await;
    let body = json!({ "version": "20260101_00", "arguments": {} });
    world
        .execute("/api/v3", "PRESS_PAGES", body)
        .await
        .expect(200);
    assert_eq!(world.upstream.call().path, "/v1/pages");
}

#[tokio::test]
async fn a_call_that_names_no_version_gets_the_first_that_has_the_tool() {
    let world = World::start().await;
    let body = json!({ "arguments": {} });
    world
        .execute("/api/v3", "PRESS_PRINT", body)
        .await
        .expect(200);
    assert_eq!(world.upstream.call().path, "/print");
}

#[rstest]
#[case::before_it_came("PRESS_PRINT", "20260201_00", "20260301_00")]
#[case::after_it_went("PRESS_FAX", "latest", "20260201_00, 20260101_00")]
#[tokio::test]
async fn a_version_without_the_tool_is_answered_with_those_that_have_it(
    #[case] slug: &str,
    #[case] version: &str,
    #[case] having: &str,
) {
    let world = World::start().await;
    let call = json!({ "version": version, "arguments": {} });
    let path = format!("/api/v3.1/tools/{slug}?toolkit_versions%5Bpress%5D={version}");
    for reply in [
        world.execute("/api/v3", slug, call).await,
        world.server.client.get(&path).await,
    ] {
        let error = reply.error(404);
        assert_eq!(
            error["message"],
            format!("version `{version} of tool {slug}` was not found")
        );
        let fix = error["suggested_fix"].as_str().unwrap();
        assert!(fix.contains(&format!("newest first: {having};")), "{fix}");
    }
    assert_eq!(world.upstream.calls().len(), 0);
}

#[rstest]
#[case("version=20260101_00", "20260101_00", "page")]
#[case("version=00000000_00", "20260101_00", "page")]
#[case("toolkit_versions=20260201_00", "20260201_00", "cursor")]
#[case("toolkit_versions%5BPress%5D=20260101_00", "20260101_00", "page")]
#[case("toolkit_versions=latest", "20260301_00", "cursor")]
#[case(
    "version=20260201_00&toolkit_versions=20260101_00",
    "20260201_00",
    "cursor"
)]
#[case("", "20260301_00", "cursor")]
#[tokio::test]
async fn a_tool_is_shown_as_the_version_has_it(
    #[case] query: &str,
    #[case] version: &str,
    #[case] argument: &str,
    #[values("/api/v3", "/api/v3.1")] prefix: &str,
) {
    let world = World::start().await;
    let tool = world
        .get(&format!("{prefix}/tools/PRESS_LIST_PAGES?{query}"))
        .await;
    assert_eq!(tool["version"], version);
    assert_eq!(
        tool["available_versions"],
        json!(["20260301_00", "20260201_00", "20260101_00"])
    );
    let properties = tool["input_parameters"]["properties"].as_object().unwrap();
    assert_eq!(properties.keys().collect::<Vec<_>>(), [argument]);
    if !query.starts_with("version") {
        let path = format!("{prefix}/tools?tool_slugs=PRESS_LIST_PAGES&{query}");
        assert_eq!(world.get(&path).await["items"], json!([tool]));
    }
}

#[tokio::test]
async fn a_tool_is_available_in_the_versions_that_have_it() {
    let world = World::start().await;
    let print = world.get("/api/v3/tools/PRESS_PRINT").await;
    assert_eq!(print["available_versions"], json!(["20260301_00"]));
    let fax = world
        .get("/api/v3/tools/PRESS_FAX?version=20260101_00")
        .await;
    assert_eq!(
        fax["deprecated"]["available_versions"],
        json!(["20260201_00", "20260101_00"])
    );
}

#[rstest]
#[case::newest("toolkit_slug=press", &["PRESS_PRINT", "PRESS_BIND", "PRESS_LIST_PAGES"])]
#[case::latest("toolkit_slug=press&toolkit_versions=latest", &["PRESS_PRINT", "PRESS_BIND", "PRESS_LIST_PAGES"])]
#[case::between("toolkit_slug=press&toolkit_versions=20260201_00", &["PRESS_FAX", "PRESS_LIST_PAGES"])]
#[case::by_toolkit("toolkit_slug=press&toolkit_versions%5Bpress%5D=20260101_00", &["PRESS_FAX", "PRESS_LIST_PAGES"])]
#[case::the_base_has_each_as_it_began("toolkit_slug=press&toolkit_versions=00000000_00", &["PRESS_PRINT", "PRESS_BIND", "PRESS_FAX", "PRESS_LIST_PAGES"])]
#[case::named_and_absent("tool_slugs=PRESS_FAX,PRESS_PAGES&toolkit_versions=latest", &["PRESS_PAGES"])]
#[case::named("tool_slugs=PRESS_FAX,PRESS_PRINT&toolkit_versions%5Bpress%5D=20260101_00", &["PRESS_FAX"])]
#[case::important("toolkit_slug=press&important=true", &["PRESS_PRINT"])]
#[case::all_where_the_version_marks_none("toolkit_slug=press&important=true&toolkit_versions=20260101_00", &["PRESS_FAX", "PRESS_LIST_PAGES"])]
#[case::search("search=telephone&toolkit_slug=press", &[])]
#[case::search_in_a_version("search=telephone&toolkit_slug=press&toolkit_versions%5Bpress%5D=20260201_00", &["PRESS_FAX"])]
#[case::scopes("scopes=read&toolkit_slug=press", &[])]
#[case::scopes_in_a_version("scopes=read&toolkit_slug=press&toolkit_versions=20260101_00", &["PRESS_LIST_PAGES"])]
#[tokio::test]
async fn a_list_holds_the_tools_of_the_version_it_pins(
    #[case] query: &str,
    #[case] expected: &[&str],
) {
    let world = World::start().await;
    assert_eq!(world.slugs(query).await, expected);
}

#[tokio::test]
async fn slugs_and_counts_are_of_the_newest_version_unless_another_is_asked_for() {
    let world = World::start().await;
    let slugs = world.get("/api/v3/tools/enum").await;
    let slugs = slugs.as_array().unwrap();
    assert!(slugs.contains(&json!("PRESS_PRINT")) && !slugs.contains(&json!("PRESS_FAX")));
    for (query, count) in [
        ("", 3),
        ("?version=20260201_00", 2),
        ("?version=20260101_00", 2),
    ] {
        let toolkit = world.get(&format!("/api/v3/toolkits/press{query}")).await;
        assert_eq!(toolkit["meta"]["tools_count"], count, "{query}");
    }
}

#[tokio::test]
async fn scopes_are_those_of_the_version() {
    let world = World::start().await;
    for (version, scope) in [
        (None, "pages:read"),
        (Some("latest"), "pages:read"),
        (Some("20260101_00"), "read"),
        (Some("00000000_00"), "read"),
    ] {
        let body = json!({ "tools": ["PRESS_LIST_PAGES"], "version": version });
        let answer = world
            .server
            .client
            .post("/api/v3.1/tools/scopes/required", body)
            .await;
        assert_eq!(
            answer.expect(200)["scopes_required"],
            json!([scope]),
            "{version:?}"
        );
    }
}

#[tokio::test]
async fn a_record_says_which_version_ran() {
    let world = World::start().await;
    let body = json!({ "version": "latest", "arguments": {} });
    let result = world
        .execute("/api/v3", "PRESS_LIST_PAGES", body)
        .await
        .expect(200);
    world
        .server
        .app
        .execution_log
        .flush(&world.server.app.db)
        .await;
    let path = format!(
        "/api/v3/logs/tool_execution/{}",
        result["log_id"].as_str().unwrap()
    );
    let log = world.get(&path).await;
    let text = log.to_string();
    assert!(text.contains("20260301_00"), "{text}");
    assert!(text.contains(r#""asked_version":"latest""#), "{text}");
}
