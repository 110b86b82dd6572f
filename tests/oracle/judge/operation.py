"""One operation of an API, whatever language its description is written in."""
import re
from dataclasses import dataclass, field
from urllib.parse import unquote

SLOT = re.compile(r"\{(\+?)([^}]+)\}")


@dataclass
class Parameter:
    name: str
    place: str  # path, query or header
    schema: dict
    required: bool = False
    # How a list is written: each value with the name again, or all joined.
    repeats: bool = True
    separator: str = ","
    deep: bool = False
    # In a path: whether slashes belong to the value.
    slashes: bool = False


@dataclass
class Operation:
    method: str
    template: str
    parameters: list[Parameter] = field(default_factory=list)
    # Schemas by media type; empty where no body is described.
    bodies: dict[str, dict] = field(default_factory=dict)
    body_required: bool = False
    # Whether it takes files, also by a session; one is answered by where the file goes.
    opens_upload: bool = False
    status: int = 200
    answer: dict | None = None

    def __post_init__(self):
        slashes = {parameter.name for parameter in self.parameters if parameter.slashes}
        # Operations of one path may differ by what its values must look like.
        shapes = {
            parameter.name: parameter.schema["pattern"].strip("^$") for parameter in self.parameters
            if parameter.place == "path" and "pattern" in parameter.schema
        }
        pattern, rest = "", 0
        for slot in SLOT.finditer(self.template):
            wide = slot[1] or slot[2] in slashes
            shape = shapes.get(slot[2]) if wide else None
            pattern += re.escape(self.template[rest:slot.start()]) + f"({shape or ('.+' if wide else '[^/]+')})"
            rest = slot.end()
        self.names = [slot[2] for slot in SLOT.finditer(self.template)]
        self.pattern = re.compile(pattern + re.escape(self.template[rest:]))
        # Words before slots, and narrow slots before wide ones.
        self.rank = [("{" in part, "+" in part or part.strip("{}") in slashes) for part in self.template.split("/")]

    def values(self, path):
        found = self.pattern.fullmatch(path)
        return dict(zip(self.names, found.groups(), strict=True)) if found else None


class Description:
    """The operations of an API, and the document that their schemas point into."""

    def __init__(self, document, operations, base=""):
        self.document, self.base = document, base
        self.operations = sorted(operations, key=lambda operation: operation.rank)

    def find(self, method, path):
        """The operation that a request is for, and the values in its path."""
        return next(self.all(method, path), (None, {}))

    def all(self, method, path):
        """The operations of the first shape of path that fits: some descriptions tell several by what is sent."""
        rank = None
        for operation in self.operations:
            if rank is not None and operation.rank != rank:
                return
            if operation.method == method and (values := operation.values(path)) is not None:
                rank = operation.rank
                yield operation, values

    def resolve(self, schema):
        """The schema that a reference is for."""
        while isinstance(schema, dict) and "$ref" in schema:
            node = self.document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                part = unquote(part).replace("~1", "/").replace("~0", "~")
                node = node[int(part)] if isinstance(node, list) else node[part]
            schema = node
        return schema
