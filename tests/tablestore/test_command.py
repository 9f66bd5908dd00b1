"""The command `python -m ots_local tablestore`: options and errors."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from ots_local.__main__ import main
from ots_local.tablestore import TableStore
from ots_local.tablestore.command import tablestore
from tests.tablestore.support.clients import client_of


def run(*arguments: str) -> tuple[int, str]:
    """Run the command; return exit code and output."""
    result = CliRunner().invoke(main, ["tablestore", *arguments])
    return result.exit_code, result.output


def test_help_explains_every_option() -> None:
    code, text = run("--help")
    assert code == 0
    for option in ("--port", "--data", "--instance", "--lenient", "--duplicate-rows", "--seed"):
        assert option in text
    assert [option.name for option in tablestore.params if not getattr(option, "help", "")] == []


def test_port_in_use_is_named_in_the_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        code, text = run("--port", str(port))
        assert (code, f"cannot listen on port {port}" in text) == (1, True)
        with pytest.raises(OSError, match="address already in use"), TableStore(port):
            pass


def test_file_that_is_no_database_stays_unchanged(tmp_path: Path) -> None:
    data = tmp_path / "notes.txt"
    data.write_text("not a database, only some notes")
    code, text = run("--data", str(data))
    assert (code, "cannot use" in text) == (1, True)
    assert data.read_text().startswith("not a database")


def test_database_of_another_program_stays_unchanged(tmp_path: Path) -> None:
    data = tmp_path / "notes.sqlite"
    with closing(sqlite3.connect(data)) as other:
        other.execute("CREATE TABLE notes (text)")
    before = data.read_bytes()
    code, text = run("--data", str(data))
    assert (code, "is a database of another program" in text) == (1, True)
    assert data.read_bytes() == before


def test_data_file_serves_one_process_at_a_time(tmp_path: Path) -> None:
    data = tmp_path / "store.sqlite"
    with TableStore(data=data):
        code, text = run("--data", str(data))
    assert (code, "another process uses it" in text) == (1, True)


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_port_number_out_of_range_is_a_usage_error(port: str) -> None:
    code, text = run("--port", port)
    assert (code, "0<=x<=65535" in text) == (2, True)


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("abc", True),
        ("a23456789012345x", True),
        ("a-1", True),
        ("ab", False),
        ("a23456789012345xy", False),
        ("1abc", False),
        ("abc-", False),
        ("a_c", False),
    ],
)
def test_instance_name_has_3_to_16_letters_digits_and_hyphens(name: str, valid: bool) -> None:
    if valid:
        with TableStore(instance=name) as store:
            assert client_of(store).list_table() == ()
        return
    with pytest.raises(ValueError, match="invalid instance name"):
        TableStore(instance=name)
    code, text = run("--instance", name)
    assert (code, "invalid instance name" in text) == (2, True)
