"""`/audit/P-142?token=...`: the record of one promotion, for who holds a link that we signed and that has not expired."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping

import structlog
from aiohttp import web
from redis.exceptions import RedisError

from bot.links import Links, Verdict
from bot.pages.frame import Words, in_words, page
from bot.pages.record import Record
from bot.projection import Projection
from workers.contract.names import BadName, PromotionId

log = structlog.get_logger("bot.audit")

FindNames = Callable[[Iterable[str]], Awaitable[Mapping[str, str]]]

EXPIRED = Words(403, "This link has expired", "Links to a record hold for seven days. Ask for a new one in Slack:", "audit {about}")
FORGED = Words(
    403, "This link does not open this record", "It was cut off or changed on its way. Ask for a new one in Slack:", "audit {about}"
)
UNKNOWN = Words(404, "There is no such record", "A promotion is named like P-142. See what there is in Slack:", "history")
AWAY = Words(
    503,
    "The record cannot be shown right now",
    "Nothing is lost: it is in Git. Try again in a minute, or ask in Slack:",
    "audit {about}",
)


class AuditPage:
    """Shows records."""

    def __init__(self, links: Links, projection: Projection, names: FindNames) -> None:
        self._links = links
        self._projection = projection
        self._names = names

    def attach(self, app: web.Application) -> None:
        """Add the page to the application."""
        app.router.add_get("/audit/{promotion}", self.handle)

    async def handle(self, request: web.Request) -> web.Response:
        """The record, or words why not."""
        try:
            promotion = PromotionId.read(request.match_info["promotion"])
        except BadName:
            return in_words(request, UNKNOWN, "P-142")
        verdict = self._links.check(promotion, request.query.get("token", ""))
        if verdict is not Verdict.HOLDS:
            log.info("audit_refused", promotion=promotion, verdict=verdict.value)
            return in_words(request, EXPIRED if verdict is Verdict.EXPIRED else FORGED, promotion)
        try:
            moved = await self._projection.promotion_once_published(promotion)
        except (RedisError, OSError, TimeoutError):
            moved = None
        if moved is None:
            return in_words(request, AWAY, promotion)
        record = Record(moved, self._links, await self._names(Record.people_of(moved)))
        return page(request, "audit.html", {"record": record, "promotion": moved.promotion})
