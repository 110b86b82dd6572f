//! Rules for the `revoke` of an auth block.

use std::collections::BTreeSet;

use super::{Report, is_plain_name};
use crate::catalog::manifest::AuthManifest;
use crate::catalog::revocation::{RevokeAuth, RevokeManifest, TokenPlace};
use crate::catalog::template;

/// What a template of `revoke` may name beside the values of the scheme. The client's secret has no
/// business in a URL, which stands in logs.
pub(super) const IN_URL: [&str; 2] = ["client_id", "token"];
const IN_BODY: [&str; 3] = ["client_id", "client_secret", "token"];
const METHODS: [&str; 4] = ["POST", "DELETE", "GET", "PUT"];

/// `values` are the names that the scheme's connections have.
pub(super) fn check(auth: &AuthManifest, values: &BTreeSet<&str>, report: &mut Report<'_>) {
    let Some(revoke) = &auth.revoke else { return };
    let scheme = auth.scheme;
    report.require(METHODS.contains(&revoke.method.as_str()), || {
        let methods = METHODS.join(", ");
        format!(
            "{scheme}: revoke.method: `{}` is none of {methods}",
            revoke.method
        )
    });
    report.require(!revoke.tokens.is_empty(), || {
        format!("{scheme}: revoke.tokens: must name at least one value")
    });
    for token in &revoke.tokens {
        report.require(
            token == "refresh_token" || values.contains(token.as_str()),
            || format!("{scheme}: revoke.tokens: `{token}` is no value of this scheme"),
        );
    }
    report.require(is_plain_name(&revoke.param), || {
        format!("{scheme}: revoke.param: `{}` is no name", revoke.param)
    });
    for (key, templates) in [("params", &revoke.params), ("headers", &revoke.headers)] {
        for (name, value) in templates {
            check_template(
                &format!("{scheme}: revoke.{key}.{name}"),
                value,
                values,
                report,
            );
        }
    }
    report.require(carries_token(revoke), || {
        format!("{scheme}: revoke: nothing in the request carries the token")
    });
    report.require(
        revoke
            .ok_statuses
            .iter()
            .all(|status| (300..=499).contains(status)),
        || format!("{scheme}: revoke.ok_statuses: must be 300 to 499"),
    );
}

fn check_template(place: &str, value: &str, values: &BTreeSet<&str>, report: &mut Report<'_>) {
    if !template::is_well_formed(value) {
        report.add(format!(
            "{place}: `{value}` has a brace without its partner"
        ));
        return;
    }
    for slot in template::slots(value) {
        report.require(
            IN_BODY.contains(&slot.name) || values.contains(slot.name),
            || format!("{place}: {{{}}} is no value of this scheme", slot.name),
        );
    }
}

fn carries_token(revoke: &RevokeManifest) -> bool {
    let named = std::iter::once(&revoke.url)
        .chain(revoke.params.values())
        .chain(revoke.headers.values())
        .any(|value| template::slots(value).any(|slot| slot.name == "token"));
    named || revoke.place != TokenPlace::None || revoke.auth == RevokeAuth::Bearer
}
