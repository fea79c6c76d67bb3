"""What every page has: its style, its templates, the headers that keep a browser from doing more than show it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path

import aiohttp_jinja2
import jinja2
from aiohttp import web
from markupsafe import Markup

HERE = Path(__file__).parent
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex",
}


@dataclass(frozen=True)
class Words:
    """A page that says why there is nothing to show, and the sentence to say in Slack instead."""

    status: int
    title: str
    text: str
    sentence: str


def attach(app: web.Application) -> None:
    """Add the style and the templates to the application."""
    loader = jinja2.FileSystemLoader(HERE / "templates")
    aiohttp_jinja2.setup(app, loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, finalize=_inert)
    app.router.add_get("/audit/style.css", _style)


def page(request: web.Request, template: str, shown: dict[str, object]) -> web.Response:
    """A page from a template."""
    return _secured(aiohttp_jinja2.render_template(template, request, shown))


def in_words(request: web.Request, what: Words, about: str) -> web.Response:
    """The page that says why there is nothing to show of what the reader asked about."""
    shown = {"title": what.title, "text": what.text, "sentence": what.sentence.format(about=about)}
    return _secured(aiohttp_jinja2.render_template("words.html", request, shown, status=what.status))


def _inert(value: object) -> object:
    """What people wrote, without the characters that hide or turn others. (Escaping is Jinja's.)"""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "".join(sign for sign in value if sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cf", "Cs"))


async def _style(_request: web.Request) -> web.Response:
    text = (HERE / "templates" / "style.css").read_text("utf-8")
    return web.Response(text=text, content_type="text/css", headers={"Cache-Control": "max-age=3600", "X-Content-Type-Options": "nosniff"})


def _secured(response: web.Response) -> web.Response:
    response.headers.update(HEADERS)
    return response
