"""Apply a write to the cells of a row.

The cells of a row are sorted by column name, and within a column by timestamp, newest first.
"""

from __future__ import annotations

from ots_local.tablestore.errors import invalid_parameter
from ots_local.tablestore.model import DELETE_ALL, DELETE_ONE, INCREMENT, Cell
from ots_local.tablestore.storage.values import INTEGER, decode_integer, encode_integer

_NO_VERSION = 1 << 63


def put_cells(cells: list[Cell], now: int, versions: int) -> list[Cell]:
    """Return the cells of a row after a PutRow; `now` (milliseconds) is the default timestamp.

    Of two cells with the same column and timestamp the last one wins. If each column occurs once,
    cells without a timestamp are returned without one.
    """
    if len({cell[0] for cell in cells}) == len(cells):
        return sorted(cells)
    found: dict[tuple[bytes, int], bytes | None] = {}
    for name, value, timestamp, _ in cells:
        found[name, -(now if timestamp is None else timestamp)] = value
    return _newest(found, versions)


def update_cells(
    old: list[Cell] | None, changes: list[Cell], now: int, versions: int
) -> list[Cell] | None:
    """Return the cells of a row after an UpdateRow; None if the row does not exist afterwards.

    Raises:
        ServiceError: OTSParameterInvalid, when an increment meets a value that is not an integer,
            or the sum exceeds 64 bits.
    """
    if old is None and all(cell.operation in (DELETE_ALL, DELETE_ONE) for cell in changes):
        return None
    found = {(name, -(stamp or 0)): value for name, value, stamp, _ in old or ()}
    for name, value, timestamp, operation in changes:
        at = now if timestamp is None else timestamp
        if operation == DELETE_ALL:
            for version in [version for version in found if version[0] == name]:
                del found[version]
        elif operation == DELETE_ONE:
            found.pop((name, -at), None)
        elif operation == INCREMENT:
            assert value is not None
            latest = min(
                (version[1] for version in found if version[0] == name), default=_NO_VERSION
            )
            # The sum must be the newest version, even if the old value's timestamp is after now.
            when = latest if timestamp is None and latest < -now else -at
            found[name, when] = _sum(name, found.get((name, latest)), value)
        else:
            found[name, -at] = value
    return _newest(found, versions)


def newest(cells: list[Cell], versions: int | None) -> list[Cell]:
    """Return the newest versions of each column; None returns all."""
    if versions is None:
        return cells
    result: list[Cell] = []
    column, count = None, 0
    for cell in cells:
        name = cell[0]
        count = count + 1 if name == column else 1
        column = name
        if count <= versions:
            result.append(cell)
    return result


def _newest(found: dict[tuple[bytes, int], bytes | None], versions: int) -> list[Cell]:
    """Return the newest versions as cells; one pass, because every update takes this path."""
    cells: list[Cell] = []
    column, count = None, 0
    for version in sorted(found):
        name = version[0]
        count = count + 1 if name == column else 1
        column = name
        if count <= versions:
            cells.append(Cell(name, found[version], -version[1]))
    return cells


def _sum(name: bytes, old: bytes | None, added: bytes) -> bytes:
    if old is not None and old[0] != INTEGER:
        raise invalid_parameter(f"The value of column: '{name.decode()}' is not an integer.")
    total = (0 if old is None else decode_integer(old)) + decode_integer(added)
    if not -(2**63) <= total < 2**63:
        raise invalid_parameter(
            f"The value of column: '{name.decode()}' overflows when incremented."
        )
    return encode_integer(total)
