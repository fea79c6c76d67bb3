"""Names and characters that are meant to do harm are refused with a reason and an example that works."""

from __future__ import annotations

import pytest

from bot.grammar import LONGEST, NotUnderstood, Sentence, Vocabulary, normalise, read, redact, without_mention

from .known import KNOWN, NOTHING

NAMES = (
    "--output=x", "-h", "../x", "a..b", "refs/heads/main", "HEAD", "head", "FETCH_HEAD", "@{-1}", "m^", ":/msg", "a.lock", "/etc/passwd", "a//b", "a/",
    "a b\\c", "a~1", "x;rm", "$(id)", "a*b", "a:b", "-", "~root", "%2e%2e", "a\x00b", "é", "x" * 100, "con\u0301", "a@{u}",
)  # fmt: skip
VERSIONS = ("v3^", "v3~1", "v3-a..b", "v3.", "v3..v4", "v3@{1}", "v3.0.0+build", "v03.0.0-", "v3-", "v1.2.3.4", "v9999999999")
REFS = (
    "--upload-pack=x",
    "-b",
    "HEAD",
    "HEAD~1",
    "refs/heads/main",
    "a..b",
    "@{-1}",
    "main^",
    ":/msg",
    "main.lock",
    "a/.hidden",
    "ma in",
    "x" * 200,
)


@pytest.mark.parametrize("vocabulary", [KNOWN, NOTHING], ids=["known", "nothing"])
@pytest.mark.parametrize("name", NAMES, ids=repr)
@pytest.mark.parametrize("form", ["promote {} v3 to prod", "register {} v4.0.0", "unhold {} v3 in prod", "rollback {} in prod"])
def test_no_such_name_is_ever_read(name: str, form: str, vocabulary: Vocabulary) -> None:
    found = read(form.format(name), vocabulary)
    if name == "-":  # a lone dash is no word
        return
    assert isinstance(found, NotUnderstood), found
    assert any("xample" in reason or "works" in reason for reason in found.reasons)


@pytest.mark.parametrize("version", [one for one in VERSIONS if one != "v3."], ids=repr)
def test_no_such_version_is_ever_read(version: str) -> None:
    found = read(f"promote biopsy {version} to prod", KNOWN)
    assert isinstance(found, NotUnderstood), found
    assert any("v3" in reason for reason in found.reasons)


@pytest.mark.parametrize("ref", REFS, ids=repr)
def test_no_such_ref_is_ever_read(ref: str) -> None:
    assert isinstance(read(f"register biopsy v4.0.0 at {ref}", KNOWN), NotUnderstood)


@pytest.mark.parametrize("place", ["--x", "../prod", "prod/eu", "PRO D", "prod.lock", "prоd"])
def test_no_such_environment_is_ever_read(place: str) -> None:
    for vocabulary in (KNOWN, NOTHING):
        assert isinstance(read(f"promote biopsy v3 to {place}", vocabulary), NotUnderstood)


def test_a_newline_among_the_words_is_refused() -> None:
    for newline in ("\n", "\r", "\r\n", "\u2028", "\u2029", "\x85", "\x0b", "\x0c"):
        found = read(f"promote m{newline}Seq: 9 v3 to prod", KNOWN)
        assert isinstance(found, NotUnderstood)
        assert "one line" in found.reasons[0]


@pytest.mark.parametrize("sign", ["\u202e", "\u202a", "\u2066", "\u2069", "\u200e", "\u200f", "\u061c"])
def test_characters_that_turn_text_around_are_refused_even_in_a_reason(sign: str) -> None:
    for text in (f"promote bio{sign}psy v3 to prod", f"promote biopsy v3 to prod because it {sign}holds"):
        found = read(text, KNOWN)
        assert isinstance(found, NotUnderstood)
        assert "order in which letters are shown" in found.reasons[0]


@pytest.mark.parametrize(
    "text",
    [
        "promote biорsy v3 to prod",
        "рromote biopsy v3 to prod",
        "promote ｂiopsy v3 to prod",
        "promote biopsy v３ to prod",
        "approve P-1４2",
    ],
)
def test_letters_that_look_alike_are_refused_by_name_and_never_folded(text: str) -> None:
    found = read(text, KNOWN)
    assert isinstance(found, NotUnderstood)
    assert "U+" in found.reasons[0]
    assert found.suggestions == ()


@pytest.mark.parametrize("sign", ["\x00", "\x07", "\x1b", "\ud800"])
def test_what_cannot_be_shown_is_refused(sign: str) -> None:
    assert isinstance(read(f"promote biopsy v3 to prod because {sign}", KNOWN), NotUnderstood)
    assert isinstance(read(f"promote bio{sign}psy v3 to prod", KNOWN), NotUnderstood)


def test_a_sentence_has_a_greatest_length() -> None:
    for text in ("x" * 4_000, f"promote {'m' * 4_000} v3 to prod", "promote biopsy v3 to prod because " + "x" * 4_000, "a " * 20_000):
        found = read(text, KNOWN)
        assert isinstance(found, NotUnderstood)
        assert "longer than 2,000" in found.reasons[0]
        assert len(found.text) <= LONGEST
        assert all(len(reason) < 500 for reason in found.reasons)
    fits = "promote biopsy v3 to prod because "
    assert isinstance(read(fits + "x" * (LONGEST - len(fits)), KNOWN), Sentence)


SECRETS = (
    "xoxb-123456789012-abcdefABCDEF", "xoxp-1-2-3-abcdef", "xoxe.xoxp-1-Mi0yLTEy", "xapp-1-A012-345-abcdef", "ghp_" + "a1B2" * 9, "gho_" + "a1B2" * 9,
    "github_pat_" + "11AAAA" * 6, "glpat-" + "x1Y2z3" * 4, "AKIA" + "ABCDEFGH12345678", "ASIA" + "ABCDEFGH12345678",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "hooks.slack.com/services/T000/B000/abcdefgh",
)  # fmt: skip
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----"


@pytest.mark.parametrize("secret", SECRETS)
def test_secrets_are_struck_out_wherever_they_stand(secret: str) -> None:
    for text in (secret, f"it is {secret}.", f"({secret})", f"token={secret}"):
        assert secret not in redact(text)
        assert "[secret removed]" in redact(text)
    understood = read(f"promote biopsy v3 to prod because {secret}", KNOWN)
    assert isinstance(understood, Sentence)
    assert secret not in repr(understood)
    not_understood = read(f"promote {secret} v3 to prod", KNOWN)
    assert isinstance(not_understood, NotUnderstood)
    assert secret.lower() not in repr(not_understood).lower()


def test_private_keys_are_struck_out_whole_even_when_cut_short_or_respelt() -> None:
    for key in (KEY, KEY[:60], KEY.replace("-----", "—–"), KEY.replace("\n", " ")):
        sentence = read(f"promote biopsy v3 to prod because {key}", KNOWN)
        assert "b3Blbn" not in repr(sentence)
        assert "[secret removed]" in repr(sentence)


def test_a_login_in_an_address_is_struck_out() -> None:
    assert redact("see https://ana:s3cret@git.example/repo now") == "see https://[secret removed]@git.example/repo now"
    assert redact("see https://git.example/repo and 10:30 @ana") == "see https://git.example/repo and 10:30 @ana"


def test_redacting_twice_changes_nothing_more() -> None:
    for secret in (*SECRETS, KEY, "https://a:b@c"):
        assert redact(redact(f"x {secret} y")) == redact(f"x {secret} y")


def test_normalising_unwraps_what_slack_wraps() -> None:
    assert normalise("promote <http://biopsy.io|biopsy.io> v3 to <#C0PROD|prod>") == "promote biopsy.io v3 to #prod"
    assert normalise("“a” ‘b’ c—d…") == "\"a\" 'b' c-d..."
    assert normalise("a because “b” — &lt;c&gt;") == "a because “b” — <c>"
    assert normalise("<http://x.example|because> a") == "because a"
    assert normalise("") == ""


def test_only_the_bots_own_mention_is_taken_away() -> None:
    assert without_mention("<@UBOT> approve", "UBOT") == "approve"
    assert without_mention("<@UBOT|towpath>: approve P-3", "UBOT") == "approve P-3"
    assert without_mention("approve P-3 <@UBOT>", "UBOT") == "approve P-3"
    assert without_mention("<@UANA> approve", "UBOT") == "<@UANA> approve"
    assert without_mention(" " * 40_000 + "<@UBOT>", "UBOT") == ""
