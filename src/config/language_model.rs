//! Settings of the language model that makes tools' arguments from text.

use std::time::Duration;

use clap::{ArgAction, Args, value_parser};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::read_secret;
use crate::error::{Error, Result};

const LANGUAGE_MODEL: &str = "Language model";

/// Settings of the language model. There is none until it is set.
#[derive(Debug, Clone, Args)]
pub struct LanguageModelSettings {
    /// Base URL of an OpenAI-compatible API, such as `https://api.openai.com/v1`: makes tools'
    /// arguments from `text`. A private address must be in `TENON_ALLOW_CIDRS`.
    #[arg(long, env = "TENON_LLM_URL", value_name = "URL", help_heading = LANGUAGE_MODEL)]
    pub llm_url: Option<Url>,
    /// The model's name there.
    #[arg(long, env = "TENON_LLM_MODEL", value_name = "MODEL", help_heading = LANGUAGE_MODEL)]
    pub llm_model: Option<String>,
    /// The API key to use there, if it needs one.
    #[arg(long, env = "TENON_LLM_API_KEY", hide_env_values = true, value_name = "KEY", help_heading = LANGUAGE_MODEL)]
    pub llm_api_key: Option<SecretString>,
    /// Time limit of making one call's arguments, in seconds.
    #[arg(long = "llm-timeout", env = "TENON_LLM_TIMEOUT", default_value_t = 30, value_parser = value_parser!(u64).range(1..=120), value_name = "SECONDS", help_heading = LANGUAGE_MODEL)]
    pub llm_timeout_s: u64,
    /// Let it improve the plans of `COMPOSIO_SEARCH_TOOLS`, for which it is told the use cases.
    #[arg(long, env = "TENON_LLM_PLANS", default_value_t = true, action = ArgAction::Set, value_name = "BOOL", help_heading = LANGUAGE_MODEL)]
    pub llm_plans: bool,
}

impl LanguageModelSettings {
    /// Reads the key, and refuses what cannot be.
    pub(super) fn check(mut self) -> Result<Self> {
        if let Some(key) = &mut self.llm_api_key {
            *key = read_secret(key)?;
        }
        // Compose files hand variables on that are not set.
        self.llm_api_key
            .take_if(|value| value.expose_secret().is_empty());
        self.llm_model.take_if(|model| model.trim().is_empty());
        if self.llm_url.is_some() != self.llm_model.is_some() {
            return Err(Error::invalid(
                "TENON_LLM_URL and TENON_LLM_MODEL are set both or not at all",
            ));
        }
        if let Some(url) = &self.llm_url {
            check_base("TENON_LLM_URL", url)?;
        }
        Ok(self)
    }

    /// Time limit of making one call's arguments.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.llm_timeout_s)
    }
}

/// Refuses what cannot be the base of an API.
pub(super) fn check_base(setting: &str, url: &Url) -> Result<()> {
    let is_one = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none();
    is_one.then_some(()).ok_or_else(|| {
        Error::invalid(format!(
            "{setting} must begin with http:// or https:// and hold no user name"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: Option<&str>, model: Option<&str>) -> LanguageModelSettings {
        LanguageModelSettings {
            llm_url: url.map(|url| Url::parse(url).unwrap()),
            llm_model: model.map(str::to_owned),
            llm_api_key: Some(SecretString::from("")),
            llm_timeout_s: 30,
            llm_plans: true,
        }
    }

    #[test]
    fn url_and_model_come_together_and_an_empty_key_is_none() {
        let url = Some("http://127.0.0.1:11434/v1");
        let good = settings(url, Some("m")).check().unwrap();
        assert!(good.llm_api_key.is_none());
        assert!(settings(None, None).check().is_ok());
        for (url, model) in [
            (url, None),
            (url, Some(" ")),
            (None, Some("m")),
            (Some("ftp://x.test/v1"), Some("m")),
            (Some("https://me@x.test/v1"), Some("m")),
        ] {
            assert!(settings(url, model).check().is_err(), "{url:?} {model:?}");
        }
    }
}
