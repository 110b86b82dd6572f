"""OpenAPI 3.0 and 3.1."""
import json

from description import lift

from .operation import Description, Operation, Parameter

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")


def load(path, base=None):
    """`base`: what the paths of requests begin with; the first server's path where it is not said."""
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    if document["openapi"].startswith("3.0"):
        document = lift(document)
    description = Description(document, [], base or "")
    operations = [
        make(description, method, path, item, item[method])
        for path, item in document["paths"].items()
        for method in METHODS if method in item
    ]
    return Description(document, operations, description.base)


def make(description, method, path, item, operation):
    parameters = {}
    for parameter in [*item.get("parameters", []), *operation.get("parameters", [])]:
        parameter = description.resolve(parameter)
        parameters[parameter["in"], parameter["name"]] = parameter
    body = description.resolve(operation.get("requestBody", {}))
    status, answer = success(description, operation)
    return Operation(
        method.upper(), path, [read(parameter) for parameter in parameters.values() if parameter["in"] != "cookie"],
        {kind: content.get("schema", {}) for kind, content in body.get("content", {}).items()},
        body.get("required", False), False, status, answer,
    )


def read(parameter):
    schema = parameter.get("schema") or next(iter(parameter.get("content", {}).values()), {}).get("schema", {})
    style = parameter.get("style", "form" if parameter["in"] == "query" else "simple")
    return Parameter(
        parameter["name"], parameter["in"], schema, parameter.get("required", False),
        repeats=parameter.get("explode", style == "form"),
        separator={"spaceDelimited": " ", "pipeDelimited": "|"}.get(style, ","),
        deep=style == "deepObject",
        slashes=bool(parameter.get("x-multi-segment")),
    )


def success(description, operation):
    for status, answer in sorted(operation["responses"].items()):
        if not status.startswith("2") and status != "default":
            continue
        content = description.resolve(answer).get("content", {})
        schema = next((inner.get("schema") for kind, inner in content.items() if "json" in kind), None)
        return int(status) if status.isdigit() else 200, schema
    return 200, None
