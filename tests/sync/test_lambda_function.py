"""Test the handler with the sample events, the official SDK and the local Table Store.

The expected rows are written by hand from the type table, not converted by our code.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from ots_local.tablestore import TableStore
from ots_sync import client as ots_client
from ots_sync.errors import ConfigurationError, SettingsError, UnprocessedRecordsError
from tests.support.builders import ENVIRON, event, item, record
from tests.support.fakes import with_types
from tests.support.handler import create_table, load_handler
from tests.support.paths import EVENTS, ROOT

NO_FAILURES: dict[str, Any] = {"batchItemFailures": []}
_tables = count(1)

PUT = {
    "number": 123,
    "number_2": 2.3,
    "null": "",
    "binary": bytes([0x01, 0x23, 0x15]),
    "binary_set": b'["ARE=","ASM="]',
    "bool": True,
    "bool_2": False,
    "list": '[{"S":"a"},{"N":"1"}]',
    "map": '{"key1":{"S":"value1"}}',
    "str": "This is test!",
    "num_set": '["1","2"]',
    "str_set": '["a","b"]',
}
UPDATED = {
    "number": 456,
    "number_2": 3,
    "binary": bytes([0x01, 0x23, 0x15]),
    "bool": True,
    "bool_2": True,
    "list": '[{"S":"a"},{"N":"2"},{"BOOL":true}]',
    "map": '{"key1":{"S":"value2"},"key2":{"L":[{"NULL":true}]}}',
    "str": "This is an update!",
    "num_set": '["1","2"]',
    "str_set": '["a","b","c"]',
    "added": "new in this update",
}
SAMPLE = ("sample-user", 1529280000)

# The rows of an empty table after each sample event: columns by the values of the key.
ROWS: dict[str, dict[Any, Any]] = {
    "ttl_delete": {},
    "empty": {},
    "unknown_fields": {("sample-unknown-fields", 1529280000): {"a": "1"}},
    "new_image_only": {("sample-new-image", 1529280000): {"a": "2"}},
    "redelivered": {("sample-redelivered", 1529280000): {"count": 3}},
    "bare_item": {("sample-bare", 1529280000): {}, ("sample-bare", 1529280001): {}},
    "hot_key": {
        ("sample-hot-key", 1529280000): {"count": 5, "third": "stays"},
        ("sample-hot-key", 1529280001): {"count": 1},
    },
    "nested": {
        ("sample-nested", 1529280000): {
            "bytes": bytes(range(256)),
            "depth_32": '[{"L":' * 30 + '[{"S":"bottom"}]' + "}]" * 30,
            "empty_binary": b"",
            "empty_list": "[]",
            "empty_map": "{}",
            "empty_member": '["","a"]',
            "empty_string": "",
            "false": False,
            "false_null": "",
            "map": '{"a":{"L":[{"B":"ASM="},{"BS":["ARE=","ASM="]},{"BOOL":true},{"NULL":true},'
            '{"M":{}},{"L":[]},{"S":""}]},"z":{"M":{"a":{"NS":["1.5","10","9"]},'
            '"b":{"SS":["a","b"]}}}}',
            "nul": "a\x00b",
            "text": '日本語 😀 "quoted" \\ / \u2028',
        }
    },
    "edge_numbers": {
        ("sample-numbers", -(2**63)): {
            "above_int64": "9223372036854775808",
            "below_int64": "-9223372036854775809",
            "beyond_double_integers": 9007199254740993,
            "digits_38": "12345678901234567890123456789012345678",
            "digits_38_fraction": "-1.2345678901234567890123456789012345678",
            "digits_51": "100000000000000007629769841092" + "0" * 21,
            "double_shortest": 0.30000000000000004,
            "exponent_fraction": 2.5,
            "exponent_integer": 600,
            "in_list": '[{"N":"9223372036854775808"},{"N":"0.' + "0" * 129 + '1"},{"N":"0.1"}]',
            "in_set": '["-0.5","0","0.' + "0" * 129 + '1","9223372036854775807"]',
            "int64_max": 2**63 - 1,
            "int64_min": -(2**63),
            "largest": "9" * 38 + "0" * 88,
            "largest_plain": "9" * 38 + "0" * 88,
            "minus_one": -1,
            "negative_fraction": -2.5,
            "not_a_double": "0.3000000000000000041",
            "smallest": 1e-130,
            "smallest_plain": 1e-130,
            "tenth": 0.1,
            "zero": 0,
        }
    },
    "odd_names": {
        ("sample-names", 1529280000): {
            "User_Id": "not the key: names keep their case",
            "_": 1,
            "_0x23_hash": 6,
            "_0x30_x20": "leading digit, no underscore",
            "_0x37__leading_digit": 5,
            "_0xf09f9880_": "emoji",
            "__0x5f_0x20_": "looks escaped, underscore before",
            "aws_0x3a_rep_0x3a_deleting": False,
            "dashed_0x2d_name": 4,
            "dotted_0x2e_name": 3,
            "line_0x0a_feed": "control character",
            "na_0xc3af_ve": "accent",
            "n" * 255: "255 bytes, the most a column name takes",
            "plain_name": "fits as it is",
            "quote_0x22_and_0x5c_backslash": "json",
            "with_0x2e_space": 2,
        }
    },
}


@pytest.fixture(scope="module")
def shared_store() -> Iterator[TableStore]:
    """Run one local Table Store for the module; each test has its own table."""
    with TableStore() as store:
        yield store


class HandlerRig:
    """The handler module and its empty target table."""

    def __init__(self, table_store: TableStore, **environ: str) -> None:
        self._store = table_store
        self.name = f"target_{next(_tables)}"
        self.handler = load_handler({**create_table(table_store, self.name), **environ})
        self._requests_before = self._requests()

    def invoke(self, lambda_event: Any) -> Any:
        return self.handler.lambda_handler(lambda_event, None)

    def invoke_with_file(self, name: str) -> Any:
        return self.invoke(json.loads((EVENTS / name).read_text("utf-8")))

    def rows(self) -> Any:
        return self._store.rows(self.name)

    def calls(self) -> int:
        """Return the number of BatchWriteRow requests."""
        return self._requests() - self._requests_before

    def _requests(self) -> int:
        return int(self._store.counters()["requests"].get("BatchWriteRow", 0))


@pytest.fixture
def rig(shared_store: TableStore) -> HandlerRig:
    return HandlerRig(shared_store)


def test_articles_events_put_update_and_delete_a_row(rig: HandlerRig) -> None:
    assert rig.invoke_with_file("test_data_put.json") == NO_FAILURES
    assert with_types(rig.rows()) == with_types({SAMPLE: PUT})
    assert rig.invoke_with_file("test_data_update.json") == NO_FAILURES
    assert with_types(rig.rows()) == with_types({SAMPLE: UPDATED})
    assert rig.invoke_with_file("test_data_delete.json") == NO_FAILURES
    assert rig.rows() == {}


def test_articles_events_in_one_invocation_are_one_delete(rig: HandlerRig) -> None:
    records = [
        json.loads((EVENTS / f"test_data_{name}.json").read_text("utf-8"))["Records"][0]
        for name in ("put", "update", "delete")
    ]
    rig.invoke(event(records[0]))
    assert rig.invoke(event(*records)) == NO_FAILURES
    assert rig.rows() == {}
    assert rig.calls() == 2


def test_update_of_a_missing_row_writes_the_whole_row(rig: HandlerRig) -> None:
    """A row that an earlier change failed to write is complete after the next change of its key."""
    rig.invoke_with_file("test_data_update.json")
    assert with_types(rig.rows()) == with_types({SAMPLE: UPDATED})


@pytest.mark.parametrize("native", [True, False], ids=["native", "python"])
@pytest.mark.parametrize("name", ROWS)
def test_sample_event_writes_the_expected_rows(name: str, native: bool, rig: HandlerRig) -> None:
    """Both encoders of the SDK write the same rows."""
    handler = rig.handler
    handler.get_tablestore_client = lambda: ots_client.connect(
        handler.settings(), enable_native=native
    )
    assert rig.invoke_with_file(f"{name}.json") == NO_FAILURES
    assert with_types(rig.rows()) == with_types(ROWS[name])


def good_row(number: int) -> tuple[str, int]:
    return f"sample-good-{number}", 1529280000


def test_rejected_records_are_unprocessed_and_the_others_written(shared_store: TableStore) -> None:
    """Without a quarantine, the response names the first rejected record."""
    rig = HandlerRig(shared_store, PARTIAL_RESPONSE="1")
    assert rig.invoke_with_file("poison.json") == {
        "batchItemFailures": [{"itemIdentifier": "1529280000000000000000082"}]
    }
    assert rig.rows() == {good_row(number): {"note": "good"} for number in (1, 2, 3)}


def test_unprocessed_records_raise_without_partial_response(rig: HandlerRig) -> None:
    """A mapping without ReportBatchItemFailures counts any response as success."""
    with pytest.raises(
        UnprocessedRecordsError, match=r"8 of 11 records are unprocessed .*082;.*again"
    ):
        rig.invoke_with_file("poison.json")
    assert len(rig.rows()) == 3


def test_450_rows_take_three_requests(rig: HandlerRig) -> None:
    records = [record(new=item("u", n, n={"N": str(n)})) for n in range(450)]
    assert rig.invoke(event(*records)) == NO_FAILURES
    assert rig.rows() == {("u", n): {"n": n} for n in range(450)}
    assert rig.calls() == 3


def test_item_with_more_columns_than_one_write_allows(rig: HandlerRig) -> None:
    """It is put, then updated; the update deletes half of the columns and changes the others."""
    wide = item(**{f"a{n}": {"N": str(n)} for n in range(2500)})
    half = item(**{f"a{n}": {"S": "x"} for n in range(1250)})
    assert rig.invoke(event(record(new=wide))) == NO_FAILURES
    assert rig.rows() == {("user", 1): {f"a{n}": n for n in range(2500)}}
    assert rig.invoke(event(record(wide, half))) == NO_FAILURES
    assert rig.rows() == {("user", 1): {f"a{n}": "x" for n in range(1250)}}


def test_item_whose_json_is_too_long_is_rejected_with_its_column(rig: HandlerRig) -> None:
    """DynamoDB counts one byte for an empty text in a list; JSON takes nine."""
    empty_texts = item(many={"L": [{"S": ""}] * 300_000})
    with pytest.raises(UnprocessedRecordsError, match="column 'many' has 2700001 bytes"):
        rig.invoke(event(record(new=empty_texts), record(new=item("other"))))
    assert rig.rows() == {("other", 1): {}}


@pytest.mark.parametrize("mode", ["escape", "verbatim"])
def test_column_names_are_escaped_or_verbatim_as_the_setting_says(mode: str) -> None:
    with TableStore(any_column_names=True) as lenient_store:
        rig = HandlerRig(lenient_store, COLUMN_NAMES=mode)
        before, after = item(**{"日本 a": {"N": "1"}, "b-c": {"N": "1"}}), item(d={"N": "1"})
        rig.invoke(event(record(new=before)))
        names = {"_0xe697a5e69cac20_a", "b_0x2d_c"} if mode == "escape" else {"日本 a", "b-c"}
        assert set(rig.rows()["user", 1]) == names
        rig.invoke(event(record(before, after)))
        assert rig.rows() == {("user", 1): {"d": 1}}


def test_warm_handler_keeps_the_client_but_no_data_of_an_event(rig: HandlerRig) -> None:
    rig.invoke_with_file("test_data_put.json")
    client = rig.handler.client()
    rig.invoke_with_file("test_data_update.json")
    assert rig.handler.client() is client
    rig.handler.row_mapper()
    for kept in (rig.handler.columns(), rig.handler.settings()):
        assert "number_2" not in repr(kept)


class Context:
    """Lambda's context of an invocation with this remaining time."""

    def __init__(self, seconds: float) -> None:
        self._ms = int(seconds * 1000)

    def get_remaining_time_in_millis(self) -> int:
        return self._ms


def test_timeout_too_short_for_one_request_raises(rig: HandlerRig) -> None:
    assert rig.handler.lambda_handler(event(record()), Context(60)) == NO_FAILURES
    with pytest.raises(ConfigurationError, match=r"timeout leaves 10 s.* Raise the timeout"):
        rig.handler.lambda_handler(event(record(new=item("late"))), Context(10))
    assert list(rig.rows()) == [("user", 1)]


WITHOUT_NATIVE_ENCODER = """
import sys
sys.modules["tablestore.ots_sdk"] = None
import lambda_function
lambda_function.telemetry()
lambda_function.telemetry()
"""


def test_missing_native_encoder_is_logged_once() -> None:
    """The SDK's own warning at import does not appear."""
    completed = subprocess.run(
        [sys.executable, "-c", WITHOUT_NATIVE_ENCODER],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    (line,) = completed.stdout.splitlines()
    assert json.loads(line)["level"] == "WARNING"
    assert "The fast one needs python3.12 on x86_64" in json.loads(line)["message"]
    assert "encoder" not in completed.stderr


INVALID_ENVIRONMENTS = {
    "nothing-set": (
        {"OTS_ID": "", "OTS_SECRET": "", "OTS_INSTANCE": "", "TABLE_NAME": "", "PRIMARY_KEY": ""},
        ["OTS_ID: missing", "OTS_SECRET: missing", "OTS_INSTANCE: missing", "TABLE_NAME: missing",
         "PRIMARY_KEY: missing"],
    ),
    "unknown-value": ({"COLUMN_NAMES": "as-is"}, ["COLUMN_NAMES is 'as-is', but it must be one"]),
    "five-keys": ({"PRIMARY_KEY": "a,b,c,d,e"}, ["PRIMARY_KEY is 'a,b,c,d,e', but name 1-4 key"]),
    "no-url": ({"OTS_ENDPOINT": "not a url"}, ["OTS_ENDPOINT is 'not a url', but it must be a"]),
}  # fmt: skip


@pytest.mark.parametrize(
    ("environ", "faults"), INVALID_ENVIRONMENTS.values(), ids=INVALID_ENVIRONMENTS
)
def test_handler_raises_all_faults_of_the_settings_at_once(
    environ: dict[str, str], faults: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It raises before it reads the event, with one line per fault."""
    handler = load_handler()
    handler.settings.cache_clear()
    for name, value in {**ENVIRON, **environ}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        handler.lambda_handler(event(record(new=item("good", a={"N": "1"}))), None)
    for fault in faults:
        assert f"\n- {fault}" in str(error.value)
    assert len(error.value.faults) == len(faults)
