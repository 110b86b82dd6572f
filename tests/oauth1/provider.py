"""An OAuth 1 provider whose every judgement is oauthlib's own server side, on wsgiref."""

import json
import sys
from socketserver import ThreadingMixIn
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from oauthlib.oauth1 import (
    SIGNATURE_HMAC_SHA1,
    SIGNATURE_HMAC_SHA256,
    SIGNATURE_PLAINTEXT,
    RequestValidator,
    WebApplicationServer,
)

CONSUMERS = {"consumer one": "s&cret+%of one"}


class Validator(RequestValidator):
    enforce_ssl = False
    client_key_length = (3, 40)
    request_token_length = access_token_length = (8, 60)
    nonce_length = (16, 64)
    verifier_length = (8, 40)
    safe_characters = RequestValidator().safe_characters | set(" -_")
    allowed_signature_methods = (SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256, SIGNATURE_PLAINTEXT)
    realms = ("all",)
    dummy_client, dummy_request_token, dummy_access_token = "dummy-client", "dummy-request", "dummy-access"

    def __init__(self):
        self.asked, self.given, self.seen = {}, {}, set()

    def validate_timestamp_and_nonce(self, client_key, timestamp, nonce, request, request_token=None, access_token=None):
        once = (client_key, timestamp, nonce, request_token or access_token)
        fresh = once not in self.seen
        self.seen.add(once)
        return fresh

    def validate_client_key(self, key, request): return key in CONSUMERS
    def validate_request_token(self, key, token, request): return token in self.asked
    def validate_access_token(self, key, token, request): return token in self.given
    def validate_redirect_uri(self, key, uri, request): return uri.startswith("http://127.0.0.1:")
    def validate_requested_realms(self, key, realms, request): return True
    def validate_realms(self, key, token, request, uri=None, realms=None): return True
    def validate_verifier(self, key, token, verifier, request): return self.asked[token].get("verifier") == verifier
    def verify_request_token(self, token, request): return token in self.asked
    def verify_realms(self, token, realms, request): return True
    def get_client_secret(self, key, request): return CONSUMERS.get(key, "dummy")
    def get_request_token_secret(self, key, token, request): return self.asked.get(token, {}).get("secret", "dummy")
    def get_access_token_secret(self, key, token, request): return self.given.get(token, "dummy")
    def get_default_realms(self, key, request): return ["all"]
    def get_realms(self, token, request): return ["all"]
    def get_redirect_uri(self, token, request): return self.asked[token]["callback"]
    def get_rsa_key(self, key, request): return None
    def save_verifier(self, token, verifier, request): self.asked[token]["verifier"] = verifier["oauth_verifier"]
    def invalidate_request_token(self, key, token, request): self.asked.pop(token, None)

    def save_request_token(self, token, request):
        self.asked[token["oauth_token"]] = {"secret": token["oauth_token_secret"], "callback": request.redirect_uri}

    def save_access_token(self, token, request):
        self.given[token["oauth_token"]] = token["oauth_token_secret"]


validator = Validator()
server = WebApplicationServer(validator)


def app(environ, start):
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length).decode()
    target = environ["RAW_TARGET"]
    path = target.split("?")[0]
    headers = {"Content-Type": environ.get("CONTENT_TYPE", "")}
    if "HTTP_AUTHORIZATION" in environ:
        headers["Authorization"] = environ["HTTP_AUTHORIZATION"]
    is_form = headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    request = ("http://" + environ["HTTP_HOST"] + target, environ["REQUEST_METHOD"], body if is_form else None, headers)
    if path == "/request_token":
        answer = server.create_request_token_response(*request)
    elif path == "/access_token":
        answer = server.create_access_token_response(*request)
    elif path == "/authorize":
        token = parse_qs(target.partition("?")[2])["oauth_token"][0]
        base = request[0].split("?")[0]
        answer = server.create_authorization_response(f"{base}?oauth_token={token}", "POST", "", headers, realms=["all"])
    else:
        valid, _ = server.validate_protected_resource_request(*request, realms=["all"])
        seen = {"valid": valid, "authorization": headers.get("Authorization")}
        answer = ({}, json.dumps(seen), 200 if valid else 401)
        answer[0]["Content-Type"] = "application/json"
    headers, text, status = answer
    text = (text or "").encode()
    start(f"{status} -", [*headers.items(), ("Content-Length", str(len(text)))])
    return [text]


class Handler(WSGIRequestHandler):
    def get_environ(self):
        return {**super().get_environ(), "RAW_TARGET": self.path}

    def log_message(self, *_): pass


class Threading(ThreadingMixIn, WSGIServer):
    daemon_threads = True


if __name__ == "__main__":
    with make_server("127.0.0.1", int(sys.argv[1]), app, Threading, Handler) as listening:
        listening.serve_forever()
