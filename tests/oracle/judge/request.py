"""Whether a request is one that the description allows, and what is wrong with it."""
import json
from dataclasses import dataclass
from email import message_from_bytes, policy
from urllib.parse import parse_qsl, unquote

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from . import answers

FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
# Google's: what is said of a content as JSON, and the content.
RELATED = "multipart/related"


@dataclass
class Request:
    method: str
    path: str
    query: str
    headers: dict[str, str]  # by lower-case name
    body: bytes

    @property
    def media_type(self):
        return self.headers.get("content-type", "").split(";")[0].strip().lower()


class Judge:
    def __init__(self, description, json_for_forms=False):
        self.description, self.json_for_forms = description, json_for_forms
        resource = Resource.from_contents(rooted(description.document), default_specification=DRAFT202012)
        self.registry = Registry().with_resource("urn:document", resource)

    def problems(self, operation, values, request):
        """One line for each thing that is wrong."""
        yield from self._path(operation, values)
        yield from self._query(operation, parse_qsl(request.query, keep_blank_values=True))
        for parameter in operation.parameters:
            if parameter.place == "header":
                given = request.headers.get(parameter.name.lower())
                yield from self._texts(parameter, [] if given is None else [given])
        yield from self._body(operation, request)

    def answer(self, operation, _request):
        """As little as the description allows; None where it has no body."""
        return None if operation.answer is None else answers.make(self.description, operation.answer)

    def _path(self, operation, values):
        for parameter in operation.parameters:
            if parameter.place == "path":
                yield from self._texts(parameter, [unquote(values[parameter.name])] if parameter.name in values else [])

    def _query(self, operation, pairs):
        left = list(pairs)
        for parameter in operation.parameters:
            if parameter.place != "query":
                continue
            name = parameter.name.removesuffix("[]")
            own = [pair for pair in left if parameter.deep and pair[0].startswith(f"{name}[")]
            # A plain value has nothing that could stand in brackets.
            if own:
                yield from self._valid(f"query {name}", parameter.schema, self._typed(nested(own)[name], parameter.schema))
            else:
                own = [pair for pair in left if pair[0] in (name, f"{name}[]")]
                yield from self._texts(parameter, [value for _, value in own])
            left = [pair for pair in left if pair not in own]
        for name, _ in left:
            yield f"query {name}: not described"

    def _texts(self, parameter, texts):
        where = f"{parameter.place} {parameter.name}"
        if not texts:
            if parameter.required:
                yield f"{where}: missing"
            return
        value = texts[0]
        if "array" in self._types(parameter.schema):
            value = texts if parameter.repeats else texts[0].split(parameter.separator)
        elif len(texts) > 1:
            yield f"{where}: given {len(texts)} times"
        yield from self._valid(where, parameter.schema, self._typed(value, parameter.schema))

    def _body(self, operation, request):
        if not request.body:
            if operation.body_required and not self._may_be_empty(operation):
                yield "body: missing"
            return
        if not operation.bodies:
            if request.body != b"{}":
                yield "body: none is described"
            return
        kind = request.media_type
        schema = next((inner for name, inner in operation.bodies.items() if fits(name, kind)), None)
        if schema is None and kind == "application/json" and self.json_for_forms:
            schema = operation.bodies.get(FORM) or operation.bodies.get(MULTIPART)
        if schema is None:
            yield f"body: {kind or 'no media type'}, described are {', '.join(operation.bodies)}"
            return
        if kind == FORM:
            pairs = parse_qsl(request.body.decode(), keep_blank_values=True)
            value = self._typed(nested(pairs), schema)
        elif kind == MULTIPART:
            value = self._typed(parts(request), schema)
        elif kind == RELATED:
            said, content = related(request)
            if not content.get_payload():
                yield "body: no content"
            value = json.loads(said.get_payload())
        elif kind.endswith("json"):
            value = json.loads(request.body)
        else:
            return
        yield from self._valid("body", schema, value)
        yield from (f"body{path}: not described" for path in self._strangers(schema, value, ""))

    def _may_be_empty(self, operation):
        return any(not self.description.resolve(schema).get("required") for schema in operation.bodies.values())

    def _valid(self, where, schema, value):
        validator = Draft202012Validator(rooted(schema), registry=self.registry)
        for error in validator.iter_errors(value):
            place = "".join(f".{part}" for part in error.absolute_path)
            yield f"{where}{place}: {error.message[:200]}"

    def _types(self, schema, depth=0):
        """The types that a value may have."""
        schema = self.description.resolve(schema)
        own = schema.get("type", [])
        found = {own} if isinstance(own, str) else set(own)
        for key in ("anyOf", "oneOf", "allOf"):
            for inner in schema.get(key, []) if depth < 4 else []:
                found |= self._types(inner, depth + 1)
        return found or ({"object"} if "properties" in schema else set())

    def _typed(self, value, schema, depth=0):
        """Texts as what they stand for: all of a path, a query and a form is text."""
        schema, types = self.description.resolve(schema), self._types(schema)
        if isinstance(value, dict):
            known = self._members(schema)
            if "array" in types and value and all(key.isdigit() for key in value):
                value = [value[key] for key in sorted(value, key=int)]
            else:
                return {key: self._typed(inner, known.get(key, {}), depth + 1) for key, inner in value.items()}
        if isinstance(value, list):
            items = next((inner["items"] for inner in self._branches(schema) if "items" in inner), {})
            return [self._typed(inner, items, depth + 1) for inner in value]
        if not isinstance(value, str):
            return value
        if types == {"array"} and value[:1] != "[":
            # A form's only part of that name.
            return self._typed([value], schema, depth + 1)
        if types & {"integer", "number"}:
            try:
                return int(value) if value.lstrip("-").isdigit() else float(value)
            except ValueError:
                pass
        if "boolean" in types and value in ("true", "false", "1", "0"):
            return value in ("true", "1")
        if types & {"object", "array"} and "string" not in types and value[:1] in "{[":
            return json.loads(value)
        return value

    def _branches(self, schema, depth=0):
        schema = self.description.resolve(schema)
        yield schema
        for key in ("allOf", "anyOf", "oneOf"):
            for inner in schema.get(key, []) if depth < 6 else []:
                yield from self._branches(inner, depth + 1)

    def _members(self, schema):
        return {name: inner for branch in self._branches(schema) for name, inner in branch.get("properties", {}).items()}

    def _strangers(self, schema, value, path):
        """Members of an object that no branch of its schema names; most vendors ignore or refuse them."""
        if isinstance(value, list):
            items = next((inner["items"] for inner in self._branches(schema) if "items" in inner), None)
            for place, inner in enumerate(value if items else []):
                yield from self._strangers(items, inner, f"{path}.{place}")
            return
        branches = list(self._branches(schema))
        members = self._members(schema)
        if not isinstance(value, dict) or not members or any(branch.get("additionalProperties") for branch in branches):
            return
        demanded = {name for branch in branches for name in branch.get("required", [])}
        for name, inner in value.items():
            if name not in members and name in demanded:
                continue
            if name not in members:
                yield f"{path}.{name}"
            else:
                yield from self._strangers(members[name], inner, f"{path}.{name}")


def rooted(node):
    """References into the document, by the name that the registry knows it by."""
    if isinstance(node, list):
        return [rooted(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    return {
        key: f"urn:document{value}" if key == "$ref" and isinstance(value, str) else rooted(value)
        for key, value in node.items()
    }


def fits(described, sent):
    return described.split(";")[0].strip().lower() == sent or described in ("*/*", "application/octet-stream")


def nested(pairs):
    """`a[b][]=c` as objects and lists."""
    made = {}
    for name, value in pairs:
        path = name.replace("]", "").split("[")
        node = made
        for part in path[:-1]:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                return {"broken": name}
        last = path[-1] or str(len(node))
        if last in node:
            node[last] = [*node[last], value] if isinstance(node[last], list) else [node[last], value]
        else:
            node[last] = value
    return made


def related(request):
    head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
    said, content = message_from_bytes(head + request.body, policy=policy.HTTP).get_payload()
    return said, content


def parts(request):
    """The parts of a form; a file is its name, since schemas call it a text."""
    head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
    made = {}
    for part in message_from_bytes(head + request.body, policy=policy.HTTP).iter_parts():
        name = part.get_param("name", header="content-disposition")
        text = part.get_filename() or part.get_content()
        made[name] = text.rstrip("\r\n") if isinstance(text, str) else text.decode(errors="replace")
    return made
