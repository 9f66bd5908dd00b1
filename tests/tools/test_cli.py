"""Test what all commands share: options that are rejected, help, exit codes, Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import time
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ots_tools.__main__ import COMMANDS
from tests.support.builders import item
from tests.tools.support.migration_environment import MigrationEnvironment, start_command

STOPPED = "Stopped. Completed work is kept. To continue, run the same command again."
NUMBERS = [
    ("backfill", "--rate-read"),
    ("backfill", "--rate-write"),
    ("verify", "--rate-read"),
    ("verify", "--rate-target"),
    ("verify", "--recheck-after"),
    ("verify", "--sample"),
    ("watch", "--interval"),
    ("watch", "--max-lag"),
]


def command(name: str) -> click.Command:
    module, attribute = COMMANDS[name]
    found = getattr(import_module(module), attribute)
    assert isinstance(found, click.Command)
    return found


def test_table_lists_every_float_option() -> None:
    """A new option must reject numbers that are not finite, too."""
    found = [
        (name, option.opts[0])
        for name in sorted(COMMANDS)
        for option in command(name).params
        if isinstance(option.type, click.types.FloatParamType)
    ]
    assert sorted(found) == NUMBERS


@pytest.mark.parametrize(("name", "option"), NUMBERS)
@pytest.mark.parametrize("value", ["nan", "-nan", "inf", "-inf", "1e999"])
def test_number_that_is_not_finite_is_rejected(name: str, option: str, value: str) -> None:
    """No comparison with nan holds, so nan would be in every range."""
    result = CliRunner().invoke(command(name), [f"{option}={value}"])
    assert result.exit_code == 2
    assert f"'{option}': {value} is not a finite number" in " ".join(result.output.split())


@pytest.mark.parametrize(("name", "option"), NUMBERS)
def test_finite_number_is_accepted(name: str, option: str) -> None:
    """1 is in each range; the command ends because settings or the table are missing."""
    result = CliRunner().invoke(command(name), [f"{option}=1"])
    assert option not in result.output


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_documents_each_exit_code(name: str) -> None:
    output = " ".join(CliRunner().invoke(command(name), ["--help"]).output.split())
    assert re.search("Exit code: .*0 .+, 1 .+, 2 ", output), output


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_has_a_help_text(name: str) -> None:
    options = [option for option in command(name).params if isinstance(option, click.Option)]
    assert [option.opts[0] for option in options if not option.help] == []


def test_ctrl_c_during_a_recheck_exits_with_2(env: MigrationEnvironment) -> None:
    """Exit code 1 means that the tables differ, which is not known after Ctrl-C."""
    env.put(item("a", 1))
    process = env.start("verify", "--recheck-after", "600")
    assert process.stdout is not None
    while "Checking them again" not in (line := process.stdout.readline()):
        assert line, "the command ended"
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate()
    assert process.returncode == 2
    assert output.splitlines()[-1].startswith("Stopped.")
    assert "Aborted" not in output
    assert not list(env.folder.glob("ots-verify-*"))


def test_ctrl_c_while_tables_are_read_exits_with_2(env: MigrationEnvironment) -> None:
    env.put(item("a", 1))
    env.store.faults.add("request_error", apis=["GetRange"])  # retried for minutes
    process = env.start("verify")
    while not env.store.counters()["faults"]:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate()
    assert process.returncode == 2, output
    assert output.splitlines()[-1].startswith("Stopped.")


@pytest.mark.parametrize("name", ["doctor", "redrive", "repair", "watch"])
def test_ctrl_c_exits_with_2_in_each_command(name: str, tmp_path: Path) -> None:
    """A pipe as the settings file shows when the command runs, and blocks it there."""
    pipe = tmp_path / "settings"
    os.mkfifo(pipe)
    process = start_command([name, "--settings", str(pipe)])
    with pipe.open("w"):
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate()
    assert (process.returncode, output.splitlines()[-1:]) == (2, [STOPPED])


def test_child_stops_at_ctrl_c_although_the_suite_ignores_it(tmp_path: Path) -> None:
    """A suite that runs in the background ignores SIGINT, which children inherit."""
    pipe = tmp_path / "settings"
    os.mkfifo(pipe)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = start_command(["watch", "--settings", str(pipe)])
    finally:
        signal.signal(signal.SIGINT, before)
    with pipe.open("w"):
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 2
