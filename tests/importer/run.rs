//! An imported toolkit in a running server: what the description demands is what the service gets.

use serde_json::json;
use tenon::importer::Wishes;
use tenon::importer::folder::{Source, import};
use tenon::scheme::Scheme;
use tenon::time::Timestamp;

use super::SHOP;
use crate::support::accounts::NewAccount;
use crate::support::server::TestServer;
use crate::support::upstream::Upstream;

#[tokio::test]
async fn an_imported_tool_sends_what_the_description_demands() {
    let upstream = Upstream::start().await;
    let folder = tempfile::tempdir().unwrap();
    let source = Source {
        from: "shop.yaml".into(),
        bytes: SHOP.as_bytes().to_vec(),
    };
    let wishes = Wishes {
        base_url: Some(upstream.base.parse().unwrap()),
        ..Wishes::default()
    };
    import(&source, &wishes, folder.path(), Timestamp::from_millis(0)).unwrap();
    let path = folder.path().display().to_string();
    let server = TestServer::with(&["--allow-cidrs", "127.0.0.0/8", "--toolkits-dir", &path]).await;
    let key = json!({ "generic_api_key": "sesame" });
    NewAccount::new("shop", Scheme::ApiKey, key)
        .store(&server)
        .await;

    let body = json!({ "user_id": "ada", "arguments": {
        "shelf_id": "a b", "page_size": 5, "tags": ["x", "y"], "ids": ["1", "2"], "filter_color": "red"
    } });
    let list = server
        .client
        .post("/api/v3/tools/execute/SHOP_LIST_THINGS_OF_A_SHELF", body)
        .await;
    assert_eq!(list.expect(200)["successful"], true);
    let call = upstream.call();
    assert_eq!(
        (call.method.as_str(), call.path.as_str()),
        ("GET", "/shelves/a%20b/things")
    );
    let sent: Vec<(String, String)> = url::form_urlencoded::parse(call.query.as_bytes())
        .into_owned()
        .collect();
    let expected = [
        ("page[size]", "5"),
        ("tags", "x,y"),
        ("ids", "1|2"),
        ("filter[color]", "red"),
    ];
    assert_eq!(
        sent,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    assert_eq!(call.header("x-api-key"), Some("sesame"));
    assert_eq!(call.header("x-version"), Some("7"));

    let body = json!({ "user_id": "ada", "arguments": {
        "shelf_id": "1", "body_shelf_id": "2", "name": "Lamp", "price": "9.50", "maker": { "name": "Ada" }
    } });
    let sell = server
        .client
        .post("/api/v3/tools/execute/SHOP_SELL_A_THING", body)
        .await;
    assert_eq!(sell.expect(200)["successful"], true);
    let call = upstream.calls().pop().unwrap();
    assert_eq!(
        (call.method.as_str(), call.path.as_str()),
        ("POST", "/shelves/1/things")
    );
    assert_eq!(
        call.json(),
        json!({ "shelf-id": "2", "name": "Lamp", "price": "9.50", "maker": { "name": "Ada" } })
    );

    let body = json!({ "user_id": "ada", "arguments": { "shelf_id": "1" } });
    let nameless = server
        .client
        .post("/api/v3/tools/execute/SHOP_SELL_A_THING", body)
        .await;
    assert!(
        nameless.error(400).to_string().contains("name"),
        "the description demands it"
    );
    assert_eq!(upstream.calls().len(), 2, "nothing is sent");
}
