"""A provider's token endpoint over HTTPS: it rotates refresh tokens, and a used one is void."""

import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import trustme
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.rigs.dovecot import TOKEN_KEY


class Provider:
    """Gives access tokens for one user; `valid` is the refresh token that it takes next."""

    def __init__(self, folder: Path, user: str) -> None:
        self.user = user
        self.valid = "refresh-0"
        self.given: list[str] = []
        self.asked: list[dict[str, str]] = []
        self.status = 200
        self.lasts = 3600
        self.ca_file = folder / "provider-ca.pem"
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca_file))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("localhost").configure_cert(context)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://localhost:{self._server.server_port}/token"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def token(self, lasts: int | None = None) -> str:
        """An access token as Dovecot's oauth2 passdb takes it."""
        now = int(time.time())
        claims = {"sub": self.user, "iat": now, "exp": now + (lasts or self.lasts), "n": len(self.given)}
        return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, OctKey.import_key(TOKEN_KEY))

    def answer(self, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        self.asked.append(form)
        if self.status != 200:
            return self.status, {"error": "temporarily_unavailable"}
        if form.get("refresh_token") != self.valid:
            return 400, {"error": "invalid_grant"}
        self.given.append(self.token())
        self.valid = f"refresh-{len(self.given)}"
        return 200, {"access_token": self.given[-1], "refresh_token": self.valid, "expires_in": self.lasts}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                status, told = provider.answer({name: values[0] for name, values in parse_qs(body).items()})
                data = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler
