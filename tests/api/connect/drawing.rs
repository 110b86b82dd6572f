//! What a page shows: every kind of field, pictures that are safe to load, texts of any length.

use rstest::rstest;
use serde_json::{Value, json};

use super::{assert_is_a_safe_page, location, make_link, open, parameters};
use crate::support::browser::Page;
use crate::support::client::Reply;
use crate::support::server::TestServer;
use crate::support::stage::Stage;
use crate::support::toolkits::ToolkitsFolder;

const KIT: &str = r#"
logo: "LOGO"
base_url: https://api.kinds.test
auth:
  - scheme: API_KEY
    fields:
      connection:
        - { name: key_file, display_name: Key file, required: true, secret: true, multiline: true }
        - { name: notes, display_name: Notes, multiline: true }
        - { name: region, display_name: Region, options: [eu, us], required: true }
        - { name: plan, display_name: Plan, options: [free, paid], default: free }
        - { name: sandbox, display_name: Sandbox, type: boolean, required: true }
        - { name: mirror, display_name: Mirror, type: boolean, default: "true" }
        - { name: limit, display_name: Limit, type: number, example: "10", description: "As in `4<2`; a ` alone" }
        - name: subdomain
          display_name: Subdomain
          pattern: "[a-z]+"
          prefix: https://
          suffix: .kinds.test
    apply: [{ in: header, name: X-Key, value: "{key_file}" }]
"#;
const TOOLS: &str = "  - {slug: KINDS_GET, name: Get, description: Gets., \
                     request: {method: GET, path: /x}}\n";

async fn server_with_kinds(logo: &str) -> (TestServer, ToolkitsFolder) {
    let kit = KIT.replace("LOGO", logo);
    let kit = kit.trim_start();
    let folder = ToolkitsFolder::empty().with_kit("kinds", "", kit, TOOLS);
    let path = folder.path();
    let server = TestServer::with(&["--toolkits-dir", &path]).await;
    (server, folder)
}

async fn link_page(server: &TestServer) -> (Value, Page) {
    let body = json!({
        "toolkit": { "slug": "kinds" },
        "auth_config": { "type": "use_custom_auth", "authScheme": "API_KEY", "credentials": {} },
    });
    let made = server
        .client
        .post("/api/v3/auth_configs", body)
        .await
        .expect(201);
    let body = json!({ "auth_config_id": made["auth_config"]["id"], "user_id": "u" });
    let link = server
        .client
        .post("/api/v3/connected_accounts/link", body)
        .await;
    let link = link.expect(201);
    let url = link["redirect_url"].as_str().unwrap();
    let page = Page::open(&server.anonymous, url).await;
    (link, page)
}

fn policy(reply: &Reply) -> &str {
    reply.header("content-security-policy").unwrap()
}

fn assert_kinds_are_drawn(page: &Reply) {
    for part in [
        r#"<textarea id="field-key_file" name="key_file""#,
        r#"<select id="field-region" name="region" required>"#,
        r#"<option value="" selected>Choose one</option>"#,
        r#"<option value="free" selected>free</option>"#,
        r#"name="sandbox" type="checkbox" value="true">"#,
        r#"name="mirror" type="checkbox" value="true" checked>"#,
        r#"inputmode="decimal""#,
        r#"aria-describedby="field-subdomain-prefix field-subdomain-suffix""#,
        ".kinds.test</span>",
    ] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
}

fn assert_answers_are_kept(wrong: &Reply) {
    for part in [
        "<title>Error: Connect kinds</title>",
        "Region must be one of: eu, us.",
        "Limit must be a number.",
        r##"<a href="#field-region">"##,
        r#"aria-invalid="true" aria-describedby="field-region-problem""#,
        "&#60;/textarea&#62;\nmine</textarea>",
        r#"name="sandbox" type="checkbox" value="true" checked"#,
        // Not ticked now, though it is by default.
        r#"name="mirror" type="checkbox" value="true">"#,
        r#"value="many""#,
    ] {
        assert!(wrong.text.contains(part), "{part}: {}", wrong.text);
    }
}

#[tokio::test]
async fn what_stands_between_backticks_is_shown_as_code() {
    let (server, _folder) = server_with_kinds("https://logos.kinds.test/k.svg").await;
    let (_, page) = link_page(&server).await;
    let expected = "As in <code>4&#60;2</code>; a ` alone</p>";
    assert!(page.reply.text.contains(expected), "{}", page.reply.text);
}

#[tokio::test]
async fn every_kind_of_field_is_drawn_read_and_kept() {
    let (server, _folder) = server_with_kinds("").await;
    let (link, page) = link_page(&server).await;
    assert_kinds_are_drawn(&page.reply);
    assert!(
        !page.reply.text.contains("<section"),
        "nothing is asked of a provider"
    );
    let wrong = page
        .send(&[
            ("key_file", "line 1\r\nsecret line 2"),
            ("notes", "</textarea>\r\nmine"),
            ("region", "moon"),
            ("limit", "many"),
            ("sandbox", "true"),
        ])
        .await;
    assert_eq!(wrong.status, 422);
    assert_is_a_safe_page(&wrong);
    assert_answers_are_kept(&wrong);
    assert!(!wrong.text.contains("secret line"), "{}", wrong.text);
    let done = page
        .send(&[
            ("key_file", "\r\n{\r\n  \"a\": 1\r\n}\r\n"),
            ("region", "us"),
            ("limit", "3"),
        ])
        .await;
    assert_eq!(done.status, 200, "{}", done.text);
    let body = json!({ "mask_secret_keys_in_connected_account": false });
    server
        .client
        .patch("/api/v3/org/project/config", body)
        .await
        .expect(200);
    let id = link["connected_account_id"].as_str().unwrap();
    let path = format!("/api/v3/connected_accounts/{id}");
    let data = server.client.get(&path).await.expect(200)["data"].clone();
    assert_eq!(data["key_file"], "{\n  \"a\": 1\n}");
    let rest = [
        &data["region"],
        &data["plan"],
        &data["sandbox"],
        &data["mirror"],
        &data["limit"],
    ];
    assert_eq!(
        rest,
        [
            &json!("us"),
            &json!("free"),
            &json!(false),
            &json!(false),
            &json!(3)
        ]
    );
}

#[rstest]
#[case::script("javascript:alert(1)")]
#[case::data("data:image/svg+xml,<svg onload=alert(1)>")]
#[case::local("file:///etc/passwd")]
#[case::relative("/logo.png")]
#[case::directive("https://a;script-src/x.png")]
#[case::someone("https://ada:secret@app.test/x.png")]
#[tokio::test]
async fn a_picture_that_no_browser_should_load_is_left_out(#[case] logo: &str) {
    let (server, _folder) = server_with_kinds(logo).await;
    let body = json!({ "logo_url": logo, "display_name": "Our App" });
    // Whether or not it may be set, it must not come to a page.
    server
        .client
        .patch("/api/v3/org/project/config", body)
        .await;
    let (_, page) = link_page(&server).await;
    assert_is_a_safe_page(&page.reply);
    assert!(!page.reply.text.contains("<img"), "{}", page.reply.text);
    assert!(
        policy(&page.reply).contains("img-src 'none';"),
        "{}",
        policy(&page.reply)
    );
    assert!(
        page.reply.text.contains("aria-hidden=\"true\">K</span>"),
        "{}",
        page.reply.text
    );
}

#[tokio::test]
async fn very_long_texts_are_shown_and_hold_nothing_up() {
    let (server, _folder) = server_with_kinds("").await;
    let name = format!("{}<i>", "Ünëndlich".repeat(10));
    let body = json!({ "display_name": name });
    server
        .client
        .patch("/api/v3/org/project/config", body)
        .await
        .expect(200);
    let (_, page) = link_page(&server).await;
    assert!(
        page.reply
            .text
            .contains(&name.replace('<', "&#60;").replace('>', "&#62;"))
    );
    let long = "x".repeat(70_000);
    let wrong = page.send(&[("notes", long.as_str())]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("Notes is longer than 65536 bytes."));
}

#[tokio::test]
async fn a_link_that_was_used_or_is_over_shows_the_way_back() {
    let stage = Stage::start().await;
    stage.provider.know("ak-1");
    let config = stage.auth_config("acme", "API_KEY").await;
    let further = json!({ "callback_url": super::CALLBACK });
    let (used, late) = (
        make_link(&stage, &config, further.clone()).await,
        make_link(&stage, &config, further).await,
    );
    let done = open(&stage, &used)
        .await
        .send(&[("generic_api_key", "ak-1")])
        .await;
    let way = location(&done);
    assert!(parameters(&way).contains(&("status".into(), "success".into())));
    stage
        .server
        .clock
        .advance(std::time::Duration::from_secs(601));
    for (link, heading, status) in [
        (
            &used,
            "Acme &#38; Sons is connected already",
            "status=success",
        ),
        (&late, "This link has expired", "status=failed"),
    ] {
        let page = open(&stage, link).await.reply;
        assert_eq!((page.status, page.header("refresh")), (410, None));
        assert_is_a_safe_page(&page);
        assert!(
            page.text.contains(&format!("<h1>{heading}</h1>")),
            "{}",
            page.text
        );
        let way = page.text.split("class=\"button\" href=\"").nth(1).unwrap();
        let way = way.split('"').next().unwrap();
        assert!(
            way.starts_with("https://app.test/back?") && way.contains(status),
            "{way}"
        );
    }
}
