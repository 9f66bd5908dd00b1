"""Test the migration demo in a process of its own."""

from __future__ import annotations

import re

import pytest

from ots_local.dynamodb import DynamoDB
from tests.support.run_local import OTHER_SETTINGS, run_local


@pytest.mark.timeout(600)
def test_demo_migration_ends_ready_to_switch(dynamodb: DynamoDB) -> None:
    """With a running DynamoDB, in which it deletes its table."""
    before = dynamodb.tables.list_tables()["TableNames"]
    arguments = ("demo-migration", "--items", "800", "--dynamodb", dynamodb.endpoint)
    done = run_local(*arguments, environ=OTHER_SETTINGS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert re.search(r"Killed \(SIGKILL\) when \d+ items were loaded", done.stdout)
    assert re.findall(r"local/target: (\w+)", done.stdout) == ["equal", "different", "equal"]
    assert re.search(r"different +│ 1 ", done.stdout)
    assert re.search(r"extra +│ 1 ", done.stdout)
    assert "ready to switch" in done.stdout
    assert dynamodb.tables.list_tables()["TableNames"] == before


@pytest.mark.parametrize("endpoint", ["aws", "http://10.0.0.1:8000", "nonsense"])
def test_demo_migration_rejects_another_machine(endpoint: str) -> None:
    done = run_local("demo-migration", "--dynamodb", endpoint)
    assert done.returncode == 2
    assert "is not on this machine" in " ".join(done.stderr.replace("│", " ").split())
