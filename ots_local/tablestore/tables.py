"""Tables and their rows in SQLite: sortable keys and opaque row bytes in and out, nothing refused.

A row is its sortable key, the size of its data and its bytes. One SQLite table holds one table, so
that a deleted table leaves nothing behind. With a file, what is committed survives the death of
the process: SQLite writes to the log before it answers, and the system keeps what was written.
(It may not survive the death of the machine: that would cost an fsync a write.)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

StoredRow = tuple[bytes, int, bytes]  # sortable key, size of the data in bytes, row
_MANY = 500
_APPLICATION = 0x4F545331  # "OTS1", in the file's header


class Tables:
    """All tables of one instance."""

    def __init__(self, path: Path | None) -> None:
        """Open or make the file; None keeps everything in memory.

        Raises:
            sqlite3.Error: the file is something else, or another process has it.
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
        """Take the file for this process alone, if it is one of ours or new."""
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        (kind,) = self._db.execute("PRAGMA application_id").fetchone()
        (parts,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if parts and kind != _APPLICATION:
            raise sqlite3.DatabaseError(f"{path} is a database of something else")
        self._db.execute(f"PRAGMA application_id = {_APPLICATION}")
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
    def together(self) -> Iterator[None]:
        """Make what is written inside durable all at once, or not at all when it raises."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def definitions(self) -> list[tuple[int, str]]:
        """List every table's number and definition, by name."""
        return self._db.execute("SELECT id, definition FROM definitions ORDER BY name").fetchall()

    def create(self, name: str, definition: str) -> int:
        """Make an empty table; returns its number."""
        with self.together():
            made = self._db.execute(
                "INSERT INTO definitions (name, definition) VALUES (?, ?)", (name, definition)
            )
            number = int(made.lastrowid or 0)
            self._db.execute(
                f"CREATE TABLE rows_{number}"
                " (key BLOB PRIMARY KEY, size INTEGER, row BLOB) WITHOUT ROWID"
            )
        return number

    def redefine(self, table: int, definition: str) -> None:
        """Change a table's definition."""
        self._db.execute("UPDATE definitions SET definition = ? WHERE id = ?", (definition, table))

    def drop(self, table: int) -> None:
        """Delete a table with its rows."""
        with self.together():
            self._db.execute("DELETE FROM definitions WHERE id = ?", (table,))
            self._db.execute(f"DROP TABLE rows_{table}")

    def next_number(self, table: int, at_least: int) -> int:
        """Draw the next number for a table's auto-increment column."""
        found = self._db.execute(
            "UPDATE definitions SET counter = max(counter + 1, ?) WHERE id = ? RETURNING counter",
            (at_least, table),
        ).fetchone()
        return int(found[0])

    def get(self, table: int, keys: list[bytes]) -> dict[bytes, StoredRow]:
        """Read rows by key; keys without a row are left out."""
        found: dict[bytes, StoredRow] = {}
        for start in range(0, len(keys), _MANY):
            some = keys[start : start + _MANY]
            marks = ",".join("?" * len(some))
            rows = self._db.execute(
                f"SELECT key, size, row FROM rows_{table} WHERE key IN ({marks})",  # noqa: S608
                some,
            )
            found.update((row[0], row) for row in rows)
        return found

    def put(self, table: int, rows: list[StoredRow]) -> None:
        """Write rows, over those that have the same keys."""
        self._db.executemany(
            f"INSERT OR REPLACE INTO rows_{table} (key, size, row) VALUES (?, ?, ?)",  # noqa: S608
            rows,
        )

    def delete(self, table: int, keys: list[bytes]) -> None:
        """Delete rows by key."""
        self._db.executemany(
            f"DELETE FROM rows_{table} WHERE key = ?",  # noqa: S608
            [(key,) for key in keys],
        )

    def scan(
        self, table: int, first: bytes, last: bytes, backward: bool = False
    ) -> Iterator[StoredRow]:
        """Read rows in key order: first <= key < last, or last >= key > first backwards.

        Backwards, `first` is the upper border, which is included.
        """
        where, order = (
            ("key <= ? AND key > ?", "DESC") if backward else ("key >= ? AND key < ?", "")
        )
        return iter(
            self._db.execute(
                f"SELECT key, size, row FROM rows_{table}"  # noqa: S608
                f" WHERE {where} ORDER BY key {order}",
                (first, last),
            )
        )
