"""Concurrent requests: rows are consistent, no update is lost, and conflicts are reported."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from tablestore import (
    ComparatorType,
    Condition,
    OTSClient,
    OTSServiceError,
    Row,
    SingleColumnCondition,
    UpdateRowItem,
)

from ots_local.tablestore import TableStore
from tests.tablestore.support.clients import batch, client_of, get, make_table, put, put_item

CLIENTS = 32
KEY = [("id", "k")]
CONFLICT = "OTSRowOperationConflict: Data is being modified by the other request."


def at_once(store: TableStore, work: object, count: int = CLIENTS) -> list[object]:
    """Call `work(client, number)` with a number of clients at once; return the results."""
    barrier = threading.Barrier(count)

    def run(number: int) -> object:
        client = client_of(store)
        barrier.wait()
        return work(client, number)  # type: ignore[operator]

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_no_concurrent_increment_is_lost(store: TableStore, sdk: OTSClient) -> None:
    make_table(sdk)

    def work(client: OTSClient, _: int) -> None:
        for _ in range(5):
            client.update_row("t", Row(KEY, {"increment": [("n", 1)]}), Condition("IGNORE"))

    at_once(store, work)
    assert get(sdk, "k") == {"n": CLIENTS * 5}
    assert store.counters()["max_in_flight"] <= CLIENTS


def test_one_of_many_clients_creates_a_row(store: TableStore, sdk: OTSClient) -> None:
    """The others fail their existence condition."""
    make_table(sdk)

    def work(client: OTSClient, number: int) -> bool:
        try:
            client.put_row("t", Row(KEY, [("by", number)]), Condition("EXPECT_NOT_EXIST"))
        except OTSServiceError:
            return False
        return True

    assert Counter(at_once(store, work)) == {True: 1, False: CLIENTS - 1}


def test_conditional_puts_leave_the_newest_version(store: TableStore, sdk: OTSClient) -> None:
    make_table(sdk)

    def work(client: OTSClient, number: int) -> None:
        older = SingleColumnCondition("v", number, ComparatorType.LESS_THAN, True)
        with suppress(OTSServiceError):
            client.put_row("t", Row(KEY, [("v", number)]), Condition("IGNORE", older))

    at_once(store, work)
    assert get(sdk, "k") == {"v": CLIENTS - 1}
    assert set(store.counters()["request_errors"]) <= {"OTSConditionCheckFail"}


def test_row_has_the_columns_of_one_write_only(store: TableStore, sdk: OTSClient) -> None:
    make_table(sdk)
    put(sdk, "k", [(f"c{column}", -1) for column in range(20)])

    def work(client: OTSClient, number: int) -> set[int]:
        client.batch_write_row(batch(put_item("k", [(f"c{c}", number) for c in range(20)])))
        return set((get(client, "k") or {}).values())

    for seen in at_once(store, work):
        assert len(seen) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("single", [True, False], ids=["single", "batch"])
def test_concurrent_write_of_a_locked_row_is_a_conflict(
    store: TableStore, sdk: OTSClient, single: bool
) -> None:
    """In a batch the other rows are written."""
    make_table(sdk)
    store.faults.add("latency", seconds=0.3)
    change = Row(KEY, {"put": [("a", 1)]})

    def work(client: OTSClient, number: int) -> str | None:
        if single:
            try:
                client.update_row("t", change, Condition("IGNORE"))
            except OTSServiceError as error:
                return f"{error.code}: {error.message}"
            return None
        own = put_item(f"own{number}")
        found = client.batch_write_row(batch(UpdateRowItem(change, Condition("IGNORE")), own))
        assert found.get_put_by_table("t")[0].is_ok
        shared = found.get_update_by_table("t")[0]
        return None if shared.is_ok else f"{shared.error_code}: {shared.error_message}"

    codes = Counter(at_once(store, work, 8))
    assert codes == {None: 1, CONFLICT: 7}
    store.faults.clear()
    assert get(sdk, "k") == {"a": 1}


def test_lenient_concurrent_writes_all_succeed() -> None:
    with TableStore(no_conflicts=True) as store:
        make_table(client_of(store))
        store.faults.add("latency", seconds=0.05)
        at_once(store, lambda client, number: put(client, "k", [("a", number)]), 8)
        assert store.counters()["rows_written"] == {"PutRow": 8}
