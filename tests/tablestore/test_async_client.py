"""The asyncio client of the SDK."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from tablestore import (
    INF_MAX,
    INF_MIN,
    AsyncOTSClient,
    CapacityUnit,
    Condition,
    OTSServiceError,
    ReservedThroughput,
    Row,
    TableMeta,
    TableOptions,
)

from ots_local.tablestore import TableStore
from tests.tablestore.support.clients import batch, put_item

KEY = [("id", "k")]


async def call_operations(store: TableStore, native: bool) -> dict[str, Any]:
    """Call the operations once; return the results."""
    found: dict[str, Any] = {}
    async with AsyncOTSClient(
        store.endpoint,
        store.access_key_id,
        store.access_key_secret,
        store.instance,
        enable_native=native,
        native_fallback=False,
    ) as client:
        meta = TableMeta("t", [("id", "STRING")])
        await client.create_table(meta, TableOptions(), ReservedThroughput(CapacityUnit(0, 0)))
        await client.put_row("t", Row(KEY, [("a", 1)]), Condition("IGNORE"))
        await client.update_row("t", Row(KEY, {"put": [("b", "é")]}), Condition("IGNORE"))
        _, row, _ = await client.get_row("t", KEY)
        found["row"] = [column[:2] for column in row.attribute_columns]
        many = [client.batch_write_row(batch(put_item(f"k{n}"))) for n in range(20)]
        responses = await asyncio.gather(*many)
        found["batches"] = all(response.is_all_succeed() for response in responses)
        _, _, rows, _ = await client.get_range("t", "FORWARD", [("id", INF_MIN)], [("id", INF_MAX)])
        found["rows"] = len(rows)
        with pytest.raises(OTSServiceError, match="does not exist"):
            await client.describe_table("missing")
        store.faults.add("drop_before", times=1)
        with pytest.raises(aiohttp.ClientError):
            await client.delete_row("t", Row(KEY), Condition("IGNORE"))
        await client.delete_table("t")
        found["tables"] = await client.list_table()
    return found


@pytest.mark.parametrize("native", [True, False], ids=["native", "python"])
def test_asyncio_client_works_like_the_synchronous_one(store: TableStore, native: bool) -> None:
    """Tables, rows, batches, ranges, errors and dropped connections."""
    assert asyncio.run(call_operations(store, native)) == {
        "row": [("a", 1), ("b", "é")],
        "batches": True,
        "rows": 21,
        "tables": (),
    }
