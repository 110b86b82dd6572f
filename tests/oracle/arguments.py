"""Makes arguments for a tool out of the schema it publishes."""

# What a schema cannot say: combinations that GitHub's description demands or forbids.
OVERRIDES = {}


def minimal(slug, schema):
    """The required arguments only."""
    required = schema.get("required", [])
    return make(slug, schema, lambda name: name in required, "minimal")


def maximal(slug, schema):
    """Every argument."""
    return make(slug, schema, lambda _: True, "maximal")


def make(slug, schema, wanted, kind):
    arguments = {
        name: value_of(inner) for name, inner in schema["properties"].items() if wanted(name)
    }
    for name, value in OVERRIDES.get((slug, kind), {}).items():
        if value is None:
            arguments.pop(name, None)
        else:
            arguments[name] = value
    return arguments


def value_of(schema):
    """A value that the schema allows."""
    for key in ("enum", "examples"):
        if schema.get(key):
            return schema[key][0]
    if "default" in schema:
        return schema["default"]
    kind = schema["type"]
    if kind == "string":
        return text_of(schema)
    if kind == "integer":
        return int(schema.get("minimum", 1))
    if kind == "number":
        return schema.get("minimum", 1.5)
    if kind == "boolean":
        return True
    if kind == "array":
        return [value_of(schema["items"])] if "items" in schema else []
    if kind == "object":
        return {name: value_of(inner) for name, inner in schema.get("properties", {}).items()}
    raise ValueError(f"no value for a schema of type {kind}")


def text_of(schema):
    by_format = {"date-time": "2026-01-01T00:00:00Z", "date": "2026-01-01", "uri": "https://example.com/"}
    text = by_format.get(schema.get("format"), "sample")
    return text.ljust(schema.get("minLength", 0), "x")


def forbidden(schema):
    """For each argument whose type can be broken: its name and arguments that break only it."""
    good = {name: value_of(inner) for name, inner in schema["properties"].items()}
    for name, inner in schema["properties"].items():
        wrong = {"not": "of this type"} if inner["type"] != "object" else "not an object"
        yield name, {**good, name: wrong}
    for name in schema.get("required", []):
        yield name, {other: value for other, value in good.items() if other != name}
