"""The door can be edited: each of the six functions, changed as a user would, changes what happens.

A copy of lambda_function.py is edited as text and loaded; the pipeline reaches keys, columns and
the wire through nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ots_local.tablestore import TableStore
from tests.support.builders import event, item, record
from tests.support.handler import DOOR, create_table, load_handler

BEFORE = item(a={"N": "1"}, secret={"S": "x"})
AFTER = item(a={"N": "2"}, secret={"S": "y"})
KEYS = {"user_id": "STRING", "action_time": "INTEGER"}

Edit = Callable[..., Any]


@pytest.fixture
def running() -> Iterator[TableStore]:
    with TableStore() as store:
        yield store


@pytest.fixture
def edited(running: TableStore, tmp_path: Path) -> Edit:
    """Makes a table and a door that writes it, after replacing these texts in a copy."""

    def edit(*replaced: tuple[str, str], key: dict[str, str] | None = None) -> Any:
        text = DOOR.read_text("utf-8")
        for old, new in replaced:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        copy = tmp_path / "lambda_function.py"
        copy.write_text(text, "utf-8")
        environ = create_table(running, "target", key)
        environ["PRIMARY_KEY"] = ",".join(KEYS)
        return load_handler(environ, copy)

    return edit


def test_unedited_copy_does_what_the_door_does(edited: Edit, running: TableStore) -> None:
    assert edited().lambda_handler(event(record(new=BEFORE)), None) == {"batchItemFailures": []}
    assert running.rows("target") == {("user", 1): {"a": 1, "secret": "x"}}


def test_get_primary_key(edited: Edit, running: TableStore) -> None:
    """A key column of the user's own, in front, so that rows spread over partitions."""
    door = edited(
        (
            "return columns().primary_key(keys)",
            "key = columns().primary_key(keys)\n"
            '    return [("spread", len(str(key[0][1])) % 4), *key]',
        ),
        key={"spread": "INTEGER", **KEYS},
    )
    door.lambda_handler(event(record(new=BEFORE), record(BEFORE, AFTER)), None)
    assert running.rows("target") == {(0, "user", 1): {"a": 2, "secret": "y"}}
    door.lambda_handler(event(record(AFTER, None)), None)
    assert running.rows("target") == {}


def test_generate_attribute(edited: Edit, running: TableStore) -> None:
    """A column left out of puts, and of the updates that are made of puts."""
    door = edited(
        (
            "return columns().convert(new_image, key_list)",
            'kept = {name: value for name, value in new_image.items() if name != "secret"}\n'
            "    return columns().convert(kept, key_list)",
        )
    )
    door.lambda_handler(event(record(new=BEFORE)), None)
    assert running.rows("target") == {("user", 1): {"a": 1}}
    door.lambda_handler(event(record(BEFORE, AFTER)), None)
    assert running.rows("target") == {("user", 1): {"a": 2}}


def test_generate_update_attribute(edited: Edit, running: TableStore) -> None:
    """Columns that stay when the source drops them."""
    door = edited(('"delete_all": columns().names(removed),', '"delete_all": [],'))
    door.lambda_handler(event(record(new=BEFORE)), None)
    door.lambda_handler(event(record(BEFORE, item(b={"N": "1"}))), None)
    assert running.rows("target") == {("user", 1): {"a": 1, "secret": "x", "b": 1}}


def test_batch_write_row(edited: Edit, running: TableStore) -> None:
    """A second table that receives the same rows."""
    write = "return ots_client.batch_write_row(client, settings().table_name, put_row_items)"
    door = edited(
        (write, f'ots_client.batch_write_row(client, "mirror", put_row_items)\n    {write}')
    )
    create_table(running, "mirror")
    door.lambda_handler(event(record(new=BEFORE)), None)
    expected = {("user", 1): {"a": 1, "secret": "x"}}
    assert (running.rows("target"), running.rows("mirror")) == (expected, expected)


def test_get_tablestore_client(edited: Edit, running: TableStore) -> None:
    """A client made otherwise: here for an instance that is not the one of the settings."""
    door = edited(
        (
            "return ots_client.connect(settings())",
            "from dataclasses import replace\n"
            '    return ots_client.connect(replace(settings(), instance="elsewhere"))',
        )
    )
    with pytest.raises(Exception, match="The instance is not found"):
        door.lambda_handler(event(record(new=BEFORE)), None)
    assert running.rows("target") == {}


def test_lambda_handler(edited: Edit, running: TableStore) -> None:
    """Records filtered before anything is done with them, and more said in the answer."""
    door = edited(
        (
            "    with invocation.log_failures(telemetry()):\n",
            '    event = {"Records": [r for r in event["Records"] if r["eventName"] != "REMOVE"]}\n'
            "    with invocation.log_failures(telemetry()):\n",
        )
    )
    door.lambda_handler(event(record(new=BEFORE)), None)
    door.lambda_handler(event(record(BEFORE, None)), None)
    assert len(running.rows("target")) == 1


def test_function_replaced_at_run_time_counts(edited: Edit, running: TableStore) -> None:
    """The functions are looked up when called, so a load that imports the door can wrap them."""
    door = edited()
    convert = door.generate_attribute
    door.generate_attribute = lambda image, keys: [*convert(image, keys), ("source", "dynamodb")]
    door.lambda_handler(event(record(new=BEFORE)), None)
    assert running.rows("target") == {("user", 1): {"a": 1, "secret": "x", "source": "dynamodb"}}
