"""Store the progress of one migration in a SQLite file: load steps, their parts, verify runs.

There is one file per migration, and one load at a time uses it. A file of another source, target
or row format is rejected.
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
from ots_tools.migration_rules import LoadStep, VerifyRun

if TYPE_CHECKING:
    from typing_extensions import Self

VERSION = 3
_TABLES = """
create table migration (version integer, source text, target text, fingerprint text);
create table step (id integer primary key, kind text, name text, live integer, from_s real,
    to_s real, started_s real, ended_s real, last_write_s real, mapping_was_enabled integer,
    target_not_empty integer, parts integer, rows integer, already_present integer,
    rejected integer);
create table part (step integer, name text, position text, done integer, primary key (step, name));
create table verify (id integer primary key, started_s real, differences integer,
    complete integer, repaired integer, mapping_enabled integer, report text);
"""
_STEP = (
    "kind, name, live, from_s, to_s, started_s, ended_s, last_write_s, mapping_was_enabled,"
    " target_not_empty"
)


class MigrationId(NamedTuple):
    """What identifies a migration: the source table's ARN, the target as instance/table, and the
    fingerprint of the settings.
    """

    source: str
    target: str
    fingerprint: str


class Cursor(NamedTuple):
    """How much of a part is done; the source that reads the part defines `position`."""

    position: str
    done: bool


class LoadCounts(NamedTuple):
    """Rows put or deleted, rows that were already present, and rejected items."""

    rows: int
    already_present: int
    rejected: int


class StateFile:
    """An open state file. With `exclusive`, no other process can open it for a load."""

    def __init__(self, path: Path, migration: MigrationId, *, exclusive: bool = False) -> None:
        self._lock: IO[str] | None = _lock(path) if exclusive else None
        self._db = _connect(path)
        try:
            self._initialize(path, migration)
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
        """Close the file and release the lock."""
        self._db.close()
        if self._lock is not None:
            self._lock.close()

    def history(self) -> list[LoadStep]:
        """Return the steps in the order in which they began."""
        found = self._db.execute(f"select {_STEP} from step order by id")  # noqa: S608 - a constant
        return [
            LoadStep(kind, name, bool(live), start, to, began, ended, wrote, bool(on), bool(rows))
            for kind, name, live, start, to, began, ended, wrote, on, rows in found
        ]

    def begin_step(self, step: LoadStep, parts: Sequence[str]) -> int:
        """Store a new step and its parts, before its first write; return its id."""
        with self._db:
            self._db.execute("begin")
            step_id = self._db.execute(
                "insert into step (kind, name, live, from_s, to_s, started_s, mapping_was_enabled,"
                " target_not_empty, parts, rows, already_present, rejected)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0)",
                (*astuple(step)[:6], step.mapping_was_enabled, step.target_not_empty, len(parts)),
            ).lastrowid
            self._db.executemany(
                "insert into part values (?, ?, '', 0)", [(step_id, part) for part in parts]
            )
        assert step_id is not None
        return step_id

    def step_id(self, position: int) -> int:
        """Return the id of the step at a position of `history`."""
        return int(
            self._db.execute(
                "select id from step order by id limit 1 offset ?", (position,)
            ).fetchone()[0]
        )

    def parts(self, step_id: int) -> Mapping[str, Cursor]:
        """Return the parts of a step, each with its progress."""
        rows = self._db.execute(
            "select name, position, done from part where step = ? order by rowid", (step_id,)
        )
        return {name: Cursor(position, bool(done)) for name, position, done in rows}

    def counts(self, step_id: int) -> LoadCounts:
        """Return the counts of a step over all of its runs."""
        row = self._db.execute(
            "select rows, already_present, rejected from step where id = ?", (step_id,)
        ).fetchone()
        return LoadCounts(*row)

    def advance(
        self, step_id: int, part: str, cursor: Cursor, counts: LoadCounts, now_s: float
    ) -> None:
        """Store a part's new cursor, after the rows before it were acknowledged."""
        with self._db:
            self._db.execute("begin")
            self._db.execute(
                "update part set position = ?, done = ? where step = ? and name = ?",
                (cursor.position, cursor.done, step_id, part),
            )
            self._db.execute(
                "update step set rows = rows + ?, already_present = already_present + ?,"
                " rejected = rejected + ?, last_write_s = max(ifnull(last_write_s, 0), ?)"
                " where id = ?",
                (*counts, now_s, step_id),
            )

    def mark_mapping_enabled(self, step_id: int) -> None:
        """Store that the mapping may have been enabled while the step overwrote rows."""
        self._db.execute("update step set mapping_was_enabled = 1 where id = ?", (step_id,))

    def end_step(self, step_id: int, now_s: float) -> None:
        """Store that the step is complete."""
        self._db.execute("update step set ended_s = ? where id = ?", (now_s, step_id))

    def verify_runs(self) -> list[VerifyRun]:
        """Return the verify runs in order."""
        rows = self._db.execute(
            "select started_s, differences, complete, repaired, mapping_enabled from verify"
            " order by id"
        )
        return [
            VerifyRun(
                started_s,
                differences,
                bool(complete),
                bool(repaired),
                None if enabled is None else bool(enabled),
            )
            for started_s, differences, complete, repaired, enabled in rows
        ]

    def add_verify_run(self, run: VerifyRun, report_id: str) -> None:
        """Store a verify run with the id of its report."""
        self._db.execute(
            "insert into verify (started_s, differences, complete, repaired, mapping_enabled,"
            " report) values (?, ?, ?, ?, ?, ?)",
            (*astuple(run), report_id),
        )

    def mark_repaired(self, report_id: str) -> None:
        """Store that every difference of a report was repaired."""
        self._db.execute("update verify set repaired = 1 where report = ?", (report_id,))

    def _initialize(self, path: Path, migration: MigrationId) -> None:
        try:
            self._db.execute("pragma journal_mode = wal")
            tables = self._db.execute("select count(*) from sqlite_master").fetchone()[0]
            if not tables:
                self._db.executescript("begin;" + _TABLES + "commit;")
                self._db.execute("insert into migration values (?, ?, ?, ?)", (VERSION, *migration))
            version, *found = self._db.execute("select * from migration").fetchone()
        except (sqlite3.DatabaseError, TypeError, ValueError):
            raise ConfigurationError(f"{path} is not a state file of ots-sync.") from None
        if version != VERSION:
            raise ConfigurationError(f"{path} was written by another version of ots-sync.")
        for name, expected, actual in zip(MigrationId._fields, migration, found, strict=True):
            if expected != actual:
                settings = ", or use the PRIMARY_KEY, COLUMN_NAMES and COLUMN_TYPES of that load"
                raise ConfigurationError(
                    f"{path} belongs to another migration: its {name} is {actual}, but the "
                    f"{name} here is {expected}. Use another --state file"
                    f"{settings * (name == 'fingerprint')}."
                )


def _connect(path: Path) -> sqlite3.Connection:
    """Open the database. A new file is private to its owner, because it will contain keys."""
    try:
        if not path.exists():
            path.touch(mode=0o600)
        return sqlite3.connect(path, isolation_level=None, timeout=30)
    except (OSError, sqlite3.Error) as error:
        raise ConfigurationError(f"--state {path} cannot be opened: {error.args[-1]}.") from None


def _lock(path: Path) -> IO[str]:
    try:
        lock = path.with_name(path.name + ".lock").open("w")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise ConfigurationError(
            f"Another process is using {path}. Wait until it has ended."
        ) from None
    return lock
