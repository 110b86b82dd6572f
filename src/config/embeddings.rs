//! Settings of the embedding model by which searches go beside words.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, value_parser};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::language_model::check_base;
use super::read_secret;
use crate::error::{Error, Result};

const EMBEDDINGS: &str = "Embeddings";

/// Settings of the embedding model. There is none until a URL or a directory is set.
#[derive(Debug, Clone, Args)]
pub struct EmbeddingSettings {
    /// Base URL of an OpenAI-compatible API, such as `https://api.openai.com/v1`: embeds tools'
    /// texts and queries. A private address must be in `TENON_ALLOW_CIDRS`.
    #[arg(long, env = "TENON_EMBEDDINGS_URL", value_name = "URL", help_heading = EMBEDDINGS)]
    pub embeddings_url: Option<Url>,
    /// The model's name there.
    #[arg(long, env = "TENON_EMBEDDINGS_MODEL", value_name = "MODEL", help_heading = EMBEDDINGS)]
    pub embeddings_model: Option<String>,
    /// The API key to use there, if it needs one.
    #[arg(long, env = "TENON_EMBEDDINGS_API_KEY", hide_env_values = true, value_name = "KEY", help_heading = EMBEDDINGS)]
    pub embeddings_api_key: Option<SecretString>,
    /// Directory of a sentence-transformers model, which runs in this process instead: `model.onnx`
    /// or `onnx/model.onnx`, and `tokenizer.json`.
    #[arg(long, env = "TENON_EMBEDDINGS_DIR", value_name = "DIRECTORY", help_heading = EMBEDDINGS)]
    pub embeddings_dir: Option<PathBuf>,
    /// How long a search waits for what its query means, in milliseconds; then it goes by words
    /// alone.
    #[arg(long = "embeddings-timeout", env = "TENON_EMBEDDINGS_TIMEOUT_MS", default_value_t = 300, value_parser = value_parser!(u64).range(1..=30_000), value_name = "MILLISECONDS", help_heading = EMBEDDINGS)]
    pub embeddings_timeout_ms: u64,
}

impl EmbeddingSettings {
    /// Reads the key, and refuses what cannot be.
    pub(super) fn check(mut self) -> Result<Self> {
        if let Some(key) = &mut self.embeddings_api_key {
            *key = read_secret(key)?;
        }
        // Compose files hand variables on that are not set.
        self.embeddings_api_key
            .take_if(|value| value.expose_secret().is_empty());
        self.embeddings_model
            .take_if(|model| model.trim().is_empty());
        self.embeddings_dir
            .take_if(|directory| directory.as_os_str().is_empty());
        if self.embeddings_url.is_some() && self.embeddings_dir.is_some() {
            return Err(Error::invalid(
                "TENON_EMBEDDINGS_URL and TENON_EMBEDDINGS_DIR cannot both be set: embeddings come \
                 from one model",
            ));
        }
        if self.embeddings_url.is_some() != self.embeddings_model.is_some() {
            return Err(Error::invalid(
                "TENON_EMBEDDINGS_URL and TENON_EMBEDDINGS_MODEL are set both or not at all",
            ));
        }
        if let Some(url) = &self.embeddings_url {
            check_base("TENON_EMBEDDINGS_URL", url)?;
        }
        Ok(self)
    }

    /// How long a search waits for what its query means.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        Duration::from_millis(self.embeddings_timeout_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: Option<&str>, model: Option<&str>, dir: Option<&str>) -> EmbeddingSettings {
        EmbeddingSettings {
            embeddings_url: url.map(|url| Url::parse(url).unwrap()),
            embeddings_model: model.map(str::to_owned),
            embeddings_api_key: Some(SecretString::from("")),
            embeddings_dir: dir.map(PathBuf::from),
            embeddings_timeout_ms: 300,
        }
    }

    #[test]
    fn embeddings_come_from_a_model_at_a_url_or_from_a_directory() {
        let url = Some("http://127.0.0.1:11434/v1");
        for (url, model, dir) in [
            (None, None, None),
            (None, Some(" "), Some("")),
            (None, None, Some("/models/minilm")),
            (url, Some("m"), None),
        ] {
            let good = settings(url, model, dir).check().unwrap();
            assert!(good.embeddings_api_key.is_none());
        }
        for (url, model, dir, named) in [
            (url, None, None, "TENON_EMBEDDINGS_MODEL"),
            (None, Some("m"), None, "TENON_EMBEDDINGS_URL"),
            (url, Some("m"), Some("/models"), "TENON_EMBEDDINGS_DIR"),
            (Some("ftp://x.test/v1"), Some("m"), None, "http"),
        ] {
            let error = settings(url, model, dir).check().unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
