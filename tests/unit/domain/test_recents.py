"""The records of the last hour are what a plain tuple of them would be, whichever line of states adds to them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workers.contract.names import RequestId
from workers.domain.recents import Recent, Recents

LETTERS = "abcdefgh"


def record(seq: int, minute: int, letter: str | None) -> Recent:
    """A record of a request that has a name of one letter."""
    return Recent(
        seq, f"2026-11-26T08:{minute:02}:00.000Z", RequestId.read(f"R-{letter * 20}") if letter else None, "UANA@THOME", "refused"
    )


STEPS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3), st.sampled_from([*LETTERS, None])), max_size=40)


@given(STEPS)
def test_it_is_what_a_tuple_would_be_however_states_branch(steps: list[tuple[int, int, str | None]]) -> None:
    kept: list[tuple[Recents, tuple[Recent, ...]]] = [(Recents(), ())]
    for seq, (back, later, letter) in enumerate(steps):
        recents, plain = kept[max(0, len(kept) - 1 - back)]
        before = int(plain[-1].time[14:16]) if plain else 0
        one = record(seq, min(59, before + later), letter)
        horizon = record(0, max(0, before + later - 5), None).time
        kept.append((recents.followed_by(one, horizon), tuple(r for r in (*plain, one) if r.time >= horizon)))
    for recents, plain in kept:
        assert tuple(recents) == plain
        assert len(recents) == len(plain)
        assert [recents[i] for i in range(-len(plain), len(plain))] == [*plain, *plain]
        for letter in LETTERS:
            wanted = next((one for one in reversed(plain) if one.request_id and one.request_id[2] == letter), None)
            assert recents.known(RequestId.read(f"R-{letter * 20}")) == wanted
        for minute in (0, 3, 10):
            instant = record(0, minute, None).time
            assert list(recents.since(instant)) == [one for one in reversed(plain) if one.time >= instant]


def test_a_long_hour_is_tidied() -> None:
    recents = Recents()
    for seq in range(5_000):
        recents = recents.followed_by(record(seq, seq // 100, None), record(0, max(0, seq // 100 - 1), None).time)
    assert len(recents) <= 200
    assert len(recents._all) < 3_000
