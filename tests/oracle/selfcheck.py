"""The oracle refuses what it must, or its word means nothing.

    tests/oracle/.work/python/bin/python -m unittest selfcheck
"""
import json
import tempfile
import unittest
from pathlib import Path

from judge import answers, discovery, graphql, openapi
from judge.request import Judge, Request

THINGS = {
    "openapi": "3.0.3",
    "paths": {
        "/things/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "get": {
                "parameters": [
                    {"name": "tag", "in": "query", "schema": {"type": "array", "items": {"enum": ["a", "b"]}}},
                    {"name": "csv", "in": "query", "explode": False, "schema": {"type": "array", "items": {"type": "integer"}}},
                    {"name": "X-Way", "in": "header", "required": True, "schema": {"type": "string"}},
                ],
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}},
            },
            "post": {
                "requestBody": {"required": True, "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}},
                    "application/x-www-form-urlencoded": {"schema": {"$ref": "#/components/schemas/Thing"}},
                    "multipart/form-data": {"schema": {"properties": {"file": {"type": "string"}, "note": {"type": "string"}}, "required": ["file"]}},
                }},
                "responses": {"204": {"description": "done"}},
            },
        },
        "/things/all": {"get": {"responses": {"200": {"description": "all"}}}},
        "/files/{path}": {"get": {
            "parameters": [{"name": "path", "in": "path", "required": True, "x-multi-segment": True, "schema": {"type": "string"}}],
            "responses": {"200": {"description": "a file"}},
        }},
    },
    "components": {"schemas": {"Thing": {
        "type": "object", "required": ["name"],
        "properties": {
            "name": {"type": "string", "maxLength": 5}, "size": {"type": "integer", "nullable": True},
            "inner": {"$ref": "#/components/schemas/Thing"}, "tags": {"type": "array", "items": {"type": "string"}},
        },
    }}},
}
BOX = {
    "servicePath": "box/v1/", "parameters": {"alt": {"location": "query", "type": "string", "enum": ["json"]}},
    "schemas": {"Box": {"id": "Box", "type": "object", "properties": {
        "name": {"type": "string"}, "inner": {"$ref": "Box"}, "count": {"type": "string", "format": "int64"},
    }}},
    "resources": {"boxes": {"methods": {"create": {
        "httpMethod": "POST", "path": "{+parent}/boxes", "request": {"$ref": "Box"}, "response": {"$ref": "Box"},
        "parameters": {"parent": {"location": "path", "required": True, "type": "string"}},
        "mediaUpload": {"protocols": {"resumable": {"path": "/upload/{+parent}/boxes"}}},
    }}}},
}

SHELVES = '''
type Query { thing(id: ID!, day: TimelessDate): Thing, shelf: Shelf }
type Thing implements Named { id: ID!, name: String!, size: Int, on: [Shelf!]!, kind: Kind }
type Shelf implements Named { name: String! }
interface Named { name: String! }
enum Kind { LARGE SMALL }
input New { name: String!, kind: Kind }
type Mutation { make(input: New!): Named! }
scalar TimelessDate
'''


def loaded(load, document):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "document.json"
        path.write_text(json.dumps(document))
        return load(path)


class OpenApi(unittest.TestCase):
    def setUp(self):
        self.description = loaded(openapi.load, THINGS)
        self.judge = Judge(self.description)

    def problems(self, method, path, query="", body=b"", kind="application/json", **headers):
        operation, values = self.description.find(method, path)
        self.assertIsNotNone(operation, path)
        request = Request(method, path, query, {"content-type": kind, "x-way": "this", **headers}, body)
        return list(self.judge.problems(operation, values, request))

    def test_words_in_a_path_come_before_slots_and_slashes_only_where_they_may_be(self):
        self.assertEqual(self.description.find("GET", "/things/all")[0].template, "/things/all")
        self.assertIsNone(self.description.find("GET", "/things/1/2")[0])
        self.assertIsNone(self.description.find("PUT", "/things/1")[0])
        self.assertEqual(self.description.find("GET", "/files/a/b")[1], {"path": "a/b"})

    def test_good_requests_pass(self):
        self.assertEqual(self.problems("GET", "/things/1", "tag=a&tag=b&csv=1,2"), [])
        self.assertEqual(self.problems("POST", "/things/1", body=b'{"name": "x", "size": null, "inner": {"name": "y"}}'), [])
        form = {"kind": "application/x-www-form-urlencoded"}
        self.assertEqual(self.problems("POST", "/things/1", body=b"name=x&size=2&tags[]=a&inner[name]=y", **form), [])

    def test_each_fault_is_told(self):
        for problem, arguments in {
            "path id": ("GET", "/things/one"),
            "query tag.0": ("GET", "/things/1", "tag=c"),
            "query csv.1": ("GET", "/things/1", "csv=1,x"),
            "query nope: not described": ("GET", "/things/1", "nope=1"),
            "body: missing": ("POST", "/things/1"),
            "body: 'name' is a required": ("POST", "/things/1", "", b"{}"),
            "body.name": ("POST", "/things/1", "", b'{"name": "too long"}'),
            "body.inner.nope: not described": ("POST", "/things/1", "", b'{"name": "x", "inner": {"name": "y", "nope": 1}}'),
            "body: text/plain": ("POST", "/things/1", "", b"x", "text/plain"),
            "body.size": ("POST", "/things/1", "", b"name=x&size=big", "application/x-www-form-urlencoded"),
            "body: 'file' is a required": (
                "POST", "/things/1", "", b'--b\r\ncontent-disposition: form-data; name="note"\r\n\r\nx\r\n--b--\r\n',
                "multipart/form-data; boundary=b"),
        }.items():
            [told] = self.problems(*arguments)
            self.assertTrue(told.startswith(problem), told)
        operation, values = self.description.find("GET", "/things/1")
        self.assertEqual(list(self.judge.problems(operation, values, Request("GET", "/things/1", "", {}, b""))),
                         ["header X-Way: missing"])

    def test_an_answer_is_as_small_as_the_description_allows(self):
        operation, _ = self.description.find("GET", "/things/1")
        self.assertEqual(answers.make(self.description, operation.answer), {"name": "text", "size": 1, "tags": ["text"]})


class Discovery(unittest.TestCase):
    def setUp(self):
        self.description = loaded(discovery.load, BOX)
        self.judge = Judge(self.description)

    def problems(self, body, query=""):
        operation, values = self.description.find("POST", "/box/v1/a/b/boxes")
        self.assertEqual(values, {"parent": "a/b"})
        request = Request("POST", "", query, {"content-type": "application/json"}, json.dumps(body).encode())
        return list(self.judge.problems(operation, values, request))

    def test_members_and_parameters_that_are_not_described_are_refused(self):
        self.assertEqual(self.problems({"name": "x", "inner": {"count": "1"}}, "alt=json"), [])
        self.assertEqual(self.problems({"inner": {"nope": 1}}), ["body.inner.nope: not described"])
        self.assertTrue(self.problems({"count": 1})[0].startswith("body.count: 1 is not of type"))
        self.assertTrue(self.problems({"name": "x"}, "alt=xml")[0].startswith("query alt: 'xml'"))

    def test_an_upload_session_is_an_operation_of_its_own(self):
        operation, _ = self.description.find("POST", "/upload/a/boxes")
        self.assertTrue(operation.opens_upload)

    def test_what_is_said_of_a_content_is_judged_beside_it(self):
        operation, values = self.description.find("POST", "/upload/a/boxes")
        kind = "multipart/related; boundary=b"

        def problems(said, content):
            body = f"--b\r\nContent-Type: application/json\r\n\r\n{json.dumps(said)}\r\n" \
                f"--b\r\nContent-Type: text/plain\r\n\r\n{content}\r\n--b--\r\n"
            request = Request("POST", "/upload/a/boxes", "uploadType=multipart", {"content-type": kind}, body.encode())
            return list(Judge(self.description).problems(operation, values, request))

        self.assertEqual(problems({"name": "x"}, "text"), [])
        self.assertEqual(problems({"nope": 1}, "text"), ["body.nope: not described"])
        self.assertEqual(problems({"name": "x"}, ""), ["body: no content"])


class Graphql(unittest.TestCase):
    def setUp(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "schema.graphql"
            path.write_text(SHELVES)
            self.judge = graphql.load(path, "", "/graphql")

    def asked(self, query, kind="application/json", **more):
        [(operation, values)] = self.judge.all("POST", "/graphql")
        request = Request("POST", "/graphql", "", {"content-type": kind}, json.dumps({"query": query, **more}).encode())
        return list(self.judge.problems(operation, values, request)), self.judge.answer(operation, request)["data"]

    def test_a_good_document_is_answered_by_what_it_asks_for(self):
        self.assertEqual(
            self.asked("query($id: ID!) { thing(id: $id) { id size kind on { name } } }", variables={"id": "1"}),
            ([], {"thing": {"id": "text", "size": 1, "kind": "LARGE", "on": [{"name": "text"}]}}))
        self.assertEqual(
            self.asked("mutation($input: New!) { make(input: $input) { __typename name } }", variables={"input": {"name": "x"}}),
            ([], {"make": {"__typename": "Thing", "name": "text"}}))
        self.assertEqual(list(self.judge.all("GET", "/graphql")) + list(self.judge.all("POST", "/")), [])

    def test_each_fault_is_told(self):
        for problem, query, more in [
            ("Syntax Error", "query {", {}),
            ("Cannot query field 'nope'", "{ shelf { nope } }", {}),
            ("Argument 'Query.thing(id:)' of type 'ID!' is required", "{ thing { id } }", {}),
            ("Field 'shelf' of type 'Shelf' must have a selection", "{ shelf }", {}),
            ("Variable '$input' has invalid value", "mutation($input: New!) { make(input: $input) { name } }", {"variables": {"input": {}}}),
            ("Variable '$input' has invalid value", "mutation($input: New!) { make(input: $input) { name } }",
             {"variables": {"input": {"name": "x", "kind": "MIDDLE"}}}),
            ("Variable '$day' has invalid value", "query($day: TimelessDate) { thing(id: 1, day: $day) { id } }", {"variables": {"day": "Monday"}}),
            ("variables.more: not declared", "{ shelf { name } }", {"variables": {"more": 1}}),
            ("body.more: not described", "{ shelf { name } }", {"more": 1}),
            ("body: text/plain", "{ shelf { name } }", {"kind": "text/plain"}),
        ]:
            told, _ = self.asked(query, **more)
            self.assertEqual(len(told), 1, told)
            self.assertTrue(told[0].startswith(problem), told)


if __name__ == "__main__":
    unittest.main()
