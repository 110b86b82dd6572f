//! The operator's embedding model, if there is one: what it is, what it made of the last queries, and
//! what it has still to learn. `meanings` asks it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use moka::sync::Cache;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Notify;
use url::Url;

use crate::catalog::{Meanings, ToolText};
use crate::config::EmbeddingSettings;
use crate::error::{Error, Result};
use crate::sentence_model::SentenceModel;
use crate::storage::own_toolkits::Owner;

/// Queries whose vectors are remembered.
const MOST_QUERIES: u64 = 2_000;
const LONGEST_LIFE: Duration = Duration::from_hours(1);

/// The embedding model, and what is known and to be learned of it. None by default.
#[derive(Debug)]
pub struct Embeddings {
    /// What makes vectors of texts.
    pub engine: Option<Engine>,
    /// Vectors of length 1, by query.
    pub queries: Cache<String, Arc<[f32]>>,
    lessons: Mutex<VecDeque<Lesson>>,
    arrived: Notify,
    /// That the model failed is told once, until it answers again.
    is_failing: AtomicBool,
}

/// What makes vectors of texts.
#[derive(Debug)]
pub enum Engine {
    /// An OpenAI-compatible API.
    Url(RemoteModel),
    /// A model in this process.
    Directory(SentenceModel),
}

/// A model at a URL.
#[derive(Debug)]
pub struct RemoteModel {
    /// Of `POST /embeddings`.
    pub url: Url,
    /// The model's name there.
    pub name: String,
    /// The header with its key, if it needs one.
    pub authorization: Option<HeaderValue>,
    id: String,
}

/// Texts to be learned.
#[derive(Debug)]
pub struct Lesson {
    /// Whose they are.
    pub owner: Owner,
    /// In the order of their hashes.
    pub texts: Vec<ToolText>,
    /// Where their vectors go.
    pub meanings: Meanings,
}

impl Default for Embeddings {
    fn default() -> Self {
        Self {
            engine: None,
            queries: Cache::builder()
                .max_capacity(MOST_QUERIES)
                .time_to_live(LONGEST_LIFE)
                .build(),
            lessons: Mutex::default(),
            arrived: Notify::new(),
            is_failing: AtomicBool::new(false),
        }
    }
}

impl Embeddings {
    /// The model that the settings name.
    ///
    /// # Errors
    /// When it is a directory that holds no model which can run here, or a key that no header can carry.
    pub fn of(settings: &EmbeddingSettings) -> Result<Self> {
        let engine = match &settings.embeddings_dir {
            Some(directory) => Some(Engine::Directory(SentenceModel::open(directory)?)),
            None => RemoteModel::of(settings)?.map(Engine::Url),
        };
        Ok(Self {
            engine,
            ..Self::default()
        })
    }

    fn lessons(&self) -> MutexGuard<'_, VecDeque<Lesson>> {
        self.lessons.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what is to be learned soon.
    pub fn take(&self, lesson: Lesson) {
        if !lesson.texts.is_empty() {
            self.lessons().push_back(lesson);
            self.arrived.notify_one();
        }
    }

    /// What is to be learned next; waits until there is something.
    pub async fn next_lesson(&self) -> Lesson {
        loop {
            let next = self.lessons().pop_front();
            if let Some(lesson) = next {
                return lesson;
            }
            self.arrived.notified().await;
        }
    }

    /// Tells the operator when the model begins or ceases to fail.
    pub fn note<T>(&self, outcome: &Result<T>) {
        match outcome {
            Ok(_) if self.is_failing.swap(false, Ordering::Relaxed) => {
                tracing::info!("the embedding model answers again");
            }
            Err(error) if !self.is_failing.swap(true, Ordering::Relaxed) => tracing::warn!(
                error = error.with_causes(),
                "the embedding model does not answer; what it has not embedded is searched by words \
                 alone"
            ),
            Ok(_) | Err(_) => {}
        }
    }
}

impl Engine {
    /// Tells its vectors from those of other models.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Url(remote) => &remote.id,
            Self::Directory(model) => model.id(),
        }
    }
}

impl RemoteModel {
    /// The one that is set.
    fn of(settings: &EmbeddingSettings) -> Result<Option<Self>> {
        let (Some(base), Some(name)) = (&settings.embeddings_url, &settings.embeddings_model)
        else {
            return Ok(None);
        };
        let mut url = base.clone();
        url.set_path(&format!("{}/embeddings", base.path().trim_end_matches('/')));
        let key = settings.embeddings_api_key.as_ref();
        Ok(Some(Self {
            // The same name may mean another model elsewhere.
            id: format!("{name} at {url}"),
            url,
            name: name.clone(),
            authorization: key.map(bearer).transpose()?,
        }))
    }
}

fn bearer(key: &SecretString) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret()))
        .map_err(|_| Error::invalid("TENON_EMBEDDINGS_API_KEY holds what no key can"))?;
    value.set_sensitive(true);
    Ok(value)
}
