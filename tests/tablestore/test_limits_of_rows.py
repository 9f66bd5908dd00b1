"""Every limit of the service on a row, its key, columns and names, on both sides."""

from __future__ import annotations

from typing import Any

import pytest
from tablestore import (
    Condition,
    OTSClient,
    Row,
)

from ots_local.tablestore import TableStore
from tests.tablestore.clients import (
    client_of,
    get,
    make_table,
    put,
    refusal,
    refused,
)

MIB = 1024 * 1024


def columns(count: int) -> list[tuple[str, int]]:
    """Make small columns."""
    return [(f"c{number:04d}", number) for number in range(count)]


@pytest.mark.parametrize("write", ["put", "update", "delete_all"])
def test_columns_of_a_write(client: OTSClient, write: str) -> None:
    """A row change names 1,024 columns; a stored row may have more."""
    make_table(client)

    def call(cells: list[tuple[str, int]]) -> None:
        row: Any = [("id", "k")]
        if write == "put":
            client.put_row("t", Row(row, cells), Condition("IGNORE"))
        elif write == "update":
            client.update_row("t", Row(row, {"put": cells}), Condition("IGNORE"))
        else:
            names = [name for name, _ in cells]
            client.update_row("t", Row(row, {"delete_all": names}), Condition("IGNORE"))

    call(columns(1024))
    with refused(
        "OTSParameterInvalid",
        "The number of attribute columns exceeds the limit, limit count: 1024, column count: 1025.",
    ):
        call(columns(1025))
    client.update_row("t", Row([("id", "k")], {"put": [("more", 1)]}), Condition("IGNORE"))
    assert len(get(client, "k") or {}) == (1 if write == "delete_all" else 1025)


def test_columns_to_get(client: OTSClient) -> None:
    """A read names 128 columns."""
    make_table(client)
    put(client, "k", columns(200))
    names = [name for name, _ in columns(129)]
    assert len(get(client, "k", columns_to_get=names[:128]) or {}) == 128
    with refused(
        "OTSParameterInvalid",
        "The number of columns from the request exceeds the limit, "
        "limit count: 128, column count: 129.",
    ):
        get(client, "k", columns_to_get=names)


def test_columns_to_get_loosely() -> None:
    """The flag lets a read name 1,024 columns, as the official tests do."""
    names = [name for name, _ in columns(1025)]
    with TableStore(columns_to_get=True) as store:
        client = client_of(store)
        make_table(client)
        put(client, "k", columns(1024))
        assert len(get(client, "k", columns_to_get=names[:1024]) or {}) == 1024
        assert "limit count: 1024," in refusal(lambda: get(client, "k", columns_to_get=names))[1]


@pytest.mark.parametrize(
    ("kind", "value"), [("STRING", "x"), ("STRING", "é"), ("BINARY", bytearray(b"\0"))]
)
def test_key_values(client: OTSClient, kind: str, value: Any) -> None:
    """A string or binary in a key has 1,024 bytes."""
    make_table(client, key=[("id", kind)])
    size = len(value.encode() if isinstance(value, str) else value)
    fits = value * (1024 // size)
    client.put_row("t", Row([("id", fits)], [("a", 1)]), Condition("IGNORE"))
    with refused(
        "OTSParameterInvalid",
        "The length of primary key column: 'id' exceeds the MaxLength:1024 "
        f"with CurrentLength:{1024 + size}.",
    ):
        client.put_row("t", Row([("id", fits + value)], [("a", 1)]), Condition("IGNORE"))


@pytest.mark.parametrize("value", ["x", bytearray(b"\0")], ids=["string", "binary"])
def test_values(client: OTSClient, value: Any) -> None:
    """A string or binary attribute has 2 MiB."""
    make_table(client)
    put(client, "k", [("a", value * 2 * MIB)])
    with refused(
        "OTSParameterInvalid",
        "The length of attribute column: 'a' exceeds the MaxLength:2097152 "
        "with CurrentLength:2097153.",
    ):
        put(client, "k", [("a", value * (2 * MIB + 1))])


def test_names(client: OTSClient) -> None:
    """Names of columns and tables have 255 bytes."""
    make_table(client, "t" * 255, key=[("k" * 255, "STRING")])
    make_table(client)
    put(client, "k", [("c" * 255, 1)])
    long = "n" * 256
    with refused("OTSParameterInvalid", f"Invalid column name: '{long}'."):
        put(client, "k", [(long, 1)])
    with refused("OTSParameterInvalid", f"Invalid column name: '{long}'."):
        make_table(client, "u", key=[(long, "STRING")])
    with refused("OTSParameterInvalid", f"Invalid table name: '{long}'."):
        make_table(client, long)


def test_key_columns(client: OTSClient) -> None:
    """A primary key has 1 to 4 columns."""
    key = [(f"k{number}", "STRING") for number in range(5)]
    make_table(client, "one", key=key[:1])
    make_table(client, "four", key=key[:4])
    for wrong in ([], key):
        with refused(
            "OTSParameterInvalid", "The number of primary key columns must be in range: [1, 4]."
        ):
            make_table(client, "none", key=wrong)
