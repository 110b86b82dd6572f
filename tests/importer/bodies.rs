//! Bodies that are no JSON object, and answers that are files.

use serde_json::{Value, json};
use tenon::importer::report::Loss;

use super::{converted, lines, tools_of};

/// One POST with this body, and these answers.
fn with_body(content: &Value, responses: &Value) -> Value {
    json!({
        "openapi": "3.1.0", "info": { "title": "Acme" }, "servers": [{ "url": "https://acme.test/v1" }],
        "paths": { "/things": { "post": {
            "operationId": "addThing",
            "requestBody": { "required": true, "content": content },
            "responses": responses
        } } }
    })
}

#[test]
fn parts_of_a_form_that_hold_bytes_are_files() {
    let form = json!({ "multipart/form-data": { "schema": { "type": "object", "required": ["cover"], "properties": {
        "cover": { "type": "string", "format": "binary", "description": "What it looks like." },
        "pages": { "type": "array", "items": { "type": "string", "contentMediaType": "image/png" } },
        "title": { "type": "string" },
        "meta": { "type": "object", "properties": { "a": { "type": "integer" } } }
    } } } });
    insta::assert_snapshot!(tools_of(&converted(&with_body(&form, &json!({})))), @r#"
    slug: "ACME_ADD_THING"
    name: "Add thing"
    description: "POST /things"
    tags: ["openWorldHint"]
    args:
      {"arg":"cover","type":"object","file":true,"description":"What it looks like.","required":true}
      {"arg":"pages","type":"array","file":true,"description":"The file to send."}
      {"arg":"title","type":"string","description":"Title."}
      {"arg":"meta","type":"object","description":"Meta.","schema":{"properties":{"a":{"type":"integer"}}}}
    request: {"method":"POST","path":"/things","encoding":"multipart"}
    "#);
}

#[test]
fn a_body_of_bytes_is_one_file_and_so_is_such_an_answer() {
    let image = json!({ "image/png": { "schema": { "type": "string", "format": "binary" } } });
    let answer = json!({ "200": { "content": { "application/pdf": {} } }, "404": { "content": { "application/json": {} } } });
    let description = with_body(&image, &answer);
    insta::assert_snapshot!(lines(&json!(converted(&description).tools[0].manifest)), @r#"
    slug: "ACME_ADD_THING"
    name: "Add thing"
    description: "POST /things"
    tags: ["openWorldHint"]
    args:
      {"arg":"file","type":"object","file":true,"description":"The file to send.","required":true}
    request: {"method":"POST","path":"/things","encoding":"raw","headers":{"Content-Type":"image/png"}}
    response: {"file":{"field":"file"}}
    "#);
    let mut either = description;
    either["paths"]["/things"]["post"]["responses"]["200"]["content"]["application/json"] =
        json!({});
    assert_eq!(converted(&either).tools[0].manifest.get("response"), None);
}

#[test]
fn a_plain_form_has_its_members_and_what_is_no_object_is_the_whole_body() {
    let form = json!({ "application/x-www-form-urlencoded": { "schema": { "type": "object", "required": ["amount"], "properties": {
        "amount": { "type": "integer" },
        "metadata": { "type": "object", "additionalProperties": { "type": "string" } }
    } } } });
    insta::assert_snapshot!(lines(&json!(converted(&with_body(&form, &json!({}))).tools[0].manifest)), @r#"
    slug: "ACME_ADD_THING"
    name: "Add thing"
    description: "POST /things"
    tags: ["openWorldHint"]
    args:
      {"arg":"amount","type":"integer","description":"Amount.","required":true}
      {"arg":"metadata","type":"object","description":"Metadata.","schema":{"additionalProperties":{"type":"string"}}}
    request: {"method":"POST","path":"/things","encoding":"form"}
    "#);
    let map = json!({ "application/json": { "schema": { "type": "object", "additionalProperties": { "type": "integer" } } } });
    let whole = converted(&with_body(&map, &json!({})));
    assert_eq!(
        whole.tools[0].manifest["args"],
        json!([{ "arg": "body", "type": "object", "description": "Body.", "required": true,
                 "schema": { "additionalProperties": { "type": "integer" } }, "whole": true }])
    );
}

#[test]
fn swagger_says_so_in_its_own_words() {
    let description = json!({
        "swagger": "2.0", "info": { "title": "Acme" }, "host": "acme.test", "schemes": ["https"],
        "consumes": ["multipart/form-data"], "produces": ["application/octet-stream"],
        "paths": { "/things": { "post": {
            "operationId": "addThing",
            "parameters": [
                { "name": "file", "in": "formData", "type": "file", "required": true },
                { "name": "note", "in": "formData", "type": "string" }
            ],
            "responses": { "200": { "schema": { "type": "file" } } }
        } } }
    });
    insta::assert_snapshot!(tools_of(&converted(&description)), @r#"
    slug: "ACME_ADD_THING"
    name: "Add thing"
    description: "POST /things"
    tags: ["openWorldHint"]
    args:
      {"arg":"file","type":"object","file":true,"description":"The file to send.","required":true}
      {"arg":"note","type":"string","description":"Note."}
    request: {"method":"POST","path":"/things","encoding":"multipart"}
    response: {"file":{"field":"file"}}
    "#);
}

#[test]
fn discovery_gives_a_tool_for_a_thing_and_one_for_its_content() {
    let file = json!({ "$ref": "File" });
    let described = |id: &str, method: &str, path: &str, more: Value| {
        let mut described = json!({
            "id": id, "httpMethod": method, "path": path, "flatPath": path,
            "parameters": { "fileId": { "type": "string", "location": "path", "required": true } }
        });
        if !path.contains('{') {
            described["parameters"] = json!({});
        }
        described
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        described
    };
    let upload = |path: &str| {
        json!({ "accept": ["*/*"], "maxSize": "5MB", "protocols": {
        "simple": { "path": path }, "resumable": { "path": format!("/resumable{path}") }
    } })
    };
    let root = json!({
        "kind": "discovery#restDescription", "name": "drive", "title": "Drive",
        "rootUrl": "https://google.test/", "servicePath": "drive/v3/",
        "schemas": { "File": { "type": "object", "properties": { "name": { "type": "string" } } } },
        "resources": { "files": { "methods": {
            "create": described("drive.files.create", "POST", "files", json!({ "request": file, "response": file, "supportsMediaUpload": true, "mediaUpload": upload("/upload/drive/v3/files") })),
            "export": described("drive.files.export", "GET", "files/{fileId}/export", json!({ "supportsMediaDownload": true })),
            "get": described("drive.files.get", "GET", "files/{fileId}", json!({ "response": file, "supportsMediaDownload": true }))
        } } }
    });
    let kit = converted(&root);
    insta::assert_snapshot!(kit.toolkit["servers"].to_string(), @r#"{"google_test":"https://google.test"}"#);
    let short: Vec<String> = kit
        .tools
        .iter()
        .map(|tool| {
            let args = tool.manifest.get("args").unwrap_or(&Value::Null);
            let args = args.as_array().into_iter().flatten();
            let args: Vec<&str> = args.filter_map(|arg| arg["arg"].as_str()).collect();
            let response = tool.manifest.get("response").is_some();
            let request = &tool.manifest["request"];
            format!(
                "{} {} {args:?} {request} {response}",
                tool.operation, tool.manifest["slug"]
            )
        })
        .collect();
    insta::assert_snapshot!(short.join("\n"), @r#"
    POST /files "DRIVE_CREATE_FILE" ["name"] {"method":"POST","path":"/files"} false
    POST /upload/drive/v3/files "DRIVE_CREATE_FILE_WITH_MEDIA" ["name", "file"] {"method":"POST","path":"/upload/drive/v3/files","server":"google_test","encoding":"resumable","query":{"uploadType":"resumable"}} false
    GET /files/{fileId}/export?alt=media "DRIVE_EXPORT_FILE" ["fileId"] {"method":"GET","path":"/files/{fileId}/export","query":{"alt":"media"}} true
    GET /files/{fileId} "DRIVE_GET_FILE" ["fileId"] {"method":"GET","path":"/files/{fileId}"} false
    GET /files/{fileId}?alt=media "DRIVE_DOWNLOAD_FILE" ["fileId"] {"method":"GET","path":"/files/{fileId}","query":{"alt":"media"}} true
    "#);
    let upload = &kit.tools[1].manifest["args"][1];
    assert_eq!(
        (upload["max_bytes"].as_u64(), upload["required"].as_bool()),
        (Some(5 << 20), Some(true))
    );
}

#[test]
fn an_operation_with_a_server_of_its_own_keeps_it() {
    let mut description = with_body(&json!({ "application/octet-stream": {} }), &json!({}));
    description["paths"]["/things"]["post"]["servers"] =
        json!([{ "url": "https://uploads.acme.test/" }]);
    description["paths"]["/same"] =
        json!({ "get": { "servers": [{ "url": "https://acme.test/v1" }] } });
    description["paths"]["/odd"] = json!({ "get": { "servers": [{ "url": "{nowhere}" }] } });
    let kit = converted(&description);
    assert_eq!(
        kit.toolkit["servers"],
        json!({ "uploads_acme_test": "https://uploads.acme.test" })
    );
    let servers: Vec<&Value> = kit
        .tools
        .iter()
        .map(|tool| &tool.manifest["request"]["server"])
        .collect();
    assert_eq!(
        servers,
        [&json!("uploads_acme_test"), &Value::Null, &Value::Null]
    );
    let losses = serde_json::to_value(&kit.report.losses).unwrap();
    assert_eq!(losses["operation_server"], 1);
}

#[test]
fn a_dot_in_a_name_makes_no_object() {
    let schema = json!({ "type": "object", "required": ["@odata.type"], "properties": { "@odata.type": { "type": "string" } } });
    let content = json!({ "application/json": { "schema": schema } });
    let kit = converted(&with_body(&content, &json!({})));
    let argument = &kit.tools[0].manifest["args"][0];
    assert_eq!(
        (&argument["arg"], &argument["name"]),
        (&json!("odata_type"), &json!("@odata\\.type"))
    );
}

#[test]
fn one_of_several_members_may_be_demanded() {
    let schema = |rest: Value| {
        let mut schema = json!({ "type": "object", "required": ["kind"], "properties": {
            "kind": { "type": "string" }, "user-id": { "type": "string" }, "email": { "type": "string" }
        } });
        schema
            .as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        json!({ "application/json": { "schema": schema } })
    };
    let tool = |content: &Value| {
        let converted = converted(&with_body(content, &json!({})));
        assert_eq!(
            converted.report.skipped.len(),
            0,
            "{:?}",
            converted.report.skipped
        );
        converted.tools[0].manifest.clone()
    };
    let beside =
        json!({ "anyOf": [{ "required": ["user-id"] }, { "required": ["kind", "email"] }] });
    let by_use = json!({ "oneOf": [
        { "properties": { "team": { "type": "string" } }, "required": ["team"] },
        { "properties": { "user-id": { "type": "string" } }, "required": ["user-id"] },
    ] });
    for (rest, groups, says) in [
        (
            beside,
            json!([["user_id"], ["email"]]),
            "POST /things Needs user_id, or email.",
        ),
        (
            by_use,
            json!([["team"], ["user_id"]]),
            "POST /things Needs team, or user_id.",
        ),
    ] {
        let tool = tool(&schema(rest));
        assert_eq!(tool["require_any"], groups);
        assert_eq!(tool["description"], says);
    }
    let free = json!({ "anyOf": [{ "required": ["email"] }, { "required": ["kind"] }] });
    assert_eq!(tool(&schema(free)).get("require_any"), None);
}

/// The one tool of an operation of which there is nothing but words.
fn told(method: &str, description: &str) -> tenon::importer::Converted {
    converted(&json!({
        "openapi": "3.1.0", "info": { "title": "Acme" }, "servers": [{ "url": "https://acme.test/v1" }],
        "paths": { "/things": { (method): { "operationId": "addThing", "description": description } } }
    }))
}

#[test]
fn a_body_that_stands_in_an_example_alone_can_be_sent() {
    let example = "Adds one.\n```\n$ curl -X POST -H 'Content-Type: application/json' \\\n \
                   https://acme.test/v1/things -d \\\n' { \"name\": \"x\" }'\n```";
    let kit = told("post", example);
    let tool = &kit.tools[0].manifest;
    assert_eq!(
        tool["args"],
        json!([{ "arg": "body", "type": "object", "whole": true, "schema": { "additionalProperties": true },
                 "description": "The JSON to send. Its members are not described one by one: see the example." }])
    );
    assert_eq!(
        tool["request"],
        json!({ "method": "POST", "path": "/things" })
    );
    assert_eq!(kit.report.losses[&Loss::BodyGuessed], 1);
    assert_eq!(told("get", example).tools[0].manifest.get("args"), None);
    for other in [
        "Answers with a JSON body: curl -X POST https://acme.test/v1/things",
        "Adds one. `curl -X POST /things` Another with `-d '{}'`.",
        "Needs no body -d '{}'",
    ] {
        assert_eq!(
            told("post", other).tools[0].manifest.get("args"),
            None,
            "{other}"
        );
    }
}

#[test]
fn files_that_stand_in_an_example_alone_can_be_sent() {
    let of = |description| told("post", description).tools[0].manifest["args"][0].clone();
    assert_eq!(
        of("Sends one: `curl -u me -X POST /things -F archive=@/a/b.zip`"),
        json!({ "arg": "archive", "type": "object", "file": true,
                "description": "The file to send.", "required": true })
    );
    let words = "To upload things, do a `multipart/form-data` POST of one or more file fields.";
    let list = json!({ "arg": "files", "type": "array", "file": true,
                       "description": "The file to send.", "required": true });
    assert_eq!(of(words), list);
    assert_eq!(of("`curl /things -F files=@a.txt -F files=@b.txt`"), list);
    let request = told("post", words).tools[0].manifest["request"].clone();
    assert_eq!(
        request,
        json!({ "method": "POST", "path": "/things", "encoding": "multipart" })
    );
}

#[test]
fn what_a_tool_needs_finds_room_behind_a_long_description() {
    let one_of = json!({ "oneOf": [
        { "type": "object", "required": ["name"], "properties": { "name": { "type": "string" } } },
        { "type": "object", "required": ["names"], "properties": { "names": { "type": "array" } } }
    ] });
    let mut document = with_body(
        &json!({ "application/json": { "schema": one_of } }),
        &json!({}),
    );
    document["paths"]["/things"]["post"]["description"] = "many words ".repeat(200).into();
    let kit = converted(&document);
    assert_eq!(kit.report.skipped.len(), 0, "{:?}", kit.report.skipped);
    let tool = &kit.tools[0].manifest;
    let about = tool["description"].as_str().unwrap();
    assert!(
        about.ends_with("many Needs name, or names.")
            || about.ends_with("words Needs name, or names.")
    );
    assert!((1_000..=1_024).contains(&about.len()), "{about}");
    assert_eq!(tool["require_any"], json!([["name"], ["names"]]));
}

#[test]
fn a_default_that_is_a_sentence_says_what_a_parameter_is_for() {
    let parameter = |more: Value| {
        let mut parameter = json!({ "name": "on-behalf-of", "in": "header", "schema":
            { "type": "string", "default": "The user for whom the call is made." } });
        parameter
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let mut document = with_body(&json!({}), &json!({}));
        document["paths"]["/things"]["post"]["parameters"] = json!([parameter]);
        converted(&document).tools[0].manifest["args"][0].clone()
    };
    assert_eq!(
        parameter(json!({})),
        json!({ "arg": "on_behalf_of", "type": "string", "in": "header", "name": "on-behalf-of",
                "description": "The user for whom the call is made." })
    );
    assert_eq!(
        parameter(json!({ "description": "Whose." }))["description"],
        "Whose."
    );
    let date = json!({ "type": "string", "default": "Wed, 21 Oct 2015 07:28:00 GMT" });
    assert_eq!(
        parameter(json!({ "schema": date }))["default"],
        "Wed, 21 Oct 2015 07:28:00 GMT"
    );
}

/// The one tool of an operation with this request body.
fn tool_of(body: &Value) -> Value {
    let kit = converted(&json!({
        "openapi": "3.0.0", "info": { "title": "Acme" }, "servers": [{ "url": "https://acme.test" }],
        "paths": { "/x": { "post": {
            "operationId": "send", "requestBody": body,
            "parameters": [{ "name": "q", "in": "query", "schema": { "type": "string" } }]
        } } }
    }));
    json!(kit.tools[0].manifest)
}

#[test]
fn lists_in_forms_travel_as_the_description_says() {
    let list = json!({ "type": "array", "items": { "type": "string" } });
    let form = |properties: Value, encoding: Value| {
        let media = json!({ "schema": { "type": "object", "properties": properties }, "encoding": encoding });
        tool_of(&json!({ "content": { "application/x-www-form-urlencoded": media } }))
    };
    let tool = form(
        json!({ "a": list, "b": list }),
        json!({ "b": { "explode": false } }),
    );
    assert_eq!(tool["request"]["style"], "plain");
    assert_eq!(tool["args"][1]["join"], Value::Null);
    assert_eq!(tool["args"][2]["join"], "csv");
    let tool = form(
        json!({ "a": list }),
        json!({ "a": { "style": "deepObject", "explode": true } }),
    );
    assert_eq!(tool["request"].get("style"), None);

    let part = |name: &str, form: &str| json!({ "name": name, "in": "formData", "type": "array", "collectionFormat": form });
    let kit = converted(&json!({
        "swagger": "2.0", "info": { "title": "Acme" }, "host": "acme.test",
        "paths": { "/x": { "post": { "parameters": [
            part("many", "multi"), part("one.text", "pipes"),
        ] } } }
    }));
    let tool = json!(kit.tools[0].manifest);
    assert_eq!(tool["request"]["style"], "plain");
    assert_eq!(tool["args"][1]["join"], "pipes");
    assert_eq!(tool["args"][1]["name"], "one\\.text");
}

#[test]
fn a_body_of_text_is_a_text_and_a_file_that_need_not_be_sent_is_not_demanded() {
    let tool = tool_of(
        &json!({ "content": { "text/csv": { "schema": { "type": "string", "description": "Rows." } } } }),
    );
    assert_eq!(
        tool["args"][1],
        json!({ "arg": "body", "type": "string", "description": "Rows.", "whole": true })
    );
    assert_eq!(tool["request"]["encoding"], "raw");
    assert_eq!(
        tool["request"]["headers"],
        json!({ "Content-Type": "text/csv" })
    );
    for required in [true, false] {
        let body = json!({ "content": { "application/octet-stream": {} }, "required": required });
        let tool = tool_of(&body);
        let file = &tool["args"][1];
        assert_eq!(
            (&file["arg"], &file["file"]),
            (&json!("file"), &json!(true))
        );
        assert_eq!(file.get("required").is_some(), required);
        assert_eq!(tool["request"]["encoding"], "raw");
    }
}

#[test]
fn what_json_has_no_place_for_travels_in_parts() {
    let file = json!({ "type": "object", "properties": { "data": { "type": "string", "format": "binary" }, "note": { "type": "string" } } });
    let link = json!({ "type": "object", "properties": { "url": { "type": "string" } } });
    let same = tool_of(
        &json!({ "content": { "application/json": { "schema": file }, "multipart/form-data": { "schema": file } } }),
    );
    assert_eq!(same["request"]["encoding"], "multipart");
    let other = tool_of(
        &json!({ "content": { "application/json": { "schema": link }, "multipart/form-data": { "schema": file } } }),
    );
    assert_eq!(other["request"].get("encoding"), None);
    let changes = tool_of(&json!({ "content": {
        "application/json-patch+json": { "schema": link }, "application/merge-patch+json": { "schema": link }
    } }));
    assert_eq!(
        changes["request"]["headers"]["Content-Type"],
        "application/merge-patch+json"
    );

    let part = |name: &str, kind: &str| json!({ "name": name, "in": "formData", "type": kind });
    let kit = converted(&json!({
        "swagger": "2.0", "info": { "title": "Acme" }, "host": "acme.test",
        "paths": { "/x": { "post": { "parameters": [part("note", "string"), part("doc", "file")] } } }
    }));
    assert_eq!(kit.tools[0].manifest["request"]["encoding"], "multipart");
}

#[test]
fn an_answer_is_asked_for_as_json_where_there_are_other_forms() {
    let accept = |content: Value| {
        let kit = converted(&json!({
            "openapi": "3.0.0", "info": { "title": "Acme" }, "servers": [{ "url": "https://acme.test" }],
            "paths": { "/x": { "get": { "responses": { "200": { "content": content } } } } }
        }));
        kit.tools[0].manifest["request"].get("headers").cloned()
    };
    let json = "application/json";
    assert_eq!(accept(json!({ json: {} })), None);
    assert_eq!(
        accept(json!({ "application/xml": {}, json: {} })),
        Some(json!({ "Accept": json }))
    );
    assert_eq!(
        accept(json!({ "application/vnd.api+json": {} })),
        Some(json!({ "Accept": "application/vnd.api+json" }))
    );
    assert_eq!(accept(json!({ "text/csv": {} })), None);
}

#[test]
fn what_stands_in_the_query_of_a_path_is_given_or_always_the_same() {
    let at = |place: &str, name: &str, schema: Value| json!({ "name": name, "in": place, "required": true, "schema": schema });
    let kit = converted(&json!({
        "openapi": "3.0.0", "info": { "title": "Acme" }, "servers": [{ "url": "https://acme.test" }],
        "paths": { "/alerts?lat={lat}&lon={lon}&v=2": { "get": { "parameters": [
            at("path", "lat", json!({ "type": "number" })),
            at("query", "lon", json!({ "type": "number" })),
            at("query", "action", json!({ "type": "string", "enum": ["list"] })),
        ] } } }
    }));
    let tool = json!(kit.tools[0].manifest);
    let told: Vec<Value> = tool["args"]
        .as_array()
        .unwrap()
        .iter()
        .map(|arg| json!([arg["arg"], arg["type"], arg["required"], arg["in"]]))
        .collect();
    assert_eq!(
        json!(told),
        json!([["lat", "number", true, null], ["lon", "number", true, null]])
    );
    assert_eq!(tool["request"]["path"], "/alerts");
    assert_eq!(
        tool["request"]["query"],
        json!({ "v": "2", "action": "list" })
    );
}
