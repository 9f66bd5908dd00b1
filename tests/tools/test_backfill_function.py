"""Test the backfill function: its three actions, its calls within a timeout, rejected calls."""

from __future__ import annotations

import io
import json
import secrets
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ots_local.dynamodb import DynamoDB
from ots_sync.errors import ConfigurationError
from ots_tools import backfill_function
from ots_tools.ledger import KEY
from ots_tools.migration_rules import StepOrderError
from ots_tools.sources.export_lines import LINES_PER_CHUNK
from tests.support.backfill_driver import load_export, load_file
from tests.support.paths import ROOT
from tests.tools.support.fixtures_backfill_function import LINES, BackfillFunction, LambdaContext


def test_full_export_and_increment_are_loaded_correctly(load: BackfillFunction) -> None:
    ended = load_export(load.invoke, load.s3, load.location("full"))
    assert ended["enable_mapping_before"] == "2023-11-15 21:13:20 UTC"
    assert len(load.env.rows()) == LINES + 1
    load_export(load.invoke, load.s3, load.location("inc"))
    assert load.env.wrong_rows() == []


def test_long_file_is_loaded_in_several_calls(load: BackfillFunction) -> None:
    begun = load.invoke({"action": "begin", "export": load.location("full")})
    line = _manifest(load, begun)[0]
    event = {"action": "load", "file": line, **_passed(begun)}
    first = load.invoke(event, 900.0, 59.0)
    assert (first["line"], first["rows"], first["done"]) == (1000, 1000, False)
    second = load.invoke(first, 59.0)
    assert (second["line"], second["done"]) == (1000, False)
    assert load_file(load.invoke, begun, line)["rows"] == LINES


def test_call_for_an_older_step_is_rejected(load: BackfillFunction) -> None:
    """Such as a redrive of failed files after a later step began, or after the step ended."""
    begun = load.invoke({"action": "begin", "export": load.location("full")})
    with pytest.raises(StepOrderError, match="is not complete"):
        load.invoke({"action": "begin", "export": load.location("inc")})
    load_export(load.invoke, load.s3, load.location("full"))
    event = {"action": "load", "file": _manifest(load, begun)[2], **_passed(begun)}
    with pytest.raises(StepOrderError, match="restore old data"):
        load.invoke(event)
    load.invoke({"action": "begin", "export": load.location("inc")})
    with pytest.raises(StepOrderError, match="restore old data"):
        load.invoke(event)
    with pytest.raises(StepOrderError, match="restore old data"):
        load.invoke({"action": "begin", "export": load.location("full")})


def test_call_stops_writing_when_its_step_ends(load: BackfillFunction) -> None:
    """Its response was lost, and another call has loaded the rest of the file."""
    begun = load.invoke({"action": "begin", "export": load.location("full")})
    event = {"action": "load", "file": _manifest(load, begun)[0], **_passed(begun)}

    class EndsTheStep(LambdaContext):
        def get_remaining_time_in_millis(self) -> int:
            if len(self.remaining_s) == 1:
                ledger = backfill_function._ledger(begun["table_arn"])
                ledger.end_step(begun["step"], time.time(), mapping_was_enabled=False)
            return LambdaContext.get_remaining_time_in_millis(self)

    with pytest.raises(StepOrderError, match="restore old data"):
        backfill_function.handler(event, EndsTheStep([900.0, 899.0]))
    assert len(load.env.rows()) == LINES_PER_CHUNK


def test_repeated_begin_and_end_do_not_change_the_ledger(load: BackfillFunction) -> None:
    """The state machine repeats both if a response is lost."""
    wanted = {"action": "begin", "export": load.location("full")}
    begun = load.invoke(wanted)
    before = _stored_ledger(load)
    assert (load.invoke(wanted), _stored_ledger(load)) == (begun, before)
    load_export(load.invoke, load.s3, load.location("full"))
    ended = {"action": "end", "step": begun["step"], "table_arn": begun["table_arn"]}
    before = _stored_ledger(load)
    again = load.invoke(ended)
    assert again["enable_mapping_before"] == "2023-11-15 21:13:20 UTC"
    ledger = backfill_function._ledger(begun["table_arn"])
    step = ledger.history()[-1]
    assert ledger.end_step("full", time.time() + 60, mapping_was_enabled=True) == step
    assert _stored_ledger(load) == before
    load.invoke({"action": "begin", "export": load.location("inc")})
    with pytest.raises(StepOrderError, match="restore old data"):
        load.invoke(ended)


def test_concurrent_ledger_write_fails(load: BackfillFunction) -> None:
    """Two executions begin at the same time: the later write names an outdated version."""
    load.invoke({"action": "begin", "export": load.location("full")})
    ledger = backfill_function._ledger("arn:other")
    with pytest.raises(ConfigurationError, match="belongs to another migration"):
        ledger.ensure_current("full")
    arn = json.loads(load.s3.get_object(Bucket=load.bucket, Key=KEY)["Body"].read())["migration"][
        "source"
    ]
    ledger = backfill_function._ledger(arn)
    history, version = ledger._read()
    ledger._write(history, version)
    load.s3.put_object(Bucket=load.bucket, Key=KEY, Body=b"{}")
    with pytest.raises(load.s3.exceptions.ClientError, match="PreconditionFailed"):
        ledger._write(history, version)
    with pytest.raises(load.s3.exceptions.ClientError, match="PreconditionFailed"):
        ledger._write(history, "")


def _stored_ledger(load: BackfillFunction) -> bytes:
    found: bytes = load.s3.get_object(Bucket=load.bucket, Key=KEY)["Body"].read()
    return found


def _manifest(load: BackfillFunction, begun: Mapping[str, Any]) -> list[Any]:
    body = load.s3.get_object(Bucket=begun["bucket"], Key=begun["manifest"])["Body"].read()
    return [json.loads(line) for line in body.splitlines()]


def _passed(begun: Mapping[str, Any]) -> dict[str, Any]:
    return {name: begun[name] for name in ("export", "step", "kind", "table_arn")}


def definition(**values: str) -> dict[str, Any]:
    """Return the deployed definition, with its parameters replaced."""
    text = (ROOT / "statemachine" / "backfill.asl.json").read_text("utf-8")
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    assert "${" not in text
    found: dict[str, Any] = json.loads(text)
    return found


def test_state_machine_runs_on_ministack(load: BackfillFunction, dynamodb: DynamoDB) -> None:
    """It reads the manifest and runs each child execution, but writes no results and supports no
    redrive. The function runs the code of this source tree.
    """
    packed = io.BytesIO()
    shim = f"import sys\nsys.path[:0] = {[str(ROOT), *_packages()]!r}\n"
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("shim.py", shim + "from ots_tools.backfill_function import handler\n")
    functions, name = dynamodb.client("lambda"), f"load-{secrets.token_hex(4)}"
    variables = {**load.env.environ, "LEDGER_BUCKET": load.bucket, "AWS_REGION": "us-east-1"}
    variables |= {"BACKFILL_CONCURRENCY": "2"}
    variables |= {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    arn = functions.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role="arn:aws:iam::000000000000:role/load",
        Handler="shim.handler",
        Timeout=300,
        Code={"ZipFile": packed.getvalue()},
        Environment={"Variables": variables},
    )["FunctionArn"]
    machines = dynamodb.client("stepfunctions")
    values = {"Partition": "aws", "FunctionArn": arn, "Bucket": load.bucket}
    machine = machines.create_state_machine(
        name=name,
        definition=json.dumps(definition(**values)),
        roleArn="arn:aws:iam::000000000000:role/machine",
    )["stateMachineArn"]
    execution = machines.start_execution(
        stateMachineArn=machine, input=json.dumps({"export": load.location("full")})
    )["executionArn"]
    while (found := machines.describe_execution(executionArn=execution))["status"] == "RUNNING":
        time.sleep(0.1)
    assert found["status"] == "SUCCEEDED", found
    assert json.loads(found["output"])["enable_mapping_before"] == "2023-11-15 21:13:20 UTC"
    assert len(load.env.rows()) == LINES + 1
    machines.delete_state_machine(stateMachineArn=machine)
    functions.delete_function(FunctionName=name)


def _packages() -> list[str]:
    import tablestore

    return [str(Path(tablestore.__file__).parent.parent)]
