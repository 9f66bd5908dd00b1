"""The command says how to use what it serves, and what it cannot serve."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from ots_local.__main__ import main
from ots_local.tablestore import TableStore
from tests.tablestore.clients import client_of


def run(*arguments: str) -> tuple[int, str]:
    """Run the command to its end."""
    result = CliRunner().invoke(main, ["tablestore", *arguments])
    return result.exit_code, result.output


def test_help() -> None:
    """Every option is explained."""
    code, text = run("--help")
    assert code == 0
    for option in ("--port", "--data", "--instance", "--loose", "--duplicate-rows", "--seed"):
        assert option in text


def test_port_that_is_taken() -> None:
    """A port that is taken is named."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, text = run("--port", str(port))
        assert (code, f"cannot listen on port {port}" in text) == (1, True)
        with pytest.raises(OSError, match="address already in use"), TableStore(port):
            pass


def test_file_that_is_no_database(tmp_path: Path) -> None:
    """A file that is something else is left as it is."""
    data = tmp_path / "notes.txt"
    data.write_text("not a database, only some notes that somebody wants to keep")
    code, text = run("--data", str(data))
    assert (code, "cannot use" in text) == (1, True)
    assert data.read_text().startswith("not a database")


def test_file_of_something_else(tmp_path: Path) -> None:
    """A database of another program is left as it is."""
    data = tmp_path / "notes.sqlite"
    with closing(sqlite3.connect(data)) as other:
        other.execute("CREATE TABLE notes (text)")
    before = data.read_bytes()
    code, text = run("--data", str(data))
    assert (code, "is a database of something else" in text) == (1, True)
    assert data.read_bytes() == before


def test_file_that_is_in_use(tmp_path: Path) -> None:
    """A file serves one store at a time."""
    data = tmp_path / "store.sqlite"
    with TableStore(data=data):
        code, text = run("--data", str(data))
    assert (code, "another process has it" in text) == (1, True)


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_port_that_cannot_be(port: str) -> None:
    """A number that no port has is refused as an option."""
    code, text = run("--port", port)
    assert (code, "0<=x<=65535" in text) == (2, True)


@pytest.mark.parametrize(
    ("name", "fits"),
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
def test_names_of_instances(name: str, fits: bool) -> None:
    """An instance's name has 3 to 16 letters, digits and hyphens."""
    if fits:
        with TableStore(instance=name) as store:
            assert client_of(store).list_table() == ()
        return
    with pytest.raises(ValueError, match="invalid instance name"):
        TableStore(instance=name)
    code, text = run("--instance", name)
    assert (code, "invalid instance name" in text) == (2, True)


def test_environment() -> None:
    """A store names the variables by which a program finds it."""
    with TableStore(instance="mine", sts_token="token") as store:
        assert store.environ() == {
            "OTS_ENDPOINT": store.endpoint,
            "OTS_ID": store.access_key_id,
            "OTS_SECRET": store.access_key_secret,
            "OTS_INSTANCE": "mine",
            "OTS_STS_TOKEN": "token",
        }


def test_readings_that_are_unknown() -> None:
    """A flag that does not exist is refused at once."""
    with pytest.raises(TypeError, match="unexpected keyword"):
        TableStore(anything=True)


def test_many_at_once() -> None:
    """Several stores run side by side, each for itself."""
    with TableStore() as one, TableStore() as other:
        assert one.endpoint != other.endpoint
        assert client_of(one).list_table() == client_of(other).list_table() == ()
