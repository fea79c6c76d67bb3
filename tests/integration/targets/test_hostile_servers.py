"""The adapter for model servers against servers that lie, flood, stall, redirect and are of another sort."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import httpx
import pytest

from workers.adapters.targets import exchange
from workers.adapters.targets.exchange import ERRORS, Exchange
from workers.adapters.targets.golden import NotJson
from workers.adapters.targets.model_server import ModelServer
from workers.ports.errors import BadContent, RefusedByHost, Unclear, Unreachable
from workers.ports.target import Applied, Live, Verdict

from . import versions
from .hostile import Request, hostile, says, v2

MODEL = "/v2/models/biopsy"
TOKEN = "s3cret-token-of-prod"
WANTED = versions.wanted("v1.0.0")
VERSION = f"{MODEL}/versions/{WANTED.label}"
FLIP = f"/v2/repository/models/biopsy/versions/{WANTED.label}/default"
GOLDEN = json.loads(WANTED.golden[1]) if WANTED.golden else {}


def metadata(**parameters: Any) -> dict[str, Any]:
    return {"name": "biopsy", "parameters": parameters}


SERVING = metadata(default_version=WANTED.label, digest=WANTED.version.digest, fence=1)
FORMER = metadata(default_version="v0.9.0-000000000000", digest="sha256:" + "1" * 64, fence=1)


def subclasses(kind: type[httpx.TransportError]) -> Iterator[type[httpx.TransportError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from subclasses(below)


def test_every_error_of_the_http_library_is_in_the_table() -> None:
    known = {kind for kind in subclasses(httpx.TransportError) if kind.__module__.startswith("httpx")}
    assert known == set(ERRORS)


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_of_the_http_library_is_translated(kind: type[httpx.TransportError], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        raise kind(f"sent {request.headers['authorization']}")

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", broken)
    talk = Exchange("prod", "http://127.0.0.1:9", TOKEN, 1.0)
    expected, words = ERRORS[kind]
    with pytest.raises(expected, match=f"^prod: {words}$"):
        talk.change("/v2", b"")
    with pytest.raises(Unreachable, match=f"^prod: {words}$"):
        talk.get("/v2")


def test_a_plain_v2_server_is_refused_with_the_reason_and_left_alone() -> None:
    with hostile(v2({f"GET {MODEL}": {"name": "biopsy", "versions": ["1"]}}, extensions=("model_repository",))) as stage:
        target = ModelServer("prod", stage.url)
        with pytest.raises(RefusedByHost, match="does not announce towpath_default"):
            target.observe("biopsy")
        with pytest.raises(RefusedByHost, match="does not announce towpath_default"):
            target.verify(WANTED)
        for answer in (target.apply(WANTED, "op", 1), target.restore(None, "biopsy", "op", 1), target.restore(WANTED, "biopsy", "op", 1)):
            assert (answer.result, "does not announce towpath_default" in answer.text) == (Applied.REFUSED, True)
        assert {request.method for request in stage.seen} == {"GET"}


def test_redirects_are_not_followed_and_take_no_token_along() -> None:
    with hostile(lambda _: says(200, {})) as other, hostile(lambda _: says(307, b"", Location=f"{other.url}/v2")) as stage:
        target = ModelServer("prod", stage.url, TOKEN)
        with pytest.raises(RefusedByHost, match="307: a redirect, which is not followed"):
            target.observe("biopsy")
        assert target.apply(WANTED, "op", 1).result is Applied.REFUSED
        assert other.seen == []


def test_a_redirected_change_is_refused() -> None:
    answers = {
        f"GET {MODEL}": FORMER,
        f"GET {VERSION}": SERVING,
        f"POST {VERSION}/infer": GOLDEN,
        f"POST {FLIP}": says(302, b"", Location="/elsewhere"),
    }
    with hostile(v2(answers)) as stage:
        answer = ModelServer("prod", stage.url).apply(WANTED, "op", 2)
    assert (answer.result, "302: a redirect, which is not followed" in answer.text) == (Applied.REFUSED, True)


def test_the_token_goes_out_as_bearer_and_nowhere_else() -> None:
    echo = says(409, {"error": f"Bearer {TOKEN} may not switch <!channel>\nforged line \u202e{'x' * 900}"})
    answers = {f"GET {MODEL}": FORMER, f"GET {VERSION}": SERVING, f"POST {VERSION}/infer": GOLDEN, f"POST {FLIP}": echo}
    with hostile(v2(answers)) as stage:
        answer = ModelServer("prod", stage.url, TOKEN).apply(WANTED, "op", 2)
        assert all(request.headers["authorization"] == f"Bearer {TOKEN}" for request in stage.seen)
        assert not any(TOKEN.encode() in request.body or TOKEN in request.path for request in stage.seen)
    assert answer.result is Applied.REFUSED
    assert "409: Bearer [struck out] may not switch ‹!channel› forged line xxx" in answer.text
    assert TOKEN not in answer.text and answer.text.isprintable() and len(answer.text) < 500


def test_a_refused_token_is_told() -> None:
    with hostile(lambda _: says(401, {"error": f"bad token {TOKEN}"})) as stage:
        with pytest.raises(RefusedByHost, match=r"^prod: it answers 401: bad token \[struck out\]\.$"):
            ModelServer("prod", stage.url, TOKEN).observe("biopsy")
        assert ModelServer("prod", stage.url, TOKEN).apply(WANTED, "op", 1).result is Applied.REFUSED


def test_an_endless_answer_is_cut() -> None:
    sent = 0

    def flood(_: Request) -> Iterable[bytes]:
        nonlocal sent
        yield b"HTTP/1.1 200 X\r\n\r\n"
        while sent < 4 * exchange.LARGEST_ANSWER:
            sent += 1 << 18
            yield b" " * (1 << 18)

    with hostile(flood) as stage:
        reply = Exchange("prod", stage.url, None, 5.0).get("/v2")
        assert reply.body is None
        with pytest.raises(NotJson, match="larger than 32 MiB"):
            _ = reply.content
    assert sent < 2 * exchange.LARGEST_ANSWER


def test_an_answer_that_trickles_is_given_up() -> None:
    over = threading.Event()

    def trickle(_: Request) -> Iterable[bytes]:
        yield b"HTTP/1.1 200 X\r\n\r\n"
        while not over.wait(0.02):
            yield b" "

    with hostile(trickle) as stage:
        try:
            assert Exchange("prod", stage.url, None, 0.2).get("/v2").body is None
        finally:
            over.set()


def test_a_compressed_answer_is_not_unpacked() -> None:
    with (
        hostile(lambda _: says(200, gzip.compress(b"{}"), Content_Encoding="gzip")) as stage,
        pytest.raises(RefusedByHost, match="compressed"),
    ):
        ModelServer("prod", stage.url).observe("biopsy")


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 X\r\nContent-Length: 99\r\n\r\n{", b"HTTP/1.1 99999 X\r\n\r\n"])
def test_what_is_no_http_is_unreachable(answer: bytes) -> None:
    with hostile(lambda _: [answer]) as stage, pytest.raises(Unreachable):
        ModelServer("prod", stage.url).observe("biopsy")


@pytest.mark.parametrize(
    "body",
    [
        b"<html>welcome",
        b"[]",
        b"[" * 200_000,
        b'{"a": 1e99999999999999999999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b"\xff\xfe\x00",
        json.dumps(metadata(default_version=5)).encode(),
        json.dumps(metadata(default_version="")).encode(),
        json.dumps(metadata(default_version="v" * 1000)).encode(),
        json.dumps(metadata(digest=["x"])).encode(),
        json.dumps(metadata(fence="7")).encode(),
        json.dumps(metadata(fence=True)).encode(),
        json.dumps(metadata(fence=7.0)).encode(),
    ],
    ids=range(13),
)
def test_what_is_not_of_the_protocol_is_refused(body: bytes) -> None:
    with hostile(v2({f"GET {MODEL}": says(200, body)})) as stage, pytest.raises(RefusedByHost, match="not of the Open Inference Protocol"):
        ModelServer("prod", stage.url).observe("biopsy")


@pytest.mark.parametrize("parameters", [None, [], "x", {}])
def test_metadata_that_tells_nothing_is_nothing(parameters: object) -> None:
    with hostile(v2({f"GET {MODEL}": {"name": "biopsy", "parameters": parameters}})) as stage:
        assert ModelServer("prod", stage.url).observe("biopsy") == Live(None, None, None)


def test_a_newer_fence_is_seen_before_anything_is_sent() -> None:
    with hostile(v2({f"GET {MODEL}": metadata(default_version=None, fence=9)})) as stage:
        target = ModelServer("prod", stage.url)
        answers = [target.apply(WANTED, "op", 8), target.restore(WANTED, "biopsy", "op", 8), target.restore(None, "biopsy", "op", 8)]
        assert {request.method for request in stage.seen} == {"GET"}
    for answer in answers:
        assert (answer.result, "Generation 9 was there before generation 8" in answer.text) == (Applied.STALE, True)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_server_in_trouble_is_unreachable(status: int) -> None:
    with hostile(v2({f"GET {MODEL}": says(status, b"try later")})) as stage, pytest.raises(Unreachable, match=f"{status}: try later"):
        ModelServer("prod", stage.url).observe("biopsy")


def test_a_yes_that_changed_nothing_is_no_yes() -> None:
    answers = {f"GET {MODEL}": FORMER, f"GET {VERSION}": SERVING, f"POST {VERSION}/infer": GOLDEN, f"POST {FLIP}": says(200, b"gibberish")}
    with hostile(v2(answers)) as stage:
        answer = ModelServer("prod", stage.url).apply(WANTED, "op", 2)
    assert answer.result is Applied.REFUSED
    assert "said yes, but v0.9.0-000000000000 answers by default" in answer.text


def test_a_load_that_leaves_nothing_behind_is_refused() -> None:
    with hostile(v2({f"GET {MODEL}": FORMER, "POST /v2/repository/models/biopsy/load": {}})) as stage:
        answer = ModelServer("prod", stage.url).apply(WANTED, "op", 2)
        sent = json.loads(stage.seen[-2].body)["parameters"]
    assert (answer.result, "does not have it" in answer.text) == (Applied.REFUSED, True)
    assert sent.keys() == {f"file:{WANTED.label}/model.onnx", "config", "operation_id", "fence"}
    assert (sent["operation_id"], sent["fence"], json.loads(sent["config"])) == ("op", 2, {"default_model_filename": "model.onnx"})


def test_a_no_after_something_was_sent_is_unclear() -> None:
    loaded = False

    def script(request: Request) -> Iterable[bytes]:
        nonlocal loaded
        if loaded:
            return says(403, {"error": "not any more"})
        loaded = request.path.endswith("/load")
        return v2({f"GET {MODEL}": FORMER, "POST /v2/repository/models/biopsy/load": {}})(request)

    with hostile(script) as stage, pytest.raises(Unclear, match="403: not any more"):
        ModelServer("prod", stage.url).apply(WANTED, "op", 2)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (says(200, b"gibberish"), "no prediction: it is not JSON"),
        ({"outputs": []}, "no prediction: it holds no outputs"),
        ({**GOLDEN, "model_version": "v0.9.0-000000000000"}, f"answered by v0.9.0-000000000000 where {WANTED.label} is wanted"),
        ({**GOLDEN, "model_version": ["<x>"]}, "answered by ['‹x›'] where"),
        (says(404, {"error": "no such model"}), "it answers 404: no such model"),
        (says(500, b""), "it answers 500 without a reason"),
        (says(400, {"error": {"deep": 1}}), "it answers 400 without a reason"),
    ],
)
def test_a_wrong_answer_on_the_way_of_clients_is_divergence(reply: object, words: str) -> None:
    with hostile(v2({f"GET {MODEL}": SERVING, f"POST {MODEL}/infer": reply})) as stage:
        answer = ModelServer("prod", stage.url).verify(WANTED)
    assert answer.result is Verdict.DIVERGED
    assert words in answer.text


@pytest.mark.parametrize("version", [None, "", WANTED.label])
def test_an_answer_need_not_name_its_version(version: str | None) -> None:
    with hostile(v2({f"GET {MODEL}": SERVING, f"POST {MODEL}/infer": {**GOLDEN, "model_version": version}})) as stage:
        assert ModelServer("prod", stage.url).verify(WANTED).result is Verdict.MATCHES
        assert stage.seen[-1].body == (WANTED.golden or (b"",))[0]


def test_where_no_digest_is_told_the_label_counts() -> None:
    answers = {f"GET {MODEL}": metadata(default_version=WANTED.label), f"POST {MODEL}/infer": GOLDEN}
    with hostile(v2(answers)) as stage:
        answer = ModelServer("prod", stage.url).verify(WANTED)
        other = ModelServer("prod", stage.url).verify(versions.wanted("v2.0.0"))
    assert (answer.result, "reports its label" in answer.text) == (Verdict.MATCHES, True)
    assert other.result is Verdict.DIVERGED


@pytest.mark.parametrize("status", [429, 503])
def test_a_prediction_that_cannot_be_had_now_is_unreachable(status: int) -> None:
    with hostile(v2({f"GET {MODEL}": SERVING, f"POST {MODEL}/infer": says(status, b"")})) as stage, pytest.raises(Unreachable):
        ModelServer("prod", stage.url).verify(WANTED)


def test_a_base_address_may_have_a_path() -> None:
    def script(request: Request) -> Iterable[bytes]:
        assert request.path.startswith("/models-of/prod/v2")
        return says(200, {"extensions": ["towpath_default"]})

    with hostile(script) as stage:
        assert ModelServer("prod", f"{stage.url}/models-of/prod/").observe("biopsy") == Live(None, None, None)
        assert len(stage.seen) == 2


def test_the_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with hostile(v2({f"GET {MODEL}": SERVING})) as stage:
        assert ModelServer("prod", stage.url).observe("biopsy").label == WANTED.label


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nowhere",
        "ftp://host/x",
        "file:///etc/passwd",
        "http://",
        "http://user:hunter2@host",
        "http://host?x=hunter2",
        "http://host/#hunter2",
        "http://[::1",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(BadContent, match="target prod") as caught:
        ModelServer("prod", url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "umläut"])
def test_a_token_that_is_no_header_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(BadContent, match="token of target prod") as caught:
        ModelServer("prod", "http://127.0.0.1:9", token)
    assert not token or token not in str(caught.value)
