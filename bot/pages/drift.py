"""`/drift/prod/biopsy?token=...`: the last drift report of a lane that the ledger keeps, for who holds a link that we signed."""

from __future__ import annotations

import structlog
from aiohttp import web
from redis.exceptions import RedisError

from bot.links import Links, Verdict
from bot.pages.audit import FindNames
from bot.pages.frame import Words, in_words, page
from bot.pages.report import Report
from bot.people import people_of
from bot.projection import Projection
from workers.contract.names import ArtifactName, BadName, EnvironmentName

log = structlog.get_logger("bot.drift")

EXPIRED = Words(403, "This link has expired", "Links to a report hold for seven days. Ask for a new one in Slack:", "show drift {about}")
FORGED = Words(
    403, "This link does not open this report", "It was cut off or changed on its way. Ask for a new one in Slack:", "show drift {about}"
)
UNKNOWN = Words(404, "There is no such report", "A model is named like biopsy. See what there is in Slack:", "show drift all")
AWAY = Words(503, "The report cannot be shown right now", "Nothing is lost: it is in Git. Ask in Slack:", "show drift {about}")
NOT_YET = Words(
    404,
    "The ledger keeps no report of this model yet",
    "A report is kept when it is of the policy's own window, a moment after it was measured. Ask in Slack:",
    "show drift {about}",
)


class DriftPage:
    """Shows drift reports."""

    def __init__(self, links: Links, projection: Projection, names: FindNames) -> None:
        self._links = links
        self._projection = projection
        self._names = names

    def attach(self, app: web.Application) -> None:
        """Add the page to the application; an artifact's name may hold slashes."""
        app.router.add_get("/drift/{environment}/{artifact:.+}", self.handle)

    async def handle(self, request: web.Request) -> web.Response:
        """The report, or words why not."""
        try:
            environment, artifact = (
                EnvironmentName.read(request.match_info["environment"]),
                ArtifactName.read(request.match_info["artifact"]),
            )
        except BadName:
            return in_words(request, UNKNOWN, "")
        about = f"{artifact} in {environment}"
        verdict = self._links.check_drift(environment, artifact, request.query.get("token", ""))
        if verdict is not Verdict.HOLDS:
            log.info("drift_refused", artifact=artifact, environment=environment, verdict=verdict.value)
            return in_words(request, EXPIRED if verdict is Verdict.EXPIRED else FORGED, about)
        try:
            found = await self._projection.watching(environment, artifact)
        except (RedisError, OSError, TimeoutError):
            return in_words(request, AWAY, about)
        if found is None or found.watch.report is None:
            return in_words(request, NOT_YET, about)
        report = Report(found, found.watch.report, self._links, await self._names(people_of(found)))
        return page(request, "drift.html", {"page": report, "report": report.report, "watch": found.watch})
