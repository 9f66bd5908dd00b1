"""A load by the state machine, judged by its ledger, by the lines of docs/migration.md."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ots_sync.errors import ConfigurationError
from ots_tools import ledger
from ots_tools.ledger import KEY
from tests.support.builders import item
from tests.tools.driver import drive
from tests.tools.fix_at_scale import Load
from tests.tools.fix_deployed import Deployed

PAGE = (Path(__file__).parent.parent.parent / "docs" / "migration.md").read_text("utf-8")
AT_SCALE = PAGE.partition("## At scale")[2]
LINES = re.findall(r"^    python -m ots_tools (.+)$", AT_SCALE, re.MULTILINE)


def run(load: Load, deployed: Deployed, line: str, *, code: int = 0) -> str:
    """A line of the page, over the tables, the function and the bucket of the test."""
    command, *words = shlex.split(line.replace("BUCKET", load.bucket))
    for name in ("--table", "--function"):
        del words[words.index(name) : words.index(name) + 2]  # these two are given in any case
    words = [str(load.stage.home / "report.json") if w == "verify.json" else w for w in words]
    return deployed.run(command, *words, code=code)


def test_lines_for_a_load_at_scale_end_ready(load: Load, deployed: Deployed) -> None:
    """No export tells that an item was deleted: its row is found, and settled."""
    verify, repair, watch = LINES
    verify, watch = f"{verify} --settle 0", f"{watch} --once"
    assert "nothing was loaded" in run(load, deployed, watch, code=1)
    drive(load.invoke, load.s3, load.place("full"))
    load.invoke({"action": "begin", "export": load.place("inc")})
    said = run(load, deployed, watch, code=1)
    assert "incremental export, step 2: running or stopped" in said
    drive(load.invoke, load.s3, load.place("inc"))
    load.stage.delete(item("many", 7))
    deployed.switch(True)
    deployed.tell_lag(0.0, timedelta(0))
    assert "no export tells" in run(load, deployed, watch, code=1)
    assert not (load.stage.home / "state").exists()
    run(load, deployed, verify, code=1)
    said = run(load, deployed, watch, code=1)
    assert "found 1 differences: run repair" in said
    run(load, deployed, repair)
    assert "1 differences, each settled" in run(load, deployed, watch, code=1)
    run(load, deployed, verify)
    assert "ready to switch" in run(load, deployed, watch)
    assert load.stage.wrong() == []


def test_verify_that_watch_is_not_told_of_says_so(load: Load) -> None:
    said = load.stage.run("verify", "--sample", "0.001", "--settle", "0", code=None).output
    assert "name its --ledger" in " ".join(said.split())


def test_state_with_a_load_of_its_own_is_refused_beside_a_ledger(load: Load) -> None:
    """Before anything is read; and without --ledger it is judged as ever."""
    drive(load.invoke, load.s3, load.place("full"))
    load.stage.run("backfill")
    for words in (["watch", "--once"], ["verify"]):
        said = load.stage.run(*words, "--ledger", f"s3://{load.bucket}", code=2).output
        assert "holds the scan and the ledger the full export full" in said
    assert not (load.stage.home / "report.json").exists()
    assert "scan: done" in load.stage.run("watch", "--once", code=1).output


def test_ledger_of_other_settings_is_refused_before_anything_is_read(load: Load) -> None:
    drive(load.invoke, load.s3, load.place("full"))
    others = replace(load.stage, environ={**load.stage.environ, "COLUMN_TYPES": "v:String"})
    said = others.run("verify", "--ledger", f"s3://{load.bucket}", code=2).output
    assert "belongs to another migration" in said
    assert not (load.stage.home / "state").exists()


@pytest.mark.parametrize("place", ["s3://kept", "s3://kept/", f"s3://kept/{KEY}"])
def test_ledger_is_named_by_its_bucket(place: str) -> None:
    assert ledger.bucket(place) == "kept"


@pytest.mark.parametrize("place", ["", "kept", "s3://", "https://kept", "s3://kept/other", "/kept"])
def test_place_that_is_no_ledger_is_told(place: str) -> None:
    with pytest.raises(ConfigurationError, match="BackfillLedger"):
        ledger.bucket(place)


@pytest.mark.parametrize(
    "body",
    [b"\xff", b"[]", b"{}", b'{"owner": 1}', b'{"owner": OWNER, "steps": 1}']
    + [b'{"owner": OWNER, "steps": [%s]}' % step for step in (b"1", b"{}", b'{"other": 1}')],
)
def test_object_that_is_no_ledger_is_refused_by_name(load: Load, body: bytes) -> None:
    load.invoke({"action": "begin", "export": load.place("full")})
    kept = load.s3.get_object(Bucket=load.bucket, Key=KEY)["Body"].read()
    owner = json.dumps(json.loads(kept)["owner"]).encode()
    load.s3.put_object(Bucket=load.bucket, Key=KEY, Body=body.replace(b"OWNER", owner))
    place = f"s3://{load.bucket}"
    said = load.stage.run("watch", "--once", "--ledger", place, code=2).output
    assert f"{place}/{KEY} is no ledger of ots-sync" in " ".join(said.split())


def test_bucket_that_is_not_there_is_named(load: Load) -> None:
    said = load.stage.run("watch", "--once", "--ledger", "s3://nosuchbucket", code=2).output
    assert f"s3://nosuchbucket/{KEY} cannot be read: NoSuchBucket" in " ".join(said.split())
