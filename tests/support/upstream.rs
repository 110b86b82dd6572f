//! A fake upstream service: writes down every request, and answers (or misbehaves) as it is told.

use std::collections::HashMap;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::secrets;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    /// The body as text, as far as it is.
    pub body: String,
    pub bytes: Bytes,
}

impl Call {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }
}

/// What the upstream says.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    fault: Option<Fault>,
    /// How long it takes.
    delay: Duration,
}

/// No text begins with it.
const NO_TEXT: u8 = 0xff;
const FLOOD_CHUNK: usize = 64 * 1024;

#[derive(Debug, Clone, Copy)]
enum Fault {
    /// Never answers.
    Hang,
    /// Sends the body and then breaks off, with more announced.
    BreakOff,
    /// Sends this many bytes.
    Flood(usize),
    /// Sends the body and then nothing more, without an end.
    Stall,
}

impl Answer {
    pub fn json(status: u16, body: &Value) -> Self {
        for name in ["access_token", "refresh_token", "id_token"] {
            body[name].as_str().into_iter().for_each(secrets::note);
        }
        Self::text(status, "application/json", &body.to_string())
    }

    pub fn text(status: u16, content_type: &str, body: &str) -> Self {
        Self::bytes(status, content_type, body.as_bytes())
    }

    pub fn bytes(status: u16, content_type: &str, body: &[u8]) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.to_vec(),
            fault: None,
            delay: Duration::ZERO,
        }
        .header("content-type", content_type)
    }

    pub fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            fault: None,
            delay: Duration::ZERO,
        }
    }

    pub fn redirect(status: u16, location: &str) -> Self {
        Self::empty(status).header("location", location)
    }

    pub fn hang() -> Self {
        Self {
            fault: Some(Fault::Hang),
            ..Self::empty(200)
        }
    }

    /// Announces more than it sends.
    pub fn broken_off() -> Self {
        Self {
            fault: Some(Fault::BreakOff),
            ..Self::text(200, "application/json", "{\"half\":")
        }
    }

    /// A text of this many bytes, without saying so beforehand.
    pub fn flood(bytes: usize) -> Self {
        Self {
            fault: Some(Fault::Flood(bytes)),
            ..Self::text(200, "text/plain", "")
        }
    }

    /// Begins, and never ends.
    pub fn stalled() -> Self {
        Self {
            fault: Some(Fault::Stall),
            ..Self::text(200, "text/plain", "the beginning")
        }
    }

    /// The same as bytes that are no text.
    #[must_use]
    pub fn in_bytes(mut self) -> Self {
        self.headers.retain(|(name, _)| *name != "content-type");
        self.body.insert(0, NO_TEXT);
        self.header("content-type", "application/octet-stream")
    }

    /// The body packed by gzip.
    pub fn gzipped(status: u16, content_type: &str, body: &[u8]) -> Self {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(body).expect("memory does not fail");
        let packed = gzip.finish().expect("memory does not fail");
        Self::bytes(status, content_type, &packed).header("content-encoding", "gzip")
    }

    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The same answer after a while.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    async fn into_response(self, cut_off: Arc<AtomicUsize>) -> Response {
        // From the first moment on: the caller may go away during the delay, too.
        let waits = matches!(self.fault, Some(Fault::Hang | Fault::Stall));
        let counted = waits.then(|| CutOff(cut_off));
        tokio::time::sleep(self.delay).await;
        let mut response = Response::builder().status(StatusCode::from_u16(self.status).unwrap());
        for (name, value) in &self.headers {
            response = response.header(*name, value);
        }
        let body = match self.fault {
            None => Body::from(self.body),
            Some(Fault::Hang) => {
                let _counted = counted;
                tokio::time::sleep(Duration::from_mins(10)).await;
                Body::empty()
            }
            Some(Fault::Flood(bytes)) => {
                let filling = *self.body.first().unwrap_or(&b'x');
                let chunk = Bytes::from(vec![filling; FLOOD_CHUNK]);
                let chunks = std::iter::repeat_n(chunk, bytes / FLOOD_CHUNK);
                Body::from_stream(stream::iter(chunks.map(Ok::<_, std::io::Error>)))
            }
            Some(Fault::Stall) => {
                let sent = stream::iter([Ok(Bytes::from(self.body))]);
                let rest = stream::once(async move {
                    let _counted = counted;
                    std::future::pending::<Result<Bytes, std::io::Error>>().await
                });
                Body::from_stream(sent.chain(rest))
            }
            Some(Fault::BreakOff) => {
                response = response.header("content-length", self.body.len() + 100);
                let sent = stream::iter([Ok(Bytes::from(self.body))]);
                let cut = stream::once(async {
                    // Long enough for the first part to leave.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    Err(std::io::Error::other("cut"))
                });
                Body::from_stream(sent.chain(cut))
            }
        };
        response.body(body).expect("a valid answer")
    }
}

/// Counts the calls that their callers gave up.
struct CutOff(Arc<AtomicUsize>);

impl Drop for CutOff {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[derive(Debug, Clone, Default)]
struct Script {
    cut_off: Arc<AtomicUsize>,
    calls: Arc<Mutex<Vec<Call>>>,
    /// By path: answers in turn, the last one for ever.
    answers: Arc<Mutex<HashMap<String, Vec<Answer>>>>,
}

/// A running upstream; it stops when dropped.
#[derive(Debug)]
pub struct Upstream {
    /// `http://address:port`
    pub base: String,
    script: Script,
    task: JoinHandle<()>,
}

impl Upstream {
    pub async fn start() -> Self {
        Self::start_at("127.0.0.1").await
    }

    /// On another loopback address, to be another host.
    pub async fn start_at(ip: &str) -> Self {
        let address = SocketAddr::new(ip.parse().expect("an address"), 0);
        let listener = tokio::net::TcpListener::bind(address)
            .await
            .expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let script = Script::default();
        let task = serve_at(listener, &script);
        Self { base, script, task }
    }

    /// From now on nobody can connect.
    pub async fn stop(&mut self) {
        self.task.abort();
        // It is cancelled, and its listener closed.
        let _ = (&mut self.task).await;
    }

    /// After [`Self::stop`]: at the same address again.
    pub async fn start_again(&mut self) {
        let listener = tokio::net::TcpListener::bind(self.authority())
            .await
            .expect("the port is free still");
        self.task = serve_at(listener, &self.script);
    }

    /// The next answer at `path`. Answers at one path are given in turn, the last one for ever; a
    /// path without any answers `{"ok": true}`.
    pub fn answer(&self, path: &str, answer: Answer) {
        let mut answers = self.script.answers.lock().unwrap();
        answers.entry(path.to_owned()).or_default().push(answer);
    }

    /// Drops what was to be answered at `path`.
    pub fn forget(&self, path: &str) {
        self.script.answers.lock().unwrap().remove(path);
    }

    /// Every request so far.
    pub fn calls(&self) -> Vec<Call> {
        self.script.calls.lock().unwrap().clone()
    }

    /// How many hanging calls ended because their connection did.
    pub fn cut_off(&self) -> usize {
        self.script.cut_off.load(Ordering::SeqCst)
    }

    /// The one request so far.
    #[track_caller]
    pub fn call(&self) -> Call {
        let mut calls = self.calls();
        assert_eq!(calls.len(), 1, "{calls:#?}");
        calls.remove(0)
    }

    /// Address and port.
    pub fn authority(&self) -> &str {
        self.base.strip_prefix("http://").expect("an http URL")
    }
}

impl Upstream {
    /// The port alone.
    pub fn port(&self) -> &str {
        self.authority().rsplit_once(':').expect("a port").1
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn serve_at(listener: tokio::net::TcpListener, script: &Script) -> JoinHandle<()> {
    let router = Router::new().fallback(serve).with_state(script.clone());
    #[expect(
        clippy::disallowed_methods,
        reason = "the fake is not part of the server"
    )]
    tokio::spawn(async move {
        axum::serve(listener, router)
            .await
            .expect("the fake serves");
    })
}

async fn serve(State(script): State<Script>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX)
        .await
        .unwrap_or_default();
    let path = parts.uri.path().to_owned();
    script.calls.lock().unwrap().push(Call {
        method: parts.method.to_string(),
        path: path.clone(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
        bytes: body,
    });
    let answer = {
        let mut answers = script.answers.lock().unwrap();
        match answers.get_mut(&path) {
            None => Answer::json(200, &json!({ "ok": true })),
            Some(turns) if turns.len() > 1 => turns.remove(0),
            Some(turns) => turns[0].clone(),
        }
    };
    answer.into_response(script.cut_off).await
}
