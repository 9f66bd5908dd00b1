"""Options that several commands share: what is refused before a command begins, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ots_tools.__main__ import COMMANDS
from tests.support.builders import item
from tests.tools.stage import Stage

STOPPED = "Stopped. What is done is done; run the same command again."
NUMBERS = [
    ("backfill", "--rate-read"),
    ("backfill", "--rate-write"),
    ("verify", "--rate-read"),
    ("verify", "--rate-target"),
    ("verify", "--sample"),
    ("verify", "--settle"),
    ("watch", "--interval"),
    ("watch", "--lag"),
]


def command(name: str) -> click.Command:
    module, attribute = COMMANDS[name]
    found = getattr(import_module(module), attribute)
    assert isinstance(found, click.Command)
    return found


def test_each_float_option_is_in_the_table() -> None:
    """A new one has to be refused what is not finite, too."""
    found = [
        (name, option.opts[0])
        for name in sorted(COMMANDS)
        for option in command(name).params
        if isinstance(option.type, click.types.FloatParamType)
    ]
    assert sorted(found) == NUMBERS


@pytest.mark.parametrize(("name", "option"), NUMBERS)
@pytest.mark.parametrize("value", ["nan", "-nan", "inf", "-inf", "1e999"])
def test_number_that_is_not_finite_is_refused(name: str, option: str, value: str) -> None:
    """No comparison holds of nan, so it would be within every range."""
    result = CliRunner().invoke(command(name), [f"{option}={value}"])
    assert result.exit_code == 2
    assert f"'{option}': {value} is not a finite number" in " ".join(result.output.split())


@pytest.mark.parametrize(("name", "option"), NUMBERS)
def test_finite_number_is_taken(name: str, option: str) -> None:
    """1 is within each range; the command ends for want of the settings or the table."""
    result = CliRunner().invoke(command(name), [f"{option}=1"])
    assert option not in result.output


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_tells_each_exit_code(name: str) -> None:
    said = " ".join(CliRunner().invoke(command(name), ["--help"]).output.split())
    assert re.search("Exit code: .*0 .+, 1 .+, 2 ", said), said


def test_ctrl_c_is_no_difference(stage: Stage) -> None:
    """Exit code 1 says that the tables differ: who stopped a command does not know."""
    stage.put(item("a", 1))
    process = stage.start("verify", "--settle", "600")
    assert process.stdout is not None
    while "looking at them again" not in (line := process.stdout.readline()):
        assert line, "it ended"
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate()
    assert process.returncode == 2
    assert said.splitlines()[-1].startswith("Stopped.")
    assert "Aborted" not in said
    assert not list(stage.home.glob("ots-verify-*"))


def test_ctrl_c_while_both_tables_are_read(stage: Stage) -> None:
    stage.put(item("a", 1))
    stage.store.faults.add("request_error", apis=["GetRange"])  # tried again, for minutes
    process = stage.start("verify")
    while not stage.store.counters()["faults"]:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate()
    assert process.returncode == 2, said
    assert said.splitlines()[-1].startswith("Stopped.")


@pytest.mark.parametrize("name", ["doctor", "redrive", "repair", "watch"])
def test_ctrl_c_ends_each_command_with_2(name: str, tmp_path: Path) -> None:
    """A pipe as the settings' file tells when the command is at work, and keeps it there."""
    pipe = tmp_path / "settings"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [sys.executable, "-m", "ots_tools", name, "--settings", str(pipe)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with pipe.open("w"):
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate()
    assert (process.returncode, said.splitlines()[-1:]) == (2, [STOPPED])
