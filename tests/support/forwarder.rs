//! A customer's own endpoint in front of our callback: hands the browser on with every parameter,
//! as the manual of white-labelling has it.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::Redirect;
use axum::routing::get;
use tokio::task::JoinHandle;

/// The running endpoint.
pub struct Forwarder {
    /// What the customer registers with the provider.
    pub url: String,
    target: Arc<Mutex<String>>,
    task: JoinHandle<()>,
}

impl Forwarder {
    pub async fn start() -> Self {
        let target = Arc::new(Mutex::new(String::new()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new()
            .route("/api/oauth-return", get(forward))
            .with_state(Arc::clone(&target));
        let serve = axum::serve(listener, router).into_future();
        #[expect(
            clippy::disallowed_methods,
            reason = "a fake has no shutdown to wait for"
        )]
        let task = tokio::spawn(async move { serve.await.expect("it serves") });
        Self {
            url: format!("http://{address}/api/oauth-return"),
            target,
            task,
        }
    }

    /// Says where our server is.
    pub fn lead_to(&self, base: &str) {
        let callback = format!("{base}/api/v3/toolkits/auth/callback");
        *self.target.lock().expect("no panic under the lock") = callback;
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn forward(State(target): State<Arc<Mutex<String>>>, RawQuery(query): RawQuery) -> Redirect {
    let target = target.lock().expect("no panic under the lock").clone();
    Redirect::to(&format!("{target}?{}", query.unwrap_or_default()))
}
