"""Makes arguments for a tool out of the schema it publishes."""
import re
from re import _parser as re_parser

from jsonschema import Draft202012Validator

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
    if schema.get("enum"):
        return schema["enum"][0]
    for example in schema.get("examples", []):
        # Vendors' own examples break their own patterns now and then.
        if Draft202012Validator(schema).is_valid(example):
            return example
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
        return [value_of(schema["items"])] * max(1, schema.get("minItems", 1)) if "items" in schema else []
    if kind == "object":
        return {name: value_of(inner) for name, inner in together(schema).items()}
    raise ValueError(f"no value for a schema of type {kind}")


def together(schema):
    """The members that go with one another, as far as the schema and its words say so."""
    properties = schema.get("properties", {})
    # What is called as another kind is of that kind alone.
    _, *other_kinds = properties.get("type", {}).get("enum", [None])
    apart = {kind for kind in other_kinds if kind in properties}
    if needs := re.search(r"\bNeeds ([^.]+)\.", schema.get("description", "")):
        first, *others = (group.split(" and ") for group in needs[1].split(", or "))
        apart |= {name for group in others for name in group} - {*first}
    return {name: inner for name, inner in properties.items() if name not in apart}


FORMATS = {
    "date-time": "2026-01-01T00:00:00Z", "date": "2026-01-01", "time": "08:00:00Z", "uri": "https://example.com/",
    "url": "https://example.com/", "email": "ada@example.com", "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "192.0.2.1", "ipv6": "2001:db8::1", "hostname": "example.com", "byte": "aGVsbG8=", "int32": "1", "int64": "1",
    "uint32": "1", "uint64": "1", "google-datetime": "2026-01-01T00:00:00Z", "google-duration": "3.5s",
    "google-fieldmask": "name",
}


def text_of(schema):
    text = FORMATS.get(schema.get("format"), "sample").ljust(schema.get("minLength", 0), "x")
    text = text[:schema.get("maxLength", len(text))]
    pattern = schema.get("pattern")
    if not pattern or re.search(pattern, text):
        return text
    return sample(re_parser.parse(pattern)).ljust(schema.get("minLength", 0), "0")


def sample(parsed):
    """A text that a parsed regular expression matches, as a rule."""
    return "".join(SAMPLES.get(str(kind), lambda _: "")(value) for kind, value in parsed)


def one_of(members):
    """A character of a class."""
    if str(members[0][0]) == "NEGATE":
        kept = (chr(code) for code in range(97, 123) if not any(matches(member, chr(code)) for member in members[1:]))
        return next(kept, "-")
    kind, value = members[0]
    return {"LITERAL": lambda: chr(value), "RANGE": lambda: chr(value[0])}.get(str(kind), lambda: CATEGORIES.get(str(value), "a"))()


def matches(member, character):
    kind, value = member
    if str(kind) == "RANGE":
        return value[0] <= ord(character) <= value[1]
    return str(kind) == "LITERAL" and value == ord(character) or str(kind) == "CATEGORY" and str(value) == "CATEGORY_WORD"


CATEGORIES = {"CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " ", "CATEGORY_NOT_WORD": "-", "CATEGORY_NOT_SPACE": "a"}
SAMPLES = {
    "LITERAL": chr,
    "NOT_LITERAL": lambda code: "b" if code == ord("a") else "a",
    "ANY": lambda _: "a",
    "IN": one_of,
    "CATEGORY": lambda kind: CATEGORIES.get(str(kind), "a"),
    "MAX_REPEAT": lambda repeat: sample(repeat[2]) * max(repeat[0], min(1, repeat[1])),
    "MIN_REPEAT": lambda repeat: sample(repeat[2]) * max(repeat[0], min(1, repeat[1])),
    "SUBPATTERN": lambda group: sample(group[3]),
    "BRANCH": lambda branches: sample(branches[1][0]),
}


def forbidden(schema):
    """For each argument whose type can be broken: its name and arguments that break only it."""
    good = {name: value_of(inner) for name, inner in schema["properties"].items()}
    for name, inner in schema["properties"].items():
        wrong = {"not": "of this type"} if inner["type"] != "object" else "not an object"
        yield name, {**good, name: wrong}
    for name in schema.get("required", []):
        yield name, {other: value for other, value in good.items() if other != name}
