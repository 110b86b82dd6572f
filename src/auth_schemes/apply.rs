//! Puts a connection's credentials where the manifest says, apart from the rest of the request, so
//! that they can stay behind when a redirect leaves the toolkit's hosts.

use std::borrow::Cow;
use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value};

use super::oauth1::Signer;
use super::{Credentials, values};
use crate::catalog::manifest::{AuthManifest, Placement, PlacementIn};
use crate::catalog::template;
use crate::error::{Error, Result};
use crate::outbound::OutboundRequest;
use crate::scheme::Scheme;
use crate::time::Clock;

/// Fills the placements of `auth` with `credentials` and adds them to `request`; OAuth 1 has it
/// signed when it leaves. Without placements, tokens go into `Authorization: Bearer` (RFC 6750 section 2.1), user name and
/// password into `Authorization: Basic` (RFC 7617 section 2).
///
/// # Errors
/// [`Error::Invalid`] when the connection lacks a value or holds one that cannot stand in a
/// header, [`Error::NotImplemented`] for a scheme that is not built.
pub fn apply(
    auth: &AuthManifest,
    credentials: &Credentials,
    clock: &Clock,
    request: &mut OutboundRequest,
) -> Result<()> {
    if auth.scheme == Scheme::OAuth1 {
        request.signer = Some(Arc::new(signer(auth, credentials, clock)?));
    }
    for Placement { place, name, value } in &auth.apply {
        let filled = fill(value, credentials)?;
        put(request, *place, name, value, &filled)?;
    }
    if auth.apply.is_empty()
        && let Some(value) = customary(auth.scheme)?
    {
        let filled = fill(value, credentials)?;
        put(
            request,
            PlacementIn::Header,
            "Authorization",
            value,
            &filled,
        )?;
    }
    Ok(())
}

/// Signs as the application, for the user (RFC 5849 section 3).
fn signer(auth: &AuthManifest, credentials: &Credentials, clock: &Clock) -> Result<Signer> {
    let value = |name: &str| fill(&format!("{{{name}}}"), credentials);
    Ok(Signer {
        method: auth.signature,
        consumer_key: value("consumer_key")?,
        consumer_secret: value("consumer_secret")?.into(),
        token: Some((value("oauth_token")?, value("oauth_token_secret")?.into())),
        further: None,
        clock: clock.clone(),
    })
}

/// What goes into `Authorization` where the manifest says nothing.
fn customary(scheme: Scheme) -> Result<Option<&'static str>> {
    match scheme {
        Scheme::NoAuth | Scheme::OAuth1 => Ok(None),
        Scheme::OAuth2
        | Scheme::DcrOauth
        | Scheme::S2sOAuth2
        | Scheme::GoogleServiceAccount
        | Scheme::BasicWithJwt
        | Scheme::CalcomAuth
        | Scheme::ServiceAccount => Ok(Some("Bearer {access_token}")),
        Scheme::BearerToken => Ok(Some("Bearer {token}")),
        Scheme::Basic => Ok(Some("Basic {base64(username:password)}")),
        Scheme::ApiKey | Scheme::BillcomAuth => Err(Error::internal(
            "the toolkit does not say where its credential goes",
        )),
        // The catalog takes no toolkit that has it.
        Scheme::Saml => Err(Error::internal("SAML gives no credential for an API")),
    }
}

/// The template with its fields.
fn fill(value: &str, credentials: &Credentials) -> Result<String> {
    let values = without_prefix(value, &credentials.values);
    values::fill(value, &values).map_err(|field| {
        Error::invalid_with_fix(
            format!("the connected account has no `{field}`"),
            "Let the user connect again and give it.",
        )
    })
}

/// The values, the one after the template's first words without these words: people who copy a
/// key copy `Bearer ` with it.
fn without_prefix<'v>(
    template: &str,
    values: &'v Map<String, Value>,
) -> Cow<'v, Map<String, Value>> {
    let Some(slot) = template::slots(template).next() else {
        return Cow::Borrowed(values);
    };
    let words = template.split('{').next().unwrap_or_default();
    let shorter = values
        .get(slot.name)
        .and_then(Value::as_str)
        .filter(|_| words.ends_with(' '))
        .and_then(|value| {
            let start = value.get(..words.len())?;
            start
                .eq_ignore_ascii_case(words)
                .then(|| value[words.len()..].trim_start())
        });
    match shorter {
        None => Cow::Borrowed(values),
        Some(shorter) => {
            let mut values = values.clone();
            values.insert(slot.name.to_owned(), Value::String(shorter.to_owned()));
            Cow::Owned(values)
        }
    }
}

fn put(
    request: &mut OutboundRequest,
    place: PlacementIn,
    name: &str,
    template: &str,
    filled: &str,
) -> Result<()> {
    match place {
        PlacementIn::Query => request
            .credential_query
            .push((name.to_owned(), filled.to_owned())),
        PlacementIn::Header => {
            let header = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| Error::internal(format!("`{name}` is no header name")))?;
            let mut value = HeaderValue::from_str(filled).map_err(|_| unfit(template))?;
            value.set_sensitive(true);
            request.credential_headers.insert(header, value);
        }
    }
    Ok(())
}

fn unfit(template: &str) -> Error {
    let fields: Vec<&str> = template::slots(template).map(|slot| slot.name).collect();
    Error::invalid_with_fix(
        format!(
            "`{}` of the connected account holds a line break or another character that cannot \
             stand in a header",
            fields.join("`, `")
        ),
        "Let the user connect again with the value alone.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;
    use rstest::rstest;
    use serde_json::json;

    fn auth(scheme: &str, apply: &Value) -> AuthManifest {
        serde_json::from_value(json!({ "scheme": scheme, "apply": apply })).unwrap()
    }

    fn applied(auth: &AuthManifest, values: Value) -> Result<OutboundRequest> {
        let Value::Object(values) = values else {
            panic!("an object")
        };
        let url = "https://api.test/".parse().unwrap();
        let mut request = OutboundRequest::new(Method::GET, url);
        let credentials = Credentials {
            scheme: auth.scheme,
            values,
        };
        let clock = Clock::manual(crate::time::Timestamp::from_millis(0));
        apply(auth, &credentials, &clock, &mut request)?;
        Ok(request)
    }

    #[rstest]
    #[case("OAUTH2", json!({ "access_token": "abc" }), "Bearer abc")]
    #[case("BEARER_TOKEN", json!({ "token": "abc" }), "Bearer abc")]
    #[case("BASIC", json!({ "username": "Aladdin", "password": "open sesame" }), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")]
    #[case("BASIC", json!({ "username": "key" }), "Basic a2V5Og==")]
    fn a_scheme_has_its_customary_place(
        #[case] scheme: &str,
        #[case] values: Value,
        #[case] expected: &str,
    ) {
        let request = applied(&auth(scheme, &json!([])), values).unwrap();
        assert_eq!(request.credential_headers["authorization"], expected);
        assert!(request.headers.is_empty() && request.credential_query.is_empty());
    }

    #[test]
    fn words_that_were_copied_with_a_key_are_not_sent_twice() {
        let auth = auth(
            "API_KEY",
            &json!([
                { "in": "header", "name": "Authorization", "value": "Token {key}" },
                { "in": "header", "name": "X-Key", "value": "{key}" },
            ]),
        );
        for given in ["k1", "Token k1", "token  k1"] {
            let request = applied(&auth, json!({ "key": given })).unwrap();
            assert_eq!(request.credential_headers["authorization"], "Token k1");
            assert_eq!(request.credential_headers["x-key"], given);
        }
        let request = applied(&auth, json!({ "key": "Tokenk1" })).unwrap();
        assert_eq!(request.credential_headers["authorization"], "Token Tokenk1");
    }

    #[test]
    fn placements_of_the_manifest_are_filled() {
        let auth = auth(
            "API_KEY",
            &json!([
                { "in": "header", "name": "X-Key", "value": "{key}" },
                { "in": "header", "name": "X-Shop", "value": "shop {shop_id}" },
                { "in": "query", "name": "token", "value": "{key}" },
                { "in": "header", "name": "Authorization", "value": "Basic {base64(key:)}" },
            ]),
        );
        let request = applied(&auth, json!({ "key": "k&y", "shop_id": 7 })).unwrap();
        assert_eq!(request.credential_headers["x-key"], "k&y");
        assert_eq!(request.credential_headers["x-shop"], "shop 7");
        assert_eq!(
            request.credential_headers["authorization"],
            "Basic ayZ5Og=="
        );
        assert_eq!(
            request.credential_query,
            [("token".to_owned(), "k&y".to_owned())]
        );
    }

    #[test]
    fn a_missing_value_is_named() {
        let refused = applied(&auth("BASIC", &json!([])), json!({ "password": "x" }))
            .err()
            .unwrap();
        assert_eq!(
            refused.to_string(),
            "the connected account has no `username`"
        );
    }

    #[rstest]
    #[case("abc\r\nX-Evil: 1")]
    #[case("abc\n")]
    #[case("a\0b")]
    fn a_value_that_would_break_the_header_is_refused_by_its_name(#[case] token: &str) {
        let refused = applied(&auth("BEARER_TOKEN", &json!([])), json!({ "token": token }))
            .err()
            .unwrap();
        assert!(matches!(refused, Error::Invalid { .. }), "{refused:?}");
        assert!(refused.to_string().contains("`token`"), "{refused}");
        assert!(!refused.to_string().contains("abc"), "{refused}");
    }

    #[test]
    fn a_credential_does_not_show_in_debug_output() {
        let request = applied(
            &auth("BEARER_TOKEN", &json!([])),
            json!({ "token": "s3cret" }),
        )
        .unwrap();
        assert!(!format!("{request:?} {:?}", request.credential_headers).contains("s3cret"));
    }
}
