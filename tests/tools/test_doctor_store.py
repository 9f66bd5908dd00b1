"""The doctor on Table Store's side: each check on a world that is right, and on one that is not."""

from __future__ import annotations

import time
from typing import Any

import pytest
from tablestore import (
    PK_AUTO_INCR,
    CapacityUnit,
    OTSClient,
    ReservedThroughput,
    TableMeta,
    TableOptions,
)

from ots_local.tablestore import TableStore
from ots_sync.errors import TableStoreError
from ots_tools.doctor import advice
from ots_tools.doctor.findings import Mark
from tests.tools.doctor_rig import KEYS, NOWHERE, environ, mark, words, world


def make(store: TableStore, *keys: tuple[Any, ...], **options: Any) -> None:
    """The target table, of these keys or the right ones."""
    client = OTSClient(store.endpoint, store.access_key_id, store.access_key_secret, store.instance)
    client.create_table(
        TableMeta("target", list(keys or KEYS.items())),
        TableOptions(**options),
        ReservedThroughput(CapacityUnit(0, 0)),
    )


def forbid(store: TableStore, *apis: str) -> None:
    """As RAM refuses what a policy does not allow."""
    store.faults.add("request_error", apis=apis, codes=["OTSNoPermissionAccess"])


RIGHT = (
    "endpoint",
    "clock",
    "access key",
    "target table",
    "target key",
    "table options",
)


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_ticked(name: str, table_store: TableStore) -> None:
    make(table_store)
    assert mark(name, world(environ(table_store))) is Mark.GOOD


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("endpoint", {"OTS_ENDPOINT": NOWHERE}, "takes no connection"),
        ("access key", {"OTS_ID": "unknown"}, "check OTS_ID"),
        ("access key", {"OTS_SECRET": "wrong-one"}, "does not belong to OTS_ID"),
        ("access key", {"OTS_INSTANCE": "another"}, "Check OTS_INSTANCE"),
        ("target table", {"TABLE_NAME": "other"}, "--create-target"),
        ("target key", {"PRIMARY_KEY": "action_time:integer,user_id:string"}, "Mend PRIMARY_KEY"),
        ("target key", {"PRIMARY_KEY": "user_id:string,action_time:string"}, "Mend PRIMARY_KEY"),
        ("target key", {"PRIMARY_KEY": "user_id:string"}, "Mend PRIMARY_KEY"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do(
    name: str, settings: dict[str, str], said: str, table_store: TableStore
) -> None:
    make(table_store)
    found = world(environ(table_store, **settings))
    assert mark(name, found) is Mark.TO_DO
    assert said in words(name, found)


def test_tls_to_a_door_without_tls_is_told(table_store: TableStore) -> None:
    secure = table_store.endpoint.replace("http:", "https:")
    assert "TLS" in words("endpoint", world(environ(table_store, OTS_ENDPOINT=secure)))


@pytest.mark.parametrize(
    ("off_s", "expected"),
    [(0, Mark.GOOD), (-120, Mark.NOTE), (120, Mark.NOTE), (1200, Mark.TO_DO), (-1200, Mark.TO_DO)],
)
def test_clock_is_compared_with_table_stores(
    off_s: int, expected: Mark, table_store: TableStore
) -> None:
    found = world(environ(table_store), wall_s=lambda: time.time() + off_s)
    assert mark("clock", found) is expected


def test_instance_that_refuses_the_internet_is_explained() -> None:
    """What each owner of a new instance meets first."""
    said = TableStoreError("OTSAuthFailed", "Request denied by instance ACL policies.")
    assert "Internet" in advice.on(said)


@pytest.mark.parametrize(("code", "part", "words_"), advice.ADVICE)
def test_advice_follows_the_code_and_words_of_the_service(
    code: str, part: str, words_: str
) -> None:
    assert words_ in advice.on(TableStoreError(code, f"Said {part} here."))
    assert advice.on(TableStoreError("OTSUnheardOf", part)).startswith("OTSUnheardOf")


@pytest.mark.parametrize(
    ("keys", "options", "expected", "said"),
    [
        ((), {"time_to_live": 86400}, Mark.TO_DO, "TTL"),
        ((), {"allow_update": False}, Mark.TO_DO, "updates"),
        ((), {"max_version": 3}, Mark.NOTE, "3 versions"),
        (
            (("user_id", "STRING"), ("action_time", "INTEGER", PK_AUTO_INCR)),
            {},
            Mark.TO_DO,
            "makes the key action_time itself",
        ),
    ],
)
def test_table_that_would_not_keep_what_is_written_is_told(
    keys: tuple[Any, ...],
    options: dict[str, Any],
    expected: Mark,
    said: str,
    table_store: TableStore,
) -> None:
    make(table_store, *keys, **options)
    found = world(environ(table_store))
    assert mark("table options", found) is expected
    assert said in words("table options", found)


def test_key_that_may_only_write_still_learns_whether_its_rows_suit(
    table_store: TableStore,
) -> None:
    """A least-privileged key needs no operator to prove table, key order and types."""
    make(table_store)
    forbid(table_store, "DescribeTable", "ListTable", "GetRow")
    right = world(environ(table_store))
    assert [mark(name, right) for name in ("access key", "target table", "target key")] == (
        [Mark.GOOD] * 3
    )
    assert mark("writer's rights", right) is Mark.GOOD
    assert mark("table options", right) is Mark.UNSEEN
    wrong = world(environ(table_store, PRIMARY_KEY="action_time:integer,user_id:string"))
    assert mark("target key", wrong) is Mark.TO_DO
    assert table_store.rows("target") == {}


def test_key_that_may_not_write_is_told(table_store: TableStore) -> None:
    make(table_store)
    forbid(table_store, "BatchWriteRow")
    found = world(environ(table_store))
    assert mark("access key", found) is Mark.TO_DO
    assert "docs/ram/" in words("access key", found)


def test_key_that_can_do_more_than_write_is_told(table_store: TableStore) -> None:
    make(table_store)
    forbid(table_store, "DescribeTable", "ListTable")
    found = world(environ(table_store))
    assert mark("writer's rights", found) is Mark.NOTE
    assert "GetRow" in words("writer's rights", found)
    assert "DescribeTable" not in words("writer's rights", found)


def test_own_access_key_looks_where_the_functions_may_not(table_store: TableStore) -> None:
    make(table_store)
    own = {"OTS_ID": table_store.access_key_id, "OTS_SECRET": table_store.access_key_secret}
    writer = environ(table_store, OTS_ID="not-known")
    assert mark("table options", world(writer, own=own)) is Mark.GOOD
    assert mark("access key", world(writer, own=own)) is Mark.TO_DO


def test_unreachable_store_makes_no_check_fail_but_the_endpoints(table_store: TableStore) -> None:
    found = world(environ(table_store, OTS_ENDPOINT=NOWHERE))
    assert mark("endpoint", found) is Mark.TO_DO
    for name in ("clock", "access key", "target table", "target key", "table options"):
        assert mark(name, found) is Mark.UNSEEN
    assert mark("writer's rights", found) is Mark.UNSEEN


def test_asking_changes_no_row(table_store: TableStore) -> None:
    make(table_store)
    found = world(environ(table_store))
    for name in (*RIGHT, "writer's rights"):
        mark(name, found)
    assert table_store.rows("target") == {}
    assert table_store.counters()["requests"].get("BatchWriteRow") == 1
