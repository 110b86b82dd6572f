"""Makes a vendor's OpenAPI 3.0 document fit for Prism.

Prism compiles each schema with ajv and, when one does not compile, validates nothing and says
nothing. OpenAPI 3.0's `nullable` without `type` is such a schema, so the document is lifted to
3.1, where null is a type like any other. GitHub's document also names no security scheme; a bearer
token is added to every operation, so that a call without one is refused.
"""
import json

# Keys whose value is data, not a schema, whatever stands in it.
DATA_KEYS = ("example", "examples", "default", "enum", "const")


def lift(node):
    """A copy of any part of the document with `nullable` and boolean bounds written as 3.1 has them."""
    if isinstance(node, list):
        return [lift(item) for item in node]
    if not isinstance(node, dict):
        return node
    lifted = {key: value if key in DATA_KEYS else lift(value) for key, value in node.items()}
    for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(lifted.get(exclusive), bool):
            if lifted.pop(exclusive) and bound in lifted:
                lifted[exclusive] = lifted.pop(bound)
    if isinstance(lifted.get("nullable"), bool):
        lifted = with_null(lifted) if lifted.pop("nullable") else lifted
    return lifted


def with_null(schema):
    """The schema, or null."""
    kind = schema.get("type")
    if isinstance(kind, str):
        schema["type"] = [kind, "null"]
        if None not in schema.get("enum", [None]):
            schema["enum"] = [*schema["enum"], None]
        return schema
    return {"anyOf": [schema, {"type": "null"}]}


def judge_requests_only(document):
    """Some of the document's own examples break its own schemas, and Prism would refuse its own
    answer: where an answer has an example, its schema goes. A path parameter that is `oneOf` a
    number and a text can never be just one of them, since all of a path is text."""
    for answer in document["components"].get("responses", {}).values():
        drop_schemas(answer)
    for parameter in document["components"].get("parameters", {}).values():
        if parameter["in"] == "path" and "oneOf" in parameter["schema"]:
            parameter["schema"]["anyOf"] = parameter["schema"].pop("oneOf")
    for item in document["paths"].values():
        for operation in (inner for inner in item.values() if isinstance(inner, dict)):
            # One credential for all of the document is declared below.
            operation.pop("security", None)
            for answer in operation.get("responses", {}).values():
                drop_schemas(answer)


def drop_schemas(answer):
    for content in answer.get("content", {}).values():
        if "examples" in content or "example" in content:
            content.pop("schema", None)


def allow_json_for_mails(document):
    """Google's upload methods take a mail as it is, or JSON as their Discovery document says; those who
    made OpenAPI of it kept the mail alone."""
    for item in document["paths"].values():
        for operation in (inner for inner in item.values() if isinstance(inner, dict)):
            content = operation.get("requestBody", {}).get("content", {})
            if "message/rfc822" in content:
                content.setdefault("application/json", content["message/rfc822"])


def add_uploads(document):
    """Mails with files go to a path of their own, in parts (developers.google.com/workspace/gmail/api/guides/uploads);
    those who made OpenAPI of the Discovery document left it out."""
    for path, item in list(document["paths"].items()):
        uploads = {
            method: {key: value for key, value in inner.items() if key != "operationId"}
            | {"requestBody": {"required": True, "content": {"multipart/related": {}}}}
            for method, inner in item.items()
            if isinstance(inner, dict) and "message/rfc822" in inner.get("requestBody", {}).get("content", {})
        }
        if uploads:
            document["paths"][f"/upload{path}"] = uploads | {"parameters": item.get("parameters", [])}


def without_bytes(node):
    """Google writes bytes as base64url, and so do our tools; the format `byte` is base64, which Prism's own
    answers are not either."""
    if isinstance(node, list):
        return [without_bytes(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {key: without_bytes(value) for key, value in node.items() if (key, value) != ("format", "byte")}


def prepare(source, target):
    """Reads the vendor's document at `source` and writes the one for Prism to `target`."""
    with open(source, encoding="utf-8") as file:
        document = lift(json.load(file))
    document["openapi"] = "3.1.0"
    document.setdefault("components", {})["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer"}
    }
    document["security"] = [{"token": []}]
    judge_requests_only(document)
    if document["info"]["title"] == "Gmail API":
        add_uploads(document)
        allow_json_for_mails(document)
        document = without_bytes(document)
    with open(target, "w", encoding="utf-8") as file:
        json.dump(document, file)
