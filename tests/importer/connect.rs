//! Where an imported toolkit's credentials go, and how its users connect.

use std::collections::BTreeMap;

use rstest::rstest;
use serde_json::{Value, json};
use tenon::importer::{Wishes, convert};

use super::converted;

fn api(root: &Value) -> Value {
    let mut document = json!({
        "openapi": "3.1.0",
        "info": { "title": "Acme" },
        "servers": [{ "url": "https://acme.test" }],
        "paths": { "/x": { "get": { "operationId": "list" } } }
    });
    let members = root.as_object().unwrap().clone();
    document.as_object_mut().unwrap().extend(members);
    document
}

fn base(servers: &Value) -> String {
    let kit = converted(&api(&json!({ "servers": servers })));
    kit.toolkit["base_url"].as_str().unwrap().to_owned()
}

#[rstest]
#[case::by_https_where_both_are_there(&["http://acme.test/v1", "https://acme.test/v1/"], "https://acme.test/v1")]
#[case::not_of_another_host(&["http://acme.test", "https://other.test"], "http://acme.test")]
#[case::for_real(&["https://api.sandbox.acme.test", "https://api.acme.test"], "https://api.acme.test")]
#[case::a_trial_where_there_is_nothing_else(&["https://api.sandbox.acme.test"], "https://api.sandbox.acme.test")]
#[case::somewhere(&["http://localhost:8080", "https://acme.test"], "https://acme.test")]
fn of_several_servers_one_is_called(#[case] urls: &[&str], #[case] expected: &str) {
    let servers: Vec<Value> = urls.iter().map(|url| json!({ "url": url })).collect();
    assert_eq!(base(&json!(servers)), expected);
}

#[rstest]
#[case("http://localhost:8080/api/v2", "{base_url}/api/v2")]
#[case("https://api.example.com", "{base_url}")]
#[case("http://jellyfin.local/x", "{base_url}/x")]
#[case("http://0.0.0.0:9/x", "{base_url}/x")]
#[case("https://virtserver.swaggerhub.com/a/b/1", "{base_url}/a/b/1")]
#[case("https://api.github.com@evil.test/x", "{base_url}/x")]
#[case("https://x.test:99999/y", "{base_url}/y")]
#[case("/v1", "{base_url}/v1")]
#[case("./v1", "{base_url}/v1")]
#[case("https://api.acme.test{base}", "https://api.acme.test")]
#[case("https://\u{430}cme.test/v1", "https://xn--cme-5cd.test/v1")]
fn a_host_that_is_nobodys_is_asked_for_and_its_path_stays(
    #[case] url: &str,
    #[case] expected: &str,
) {
    assert_eq!(base(&json!([{ "url": url }])), expected);
}

#[test]
fn a_description_on_a_shelf_does_not_make_the_shelf_its_api() {
    let document = api(&json!({ "servers": [{ "url": "/v1" }] }));
    for (source, expected) in [
        (
            "https://raw.githubusercontent.com/acme/x/main/api.json",
            "{base_url}/v1",
        ),
        (
            "http://localhost:8000/openapi.json",
            "http://localhost:8000/v1",
        ),
    ] {
        let wishes = Wishes {
            source_url: Some(source.parse().unwrap()),
            ..Wishes::default()
        };
        let kit = convert(&document, &wishes, &BTreeMap::new()).unwrap();
        assert_eq!(kit.toolkit["base_url"], expected);
    }
}

#[test]
fn variables_of_a_server_are_asked_for_where_they_differ_between_people() {
    let kit = converted(&api(&json!({ "servers": [{
        "url": "{scheme}://{site}.acme.test:{port}/{tenant}/{version}/{region}",
        "variables": {
            "scheme": { "default": "http", "enum": ["http", "https"] },
            "site": { "default": "demo" },
            "port": { "default": "8443" },
            "version": { "default": "v2" },
            "region": { "default": "eu", "enum": ["eu", "us"] }
        }
    }] })));
    assert_eq!(
        kit.toolkit["base_url"],
        "https://{site}.acme.test:8443/{tenant}/v2/{region}"
    );
    let fields = &kit.toolkit["auth"][0]["fields"]["connection"];
    let told: Vec<Value> = fields
        .as_array()
        .unwrap()
        .iter()
        .map(|field| json!([field["name"], field["required"], field["default"]]))
        .collect();
    assert_eq!(
        json!(told),
        json!([
            ["site", false, "demo"],
            ["tenant", true, null],
            ["region", false, "eu"]
        ])
    );
}

#[test]
fn swagger_without_a_host_keeps_its_path() {
    let kit = converted(&json!({
        "swagger": "2.0", "info": { "title": "Acme" }, "basePath": "/api/v1",
        "paths": { "/x": { "get": { "operationId": "list" } } }
    }));
    assert_eq!(kit.toolkit["base_url"], "{base_url}/api/v1");
}

#[test]
fn an_operation_at_somebody_elses_host_is_left_out_and_told() {
    let at = |url: &str| json!({ "get": { "servers": [{ "url": url }] } });
    let kit = converted(&api(&json!({
        "servers": [{ "url": "https://api.acme.test/v1" }],
        "paths": {
            "/own": { "get": {} },
            "/files": at("https://files.acme.test"),
            "/other": at("https://evil.test"),
            "/again": at("https://api.acme.test.evil.test"),
            "/old": at("/v0"),
        }
    })));
    let servers: Vec<&Value> = kit.toolkit["servers"]
        .as_object()
        .unwrap()
        .values()
        .collect();
    assert_eq!(
        servers,
        ["https://api.acme.test/v0", "https://files.acme.test"]
    );
    let skipped = json!(kit.report.skipped);
    let skipped: Vec<Value> = skipped
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!([one["operation"], one["reason"], one["detail"]]))
        .collect();
    assert_eq!(
        json!(skipped),
        json!([
            ["GET /other", "foreign_server", "evil.test"],
            ["GET /again", "foreign_server", "api.acme.test.evil.test"],
        ])
    );
}

#[rstest::rstest]
#[case("api.acme.io", "files.acme.io", 0)]
#[case("acme.co", "files.acme.co", 0)]
#[case("api.acme.co.uk", "files.acme.co.uk", 0)]
#[case("acme.co.uk", "evil.co.uk", 1)]
#[case("acme.com.br", "evil.com.br", 1)]
#[case("acme.io", "evil.io", 1)]
#[case("acme.herokuapp.com", "evil.herokuapp.com", 1)]
fn an_owner_is_told_by_what_can_be_registered(
    #[case] own: &str,
    #[case] other: &str,
    #[case] left_out: usize,
) {
    let at = |host: &str| json!([{ "url": format!("https://{host}") }]);
    let kit = converted(&api(&json!({
        "servers": at(own),
        "paths": { "/x": { "get": {} }, "/y": { "get": { "servers": at(other) } } }
    })));
    assert_eq!(
        kit.report.skipped.len(),
        left_out,
        "{:?}",
        kit.report.skipped
    );
}

#[test]
fn an_api_lives_where_its_operations_say_so() {
    let kit = converted(&api(&json!({
        "servers": [],
        "paths": { "/x": { "get": {}, "servers": [{ "url": "https://acme.test/v1" }] } }
    })));
    assert_eq!(kit.toolkit["base_url"], "https://acme.test/v1");
    assert_eq!(kit.toolkit.get("servers"), None);
}

/// The scheme of each way to connect, and where it puts the credential.
fn ways(root: &Value) -> Vec<String> {
    let kit = converted(&api(root));
    let ways = kit.toolkit.get("auth").cloned().unwrap_or_default();
    let ways = ways.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    ways.iter()
        .map(|way| {
            let apply = way["apply"].as_array().cloned().unwrap_or_default();
            let apply: Vec<String> = apply
                .iter()
                .map(|one| {
                    format!(
                        "{} {}: {}",
                        text(&one["in"]),
                        text(&one["name"]),
                        text(&one["value"])
                    )
                })
                .collect();
            format!("{} {}", text(&way["scheme"]), apply.join(", "))
        })
        .collect()
}

#[rstest]
#[case::implicit(json!({ "type": "oauth2", "flows": { "implicit": { "authorizationUrl": "https://acme.test/a" } } }), "BEARER_TOKEN header Authorization: Bearer {token}")]
#[case::password(json!({ "type": "oauth2", "flows": { "password": { "tokenUrl": "https://acme.test/t" } } }), "BEARER_TOKEN header Authorization: Bearer {token}")]
#[case::open_id(json!({ "type": "openIdConnect", "openIdConnectUrl": "https://acme.test/o" }), "BEARER_TOKEN header Authorization: Bearer {token}")]
#[case::broken(json!({ "type": "oauth2", "flows": { "authorizationCode": { "authorizationUrl": "https://{x}/a", "tokenUrl": "https://{x}/t" } } }), "BEARER_TOKEN header Authorization: Bearer {token}")]
#[case::cookie(json!({ "type": "apiKey", "in": "cookie", "name": "sid" }), "API_KEY header Cookie: sid={generic_api_key}")]
#[case::word(json!({ "type": "http", "scheme": "Token" }), "API_KEY header Authorization: Token {generic_api_key}")]
fn where_a_way_cannot_be_gone_here_its_credential_can_be_given(
    #[case] scheme: Value,
    #[case] expected: &str,
) {
    let found = ways(&json!({ "components": { "securitySchemes": { "x": scheme } } }));
    assert_eq!(found, [expected]);
}

#[rstest]
#[case("Bearer", "", "Bearer ")]
#[case("DjangoRestToken", "", "Token ")]
#[case(
    "key",
    "API tokens must be prepended with \"token\" followed by a space",
    "token "
)]
#[case("key", "Use `SSWS {API Token}`", "SSWS ")]
#[case("key", "The string \"OAuth\" followed by the user's token", "OAuth ")]
#[case("key", "Your key.", "")]
fn the_word_before_a_key_is_read(#[case] name: &str, #[case] about: &str, #[case] word: &str) {
    let scheme =
        json!({ "type": "apiKey", "in": "header", "name": "Authorization", "description": about });
    let found = ways(&json!({ "components": { "securitySchemes": { name: scheme } } }));
    assert_eq!(
        found,
        [format!(
            "API_KEY header Authorization: {word}{{generic_api_key}}"
        )]
    );
}

#[rstest]
#[case::made_anew_each_time(json!({ "type": "http", "scheme": "digest" }))]
#[case::the_host(json!({ "type": "apiKey", "in": "header", "name": "Host" }))]
#[case::no_header(json!({ "type": "apiKey", "in": "header", "name": "X\r\nEvil" }))]
fn what_no_credential_can_stand_in_is_no_way(#[case] scheme: Value) {
    let found = ways(&json!({ "components": { "securitySchemes": { "x": scheme } } }));
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn of_two_ways_in_one_place_the_one_that_can_be_gone_is() {
    let code =
        json!({ "authorizationUrl": "https://acme.test/a", "tokenUrl": "https://acme.test/t" });
    let found = ways(&json!({
        "security": [{ "a": [], "b": [] }],
        "components": { "securitySchemes": {
            "a": { "type": "oauth2", "flows": { "implicit": { "authorizationUrl": "https://acme.test/a" } } },
            "b": { "type": "oauth2", "flows": { "authorizationCode": code } },
        } }
    }));
    assert_eq!(
        found,
        ["OAUTH2 header Authorization: Bearer {access_token}"]
    );
}

#[rstest]
#[case::relative("/oauth/token", "https://acme.test/oauth/token")]
#[case::without_encryption("http://login.acme.test/t", "https://login.acme.test/t")]
#[case::as_it_stands("https://login.acme.test", "https://login.acme.test")]
fn tokens_are_asked_for_at_an_address_that_is_whole(#[case] url: &str, #[case] expected: &str) {
    let flows = json!({ "clientCredentials": { "tokenUrl": url } });
    let kit = converted(&api(&json!({
        "servers": [{ "url": "https://acme.test/v1" }],
        "components": { "securitySchemes": { "x": { "type": "oauth2", "flows": flows } } }
    })));
    assert_eq!(kit.toolkit["auth"][0]["token_url"], expected);
}

#[test]
fn a_credential_that_is_told_among_the_parameters_is_a_way_to_connect() {
    let with = |parameters: Value| {
        json!({ "paths": {
        "/x": { "parameters": parameters, "get": { "operationId": "list" } }
    } })
    };
    let key = json!([{ "name": "api_key", "in": "query", "required": true }, { "name": "q", "in": "query" }]);
    assert_eq!(
        ways(&with(key.clone())),
        ["API_KEY query api_key: {generic_api_key}"]
    );
    let kit = converted(&api(&with(key)));
    assert_eq!(kit.tools[0].manifest["args"].as_array().unwrap().len(), 1);
    let header =
        |about: &str| json!([{ "name": "Authorization", "in": "header", "description": about }]);
    assert_eq!(
        ways(&with(header("Bearer, as from the login"))),
        ["BEARER_TOKEN header Authorization: Bearer {token}"]
    );
    assert_eq!(
        ways(&with(header("Basic credentials"))),
        ["BASIC header Authorization: Basic {base64(username:password)}"]
    );
    assert_eq!(
        ways(&with(header(""))),
        ["API_KEY header Authorization: {generic_api_key}"]
    );
    assert_eq!(
        ways(&with(json!([{ "name": "key", "in": "query" }]))).len(),
        1
    );
    assert_eq!(
        ways(&with(json!([{ "name": "q", "in": "query" }]))).len(),
        0
    );
}

#[test]
fn a_credential_of_a_few_operations_is_not_asked_of_everybody() {
    let with = |name: &str| {
        let parameters = json!([{ "name": name, "in": "header" }]);
        json!({ "get": { "parameters": parameters } })
    };
    let paths = json!({ "paths": {
        "/a": with("X-Api-Key"), "/b": with("X-Api-Key"), "/c": with("X-Api-Key"),
        "/d": with("Authorization"),
    } });
    assert_eq!(
        ways(&paths),
        ["API_KEY header X-Api-Key: {generic_api_key}"]
    );
}

#[test]
fn headers_that_are_none_or_not_a_callers_are_no_arguments() {
    let header = |name: &str| json!({ "name": name, "in": "header", "schema": { "enum": ["a"] } });
    let kit = converted(&api(&json!({ "paths": { "/x": { "get": { "parameters": [
        header("X-A\r\nX-Evil: 1"), header("Transfer-Encoding"), header("Cookie"), header("X-Own"),
    ] } } } })));
    assert_eq!(
        kit.tools[0].manifest["request"]["headers"],
        json!({ "X-Own": "a" })
    );
    assert_eq!(kit.tools[0].manifest.get("args"), None);
}
