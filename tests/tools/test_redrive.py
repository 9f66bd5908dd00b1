"""Redrive: an object leaves the quarantine only when its keys' rows are what the items are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ots_sync.errors import ConfigurationError, TableStoreError
from ots_sync.model import Image
from ots_tools.kept_objects import Folder
from ots_tools.redrive import KEYS_AT_ONCE, summary
from tests.support.builders import event, item, record
from tests.support.scripted_sender import INVALID as BAD_REQUEST
from tests.support.scripted_sender import THROTTLED
from tests.tools.redrive_rig import ARN, BAD, Rig


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_row_of_a_mended_item_is_written_and_its_object_removed(rig: Rig) -> None:
    """The item's present state counts, not the record's."""
    rig.refuse(record(new=item("u", 1, **BAD)))
    rig.put(item("u", 1, good={"S": "now"}))
    run = rig.redrive()
    assert rig.target.rows == {("u", 1): {"good": "now"}}
    assert rig.names() == []
    assert run.states == {"written": 1}


def test_row_of_an_item_that_is_gone_is_deleted(rig: Rig) -> None:
    rig.target.rows[("u", 1)] = {"stale": True}
    rig.refuse(record(new=item("u", 1, **BAD)))
    rig.redrive()
    assert (rig.target.rows, rig.names()) == ({}, [])


def test_what_is_refused_again_stays_with_the_new_reason(rig: Rig) -> None:
    name = rig.refuse(record(new=item("u", 1, big={"N": "1"})))
    rig.put(item("u", 1, **BAD))
    before = json.loads(Folder(rig.folder).read(name))
    run = rig.redrive()
    after = json.loads(Folder(rig.folder).read(name))
    assert run.states == {"rejected": 1}
    assert after["reason"] != before["reason"]
    assert after["code"] == "ColumnName"
    assert after["record"] == before["record"]
    assert (before["quarantined_at_s"], after["redriven_at_s"]) == (1_800_000_000, 1_900_000_000)
    assert rig.redrive().states == {"rejected": 1}  # and can be tried again


def test_batch_that_lambda_gave_up_is_settled_key_by_key(rig: Rig) -> None:
    """It leaves when all of its keys are settled; one key many times is one write."""
    rig.give_up(*[record(new=item("u", n % 3)) for n in range(9)])
    rig.put(item("u", 0), item("u", 1, v={"N": "1"}))
    run = rig.redrive()
    assert rig.target.rows == {("u", 0): {}, ("u", 1): {"v": 1}}
    assert (rig.names(), run.keys, rig.target.calls) == ([], 3, [3])


def test_batch_that_lambda_gave_up_stays_while_one_of_its_keys_is_refused(rig: Rig) -> None:
    rig.give_up(record(new=item("u", 1)), record(new=item("u", 2)))
    rig.put(item("u", 1, v={"N": "1"}), item("u", 2, **BAD))
    run = rig.redrive()
    assert rig.target.rows == {("u", 1): {"v": 1}}
    assert run.states == {"rejected": 1}
    kept = json.loads(Folder(rig.folder).read(rig.names()[0]))
    assert kept["code"] == "ColumnName"
    assert len(json.loads(kept["payload"])["Records"]) == 2


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"7", b"{}", b"not json", b'{"record": {"dynamodb": {"Keys": [1]}}}']
    + [b'{"record": {"dynamodb": {"Keys": {"id": {"S": "x"}}}}}']
    + [json.dumps({"payload": text}).encode() for text in ("", "{}", '{"Records": [1]}')],
)
def test_what_holds_no_key_of_the_table_stays_and_is_named(rig: Rig, body: bytes) -> None:
    (rig.folder / "target").mkdir()
    (rig.folder / "target" / "odd.json").write_bytes(body)
    run = rig.redrive()
    assert [(name, state) for name, state, _ in run.staying] == [("target/odd.json", "unreadable")]
    assert (rig.folder / "target" / "odd.json").read_bytes() == body


def test_what_was_refused_under_another_shape_is_written_only_on_request(rig: Rig) -> None:
    """Its row would not be like those of the rest of the table."""
    rig.refuse(record(new=item("u", 1)), COLUMN_NAMES="verbatim")
    rig.put(item("u", 1, v={"N": "1"}))
    assert rig.redrive().states == {"other shape": 1}
    assert rig.target.rows == {}
    assert rig.redrive(allow_shape_change=True).states == {"written": 1}
    assert rig.target.rows == {("u", 1): {"v": 1}}


def test_what_is_refused_again_under_another_shape_is_of_that_shape_from_then_on(
    rig: Rig,
) -> None:
    name = rig.refuse(record(new=item("u", 1)), COLUMN_NAMES="verbatim")
    rig.put(item("u", 1, **BAD))
    assert rig.redrive(allow_shape_change=True).states == {"rejected": 1}
    assert json.loads(Folder(rig.folder).read(name))["fingerprint"] == rig.settings.fingerprint
    assert rig.redrive().states == {"rejected": 1}


def test_other_tables_are_left_alone(rig: Rig) -> None:
    rig.refuse(record(new=item("u", 1)), TABLE_NAME="another")
    elsewhere = f"{ARN}Other/stream/2018"
    document = {"DDBStreamBatchInfo": {"streamArn": elsewhere}, "payload": json.dumps(event())}
    (rig.folder / "batch").write_text(json.dumps(document))
    run = rig.redrive()
    assert run.states == {"other tables": 2}
    assert (len(rig.names()), run.staying) == (2, [])


def test_record_of_another_source_is_left_alone_though_its_target_has_the_same_name(
    rig: Rig,
) -> None:
    """Two functions may share a quarantine: settled by the wrong source, it would be lost."""
    name = rig.refuse(record(new=item("u", 1)) | {"eventSourceARN": f"{ARN}Other/stream/2018"})
    rig.refuse(record(new=item("u", 2)) | {"eventSourceARN": f"{ARN}/stream/2018"})
    run = rig.redrive()
    assert run.states == {"other tables": 1, "written": 1}
    assert rig.names() == [name]


def test_batches_of_thousands_are_settled_some_keys_at_a_time(rig: Rig) -> None:
    """The writer's patience has to suffice for what it is given, or no run would ever end."""
    count = 2 * KEYS_AT_ONCE + 1
    together: list[int] = []

    def read(keys: Sequence[Image]) -> list[Image | None]:
        together.append(len(keys))
        return rig.read(keys)

    rig.give_up(*[record(new=item("u", number)) for number in range(count)])
    rig.put(item("u", 0, v={"N": "1"}), item("u", count - 1, v={"N": "2"}))
    run = rig.redrive(read=read)
    assert together == [KEYS_AT_ONCE] * 4 + [1] * 2  # each before and after it is written
    assert (rig.names(), run.keys) == ([], count)
    assert rig.target.rows == {("u", 0): {"v": 1}, ("u", count - 1): {"v": 2}}


def test_dry_run_changes_nothing(rig: Rig) -> None:
    rig.refuse(record(new=item("u", 1)))
    rig.put(item("u", 1))
    run = rig.redrive(dry_run=True)
    assert run.states == {"would be tried": 1}
    assert (len(rig.names()), rig.target.calls) == (1, [])


def test_moving_key_stays_and_is_named_by_its_object_alone(rig: Rig) -> None:
    name = rig.refuse(record(new=item("a-secret-key", 1)))
    count = iter(range(1000))

    def changing(keys: Sequence[Image]) -> list[Image | None]:
        return [item("a-secret-key", 1, v={"N": str(next(count))}) for _ in keys]

    run = rig.redrive(read=changing)
    assert [(kept, state) for kept, state, _ in run.staying] == [(name, "unstable")]
    assert rig.names() == [name]
    assert "a-secret-key" not in repr(run.staying)


def test_what_is_not_acknowledged_stays(rig: Rig) -> None:
    rig.refuse(record(new=item("u", 1)))
    rig.put(item("u", 1))
    run = rig.redrive(send=lambda writes: [THROTTLED] * len(writes))
    assert run.states == {"unprocessed": 1}
    assert len(rig.names()) == 1


def test_rows_that_table_store_refuses_all_alike_stay_each_with_its_reason(rig: Rig) -> None:
    """In quarantine that is nothing new; for a batch of the stream it would be configuration."""
    for number in range(3):
        rig.refuse(record(new=item("u", number)))
        rig.put(item("u", number))

    def refuse(_: Any) -> Any:
        raise BAD_REQUEST

    assert rig.redrive(send=refuse).states == {"rejected": 3}


def test_fault_of_the_configuration_ends_the_run(rig: Rig) -> None:
    rig.refuse(record(new=item("u", 1)))
    rig.put(item("u", 1))

    def refuse(_: Any) -> Any:
        raise TableStoreError("OTSAuthFailed", "Signature mismatch.")

    with pytest.raises(ConfigurationError):
        rig.redrive(send=refuse)
    assert len(rig.names()) == 1


def test_summary_has_words_for_every_state(rig: Rig) -> None:
    run = rig.redrive()
    for state in ("written", "rejected", "unstable", "unprocessed", "other shape", "unreadable"):
        run.states[state] += 1
    assert next(iter(summary(run).columns[1].cells)).startswith("removed")
