"""Small answers that a description allows: each member once, lists of one, and no reference twice in a row of them."""

TEXTS = {
    "date-time": "2026-01-01T00:00:00Z", "date": "2026-01-01", "uri": "https://example.com/x", "url": "https://example.com/x",
    "email": "ada@example.com", "uuid": "00000000-0000-4000-8000-000000000000", "byte": "aGVsbG8=",
    "google-datetime": "2026-01-01T00:00:00Z", "int64": "1", "uint64": "1",
}
DEEPEST = 7


def make(description, schema, seen=()):
    """A value for `schema`; `seen` are the references on the way to it."""
    if "$ref" in schema:
        if seen.count(schema["$ref"]) or len(seen) > DEEPEST:
            return None
        return make(description, description.resolve(schema), (*seen, schema["$ref"]))
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    if "allOf" in schema:
        return merged([schema["allOf"][0], *schema["allOf"][1:], {**schema, "allOf": []}], description, seen)
    for key in ("oneOf", "anyOf"):
        if schema.get(key):
            return make(description, schema[key][0], seen)
    kind = schema.get("type", "object" if "properties" in schema else None)
    kind = next((one for one in kind if one != "null"), None) if isinstance(kind, list) else kind
    return PLAIN[kind](description, schema, seen) if kind in PLAIN else {}


def merged(schemas, description, seen):
    made = {}
    for schema in schemas:
        value = make(description, {key: inner for key, inner in schema.items() if key != "allOf" or inner}, seen)
        if isinstance(value, dict):
            made.update(value)
        elif value is not None:
            return value
    return made


def an_object(description, schema, seen):
    made = {name: make(description, inner, seen) for name, inner in schema.get("properties", {}).items()}
    return {name: value for name, value in made.items() if value is not None}


def a_list(description, schema, seen):
    item = make(description, schema.get("items", {}), seen)
    return [] if item is None else [item]


PLAIN = {
    "object": an_object,
    "array": a_list,
    "string": lambda _, schema, __: TEXTS.get(schema.get("format"), "text"),
    "integer": lambda _, schema, __: int(schema.get("minimum", 1)),
    "number": lambda _, schema, __: schema.get("minimum", 1),
    "boolean": lambda *_: True,
}
