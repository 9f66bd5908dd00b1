"""Whatever JSON comes as an event: a named error, or an answer under which nothing is lost."""

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
def nearly(draw: st.DrawFn) -> Any:
    """A sample event in which one thing, anywhere, is something else."""
    whole = json.loads(json.dumps(draw(st.sampled_from(SAMPLES))))
    inside, name = {"event": whole}, "event"
    while isinstance(inside[name], (dict, list)) and inside[name] and draw(st.integers(0, 5)):
        inside = inside[name]
        names = range(len(inside)) if isinstance(inside, list) else sorted(inside)
        name = draw(st.sampled_from(names))
    inside[name] = draw(JSON)
    return whole


class Rig:
    """A door with a target table, and a quarantine folder that is empty for each event."""

    def __init__(self, store: TableStore, folder: Path) -> None:
        self.store, self.folder = store, folder
        self.door = load_handler(
            {
                **create_table(store, "target"),
                "PARTIAL_RESPONSE": "1",
                "OTS_TIMEOUT": "1",
                "QUARANTINE": f"file://{folder}",
            }
        )

    def acknowledged(self, whole: Any) -> list[Any]:
        """The records that the handler's answer calls done; none when it raises a named error."""
        shutil.rmtree(self.folder, ignore_errors=True)
        try:
            answer = self.door.lambda_handler(whole, None)
        except SyncError:
            return []
        records: list[Any] = whole["Records"]
        failures = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
        numbers = [sequence_number(told) for told in records]
        return records[: numbers.index(failures[0])] if failures else records

    def lost(self, records: list[Any]) -> list[Any]:
        """Those that are neither in quarantine nor, the last of each key, in the table."""
        last: dict[Any, Any] = {}
        for told in records:
            if not (self.folder / object_name("target", told)).exists():
                try:
                    key = row_id(self.door.get_primary_key(told["dynamodb"]["Keys"]))
                except RejectedError:
                    assert told["eventName"] == "REMOVE"  # no such row can be there
                else:
                    last[key] = told
        rows = self.store.rows("target")
        return [told for key, told in last.items() if not self._stands(told, rows.get(key))]

    def _stands(self, told: Any, row: Any) -> bool:
        if told["eventName"] == "REMOVE":
            return row is None
        columns = self.door.generate_attribute(
            told["dynamodb"]["NewImage"], self.door.settings().key_list
        )
        return row is not None and all(
            row[name] == (bytes(value) if isinstance(value, bytearray) else value)
            for name, value in columns
        )


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with TableStore() as store:
        yield Rig(store, tmp_path_factory.mktemp("quarantine"))


@given(whole=JSON | nearly())
def test_whatever_comes_ends_in_a_named_error_or_loses_nothing(rig: Rig, whole: Any) -> None:
    assert rig.lost(rig.acknowledged(whole)) == []


@pytest.mark.parametrize("path", sorted(EVENTS.glob("*.json")), ids=lambda path: path.stem)
def test_no_sample_event_loses_anything(rig: Rig, path: Path) -> None:
    whole = json.loads(path.read_text("utf-8"))
    assert rig.lost(rig.acknowledged(whole)) == []


def test_the_rig_sees_what_is_lost(rig: Rig) -> None:
    """A record that was never handed to the handler."""
    told = record(new=item("never sent", 1))
    assert rig.lost([told]) == [told]
    assert rig.acknowledged(event(told)) == [told]
    assert rig.lost([told]) == []
