"""Test that the state file keeps a migration's progress, for one load at a time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ots_sync.errors import ConfigurationError
from ots_tools.migration_rules import LoadStep, VerifyRun
from ots_tools.state_file import Cursor, LoadCounts, MigrationId, StateFile

MIGRATION = MigrationId(
    "arn:aws:dynamodb:us-east-1:1:table/Source", "local/target", "0123456789abcdef"
)
STEP = LoadStep("scan", "", False, None, 100.0, 100.0)


def test_stored_progress_survives_a_kill(tmp_path: Path) -> None:
    """The file is not closed before it is read, as after a kill."""
    state = StateFile(tmp_path / "state", MIGRATION)
    step_id = state.begin_step(STEP, ["0/2", "1/2"])
    state.advance(step_id, "0/2", Cursor("here", False), LoadCounts(5, 1, 0), 101.0)
    state.advance(step_id, "0/2", Cursor("", True), LoadCounts(2, 0, 1), 103.0)
    state.advance(step_id, "1/2", Cursor("there", False), LoadCounts(1, 0, 0), 102.0)
    with StateFile(tmp_path / "state", MIGRATION) as again:
        assert again.history() == [replace(STEP, last_write_s=103.0)]
        assert again.step_id(0) == step_id
        assert again.parts(step_id) == {"0/2": Cursor("", True), "1/2": Cursor("there", False)}
        assert again.counts(step_id) == LoadCounts(8, 1, 1)
        again.mark_mapping_enabled(step_id)
        again.end_step(step_id, 104.0)
        assert again.history() == [
            replace(STEP, last_write_s=103.0, ended_s=104.0, mapping_was_enabled=True)
        ]
    state.close()


def test_verify_runs_and_repairs_are_stored(tmp_path: Path) -> None:
    run = VerifyRun(200.0, 2, True, False, None)
    with StateFile(tmp_path / "state", MIGRATION) as state:
        state.add_verify_run(run, "one")
        state.add_verify_run(replace(run, differences=0, mapping_enabled=True), "two")
        state.mark_repaired("one")
        assert state.verify_runs() == [
            replace(run, repaired=True),
            replace(run, differences=0, mapping_enabled=True),
        ]


def test_second_load_is_rejected_but_a_reader_is_not(tmp_path: Path) -> None:
    path = tmp_path / "state"
    with StateFile(path, MIGRATION, exclusive=True):
        StateFile(path, MIGRATION).close()
        with pytest.raises(ConfigurationError, match="Another process is using"):
            StateFile(path, MIGRATION, exclusive=True)
    StateFile(path, MIGRATION, exclusive=True).close()


@pytest.mark.parametrize(
    ("other", "output"),
    [
        ({"source": "arn:other"}, "its source is arn:aws"),
        ({"target": "local/other"}, "its target is local/target"),
        ({"fingerprint": "fedcba"}, "its fingerprint is 0123456789abcdef.*COLUMN_TYPES"),
    ],
)
def test_state_file_of_another_migration_is_rejected(
    tmp_path: Path, other: dict[str, str], output: str
) -> None:
    StateFile(tmp_path / "state", MIGRATION).close()
    with pytest.raises(ConfigurationError, match=output):
        StateFile(tmp_path / "state", MIGRATION._replace(**other))


def test_file_that_is_not_a_state_file_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("something else that is no database at all")
    with pytest.raises(ConfigurationError, match="is not a state file"):
        StateFile(tmp_path / "state", MIGRATION)
    with pytest.raises(ConfigurationError, match="cannot be written"):
        StateFile(tmp_path / "nowhere" / "state", MIGRATION, exclusive=True)


def test_unreadable_state_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="/nowhere/s cannot be opened: No such"):
        StateFile(tmp_path / "nowhere" / "s", MIGRATION)


def test_state_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    """It contains keys."""
    with StateFile(tmp_path / "state", MIGRATION):
        assert (tmp_path / "state").stat().st_mode & 0o777 == 0o600
