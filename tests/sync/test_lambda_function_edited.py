"""Test that an edit of each of the six functions in lambda_function.py takes effect.

Each test edits a copy of the file as a user would. The pipeline uses nothing else to map keys and
columns and to send requests.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ots_local.handler import HANDLER_PATH
from ots_local.tablestore import TableStore
from tests.support.builders import event, item, record
from tests.support.handler import create_table, load_handler

BEFORE = item(a={"N": "1"}, secret={"S": "x"})
AFTER = item(a={"N": "2"}, secret={"S": "y"})
KEYS = {"user_id": "STRING", "action_time": "INTEGER"}

Edit = Callable[..., Any]


@pytest.fixture
def edited(table_store: TableStore, tmp_path: Path) -> Edit:
    """Return a function that creates a table, and loads an edited copy of the handler module."""

    def edit(*replacements: tuple[str, str], key: dict[str, str] | None = None) -> Any:
        text = HANDLER_PATH.read_text("utf-8")
        for old, new in replacements:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        copy = tmp_path / "lambda_function.py"
        copy.write_text(text, "utf-8")
        environ = create_table(table_store, "target", key)
        environ["PRIMARY_KEY"] = ",".join(KEYS)
        return load_handler(environ, copy)

    return edit


def test_unedited_copy_behaves_like_the_original(edited: Edit, table_store: TableStore) -> None:
    assert edited().lambda_handler(event(record(new=BEFORE)), None) == {"batchItemFailures": []}
    assert table_store.rows("target") == {("user", 1): {"a": 1, "secret": "x"}}


def test_edited_get_primary_key_can_add_a_key_column(edited: Edit, table_store: TableStore) -> None:
    """A first key column of the user, which distributes rows over partitions."""
    handler = edited(
        (
            "return columns().primary_key(keys)",
            "key = columns().primary_key(keys)\n"
            '    return [("spread", len(str(key[0][1])) % 4), *key]',
        ),
        key={"spread": "INTEGER", **KEYS},
    )
    handler.lambda_handler(event(record(new=BEFORE), record(BEFORE, AFTER)), None)
    assert table_store.rows("target") == {(0, "user", 1): {"a": 2, "secret": "y"}}
    handler.lambda_handler(event(record(AFTER, None)), None)
    assert table_store.rows("target") == {}


def test_edited_generate_attribute_can_omit_a_column(edited: Edit, table_store: TableStore) -> None:
    """Updates use the same function."""
    handler = edited(
        (
            "return columns().convert(new_image, key_list)",
            'public = {name: value for name, value in new_image.items() if name != "secret"}\n'
            "    return columns().convert(public, key_list)",
        )
    )
    handler.lambda_handler(event(record(new=BEFORE)), None)
    assert table_store.rows("target") == {("user", 1): {"a": 1}}
    handler.lambda_handler(event(record(BEFORE, AFTER)), None)
    assert table_store.rows("target") == {("user", 1): {"a": 2}}


def test_edited_generate_update_attribute_can_keep_removed_columns(
    edited: Edit, table_store: TableStore
) -> None:
    handler = edited(('"delete_all": columns().names(removed),', '"delete_all": [],'))
    handler.lambda_handler(event(record(new=BEFORE)), None)
    handler.lambda_handler(event(record(BEFORE, item(b={"N": "1"}))), None)
    assert table_store.rows("target") == {("user", 1): {"a": 1, "secret": "x", "b": 1}}


def test_edited_batch_write_row_can_write_to_a_second_table(
    edited: Edit, table_store: TableStore
) -> None:
    write = "return ots_client.batch_write_row(client, settings().table_name, put_row_items)"
    handler = edited(
        (write, f'ots_client.batch_write_row(client, "mirror", put_row_items)\n    {write}')
    )
    create_table(table_store, "mirror")
    handler.lambda_handler(event(record(new=BEFORE)), None)
    expected = {("user", 1): {"a": 1, "secret": "x"}}
    assert (table_store.rows("target"), table_store.rows("mirror")) == (expected, expected)


def test_edited_get_tablestore_client_can_use_another_instance(
    edited: Edit, table_store: TableStore
) -> None:
    handler = edited(
        (
            "return ots_client.connect(settings())",
            "from dataclasses import replace\n"
            '    return ots_client.connect(replace(settings(), instance="elsewhere"))',
        )
    )
    with pytest.raises(Exception, match="The instance is not found"):
        handler.lambda_handler(event(record(new=BEFORE)), None)
    assert table_store.rows("target") == {}


def test_edited_lambda_handler_can_filter_records(edited: Edit, table_store: TableStore) -> None:
    handler = edited(
        (
            "    with invocation.log_failures(telemetry()):\n",
            '    event = {"Records": [r for r in event["Records"] if r["eventName"] != "REMOVE"]}\n'
            "    with invocation.log_failures(telemetry()):\n",
        )
    )
    handler.lambda_handler(event(record(new=BEFORE)), None)
    handler.lambda_handler(event(record(BEFORE, None)), None)
    assert len(table_store.rows("target")) == 1


def test_function_replaced_at_run_time_takes_effect(edited: Edit, table_store: TableStore) -> None:
    """The functions are looked up at each call, so a tool that imports the module can wrap them."""
    handler = edited()
    convert = handler.generate_attribute
    handler.generate_attribute = lambda image, keys: [*convert(image, keys), ("source", "dynamodb")]
    handler.lambda_handler(event(record(new=BEFORE)), None)
    assert table_store.rows("target") == {
        ("user", 1): {"a": 1, "secret": "x", "source": "dynamodb"}
    }
