"""A GraphQL schema in its own language, asked by the rules of the specification's reference implementation."""
import json
import re

from graphql import GraphQLEnumType, GraphQLError, GraphQLList, GraphQLNonNull, GraphQLScalarType
from graphql import build_schema, graphql_sync, parse

from .operation import Operation

DAY = r"\d{4}(-\d\d(-\d\d)?)?"
INSTANT = rf"{DAY}(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?"
SPAN = r"-?P(?=.)(\d+[YMWD])*(T(\d+[HMS])+)?"
# What a vendor's own scalars take, by the schema's words for them.
SCALARS = {
    "DateTime": rf"{INSTANT}|{SPAN}", "DateTimeOrDuration": rf"{INSTANT}|{SPAN}",
    "TimelessDate": rf"{DAY}|{SPAN}", "TimelessDateOrDuration": rf"{DAY}|{SPAN}",
    "Duration": rf"{SPAN}|\d+", "UUID": r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
}
PLAIN = {"Int": 1, "Float": 1.5, "Boolean": True, "JSONObject": {}}


def load(path, base, at):
    """The judge of the one address `at`, below `base`."""
    with open(path, encoding="utf-8") as file:
        return Judge(build_schema(file.read()), base, at)


class Judge:
    """Description and judge in one: what a request is shows in its body alone."""

    def __init__(self, schema, base, at):
        self.schema, self.base, self.description = schema, base, self
        self.operation = Operation("POST", at)
        for name, pattern in SCALARS.items():
            if scalar := schema.type_map.get(name):
                scalar.coerce_input_value = scalar.parse_value = reader(name, re.compile(pattern))

    def all(self, method, path):
        if (method, path) == (self.operation.method, self.operation.template):
            yield self.operation, {}

    def problems(self, _operation, _values, request):
        if request.media_type != "application/json":
            yield f"body: {request.media_type or 'no media type'}"
            return
        said = json.loads(request.body)
        yield from (f"body.{name}: not described" for name in said.keys() - {"query", "variables", "operationName"})
        errors = self._run(said).errors or []
        yield from (error.message for error in errors)
        if not errors:
            declared = {one.variable.name.value for part in parse(said["query"]).definitions for one in part.variable_definitions or ()}
            yield from (f"variables.{name}: not declared" for name in (said.get("variables") or {}).keys() - declared)

    def answer(self, _operation, request):
        return {"data": self._run(json.loads(request.body)).data}

    def _run(self, said):
        return graphql_sync(
            self.schema, said["query"], variable_values=said.get("variables"), operation_name=said.get("operationName"),
            field_resolver=lambda _source, info, **_: value_of(info.return_type),
            type_resolver=lambda _value, info, abstract: info.schema.get_possible_types(abstract)[0].name,
        )


def reader(name, pattern):
    def read(value):
        if not pattern.fullmatch(str(value)):
            raise GraphQLError(f"{name} cannot represent {value!r}")
        return value
    return read


def value_of(kind):
    """The smallest value of a type; a thing's own fields are asked for one by one."""
    if isinstance(kind, GraphQLNonNull):
        return value_of(kind.of_type)
    if isinstance(kind, GraphQLList):
        return [value_of(kind.of_type)]
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLScalarType):
        return PLAIN.get(kind.name, "2026-01-01" if "Date" in kind.name else "text")
    return {}
