//! The outbound client against real sockets: limits, redirects, and where credentials go.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method};
use serde_json::json;
use tenon::error::Error;
use tenon::outbound::{AllowedHosts, Outbound, OutboundReply, OutboundRequest};

use crate::support::upstream::{Answer, Upstream};

fn client() -> Outbound {
    Outbound::new(&["127.0.0.0/8".parse().unwrap()]).unwrap()
}

/// A GET with a credential in a header and in the query, allowed to go to the URL's own origin.
fn request(url: &str) -> OutboundRequest {
    let url: url::Url = url.parse().unwrap();
    let mut credential_headers = HeaderMap::new();
    credential_headers.insert("authorization", HeaderValue::from_static("Bearer s3cret"));
    OutboundRequest {
        credential_headers,
        credential_query: vec![("api_key".into(), "s3cret".into())],
        credential_hosts: AllowedHosts::of_url(&url),
        timeout: Duration::from_secs(20),
        ..OutboundRequest::new(Method::GET, url)
    }
}

async fn get(url: &str) -> Result<OutboundReply, Error> {
    client().send(request(url)).await
}

#[track_caller]
fn upstream_message(outcome: Result<OutboundReply, Error>) -> String {
    match outcome {
        Err(Error::Upstream { message, .. }) => message,
        other => panic!("expected an upstream error: {other:?}"),
    }
}

#[tokio::test]
async fn a_request_arrives_with_its_credentials_and_our_name() {
    let upstream = Upstream::start().await;
    let reply = get(&format!("{}/me?page=2", upstream.base)).await.unwrap();
    assert_eq!(
        (reply.status, reply.body.as_ref()),
        (200, br#"{"ok":true}"#.as_slice())
    );
    let call = upstream.call();
    assert_eq!(call.header("authorization"), Some("Bearer s3cret"));
    assert_eq!(call.query, "page=2&api_key=s3cret");
    assert_eq!(
        call.header("user-agent"),
        Some(concat!("tenon/", env!("CARGO_PKG_VERSION")))
    );
}

#[tokio::test]
async fn a_credential_for_another_host_is_refused_before_anything_is_sent() {
    let upstream = Upstream::start().await;
    let stranger = Upstream::start_at("127.0.0.2").await;
    let mut wrong = request(&stranger.base);
    wrong.credential_hosts = AllowedHosts::of_url(&upstream.base.parse().unwrap());
    let refused = client().send(wrong).await.unwrap_err();
    assert!(matches!(refused, Error::Invalid { .. }), "{refused:?}");
    assert!(
        refused.to_string().contains(stranger.authority()),
        "{refused}"
    );
    assert!(stranger.calls().is_empty());
}

#[tokio::test]
async fn a_private_address_is_refused_as_a_literal_and_as_a_name() {
    let guarded = Outbound::new(&[]).unwrap();
    let upstream = Upstream::start().await;
    let port = upstream.port();
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "[::ffff:127.0.0.1]",
        "localhost",
        "localhost.",
    ] {
        let refused = guarded
            .send(request(&format!("http://{host}:{port}/")))
            .await
            .unwrap_err();
        assert!(
            matches!(refused, Error::Invalid { .. }),
            "{host}: {refused:?}"
        );
    }
    assert!(upstream.calls().is_empty());
}

#[tokio::test]
async fn a_redirect_to_a_foreign_host_is_followed_without_credentials() {
    let upstream = Upstream::start().await;
    let stranger = Upstream::start_at("127.0.0.2").await;
    let location = format!("{}/landing?api_key=s3cret&a=1", stranger.base);
    upstream.answer("/start", Answer::redirect(302, &location));
    get(&format!("{}/start", upstream.base)).await.unwrap();
    let call = stranger.call();
    assert_eq!(
        (call.header("authorization"), call.query.as_str()),
        (None, "a=1")
    );
}

#[tokio::test]
async fn a_redirect_within_the_host_keeps_the_credentials() {
    let upstream = Upstream::start().await;
    upstream.answer("/start", Answer::redirect(307, "/landing"));
    get(&format!("{}/start", upstream.base)).await.unwrap();
    let landing = &upstream.calls()[1];
    assert_eq!(landing.path, "/landing");
    assert_eq!(landing.header("authorization"), Some("Bearer s3cret"));
    assert_eq!(landing.query, "api_key=s3cret");
}

#[tokio::test]
async fn a_redirect_to_the_metadata_address_is_refused() {
    let upstream = Upstream::start().await;
    for target in [
        "http://169.254.169.254/latest/meta-data",
        "http://[fd00:ec2::254]/",
        "http://10.0.0.1/",
    ] {
        upstream.answer("/start", Answer::redirect(302, target));
        let message = upstream_message(get(&format!("{}/start", upstream.base)).await);
        assert!(message.contains("redirect was refused"), "{message}");
        upstream.answer("/start", Answer::redirect(302, target));
    }
}

#[tokio::test]
async fn redirects_end() {
    let upstream = Upstream::start().await;
    upstream.answer("/loop", Answer::redirect(302, "/loop"));
    let message = upstream_message(get(&format!("{}/loop", upstream.base)).await);
    assert!(message.contains("more than 5 times"), "{message}");
    assert_eq!(upstream.calls().len(), 6);
}

#[tokio::test]
async fn without_redirects_the_redirect_is_the_answer() {
    let upstream = Upstream::start().await;
    upstream.answer("/start", Answer::redirect(302, "/landing"));
    let mut only_one = request(&format!("{}/start", upstream.base));
    only_one.max_redirects = 0;
    assert_eq!(client().send(only_one).await.unwrap().status, 302);
    assert_eq!(upstream.calls().len(), 1);
}

#[tokio::test]
async fn a_small_answer_that_unpacks_into_a_huge_one_is_cut_off() {
    let upstream = Upstream::start().await;
    let zeros = vec![0; 32 * 1024 * 1024];
    upstream.answer("/bomb", Answer::gzipped(200, "application/json", &zeros));
    let mut bomb = request(&format!("{}/bomb", upstream.base));
    bomb.max_bytes = 1024 * 1024;
    let message = upstream_message(client().send(bomb).await);
    assert!(message.contains("larger than 1048576 bytes"), "{message}");
}

#[tokio::test]
async fn an_answer_at_the_limit_is_read_and_one_over_it_is_refused() {
    let upstream = Upstream::start().await;
    upstream.answer("/exact", Answer::bytes(200, "text/plain", &[b'a'; 1000]));
    upstream.answer("/over", Answer::bytes(200, "text/plain", &[b'a'; 1001]));
    let limited = |path: &str| OutboundRequest {
        max_bytes: 1000,
        ..request(&format!("{}{path}", upstream.base))
    };
    assert_eq!(
        client().send(limited("/exact")).await.unwrap().body.len(),
        1000
    );
    upstream_message(client().send(limited("/over")).await);
}

#[tokio::test]
async fn a_packed_answer_is_unpacked() {
    let upstream = Upstream::start().await;
    let body = json!({ "text": "x".repeat(100_000) }).to_string();
    upstream.answer(
        "/packed",
        Answer::gzipped(200, "application/json", body.as_bytes()),
    );
    let reply = get(&format!("{}/packed", upstream.base)).await.unwrap();
    assert_eq!(reply.body, body.as_bytes());
}

#[tokio::test]
async fn an_answer_to_head_has_no_body_whatever_its_headers_announce() {
    let upstream = Upstream::start().await;
    upstream.answer(
        "/head",
        Answer::gzipped(200, "application/json", &[b'a'; 5000]),
    );
    let mut head = request(&format!("{}/head", upstream.base));
    head.method = Method::HEAD;
    head.max_bytes = 10;
    let reply = client().send(head).await.unwrap();
    assert_eq!((reply.status, reply.body.len()), (200, 0));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error_without_the_query() {
    let upstream = Upstream::start().await;
    upstream.answer("/half", Answer::broken_off());
    let message = upstream_message(get(&format!("{}/half", upstream.base)).await);
    assert!(message.contains("broke off"), "{message}");
    assert!(!message.contains("s3cret"), "{message}");
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_times_out() {
    let upstream = Upstream::start().await;
    upstream.answer("/hang", Answer::hang());
    let mut slow = request(&format!("{}/hang", upstream.base));
    slow.timeout = Duration::from_millis(200);
    match client().send(slow).await {
        Err(Error::Upstream {
            message,
            timed_out: true,
        }) => {
            assert!(
                message.contains("did not answer within 0.2 seconds"),
                "{message}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_closed_port_and_an_unknown_name_are_named_without_the_query() {
    let free_port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let urls = [
        format!("http://127.0.0.1:{free_port}/x"),
        "http://no-such-host.invalid/x".into(),
    ];
    for url in urls {
        let message = upstream_message(get(&url).await);
        assert!(message.contains("could not be reached"), "{message}");
        assert!(
            !message.contains("s3cret") && !message.contains("api_key"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_url_with_a_user_name_is_refused() {
    let refused = get("http://user:pass@127.0.0.1:1/").await.unwrap_err();
    assert!(matches!(refused, Error::Invalid { .. }), "{refused:?}");
    assert!(!refused.to_string().contains("pass@"), "{refused}");
}
