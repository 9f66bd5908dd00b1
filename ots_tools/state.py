"""The state file of one migration: what was loaded, how far, and what verify found; in SQLite.

One file a migration; one load at a time. Refuses the file of another table, target or shape, for
the same item would make another row.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, NamedTuple

from ots_sync.errors import ConfigurationError
from ots_tools.orders import Check, Step

if TYPE_CHECKING:
    from typing_extensions import Self

VERSION = 2
_TABLES = """
create table owner (version integer, source text, target text, fingerprint text);
create table step (id integer primary key, kind text, name text, live integer, from_s real,
    to_s real, began_s real, ended_s real, last_write_s real, overlapped integer,
    onto_rows integer, parts integer, rows integer, present integer, refused integer);
create table part (step integer, name text, cursor text, done integer, primary key (step, name));
create table verify (id integer primary key, began_s real, differences integer, whole integer,
    repaired integer, mapping_enabled integer, report text);
"""
_STEP = "kind, name, live, from_s, to_s, began_s, ended_s, last_write_s, overlapped, onto_rows"


class Owner(NamedTuple):
    """Whose state it is: the source table, the target as instance/table, the settings' shape."""

    source: str
    target: str
    fingerprint: str


class Cursor(NamedTuple):
    """How far a part of a step is done; `at` means what its reader says."""

    at: str
    done: bool


class Counts(NamedTuple):
    """Of a step: rows put or deleted, rows that were there already, items refused."""

    rows: int
    present: int
    refused: int


class State:
    """An open state file. With `alone`, no other process can load by it at the same time."""

    def __init__(self, path: Path, owner: Owner, *, alone: bool = False) -> None:
        self._lock: IO[str] | None = _locked(path) if alone else None
        self._db = _opened(path)
        try:
            self._own(path, owner)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file and lets others write it."""
        self._db.close()
        if self._lock is not None:
            self._lock.close()

    def history(self) -> list[Step]:
        """The steps in the order in which they began."""
        rows = self._db.execute(f"select {_STEP} from step order by id")  # noqa: S608 - ours
        return [
            Step(kind, name, bool(live), start, to, began, ended, wrote, bool(over), bool(onto))
            for kind, name, live, start, to, began, ended, wrote, over, onto in rows
        ]

    def begin(self, step: Step, parts: Sequence[str]) -> int:
        """Notes a new step and its parts, before anything of it is written; its number."""
        with self._db:
            self._db.execute("begin")
            number = self._db.execute(
                "insert into step (kind, name, live, from_s, to_s, began_s, overlapped, onto_rows,"
                " parts, rows, present, refused) values (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0)",
                (*astuple(step)[:6], step.overlapped, step.onto_rows, len(parts)),
            ).lastrowid
            self._db.executemany(
                "insert into part values (?, ?, '', 0)", [(number, part) for part in parts]
            )
        assert number is not None
        return number

    def number(self, position: int) -> int:
        """The number of the step at a position of `history`."""
        return int(
            self._db.execute(
                "select id from step order by id limit 1 offset ?", (position,)
            ).fetchone()[0]
        )

    def parts(self, number: int) -> Mapping[str, Cursor]:
        """The parts of a step, each with how far it is done."""
        rows = self._db.execute(
            "select name, cursor, done from part where step = ? order by rowid", (number,)
        )
        return {name: Cursor(at, bool(done)) for name, at, done in rows}

    def counts(self, number: int) -> Counts:
        """What the step has written so far, over all its runs."""
        row = self._db.execute(
            "select rows, present, refused from step where id = ?", (number,)
        ).fetchone()
        return Counts(*row)

    def move(self, number: int, part: str, cursor: Cursor, counts: Counts, now_s: float) -> None:
        """Notes that a part is done up to the cursor, after its rows were acknowledged."""
        with self._db:
            self._db.execute("begin")
            self._db.execute(
                "update part set cursor = ?, done = ? where step = ? and name = ?",
                (cursor.at, cursor.done, number, part),
            )
            self._db.execute(
                "update step set rows = rows + ?, present = present + ?, refused = refused + ?,"
                " last_write_s = max(ifnull(last_write_s, 0), ?) where id = ?",
                (*counts, now_s, number),
            )

    def overlap(self, number: int) -> None:
        """Notes that the mapping may have been enabled while the step overwrote rows."""
        self._db.execute("update step set overlapped = 1 where id = ?", (number,))

    def end(self, number: int, now_s: float) -> None:
        """Notes that the step is done whole."""
        self._db.execute("update step set ended_s = ? where id = ?", (now_s, number))

    def checks(self) -> list[Check]:
        """The verifies in their order."""
        rows = self._db.execute(
            "select began_s, differences, whole, repaired, mapping_enabled from verify order by id"
        )
        return [
            Check(began, found, bool(whole), bool(repaired), None if seen is None else bool(seen))
            for began, found, whole, repaired, seen in rows
        ]

    def verified(self, check: Check, report: str) -> None:
        """Notes a verify; `report` identifies what it found."""
        self._db.execute(
            "insert into verify (began_s, differences, whole, repaired, mapping_enabled, report)"
            " values (?, ?, ?, ?, ?, ?)",
            (*astuple(check), report),
        )

    def repaired(self, report: str) -> None:
        """Notes that every difference of a report was settled."""
        self._db.execute("update verify set repaired = 1 where report = ?", (report,))

    def _own(self, path: Path, owner: Owner) -> None:
        try:
            self._db.execute("pragma journal_mode = wal")
            tables = self._db.execute("select count(*) from sqlite_master").fetchone()[0]
            if not tables:
                self._db.executescript("begin;" + _TABLES + "commit;")
                self._db.execute("insert into owner values (?, ?, ?, ?)", (VERSION, *owner))
            version, *found = self._db.execute("select * from owner").fetchone()
        except (sqlite3.DatabaseError, TypeError, ValueError):
            raise ConfigurationError(f"{path} is no state file of ots-sync.") from None
        if version != VERSION:
            raise ConfigurationError(f"{path} was written by another version of ots-sync.")
        for name, ours, theirs in zip(Owner._fields, owner, found, strict=True):
            if ours != theirs:
                settings = ", or take the load's own PRIMARY_KEY, COLUMN_NAMES and COLUMN_TYPES"
                raise ConfigurationError(
                    f"{path} belongs to another migration: its {name} is {theirs}, this one's is "
                    f"{ours}. Name another --state file{settings * (name == 'fingerprint')}."
                )


def _opened(path: Path) -> sqlite3.Connection:
    """The file's database; it holds keys, so a new file is made for its owner alone."""
    try:
        if not path.exists():
            path.touch(mode=0o600)
        return sqlite3.connect(path, isolation_level=None, timeout=30)
    except (OSError, sqlite3.Error) as error:
        raise ConfigurationError(f"--state {path} cannot be opened: {error.args[-1]}.") from None


def _locked(path: Path) -> IO[str]:
    try:
        lock = path.with_name(path.name + ".lock").open("w")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise ConfigurationError(f"Another process is using {path}; wait until it ends.") from None
    return lock
