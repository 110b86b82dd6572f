//! A real S3 server in this process, which checks every signature; it notes who comes, and fails when
//! it is told to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tower::ServiceExt;

pub const ACCESS_KEY: &str = "AKIDTENONTESTS";
pub const SECRET_KEY: &str = "s3-secret-9d1f00b7c2";
pub const BUCKET: &str = "contents";

/// How the store misbehaves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Fault {
    #[default]
    None,
    /// Answers every request with 503.
    Unavailable,
    /// Never answers.
    Hang,
    /// Sends everybody elsewhere.
    Redirect(String),
    /// Tells no hashes, as a bucket that is encrypted by a key of one's own.
    NoHashes,
}

#[derive(Clone)]
struct Inside {
    s3: S3Service,
    fault: Arc<Mutex<Fault>>,
    seen: Arc<Mutex<Vec<String>>>,
}

/// A running object store with one empty bucket; it stops when dropped.
pub struct ObjectStore {
    /// `http://127.0.0.1:port`
    pub base: String,
    dir: TempDir,
    inside: Inside,
    task: JoinHandle<()>,
}

impl ObjectStore {
    pub async fn start() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join(BUCKET)).expect("a bucket");
        let files = s3s_fs::FileSystem::new(dir.path()).expect("a file system");
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let inside = Inside {
            s3: builder.build(),
            fault: Arc::default(),
            seen: Arc::default(),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(serve).with_state(inside.clone());
        #[expect(
            clippy::disallowed_methods,
            reason = "the store is not part of the server"
        )]
        let task = tokio::spawn(async move {
            axum::serve(listener, router)
                .await
                .expect("the store serves");
        });
        Self {
            base,
            dir,
            inside,
            task,
        }
    }

    /// The flags of a server whose files lie here.
    pub fn flags(&self) -> Vec<&str> {
        vec![
            "--files-s3-bucket",
            BUCKET,
            "--files-s3-endpoint",
            &self.base,
            "--files-s3-allow-http",
            "true",
            "--files-s3-access-key-id",
            ACCESS_KEY,
            "--files-s3-secret-access-key",
            SECRET_KEY,
        ]
    }

    pub fn misbehave(&self, fault: Fault) {
        *self.inside.fault.lock().unwrap() = fault;
    }

    /// Every request so far, as `METHOD /path`.
    pub fn seen(&self) -> Vec<String> {
        self.inside.seen.lock().unwrap().clone()
    }

    /// The keys of all objects, in order.
    pub fn objects(&self) -> Vec<String> {
        let bucket = self.dir.path().join(BUCKET);
        let (mut found, mut open) = (Vec::new(), vec![bucket.clone()]);
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).expect("the bucket") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let key = path.strip_prefix(&bucket).expect("in the bucket");
                    found.push(key.display().to_string());
                }
            }
        }
        found.sort();
        found
    }

    /// Parts of uploads that are neither complete nor given up.
    pub fn loose_parts(&self) -> usize {
        let entries = std::fs::read_dir(self.dir.path()).expect("the folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        names
            .filter(|name| name.to_string_lossy().starts_with(".upload_id-"))
            .count()
    }

    /// Stops listening: connections are refused from now on.
    pub fn die(&self) {
        self.task.abort();
    }
}

impl Drop for ObjectStore {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(State(inside): State<Inside>, request: Request) -> Response {
    let line = format!("{} {}", request.method(), request.uri().path());
    inside.seen.lock().unwrap().push(line);
    let fault = inside.fault.lock().unwrap().clone();
    match fault {
        Fault::None | Fault::NoHashes => {}
        Fault::Unavailable => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Fault::Hang => {
            tokio::time::sleep(Duration::from_mins(10)).await;
            return StatusCode::GATEWAY_TIMEOUT.into_response();
        }
        Fault::Redirect(to) => {
            return (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response();
        }
    }
    let answer = inside.s3.clone().oneshot(request).await;
    let mut answer = answer.expect("an answer").map(Body::new);
    if fault == Fault::NoHashes {
        let tag = HeaderValue::from_static("\"0123456789abcdef0123456789abcdef\"");
        answer.headers_mut().insert(header::ETAG, tag);
    }
    answer
}
