"""Which dataset versions a model came from, which models came from a dataset version, and how shapes differ."""

from __future__ import annotations

from dataclasses import replace

from workers.contract import outcomes as out
from workers.contract import requests as ask
from workers.contract import wire
from workers.contract.actors import Conversation, Origin, Standing
from workers.contract.envelope import Envelope, request_id, stamp
from workers.contract.names import ArtifactName, CommitId, Version, VersionAsk
from workers.contract.promotion import Column, Kind, RegisteredVersion, Signature, Table
from workers.domain import layout, plan, reads
from workers.domain.decide import decide

from .worlds import ANA, BEGIN, CHANNEL, REPO, Story, person, version_of

BIOPSIES = ArtifactName.read("biopsies")
CODE = CommitId.read("c" * 40)


def asked(story: Story, name: str | None, version: str | None = None, channel: str = CHANNEL, who: object = ANA) -> out.Outcome:
    wanted = ask.ShowLineage(ArtifactName.read(name) if name else None, VersionAsk.read(version) if version else None)
    where = Conversation(channel, Origin.COMMAND)
    envelope = Envelope(request_id("read", "1"), REPO, stamp(BEGIN), stamp(BEGIN), who, wanted, where)  # type: ignore[arg-type]
    return reads.answer(story.world, {}, envelope, decide)


def grown() -> Story:
    data = replace(version_of("v1.0.0", "biopsies", Kind.DATASET, {}, dataset=None), tables=(TABLE,))
    first = replace(version_of("v1.0.0", dataset="biopsies@v1.0.0"), trained_on="biopsies@v1.0.0", code=CODE)
    second = replace(version_of("v2.0.0", dataset=None), trained_on="biopsies@v1.0.0", trained_on_all=("biopsies@v1.0.0", "extra@v0.1.0"))
    story = Story().registers(data, first, second)
    story.succeeds("v1.0.0", "staging")
    return story


TABLE = Table("train.csv", "CSV", 400, 2, (Column("a", "integer"), Column("b", "number")))


def lineage(found: out.Outcome) -> out.Lineage:
    assert isinstance(found, out.Lineage), found
    return found


def test_a_model_names_its_datasets_and_its_code() -> None:
    (one,) = lineage(asked(grown(), "biopsy", "v1.0.0")).versions
    assert (one.code, one.authors, [str(kin.artifact) for kin in one.parents]) == (CODE, 1, ["biopsies", "biopsies"])
    assert [(kin.how, kin.registered) for kin in one.parents] == [("trained on", True), ("evaluated on", True)]
    assert [standing.environment for standing in one.live] == ["staging"]
    (two,) = lineage(asked(grown(), "biopsy", "2")).versions
    assert two.code == two.commit
    assert [(kin.artifact, kin.version, kin.registered) for kin in two.parents] == [
        ("biopsies", "v1.0.0", True), ("extra", "v0.1.0", False)
    ]  # fmt: skip


def test_a_dataset_names_every_model_that_was_trained_on_it_and_where_it_is_live() -> None:
    found = lineage(asked(grown(), "biopsies"))
    assert (found.kind, found.total) == (Kind.DATASET, 1)
    (one,) = found.versions
    assert [(kin.how, kin.artifact, kin.version) for kin in one.children] == [
        ("trained on", "biopsy", "v1.0.0"), ("evaluated on", "biopsy", "v1.0.0"), ("trained on", "biopsy", "v2.0.0"),
    ]  # fmt: skip
    assert [(standing.environment, standing.promotion) for standing in one.children[0].live] == [("staging", "P-1")]
    assert one.children[2].live == ()


def test_a_dataset_that_only_models_speak_of_is_answered_too() -> None:
    found = lineage(asked(grown(), "extra"))
    assert found.kind is None
    assert [(one.version, one.commit, len(one.children)) for one in found.versions] == [("v0.1.0", None, 1)]


def test_a_name_may_be_guessed_or_be_the_channels_and_an_unknown_version_is_refused() -> None:
    assert lineage(asked(grown(), "biopsi")).note is not None
    assert lineage(asked(grown(), None)).artifact == "biopsy"
    for name, version in (("biopsies", "v9"), ("nothing", None)):
        assert isinstance(asked(grown(), name, version), out.Refused)
    assert isinstance(asked(grown(), None, None, "COTHER"), out.Refused)


def test_who_does_not_count_is_told_nothing() -> None:
    guest = person("UGUEST", standing=Standing.GUEST)
    assert isinstance(asked(grown(), "biopsies", who=guest), out.Refused)


def test_an_old_ledger_is_read_and_its_single_dataset_counts() -> None:
    old = layout.write(replace(version_of("v1.0.0"), trained_on="biopsies@v1.0.0"))
    assert b"trained_on_all" not in old
    assert layout.read(RegisteredVersion, old).trained == ("biopsies@v1.0.0",)


def test_every_new_field_is_written_and_read_again() -> None:
    full = replace(
        version_of("v1.0.0"), trained_on_all=("a@v1.0.0", "b@v1.0.0"), code=CODE, tables=(TABLE,),
        signature=Signature("MLmodel", (Column("x", "double"),), (), 1), declared_in="dvc.yaml", unread=("x",), labels=("l",),
    )  # fmt: skip
    assert layout.read(RegisteredVersion, layout.write(full)) == full
    assert wire.read(RegisteredVersion, wire.load(wire.canonical(full))) == full


def changes(then: RegisteredVersion, now: RegisteredVersion | None) -> dict[str, tuple[str, str]]:
    return {one.what: (one.now, one.then) for one in plan.changes(then, now)}


def test_rows_and_columns_that_differ_are_on_the_plan() -> None:
    now = replace(version_of("v1.0.0", "biopsies", Kind.DATASET, {}), tables=(TABLE,))
    columns = (Column("a", "text"), Column("c", "number"), Column("d", "number"))
    then = replace(now, tables=(Table("train.csv", "CSV", 1_500, 3, columns),))
    found = changes(then, now)
    assert found["rows"] == ("400", "1,500 (+1,100)")
    assert found["columns"] == ("2", "3: added c, d; without b; a integer → text")
    assert not {"rows", "columns"} & set(changes(now, now))
    assert changes(now, None)["rows"] == ("nothing", "400")


def test_several_tables_are_told_apart_by_name() -> None:
    now = replace(version_of("v1.0.0", "biopsies", Kind.DATASET, {}), tables=(TABLE, Table("b.csv", "CSV", 1, 1)))
    then = replace(now, tables=(TABLE, Table("b.csv", "CSV", 2, 1)))
    assert {what for what in changes(then, now) if "of" in what} == {"rows of b.csv"}


def test_a_signature_that_differs_is_on_the_plan() -> None:
    now = replace(version_of("v1.0.0"), signature=Signature("m.onnx", (Column("x", "float32[?, 30]"),), (Column("y", "int64"),), 2))
    then = replace(now, signature=Signature("m.onnx", (Column("x", "float32[?, 31]"),), (Column("y", "int64"),), 2), code=CODE)
    found = changes(then, now)
    assert found["inputs"] == ("1", "1: x float32[?, 30] → float32[?, 31]")
    assert "outputs" not in found
    assert found["training code"] == ("nothing", "c" * 12)
    assert changes(then, replace(now, signature=None))["inputs"] == ("nothing", "1: x float32[?, 31]")


def test_versions_count_the_models_and_leave_out_the_columns() -> None:
    story = grown()
    where = Conversation(CHANNEL, Origin.COMMAND)
    envelope = Envelope(request_id("read", "2"), REPO, stamp(BEGIN), stamp(BEGIN), ANA, ask.ShowVersions(BIOPSIES), where)
    found = reads.answer(story.world, {}, envelope, decide)
    assert isinstance(found, out.Versions)
    assert found.trained == {"biopsies v1.0.0": 2}
    assert [(table.rows, table.columns) for table in found.versions[0].tables] == [(400, ())]
    assert found.versions[0].version == Version.read("v1.0.0")
