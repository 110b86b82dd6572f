//! Whether a connection outlives its answer, and whether the client is told, by a socket that sends less
//! than it announced.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::server::TestServer;

const CONFIG: &str = "/api/v3/org/project/config";

/// Everything that comes back for these bytes until the server closes the connection.
async fn answers(server: &TestServer, requests: &str) -> String {
    let address = server.base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(requests.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn says_close(answer: &str) -> bool {
    let (head, _) = answer.split_once("\r\n\r\n").unwrap();
    head.contains("\r\nconnection: close")
}

fn request(line: &str, key: &str, body: &str, length: usize) -> String {
    format!(
        "{line} HTTP/1.1\r\nhost: tenon\r\nx-api-key: {key}\r\naccept: */*\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn a_refusal_before_the_body_is_read_says_that_the_connection_ends() {
    let server = TestServer::with(&["--max-body-bytes", "1000"]).await;
    let patch = format!("PATCH {CONFIG}");
    for (line, key, status) in [
        (patch.as_str(), "ak_wrong", 401),
        (&patch, &server.api_key, 413),
        ("POST /api/v3/nothing", &server.api_key, 404),
        ("POST /health", &server.api_key, 405),
        ("POST /api/v3/triggers_types", &server.api_key, 501),
        ("PUT /api/v3/files/content/x", &server.api_key, 403),
        ("POST /tool_router/nothing/mcp", "ak_wrong", 401),
    ] {
        let answer = answers(&server, &request(line, key, &" ".repeat(2000), 9_000_000)).await;
        let begin = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&begin), "{line}: {answer}");
        assert!(says_close(&answer), "{line}: {answer}");
    }
}

#[tokio::test]
async fn a_small_body_that_nobody_reads_keeps_the_connection() {
    let server = TestServer::start().await;
    let line = format!("PATCH {CONFIG}");
    let first = request(&line, "ak_wrong", "{}", 2);
    let last = request("DELETE /health", "", "", 0)
        .replace("host: tenon", "host: tenon\r\nconnection: close");
    let both = answers(&server, &(first + &last)).await;
    assert!(both.starts_with("HTTP/1.1 401 "), "{both}");
    assert!(!says_close(&both), "{both}");
    assert_eq!(both.matches("HTTP/1.1 405 ").count(), 1, "{both}");
}

#[tokio::test]
async fn a_small_body_that_does_not_come_ends_the_connection() {
    let server = TestServer::start().await;
    let line = format!("PATCH {CONFIG}");
    let answer = answers(&server, &request(&line, "ak_wrong", "{", 2)).await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    assert!(says_close(&answer), "{answer}");
}

#[tokio::test]
async fn a_body_that_was_read_keeps_the_connection_whatever_the_answer_is() {
    let server = TestServer::start().await;
    let key = &server.api_key;
    let line = format!("PATCH {CONFIG}");
    for (body, status) in [("{}", 200), ("{,", 400)] {
        let first = request(&line, key, body, body.len());
        let last = format!(
            "GET {CONFIG} HTTP/1.1\r\nhost: tenon\r\nx-api-key: {key}\r\nconnection: close\r\n\r\n"
        );
        let both = answers(&server, &(first + &last)).await;
        assert!(both.starts_with(&format!("HTTP/1.1 {status} ")), "{both}");
        assert!(!says_close(&both), "{both}");
        assert_eq!(
            both.matches("HTTP/1.1 200 OK\r\n").count(),
            if status == 200 { 2 } else { 1 }
        );
    }
}
