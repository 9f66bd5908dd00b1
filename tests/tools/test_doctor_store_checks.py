"""Test the checks of Table Store, each with a correct target and with a wrong one."""

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
from ots_tools.doctor.findings import Status
from tests.tools.support.doctor import KEYS, UNREACHABLE, doctor_context, environ, message, status


def create(store: TableStore, *keys: tuple[Any, ...], **options: Any) -> None:
    """Create the target table with these keys, or the correct ones."""
    client = OTSClient(store.endpoint, store.access_key_id, store.access_key_secret, store.instance)
    client.create_table(
        TableMeta("target", list(keys or KEYS.items())),
        TableOptions(**options),
        ReservedThroughput(CapacityUnit(0, 0)),
    )


def forbid(store: TableStore, *apis: str) -> None:
    """Reject requests as RAM does if a policy does not allow them."""
    store.faults.add("request_error", apis=apis, codes=["OTSNoPermissionAccess"])


CHECKS = (
    "endpoint",
    "clock",
    "access key",
    "target table",
    "target key",
    "table options",
)


@pytest.mark.parametrize("name", CHECKS)
def test_correct_target_is_ok(name: str, table_store: TableStore) -> None:
    create(table_store)
    assert status(name, doctor_context(environ(table_store))) is Status.OK


@pytest.mark.parametrize(
    ("name", "settings", "text"),
    [
        ("endpoint", {"OTS_ENDPOINT": UNREACHABLE}, "accepts no connection"),
        ("access key", {"OTS_ID": "unknown"}, "Check OTS_ID"),
        ("access key", {"OTS_SECRET": "wrong-one"}, "does not belong to OTS_ID"),
        ("access key", {"OTS_INSTANCE": "another"}, "Check OTS_INSTANCE"),
        ("target table", {"TABLE_NAME": "other"}, "--create-target"),
        (
            "target key",
            {"PRIMARY_KEY": "action_time:integer,user_id:string"},
            "Correct PRIMARY_KEY",
        ),
        ("target key", {"PRIMARY_KEY": "user_id:string,action_time:string"}, "Correct PRIMARY_KEY"),
        ("target key", {"PRIMARY_KEY": "user_id:string"}, "Correct PRIMARY_KEY"),
    ],
)
def test_wrong_target_is_reported_with_advice(
    name: str, settings: dict[str, str], text: str, table_store: TableStore
) -> None:
    create(table_store)
    found = doctor_context(environ(table_store, **settings))
    assert status(name, found) is Status.ERROR
    assert text in message(name, found)


def test_https_to_an_http_endpoint_is_reported(table_store: TableStore) -> None:
    secure = table_store.endpoint.replace("http:", "https:")
    assert "TLS" in message("endpoint", doctor_context(environ(table_store, OTS_ENDPOINT=secure)))


@pytest.mark.parametrize(
    ("off_s", "expected"),
    [
        (0, Status.OK),
        (-120, Status.WARNING),
        (120, Status.WARNING),
        (1200, Status.ERROR),
        (-1200, Status.ERROR),
    ],
)
def test_clock_is_compared_with_the_clock_of_table_store(
    off_s: int, expected: Status, table_store: TableStore
) -> None:
    found = doctor_context(environ(table_store), time_s=lambda: time.time() + off_s)
    assert status("clock", found) is expected


def test_instance_without_internet_access_is_explained() -> None:
    """Every new instance rejects requests from the Internet."""
    error = TableStoreError("OTSAuthFailed", "Request denied by instance ACL policies.")
    assert "Internet" in advice.explain(error)


@pytest.mark.parametrize(("code", "part", "expected"), advice.ADVICE)
def test_advice_depends_on_code_and_message(code: str, part: str, expected: str) -> None:
    assert expected in advice.explain(TableStoreError(code, f"Before {part} after."))
    assert advice.explain(TableStoreError("OTSUnknown", part)).startswith("OTSUnknown")


@pytest.mark.parametrize(
    ("keys", "options", "expected", "text"),
    [
        ((), {"time_to_live": 86400}, Status.ERROR, "TTL"),
        ((), {"allow_update": False}, Status.ERROR, "updates"),
        ((), {"max_version": 3}, Status.WARNING, "3 versions"),
        (
            (("user_id", "STRING"), ("action_time", "INTEGER", PK_AUTO_INCR)),
            {},
            Status.ERROR,
            "generates the key action_time",
        ),
    ],
)
def test_table_options_that_lose_data_are_reported(
    keys: tuple[Any, ...],
    options: dict[str, Any],
    expected: Status,
    text: str,
    table_store: TableStore,
) -> None:
    create(table_store, *keys, **options)
    found = doctor_context(environ(table_store))
    assert status("table options", found) is expected
    assert text in message("table options", found)


def test_write_only_key_still_checks_the_target_key(
    table_store: TableStore,
) -> None:
    """Table, key order and types are checked without any permission but to write."""
    create(table_store)
    forbid(table_store, "DescribeTable", "ListTable", "GetRow")
    right = doctor_context(environ(table_store))
    assert [status(name, right) for name in ("access key", "target table", "target key")] == (
        [Status.OK] * 3
    )
    assert status("writer permissions", right) is Status.OK
    assert status("table options", right) is Status.UNKNOWN
    wrong = doctor_context(environ(table_store, PRIMARY_KEY="action_time:integer,user_id:string"))
    assert status("target key", wrong) is Status.ERROR
    assert table_store.rows("target") == {}


def test_access_key_without_write_permission_is_reported(table_store: TableStore) -> None:
    create(table_store)
    forbid(table_store, "BatchWriteRow")
    found = doctor_context(environ(table_store))
    assert status("access key", found) is Status.ERROR
    assert "docs/ram/" in message("access key", found)


def test_access_key_with_more_permissions_is_reported(table_store: TableStore) -> None:
    create(table_store)
    forbid(table_store, "DescribeTable", "ListTable")
    found = doctor_context(environ(table_store))
    assert status("writer permissions", found) is Status.WARNING
    assert "GetRow" in message("writer permissions", found)
    assert "DescribeTable" not in message("writer permissions", found)


def test_own_access_key_reads_what_the_function_may_not(table_store: TableStore) -> None:
    create(table_store)
    own = {"OTS_ID": table_store.access_key_id, "OTS_SECRET": table_store.access_key_secret}
    writer = environ(table_store, OTS_ID="not-known")
    assert status("table options", doctor_context(writer, own_environ=own)) is Status.OK
    assert status("access key", doctor_context(writer, own_environ=own)) is Status.ERROR


def test_unreachable_store_fails_only_the_endpoint_check(table_store: TableStore) -> None:
    found = doctor_context(environ(table_store, OTS_ENDPOINT=UNREACHABLE))
    assert status("endpoint", found) is Status.ERROR
    for name in ("clock", "access key", "target table", "target key", "table options"):
        assert status(name, found) is Status.UNKNOWN
    assert status("writer permissions", found) is Status.UNKNOWN


def test_checks_change_no_row(table_store: TableStore) -> None:
    create(table_store)
    found = doctor_context(environ(table_store))
    for name in (*CHECKS, "writer permissions"):
        status(name, found)
    assert table_store.rows("target") == {}
    assert table_store.counters()["requests"].get("BatchWriteRow") == 1
