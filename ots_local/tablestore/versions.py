"""What a row becomes when it is written: its cells and a change in, its new cells out.

A row's cells are kept by column name, and within a column newest first. Refuses increments of what
is no integer or leaves 64 bits.
"""

from __future__ import annotations

from ots_local.tablestore.errors import invalid
from ots_local.tablestore.rows import DELETE_ALL, DELETE_ONE, INCREMENT, Cell
from ots_local.tablestore.values import INTEGER, encode_integer, integer

_ANY = 1 << 63


def put(cells: list[Cell], now: int, versions: int) -> list[Cell]:
    """Make the cells of a row that is put; `now` (milliseconds) dates what has no timestamp.

    Of two cells of one column and one timestamp the last one stays. Cells without a timestamp may
    come back as they are when each column stands once.
    """
    if len({cell[0] for cell in cells}) == len(cells):
        return sorted(cells)
    found: dict[tuple[bytes, int], bytes | None] = {}
    for name, value, timestamp, _ in cells:
        found[name, -(now if timestamp is None else timestamp)] = value
    return _newest(found, versions)


def update(
    old: list[Cell] | None, changes: list[Cell], now: int, versions: int
) -> list[Cell] | None:
    """Make the cells of a row that is updated; None when there is no row and none comes to be."""
    if old is None and all(cell.operation in (DELETE_ALL, DELETE_ONE) for cell in changes):
        return None
    found = {(name, -(stamp or 0)): value for name, value, stamp, _ in old or ()}
    for name, value, timestamp, operation in changes:
        at = now if timestamp is None else timestamp
        if operation == DELETE_ALL:
            for place in [place for place in found if place[0] == name]:
                del found[place]
        elif operation == DELETE_ONE:
            found.pop((name, -at), None)
        elif operation == INCREMENT:
            assert value is not None
            latest = min((place[1] for place in found if place[0] == name), default=_ANY)
            # An addition must become the version that is read, whatever the clock says.
            when = latest if timestamp is None and latest < -now else -at
            found[name, when] = _sum(name, found.get((name, latest)), value)
        else:
            found[name, -at] = value
    return _newest(found, versions)


def _newest(found: dict[tuple[bytes, int], bytes | None], versions: int) -> list[Cell]:
    cells: list[Cell] = []
    column, count = None, 0
    for place in sorted(found):
        name = place[0]
        count = count + 1 if name == column else 1
        column = name
        if count <= versions:
            cells.append(Cell(name, found[place], -place[1]))
    return cells


def _sum(name: bytes, old: bytes | None, added: bytes) -> bytes:
    if old is not None and old[0] != INTEGER:
        raise invalid(f"The value of column: '{name.decode()}' is not an integer.")
    total = (0 if old is None else integer(old)) + integer(added)
    if not -(2**63) <= total < 2**63:
        raise invalid(f"The value of column: '{name.decode()}' overflows when incremented.")
    return encode_integer(total)
