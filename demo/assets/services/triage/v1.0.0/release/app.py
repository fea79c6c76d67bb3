"""Triage: the clinic's front door to the biopsy model. Needs nothing but Python; reads PORT and MODEL_SERVER."""

from __future__ import annotations

import json
import os
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

VERSION = Path(__file__).with_name("VERSION").read_text().strip()
MODEL_SERVER = os.environ.get("MODEL_SERVER", "http://127.0.0.1:9001")
MODEL = f"{MODEL_SERVER}/v2/models/biopsy"
PATIENCE = 2


def model_is_ready() -> bool:
    """Return whether the model server would answer for the biopsy model now."""
    try:
        with urllib.request.urlopen(f"{MODEL}/ready", timeout=PATIENCE) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except OSError:
        return False


class Triage(BaseHTTPRequestHandler):
    """GET /health says which release runs; GET /ready also needs the model."""

    def do_GET(self) -> None:
        """Answer a health question."""
        if self.path not in {"/health", "/ready"}:
            self.reply(404, {"error": "there are /health and /ready"})
            return
        model = model_is_ready()
        status = 200 if model or self.path == "/health" else 503
        self.reply(status, {"service": "triage", "version": VERSION, "status": "ok", "model_ready": model})

    def reply(self, status: int, content: dict[str, Any]) -> None:
        """Answer `content` as JSON."""
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the standard library's
        """Log nothing: addresses of callers are nobody's business here."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8080"))), Triage).serve_forever()
