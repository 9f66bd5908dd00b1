"""Test the ledger of a load by the state machine, with the commands of docs/migration.md."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from datetime import timedelta

import pytest

from ots_sync.errors import ConfigurationError
from ots_tools.ledger import KEY, parse_bucket
from tests.support.backfill_driver import load_export
from tests.support.builders import item
from tests.support.paths import DOCS
from tests.tools.support.fixtures_backfill_function import BackfillFunction
from tests.tools.support.fixtures_deployed import DeployedFunction

PAGE = (DOCS / "migration.md").read_text("utf-8")
AT_SCALE = PAGE.partition("## At scale")[2]
LINES = re.findall(r"^    python -m ots_tools (.+)$", AT_SCALE, re.MULTILINE)


def run(load: BackfillFunction, deployed: DeployedFunction, line: str, *, code: int = 0) -> str:
    """Run a line of the page with the tables, the function and the bucket of the test."""
    command, *arguments = shlex.split(line.replace("BUCKET", load.bucket))
    for name in ("--table", "--function"):
        del arguments[
            arguments.index(name) : arguments.index(name) + 2
        ]  # `deployed.run` adds these two
    arguments = [
        str(load.env.folder / "report.json") if w == "verify.json" else w for w in arguments
    ]
    return deployed.run(command, *arguments, code=code)


def test_documented_commands_end_ready_to_switch(
    load: BackfillFunction, deployed: DeployedFunction
) -> None:
    """No export contains the deletion of the item: verify finds its row, and repair deletes it."""
    verify, repair, watch = LINES
    verify, watch = f"{verify} --recheck-after 0", f"{watch} --once"
    assert "nothing was loaded" in run(load, deployed, watch, code=1)
    load_export(load.invoke, load.s3, load.location("full"))
    load.invoke({"action": "begin", "export": load.location("inc")})
    output = run(load, deployed, watch, code=1)
    assert "incremental export, step 2: running or stopped" in output
    load_export(load.invoke, load.s3, load.location("inc"))
    load.env.delete(item("many", 7))
    deployed.enable_mapping(True)
    deployed.report_lag(0.0, timedelta(0))
    assert "exports do not contain every deletion" in run(load, deployed, watch, code=1)
    assert not (load.env.folder / "state").exists()
    run(load, deployed, verify, code=1)
    output = run(load, deployed, watch, code=1)
    assert "found 1 differences: run repair" in output
    run(load, deployed, repair)
    assert "1 differences, repaired" in run(load, deployed, watch, code=1)
    run(load, deployed, verify)
    assert "ready to switch" in run(load, deployed, watch)
    assert load.env.wrong_rows() == []


def test_verify_without_state_file_prints_a_note(load: BackfillFunction) -> None:
    output = load.env.run("verify", "--sample", "0.001", "--recheck-after", "0", code=None).output
    assert "name its --ledger" in " ".join(output.split())


def test_state_file_and_ledger_with_loads_are_rejected(load: BackfillFunction) -> None:
    """The commands end before they read anything; without --ledger the state file counts."""
    load_export(load.invoke, load.s3, load.location("full"))
    load.env.run("backfill")
    for arguments in (["watch", "--once"], ["verify"]):
        output = load.env.run(*arguments, "--ledger", f"s3://{load.bucket}", code=2).output
        assert "contains the scan and the ledger the full export full" in " ".join(output.split())
    assert not (load.env.folder / "report.json").exists()
    assert "scan: complete" in load.env.run("watch", "--once", code=1).output


def test_ledger_of_other_settings_is_rejected_before_reading(load: BackfillFunction) -> None:
    load_export(load.invoke, load.s3, load.location("full"))
    others = replace(load.env, environ={**load.env.environ, "COLUMN_TYPES": "v:String"})
    output = others.run("verify", "--ledger", f"s3://{load.bucket}", code=2).output
    assert "belongs to another migration" in output
    assert not (load.env.folder / "state").exists()


@pytest.mark.parametrize("location", ["s3://kept", "s3://kept/", f"s3://kept/{KEY}"])
def test_location_of_a_ledger_contains_its_bucket(location: str) -> None:
    assert parse_bucket(location) == "kept"


@pytest.mark.parametrize(
    "location", ["", "kept", "s3://", "https://kept", "s3://kept/other", "/kept"]
)
def test_location_that_is_not_a_ledger_is_rejected(location: str) -> None:
    with pytest.raises(ConfigurationError, match="BackfillLedger"):
        parse_bucket(location)


@pytest.mark.parametrize(
    "body",
    [b"\xff", b"[]", b"{}", b'{"migration": 1}', b'{"migration": MIGRATION, "steps": 1}']
    + [
        b'{"migration": MIGRATION, "steps": [%s]}' % step for step in (b"1", b"{}", b'{"other": 1}')
    ],
)
def test_object_that_is_not_a_ledger_is_rejected(load: BackfillFunction, body: bytes) -> None:
    load.invoke({"action": "begin", "export": load.location("full")})
    kept = load.s3.get_object(Bucket=load.bucket, Key=KEY)["Body"].read()
    migration = json.dumps(json.loads(kept)["migration"]).encode()
    load.s3.put_object(Bucket=load.bucket, Key=KEY, Body=body.replace(b"MIGRATION", migration))
    location = f"s3://{load.bucket}"
    output = load.env.run("watch", "--once", "--ledger", location, code=2).output
    assert f"{location}/{KEY} is not a ledger of this version of ots-sync" in " ".join(
        output.split()
    )


def test_missing_bucket_is_named(load: BackfillFunction) -> None:
    output = load.env.run("watch", "--once", "--ledger", "s3://nosuchbucket", code=2).output
    assert f"s3://nosuchbucket/{KEY} cannot be read: NoSuchBucket" in " ".join(output.split())
