"""The state file keeps how far a migration is, for one load at a time and for its owner only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ots_sync.errors import ConfigurationError
from ots_tools.orders import Check, Step
from ots_tools.state import Counts, Cursor, Owner, State

OWNER = Owner("arn:aws:dynamodb:us-east-1:1:table/Source", "local/target", "0123456789abcdef")
STEP = Step("scan", "", False, None, 100.0, 100.0)


def test_what_was_noted_is_there_after_a_kill(tmp_path: Path) -> None:
    """Nothing is closed here: a killed process closes nothing either."""
    state = State(tmp_path / "state", OWNER)
    number = state.begin(STEP, ["0/2", "1/2"])
    state.move(number, "0/2", Cursor("here", False), Counts(5, 1, 0), 101.0)
    state.move(number, "0/2", Cursor("", True), Counts(2, 0, 1), 103.0)
    state.move(number, "1/2", Cursor("there", False), Counts(1, 0, 0), 102.0)
    with State(tmp_path / "state", OWNER) as again:
        assert again.history() == [replace(STEP, last_write_s=103.0)]
        assert again.number(0) == number
        assert again.parts(number) == {"0/2": Cursor("", True), "1/2": Cursor("there", False)}
        assert again.counts(number) == Counts(8, 1, 1)
        again.overlap(number)
        again.end(number, 104.0)
        assert again.history() == [
            replace(STEP, last_write_s=103.0, ended_s=104.0, overlapped=True)
        ]
    state.close()


def test_verifies_and_their_repair(tmp_path: Path) -> None:
    check = Check(200.0, 2, True, False, None)
    with State(tmp_path / "state", OWNER) as state:
        state.verified(check, "one")
        state.verified(replace(check, differences=0, mapping_enabled=True), "two")
        state.repaired("one")
        assert state.checks() == [
            replace(check, repaired=True),
            replace(check, differences=0, mapping_enabled=True),
        ]


def test_second_load_is_refused_and_a_reader_is_not(tmp_path: Path) -> None:
    path = tmp_path / "state"
    with State(path, OWNER, alone=True):
        State(path, OWNER).close()
        with pytest.raises(ConfigurationError, match="Another process is using"):
            State(path, OWNER, alone=True)
    State(path, OWNER, alone=True).close()


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"source": "arn:other"}, "its source is arn:aws"),
        ({"target": "local/other"}, "its target is local/target"),
        ({"fingerprint": "fedcba"}, "its fingerprint is 0123456789abcdef.*COLUMN_TYPES"),
    ],
)
def test_state_of_another_migration_is_refused(
    tmp_path: Path, other: dict[str, str], said: str
) -> None:
    State(tmp_path / "state", OWNER).close()
    with pytest.raises(ConfigurationError, match=said):
        State(tmp_path / "state", OWNER._replace(**other))


def test_file_that_is_no_state_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("something else that is no database at all")
    with pytest.raises(ConfigurationError, match="no state file"):
        State(tmp_path / "state", OWNER)
    with pytest.raises(ConfigurationError, match="cannot be written"):
        State(tmp_path / "nowhere" / "state", OWNER, alone=True)


def test_state_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="/nowhere/s cannot be opened: No such"):
        State(tmp_path / "nowhere" / "s", OWNER)


def test_state_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """It holds keys."""
    with State(tmp_path / "state", OWNER):
        assert (tmp_path / "state").stat().st_mode & 0o777 == 0o600
