//! `/openapi.json` and `/docs`.

use crate::support::server::TestServer;

#[tokio::test]
async fn the_document_is_served_as_it_is_committed_by_command() {
    let server = TestServer::start().await;
    let reply = server.anonymous.get("/openapi.json").await;
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.text, tenon::api::openapi::document_text().unwrap());
}

#[tokio::test]
async fn the_reference_page_shows_every_operation_and_loads_nothing_from_elsewhere() {
    let server = TestServer::start().await;
    let reply = server.anonymous.get("/docs").await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(
        reply.header("content-security-policy"),
        Some("default-src 'none'; style-src 'unsafe-inline'")
    );
    for loading in ["<script", "<link", "<img", "src=", "@import", "url("] {
        assert!(!reply.text.contains(loading), "{loading}");
    }
    let links = reply.text.split("href=\"").skip(1);
    for link in links {
        assert!(link.starts_with(['#', '/']), "{link}");
    }
    let document = server.anonymous.get("/openapi.json").await.json();
    for (path, item) in document["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(
                reply.text.contains(&format!("<details id=\"{id}\">")),
                "{id}"
            );
        }
        assert!(reply.text.contains(&format!("{path}</code>")), "{path}");
    }
}
