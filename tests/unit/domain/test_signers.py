"""The file of signers: one current key for each principal, whatever was done to it, and nothing hostile is ever current."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.domain import signers
from workers.domain.signers import KeyRefused, Signer
from workers.domain.state import parse_signers

from .worlds import KEYS, SIGNERS, new_key

AT = "20261123080000Z"
LATER = "20261124080000Z"
SPARE = [new_key().public for _ in range(6)]
WHO = ("writer@towpath", "bot@towpath", "effects@towpath", "clock@towpath")


def test_a_replaced_key_keeps_its_line_and_the_new_one_is_current() -> None:
    text = signers.rotated(SIGNERS, "bot@towpath", SPARE[0], AT)
    assert f'bot@towpath namespaces="towpath-bot",valid-after="{AT}" {SPARE[0]}\n' in text
    assert f'bot@towpath namespaces="towpath-bot",valid-before="{AT}" {KEYS["bot"].public}\n' in text
    assert parse_signers(text) == parse_signers(SIGNERS) | {"bot@towpath": SPARE[0]}
    again = signers.rotated(text, "bot@towpath", SPARE[1] + " a comment", LATER)
    assert f'namespaces="towpath-bot",valid-after="{AT}",valid-before="{LATER}" {SPARE[0]}\n' in again
    assert parse_signers(again)["bot@towpath"] == SPARE[1]


@given(st.lists(st.tuples(st.sampled_from(WHO), st.sampled_from(SPARE)), max_size=8))
@settings(deadline=None)
def test_after_any_rotations_each_has_one_current_key_and_no_key_stands_twice(moves: list[tuple[str, str]]) -> None:
    text, current = SIGNERS, parse_signers(SIGNERS)
    for who, key in moves:
        if any(one.key == key for one in signers.read(text)):
            with pytest.raises(KeyRefused):
                signers.rotated(text, who, key, AT)
            continue
        text, current = signers.rotated(text, who, key, AT), {**current, who: key}
        assert parse_signers(text) == current
        assert len({one.key for one in signers.read(text)}) == len(signers.read(text))
        assert "".join(one.line for one in signers.read(text)) == text


@pytest.mark.parametrize(
    "options",
    [
        'namespaces="git",valid-before="20261123080000Z"',
        'namespaces="git",valid-after="20261123080000Z",valid-before="20261124080000Z"',
        'namespaces="git",valid-after="20261123"',
        'namespaces="git",valid-after="20261123080000"',
        'namespaces="git",valid-after="2026112308000٣Z"',
        'valid-after="20261123080000Z",namespaces="git"',
        'namespaces="git",cert-authority',
        'namespaces="git",valid-before=""',
        'namespaces="git" valid-before="20261123080000Z"',
        'NAMESPACES="git"',
    ],
)
def test_a_retired_key_and_a_line_of_another_form_are_not_current(options: str) -> None:
    assert parse_signers(f"writer@towpath {options} {KEYS['writer'].public}") == {}


def test_one_who_has_two_current_keys_has_none() -> None:
    text = SIGNERS + Signer("writer@towpath", SPARE[0]).line
    assert "writer@towpath" not in parse_signers(text)
    assert "bot@towpath" in parse_signers(text)


def test_a_revoked_key_leaves_or_ends_earlier_and_never_later() -> None:
    text = signers.rotated(SIGNERS, "writer@towpath", SPARE[0], AT)
    old = KEYS["writer"].public
    assert old not in signers.without(text, old, None)
    for until, found in (("20261122080000Z", "20261122080000Z"), (LATER, AT)):
        assert [one.before for one in signers.read(signers.without(text, old, until)) if one.key == old] == [found]
    twice = signers.rotated(text, "writer@towpath", SPARE[1], LATER)
    assert SPARE[0] not in signers.without(twice, SPARE[0], "20261122080000Z")
    assert parse_signers(signers.without(twice, SPARE[0], None)) == parse_signers(twice)


def test_nobody_is_rotated_in_who_was_not_there() -> None:
    with pytest.raises(KeyRefused, match="knows no key of mallory@towpath"):
        signers.rotated(SIGNERS, "mallory@towpath", SPARE[0], AT)


def test_keys_are_the_same_whatever_their_comments_and_nothing_is_like_nothing() -> None:
    assert signers.same(SPARE[0], f"{SPARE[0]} somebody")
    assert not signers.same(None, None) and not signers.same("", "") and not signers.same(SPARE[0], SPARE[1])
