"""One body over every implementation of the writer's `Send` port.

The store in memory, the official SDK's native encoder and its Python one, the two latter talking to
the local Table Store: the same writes leave the same rows, and body_bytes is never too small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ots_local.tablestore import TableStore
from ots_sync import store
from ots_sync.errors import StoreError
from ots_sync.measure import Column
from ots_sync.writer import Send
from ots_sync.writes import RowWrite
from tests.attributes import COLUMN_VALUES
from tests.builders import configuration, write
from tests.doors import create_table
from tests.fakes import MemoryStore, Rows

KINDS = ["memory", "native", "python"]
_tables = count(1)


class Side(NamedTuple):
    """A table to write: the port, what stands in it, and the SDK's client if there is one."""

    send: Send
    rows: Callable[[], Rows]
    client: Any = None


@pytest.fixture(scope="module")
def loose() -> Iterator[TableStore]:
    """A local Table Store that takes any column name, as COLUMN_NAMES=verbatim hopes for."""
    with TableStore(column_names=True) as running:
        yield running


def side(kind: str, running: TableStore) -> Side:
    """An empty table of this kind."""
    if kind == "memory":
        memory = MemoryStore()
        return Side(memory.send, lambda: memory.rows)
    name = f"port_{next(_tables)}"
    settings = configuration(**create_table(running, name))
    client = store.connect(settings, enable_native=kind == "native")
    assert kind == "python" or client.enable_native == store.is_native()
    return Side(
        lambda rows: store.batch_write_row(client, name, rows), lambda: running.rows(name), client
    )


@pytest.fixture(params=KINDS)
def table(request: pytest.FixtureRequest, loose: TableStore) -> Side:
    return side(request.param, loose)


ODD: list[Column] = [
    ("text", "a\x00日😀"),
    ("empty", ""),
    ("binary", bytearray(range(256))),
    ("empty_binary", bytearray()),
    ("integer_first", -(2**63)),
    ("integer_last", 2**63 - 1),
    ("double", -1e-130),
    ("yes", True),
    ("no", False),
    ("日本 name", 1),
    ("é" * 127, "long name outside ASCII"),
    ("n" * 255, 2.5),
]
PLAIN = {name: bytes(v) if isinstance(v, bytearray) else v for name, v in ODD}


def test_put_writes_every_type_and_takes_away_what_stood_there(table: Side) -> None:
    assert list(table.send([write(columns=[("stale", 1)])])) == [None]
    assert list(table.send([write(columns=ODD)])) == [None]
    (found,) = table.rows().values()
    assert found == PLAIN
    assert {name: type(value) for name, value in found.items()} == {
        name: type(value) for name, value in PLAIN.items()
    }


def test_update_puts_deletes_and_leaves_the_rest(table: Side) -> None:
    table.send([write(columns=[*ODD, ("left", 1)])])
    gone = [name for name, _ in ODD if name != "text"]
    update = write("update", columns=[("text", "new"), ("日本 more", 1)], deleted=gone)
    assert list(table.send([update])) == [None]
    assert table.rows() == {("user", 1): {"left": 1, "text": "new", "日本 more": 1}}


def test_update_of_deletes_alone_makes_no_row_and_keeps_one(table: Side) -> None:
    gone = write("update", deleted=["a", "d" * 200, "日" * 80])
    assert list(table.send([gone])) == [None]
    assert table.rows() == {}
    table.send([write(columns=[("a", 1)])])
    assert list(table.send([gone])) == [None]
    assert table.rows() == {("user", 1): {}}


def test_update_makes_a_missing_row_and_delete_of_one_succeeds(table: Side) -> None:
    writes = [write("update", action_time=1, columns=[("a", 1)]), write("delete", action_time=2)]
    assert list(table.send(writes)) == [None, None]
    assert table.rows() == {("user", 1): {"a": 1}}


def test_put_only_if_absent_leaves_what_stands_and_says_so(table: Side) -> None:
    table.send([write(action_time=1, columns=[("a", 1)])])
    writes = [write(action_time=n, columns=[("a", 2)]) for n in (1, 2)]
    answers = table.send([one._replace(only_if_absent=True) for one in writes])
    assert [answer and answer.code for answer in answers] == ["OTSConditionCheckFail", None]
    assert table.rows() == {("user", 1): {"a": 1}, ("user", 2): {"a": 2}}


def test_bare_row_stands(table: Side) -> None:
    table.send([write()])
    assert table.rows() == {("user", 1): {}}
    table.send([write("delete")])
    assert table.rows() == {}


def test_kinds_mixed_in_one_call(table: Side) -> None:
    table.send([write(action_time=number, columns=[("a", number)]) for number in range(200)])
    writes = [
        write(
            ("put", "update", "delete")[n % 3],
            action_time=n,
            columns=[("b", n)] if n % 3 < 2 else (),
        )
        for n in range(200)
    ]
    assert list(table.send(writes)) == [None] * 200
    assert table.rows() == {
        ("user", n): {"b": n} if n % 3 == 0 else {"a": n, "b": n} for n in range(200) if n % 3 < 2
    }


REFUSED = {
    "nothing": [],
    "key-twice": [write(), write("delete")],
    "201-rows": [write(action_time=number) for number in range(201)],
    "over-4-mib": [write(action_time=n, columns=[("a", "x" * 2_097_152)]) for n in range(2)],
    "update-of-nothing": [write("update")],
    "1025-columns": [write()._replace(columns=[(f"c{number}", number) for number in range(1025)])],
}


@pytest.mark.parametrize("writes", REFUSED.values(), ids=REFUSED)
def test_call_over_a_limit_is_refused_whole(writes: list[RowWrite], table: Side) -> None:
    """The reason that batches are made as they are."""
    with pytest.raises(StoreError) as refused:
        table.send([*writes[:1], *writes[1:]])
    assert refused.value.code == "OTSParameterInvalid"
    assert table.rows() == {}


NAMES = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="#\x00"), min_size=1, max_size=8),
    st.sampled_from(["a", "n" * 255, "é" * 127, "日" * 85, "😀" * 63]),
).filter(lambda name: name not in ("user_id", "action_time"))
CELLS = st.dictionaries(NAMES, COLUMN_VALUES, max_size=12)
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["put", "update", "update", "delete"]),
        st.text(st.characters(codec="utf-8"), max_size=6),
        st.integers(-(2**63), 2**63 - 1),
        CELLS,
        st.sets(NAMES, max_size=12),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda change: change[1:3],
)


def writes_of(changes: Sequence[Any]) -> list[RowWrite]:
    """Writes as rows makes them: never an update without columns, no column put and deleted."""
    made = []
    for kind, user, time, cells, gone in changes:
        if kind == "delete":
            made.append(write(kind, user, time))
        elif kind == "put" or not cells:
            made.append(write("put", user, time, list(cells.items())))
        else:
            made.append(write(kind, user, time, list(cells.items()), sorted(gone - set(cells))))
    return made


MANY_BOOLEANS = ("update", "u", 1, {f"{n:x}": True for n in range(1000)}, {"a" * 255})
MANY_DELETES = ("update", "u", 1, {"a": 1}, {f"{n:x}" * 20 for n in range(500)})


@pytest.fixture(scope="module")
def sides(loose: TableStore) -> list[Side]:
    return [side(kind, loose) for kind in KINDS]


@given(CHANGES)
@example([MANY_BOOLEANS])
@example([MANY_DELETES])
@example([("delete", "u" * 1024, -1, {}, set())])
def test_any_writes_leave_the_same_rows_and_fit_their_bound(
    sides: list[Side], changes: list[Any]
) -> None:
    """What either encoder of the SDK gets wrong is never handed to it; and the body that goes over
    the wire is never larger than body_bytes says, the table's name and the framing aside.
    """
    writes = writes_of(changes)
    for each in sides:
        assert list(each.send(writes)) == [None] * len(writes)
        if each.client is not None:
            assert body_bytes(each.client, writes) <= sum(w.body_bytes for w in writes) + 512
    memory, *others = (each.rows() for each in sides)
    assert all(typed(other) == typed(memory) for other in others)


def typed(rows: Rows) -> Any:
    """Rows with the types of their values: 2, 2.0 and True are not the same."""
    return {
        key: {name: (type(value), value) for name, value in columns.items()}
        for key, columns in rows.items()
    }


def body_bytes(client: Any, writes: Sequence[RowWrite]) -> int:
    """The size of the body that the SDK would send."""
    native = client.enable_native and store.is_native()
    request = store.BatchWriteRowRequest()
    items = [store._item(write, native) for write in writes]
    request.add(store.TableInBatchWriteRowItem("t", items))
    body = client.protocol.encoder.encode_request("BatchWriteRow", request).SerializeToString()
    return len(body)
