//! The request that the user's browser takes to the provider (RFC 6749 section 4.1.1).

use oauth2::{AuthUrl, CsrfToken, PkceCodeChallenge};
use secrecy::SecretString;
use url::Url;

use super::client::OAuthClient;
use crate::catalog::manifest::Pkce;
use crate::error::Result;
use crate::scheme::Scheme;

/// Where to send the user's browser, and what to remember until it returns.
#[derive(Debug)]
pub struct Authorization {
    /// The authorization request (RFC 6749 section 4.1.1).
    pub url: Url,
    /// RFC 7636 section 4.1; none where the provider takes no part in it.
    pub code_verifier: Option<SecretString>,
}

impl OAuthClient<'_> {
    /// Where to send the user's browser to be asked for `scopes`.
    ///
    /// # Errors
    /// When there is no place to send it to.
    pub fn authorize(
        &self,
        state: String,
        scopes: &[String],
        user_scopes: &[String],
    ) -> Result<Authorization> {
        let url = self.urls.authorize.clone()?;
        let client = self.endpoints.clone().set_auth_uri(AuthUrl::from_url(url));
        let mut request = client.authorize_url(|| CsrfToken::new(state));
        for (name, scopes) in self.scope_params(scopes, user_scopes) {
            request = request.add_extra_param(name, scopes);
        }
        let extra = self.filled(&self.auth.authorize_params);
        for (name, value) in extra.into_iter().chain(self.resource()) {
            request = request.add_extra_param(name, value);
        }
        let challenged = self.auth.pkce != Pkce::None || self.auth.scheme == Scheme::DcrOauth;
        let verifier = challenged.then(PkceCodeChallenge::new_random_sha256);
        let (request, code_verifier) = match verifier {
            None => (request, None),
            Some((challenge, verifier)) => (
                request.set_pkce_challenge(challenge),
                Some(verifier.into_secret().into()),
            ),
        };
        Ok(Authorization {
            url: request.url().0,
            code_verifier,
        })
    }

    /// The scopes under their parameters' names. The crate joins scopes by spaces; some providers
    /// want commas.
    pub(super) fn scope_params<'s>(
        &'s self,
        scopes: &[String],
        user_scopes: &[String],
    ) -> Vec<(&'s str, String)> {
        let words = &self.auth.scopes;
        let mut params: Vec<(&str, String)> = Vec::new();
        for (name, scopes) in [(&words.param, scopes), (&words.user_param, user_scopes)] {
            if scopes.is_empty() {
                continue;
            }
            let text = scopes.join(&words.separator);
            match params.iter_mut().find(|(other, _)| other == name) {
                Some((_, first)) => *first = format!("{first}{}{text}", words.separator),
                None => params.push((name, text)),
            }
        }
        params
    }
}
