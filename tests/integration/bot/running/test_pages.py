"""Pages: for who holds a link that we signed, and inert whatever people wrote into a record."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path

import aiohttp
from itsdangerous import URLSafeTimedSerializer

from bot.links import GitWeb, Links, Verdict
from workers.contract import lanes, wire
from workers.contract.names import ActorId, ArtifactName, OutputRef, PromotionId
from workers.contract.outcomes import Descent, Kin, Moved, Standing
from workers.contract.promotion import Change, GateResult, Hold, Placed, Promotion, Result, State, Vote
from workers.contract.stopped import Held, Period

from .stage import ANA, COMMIT, DIGEST, MIA, TEAM, Stage, as_moved, event, promotion, stage, until

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> {{ 7*7 }} \u202etxt"

IMAGE = OutputRef("registry.example/biopsy@sha256:" + "cd" * 32)


async def get(url: str) -> tuple[int, str, dict[str, str]]:
    async with aiohttp.ClientSession() as http, http.get(url, allow_redirects=False) as answer:
        return answer.status, await answer.text(), dict(answer.headers)


def links(here: Stage) -> Links:
    return Links(here.url, here.keys.links, GitWeb.read("github https://github.com/org/repo"))


def whole() -> Promotion:
    """A promotion with something in every part, hostile wherever people write."""
    start = promotion()
    vote = Vote(ActorId(f"{MIA}@{TEAM}"), "approved", start.requested_at, DIGEST, "ml-leads", HOSTILE)
    return replace(
        start,
        state=State.SUCCEEDED,
        to=replace(start.to, outputs=(IMAGE,)),
        because=HOSTILE,
        live=Placed(start.to.version, COMMIT, DIGEST, PromotionId("P-7"), start.requested_at),
        gates=(GateResult("metrics", Result.PASS, HOSTILE, (DIGEST,)),),
        changes=(Change("auc", HOSTILE, "0.991"),),
        votes=(vote,),
        reasons=(HOSTILE,),
        events=(event(1, "requested", State.WAITING, HOSTILE), event(2, "succeeded", State.SUCCEEDED, by=MIA)),
    )


async def test_signed_link_shows_the_record(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.move(whole())
        status, text, headers = await get(links(here).audit(PromotionId("P-1")))
        assert status == 200
        people = (f"Ana Lima ({ANA}@{TEAM})", f"Mia Chen ({MIA}@{TEAM})")
        for part in (
            "P-1",
            *people,
            "ml-leads",
            DIGEST,
            f"<code>{IMAGE}</code>",
            f"https://github.com/org/repo/commit/{COMMIT}",
            "Verified:",
        ):
            assert part in text, part
        assert (
            "<script>" not in text
            and "onerror=alert" not in re.sub(r"&lt;[^<]*", "", text)
            and "49" not in re.findall(r"said\">([^<]*)", text)[0]
        )
        assert "{{ 7*7 }}" in text and "\u202e" not in text
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in headers["Content-Security-Policy"] and "unsafe" not in headers["Content-Security-Policy"]
        style = await get(f"{here.url}/audit/style.css")
        assert style[0] == 200 and style[2]["Content-Type"].startswith("text/css")


async def test_the_record_says_where_the_version_came_from(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        start = promotion()
        live = (Standing(start.environment, start.id, start.requested_at),)
        parents = (
            Kin("trained on", ArtifactName("biopsies"), start.to.version, True, live),
            Kin(HOSTILE, ArtifactName("biopsies"), start.to.version, True, (), {HOSTILE: HOSTILE}),
        )
        descent = Descent(start.to.version, COMMIT, COMMIT, 1, (), parents)
        bad = Hold(start.artifact, start.environment, start.to.version, start.to.digest, HOSTILE, start.requester, start.requested_at,
                   affected_since=start.requested_at)  # fmt: skip
        held = Held(bad, True, (Period(start.requested_at, None, start.id),))
        moved = Moved(replace(start, skipped=("soak", HOSTILE)), descent=descent, held=held)
        await here.redis.set(lanes.document(f"promotion:{start.id}"), wire.canonical(moved).decode())
        status, text, _ = await get(links(here).audit(start.id))
        assert status == 200
        assert f"Code at commit {COMMIT} (the version&#39;s own), made by 1 person" in text
        assert f"Trained on biopsies {start.to.version} (live in prod by P-1 since" in text
        assert "is on hold in prod, where it runs now, by Ana Lima (" in text
        assert "Live while it was bad: " in text and " to now (P-1)" in text
        assert "passed over soak, " in text
        assert "<script>" not in text


async def test_other_links_do_not(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.move(whole())
        good = links(here).audit(PromotionId("P-1"))
        for url in (
            good[:-2], good.split("?", maxsplit=1)[0], good.replace("P-1?", "P-2?"), f"{here.url}/audit/P-1?token=",
            Links(here.url, "the secret of somebody else", None).audit(PromotionId("P-1")),
            f"{here.url}/audit/P-1?token={URLSafeTimedSerializer(here.keys.links, salt='another').dumps('P-1')}",
        ):  # fmt: skip
            status, text, headers = await get(url)
            assert status == 403 and "does not open" in text and DIGEST not in text, url
            assert "Content-Security-Policy" in headers
        assert (await get(f"{here.url}/audit/..%2f..%2fetc"))[0] == 404
        assert (await get(f"{here.url}/audit/{HOSTILE[:20]}?token=1"))[0] == 404


async def test_expired_link_says_so(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():

        class Old(URLSafeTimedSerializer):
            def make_signer(self, *args: object, **kwargs: object) -> object:  # type: ignore[override]
                signer = super().make_signer(*args, **kwargs)  # type: ignore[arg-type]
                setattr(signer, "get_timestamp", lambda: 1_600_000_000)  # noqa: B010  The base class has no such method.
                return signer

        token = Old(here.keys.links, salt="towpath-audit").dumps("P-1")
        assert links(here).check(PromotionId("P-1"), str(token)) is Verdict.EXPIRED
        status, text, _ = await get(f"{here.url}/audit/P-1?token={token}")
        assert status == 403 and "expired" in text


async def test_lost_record_is_asked_for_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():

        async def after_the_rebuild() -> bool:
            """The workers' side: publish once asked."""
            if len([task for task, _ in await here.tasks(lanes.QUEUES[lanes.REBUILD]) if task == lanes.REBUILD]) < 2:
                return False
            text = wire.canonical(as_moved(whole())).decode()
            return bool(await here.redis.set(lanes.document("promotion:P-1"), text))

        async def asked_at_the_start() -> bool:
            return bool(await here.tasks(lanes.QUEUES[lanes.REBUILD]))

        await until(asked_at_the_start)
        page = asyncio.create_task(get(links(here).audit(PromotionId("P-1"))))
        await until(after_the_rebuild)
        assert (await page)[0] == 200
        status, text, _ = await get(links(here).audit(PromotionId("P-9")))
        assert status == 503 and "Nothing is lost" in text


async def test_verdict_is_not_dressed_up(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        for verified, words in ((None, "Not verified"), (False, "NOT verified")):
            moved = replace(as_moved(whole()), verified=verified)
            await here.redis.set(lanes.document("promotion:P-1"), wire.canonical(moved).decode())
            assert words in (await get(links(here).audit(PromotionId("P-1"))))[1]


async def test_health_tells_what_is_wrong(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        status, text, _ = await get(f"{here.url}/healthz")
        assert (status, text) == (200, '{"redis": true, "consumer": true, "watchdog": true}')
        status, text, _ = await get(f"{here.url}/health")
        assert (status, text) == (
            200,
            '{"lanes": {"clock": null, "changes": null, "queries": null, "effects": null, "training": null}, "amiss": {}}',
        )
        here.server.kill()
        status, text, _ = await get(f"{here.url}/healthz")
        assert status == 503 and '"redis": false' in text


def test_git_hosts() -> None:
    for text, url in (
        ("github https://github.com/o/r", f"https://github.com/o/r/commit/{COMMIT}"),
        ("gitlab https://gitlab.com/o/r/", f"https://gitlab.com/o/r/-/commit/{COMMIT}"),
        ("gitea https://git.example.com/o/r", f"https://git.example.com/o/r/commit/{COMMIT}"),
        ("gitweb https://git.example.com/?p=r.git", f"https://git.example.com/?p=r.git;a=commit;h={COMMIT}"),
        ("klaus http://127.0.0.1:8001/repo", f"http://127.0.0.1:8001/repo/commit/{COMMIT}/"),
    ):
        found = GitWeb.read(text)
        assert found and found.commit(COMMIT) == url
