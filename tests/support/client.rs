//! A plain HTTP client that shows what came back.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::secrets;

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|cause| panic!("no JSON ({cause}): {}", self.text))
    }

    /// The body as JSON of an answer that must have this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    /// The error object of an answer that must have this status.
    #[track_caller]
    pub fn error(&self, status: u16) -> Value {
        self.expect(status)["error"].clone()
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Calls one server with fixed headers; follows no redirects.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    headers: Vec<(&'static str, String)>,
}

impl Client {
    pub fn new(base: &str) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the tests' own client, not the product's"
        )]
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client");
        Self {
            http,
            base: base.to_owned(),
            headers: Vec::new(),
        }
    }

    /// The same client with one more header.
    #[must_use]
    pub fn with_header(&self, name: &'static str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.retain(|(present, _)| *present != name);
        client.headers.push((name, value.to_owned()));
        client
    }

    /// The same client at another server.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self {
            base: base.to_owned(),
            ..self.clone()
        }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body.to_string())).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PATCH, path, Some(body.to_string())).await
    }

    /// Any method and any body; `path` may be a whole URL.
    pub async fn send(&self, method: Method, path: &str, body: Option<String>) -> Reply {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base)
        };
        if let Some(body) = body
            .as_deref()
            .and_then(|body| serde_json::from_str(body).ok())
        {
            secrets::sent(&body);
        }
        let is_ours = url.starts_with(&self.base);
        let mut request = self.http.request(method, url);
        // A link may lead elsewhere, where the key is nobody's business.
        for (name, value) in self.headers.iter().filter(|_| is_ours) {
            request = request.header(*name, value);
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        let response = request.send().await.expect("the server answers");
        let reply = Reply {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.expect("a whole body"),
        };
        if is_ours {
            secrets::keep(path, &reply);
        }
        reply
    }
}
