"""Test the handler with any JSON as its event: it raises a SyncError, or loses no record."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ots_local.tablestore import TableStore
from ots_sync.changes import sequence_number
from ots_sync.errors import RejectedError, SyncError
from ots_sync.quarantine import object_name
from ots_sync.rows import row_id
from tests.support.builders import event, item, record
from tests.support.handler import create_table, load_handler
from tests.support.paths import EVENTS

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Records", "dynamodb", "Keys", "NewImage", "S", "N"])
            | st.text(max_size=3),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)
SAMPLES = [json.loads(path.read_text("utf-8")) for path in sorted(EVENTS.glob("*.json"))]


@st.composite
def damaged_samples(draw: st.DrawFn) -> Any:
    """Draw a sample event with one value, anywhere, replaced by other JSON."""
    lambda_event: Any = json.loads(json.dumps(draw(st.sampled_from(SAMPLES))))
    parent: Any = {"event": lambda_event}
    name: Any = "event"
    while isinstance(parent[name], (dict, list)) and parent[name] and draw(st.integers(0, 5)):
        parent = parent[name]
        names = range(len(parent)) if isinstance(parent, list) else sorted(parent)
        name = draw(st.sampled_from(names))
    parent[name] = draw(JSON)
    return lambda_event


class HandlerRig:
    """The handler module, its target table, and a quarantine that is emptied for each event."""

    def __init__(self, store: TableStore, folder: Path) -> None:
        self.store, self.folder = store, folder
        self.handler = load_handler(
            {
                **create_table(store, "target"),
                "PARTIAL_RESPONSE": "1",
                "OTS_TIMEOUT": "1",
                "QUARANTINE": f"file://{folder}",
            }
        )

    def acknowledged(self, lambda_event: Any) -> list[Any]:
        """Return the records that the handler's response acknowledges; none if it raises."""
        shutil.rmtree(self.folder, ignore_errors=True)
        try:
            response = self.handler.lambda_handler(lambda_event, None)
        except SyncError:
            return []
        records: list[Any] = lambda_event["Records"]
        failures = [failure["itemIdentifier"] for failure in response["batchItemFailures"]]
        numbers = [sequence_number(one) for one in records]
        return records[: numbers.index(failures[0])] if failures else records

    def lost(self, records: list[Any]) -> list[Any]:
        """Return the last record of each key, unless it is quarantined or written."""
        last: dict[Any, Any] = {}
        for one in records:
            if not (self.folder / object_name("target", one)).exists():
                try:
                    key = row_id(self.handler.get_primary_key(one["dynamodb"]["Keys"]))
                except RejectedError:
                    assert one["eventName"] == "REMOVE"  # such a row was never written
                else:
                    last[key] = one
        rows = self.store.rows("target")
        return [one for key, one in last.items() if not self._is_written(one, rows.get(key))]

    def _is_written(self, one: Any, row: Any) -> bool:
        if one["eventName"] == "REMOVE":
            return row is None
        columns = self.handler.generate_attribute(
            one["dynamodb"]["NewImage"], self.handler.settings().key_list
        )
        return row is not None and all(
            row[name] == (bytes(value) if isinstance(value, bytearray) else value)
            for name, value in columns
        )


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HandlerRig]:
    with TableStore() as store:
        yield HandlerRig(store, tmp_path_factory.mktemp("quarantine"))


@given(lambda_event=JSON | damaged_samples())
def test_any_event_raises_a_sync_error_or_loses_no_record(
    rig: HandlerRig, lambda_event: Any
) -> None:
    assert rig.lost(rig.acknowledged(lambda_event)) == []


@pytest.mark.parametrize("path", sorted(EVENTS.glob("*.json")), ids=lambda path: path.stem)
def test_sample_event_loses_no_record(rig: HandlerRig, path: Path) -> None:
    lambda_event = json.loads(path.read_text("utf-8"))
    assert rig.lost(rig.acknowledged(lambda_event)) == []


def test_rig_detects_a_record_that_is_not_written(rig: HandlerRig) -> None:
    one = record(new=item("not written yet", 1))
    assert rig.lost([one]) == [one]
    assert rig.acknowledged(event(one)) == [one]
    assert rig.lost([one]) == []
