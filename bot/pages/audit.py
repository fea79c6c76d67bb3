"""`/audit/P-142?token=...`: the record of one promotion, for who holds a link that we signed and that has not expired."""

from __future__ import annotations

import unicodedata
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path

import aiohttp_jinja2
import jinja2
import structlog
from aiohttp import web
from markupsafe import Markup
from redis.exceptions import RedisError

from bot.links import Links, Verdict
from bot.pages.record import Record
from bot.projection import Projection
from workers.contract.names import BadName, PromotionId

log = structlog.get_logger("bot.audit")

FindNames = Callable[[Iterable[str]], Awaitable[Mapping[str, str]]]

HERE = Path(__file__).parent
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex",
}

EXPIRED = (403, "This link has expired", "Links to a record hold for seven days. Ask for a new one in Slack:", "audit {promotion}")
FORGED = (
    403,
    "This link does not open this record",
    "It was cut off or changed on its way. Ask for a new one in Slack:",
    "audit {promotion}",
)
UNKNOWN = (404, "There is no such record", "A promotion is named like P-142. See what there is in Slack:", "history")
AWAY = (
    503,
    "The record cannot be shown right now",
    "Nothing is lost: it is in Git. Try again in a minute, or ask in Slack:",
    "audit {promotion}",
)


def attach(app: web.Application, page: AuditPage) -> None:
    """Add the page, its style and its templates to the application."""
    loader = jinja2.FileSystemLoader(HERE / "templates")
    aiohttp_jinja2.setup(app, loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, finalize=_inert)
    app.router.add_get("/audit/style.css", _style)
    app.router.add_get("/audit/{promotion}", page.handle)


def _inert(value: object) -> object:
    """What people wrote, without the characters that hide or turn others. (Escaping is Jinja's.)"""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "".join(sign for sign in value if sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cf", "Cs"))


async def _style(_request: web.Request) -> web.Response:
    text = (HERE / "templates" / "style.css").read_text("utf-8")
    return web.Response(text=text, content_type="text/css", headers={"Cache-Control": "max-age=3600", "X-Content-Type-Options": "nosniff"})


class AuditPage:
    """Shows records."""

    def __init__(self, links: Links, projection: Projection, names: FindNames) -> None:
        self._links = links
        self._projection = projection
        self._names = names

    async def handle(self, request: web.Request) -> web.Response:
        """The record, or words why not."""
        try:
            promotion = PromotionId.read(request.match_info["promotion"])
        except BadName:
            return _words(request, UNKNOWN, "P-142")
        verdict = self._links.check(promotion, request.query.get("token", ""))
        if verdict is not Verdict.HOLDS:
            log.info("audit_refused", promotion=promotion, verdict=verdict.value)
            return _words(request, EXPIRED if verdict is Verdict.EXPIRED else FORGED, promotion)
        try:
            moved = await self._projection.promotion_once_published(promotion)
        except (RedisError, OSError, TimeoutError):
            moved = None
        if moved is None:
            return _words(request, AWAY, promotion)
        record = Record(moved, self._links, await self._names(Record.people_of(moved)))
        return _secured(aiohttp_jinja2.render_template("audit.html", request, {"record": record, "promotion": moved.promotion}))


def _words(request: web.Request, what: tuple[int, str, str, str], promotion: str) -> web.Response:
    status, title, text, sentence = what
    shown = {"title": title, "text": text, "sentence": sentence.format(promotion=promotion)}
    return _secured(aiohttp_jinja2.render_template("words.html", request, shown, status=status))


def _secured(response: web.Response) -> web.Response:
    response.headers.update(HEADERS)
    return response
