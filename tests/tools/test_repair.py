"""Repair tells what became of each key, without showing it."""

from __future__ import annotations

import json
from typing import Any

from tests.support.builders import KEY_LIST, item
from tests.tools.stage import Stage

ITEMS = [item("somebody", number, v={"N": "1"}) for number in range(3)]


def key(one: dict[str, Any]) -> str:
    return json.dumps({name: one[name] for name in KEY_LIST})


def test_keys_that_are_all_refused_alike_are_each_told(stage: Stage) -> None:
    """For a batch of the stream it would be the configuration; here it is nothing new."""
    stage.put(*ITEMS)
    stage.store.faults.add("request_error", apis=["BatchWriteRow"], codes=["OTSParameterInvalid"])
    words = [word for one in ITEMS for word in ("--key", key(one))]
    said = stage.run("repair", *words, code=1).output
    for number in (1, 2, 3):
        assert f"--key {number}: rejected: OTSParameterInvalid" in said
    assert "somebody" not in said
    stage.store.faults.clear()
    stage.run("repair", *words)
    assert stage.wrong() == []


def test_key_of_a_report_is_told_by_its_line(stage: Stage) -> None:
    bad = item("long " * 250, 1)  # 1,250 bytes: no key of Table Store's
    stage.put(ITEMS[0], bad)
    stage.run("verify", "--settle", "0", code=1)
    path = stage.home / "report.json"
    said = stage.run("repair", str(path), code=1).output
    number = int(said.partition(", line ")[2].partition(":")[0])
    assert ": rejected: KeyLength" in " ".join(said.split())
    assert json.loads(path.read_text().splitlines()[number - 1].rstrip(","))["key"] == bad


def test_fault_of_the_configuration_ends_repair(stage: Stage) -> None:
    stage.put(*ITEMS)
    stage.store.faults.add("request_error", apis=["BatchWriteRow"], codes=["OTSAuthFailed"])
    words = [word for one in ITEMS for word in ("--key", key(one))]
    assert "OTSAuthFailed" in stage.run("repair", *words, code=2).output
