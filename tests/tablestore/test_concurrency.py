"""Many clients at once: rows are whole, no update is lost, and what collides is told so."""

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
from tests.tablestore.clients import batch, client_of, get, make_table, put, put_item

CLIENTS = 32
KEY = [("id", "k")]
CONFLICT = "OTSRowOperationConflict: Data is being modified by the other request."


def at_once(store: TableStore, work: object, count: int = CLIENTS) -> list[object]:
    """Do work with so many clients at once; each gets its client and number."""
    begin = threading.Barrier(count)

    def run(number: int) -> object:
        client = client_of(store)
        begin.wait()
        return work(client, number)  # type: ignore[operator]

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_no_increment_is_lost(store: TableStore, sdk: OTSClient) -> None:
    """32 clients that count together count everything."""
    make_table(sdk)

    def work(client: OTSClient, _: int) -> None:
        for _ in range(5):
            client.update_row("t", Row(KEY, {"increment": [("n", 1)]}), Condition("IGNORE"))

    at_once(store, work)
    assert get(sdk, "k") == {"n": CLIENTS * 5}
    assert store.counters()["max_in_flight"] <= CLIENTS


def test_one_of_many_creates(store: TableStore, sdk: OTSClient) -> None:
    """Of 32 clients that expect a row to be missing, one makes it."""
    make_table(sdk)

    def work(client: OTSClient, number: int) -> bool:
        try:
            client.put_row("t", Row(KEY, [("by", number)]), Condition("EXPECT_NOT_EXIST"))
        except OTSServiceError:
            return False
        return True

    assert Counter(at_once(store, work)) == {True: 1, False: CLIENTS - 1}


def test_newer_wins(store: TableStore, sdk: OTSClient) -> None:
    """32 clients that each write only over what is older leave the newest."""
    make_table(sdk)

    def work(client: OTSClient, number: int) -> None:
        older = SingleColumnCondition("v", number, ComparatorType.LESS_THAN, True)
        with suppress(OTSServiceError):
            client.put_row("t", Row(KEY, [("v", number)]), Condition("IGNORE", older))

    at_once(store, work)
    assert get(sdk, "k") == {"v": CLIENTS - 1}
    assert set(store.counters()["refused"]) <= {"OTSConditionCheckFail"}


def test_rows_are_whole(store: TableStore, sdk: OTSClient) -> None:
    """A row is always one client's, never a mixture."""
    make_table(sdk)
    put(sdk, "k", [(f"c{column}", -1) for column in range(20)])

    def work(client: OTSClient, number: int) -> set[int]:
        client.batch_write_row(batch(put_item("k", [(f"c{c}", number) for c in range(20)])))
        return set((get(client, "k") or {}).values())

    for seen in at_once(store, work):
        assert len(seen) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("single", [True, False], ids=["single", "batch"])
def test_conflicts(store: TableStore, sdk: OTSClient, single: bool) -> None:
    """A row that another request has in hand is refused, in a batch alone; the others are not."""
    make_table(sdk)
    store.faults.add("latency", seconds=0.3)
    change = Row(KEY, {"put": [("a", 1)]})

    def work(client: OTSClient, number: int) -> str | None:
        if single:
            try:
                client.update_row("t", change, Condition("IGNORE"))
            except OTSServiceError as refusal:
                return f"{refusal.code}: {refusal.message}"
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


def test_no_conflicts_loosely() -> None:
    """With the flag, requests for one row are all carried out."""
    with TableStore(no_conflicts=True) as store:
        make_table(client_of(store))
        store.faults.add("latency", seconds=0.05)
        at_once(store, lambda client, number: put(client, "k", [("a", number)]), 8)
        assert store.counters()["rows_written"] == {"PutRow": 8}
