"""Any writes through every implementation of the port leave the same rows; body_bytes is a bound.

The SDK has two encoders, and each gets something wrong; what that is, is never handed to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ots_local.tablestore import TableStore
from ots_sync import client as ots_client
from ots_sync.model import RowWrite
from tests.support.attribute_values import COLUMN_VALUES
from tests.support.builders import write
from tests.support.fakes import typed
from tests.support.send_ports import KINDS, Side, side


@pytest.fixture(scope="module")
def loose() -> Iterator[TableStore]:
    """A local Table Store that takes any column name, as COLUMN_NAMES=verbatim hopes for."""
    with TableStore(any_column_names=True) as running:
        yield running


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


def body_bytes(client: Any, writes: Sequence[RowWrite]) -> int:
    """The size of the body that the SDK would send."""
    native = client.enable_native and ots_client.has_native_encoder()
    request = ots_client.BatchWriteRowRequest()
    items = [ots_client._item(write, native) for write in writes]
    request.add(ots_client.TableInBatchWriteRowItem("t", items))
    body = client.protocol.encoder.encode_request("BatchWriteRow", request).SerializeToString()
    return len(body)
