//! What becomes of each dialect's words.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tenon::importer::{Wishes, convert};

use super::{SHOP, argument, assert_acceptable, converted, lines, read, tools_of, with_schema};

#[test]
fn an_openapi_description_becomes_a_toolkit() {
    let shop = converted(&read(SHOP));
    insta::assert_snapshot!(lines(&json!(shop.toolkit)), @r##"
    manifest: 1
    slug: "shop"
    name: "The Shop API"
    description: "Keeps a shop."
    base_url: "https://{region}.shop.test/v1"
    auth:
      {"scheme":"API_KEY","fields":{"connection":[{"name":"generic_api_key","display_name":"API key","required":true,"secret":true,"legacy_names":["api_key"]},{"name":"region","display_name":"Region","options":["eu","us"],"required":false,"default":"eu","pattern":"eu|us"}]},"apply":[{"in":"header","name":"X-Api-Key","value":"{generic_api_key}"}]}
    "##);
    insta::assert_snapshot!(tools_of(&shop), @r##"
    slug: "SHOP_LIST_THINGS_OF_A_SHELF"
    name: "List things of a shelf"
    description: "List things of a shelf"
    tags: ["readOnlyHint","idempotentHint","openWorldHint","things"]
    args:
      {"arg":"shelf_id","type":"string","description":"Which shelf.","required":true}
      {"arg":"page_size","type":"integer","description":"Page size.","default":20,"schema":{"maximum":100,"minimum":1},"name":"page[size]"}
      {"arg":"tags","type":"array","description":"Tags.","schema":{"items":{"type":"string"}},"join":"csv"}
      {"arg":"ids","type":"array","description":"Ids.","schema":{"items":{"type":"string"}},"join":"pipes"}
      {"arg":"filter_color","type":"string","description":"Filter color.","name":"filter[color]"}
      {"arg":"filter_sold","type":"boolean","description":"Filter sold.","name":"filter[sold]"}
    request: {"method":"GET","path":"/shelves/{shelf_id}/things","headers":{"X-Version":"7"}}

    slug: "SHOP_SELL_A_THING"
    name: "Sell a thing"
    description: "Sell a thing"
    tags: ["openWorldHint","things"]
    args:
      {"arg":"shelf_id","type":"string","description":"Which shelf.","required":true}
      {"arg":"name","type":"string","description":"Name.","required":true,"schema":{"maxLength":50}}
      {"arg":"body_shelf_id","type":"string","description":"Where it goes, see shelves.","name":"shelf-id"}
      {"arg":"price","type":"string","description":"(or number)","accepts":["number"]}
      {"arg":"maker","type":"object","description":"Maker.","schema":{"properties":{"name":{"type":"string"},"parent":{"type":"object","properties":{"name":{"type":"string","maxLength":50}},"required":["name"],"additionalProperties":true}},"nullable":true}}
    request: {"method":"POST","path":"/shelves/{shelf_id}/things"}

    slug: "SHOP_PUT_THINGS"
    name: "Put things"
    description: "Put things"
    tags: ["updateHint","idempotentHint","openWorldHint"]
    args:
      {"arg":"shelf","type":"string","description":"Shelf.","required":true}
      {"arg":"id","type":"string","description":"Id.","required":true}
      {"arg":"body","type":"array","description":"Body.","required":true,"schema":{"items":{"type":"string"}},"whole":true}
    request: {"method":"PUT","path":"/shelves/{shelf}/things/{id}"}

    slug: "SHOP_THROW_A_THING_AWAY"
    name: "Throw a thing away"
    description: "Throw a thing away"
    tags: ["destructiveHint","idempotentHint","openWorldHint"]
    args:
      {"arg":"shelf","type":"string","description":"Shelf.","required":true}
      {"arg":"id","type":"string","description":"Id.","required":true}
    request: {"method":"DELETE","path":"/shelves/{shelf}/things/{id}"}

    slug: "SHOP_SEARCH_THINGS"
    name: "Search things"
    description: "Search things"
    tags: ["readOnlyHint","openWorldHint"]
    args:
      {"arg":"q","type":"string","description":"Q."}
    request: {"method":"POST","path":"/things/search"}
    "##);
    insta::assert_snapshot!(lines(&serde_json::to_value(&shop.report).unwrap()), @r##"
    operations: 5
    converted: 5
    skipped_by_reason: {}
    losses: {"union":1,"recursion":1,"cookie_parameter":1,"undescribed_parameter":4}
    skipped: []
    notes:
      {"loss":"cookie_parameter","at":"/paths/~1shelves~1{shelf-id}~1things/get/parameters/session"}
      {"loss":"union","at":"/paths/~1shelves~1{shelf-id}~1things/post/requestBody/content/application~1json/schema/properties/price","detail":"number or string"}
      {"loss":"recursion","at":"/paths/~1shelves~1{shelf-id}~1things/post/requestBody/content/application~1json/schema/properties/maker/parent","detail":"#/components/schemas/NewThing"}
      {"loss":"undescribed_parameter","at":"/paths/~1shelves~1{shelf}~1things~1{id}/put/parameters","detail":"shelf"}
      {"loss":"undescribed_parameter","at":"/paths/~1shelves~1{shelf}~1things~1{id}/put/parameters","detail":"id"}
      {"loss":"undescribed_parameter","at":"/paths/~1shelves~1{shelf}~1things~1{id}/delete/parameters","detail":"shelf"}
      {"loss":"undescribed_parameter","at":"/paths/~1shelves~1{shelf}~1things~1{id}/delete/parameters","detail":"id"}
    "##);
}

#[test]
fn a_swagger_description_becomes_a_toolkit() {
    let shop = converted(&read(
        "swagger: 2.0
info: {title: Old Shop}
host: old.shop.test
basePath: /api
schemes: [http, https]
consumes: [application/json]
securityDefinitions:
  login: {type: oauth2, flow: accessCode, authorizationUrl: 'https://old.shop.test/a', tokenUrl: 'https://old.shop.test/t', scopes: {sell: Sell things}}
security: [{login: [sell]}]
paths:
  /things:
    get:
      operationId: listThings
      parameters:
        - {name: colors, in: query, type: array, items: {type: string, enum: [red, blue]}}
        - {name: sizes, in: query, type: array, collectionFormat: multi, items: {type: integer}}
    post:
      operationId: addThing
      parameters:
        - {name: body, in: body, required: true, schema: {$ref: '#/definitions/Thing'}}
  /photos:
    post:
      operationId: addPhoto
      consumes: [multipart/form-data]
      parameters: [{name: photo, in: formData, type: file, required: true}]
definitions:
  Thing: {type: object, required: [name], properties: {name: {type: string}}}
",
    ));
    insta::assert_snapshot!(lines(&json!(shop.toolkit)), @r##"
    manifest: 1
    slug: "old_shop"
    name: "Old Shop"
    description: "Old Shop."
    base_url: "https://old.shop.test/api"
    auth:
      {"scheme":"OAUTH2","token_url":"https://old.shop.test/t","authorize_url":"https://old.shop.test/a","scopes":{"default":["sell"],"descriptions":{"sell":"Sell things"}},"apply":[{"in":"header","name":"Authorization","value":"Bearer {access_token}"}]}
    "##);
    insta::assert_snapshot!(tools_of(&shop), @r##"
    slug: "OLD_SHOP_LIST_THINGS"
    name: "List things"
    description: "GET /things"
    tags: ["readOnlyHint","idempotentHint","openWorldHint"]
    scopes: ["sell"]
    args:
      {"arg":"colors","type":"array","description":"Colors.","schema":{"items":{"type":"string","enum":["red","blue"]}},"join":"csv"}
      {"arg":"sizes","type":"array","description":"Sizes.","schema":{"items":{"type":"integer"}}}
    request: {"method":"GET","path":"/things"}

    slug: "OLD_SHOP_ADD_THING"
    name: "Add thing"
    description: "POST /things"
    tags: ["openWorldHint"]
    scopes: ["sell"]
    args:
      {"arg":"name","type":"string","description":"Name.","required":true}
    request: {"method":"POST","path":"/things"}

    slug: "OLD_SHOP_ADD_PHOTO"
    name: "Add photo"
    description: "POST /photos"
    tags: ["openWorldHint"]
    scopes: ["sell"]
    args:
      {"arg":"photo","type":"object","file":true,"description":"The file to send.","required":true}
    request: {"method":"POST","path":"/photos","encoding":"multipart"}
    "##);
}

#[test]
fn a_discovery_document_becomes_a_toolkit() {
    let document = json!({
        "kind": "discovery#restDescription", "name": "mailbox", "title": "Mailbox API",
        "rootUrl": "https://mail.test/", "servicePath": "v1/",
        "parameters": {
            "fields": { "type": "string", "location": "query", "description": "Which members of the answer." },
            "prettyPrint": { "type": "boolean", "location": "query" } },
        "auth": { "oauth2": { "scopes": { "mail.readonly": { "description": "Read mail" }, "mail": {}, "mail.addons.x": {} } } },
        "schemas": {
            "Draft": { "type": "object", "properties": {
                "id": { "type": "string" }, "message": { "$ref": "Message" } } },
            "Message": { "type": "object", "properties": {
                "raw": { "type": "string", "format": "byte" }, "parts": { "type": "array", "items": { "$ref": "Message" } } } },
            "Empty": { "type": "object" }
        },
        "resources": { "users": { "resources": { "drafts": { "methods": {
            "list": { "id": "mailbox.users.drafts.list", "httpMethod": "GET", "path": "users/{userId}/drafts",
                "description": "Lists drafts.", "scopes": ["mail", "mail.readonly"], "response": { "$ref": "Empty" },
                "parameters": {
                    "userId": { "type": "string", "location": "path", "required": true, "default": "me" },
                    "labelIds": { "type": "string", "location": "query", "repeated": true, "description": "Which labels." },
                    "view": { "type": "string", "location": "query", "enum": ["FULL", "MINIMAL", "RAW"],
                        "enumDescriptions": ["All there is.", "", "As it was sent"], "description": "How much." },
                    "maxResults": { "type": "integer", "format": "uint32", "location": "query", "default": "100", "minimum": "1" } } },
            "create": { "id": "mailbox.users.drafts.create", "httpMethod": "POST", "path": "users/{userId}/drafts",
                "scopes": ["mail", "mail.addons.x"], "request": { "$ref": "Draft" }, "supportsMediaUpload": true,
                "parameters": { "userId": { "type": "string", "location": "path", "required": true } } },
            "stop": { "id": "mailbox.users.drafts.stop", "httpMethod": "POST", "path": "v1/{+name}:stop",
                "request": { "$ref": "Empty" }, "flatPath": "v1/drafts/{draftsId}:stop",
                "parameters": { "name": { "type": "string", "location": "path", "required": true } } }
        } } } } }
    });
    let wishes = Wishes {
        snake: true,
        ..Wishes::default()
    };
    let kit = convert(&document, &wishes, &BTreeMap::new()).unwrap();
    insta::assert_snapshot!(lines(&json!(kit.toolkit)), @r##"
    manifest: 1
    slug: "mailbox"
    name: "Mailbox API"
    description: "Mailbox API."
    base_url: "https://mail.test/v1"
    auth:
      {"scheme":"OAUTH2","token_url":"https://oauth2.googleapis.com/token","authorize_url":"https://accounts.google.com/o/oauth2/v2/auth","authorize_params":{"access_type":"offline","prompt":"consent"},"scopes":{"default":["mail","mail.readonly"],"descriptions":{"mail.readonly":"Read mail"}},"apply":[{"in":"header","name":"Authorization","value":"Bearer {access_token}"}]}
    "##);
    insta::assert_snapshot!(tools_of(&kit), @r##"
    slug: "MAILBOX_LIST_DRAFTS"
    name: "List drafts"
    description: "Lists drafts."
    tags: ["readOnlyHint","idempotentHint","openWorldHint","drafts"]
    scopes: ["mail.readonly"]
    args:
      {"arg":"user_id","type":"string","description":"User id.","required":true,"default":"me"}
      {"arg":"label_ids","type":"array","description":"Which labels.","schema":{"items":{"type":"string"}},"name":"labelIds"}
      {"arg":"view","type":"string","description":"How much. FULL: All there is. RAW: As it was sent.","schema":{"enum":["FULL","MINIMAL","RAW"]}}
      {"arg":"max_results","type":"integer","description":"Max results.","default":100,"schema":{"minimum":1},"name":"maxResults"}
      {"arg":"fields","type":"string","description":"Which members of the answer."}
    request: {"method":"GET","path":"/users/{user_id}/drafts"}

    slug: "MAILBOX_CREATE_DRAFT"
    name: "Create draft"
    description: "POST /users/{userId}/drafts"
    tags: ["openWorldHint","drafts"]
    scopes: ["mail"]
    args:
      {"arg":"user_id","type":"string","description":"User id.","required":true}
      {"arg":"id","type":"string","description":"Id."}
      {"arg":"message","type":"object","description":"Message.","schema":{"properties":{"raw":{"type":"string","description":"Format: byte."},"parts":{"type":"array","items":{"type":"object","additionalProperties":true}}}}}
    request: {"method":"POST","path":"/users/{user_id}/drafts"}

    slug: "MAILBOX_STOP_DRAFT"
    name: "Stop draft"
    description: "POST /v1/{+name}:stop"
    tags: ["openWorldHint","drafts"]
    args:
      {"arg":"name","type":"string","description":"Name.","required":true}
    request: {"method":"POST","path":"/v1/{+name}:stop"}
    "##);
}

#[rstest::rstest]
#[case::a_union_of_scalars(json!({ "oneOf": [{ "type": "string" }, { "type": "integer" }] }),
    json!({ "type": "string", "description": "(or integer)", "accepts": ["integer"] }))]
#[case::null_beside_a_type(json!({ "type": ["null", "integer"], "minimum": 3 }),
    json!({ "type": "integer", "schema": { "minimum": 3, "nullable": true } }))]
#[case::null_among_alternatives(json!({ "anyOf": [{ "type": "null" }, { "type": "boolean" }] }),
    json!({ "type": "boolean", "schema": { "nullable": true } }))]
#[case::a_constant(json!({ "const": "a" }), json!({ "type": "string", "schema": { "enum": ["a"] } }))]
#[case::choices_of_alternatives(json!({ "oneOf": [{ "enum": ["a"] }, { "enum": ["b", null] }] }),
    json!({ "type": "string", "schema": { "enum": ["a", "b"], "nullable": true } }))]
#[case::objects_together(
    json!({ "oneOf": [
        { "type": "object", "required": ["k", "a"], "properties": { "k": { "enum": ["A"] }, "a": { "type": "integer" } } },
        { "type": "object", "required": ["k"], "properties": { "k": { "enum": ["B"] }, "b": { "type": "integer" } } } ] }),
    json!({ "type": "object", "schema": { "properties": {
        "k": { "type": "string", "enum": ["A", "B"] }, "a": { "type": "integer" }, "b": { "type": "integer" }
    }, "required": ["k"] } }))]
#[case::a_list_or_one(json!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] }),
    json!({ "type": "array", "description": "(or string)", "accepts": ["string"],
        "schema": { "items": { "type": "string" } } }))]
#[case::an_old_exclusive_limit(json!({ "type": "number", "minimum": 1, "exclusiveMinimum": true }),
    json!({ "type": "number", "description": "More than 1." }))]
#[case::choices_of_numbers(json!({ "type": "integer", "enum": [1, 2], "multipleOf": 1, "description": "How." }),
    json!({ "type": "integer", "description": "How. One of 1, 2. A multiple of 1." }))]
#[case::an_empty_choice(json!({ "enum": ["", "a"] }), json!({ "type": "string", "schema": { "enum": ["a"] } }))]
#[case::formats_and_sets(
    json!({ "type": "array", "uniqueItems": true, "items": { "type": "string", "format": "email" } }),
    json!({ "type": "array", "description": "No item twice.",
        "schema": { "items": { "type": "string", "description": "Format: email." } } }))]
#[case::members_of_strange_names(
    json!({ "type": "object", "required": ["@type"], "properties": { "@type": { "type": "string" }, "a.b-c": { "type": "string" } } }),
    json!({ "type": "object", "description": "Also takes `@type`.", "schema": {
        "properties": { "a.b-c": { "type": "string" } }, "additionalProperties": true } }))]
#[case::a_broken_pattern(json!({ "type": "string", "pattern": "(a", "maxLength": -1, "default": null }),
    json!({ "type": "string" }))]
#[case::nothing_at_all(json!({}),
    json!({ "type": "string", "description": "(or any JSON value)", "accepts": ["any"] }))]
#[case::all_types(
    json!({ "type": ["string", "number", "boolean", "array", "object"], "description": "What." }),
    json!({ "type": "object", "description": "What. (or any JSON value)", "accepts": ["any"],
        "schema": { "additionalProperties": true } }))]
#[case::an_integer_is_a_number(json!({ "type": ["integer", "number"] }), json!({ "type": "number" }))]
#[case::texts_beside_a_thing(
    json!({ "description": "Which.", "oneOf": [
        { "type": "object", "properties": { "type": { "type": "string" } } },
        { "enum": ["none", "auto"] }] }),
    json!({ "type": "object", "description": "Which. (or string: none, auto)", "accepts": ["string"],
        "schema": { "properties": { "type": { "type": "string" } } } }))]
#[case::a_thing_beside_texts(
    json!({ "oneOf": [{ "enum": ["none", "auto"] },
        { "type": "object", "properties": { "type": { "type": "string" }, "name": { "type": "string" } } }] }),
    json!({ "type": "string", "description": "(or object: type, name)", "accepts": ["object"],
        "schema": { "enum": ["none", "auto"] } }))]
#[case::the_id_of_a_thing_or_the_thing(
    json!({ "oneOf": [{ "type": "string", "format": "uuid" }, { "$ref": "#/components/schemas/User" }] }),
    json!({ "type": "string", "description": "Format: uuid. (or object: mail)", "accepts": ["object"] }))]
#[case::values_of_several_types(json!({ "enum": ["auto", 1] }),
    json!({ "type": "string", "description": "(or integer)", "accepts": ["integer"],
        "schema": { "enum": ["auto", "1"] } }))]
#[case::unions_in_it(
    json!({ "type": "array", "items": { "type": "object", "properties": {
        "content": { "anyOf": [{ "type": "array", "items": {} }, { "type": "string" }, { "type": "null" }] } } } }),
    json!({ "type": "array", "schema": { "items": { "type": "object", "properties": {
        "content": { "type": "array", "description": "(or string)", "accepts": ["string"], "nullable": true,
            "items": { "type": "string", "description": "(or any JSON value)", "accepts": ["any"] } } } } } }))]
#[case::free_members(json!({ "type": "object", "additionalProperties": { "type": "integer" } }),
    json!({ "type": "object", "schema": { "additionalProperties": { "type": "integer" } } }))]
#[case::a_default_of_another_type(json!({ "type": "integer", "default": "5", "example": 7 }),
    json!({ "type": "integer", "default": 5, "schema": { "examples": [7] } }))]
#[case::a_member_that_is_demanded_and_not_described(
    json!({ "type": "object", "required": ["type"], "properties": { "a": { "type": "integer" } } }),
    json!({ "type": "object", "schema": { "properties": {
        "a": { "type": "integer" },
        "type": { "type": "string", "description": "(or any JSON value)", "accepts": ["any"] } },
        "required": ["type"] } }))]
#[case::an_empty_text_beside_a_number(
    json!({ "anyOf": [{ "type": "integer" }, { "type": "string", "enum": [""] }] }),
    json!({ "type": "integer", "accepts": ["string"] }))]
#[case::some_texts_beside_a_number(
    json!({ "anyOf": [{ "type": "string", "enum": ["now"] }, { "type": "integer" }] }),
    json!({ "type": "string", "description": "(or integer)", "accepts": ["integer"], "schema": { "examples": ["now"] } }))]
#[case::choices_without_number(json!({ "type": "string", "enum": (0..1_000).collect::<Vec<_>>() }),
    json!({ "type": "string", "schema": { "examples": ["0", "1", "2"] } }))]
fn a_schema_becomes_one_that_every_model_accepts(
    #[case] schema: Value,
    #[case] mut expected: Value,
) {
    let user = json!({ "properties": { "mail": { "type": "string" } } });
    let root = json!({ "components": { "schemas": { "User": user } } });
    let found = argument(schema, root);
    assert_acceptable(&found);
    expected["arg"] = "x".into();
    if expected.get("description").is_none() {
        expected["description"] = "X.".into();
    }
    assert_eq!(found, expected);
}

#[test]
fn references_of_every_kind_end_somewhere() {
    for reference in [
        "#/nowhere",
        "other.yaml#/a",
        "http://169.254.169.254/latest",
        "../../etc/passwd",
        "#/components/schemas/A",
    ] {
        let root =
            json!({ "components": { "schemas": { "A": { "$ref": "#/components/schemas/A" } } } });
        let found = argument(json!({ "$ref": reference }), root);
        assert_eq!(found["type"], "object", "{reference}");
        assert_eq!(
            found["schema"],
            json!({ "additionalProperties": true }),
            "{reference}"
        );
    }
}

#[test]
fn what_things_and_the_things_in_them_have_in_common_is_no_circle() {
    let part = |name: &str, more: Value| json!({ "allOf": [{ "$ref": "#/components/schemas/Any" }, { "properties": { name: more } }] });
    let root = json!({ "components": { "schemas": {
        "Any": { "type": "object", "required": ["type"], "properties": { "type": { "type": "string" } } },
        "Team": part("owner", json!({ "$ref": "#/components/schemas/User" })),
        "User": part("team", json!({ "$ref": "#/components/schemas/Team" })),
    } } });
    let found = argument(json!({ "$ref": "#/components/schemas/Team" }), root);
    let user = &found["schema"]["properties"]["owner"];
    assert_eq!(user["properties"]["type"], json!({ "type": "string" }));
    assert_eq!(user["required"], json!(["type"]));
    // A circle ends with what must be there.
    let circle = json!({ "type": "object", "properties": { "type": { "type": "string" } },
        "required": ["type"], "additionalProperties": true });
    assert_eq!(user["properties"]["team"], circle);
}

#[test]
fn lists_in_deep_objects_of_a_query_are_named_with_brackets() {
    let list = json!({ "type": "array", "items": { "type": "string" } });
    let document = json!({
        "openapi": "3.0.0", "info": { "title": "Acme" }, "servers": [{ "url": "https://acme.test" }],
        "paths": { "/x": { "get": { "operationId": "list", "parameters": [
            { "name": "expand", "in": "query", "style": "deepObject", "explode": true, "schema": list },
            { "name": "filter", "in": "query", "style": "deepObject", "schema": { "properties": { "ids": list } } },
        ] } } }
    });
    let converted = converted(&document);
    let args = converted.tools[0].manifest["args"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(
        (&args[0]["join"], args[0].get("name")),
        (&json!("brackets"), None)
    );
    assert_eq!(
        (&args[1]["join"], &args[1]["name"]),
        (&json!("brackets"), &json!("filter[ids]"))
    );
}

#[rstest::rstest]
#[case::openapi_2(json!({ "openapi": "2.0" }))]
#[case::nothing(json!({}))]
#[case::a_list(json!([]))]
fn what_is_no_description_is_refused(#[case] document: Value) {
    let error = convert(&document, &Wishes::default(), &BTreeMap::new()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("of no kind that can be imported"),
        "{error}"
    );
}

#[test]
fn what_the_user_wishes_stands_above_the_description() {
    let wishes = Wishes {
        slug: Some("corner_shop".into()),
        base_url: Some("https://corner.test/".parse().unwrap()),
        selection: tenon::importer::Selection::new(&["/things/*".into(), "delete".into()], &[])
            .unwrap(),
        slugs: BTreeMap::from([(
            "POST /things/search".into(),
            vec!["CORNER_SHOP_FIND".into()],
        )]),
        ..Wishes::default()
    };
    let kit = convert(&read(SHOP), &wishes, &BTreeMap::new()).unwrap();
    assert_eq!(kit.toolkit["base_url"], "https://corner.test");
    let slugs: Vec<&Value> = kit
        .tools
        .iter()
        .map(|tool| &tool.manifest["slug"])
        .collect();
    assert_eq!(
        slugs,
        ["CORNER_SHOP_THROW_A_THING_AWAY", "CORNER_SHOP_FIND"]
    );
    assert_eq!(kit.report.skipped.len(), 3);
}

#[rstest::rstest]
#[case::the_same_host(json!([{ "url": "//acme.test/v1" }]), Some("http://127.0.0.1:9/v2"))]
#[case::another_host(json!([{ "url": "https://other.test" }]), None)]
#[case::no_host(json!([{ "url": "/v1" }]), None)]
#[case::none(json!([]), None)]
fn where_the_user_says_the_address_nobody_else_is_called(
    #[case] servers: Value,
    #[case] server: Option<&str>,
) {
    let own = json!([{ "url": "https://acme.test/v2" }]);
    let document = json!({
        "openapi": "3.0.0", "info": { "title": "Acme" }, "servers": servers,
        "paths": { "/x": { "get": { "operationId": "list", "servers": own } } }
    });
    let wishes = Wishes {
        base_url: Some("http://127.0.0.1:9/v1".parse().unwrap()),
        ..Wishes::default()
    };
    let kit = convert(&document, &wishes, &BTreeMap::new()).unwrap();
    let servers: Vec<Option<&str>> = kit.toolkit.get("servers").map_or_else(Vec::new, |all| {
        all.as_object()
            .unwrap()
            .values()
            .map(Value::as_str)
            .collect()
    });
    assert_eq!(servers, server.map(Some).into_iter().collect::<Vec<_>>());
}

#[test]
fn an_api_that_does_not_say_where_it_lives_asks_whoever_connects() {
    let mut document = with_schema(json!({ "type": "string" }), Value::Null);
    document["servers"] = json!([{ "url": "/v1" }]);
    let kit = converted(&document);
    assert_eq!(kit.toolkit["base_url"], "{base_url}/v1");
    let from_there = Wishes {
        source_url: Some("https://docs.acme.test/openapi.json".parse().unwrap()),
        ..Wishes::default()
    };
    let kit = convert(&document, &from_there, &BTreeMap::new()).unwrap();
    assert_eq!(kit.toolkit["base_url"], "https://docs.acme.test/v1");
}
