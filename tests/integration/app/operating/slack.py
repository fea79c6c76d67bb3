"""The one method of Slack's Web API that `towpath doctor` asks, over HTTP on this host."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answer:
    """What `auth.test` answers: the body, the scopes in its header, the status."""

    body: str
    scopes: str = ""
    status: int = 200


GOOD = json.dumps({"ok": True, "user_id": "U0TOWPATH", "team_id": "T0BANK"})


@contextmanager
def slack(answer: Answer) -> Iterator[str]:
    """Serve the answer; the address for SLACK_API_URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(answer.status)
            self.send_header("x-oauth-scopes", answer.scopes)
            self.end_headers()
            self.wfile.write(answer.body.encode())

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/api/"
        finally:
            server.shutdown()
            thread.join()
