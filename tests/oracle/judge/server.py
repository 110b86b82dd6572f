"""The API on loopback, from one or more descriptions."""
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from . import graphql
from .request import Judge, Request


@dataclass
class Seen:
    """A request that came, and what was wrong with it."""
    request: Request
    problems: list[str] = field(default_factory=list)


class Api:
    """Serves descriptions, each below its `base`."""

    def __init__(self, descriptions, authorization, json_for_forms=False, shape=None):
        self.judges = sorted(
            (one if isinstance(one, graphql.Judge) else Judge(one, json_for_forms) for one in descriptions),
            key=lambda judge: -len(judge.description.base),
        )
        self.authorization, self.shape = authorization, shape or (lambda _operation, answer: answer)
        self.seen, self.lock = [], threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self):
        """What came since the last time."""
        with self.lock:
            seen, self.seen = self.seen, []
        return seen

    def answer(self, request):
        """Status, headers and body."""
        seen = Seen(request)
        with self.lock:
            self.seen.append(seen)
        if request.headers.get("authorization") != self.authorization:
            seen.problems.append("the credential is not there")
            return 401, {}, {"message": "no credential"}
        if request.path.startswith("/__upload/"):
            return 200, {}, {"id": "text", "name": "text"}
        for judge in self.judges:
            if not request.path.startswith(judge.description.base):
                continue
            found = list(judge.description.all(request.method, request.path[len(judge.description.base):]))
            if found:
                problems = [list(judge.problems(operation, values, request)) for operation, values in found]
                best = min(range(len(found)), key=lambda place: len(problems[place]))
                seen.problems += problems[best]
                return self._answered(judge, found[best][0], seen)
        seen.problems.append(f"{request.method} {request.path}: not described")
        return 404, {}, {"message": "not described"}

    def _answered(self, judge, operation, seen):
        if seen.problems:
            return 422, {}, {"message": "; ".join(seen.problems)}
        if operation.opens_upload and "uploadType=resumable" in seen.request.query:
            return 200, {"location": f"http://127.0.0.1:{self.port}/__upload/1"}, {}
        made = judge.answer(operation, seen.request)
        return operation.status, {}, made if made is None else self.shape(operation, made)


def handler(api):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body leave at once: a body of its own would wait 40 ms for the head's acknowledgement.
        wbufsize = -1

        def judge(self):
            url = urlsplit(self.path)
            length = int(self.headers.get("content-length") or 0)
            body = self.chunks() if self.headers.get("transfer-encoding") == "chunked" else self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more, answer = api.answer(Request(self.command, url.path, url.query, headers, body))
            content = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {"content-type": "application/json", **more}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(b"" if status == 204 else content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = judge

        def chunks(self):
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def log_message(self, *_):
            """Quiet: what came is in `seen`."""

    return Handler
