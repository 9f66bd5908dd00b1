"""Store tables and rows in SQLite.

A stored row consists of its sortable key, the size of its data and its PlainBuffer bytes. Each
table has a SQLite table of its own. With a file, committed data survives the death of the process:
SQLite writes to the log before the emulator responds, and the operating system keeps what was
written. It may not survive a power failure, because that would need an fsync per write.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

StoredRow = tuple[bytes, int, bytes]  # sortable key, size of the data in bytes, PlainBuffer
_KEYS_PER_QUERY = 500
_APPLICATION_ID = 0x4F545331  # "OTS1", in the header of the file


class Database:
    """All tables of one instance."""

    def __init__(self, path: Path | None) -> None:
        """Open or create the file; None keeps everything in memory.

        Raises:
            sqlite3.Error: the file is not a database of the emulator, or another process uses it.
        """
        self._db = sqlite3.connect(
            ":memory:" if path is None else path,
            timeout=0.2,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            self._prepare(path)
        except sqlite3.Error:
            self._db.close()
            raise

    def _prepare(self, path: Path | None) -> None:
        """Lock the file for this process, check that it is the emulator's, and configure it."""
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        (application_id,) = self._db.execute("PRAGMA application_id").fetchone()
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and application_id != _APPLICATION_ID:
            raise sqlite3.DatabaseError(f"{path} is a database of another program")
        self._db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA cache_size = -65536")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS definitions"
            " (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, definition TEXT,"
            " counter INTEGER NOT NULL DEFAULT 0)"
        )

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything written inside at once; roll it back if the block raises."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def definitions(self) -> list[tuple[int, str]]:
        """Return the ID and the definition of every table, sorted by name."""
        return self._db.execute("SELECT id, definition FROM definitions ORDER BY name").fetchall()

    def create_table(self, name: str, definition: str) -> int:
        """Create an empty table; return its ID."""
        with self.transaction():
            inserted = self._db.execute(
                "INSERT INTO definitions (name, definition) VALUES (?, ?)", (name, definition)
            )
            table_id = int(inserted.lastrowid or 0)
            self._db.execute(
                f"CREATE TABLE rows_{table_id}"
                " (key BLOB PRIMARY KEY, size INTEGER, row BLOB) WITHOUT ROWID"
            )
        return table_id

    def update_definition(self, table_id: int, definition: str) -> None:
        """Replace the definition of a table."""
        self._db.execute(
            "UPDATE definitions SET definition = ? WHERE id = ?", (definition, table_id)
        )

    def drop_table(self, table_id: int) -> None:
        """Delete a table with its rows."""
        with self.transaction():
            self._db.execute("DELETE FROM definitions WHERE id = ?", (table_id,))
            self._db.execute(f"DROP TABLE rows_{table_id}")

    def next_auto_increment(self, table_id: int) -> int:
        """Return the next number of a table's auto-increment column, starting at 1."""
        found = self._db.execute(
            "UPDATE definitions SET counter = counter + 1 WHERE id = ? RETURNING counter",
            (table_id,),
        ).fetchone()
        return int(found[0])

    def get_rows(self, table_id: int, keys: list[bytes]) -> dict[bytes, StoredRow]:
        """Read rows by key; the result omits keys without a row."""
        found: dict[bytes, StoredRow] = {}
        for start in range(0, len(keys), _KEYS_PER_QUERY):
            some = keys[start : start + _KEYS_PER_QUERY]
            marks = ",".join("?" * len(some))
            rows = self._db.execute(
                f"SELECT key, size, row FROM rows_{table_id} WHERE key IN ({marks})",  # noqa: S608
                some,
            )
            found.update((row[0], row) for row in rows)
        return found

    def put_rows(self, table_id: int, rows: list[StoredRow]) -> None:
        """Write rows; replace those with the same keys."""
        self._db.executemany(
            f"INSERT OR REPLACE INTO rows_{table_id} (key, size, row) VALUES (?, ?, ?)",  # noqa: S608
            rows,
        )

    def delete_rows(self, table_id: int, keys: list[bytes]) -> None:
        """Delete rows by key."""
        self._db.executemany(
            f"DELETE FROM rows_{table_id} WHERE key = ?",  # noqa: S608
            [(key,) for key in keys],
        )

    def scan(
        self, table_id: int, start: bytes, end: bytes, backward: bool = False
    ) -> Iterator[StoredRow]:
        """Read rows in key order, from `start` (inclusive) to `end` (exclusive).

        With `backward`, the order is descending and `start` is the upper bound.
        """
        where, order = (
            ("key <= ? AND key > ?", "DESC") if backward else ("key >= ? AND key < ?", "")
        )
        return iter(
            self._db.execute(
                f"SELECT key, size, row FROM rows_{table_id}"  # noqa: S608
                f" WHERE {where} ORDER BY key {order}",
                (start, end),
            )
        )
