//! Rules for the schemes of OAuth 2.

use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderName, HeaderValue};
use url::Url;

use super::{Report, is_plain_name};
use crate::catalog::hosts::is_host_pattern;
use crate::catalog::manifest::{AuthManifest, Choose, Kept, Pkce, PostConnect, TokenAuth};
use crate::catalog::{template, whole_match};
use crate::scheme::Scheme;

/// What the authorization request is made of (RFC 6749 section 4.1.1, RFC 7636 section 4.3).
const OF_AUTHORIZATION: [&str; 7] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "state",
    "code_challenge",
    "code_challenge_method",
    "resource",
];
/// What token requests are made of (RFC 6749 sections 2.3.1, 4.1.3 and 6).
const OF_TOKEN: [&str; 8] = [
    "grant_type",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "client_id",
    "client_secret",
    "resource",
];

/// `values` are the names that the scheme's connections have.
pub(super) fn check(auth: &AuthManifest, values: &BTreeSet<&str>, report: &mut Report<'_>) {
    let scheme = auth.scheme;
    match scheme {
        Scheme::OAuth2 => check_oauth2(auth, report),
        Scheme::S2sOAuth2 => check_client_credentials(auth, report),
        Scheme::DcrOauth => check_registration(auth, report),
        _ => {
            check_no_oauth(auth, report);
            return;
        }
    }
    let is_s2s = scheme == Scheme::S2sOAuth2;
    // Some providers have grants of their own beside that of RFC 6749 section 4.4.
    let of_token = if is_s2s {
        &OF_TOKEN[1..]
    } else {
        &OF_TOKEN[..]
    };
    for (key, params, taken) in [
        (
            "authorize_params",
            &auth.authorize_params,
            &OF_AUTHORIZATION[..],
        ),
        ("token_params", &auth.token_params, of_token),
        ("refresh_params", &auth.refresh_params, &OF_TOKEN[..]),
    ] {
        check_params(scheme, key, params, taken, values, report);
    }
    check_headers(scheme, &auth.token_headers, report);
    check_kept(auth, report);
    if scheme != Scheme::DcrOauth {
        report.require(
            auth.resource.is_none() && auth.registration_url.is_none(),
            || format!("{scheme}: resource and registration_url go with DCR_OAUTH"),
        );
    }
    let scopes = &auth.scopes;
    let is_parted = scopes.user_default.is_empty() || scopes.param != scopes.user_param;
    report.require(is_parted, || {
        format!("{scheme}: scopes: param and user_param must not be the same")
    });
}

fn check_oauth2(auth: &AuthManifest, report: &mut Report<'_>) {
    for (name, url) in [
        ("authorize_url", &auth.authorize_url),
        ("token_url", &auth.token_url),
    ] {
        report.require(url.is_some(), || format!("OAUTH2: {name} is missing"));
    }
}

fn check_client_credentials(auth: &AuthManifest, report: &mut Report<'_>) {
    report.require(auth.token_url.is_some(), || {
        "S2S_OAUTH2: token_url is missing".into()
    });
    report.require(auth.authorize_url.is_none(), || {
        "S2S_OAUTH2: authorize_url: no user is asked".into()
    });
    let declares = |name: &str| {
        let fields = [&auth.fields.connection, &auth.fields.auth_config];
        fields
            .into_iter()
            .any(|fields| fields.iter().any(|field| field.name == name))
    };
    let wanted: &[&str] = match auth.token_auth {
        TokenAuth::None => &["client_id"],
        TokenAuth::ClientSecretBasic | TokenAuth::ClientSecretPost => {
            &["client_id", "client_secret"]
        }
    };
    for name in wanted {
        report.require(declares(name), || {
            format!(
                "S2S_OAUTH2: fields: `{name}` must be one, of the connection or the auth config"
            )
        });
    }
    let all = auth
        .fields
        .connection
        .iter()
        .chain(&auth.fields.auth_config);
    for field in all.filter(|field| field.name == "client_secret") {
        report.require(field.secret, || {
            "S2S_OAUTH2: field `client_secret`: must be secret".into()
        });
    }
}

fn check_registration(auth: &AuthManifest, report: &mut Report<'_>) {
    let urls = [&auth.authorize_url, &auth.token_url, &auth.registration_url];
    let given = urls.iter().filter(|url| url.is_some()).count();
    let is_found = given == 0 && (auth.issuer.is_some() || auth.resource.is_some());
    report.require(given == urls.len() || is_found, || {
        "DCR_OAUTH: needs authorize_url, token_url and registration_url, or none of them and an \
         issuer or a resource whose metadata name them"
            .into()
    });
    report.require(auth.pkce != Pkce::None, || {
        "DCR_OAUTH: pkce: it always takes part".into()
    });
    for host in &auth.auth_hosts {
        report.require(is_host_pattern(host), || {
            format!("DCR_OAUTH: auth_hosts: `{host}` is neither a host name nor `*.` and a domain")
        });
    }
    // One client serves every connection of an auth config.
    let templates = urls.into_iter().chain([&auth.issuer, &auth.resource]);
    for slot in templates.flatten().flat_map(|text| template::slots(text)) {
        let is_of_config = auth
            .fields
            .auth_config
            .iter()
            .any(|field| field.name == slot.name);
        report.require(is_of_config, || {
            format!(
                "DCR_OAUTH: {{{}}} must be a field of the auth config",
                slot.name
            )
        });
    }
}

/// Keys that would do nothing.
fn check_no_oauth(auth: &AuthManifest, report: &mut Report<'_>) {
    let scheme = auth.scheme;
    let unused = [
        ("keep", auth.keep.is_empty()),
        ("callback_keep", auth.callback_keep.is_empty()),
        ("issuer", auth.issuer.is_none()),
        ("resource", auth.resource.is_none()),
        ("registration_url", auth.registration_url.is_none()),
        ("auth_hosts", auth.auth_hosts.is_empty()),
    ];
    for (key, is_absent) in unused {
        report.require(is_absent, || format!("{scheme}: {key} goes with OAuth 2"));
    }
}

/// What a new grant is asked for. The URL is fixed: the token goes there.
pub(super) fn check_post_connect(
    auth: &AuthManifest,
    asked: &PostConnect,
    report: &mut Report<'_>,
) {
    let scheme = auth.scheme;
    let takes_part = matches!(scheme, Scheme::OAuth2 | Scheme::DcrOauth);
    report.require(takes_part, || {
        format!("{scheme}: post_connect goes with OAUTH2 and DCR_OAUTH")
    });
    let is_fixed = template::slots(&asked.url).next().is_none();
    let is_web = Url::parse(&asked.url)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    report.require(is_fixed && is_web, || {
        format!(
            "{scheme}: post_connect.url: `{}` is no fixed http(s) URL",
            asked.url
        )
    });
    report.require(!asked.keep.is_empty(), || {
        format!("{scheme}: post_connect.keep: must name a value")
    });
    if let Some(choose) = &asked.choose {
        check_choose(auth, asked, choose, report);
    }
}

fn check_choose(
    auth: &AuthManifest,
    asked: &PostConnect,
    choose: &Choose,
    report: &mut Report<'_>,
) {
    let scheme = auth.scheme;
    let has_words = !choose.what.trim().is_empty() && !choose.label.is_empty();
    report.require(has_words, || {
        format!("{scheme}: post_connect.choose: needs `what` and a `label` for people")
    });
    // By these an account is known again when its user consents once more.
    let is_known_again = asked.keep.values().any(|kept| kept.pattern.is_some());
    report.require(is_known_again, || {
        format!("{scheme}: post_connect.choose: needs a value of `keep` with a pattern")
    });
    report.require(choose.field.is_some() != choose.names.is_empty(), || {
        format!("{scheme}: post_connect.choose: `field` and `match` go together")
    });
    if let Some(name) = &choose.field {
        let mut fields = auth.fields.connection.iter();
        report.require(fields.any(|field| field.name == *name), || {
            format!("{scheme}: post_connect.choose.field: `{name}` is no field of the connection")
        });
    }
}

fn check_params(
    scheme: Scheme,
    key: &str,
    params: &BTreeMap<String, String>,
    taken: &[&str],
    values: &BTreeSet<&str>,
    report: &mut Report<'_>,
) {
    for (name, value) in params {
        report.require(!taken.contains(&name.as_str()), || {
            format!("{scheme}: {key}: `{name}` is the grant's own")
        });
        if !template::is_well_formed(value) {
            report.add(format!(
                "{scheme}: {key}.{name}: `{value}` has a brace without its partner"
            ));
            continue;
        }
        for slot in template::slots(value) {
            report.require(values.contains(slot.name), || {
                format!(
                    "{scheme}: {key}.{name}: {{{}}} is no value of this scheme",
                    slot.name
                )
            });
        }
    }
}

fn check_headers(scheme: Scheme, headers: &BTreeMap<String, String>, report: &mut Report<'_>) {
    for (name, value) in headers {
        let is_header =
            HeaderName::from_bytes(name.as_bytes()).is_ok() && HeaderValue::from_str(value).is_ok();
        report.require(is_header, || {
            format!("{scheme}: token_headers: `{name}` is no header")
        });
        let own = ["authorization", "content-type", "content-length", "host"];
        report.require(!own.contains(&name.to_ascii_lowercase().as_str()), || {
            format!("{scheme}: token_headers: `{name}` is the request's own")
        });
    }
}

fn check_kept(auth: &AuthManifest, report: &mut Report<'_>) {
    let scheme = auth.scheme;
    let own = [
        "access_token",
        "refresh_token",
        "client_id",
        "client_secret",
        "redirectUrl",
        "status",
    ];
    let mut names = BTreeSet::new();
    for (name, Kept { from, pattern, .. }) in auth.kept() {
        report.require(is_plain_name(name) && !own.contains(&name.as_str()), || {
            format!("{scheme}: keep: `{name}` cannot be the name of a kept value")
        });
        let fields = auth
            .fields
            .connection
            .iter()
            .chain(&auth.fields.auth_config);
        let is_new = names.insert(name) && fields.into_iter().all(|field| field.name != *name);
        report.require(is_new, || {
            format!("{scheme}: keep: the name `{name}` is used twice")
        });
        report.require(!from.trim().is_empty(), || {
            format!("{scheme}: keep: `{name}` must say where it comes from")
        });
        if let Some(pattern) = pattern {
            report.require(whole_match(pattern).is_ok(), || {
                format!("{scheme}: keep: the pattern of `{name}` is no regular expression")
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{problems, with_auth};
    use rstest::rstest;

    const OAUTH2: &str = r#"auth:
  - scheme: OAUTH2
    authorize_url: https://acme.test/authorize
    token_url: "https://{team}.acme.test/token"
    token_params: {shop: "{shop}"}
    keep: {team: {from: team.domain, pattern: "[a-z]+"}}
    fields:
      connection: [{name: shop, display_name: Shop}]
    apply: [{in: header, name: A, value: "{access_token}"}]
"#;
    const S2S: &str = r#"auth:
  - scheme: S2S_OAUTH2
    token_url: https://acme.test/token
    fields:
      connection:
        - {name: client_id, display_name: I, required: true}
        - {name: client_secret, display_name: S, required: true, secret: true}
    apply: [{in: header, name: A, value: "{access_token}"}]
"#;
    const DCR: &str = r#"auth:
  - scheme: DCR_OAUTH
    issuer: https://acme.test
    auth_hosts: ["*.acme.test"]
    apply: [{in: header, name: A, value: "{access_token}"}]
"#;

    #[rstest]
    #[case(OAUTH2)]
    #[case(S2S)]
    #[case(DCR)]
    fn a_block_that_keeps_the_rules_has_no_problem(#[case] block: &str) {
        assert_eq!(
            problems(&with_auth(block), "tools: []"),
            Vec::<String>::new()
        );
    }

    #[rstest]
    #[case::not_fixed(
        OAUTH2,
        "    token_params",
        "    post_connect: {url: \"https://{shop}.acme.test\", keep: {site: id}}\n    token_params",
        "post_connect.url: `https://{shop}.acme.test` is no fixed http(s) URL"
    )]
    #[case::nothing_to_keep(
        OAUTH2,
        "    token_params",
        "    post_connect: {url: \"https://acme.test/sites\", keep: {}}\n    token_params",
        "post_connect.keep: must name a value"
    )]
    #[case::nothing_to_tell_apart_by(
        OAUTH2,
        "    token_params",
        "    post_connect: {url: \"https://acme.test/sites\", choose: {what: site, label: []}, keep: {site: {from: id, pattern: \"[a-z]+\"}}}\n    token_params",
        "needs `what` and a `label` for people"
    )]
    #[case::nothing_to_know_it_again_by(
        OAUTH2,
        "    token_params",
        "    post_connect: {url: \"https://acme.test/sites\", choose: {what: site, label: [name]}, keep: {site: id}}\n    token_params",
        "needs a value of `keep` with a pattern"
    )]
    #[case::chosen_by_no_field(
        OAUTH2,
        "    token_params",
        "    post_connect: {url: \"https://acme.test/sites\", choose: {what: site, label: [name], field: branch, match: [id]}, keep: {site: {from: id, pattern: \"[a-z]+\"}}}\n    token_params",
        "`branch` is no field of the connection"
    )]
    #[case::chosen_by_nothing(
        OAUTH2,
        "    token_params",
        "    post_connect: {url: \"https://acme.test/sites\", choose: {what: site, label: [name], field: shop}, keep: {site: {from: id, pattern: \"[a-z]+\"}}}\n    token_params",
        "`field` and `match` go together"
    )]
    #[case::nobody_consents(
        S2S,
        "    fields",
        "    post_connect: {url: \"https://acme.test/sites\", keep: {site: id}}\n    fields",
        "S2S_OAUTH2: post_connect goes with OAUTH2 and DCR_OAUTH"
    )]
    #[case::own_parameter(
        OAUTH2,
        "{shop: ",
        "{code: ",
        "token_params: `code` is the grant's own"
    )]
    #[case::unknown_value(
        OAUTH2,
        "\"{shop}\"",
        "\"{x}\"",
        "token_params.shop: {x} is no value of this scheme"
    )]
    #[case::taken(
        OAUTH2,
        "name: shop",
        "name: team",
        "keep: the name `team` is used twice"
    )]
    #[case::own_name(
        OAUTH2,
        "{team: {",
        "{client_id: {",
        "keep: `client_id` cannot be the name of a kept value"
    )]
    #[case::no_pattern(
        OAUTH2,
        ", pattern: \"[a-z]+\"",
        "",
        "token_url: the field `team` enters a URL and needs a `pattern`"
    )]
    #[case::slash(
        OAUTH2,
        "[a-z]+",
        "[a-z./]+",
        "token_url: the pattern of `team` lets `evil.example/` through, which leads to another host"
    )]
    #[case::fragment(
        OAUTH2,
        "[a-z]+",
        "[a-z#]+",
        "token_url: the pattern of `team` lets `a#` through, which leads to another host"
    )]
    #[case::anything(
        OAUTH2,
        "[a-z]+",
        ".+",
        "token_url: the pattern of `team` lets `evil.example/` through, which leads to another host"
    )]
    #[case::resource(
        OAUTH2,
        "token_params:",
        "resource: https://x.test\n    token_params:",
        "resource and registration_url go with DCR_OAUTH"
    )]
    #[case::header(
        OAUTH2,
        "token_params:",
        "token_headers: {Authorization: x}\n    token_params:",
        "token_headers: `Authorization` is the request's own"
    )]
    #[case::secret(S2S, ", secret: true", "", "field `client_secret`: must be secret")]
    #[case::no_client(
        S2S,
        "client_id",
        "other_id",
        "fields: `client_id` must be one, of the connection or the auth config"
    )]
    #[case::no_token_url(
        S2S,
        "token_url: https://acme.test/token",
        "refresh: none",
        "token_url is missing"
    )]
    #[case::nowhere(
        DCR,
        "issuer: https://acme.test",
        "refresh: supported",
        "needs authorize_url, token_url and registration_url, or none of them and an issuer or a resource whose metadata name them"
    )]
    #[case::no_pkce(
        DCR,
        "auth_hosts",
        "pkce: none\n    auth_hosts",
        "pkce: it always takes part"
    )]
    #[case::no_host(
        DCR,
        "*.acme.test",
        "https://acme.test",
        "auth_hosts: `https://acme.test` is neither a host name nor `*.` and a domain"
    )]
    #[case::per_connection(
        DCR,
        "https://acme.test",
        "\"https://{x}.acme.test\"",
        "{x} must be a field of the auth config"
    )]
    fn a_block_that_breaks_a_rule_is_told_which(
        #[case] block: &str,
        #[case] kept: &str,
        #[case] broken: &str,
        #[case] problem: &str,
    ) {
        assert!(block.contains(kept), "{kept}");
        let block = block.replacen(kept, broken, 1);
        let found = problems(&with_auth(&block), "tools: []");
        assert!(
            found.iter().any(|line| line.ends_with(problem)),
            "{found:#?}"
        );
    }

    #[test]
    fn a_provider_may_name_only_hosts_of_its_pattern() {
        let block = OAUTH2.replace("https://{team}.acme.test", "{team}");
        let own = block.replace("[a-z]+", r"https://[a-z]+\\.acme\\.test");
        assert_eq!(
            problems(&with_auth(&own), "tools: []"),
            Vec::<String>::new()
        );
        let any = block.replace("[a-z]+", "https://[a-z.]+");
        let found = problems(&with_auth(&any), "tools: []");
        assert!(
            found[0].ends_with("which leads to another host"),
            "{found:#?}"
        );
    }
}
