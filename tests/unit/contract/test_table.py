"""The command table checks itself, and holds a row for every request that people can make."""

from __future__ import annotations

import dataclasses
import zlib

import pytest

from workers.contract import lanes
from workers.contract import requests as ask
from workers.contract.commands import BY_REQUEST, COMMANDS, Command, Lane, Right, Slot, Token


def test_each_request_of_people_has_exactly_one_row() -> None:
    assert [command.request for command in COMMANDS] == list(BY_REQUEST)
    assert set(BY_REQUEST) == set(ask.PEOPLE)


def test_no_two_rows_begin_with_the_same_words() -> None:
    said = [verb for command in COMMANDS for verb in (command.verb, *command.synonyms)]
    assert len(said) == len(set(said))
    assert all(verb == verb.lower().strip() for verb in said)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.verb)
def test_a_row_fills_every_field_that_its_request_needs(command: Command) -> None:
    fields = {field.name: field for field in dataclasses.fields(command.request)}
    needed = {name for name, field in fields.items() if field.default is dataclasses.MISSING}
    slots = {slot.field: slot for slot in command.slots}
    assert needed <= set(slots)
    assert {slot.field for slot in command.slots if slot.needed} <= needed
    assert command.phrase.startswith(command.verb)
    lane = Lane.QUERIES if command.request in ask.READS else Lane.EFFECTS if command.request in ask.LOOKS else Lane.CHANGES
    assert command.lane is lane
    assert (command.right is Right.ANYONE) == (command.request in (*ask.READS, *ask.LOOKS))


def test_a_row_that_does_not_fit_does_not_begin() -> None:
    good = BY_REQUEST[ask.Cancel]
    for wrong in (
        {"slots": (Slot("nothing", Token.TEXT),)},
        {"request": ask.Tick, "slots": ()},
        {"example": "stop P-1"},
    ):
        with pytest.raises(TypeError):
            dataclasses.replace(good, **wrong)


def test_a_channel_stays_in_its_shard() -> None:
    assert {lanes.shard_of(f"C{n}") for n in range(200)} == set(range(lanes.SHARDS))
    assert lanes.shard_of("CFRAUD") == zlib.crc32(b"CFRAUD") % lanes.SHARDS
    assert lanes.outcomes(3) == "towpath:outcomes:3"
