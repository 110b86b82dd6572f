//! Rules for the exchange of credentials for a token.

use std::collections::BTreeSet;

use http::HeaderName;

use super::{Report, is_plain_name};
use crate::catalog::exchange::{ExchangeManifest, JwtManifest};
use crate::catalog::manifest::AuthManifest;
use crate::catalog::template;
use crate::scheme::Scheme;

const METHODS: [&str; 3] = ["POST", "GET", "PUT"];
const LONGEST_JWT: u32 = 86_400;
/// Values that are there without being a field.
const GIVEN: [&str; 2] = ["scopes", "random"];
/// Names that mean something else in an account.
const TAKEN: [&str; 3] = ["status", "expires_in", "redirectUrl"];

/// Whether a scheme is nothing without an exchange, may have one, or cannot.
const fn rule(scheme: Scheme) -> Rule {
    match scheme {
        Scheme::GoogleServiceAccount
        | Scheme::ServiceAccount
        | Scheme::BasicWithJwt
        | Scheme::BillcomAuth
        | Scheme::CalcomAuth => Rule::Must,
        Scheme::ApiKey | Scheme::Basic | Scheme::BearerToken => Rule::May,
        Scheme::OAuth2
        | Scheme::OAuth1
        | Scheme::NoAuth
        | Scheme::Saml
        | Scheme::DcrOauth
        | Scheme::S2sOAuth2 => Rule::MustNot,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    Must,
    May,
    MustNot,
}

/// The fields that clients send for a scheme, whatever the toolkit.
const fn customary_fields(scheme: Scheme) -> &'static [&'static str] {
    match scheme {
        Scheme::GoogleServiceAccount => &["credentials_json"],
        Scheme::ServiceAccount => &["application_id", "installation_id", "private_key"],
        Scheme::BasicWithJwt => &["username", "password"],
        Scheme::BillcomAuth => &["devKey"],
        Scheme::OAuth2
        | Scheme::OAuth1
        | Scheme::ApiKey
        | Scheme::Basic
        | Scheme::BearerToken
        | Scheme::NoAuth
        | Scheme::CalcomAuth
        | Scheme::Saml
        | Scheme::DcrOauth
        | Scheme::S2sOAuth2 => &[],
    }
}

pub(super) fn check(auth: &AuthManifest, report: &mut Report<'_>) {
    let scheme = auth.scheme;
    let fields: BTreeSet<&str> = auth
        .fields
        .connection
        .iter()
        .chain(&auth.fields.auth_config)
        .map(|field| field.name.as_str())
        .collect();
    for name in customary_fields(scheme) {
        report.require(fields.contains(name), || {
            format!("{scheme}: fields: clients send `{name}`, so it must be a field")
        });
    }
    match (&auth.exchange, rule(scheme)) {
        (None, Rule::Must) => report.add(format!(
            "{scheme}: exchange is missing: it says how the credentials become a token"
        )),
        (Some(_), Rule::MustNot) => {
            report.add(format!(
                "{scheme}: exchange: this scheme has a way of its own"
            ));
        }
        (Some(exchange), Rule::Must | Rule::May) => {
            Checker {
                scheme,
                fields,
                report,
            }
            .check(exchange);
        }
        (None, Rule::May | Rule::MustNot) => {}
    }
}

struct Checker<'a, 'r, 'p> {
    scheme: Scheme,
    fields: BTreeSet<&'a str>,
    report: &'r mut Report<'p>,
}

impl Checker<'_, '_, '_> {
    fn require(&mut self, kept: bool, message: impl FnOnce() -> String) {
        let scheme = self.scheme;
        self.report
            .require(kept, || format!("{scheme}: exchange: {}", message()));
    }

    fn check(&mut self, exchange: &ExchangeManifest) {
        self.check_request(exchange);
        self.check_names(exchange);
        if let Some(jwt) = &exchange.jwt {
            self.check_jwt(jwt);
        }
        for name in exchange.headers.keys() {
            self.require(HeaderName::from_bytes(name.as_bytes()).is_ok(), || {
                format!("`{name}` is no header name")
            });
        }
        for name in exchange.keep.keys() {
            let is_free = !self.fields.contains(name.as_str()) && !TAKEN.contains(&name.as_str());
            self.require(is_plain_name(name) && is_free, || {
                format!("keep: `{name}` is no name, or that of a field or of something else")
            });
        }
        self.require(exchange.lifetime != Some(0), || {
            "lifetime: must be at least a second".into()
        });
        for status in &exchange.wrong {
            self.require((400..500).contains(status), || {
                format!("wrong: {status} is no status from 400 to 499")
            });
        }
    }

    fn check_request(&mut self, exchange: &ExchangeManifest) {
        let has_body = exchange.json.is_some() || !exchange.form.is_empty();
        self.require(exchange.url.is_some() || exchange.jwt.is_some(), || {
            "needs a `url` to ask at, or a `jwt` that is itself the token".into()
        });
        let asks = has_body || !exchange.headers.is_empty() || !exchange.query.is_empty();
        self.require(exchange.url.is_some() || !asks, || {
            "says what to send, but no `url`".into()
        });
        self.require(exchange.json.is_none() || exchange.form.is_empty(), || {
            "has two bodies, `form` and `json`".into()
        });
        self.require(METHODS.contains(&exchange.method.as_str()), || {
            format!(
                "method: `{}` is none of {}",
                exchange.method,
                METHODS.join(", ")
            )
        });
        self.require(!(has_body && exchange.method == "GET"), || {
            "method: a GET has no body".into()
        });
    }

    fn check_names(&mut self, exchange: &ExchangeManifest) {
        let mut names_jwt = false;
        for text in exchange.templates() {
            if !template::is_well_formed(text) {
                self.require(false, || {
                    format!("`{text}` has a brace without its partner")
                });
                continue;
            }
            for name in names(text) {
                let outer = name.split('.').next().unwrap_or(name);
                let is_jwt = exchange.jwt.is_some() && name == "jwt";
                let is_url = exchange.url.is_some() && name == "url";
                names_jwt |= is_jwt;
                let known =
                    is_jwt || is_url || GIVEN.contains(&name) || self.fields.contains(outer);
                self.require(known, || {
                    format!("{{{name}}} is not a field of this scheme")
                });
            }
        }
        let is_used = exchange.jwt.is_none() || exchange.url.is_none() || names_jwt;
        self.require(is_used, || "jwt: nothing sends {jwt}".into());
    }

    fn check_jwt(&mut self, jwt: &JwtManifest) {
        self.require(template::slots(&jwt.key).count() == 1, || {
            "jwt.key: must name the field that holds the key".into()
        });
        for name in ["iat", "exp"] {
            self.require(!jwt.claims.contains_key(name), || {
                format!("jwt.claims: `{name}` is made of the time; see lifetime and backdate")
            });
        }
        self.require((1..=LONGEST_JWT).contains(&jwt.lifetime), || {
            format!("jwt.lifetime: must be 1 to {LONGEST_JWT} seconds")
        });
        self.require(jwt.backdate < jwt.lifetime, || {
            "jwt.backdate: must be less than the lifetime".into()
        });
    }
}

/// What a template names, with both names of `{base64(a:b)}`.
pub(super) fn names(text: &str) -> impl Iterator<Item = &str> {
    template::slots(text).flat_map(|slot| {
        let pair = slot
            .name
            .strip_prefix("base64(")
            .and_then(|inner| inner.strip_suffix(')'));
        pair.unwrap_or(slot.name)
            .split(if pair.is_some() { ':' } else { '\0' })
            .filter(|name| !name.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{problems, with_auth};

    const AUTH: &str = r#"auth:
  - scheme: SERVICE_ACCOUNT
    fields:
      connection:
        - {name: application_id, display_name: App, required: true}
        - {name: installation_id, display_name: Installation, required: true, pattern: "[0-9]+"}
        - {name: private_key, display_name: Key, required: true, secret: true}
    exchange:
      url: "/app/{installation_id}/token"
      headers: {Authorization: "Bearer {jwt}"}
      json: {scopes: ["{scopes}"]}
      jwt: {key: "{private_key}", claims: {iss: "{application_id}"}, backdate: 60}
      lifetime: 600
      keep: {team: team.id}
    apply: [{in: header, name: Authorization, value: "Bearer {access_token} {team}"}]
"#;

    #[test]
    fn an_exchange_that_keeps_the_rules_has_no_problem() {
        let found = problems(&with_auth(AUTH), "tools: []");
        assert_eq!(found, Vec::<String>::new());
    }

    #[rstest::rstest]
    #[case(
        "name: application_id",
        "name: app_id",
        "fields: clients send `application_id`, so it must be a field"
    )]
    #[case(
        "iss: \"{application_id}\"",
        "iss: \"{app}\"",
        "exchange: {app} is not a field of this scheme"
    )]
    #[case(
        "Bearer {jwt}",
        "Bearer {jwt",
        "exchange: `Bearer {jwt` has a brace without its partner"
    )]
    #[case(
        "Bearer {jwt}",
        "Bearer {private_key}",
        "exchange: jwt: nothing sends {jwt}"
    )]
    #[case(
        "Authorization: \"",
        "\"Auth zation\": \"",
        "exchange: `Auth zation` is no header name"
    )]
    #[case(
        "pattern: \"[0-9]+\"",
        "default: '1'",
        "exchange.url: the field `installation_id` enters a URL and needs a `pattern`"
    )]
    #[case(
        "url: \"/app/{installation_id}/token\"",
        "url: ftp://acme.test",
        "exchange.url: `ftp://acme.test` is no http(s) URL"
    )]
    #[case(
        "json:",
        "method: GET\n      json:",
        "exchange: method: a GET has no body"
    )]
    #[case(
        "json:",
        "method: post\n      json:",
        "exchange: method: `post` is none of POST, GET, PUT"
    )]
    #[case(
        "json:",
        "form: {a: b}\n      json:",
        "exchange: has two bodies, `form` and `json`"
    )]
    #[case(
        "backdate: 60",
        "backdate: 600",
        "exchange: jwt.backdate: must be less than the lifetime"
    )]
    #[case(
        "backdate: 60",
        "lifetime: 0",
        "exchange: jwt.lifetime: must be 1 to 86400 seconds"
    )]
    #[case(
        "iss: \"{app",
        "exp: \"{app",
        "exchange: jwt.claims: `exp` is made of the time; see lifetime and backdate"
    )]
    #[case(
        "key: \"{private_key}\"",
        "key: secret",
        "exchange: jwt.key: must name the field that holds the key"
    )]
    #[case(
        "lifetime: 600",
        "lifetime: 0",
        "exchange: lifetime: must be at least a second"
    )]
    #[case(
        "lifetime: 600",
        "wrong: [500]",
        "exchange: wrong: 500 is no status from 400 to 499"
    )]
    #[case(
        "keep: {team: team.id}",
        "keep: {team: team.id, private_key: x}",
        "exchange: keep: `private_key` is no name, or that of a field or of something else"
    )]
    #[case(
        "      url: \"/app/{installation_id}/token\"\n",
        "",
        "exchange: says what to send, but no `url`"
    )]
    #[case(
        "scheme: SERVICE_ACCOUNT",
        "scheme: OAUTH2",
        "exchange: this scheme has a way of its own"
    )]
    fn an_exchange_that_breaks_a_rule_is_told_which(
        #[case] kept: &str,
        #[case] broken: &str,
        #[case] problem: &str,
    ) {
        assert!(AUTH.contains(kept), "{kept}");
        let found = problems(&with_auth(&AUTH.replacen(kept, broken, 1)), "tools: []");
        assert!(
            found.iter().any(|line| line.ends_with(problem)),
            "{found:#?}"
        );
    }

    #[test]
    fn a_scheme_that_is_nothing_without_an_exchange_needs_one() {
        let (auth, _) = AUTH.split_once("    exchange:").unwrap();
        let found = problems(&with_auth(auth), "tools: []");
        let expected =
            "SERVICE_ACCOUNT: exchange is missing: it says how the credentials become a token";
        assert!(
            found.iter().any(|line| line.ends_with(expected)),
            "{found:#?}"
        );
    }
}
