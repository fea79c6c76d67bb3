"""The world misbehaves: Redis, the Git remote, a model server, Slack. What was recorded is done once; what was not is said honestly."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from pathlib import Path

import pytest
import redis

from demo.slack.seen import Message
from tests.faults.play import PATIENCE, Scene


@pytest.fixture
def client(scene: Scene) -> redis.Redis:
    return redis.Redis.from_url(scene.installation.redis.url)


async def test_flushall_in_mid_approval_loses_nothing_and_doubles_nothing(scene: Scene, client: redis.Redis) -> None:
    promotion = await scene.promote(scene.other_version("prod"), "prod")
    await scene.approve(promotion, "mia")
    await scene.until(lambda: len(scene.promotion(promotion).get("votes", [])) == 1, "Mia's vote counts")
    client.flushall()
    await scene.approve(promotion, "dana")
    await scene.ends(promotion, "succeeded")
    scene.serves_what_is_recorded("prod")
    await scene.is_told_once(promotion)
    scene.is_sound()


async def test_everything_delivered_three_times_and_clicked_twice_counts_once(scene: Scene) -> None:
    await scene.workspace.faults.copies(3)
    try:
        promotion = await scene.promote(scene.other_version("prod"), "prod")
        card = await scene.card(promotion)
        mia, dana = scene.workspace.person("mia"), scene.workspace.person("dana")
        await mia.click(card, "Approve")
        await mia.click_as_seen(card, "Approve")
        await dana.reply(card, "approve")
        found = await scene.ends(promotion, "succeeded")
    finally:
        await scene.workspace.faults.clear()
    assert [vote["actor"] for vote in found["votes"]] == ["U0MIA@T0CEDAR", "U0DANA@T0CEDAR"]
    await scene.is_told_once(promotion)
    scene.is_sound()


async def test_two_approvals_at_once_start_one_deployment(scene: Scene) -> None:
    promotion = await scene.promote(scene.other_version("prod"), "prod")
    card = await scene.card(promotion)
    mark = len(scene.operations("prod"))
    mia, dana = scene.workspace.person("mia"), scene.workspace.person("dana")
    await asyncio.gather(mia.click(card, "Approve"), dana.click(card, "Approve"))
    await scene.ends(promotion, "succeeded")
    flips = [one for one in scene.operations("prod")[mark:] if one["op"] == "default" and one["result"] == "done"]
    assert len(flips) == 1
    await scene.is_told_once(promotion)


async def test_a_forged_envelope_is_refused_and_recorded(scene: Scene, client: redis.Redis) -> None:
    promotion = await scene.promote(scene.other_version("prod"), "prod")
    before = scene.promotion(promotion)
    payload = json.dumps({"request": {"verb": "Approve", "promotion": promotion}})
    forged = json.dumps({"sender": "bot@towpath", "payload": payload, "signature": "none"})
    for _ in range(5):
        client.xadd("towpath:inbox", {"envelope": forged})
    await scene.until(lambda: any(record["event"] == "anomaly" for record in scene.records()), "the forgery is recorded")
    await scene.until(lambda: not client.xlen("towpath:inbox"), "the inbox is empty")
    assert "votes" not in scene.promotion(promotion)
    assert scene.promotion(promotion)["state"] == before["state"] == "waiting"
    await scene.workspace.person("ana").reply(await scene.card(promotion), "cancel")
    await scene.ends(promotion, "cancelled")
    scene.is_sound()


async def test_slack_says_429_and_every_message_arrives_later_once_in_order(scene: Scene) -> None:
    await scene.workspace.faults.rate_limit("chat.postMessage", retry_after=1, times=4)
    await scene.workspace.faults.rate_limit("chat.update", retry_after=1, times=2)
    promotion = await scene.promote(scene.other_version("staging"), "staging")
    await scene.ends(promotion, "succeeded")
    await scene.is_told_once(promotion)


async def test_redis_is_down_and_the_person_is_told_that_nothing_was_changed(scene: Scene) -> None:
    recorded = len(scene.records())
    scene.installation.redis.kill()
    try:
        ack = await scene.workspace.person("ana").command("biopsy", "/towpath", "promote biopsy v1 to staging")
    finally:
        scene.installation.redis.start()
    assert ack.ok
    assert "othing was changed" in ack.body
    version = scene.other_version("staging")
    promotion = await scene.promote(version, "staging")
    await scene.ends(promotion, "succeeded")
    opened = {one["promotion"]["id"] for one in scene.records()[recorded:] if one["event"] == "requested"}
    assert opened == {promotion}


async def test_the_git_remote_is_away_and_the_request_waits_and_is_done_when_it_is_back(scene: Scene) -> None:
    version, before, mark = scene.other_version("staging"), scene.last_promotion(), scene.workspace.mark()
    remote = scene.installation.remote
    away = remote.rename(remote.with_name("away.git"))
    ana = scene.workspace.person("ana")
    try:
        await ana.command("biopsy", "/towpath", f"promote biopsy {version} to staging")
        await scene.workspace.until(lambda seen: seen.ephemeral("the shared repository does not answer", to=ana.id), PATIENCE, mark)
    finally:
        away.rename(remote)
    await scene.until(lambda: scene.last_promotion() > before, "the request is recorded after all")
    promotion = f"P-{scene.last_promotion()}"
    await scene.ends(promotion, "succeeded")
    assert scene.last_promotion() == before + 1
    await scene.is_told_once(promotion)


async def test_a_host_that_refuses_pushes_changes_nothing_and_the_request_waits(scene: Scene) -> None:
    version, before = scene.other_version("staging"), scene.last_promotion()
    hook = scene.installation.remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no pushes on Mondays >&2\nexit 1\n")
    hook.chmod(0o755)
    ana, mark = scene.workspace.person("ana"), scene.workspace.mark()
    try:
        await ana.command("biopsy", "/towpath", f"promote biopsy {version} to staging")
        await scene.workspace.until(lambda seen: seen.ephemeral("no pushes on Mondays", to=ana.id), PATIENCE, mark)
        assert scene.last_promotion() == before
    finally:
        hook.unlink()
    await scene.until(lambda: scene.last_promotion() > before, "the request is recorded once the host lets it be")
    await scene.ends(f"P-{scene.last_promotion()}", "succeeded")


async def test_a_model_server_that_is_down_fails_the_promotion_and_the_old_version_goes_on(scene: Scene) -> None:
    live = (scene.release("staging") or {})["succeeded"][-1]
    version = scene.other_version("staging")
    server = scene.installation.servers["staging"]
    server.kill()
    try:
        promotion = await scene.promote(version, "staging")
        found = await scene.ends(promotion, "failed")
    finally:
        server.start()
    assert "nothing live changed" in found["events"][-1]["text"]
    assert (scene.release("staging") or {})["desired"]["digest"] == live["digest"]
    scene.serves_what_is_recorded("staging")
    await scene.is_told_once(promotion)


async def test_a_server_that_reports_another_digest_fails_the_promotion_before_anything_is_switched(scene: Scene) -> None:
    await scene.faults("staging", wrong_digest=True)
    try:
        promotion = await scene.promote(scene.other_version("staging"), "staging")
        found = await scene.ends(promotion, "failed", "rolled_back")
    finally:
        await scene.faults("staging")
    assert "digest" in found["events"][-1]["text"]
    scene.serves_what_is_recorded("staging")


async def test_wrong_answers_after_the_switch_are_rolled_back_and_the_version_is_held(scene: Scene) -> None:
    live = (scene.release("staging") or {})["succeeded"][-1]
    version = scene.other_version("staging")
    await scene.faults("staging", wrong_answers=True)
    try:
        promotion = await scene.promote(version, "staging")
        await scene.ends(promotion, "rolled_back")
    finally:
        await scene.faults("staging")
    assert scene.served("staging")["digest"] == live["digest"]
    digest = scene.version(version)["digest"]
    assert f"holds/staging/biopsy/{digest[7:19]}.yaml" in scene.ledger_files("holds/")
    await scene.is_told_once(promotion)
    mia = scene.workspace.person("mia")
    await mia.command("biopsy", "/towpath", f"unhold biopsy {version} in staging because the server was told to lie")
    await scene.until(lambda: not scene.ledger_files("holds/"), "the hold is lifted")


async def test_a_corrupt_model_fails_the_promotion_and_the_old_version_goes_on(scene: Scene, tmp_path: Path) -> None:
    work = tmp_path / "work"
    _git(tmp_path, "clone", "-q", str(scene.installation.remote), str(work))
    model = work / "models/biopsy/model/model.onnx"
    model.write_bytes(b"\x08\x07garbage" + model.read_bytes()[:200])
    _git(work, "commit", "-qam", "Break the model")
    _git(work, "tag", "-am", "Broken", "biopsy@v9.0.0")
    _git(work, "push", "-q", "origin", "HEAD:main", "biopsy@v9.0.0")
    promotion = await scene.promote("v9.0.0", "staging")
    found = await scene.ends(promotion, "failed")
    assert "v9.0.0" in found["events"][-1]["text"]
    scene.serves_what_is_recorded("staging")
    await scene.is_told_once(promotion)


@pytest.mark.parametrize("artifact", ["dataset biopsies", "service triage"])
async def test_what_no_target_serves_is_promoted_in_git_and_the_thread_says_so(scene: Scene, artifact: str) -> None:
    before, name = scene.last_promotion(), artifact.split()[1]
    await scene.workspace.person("ben").command("biopsy", "/towpath", f"promote {artifact} v1.0.0 to staging")
    await scene.until(lambda: scene.last_promotion() > before, "the promotion is recorded")
    promotion = f"P-{scene.last_promotion()}"
    found = await scene.ends(promotion, "succeeded")
    release = scene.document(f"environments/staging/{name}/release.yaml")
    assert release["desired"]["digest"] == found["to"]["digest"]
    assert "the desired state in Git is the result" in " ".join(event["text"] for event in found["events"])
    await scene.is_told_once(promotion)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"is_restricted": True}, "Guests"),
        ({"team_id": "T0OTHER"}, "home workspace"),
        ({"is_bot": True}, "Bots"),
        ({"deleted": True}, "deactivated"),
    ],
)
async def test_who_does_not_count_is_refused_with_the_reason_and_recorded(scene: Scene, change: dict[str, object], said: str) -> None:
    promotion = await scene.promote(scene.other_version("prod"), "prod")
    card = await scene.card(promotion)
    dana, mark, recorded = scene.workspace.person("dana"), scene.workspace.mark(), len(scene.records())
    await _change(scene, **change)
    try:
        payload = {"type": "event_callback", "team_id": "T0CEDAR", "event_id": f"Ev{promotion}{said}"[:40], "event": _reply(dana.id, card)}
        assert (await scene.workspace.deliver("event", payload)).ok
        await scene.workspace.until(lambda seen: seen.ephemeral(said, to=dana.id), PATIENCE, mark)
    finally:
        await _change(scene, is_restricted=False, team_id="T0CEDAR", is_bot=False, deleted=False)
    assert "votes" not in scene.promotion(promotion)
    assert [record["event"] for record in scene.records()[recorded:] if record["event"] != "card_posted"] == ["refused"]
    await scene.workspace.person("ana").reply(card, "cancel")
    await scene.ends(promotion, "cancelled")


async def test_an_edited_message_does_not_count(scene: Scene) -> None:
    promotion = await scene.promote(scene.other_version("prod"), "prod")
    card, mia, mark = await scene.card(promotion), scene.workspace.person("mia"), scene.workspace.mark()
    said = await mia.reply(card, "let me think about it")
    await mia.edit(said, "approve")
    await scene.workspace.until(lambda seen: seen.ephemeral("edited message does not count", to=mia.id), PATIENCE, mark)
    assert "votes" not in scene.promotion(promotion)
    await scene.workspace.person("ana").reply(card, "cancel")
    await scene.ends(promotion, "cancelled")


@pytest.mark.parametrize("name", ["--output=x", "-h", "../x", "a..b", "bi\u200bopsy/../x", "b\u0456opsy", "HEAD", "refs/heads/main"])
async def test_hostile_names_are_refused_before_any_git_call_and_nothing_is_changed(scene: Scene, name: str) -> None:
    head, tags = scene.git("rev-parse", "towpath"), scene.git("tag")
    ana, mark = scene.workspace.person("ana"), scene.workspace.mark()
    await ana.command("biopsy", "/towpath", f"register {name} v1.0.0 at main")
    answer = await scene.workspace.until(lambda seen: seen.ephemeral(to=ana.id), PATIENCE, mark)
    assert "Nothing was changed" in answer.plain
    assert (scene.git("rev-parse", "towpath"), scene.git("tag")) == (head, tags)


def _reply(user: str, card: Message) -> dict[str, object]:
    ts = f"{float(card.ts) + 50:.6f}"
    return {
        "type": "message", "channel": card.channel, "channel_type": "channel", "user": user, "text": "approve", "ts": ts, "event_ts": ts,
        "team": "T0CEDAR", "thread_ts": card.ts, "parent_user_id": "U0TOWPATH",
    }  # fmt: skip


async def _change(scene: Scene, **change: object) -> None:
    """Dana's account changes, and Slack says so to the app."""
    await scene.workspace.change_user("dana", **change)
    event = {"type": "user_change", "user": {"id": "U0DANA", "team_id": "T0CEDAR"}, "event_ts": "1.0"}
    assert (
        await scene.workspace.deliver(
            "event", {"type": "event_callback", "team_id": "T0CEDAR", "event_id": f"Ev{time.time_ns()}", "event": event}
        )
    ).ok


def _git(folder: Path, *words: str) -> None:
    command = ["git", "-c", "user.name=Ben", "-c", "user.email=ben@example.com", "-C", str(folder), *words]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
