//! How OpenAPI 3 and Swagger 2 say who may call: schemes, and which of them an operation needs.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{entries, text};
use crate::catalog::manifest::ArgIn;
use crate::importer::arguments::is_for_credentials;
use crate::importer::document::{Document, Target};
use crate::importer::mcp;
use crate::importer::operation::{Flow, Requirement, SecurityScheme};

/// What the owner needs, `None` when it does not say.
pub(super) fn requirements(owner: &Value) -> Option<Vec<Requirement<'_>>> {
    let list = owner.get("security")?.as_array()?;
    Some(list.iter().map(requirement).collect())
}

fn requirement(one: &Value) -> Requirement<'_> {
    let schemes = one.as_object().into_iter().flatten();
    schemes
        .map(|(name, scopes)| {
            let scopes = scopes.as_array().into_iter().flatten();
            (name.as_str(), scopes.filter_map(Value::as_str).collect())
        })
        .collect()
}

/// The schemes under `key`, by name.
pub(super) fn schemes<'d>(
    document: Document<'d>,
    owner: Option<&'d Value>,
    key: &str,
) -> BTreeMap<&'d str, SecurityScheme<'d>> {
    let all = owner.into_iter().flat_map(|owner| entries(owner, key));
    all.filter_map(|(name, value)| match document.deref(value) {
        Target::Found(value) => Some((name, scheme(value)?)),
        Target::External | Target::Nowhere => None,
    })
    .collect()
}

fn scheme(value: &Value) -> Option<SecurityScheme<'_>> {
    let description = text(value, "description").unwrap_or_default();
    Some(match text(value, "type")? {
        "apiKey" => {
            let name = text(value, "name")?;
            let (place, name, before) = match text(value, "in")? {
                "header" if !is_for_credentials(name) => {
                    return Some(SecurityScheme::Other("a key in a header that has none"));
                }
                "header" => (ArgIn::Header, name, String::new()),
                "query" => (ArgIn::Query, name, String::new()),
                "cookie" => (ArgIn::Header, "Cookie", format!("{name}=")),
                _ => return Some(SecurityScheme::Other("a key in no known place")),
            };
            SecurityScheme::Key {
                place,
                name,
                before,
                description,
            }
        }
        "basic" => SecurityScheme::Basic { description },
        "http" => http(text(value, "scheme").unwrap_or_default(), description),
        "oauth2" => oauth2(value),
        mcp::OAUTH => SecurityScheme::Registered(text(value, "resource")?),
        "openIdConnect" => SecurityScheme::Token("openIdConnect"),
        _ => SecurityScheme::Other("a scheme of no known type"),
    })
}

/// Schemes whose credential is not made anew for each request.
fn http<'d>(name: &'d str, description: &'d str) -> SecurityScheme<'d> {
    let lower = name.to_ascii_lowercase();
    match lower.as_str() {
        "bearer" | "jwt" | "oauth" => SecurityScheme::Bearer,
        "basic" => SecurityScheme::Basic { description },
        "token" | "apikey" | "api-key" | "key" => SecurityScheme::Key {
            place: ArgIn::Header,
            name: "Authorization",
            before: format!("{name} "),
            description,
        },
        _ => SecurityScheme::Other("an HTTP scheme whose credential is made for each request"),
    }
}

fn oauth2(value: &Value) -> SecurityScheme<'_> {
    let flows = value.get("flows");
    let named = |name: &str| flows.and_then(|flows| flows.get(name));
    // Swagger 2 writes its one flow into the scheme itself.
    let own = |flow: &str| (text(value, "flow") == Some(flow)).then_some(value);
    let with_consent = named("authorizationCode").or(own("accessCode"));
    let of_client = named("clientCredentials").or(own("application"));
    let (Some(flow), needs_consent) = (with_consent.or(of_client), with_consent.is_some()) else {
        return SecurityScheme::Token("OAuth 2 by a flow that has no code");
    };
    SecurityScheme::OAuth2(Box::new(Flow {
        authorize_url: text(flow, "authorizationUrl").filter(|_| needs_consent),
        token_url: text(flow, "tokenUrl"),
        refresh_url: text(flow, "refreshUrl"),
        scopes: entries(flow, "scopes")
            .map(|(scope, about)| (scope, about.as_str().unwrap_or_default()))
            .collect(),
        authorize_params: BTreeMap::new(),
    }))
}
