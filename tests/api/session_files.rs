//! Files of a session, by the paths under which it knows them.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::server::TestServer;

struct Mounted {
    server: TestServer,
    mount: String,
}

impl Mounted {
    async fn start() -> Self {
        let server = TestServer::start().await;
        let sessions = "/api/v3/tool_router/session";
        let made = server
            .client
            .post(sessions, json!({ "user_id": "ada" }))
            .await
            .expect(201);
        let id = made["session_id"].as_str().unwrap();
        let mount = format!("{sessions}/{id}/mounts/files");
        Self { server, mount }
    }

    async fn asked(&self, door: &str, path: &str) -> Value {
        let body = json!({ "mount_relative_path": path, "mimetype": "text/plain" });
        self.server
            .client
            .post(&format!("{}/{door}", self.mount), body)
            .await
            .expect(200)
    }

    async fn bring(&self, path: &str, content: &str) {
        let link = self.asked("upload_url", path).await;
        let url = link["upload_url"].as_str().unwrap();
        let brought = self
            .server
            .anonymous
            .send(Method::PUT, url, Some(content.into()))
            .await;
        assert_eq!(brought.status / 100, 2, "{}", brought.text);
    }

    async fn content(&self, path: &str) -> String {
        let link = self.asked("download_url", path).await;
        self.server
            .anonymous
            .get(link["download_url"].as_str().unwrap())
            .await
            .text
    }

    async fn listed(&self, query: &str) -> Value {
        self.server
            .client
            .get(&format!("{}/items{query}", self.mount))
            .await
            .expect(200)
    }
}

fn paths(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| item["mount_relative_path"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_file_is_brought_listed_fetched_and_removed_by_its_path() {
    let mounted = Mounted::start().await;
    mounted.bring("/data/a.txt", "first").await;
    mounted.bring("data/b.txt", "second").await;
    mounted.bring("notes.txt", "third").await;
    let all = mounted.listed("").await;
    assert_eq!(paths(&all), ["data/a.txt", "data/b.txt", "notes.txt"]);
    assert_eq!(all["items"][0]["size"], 5);
    assert_eq!(all["items"][0]["sandbox_mount_prefix"], "/mnt/files");
    assert!(all.get("next_cursor").is_none(), "{all}");
    assert_eq!(
        paths(&mounted.listed("?mount_relative_prefix=data/").await).len(),
        2
    );
    let page = mounted.listed("?limit=2").await;
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = mounted.listed(&format!("?limit=2&cursor={cursor}")).await;
    assert_eq!(paths(&rest), ["notes.txt"]);
    assert_eq!(mounted.content("data/a.txt").await, "first");
    assert_eq!(
        mounted.asked("delete", "data/a.txt").await["mount_relative_path"],
        "data/a.txt"
    );
    mounted.asked("delete", "data/a.txt").await;
    assert_eq!(
        paths(&mounted.listed("").await),
        ["data/b.txt", "notes.txt"]
    );
    let gone = json!({ "mount_relative_path": "data/a.txt" });
    let door = format!("{}/download_url", mounted.mount);
    mounted.server.client.post(&door, gone).await.error(404);
}

#[tokio::test]
async fn a_path_keeps_its_content_until_another_has_come_whole() {
    let mounted = Mounted::start().await;
    mounted.bring("a.txt", "first").await;
    mounted.server.clock.advance(Duration::from_secs(1));
    mounted.asked("upload_url", "a.txt").await;
    assert_eq!(mounted.content("a.txt").await, "first");
    mounted.server.clock.advance(Duration::from_secs(1));
    mounted.bring("a.txt", "the second").await;
    assert_eq!(mounted.content("a.txt").await, "the second");
    let listed = mounted.listed("").await;
    assert_eq!(
        (paths(&listed), &listed["items"][0]["size"]),
        (vec!["a.txt"], &json!(10))
    );
}

#[tokio::test]
async fn a_path_that_leads_out_of_the_mount_and_another_mount_are_refused() {
    let mounted = Mounted::start().await;
    let client = &mounted.server.client;
    for path in ["../a.txt", "a/../../b", "", "a\\b"] {
        let body = json!({ "mount_relative_path": path });
        for door in ["upload_url", "download_url", "delete"] {
            client
                .post(&format!("{}/{door}", mounted.mount), body.clone())
                .await
                .error(400);
        }
    }
    let other = mounted.mount.replace("/mounts/files", "/mounts/other");
    client.get(&format!("{other}/items")).await.error(404);
}

#[tokio::test]
async fn a_file_of_one_session_is_unknown_to_another() {
    let mounted = Mounted::start().await;
    mounted.bring("a.txt", "first").await;
    let client = &mounted.server.client;
    let sessions = "/api/v3/tool_router/session";
    let made = client
        .post(sessions, json!({ "user_id": "ada" }))
        .await
        .expect(201);
    let other = format!(
        "{sessions}/{}/mounts/files",
        made["session_id"].as_str().unwrap()
    );
    assert_eq!(
        client.get(&format!("{other}/items")).await.expect(200)["items"],
        json!([])
    );
    let body = json!({ "mount_relative_path": "a.txt" });
    client
        .post(&format!("{other}/download_url"), body)
        .await
        .error(404);
}
