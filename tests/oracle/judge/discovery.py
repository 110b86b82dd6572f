"""Google's API Discovery Service (developers.google.com/discovery/v1/reference/apis)."""
import json

from .operation import Description, Operation, Parameter
from .request import RELATED

# Words of Discovery that JSON Schema reads otherwise.
FOREIGN = ("required", "annotations", "id", "location", "repeated", "readOnly")


def load(path, base=None):
    with open(path, encoding="utf-8") as file:
        source = json.load(file)
    document = {"schemas": {name: schema(inner) for name, inner in source["schemas"].items()}}
    common = [parameter(name, inner) for name, inner in source["parameters"].items()]
    operations = []
    for method in methods(source):
        operations += make(method, source["servicePath"], common)
    return Description(document, operations, base or "")


def methods(node):
    yield from node.get("methods", {}).values()
    for resource in node.get("resources", {}).values():
        yield from methods(resource)


def make(method, service_path, common):
    own = [parameter(name, inner) for name, inner in method.get("parameters", {}).items()]
    parameters = [*own, *common]
    body = schema(method["request"]) if "request" in method else None
    answer = schema(method["response"]) if "response" in method else None
    bodies = {"application/json": body} if body else {}
    # `flatPath` leads to the same places; `{+name}` in `path` tells what may hold slashes.
    path = f"/{service_path}{method['path']}"
    yield Operation(method["httpMethod"], path, parameters, bodies, bool(body), False, 200, answer)
    protocols = method.get("mediaUpload", {}).get("protocols", {})
    if "resumable" in protocols:
        kind = Parameter("uploadType", "query", {"enum": ["resumable", "media", "multipart"]}, required=True)
        parameters = [kind, *(one for one in parameters if one.name != kind.name)]
        # The guides of each API open sessions at the simple path as well.
        for path in {protocol["path"] for protocol in protocols.values()}:
            yield Operation(method["httpMethod"], path, parameters, {**bodies, RELATED: body or {}, "*/*": {}}, False, True, 200, answer)


def parameter(name, inner):
    kind = schema(inner)
    if inner.get("repeated"):
        kind = {"type": "array", "items": kind}
    return Parameter(name, inner["location"], kind, inner.get("required", False))


def schema(node):
    """As JSON Schema has it; a member that is not described is refused, as Google's servers do."""
    if "$ref" in node:
        return {"$ref": f"#/schemas/{node['$ref']}"}
    made = {key: value for key, value in node.items() if key not in FOREIGN}
    if made.get("type") == "any":
        return {}
    for key in ("minimum", "maximum", "default"):
        made.pop(key, None)
    if "properties" in made:
        made["properties"] = {name: schema(inner) for name, inner in made["properties"].items()}
    for key in ("items", "additionalProperties"):
        if key in made:
            made[key] = schema(made[key])
    return made
