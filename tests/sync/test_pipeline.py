"""Whole stories over a store in memory: what is written, counted, kept and asked for again."""

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
from tests.support.builders import configuration, event, item, record
from tests.support.handler import load_handler
from tests.support.pipeline import Scene

BUSY = TableStoreError("OTSServerBusy", "Server is busy.")
BAD = {"N": "no number"}


@pytest.fixture(scope="module")
def rules() -> RowMapper:
    rules: RowMapper = load_handler().row_mapper()
    return rules


@pytest.fixture
def scene(rules: RowMapper) -> Scene:
    return Scene(rules)


def inserts(count: int) -> list[dict[str, Any]]:
    return [record(new=item("user", number)) for number in range(count)]


def test_one_of_each_kind(scene: Scene) -> None:
    scene.store.rows = {("gone", 1): {"a": 1}, ("changed", 1): {"a": 1, "b": 1, "others": 1}}
    a, b = {"a": {"N": "1"}}, {"b": {"N": "1"}}
    outcome = scene.run(
        event(
            record(new=item("new", **a)),
            record(item("changed", **a, **b), item("changed", **a)),
            record(item("gone", **a), None),
        )
    )
    assert scene.store.rows == {("new", 1): {"a": 1}, ("changed", 1): {"a": 1, "others": 1}}
    assert (outcome.records, outcome.changes, outcome.calls) == (3, 3, 1)
    assert outcome.rows == {"put": 1, "update": 1, "delete": 1}
    assert (outcome.rejected, outcome.unprocessed, outcome.retried_rows) == (0, [], 0)
    assert set(outcome.duration_ms) == {"parse", "convert", "write", "quarantine", "total"}


def test_hot_key_costs_one_write(scene: Scene) -> None:
    images = [item(n={"N": str(number)}) for number in range(100)]
    records = [record(old, new) for old, new in pairwise(images)]
    outcome = scene.run(event(*records))
    assert (outcome.changes, outcome.rows, scene.store.calls) == (99, {"update": 1}, [1])
    assert scene.store.rows == {("user", 1): {"n": 99}}


def test_lag_is_that_of_the_oldest_change(scene: Scene) -> None:
    old, new = record(created_s=990), record(created_s=999)
    assert scene.run(event(new, old)).lag_s == 10
    assert scene.run(event(record(created_s=2000))).lag_s == 0  # clocks differ
    assert scene.run(event()).lag_s is None
    assert scene.run(event(record(ApproximateCreationDateTime=None))).lag_s is None


def test_busy_rows_are_tried_again_and_done(rules: RowMapper) -> None:
    """Only those; what was acknowledged is not sent again."""
    said = [[None, BUSY, None, BUSY], [BUSY, None], [None]]
    sent: list[list[int]] = []

    def send(writes: Sequence[RowWrite]) -> list[TableStoreError | None]:
        sent.append([int(write.primary_key[1][1]) for write in writes])
        return list(said[len(sent) - 1])

    scene = Scene(rules, send=send)
    outcome = scene.run(event(*inserts(4)))
    assert sent == [[0, 1, 2, 3], [1, 3], [1]]
    assert (outcome.calls, outcome.retried_rows, outcome.unprocessed) == (3, 3, [])
    assert outcome.error_codes == {"OTSServerBusy": 3}
    assert len(scene.clock.slept) == 2


def test_throttled_until_the_time_is_up_asks_for_the_first_undone(rules: RowMapper) -> None:
    def send(writes: Sequence[RowWrite]) -> list[TableStoreError | None]:
        return [BUSY if write.primary_key[1][1] in (1, 3) else None for write in writes]

    scene, records = Scene(rules, send=send), inserts(4)
    outcome = scene.run(event(*records), seconds=40)
    assert outcome.unprocessed == [records[1], records[3]]
    assert outcome.unprocessed_codes == {"OTSServerBusy": 2}
    assert outcome.rows == {"put": 2}
    assert scene.clock.now_s <= 1040
    assert Scene(rules, send=send).deliver(records) == records[1]["dynamodb"]["SequenceNumber"]


@pytest.mark.parametrize("said", [[], [None], [None] * 4], ids=["none", "fewer", "more"])
def test_nothing_is_done_that_was_not_acknowledged(said: list[None], rules: RowMapper) -> None:
    """By position an answer belongs to a row: one of another length says nothing of any."""
    records = inserts(3)
    outcome = Scene(rules, send=lambda _: list(said)).run(event(*records), seconds=40)
    assert outcome.unprocessed == records
    assert outcome.rows == {}
    assert outcome.unknown_outcomes >= 3


def test_poison_in_the_middle_is_kept_and_the_stream_goes_on(scene: Scene) -> None:
    bad = [
        record(new=item("bad", a=BAD)),
        record(item("bad", a=BAD), item("bad", b=BAD)),
        {"eventName": "INSERT"},
    ]
    good = [record(new=item("good", number)) for number in range(2)]
    outcome = scene.run(event(good[0], *bad, good[1]))
    assert list(scene.store.rows) == [("good", 0), ("good", 1)]
    assert (outcome.rejected, outcome.quarantined, outcome.unprocessed) == (3, 3, [])
    kept = [json.loads(body)["record"] for body in scene.kept.values()]
    assert sorted(kept, key=str) == sorted(bad, key=str)


def test_redelivered_poison_adds_nothing(scene: Scene) -> None:
    bad = record(new=item("bad", a=BAD))
    for _ in range(3):
        assert scene.deliver([bad]) is None
    assert len(scene.kept) == 1


def test_without_quarantine_poison_is_asked_for_again(rules: RowMapper) -> None:
    """The good records around it are written all the same."""
    scene = Scene(rules, quarantine=False)
    bad = record(new=item("bad", a=BAD))
    asked = scene.deliver([record(new=item("one")), bad, record(new=item("two"))])
    assert asked == bad["dynamodb"]["SequenceNumber"]
    assert set(scene.store.rows) == {("one", 1), ("two", 1)}


def test_quarantine_that_cannot_be_reached_leaves_the_record_undone(rules: RowMapper) -> None:
    class Unreachable(dict[str, bytes]):
        def __setitem__(self, name: str, body: bytes) -> None:
            raise OSError("no way")

    scene = Scene(rules)
    scene.kept = Unreachable()
    bad = record(new=item("bad", a=BAD))
    outcome = scene.run(event(bad, record(new=item("good"))))
    assert outcome.unprocessed == [bad]
    assert (outcome.rejected, outcome.quarantined) == (1, 0)
    assert outcome.unprocessed_codes == {"NotQuarantined: OSError": 1}
    assert set(scene.store.rows) == {("good", 1)}


def test_row_that_the_service_refuses_takes_all_its_records_to_quarantine(rules: RowMapper) -> None:
    """And none of another row's, although the service refused them all in one breath."""
    scene = Scene(rules)

    def send(writes: Sequence[RowWrite]) -> list[TableStoreError | None]:
        if any(write.primary_key[0][1] == "bad" for write in writes):
            raise TableStoreError("OTSParameterInvalid", "The input parameter is invalid.")
        return scene.store.send(writes)

    scene._send = send
    bad = [record(new=item("bad")), record(item("bad"), item("bad", a={"N": "1"}))]
    outcome = scene.run(event(*inserts(5), *bad, record(new=item("last"))))
    assert outcome.unprocessed == []
    assert (outcome.rejected, outcome.quarantined) == (2, 2)
    assert len(scene.store.rows) == 6
    assert {json.loads(body)["code"] for body in scene.kept.values()} == {"OTSParameterInvalid"}


@pytest.mark.parametrize("code", ["OTSObjectNotExist", "OTSNoPermissionAccess", "OTSInvalidPK"])
def test_what_no_row_can_help_raises_and_keeps_nothing(code: str, rules: RowMapper) -> None:
    scene = Scene(rules, send=lambda writes: [TableStoreError(code, "words")] * len(writes))
    with pytest.raises(ConfigurationError, match=f"{code}: words"):
        scene.run(event(*inserts(3), record(new=item("bad", a=BAD))))
    assert scene.kept == {}


def test_tools_come_in_with_changes_of_their_own(scene: Scene, rules: RowMapper) -> None:
    """A scan's item is a change like any other; what cannot be read goes along."""
    ports = invocation.build_context(
        configuration(),
        send=scene.store.send,
        remaining_ms=None,
        clock=scene.clock,
        uniform=lambda _, most: most,
    )
    understood, unreadable = changes.parse_event(event(record(), "nonsense"))
    outcome = pipeline.apply_changes(understood, unreadable, rules, ports)
    assert scene.store.rows == {("user", 1): {"note": "a"}}
    assert (outcome.records, outcome.rejected, outcome.unprocessed) == (2, 1, ["nonsense"])
