"""A desk that gives whoever asks what they ask for; with it, the tour must not go on."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answers = Callable[[str, str], tuple[int, bytes]]
"""Method and path -> status and body."""


@contextmanager
def desk_that(answers: Answers) -> Iterator[tuple[int, list[dict[str, str]]]]:
    """Its port, and what it was asked: path, content and credentials."""
    asked: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            credentials = self.headers.get("Authorization", "")
            asked.append(
                {"path": self.path, "content": content.decode(), "credentials": credentials}
            )
            status, body = answers(self.command, self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def yes(form: str = "certificate") -> Answers:
    """Everything is granted."""
    body = {"number": "xk-1", "state": "granted", "serial": "000001", "form": form}

    def answers(method: str, path: str) -> tuple[int, bytes]:
        if method == "GET":
            return 200, b"paper"
        return (200 if path.endswith(("grant", "revoke")) else 201), json.dumps(body).encode()

    return answers
