"""Test both encoders of the SDK with generated writes: same rows, and a bound on the body size.

Each encoder handles some input incorrectly; `client.py` never passes such input to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tablestore import BatchWriteRowRequest, TableInBatchWriteRowItem

from ots_local.tablestore import TableStore
from ots_sync import client as ots_client
from ots_sync.model import RowWrite
from tests.support.attribute_values import COLUMN_VALUES
from tests.support.builders import write
from tests.support.fakes import with_types
from tests.support.send_ports import IMPLEMENTATIONS, TargetTable, empty_table


@pytest.fixture(scope="module")
def lenient_store() -> Iterator[TableStore]:
    """Run a local Table Store that accepts any column name, as COLUMN_NAMES=verbatim requires."""
    with TableStore(any_column_names=True) as store:
        yield store


NAMES = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="#\x00"), min_size=1, max_size=8),
    st.sampled_from(["a", "n" * 255, "é" * 127, "日" * 85, "😀" * 63]),
).filter(lambda name: name not in ("user_id", "action_time"))
CELLS = st.dictionaries(NAMES, COLUMN_VALUES, max_size=12)
GENERATED_WRITES = st.lists(
    st.tuples(
        st.sampled_from(["put", "update", "update", "delete"]),
        st.text(st.characters(codec="utf-8"), max_size=6),
        st.integers(-(2**63), 2**63 - 1),
        CELLS,
        st.sets(NAMES, max_size=12),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda generated: generated[1:3],
)


def to_writes(generated: Sequence[Any]) -> list[RowWrite]:
    """Return writes as `rows.py` builds them.

    No update is without columns, and no column is both put and deleted.
    """
    writes = []
    for kind, user, time, cells, deleted in generated:
        if kind == "delete":
            writes.append(write(kind, user, time))
        elif kind == "put" or not cells:
            writes.append(write("put", user, time, list(cells.items())))
        else:
            writes.append(
                write(kind, user, time, list(cells.items()), sorted(deleted - set(cells)))
            )
    return writes


MANY_BOOLEANS = ("update", "u", 1, {f"{n:x}": True for n in range(1000)}, {"a" * 255})
MANY_DELETES = ("update", "u", 1, {"a": 1}, {f"{n:x}" * 20 for n in range(500)})


@pytest.fixture(scope="module")
def tables(lenient_store: TableStore) -> list[TargetTable]:
    return [empty_table(name, lenient_store) for name in IMPLEMENTATIONS]


@given(GENERATED_WRITES)
@example([MANY_BOOLEANS])
@example([MANY_DELETES])
@example([("delete", "u" * 1024, -1, {}, set())])
def test_all_encoders_write_the_same_rows_within_the_body_bound(
    tables: list[TargetTable], generated: list[Any]
) -> None:
    """512 bytes are allowed for the table's name and the framing."""
    writes = to_writes(generated)
    for table in tables:
        assert list(table.send(writes)) == [None] * len(writes)
        if table.client is not None:
            assert body_size(table.client, writes) <= sum(w.body_bytes for w in writes) + 512
    memory, *others = (table.rows() for table in tables)
    assert all(with_types(other) == with_types(memory) for other in others)


def body_size(client: Any, writes: Sequence[RowWrite]) -> int:
    """Return the size of the body that the SDK would send."""
    native = client.enable_native and ots_client.has_native_encoder()
    request = BatchWriteRowRequest()
    items = [ots_client._item(write, native) for write in writes]
    request.add(TableInBatchWriteRowItem("t", items))
    body = client.protocol.encoder.encode_request("BatchWriteRow", request).SerializeToString()
    return len(body)
