"""Searches what a journey left behind for the secrets that took part in it."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

PIECE = 16


def _spellings(secret: str) -> Iterator[tuple[str, bytes]]:
    raw = secret.encode()
    yield "plain", raw
    yield "percent-encoded", quote(secret, safe="").encode()
    yield "in JSON", json.dumps(secret)[1:-1].encode()
    yield "in hexadecimal", raw.hex().encode()
    # Base64 of a longer text that holds the secret: three alignments, without the characters that share bits
    # with the neighbours.
    for shift in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(b"\0" * shift + raw).rstrip(b"=")
            yield "in base64", encoded[4 if shift else 0 : -2]


def _pieces(spelling: bytes) -> Iterator[bytes]:
    """The ends, since a page boundary of a database, or a line's limit, may cut a value in two."""
    yield spelling
    if len(spelling) >= 2 * PIECE:
        yield spelling[:PIECE]
        yield spelling[-PIECE:]


def find_secrets(content: bytes, secrets: dict[str, str]) -> list[str]:
    """What kinds of secret are in `content`, in what spelling and where. Never the secrets themselves."""
    traces = (_first_trace(content, secret) for secret in secrets)
    return sorted({f"{kind} {trace}" for kind, trace in zip(secrets.values(), traces, strict=True) if trace})


def _first_trace(content: bytes, secret: str) -> str | None:
    for spelling, encoded in _spellings(secret):
        for piece in _pieces(encoded):
            position = content.find(piece)
            if position >= 0:
                return f"{spelling} {_surroundings(content, position, len(piece))}"
    return None


def _surroundings(content: bytes, position: int, length: int) -> str:
    before = content[max(0, position - 60) : position]
    after = content[position + length : position + length + 20]
    return repr(before.decode(errors="replace") + "<HERE>" + after.decode(errors="replace"))


def read_responses(record: Path) -> bytes:
    """What the SDKs were told: heads and bodies of all responses."""
    answers = []
    for line in record.read_text().splitlines():
        exchange = json.loads(line)
        answers.append("\n".join(exchange["headers"]) + "\n" + exchange["response"])
    return "\n".join(answers).encode()
