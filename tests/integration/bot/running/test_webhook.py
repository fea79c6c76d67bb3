"""The push webhook: whoever has the secret makes us look at once, nobody else does, and nothing that is sent is believed."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.settings import BadSettings, Settings
from workers.contract import lanes

from .stage import Stage, stage, until

SECRET = "It's a Secret to Everybody"
"""With BODY and SIGNATURE the example of GitHub's documentation."""
BODY = b"Hello, World!"
SIGNATURE = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
LARGEST = 1024 * 1024


def signed(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, "sha256").hexdigest()


async def push(here: Stage, body: bytes | AsyncIterator[bytes] = BODY, /, method: str = "POST", **headers: str) -> tuple[int, str]:
    """One delivery; `X_Gitlab_Token` is how a keyword names a header."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with aiohttp.ClientSession() as http, http.request(method, f"{here.url}/git/push", data=body, headers=named) as answer:
        return answer.status, await answer.text()


async def looks(here: Stage) -> int:
    """How many looks lie in the queue of the effects."""
    found = await here.tasks(lanes.QUEUES[lanes.LOOK_AT_SOURCE])
    assert all((task, given) == (lanes.LOOK_AT_SOURCE, {}) for task, given in found)
    return len(found)


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Hub_Signature_256": f"sha256={SIGNATURE}", "X_GitHub_Event": "push"},
        {"X_Gitlab_Token": SECRET, "X_Gitlab_Event": "Tag Push Hook"},
        {"X_Gitea_Signature": SIGNATURE, "X_Gitea_Event": "push"},
        {"X_Forgejo_Signature": SIGNATURE},
        {"X_Gitea_Signature": SIGNATURE, "X_Hub_Signature_256": f"sha256={SIGNATURE}", "X_GitHub_Event": "push"},
    ],
    ids=["github", "gitlab", "gitea", "forgejo", "several"],
)
async def test_a_push_of_each_host_wakes_the_look(tmp_path: Path, headers: dict[str, str]) -> None:
    async with stage(tmp_path) as here, here.bot(TOWPATH_WEBHOOK_SECRET=SECRET):
        assert await push(here, **headers) == (202, "looking")

        async def looked() -> bool:
            return await looks(here) == 1

        await until(looked)
        (row,) = await here.redis.lrange(lanes.QUEUES[lanes.LOOK_AT_SOURCE], 0, -1)
        assert json.loads(row)["headers"]["expires"]


async def test_whoever_has_not_the_secret_is_turned_away_without_a_hint(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot(TOWPATH_WEBHOOK_SECRET=SECRET):
        other = signed(BODY, "another secret of somebody")
        for headers in (
            {},
            {"X_Hub_Signature_256": SIGNATURE},
            {"X_Hub_Signature_256": "sha256="},
            {"X_Hub_Signature_256": f"sha256={SIGNATURE.upper()}"},
            {"X_Hub_Signature_256": f"sha256={other}"},
            {"X_Hub_Signature_256": f"sha256={SIGNATURE[:-1]}"},
            {"X_Hub_Signature_256": "sha256=é"},
            {"X_Hub_Signature": "sha1=" + hmac.new(SECRET.encode(), BODY, "sha1").hexdigest()},
            {"X_Gitea_Signature": other},
            {"X_Gitlab_Token": ""},
            {"X_Gitlab_Token": SECRET[:-1]},
            {"X_Gitlab_Token": SECRET + "x"},
            {"X_Gitlab_Token": SIGNATURE},
            {"X_GitHub_Event": "ping"},
            {"Authorization": f"Bearer {SECRET}"},
        ):
            assert await push(here, **headers) == (401, "not accepted"), headers
        assert (await push(here, BODY + b" ", X_Hub_Signature_256=f"sha256={SIGNATURE}"))[0] == 401
        assert (await push(here, b"", X_Hub_Signature_256=f"sha256={SIGNATURE}"))[0] == 401
        assert await push(here, X_Hub_Signature_256=f"sha256={SIGNATURE}") == (202, "looking")

        async def looked() -> bool:
            return await looks(here) > 0

        await until(looked)
        assert await looks(here) == 1


async def in_pieces(body: bytes) -> AsyncIterator[bytes]:
    """Without a length: aiohttp sends it in chunks."""
    for at in range(0, len(body), 100_000):
        yield body[at : at + 100_000]


async def test_what_is_too_large_is_not_read_to_its_end_also_in_chunks(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot(TOWPATH_WEBHOOK_SECRET=SECRET):
        large = b"x" * (LARGEST + 1)
        headers = {"X_Hub_Signature_256": f"sha256={signed(large)}"}
        assert (await push(here, large, **headers))[0] == 413
        assert (await push(here, in_pieces(large), **headers))[0] == 413
        assert await looks(here) == 0
        fits = b"x" * (LARGEST - 1)
        assert (await push(here, in_pieces(fits), X_Hub_Signature_256=f"sha256={signed(fits)}"))[0] == 202
        assert (await push(here, in_pieces(fits), X_Hub_Signature_256=f"sha256={signed(large)}"))[0] == 401


async def test_only_post_and_only_with_a_secret_of_ours(tmp_path: Path) -> None:
    headers = {"X_Hub_Signature_256": f"sha256={SIGNATURE}"}
    async with stage(tmp_path) as here:
        async with here.bot(TOWPATH_WEBHOOK_SECRET=SECRET):
            for method in ("GET", "PUT", "DELETE", "PATCH", "HEAD"):
                assert (await push(here, method=method, **headers))[0] == 405
            assert await push(here, **headers, X_GitHub_Event="ping") == (200, "heard")
            assert await looks(here) == 0
        async with here.bot():
            assert (await push(here, **headers))[0] == 404
            assert (await push(here, X_Gitlab_Token=""))[0] == 404
        assert await looks(here) == 0


async def test_what_stands_in_it_is_never_read(tmp_path: Path) -> None:
    """Bodies that are no JSON, deep, or lie, are all the same push."""
    async with stage(tmp_path) as here, here.bot(TOWPATH_WEBHOOK_SECRET=SECRET):
        bodies = (b"\xff\xfe", b"[" * 50_000, json.dumps({"ref": "refs/heads/towpath", "after": "0" * 40}).encode(), b"")
        for body in bodies:
            assert (await push(here, body, X_Gitea_Signature=signed(body)))[0] == 202
        assert await here.sealed() == []
        assert await here.redis.xlen(lanes.INTAKE) == 0


async def test_a_storm_of_pushes_is_few_looks_and_the_last_one_is_looked_at(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        async with here.bot(TOWPATH_WEBHOOK_SECRET=SECRET):
            answers = await asyncio.gather(*(push(here, X_Gitlab_Token=SECRET) for _ in range(40)))
            assert {status for status, _ in answers} == {202}

            async def looked() -> bool:
                return await looks(here) >= 1

            await until(looked)
            before = await looks(here)
            assert before <= 4
            assert (await push(here, X_Gitlab_Token=SECRET))[0] == 202

            async def looked_again() -> bool:
                return await looks(here) > before

            await until(looked_again)
        assert await looks(here) <= before + 2


async def test_a_bot_that_stops_looks_first(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        async with here.bot(TOWPATH_WEBHOOK_SECRET=SECRET):
            assert (await push(here, X_Gitlab_Token=SECRET))[0] == 202
        assert await looks(here) == 1


def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = {"SLACK_BOT_TOKEN": "xoxb-stand-in", "SLACK_SIGNING_SECRET": "x", "REDIS_URL": "redis://h/0", "TOWPATH_KEYS": str(tmp_path)}
    for name, value in {**given, "TOWPATH_PUBLIC_URL": "http://h"}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("wrong", ["short", "fifteen letters", " " * 20, "sixteen letters\x00!", "é" * 20])
def test_a_weak_secret_stops_the_start_and_is_not_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wrong: str) -> None:
    environment(monkeypatch, tmp_path)
    (tmp_path / "secret").write_text(f"{wrong}\n")
    monkeypatch.setenv("TOWPATH_WEBHOOK_SECRET_FILE", str(tmp_path / "secret"))
    with pytest.raises(BadSettings) as caught:
        Settings.load()
    assert "TOWPATH_WEBHOOK_SECRET is wrong" in str(caught.value)
    assert wrong not in str(caught.value)


def test_a_secret_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment(monkeypatch, tmp_path)
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    monkeypatch.setenv("TOWPATH_WEBHOOK_SECRET_FILE", str(tmp_path / "secret"))
    settings = Settings.load()
    assert settings.towpath_webhook_secret is not None
    assert settings.towpath_webhook_secret.get_secret_value() == SECRET
    assert SECRET not in repr(settings)
