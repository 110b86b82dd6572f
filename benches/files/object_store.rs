//! An S3 server that checks signatures: `object_store FOLDER`, whose folders are its buckets. Says on
//! standard output where it listens; the credentials are `bench` and `bench-secret`.

use std::io::Write;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tower::ServiceExt;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = std::env::args().nth(1);
    let folder = folder.ok_or_else(|| anyhow::anyhow!("usage: object_store FOLDER"))?;
    let files = s3s_fs::FileSystem::new(folder).map_err(|cause| anyhow::anyhow!("{cause:?}"))?;
    let mut builder = S3ServiceBuilder::new(files);
    builder.set_auth(SimpleAuth::from_single("bench", "bench-secret"));
    let router = Router::new().fallback(serve).with_state(builder.build());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout(), "http://{}", listener.local_addr()?)?;
    axum::serve(listener, router).await?;
    Ok(())
}

async fn serve(State(s3): State<S3Service>, request: Request) -> Response {
    match s3.oneshot(request).await {
        Ok(answer) => answer.map(Body::new),
        Err(cause) => {
            let mut answer = Response::new(Body::from(format!("{cause:?}")));
            *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            answer
        }
    }
}
