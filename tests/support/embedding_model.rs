//! A fake OpenAI-compatible embedding model, of which texts are near that share words, and those that a
//! test says mean the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::{Value, json};

pub const MODEL: &str = "test-embedding-1";
pub const API_KEY: &str = "sk-emb-51c0a7d9e2";
const DIMENSIONS: usize = 1_024;
const MOST_INPUTS: usize = 2_048;
const FLOOD: usize = 64 * 1024 * 1024;

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    Down,
    Hanging,
    OtherDimensions,
    Directionless,
    TooFew,
    NoList,
    Flooding,
}

#[derive(Default)]
struct Told {
    inputs: Vec<Vec<String>>,
    meanings: HashMap<String, String>,
    mood: Option<Mood>,
}

pub struct EmbeddingModel {
    pub base: String,
    told: Arc<Mutex<Told>>,
}

impl EmbeddingModel {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/v1", listener.local_addr().unwrap());
        let told = Arc::new(Mutex::new(Told::default()));
        let router = Router::new()
            .route("/v1/embeddings", axum::routing::post(answer))
            .with_state(Arc::clone(&told));
        #[expect(
            clippy::disallowed_methods,
            reason = "the fake lives as long as the test"
        )]
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { base, told }
    }

    /// The server's flags that lead here; loopback addresses are allowed.
    pub fn flags(&self) -> Vec<String> {
        [
            "--allow-cidrs",
            "127.0.0.0/8",
            "--embeddings-url",
            &format!("{}/", self.base),
            "--embeddings-model",
            MODEL,
            "--embeddings-api-key",
            API_KEY,
        ]
        .map(str::to_owned)
        .to_vec()
    }

    /// By what the server's database knows its vectors.
    pub fn id(&self) -> String {
        format!("{MODEL} at {}/embeddings", self.base)
    }

    /// From now on `text` means the same as `other`.
    pub fn means(&self, text: &str, other: &str) {
        let mut told = self.told.lock().unwrap();
        told.meanings.insert(text.to_owned(), other.to_owned());
    }

    pub fn is(&self, mood: Mood) {
        self.told.lock().unwrap().mood = Some(mood);
    }

    /// The texts of each request so far.
    pub fn asked(&self) -> Vec<Vec<String>> {
        self.told.lock().unwrap().inputs.clone()
    }
}

async fn answer(State(told): State<Arc<Mutex<Told>>>, headers: HeaderMap, body: Bytes) -> Response {
    let bearer = format!("Bearer {API_KEY}");
    assert_eq!(headers["authorization"].to_str().unwrap(), bearer);
    assert_eq!(headers["content-type"], "application/json");
    let body: Value = serde_json::from_slice(&body).unwrap();
    let fields = body.as_object().unwrap();
    assert_eq!(fields.len(), 2, "{fields:?}");
    assert_eq!(fields["model"], MODEL);
    let inputs: Vec<String> = serde_json::from_value(fields["input"].clone()).unwrap();
    assert!((1..=MOST_INPUTS).contains(&inputs.len()));
    assert!(inputs.iter().all(|input| !input.is_empty()));
    let (mood, vectors) = {
        let mut told = told.lock().unwrap();
        told.inputs.push(inputs.clone());
        let meant = |input: &String| told.meanings.get(input).unwrap_or(input).clone();
        let vectors: Vec<Vec<f32>> = inputs.iter().map(|input| vector(&meant(input))).collect();
        (told.mood.unwrap_or(Mood::Well), vectors)
    };
    match mood {
        Mood::Well => list(vectors),
        Mood::Down => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Mood::Hanging => {
            tokio::time::sleep(Duration::from_mins(10)).await;
            StatusCode::OK.into_response()
        }
        Mood::OtherDimensions => list(vec![vec![1.0; 3]; vectors.len()]),
        Mood::Directionless => list(vec![vec![0.0; DIMENSIONS]; vectors.len()]),
        Mood::TooFew => list(vectors.into_iter().skip(1).collect()),
        Mood::NoList => axum::Json(json!({ "error": "no" })).into_response(),
        Mood::Flooding => {
            let chunk = Bytes::from(vec![b' '; 64 * 1024]);
            let chunks = std::iter::repeat_n(chunk, FLOOD / (64 * 1024));
            Body::from_stream(stream::iter(chunks.map(Ok::<_, std::io::Error>))).into_response()
        }
    }
}

/// In an order of its own, which the protocol allows.
fn list(vectors: Vec<Vec<f32>>) -> Response {
    let one = |(index, embedding): (usize, Vec<f32>)| json!({ "object": "embedding", "index": index, "embedding": embedding });
    let mut data: Vec<Value> = vectors.into_iter().enumerate().map(one).collect();
    data.reverse();
    axum::Json(json!({ "object": "list", "data": data, "model": MODEL,
        "usage": { "prompt_tokens": 1, "total_tokens": 1 } }))
    .into_response()
}

/// Each word counts at a place of its own, or nearly.
fn vector(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0; DIMENSIONS];
    for word in text
        .to_lowercase()
        .split(|letter: char| !letter.is_alphanumeric())
    {
        let number = word.bytes().fold(7_usize, |number, byte| {
            (number * 31 + usize::from(byte)) % 1_000_003
        });
        vector[number % DIMENSIONS] += if number % 2 == 0 { 1.0 } else { -1.0 };
    }
    vector
}
