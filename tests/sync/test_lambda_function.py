"""Event files in, the exact answer and the exact rows out, by the official SDK."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from ots_local.tablestore import TableStore
from ots_sync import client as ots_client
from ots_sync.errors import ConfigurationError, UnprocessedRecordsError
from tests.support.builders import event, item, record
from tests.support.fakes import typed
from tests.support.handler import DOOR, create_table, load_handler
from tests.support.sample_rows import PUT, ROWS, SAMPLE, UPDATED

EVENTS = DOOR.parent / "events"
DONE = {"batchItemFailures": []}
_tables = count(1)


@pytest.fixture(scope="module")
def running() -> Iterator[TableStore]:
    with TableStore() as serving:
        yield serving


class Target:
    """A door and the empty table that it writes."""

    def __init__(self, running: TableStore, **environ: str) -> None:
        self._store = running
        self.name = f"target_{next(_tables)}"
        self.door = load_handler({**create_table(running, self.name), **environ})
        self._before = self._written()

    def send(self, whole: Any) -> Any:
        return self.door.lambda_handler(whole, None)

    def file(self, name: str) -> Any:
        return self.send(json.loads((EVENTS / name).read_text("utf-8")))

    def rows(self) -> Any:
        return self._store.rows(self.name)

    def calls(self) -> int:
        """How many BatchWriteRow there were since the target was made."""
        return self._written() - self._before

    def _written(self) -> int:
        return int(self._store.counters()["requests"].get("BatchWriteRow", 0))


@pytest.fixture
def target(running: TableStore) -> Target:
    return Target(running)


def test_articles_three_events_put_update_and_delete(target: Target) -> None:
    assert target.file("test_data_put.json") == DONE
    assert typed(target.rows()) == typed({SAMPLE: PUT})
    assert target.file("test_data_update.json") == DONE
    assert typed(target.rows()) == typed({SAMPLE: UPDATED})
    assert target.file("test_data_delete.json") == DONE
    assert target.rows() == {}


def test_three_in_one_invocation_end_as_one_delete(target: Target) -> None:
    chain = [
        json.loads((EVENTS / f"test_data_{name}.json").read_text("utf-8"))["Records"][0]
        for name in ("put", "update", "delete")
    ]
    target.send(event(chain[0]))
    assert target.send(event(*chain)) == DONE
    assert target.rows() == {}
    assert target.calls() == 2


def test_update_over_a_missing_row_makes_it_whole(target: Target) -> None:
    """What a change before it failed to write is healed by the next change of its key."""
    target.file("test_data_update.json")
    assert typed(target.rows()) == typed({SAMPLE: UPDATED})


@pytest.mark.parametrize("native", [True, False], ids=["native", "python"])
@pytest.mark.parametrize("name", ROWS)
def test_event_file(name: str, native: bool, target: Target) -> None:
    """The same rows by the SDK's native encoder and by its Python one."""
    door = target.door
    door.get_tablestore_client = lambda: ots_client.connect(door.settings(), enable_native=native)
    assert target.file(f"{name}.json") == DONE
    assert typed(target.rows()) == typed(ROWS[name])


def good(number: int) -> tuple[str, int]:
    return f"sample-good-{number}", 1529280000


def test_poison_stops_no_other_record_and_is_not_taken_as_done(running: TableStore) -> None:
    """Without a quarantine the answer names the first refused record; the good ones are written."""
    target = Target(running, PARTIAL_RESPONSE="1")
    assert target.file("poison.json") == {
        "batchItemFailures": [{"itemIdentifier": "1529280000000000000000082"}]
    }
    assert target.rows() == {good(number): {"note": "good"} for number in (1, 2, 3)}


def test_undone_raises_where_an_answer_would_not_be_heard(target: Target) -> None:
    """A mapping without ReportBatchItemFailures counts any answer as success."""
    with pytest.raises(
        UnprocessedRecordsError, match=r"8 of 11 records are unprocessed .*082;.*again"
    ):
        target.file("poison.json")
    assert len(target.rows()) == 3


def test_more_rows_than_a_call_takes(target: Target) -> None:
    records = [record(new=item("u", n, n={"N": str(n)})) for n in range(450)]
    assert target.send(event(*records)) == DONE
    assert target.rows() == {("u", n): {"n": n} for n in range(450)}
    assert target.calls() == 3


def test_item_of_more_attributes_than_a_write_takes(target: Target) -> None:
    """Put, then an update that takes half of them away and changes the others."""
    wide = item(**{f"a{n}": {"N": str(n)} for n in range(2500)})
    half = item(**{f"a{n}": {"S": "x"} for n in range(1250)})
    assert target.send(event(record(new=wide))) == DONE
    assert target.rows() == {("user", 1): {f"a{n}": n for n in range(2500)}}
    assert target.send(event(record(wide, half))) == DONE
    assert target.rows() == {("user", 1): {f"a{n}": "x" for n in range(1250)}}


def test_largest_item_that_json_makes_too_large_is_refused_by_name(target: Target) -> None:
    """DynamoDB counts one byte for an empty text in a list, JSON takes nine."""
    empties = item(many={"L": [{"S": ""}] * 300_000})
    with pytest.raises(UnprocessedRecordsError, match="column 'many' has 2700001 bytes"):
        target.send(event(record(new=empties), record(new=item("other"))))
    assert target.rows() == {("other", 1): {}}


@pytest.mark.parametrize("mode", ["escape", "verbatim"])
def test_column_names_mode(mode: str) -> None:
    with TableStore(any_column_names=True) as loose:
        target = Target(loose, COLUMN_NAMES=mode)
        before, after = item(**{"日本 a": {"N": "1"}, "b-c": {"N": "1"}}), item(d={"N": "1"})
        target.send(event(record(new=before)))
        names = {"_0xe697a5e69cac20_a", "b_0x2d_c"} if mode == "escape" else {"日本 a", "b-c"}
        assert set(target.rows()["user", 1]) == names
        target.send(event(record(before, after)))
        assert target.rows() == {("user", 1): {"d": 1}}


def test_warm_door_keeps_client_and_settings_and_nothing_of_an_event(target: Target) -> None:
    target.file("test_data_put.json")
    client = target.door.client()
    target.file("test_data_update.json")
    assert target.door.client() is client
    target.door.row_mapper()
    for kept in (target.door.columns(), target.door.settings()):
        assert "number_2" not in repr(kept)


class Context:
    """What Lambda hands over beside the event."""

    def __init__(self, seconds: float) -> None:
        self._ms = int(seconds * 1000)

    def get_remaining_time_in_millis(self) -> int:
        return self._ms


def test_time_out_too_short_for_one_call_is_configuration(target: Target) -> None:
    whole = event(record())
    assert target.door.lambda_handler(whole, Context(60)) == DONE
    with pytest.raises(ConfigurationError, match=r"timeout leaves 10 s.* Raise the timeout"):
        target.door.lambda_handler(event(record(new=item("late"))), Context(10))
    assert list(target.rows()) == [("user", 1)]
