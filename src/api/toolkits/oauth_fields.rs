//! What an auth config by OAuth is asked for beside the toolkit's own fields.

use super::detail::FieldItem;
use crate::catalog::manifest::{AuthManifest, TokenAuth};
use crate::scheme::Scheme;

/// The fields of the app that users consent to, and of what they consent to.
pub(super) fn of_auth_config(auth: &AuthManifest, callback_url: &str) -> Vec<FieldItem> {
    let takes_secret = auth.token_auth != TokenAuth::None;
    let (app, secret, redirect_uri, user_scopes) = match auth.scheme {
        Scheme::OAuth2 => (Some(true), takes_secret.then_some(true), true, true),
        // A client is registered where none is given.
        Scheme::DcrOauth => (Some(false), Some(false), true, true),
        Scheme::S2sOAuth2 => (None, None, false, false),
        Scheme::OAuth1 => return consumer(callback_url).into(),
        _ => return Vec::new(),
    };
    let user_scopes = user_scopes && !auth.scopes.user_default.is_empty();
    [
        app.map(client_id),
        secret.map(client_secret),
        redirect_uri.then(|| self::redirect_uri(callback_url)),
        Some(scopes("scopes", &auth.scopes.default, auth)),
        user_scopes.then(|| scopes("user_scopes", &auth.scopes.user_default, auth)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What an app asks for in its own name.
pub(super) fn scopes_of_app(auth: &AuthManifest) -> FieldItem {
    scopes("scopes", &auth.scopes.default, auth)
}

/// What OAuth 1 calls the app (RFC 5849 section 1.1).
fn consumer(callback_url: &str) -> [FieldItem; 3] {
    let key = "The public name of your application at the provider.";
    let secret = "The secret of your application; stored sealed.";
    [
        FieldItem {
            legacy_template_name: Some("client_id".into()),
            ..field("consumer_key", "Consumer key", true, key)
        },
        FieldItem {
            legacy_template_name: Some("client_secret".into()),
            ..field("consumer_secret", "Consumer secret", true, secret)
        },
        redirect_uri(callback_url),
    ]
}

fn client_id(required: bool) -> FieldItem {
    let description = "The public name of your OAuth app at the provider.";
    field("client_id", "Client ID", required, description)
}

fn client_secret(required: bool) -> FieldItem {
    let description = "The secret of your OAuth app; stored sealed.";
    field("client_secret", "Client secret", required, description)
}

fn redirect_uri(callback_url: &str) -> FieldItem {
    let description = "Where the provider sends users back to. Register it with your OAuth app; \
                       another address must forward to the default one.";
    FieldItem {
        default: Some(callback_url.to_owned()),
        ..field("oauth_redirect_uri", "Redirect URI", false, description)
    }
}

fn scopes(name: &str, default: &[String], auth: &AuthManifest) -> FieldItem {
    let (display_name, description) = match (name, auth.scheme) {
        ("user_scopes", _) => (
            "User scopes",
            "What to ask users for in their own name, in the provider's own notation.",
        ),
        (_, scheme) if scheme.needs_consent() => (
            "Scopes",
            "What to ask users for, in the provider's own notation.",
        ),
        _ => (
            "Scopes",
            "What to ask the provider for, in its own notation.",
        ),
    };
    let default = default.join(&auth.scopes.separator);
    FieldItem {
        default: (!default.is_empty()).then_some(default),
        ..field(name, display_name, false, description)
    }
}

fn field(name: &str, display_name: &str, required: bool, description: &str) -> FieldItem {
    FieldItem {
        name: name.into(),
        display_name: display_name.into(),
        default: None,
        kind: "string".into(),
        description: description.into(),
        required,
        legacy_template_name: None,
    }
}
