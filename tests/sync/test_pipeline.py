"""Test the whole pipeline over a table in memory: rows, counts, quarantine and response."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from ots_sync import changes, invocation, pipeline
from ots_sync.errors import ConfigurationError, TableStoreError
from ots_sync.model import RowWrite
from ots_sync.rows import RowMapper
from tests.support.builders import event, item, make_settings, record
from tests.support.handler import load_handler
from tests.support.pipeline import PipelineRig

THROTTLED = TableStoreError("OTSServerBusy", "Server is busy.")
BAD_VALUE = {"N": "no number"}


@pytest.fixture(scope="module")
def row_mapper() -> RowMapper:
    row_mapper: RowMapper = load_handler().row_mapper()
    return row_mapper


@pytest.fixture
def rig(row_mapper: RowMapper) -> PipelineRig:
    return PipelineRig(row_mapper)


def inserts(count: int) -> list[dict[str, Any]]:
    return [record(new=item("user", number)) for number in range(count)]


def test_each_event_name_writes_its_row_and_is_counted(rig: PipelineRig) -> None:
    rig.table.rows = {
        ("gone", 1): {"a": 1},
        ("changed", 1): {"a": 1, "b": 1, "of_another_writer": 1},
    }
    a, b = {"a": {"N": "1"}}, {"b": {"N": "1"}}
    outcome = rig.run(
        event(
            record(new=item("new", **a)),
            record(item("changed", **a, **b), item("changed", **a)),
            record(item("gone", **a), None),
        )
    )
    assert rig.table.rows == {
        ("new", 1): {"a": 1},
        ("changed", 1): {"a": 1, "of_another_writer": 1},
    }
    assert (outcome.records, outcome.changes, outcome.calls) == (3, 3, 1)
    assert outcome.rows == {"put": 1, "update": 1, "delete": 1}
    assert (outcome.rejected, outcome.unprocessed, outcome.retried_rows) == (0, [], 0)
    assert set(outcome.duration_ms) == {"parse", "convert", "write", "quarantine", "total"}


def test_many_changes_of_one_key_take_one_write(rig: PipelineRig) -> None:
    images = [item(n={"N": str(number)}) for number in range(100)]
    records = [record(old, new) for old, new in pairwise(images)]
    outcome = rig.run(event(*records))
    assert (outcome.changes, outcome.rows, rig.table.calls) == (99, {"update": 1}, [1])
    assert rig.table.rows == {("user", 1): {"n": 99}}


def test_lag_is_the_age_of_the_oldest_change(rig: PipelineRig) -> None:
    old, new = record(created_s=990), record(created_s=999)
    assert rig.run(event(new, old)).lag_s == 10
    assert rig.run(event(record(created_s=2000))).lag_s == 0  # the clocks differ
    assert rig.run(event()).lag_s is None
    assert rig.run(event(record(ApproximateCreationDateTime=None))).lag_s is None


def test_only_throttled_rows_are_retried(row_mapper: RowMapper) -> None:
    responses: list[list[TableStoreError | None]] = [
        [None, THROTTLED, None, THROTTLED],
        [THROTTLED, None],
        [None],
    ]
    sent: list[list[int]] = []

    def send(writes: Sequence[RowWrite]) -> list[TableStoreError | None]:
        sent.append([int(write.primary_key[1][1]) for write in writes])
        return responses[len(sent) - 1]

    rig = PipelineRig(row_mapper, send=send)
    outcome = rig.run(event(*inserts(4)))
    assert sent == [[0, 1, 2, 3], [1, 3], [1]]
    assert (outcome.calls, outcome.retried_rows, outcome.unprocessed) == (3, 3, [])
    assert outcome.error_codes == {"OTSServerBusy": 3}
    assert len(rig.clock.slept) == 2


def test_rows_throttled_until_the_deadline_are_unprocessed(row_mapper: RowMapper) -> None:
    def send(writes: Sequence[RowWrite]) -> list[TableStoreError | None]:
        return [THROTTLED if write.primary_key[1][1] in (1, 3) else None for write in writes]

    rig, records = PipelineRig(row_mapper, send=send), inserts(4)
    outcome = rig.run(event(*records), timeout_s=40)
    assert outcome.unprocessed == [records[1], records[3]]
    assert outcome.unprocessed_codes == {"OTSServerBusy": 2}
    assert outcome.rows == {"put": 2}
    assert rig.clock.now_s <= 1040
    assert (
        PipelineRig(row_mapper, send=send).deliver(records)
        == records[1]["dynamodb"]["SequenceNumber"]
    )


@pytest.mark.parametrize("response", [[], [None], [None] * 4], ids=["empty", "short", "long"])
def test_rows_that_are_not_acknowledged_are_unprocessed(
    response: list[None], row_mapper: RowMapper
) -> None:
    """Results belong to rows by position, so a response of another length acknowledges none."""
    records = inserts(3)
    outcome = PipelineRig(row_mapper, send=lambda _: response).run(event(*records), timeout_s=40)
    assert outcome.unprocessed == records
    assert outcome.rows == {}
    assert outcome.unknown_outcomes >= 3


def test_rejected_records_are_quarantined_and_the_others_written(rig: PipelineRig) -> None:
    bad = [
        record(new=item("bad", a=BAD_VALUE)),
        record(item("bad", a=BAD_VALUE), item("bad", b=BAD_VALUE)),
        {"eventName": "INSERT"},
    ]
    good = [record(new=item("good", number)) for number in range(2)]
    outcome = rig.run(event(good[0], *bad, good[1]))
    assert list(rig.table.rows) == [("good", 0), ("good", 1)]
    assert (outcome.rejected, outcome.quarantined, outcome.unprocessed) == (3, 3, [])
    quarantined = [json.loads(body)["record"] for body in rig.quarantined.values()]
    assert sorted(quarantined, key=str) == sorted(bad, key=str)


def test_redelivered_record_is_quarantined_once(rig: PipelineRig) -> None:
    bad = record(new=item("bad", a=BAD_VALUE))
    for _ in range(3):
        assert rig.deliver([bad]) is None
    assert len(rig.quarantined) == 1


def test_rejected_record_without_quarantine_is_unprocessed(row_mapper: RowMapper) -> None:
    """The records before and after it are written."""
    rig = PipelineRig(row_mapper, quarantine=False)
    bad = record(new=item("bad", a=BAD_VALUE))
    first_unprocessed = rig.deliver([record(new=item("one")), bad, record(new=item("two"))])
    assert first_unprocessed == bad["dynamodb"]["SequenceNumber"]
    assert set(rig.table.rows) == {("one", 1), ("two", 1)}


def test_record_that_cannot_be_quarantined_is_unprocessed(row_mapper: RowMapper) -> None:
    class Unreachable(dict[str, bytes]):
        def __setitem__(self, name: str, body: bytes) -> None:
            raise OSError("unreachable")

    rig = PipelineRig(row_mapper)
    rig.quarantined = Unreachable()
    bad = record(new=item("bad", a=BAD_VALUE))
    outcome = rig.run(event(bad, record(new=item("good"))))
    assert outcome.unprocessed == [bad]
    assert (outcome.rejected, outcome.quarantined) == (1, 0)
    assert outcome.unprocessed_codes == {"NotQuarantined: OSError": 1}
    assert set(rig.table.rows) == {("good", 1)}


def test_all_records_of_a_row_that_the_service_rejects_are_quarantined(
    row_mapper: RowMapper,
) -> None:
    """Other rows of the same request are written, although the service rejected it as a whole."""
    rig = PipelineRig(row_mapper)

    def send(writes: Sequence[RowWrite]) -> list[TableStoreError | None]:
        if any(write.primary_key[0][1] == "bad" for write in writes):
            raise TableStoreError("OTSParameterInvalid", "The input parameter is invalid.")
        return rig.table.send(writes)

    rig.send = send
    bad = [record(new=item("bad")), record(item("bad"), item("bad", a={"N": "1"}))]
    outcome = rig.run(event(*inserts(5), *bad, record(new=item("last"))))
    assert outcome.unprocessed == []
    assert (outcome.rejected, outcome.quarantined) == (2, 2)
    assert len(rig.table.rows) == 6
    assert {json.loads(body)["code"] for body in rig.quarantined.values()} == {
        "OTSParameterInvalid"
    }


@pytest.mark.parametrize("code", ["OTSObjectNotExist", "OTSNoPermissionAccess", "OTSInvalidPK"])
def test_error_that_concerns_every_row_raises_and_quarantines_nothing(
    code: str, row_mapper: RowMapper
) -> None:
    rig = PipelineRig(
        row_mapper, send=lambda writes: [TableStoreError(code, "message")] * len(writes)
    )
    with pytest.raises(ConfigurationError, match=f"{code}: message"):
        rig.run(event(*inserts(3), record(new=item("bad", a=BAD_VALUE))))
    assert rig.quarantined == {}


def test_apply_changes_accepts_changes_of_other_sources(
    rig: PipelineRig, row_mapper: RowMapper
) -> None:
    """A tool passes the changes and the rejected records of a scan or an export."""
    context = invocation.build_context(
        make_settings(),
        send=rig.table.send,
        remaining_ms=None,
        clock=rig.clock,
        uniform=lambda _, high: high,
    )
    parsed, rejected = changes.parse_event(event(record(), "nonsense"))
    outcome = pipeline.apply_changes(parsed, rejected, row_mapper, context)
    assert rig.table.rows == {("user", 1): {"note": "a"}}
    assert (outcome.records, outcome.rejected, outcome.unprocessed) == (2, 1, ["nonsense"])
