//! Rules for one way to connect.

use std::collections::BTreeSet;

use super::{Report, exchange, is_plain_name, oauth, revocation};
use crate::catalog::exchange::token_name;
use crate::catalog::manifest::{AuthManifest, Field, Placement, Signature};
use crate::catalog::template;
use crate::scheme::Scheme;

pub(super) fn check(auth: &AuthManifest, report: &mut Report<'_>) {
    let scheme = auth.scheme;
    report.require(scheme != Scheme::Saml, || {
        format!("auth: {scheme} signs people in and gives no credential for an API")
    });
    if scheme == Scheme::OAuth1 {
        for (name, url) in [
            ("request_url", &auth.request_url),
            ("authorize_url", &auth.authorize_url),
            ("token_url", &auth.token_url),
        ] {
            report.require(url.is_some(), || format!("{scheme}: {name} is missing"));
        }
    } else {
        let is_absent = auth.request_url.is_none() && auth.signature == Signature::default();
        report.require(is_absent, || {
            format!("{scheme}: request_url and signature are words of OAUTH1")
        });
    }
    exchange::check(auth, report);
    match scheme {
        Scheme::NoAuth => report.require(auth.apply.is_empty(), || {
            format!("{scheme}: apply: there is no credential to place")
        }),
        // Requests are signed; there may be something to place beside the signature.
        Scheme::OAuth1 => {}
        _ => report.require(!auth.apply.is_empty(), || {
            format!("{scheme}: apply: must say where the credential goes")
        }),
    }
    for fields in [&auth.fields.auth_config, &auth.fields.connection] {
        check_fields(scheme, fields, report);
    }
    let values = known_values(auth);
    for placement in &auth.apply {
        check_placement(scheme, placement, &values, report);
    }
    oauth::check(auth, &values, report);
    revocation::check(auth, &values, report);
}

fn check_fields(scheme: Scheme, fields: &[Field], report: &mut Report<'_>) {
    let mut names = BTreeSet::new();
    for field in fields {
        let name = &field.name;
        report.require(is_plain_name(name), || {
            format!("{scheme}: field `{name}`: is no name")
        });
        report.require(!field.display_name.trim().is_empty(), || {
            format!("{scheme}: field `{name}`: display_name must not be empty")
        });
        report.require(
            matches!(field.kind.as_str(), "string" | "number" | "boolean"),
            || format!("{scheme}: field `{name}`: type must be string, number or boolean"),
        );
        for taken in std::iter::once(name).chain(&field.legacy_names) {
            report.require(names.insert(taken.clone()), || {
                format!("{scheme}: the name `{taken}` is used twice")
            });
        }
        if let Some(pattern) = &field.pattern {
            check_pattern(scheme, field, pattern, report);
        }
        check_options(scheme, field, report);
    }
}

/// What may be chosen from a list is a text of one line.
fn check_options(scheme: Scheme, field: &Field, report: &mut Report<'_>) {
    let name = &field.name;
    let is_plain = field.kind == "string" && !field.secret && !field.multiline;
    report.require(field.options.is_empty() || is_plain, || {
        format!("{scheme}: field `{name}`: options go with a string that is no secret")
    });
    if let Some(default) = &field.default {
        let is_there = field.options.is_empty() || field.options.contains(default);
        report.require(is_there, || {
            format!("{scheme}: field `{name}`: the default is none of the options")
        });
    }
    report.require(!field.multiline || field.kind == "string", || {
        format!("{scheme}: field `{name}`: only a string has lines")
    });
}

/// Patterns are regular expressions of the `regex` crate and match whole values.
fn check_pattern(scheme: Scheme, field: &Field, pattern: &str, report: &mut Report<'_>) {
    let name = &field.name;
    match crate::catalog::whole_match(pattern) {
        Err(cause) => {
            let cause = cause.to_string();
            let cause = cause.lines().last().unwrap_or_default().trim();
            report.add(format!("{scheme}: field `{name}`: pattern: {cause}"));
        }
        Ok(pattern) => {
            if let Some(default) = &field.default {
                report.require(pattern.is_match(default), || {
                    format!("{scheme}: field `{name}`: the default does not match the pattern")
                });
            }
        }
    }
}

/// The names that `apply` may use: the declared fields and what the scheme itself yields.
fn known_values(auth: &AuthManifest) -> BTreeSet<&str> {
    let own: &[&str] = match auth.scheme {
        Scheme::OAuth2 | Scheme::DcrOauth | Scheme::S2sOAuth2 => &["access_token"],
        Scheme::OAuth1 => &["consumer_key", "oauth_token"],
        Scheme::ApiKey
        | Scheme::Basic
        | Scheme::BillcomAuth
        | Scheme::BearerToken
        | Scheme::GoogleServiceAccount
        | Scheme::NoAuth
        | Scheme::BasicWithJwt
        | Scheme::CalcomAuth
        | Scheme::ServiceAccount
        | Scheme::Saml => &[],
    };
    let fields = auth
        .fields
        .connection
        .iter()
        .chain(&auth.fields.auth_config);
    let exchanged = auth.exchange.iter().flat_map(|exchange| {
        let kept = exchange.keep.keys().map(String::as_str);
        kept.chain([token_name(auth.scheme)])
    });
    own.iter()
        .copied()
        .chain(exchanged)
        .chain(fields.map(|field| field.name.as_str()))
        .chain(auth.kept().map(|(name, _)| name.as_str()))
        .collect()
}

fn check_placement(
    scheme: Scheme,
    placement: &Placement,
    values: &BTreeSet<&str>,
    report: &mut Report<'_>,
) {
    let value = &placement.value;
    if !template::is_well_formed(value) {
        report.add(format!(
            "{scheme}: apply: `{value}` has a brace without its partner"
        ));
        return;
    }
    let names: Vec<&str> = exchange::names(value).collect();
    report.require(!names.is_empty(), || {
        format!("{scheme}: apply: `{value}` holds no credential")
    });
    for name in names {
        report.require(values.contains(name), || {
            format!("{scheme}: apply: {{{name}}} is not a field of this scheme")
        });
    }
}
