"""Test that repair reports the result of each key without printing the key."""

from __future__ import annotations

import json
from typing import Any

from tests.support.builders import KEY_LIST, item
from tests.tools.support.migration_environment import MigrationEnvironment

ITEMS = [item("somebody", number, v={"N": "1"}) for number in range(3)]


def key(one: dict[str, Any]) -> str:
    return json.dumps({name: one[name] for name in KEY_LIST})


def test_keys_rejected_alike_are_listed_one_by_one(env: MigrationEnvironment) -> None:
    """For a batch of the stream this would be a configuration error; here it is usual."""
    env.put(*ITEMS)
    env.store.faults.add("request_error", apis=["BatchWriteRow"], codes=["OTSParameterInvalid"])
    arguments = [argument for one in ITEMS for argument in ("--key", key(one))]
    output = env.run("repair", *arguments, code=1).output
    for number in (1, 2, 3):
        assert f"--key {number}: rejected: OTSParameterInvalid" in output
    assert "somebody" not in output
    env.store.faults.clear()
    env.run("repair", *arguments)
    assert env.wrong_rows() == []


def test_key_of_a_report_is_listed_by_its_line(env: MigrationEnvironment) -> None:
    invalid = item("long " * 250, 1)  # 1,250 bytes are too long for a key of Table Store
    env.put(ITEMS[0], invalid)
    env.run("verify", "--recheck-after", "0", code=1)
    path = env.folder / "report.json"
    output = env.run("repair", str(path), code=1).output
    number = int(output.partition(", line ")[2].partition(":")[0])
    assert ": rejected: KeyLength" in " ".join(output.split())
    assert json.loads(path.read_text().splitlines()[number - 1].rstrip(","))["key"] == invalid


def test_configuration_error_ends_repair(env: MigrationEnvironment) -> None:
    env.put(*ITEMS)
    env.store.faults.add("request_error", apis=["BatchWriteRow"], codes=["OTSAuthFailed"])
    arguments = [argument for one in ITEMS for argument in ("--key", key(one))]
    assert "OTSAuthFailed" in env.run("repair", *arguments, code=2).output
