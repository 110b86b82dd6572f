"""Checks that the sweep finds what it is there to find: `python3 -m unittest harness.sweep_selfcheck`."""

import base64
import json
import tempfile
import unittest
from pathlib import Path
from urllib.parse import quote

from .sweep import find_secrets, read_responses

SECRET = 'gho_7Fq"x/9+pä:Zk2mV4tB8nR1wS6yL0c'
KINDS = {SECRET: "access token"}


class SweepFindsSecrets(unittest.TestCase):
    def assert_found(self, content: bytes) -> None:
        found = find_secrets(content, KINDS)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith("access token"), found)
        self.assertNotIn(SECRET, found[0], "the report must not repeat the secret")

    def test_as_it_is(self):
        self.assert_found(f"authorization: Bearer {SECRET}\n".encode())

    def test_encoded(self):
        self.assert_found(f"/callback?token={quote(SECRET, safe='')}".encode())
        self.assert_found(json.dumps({"token": SECRET}).encode())
        self.assert_found(b"\\x" + SECRET.encode().hex().encode())

    def test_inside_base64_at_every_alignment(self):
        for before in ("", "a", "ab", "user:", '{"token":"'):
            text = f"{before}{SECRET}\"}}".encode()
            self.assert_found(base64.b64encode(text))
            self.assert_found(base64.urlsafe_b64encode(text))

    def test_cut_in_two(self):
        raw = SECRET.encode()
        self.assert_found(raw[:20] + b"\0page boundary\0" + raw[20:])

    def test_not_where_there_is_none(self):
        self.assertEqual(find_secrets(b"gho_... is masked, and so is " + b"x" * 500, KINDS), [])

    def test_in_heads_and_bodies_of_recorded_responses_only(self):
        exchange = {"request": "asked", "headers": ["x-a", "head"], "response": "body"}
        with tempfile.TemporaryDirectory() as folder:
            record = Path(folder) / "record.jsonl"
            record.write_text(json.dumps(exchange) + "\n")
            content = read_responses(record)
        self.assertIn(b"head", content)
        self.assertIn(b"body", content)
        self.assertNotIn(b"asked", content)


if __name__ == "__main__":
    unittest.main()
