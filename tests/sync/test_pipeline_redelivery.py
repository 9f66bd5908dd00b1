"""Test that every delivery of a stream, in order and at least once, ends in the source's state.

Generated histories of a few items, some with images that no row can have, are delivered in batches
of random sizes, to a table with any earlier state of its rows. Requests fail at random, and the
records are delivered again from any earlier one, in other batches.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings

from ots_sync.errors import TableStoreError
from ots_sync.model import RowWrite
from ots_sync.rows import RowMapper
from tests.support.builders import ENVIRON, make_settings
from tests.support.fakes import with_types
from tests.support.handler import load_handler
from tests.support.histories import (
    SETTINGS,
    TOO_LONG_NAME,
    USERS,
    History,
    columns_of,
    histories,
    history_of_one_item,
    initial_rows,
    is_writable,
    stream_records,
)
from tests.support.pipeline import PipelineRig


class FailingPort:
    """The port to the rig's table, with the faults of a history.

    `throttled`: the first row fails. `lost`: no response, although the rows were written. `late`:
    no connection until the invocation has no time left.
    """

    def __init__(self, rig: PipelineRig, faults: Sequence[str]) -> None:
        self._rig = rig
        self._faults = list(faults)

    def __call__(self, writes: Sequence[RowWrite]) -> Sequence[TableStoreError | None]:
        fault = self._faults.pop(0) if self._faults else "ok"
        if fault == "late":
            self._rig.clock.sleep(100)
            raise TableStoreError("ConnectFailed", "")
        if fault == "throttled":
            self._rig.table.send(writes[1:] or writes)
            throttled = TableStoreError("OTSServerBusy", "Server is busy.")
            return [throttled] + [None] * (len(writes) - 1)
        errors = self._rig.table.send(writes)
        if fault == "lost":
            raise TableStoreError("ReadTimeout", "")
        return errors


@pytest.fixture(scope="module")
def row_mapper() -> RowMapper:
    row_mapper: RowMapper = load_handler({**ENVIRON, **SETTINGS}).row_mapper()
    return row_mapper


def deliver(history: History, row_mapper: RowMapper) -> tuple[PipelineRig, list[dict[str, Any]]]:
    """Deliver the records of a history as Lambda does, until all are processed; return them too."""
    records = stream_records(history)
    numbers = [one["dynamodb"]["SequenceNumber"] for one in records]
    rig = PipelineRig(row_mapper, settings=make_settings(**SETTINGS), rows=initial_rows(history))
    rig.send = FailingPort(rig, history.faults)
    sizes, batches, at = list(history.batch_sizes), 0, 0
    while at < len(records):
        size = sizes.pop(0) if sizes else 3
        unprocessed = rig.deliver(records[at : at + size])
        batches += 1
        at = at + size if unprocessed is None else numbers.index(unprocessed)
        at = min(at, history.redeliveries.get(batches, at))
    return rig, records


# Each history leaves wrong rows under the simpler rule that its name describes.
A, B, C, BAD = {"a": 0}, {"b-": 0}, {"c": 0}, {TOO_LONG_NAME: 0}
SEND_ONLY_CHANGED_ATTRIBUTES = history_of_one_item(
    {"a": 0, "c": 0}, {"a": 0, "c": 1}, initial_state=-1
)
UPDATE_AFTER_A_REJECTED_IMAGE = history_of_one_item(A, BAD, B, batch_sizes=[1, 1])
DELETE_WHAT_ONLY_THE_LAST_OLD_IMAGE_HAS = history_of_one_item(A, B, C, batch_sizes=[2])
UPDATE_WITHOUT_OLD_IMAGES = history_of_one_item(A, B, old_images=False)
UPDATE_TO_KEYS_ONLY = history_of_one_item(A, {}, initial_state=-1)
CHECK_ONLY_THE_FIRST_OLD_IMAGE = history_of_one_item(
    A, B, BAD, C, batch_sizes=[2, 2], redeliveries={1: 1}
)


@settings(max_examples=4 * settings().max_examples)
@given(histories())
@example(SEND_ONLY_CHANGED_ATTRIBUTES)
@example(UPDATE_AFTER_A_REJECTED_IMAGE)
@example(DELETE_WHAT_ONLY_THE_LAST_OLD_IMAGE_HAS)
@example(UPDATE_WITHOUT_OLD_IMAGES)
@example(UPDATE_TO_KEYS_ONLY)
@example(CHECK_ONLY_THE_FIRST_OLD_IMAGE)
def test_every_delivery_ends_in_the_state_of_the_source(
    row_mapper: RowMapper, history: History
) -> None:
    """The record of a last image that no row can have is in quarantine."""
    rig, records = deliver(history, row_mapper)
    quarantined = [json.loads(body)["record"] for body in rig.quarantined.values()]
    for user in set(history.order):
        last = history.states[user][-1]
        found = rig.table.rows.get((user, 1))
        if last is None:
            assert found is None
        elif is_writable(last):
            assert found is not None
            assert with_types({(user, 1): found}) == with_types({(user, 1): columns_of(last)})
        else:
            of_user = [one for one in records if one["dynamodb"]["Keys"]["user_id"]["S"] == user]
            assert of_user[-1] in quarantined


@given(histories())
def test_only_items_with_an_unwritable_image_are_quarantined(
    row_mapper: RowMapper, history: History
) -> None:
    rig, _ = deliver(history, row_mapper)
    unwritable = {
        user
        for user in USERS
        if not all(image is None or is_writable(image) for image in history.states[user][1:])
    }
    records = [json.loads(body)["record"] for body in rig.quarantined.values()]
    assert {one["dynamodb"]["Keys"]["user_id"]["S"] for one in records} <= unwritable
