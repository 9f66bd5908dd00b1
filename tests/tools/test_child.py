"""The backfill function: its three actions, its turns within a time-out, and what it refuses."""

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
from ots_tools import child, export_lines
from ots_tools.ledger import KEY
from ots_tools.orders import OrderError
from tests.tools.driver import drive, load_file
from tests.tools.fix_at_scale import LINES, Load, Time

ROOT = Path(__file__).parent.parent.parent


def test_full_export_and_increment_end_right(load: Load) -> None:
    ended = drive(load.invoke, load.s3, load.place("full"))
    assert ended["enable_the_mapping_before"] == "2023-11-15 21:13:20 UTC"
    assert len(load.stage.rows()) == LINES + 1
    drive(load.invoke, load.s3, load.place("inc"))
    assert load.stage.wrong() == []


def test_long_file_is_loaded_in_turns_by_its_line(load: Load) -> None:
    begun = load.invoke({"action": "begin", "export": load.place("full")})
    line = _manifest(load, begun)[0]
    event = {"action": "load", "file": line, **_passed(begun)}
    first = load.invoke(event, 900.0, 59.0)
    assert (first["line"], first["rows"], first["done"]) == (1000, 1000, False)
    second = load.invoke(first, 59.0)
    assert (second["line"], second["done"]) == (1000, False)
    assert load_file(load.invoke, begun, line)["rows"] == LINES


def test_child_of_an_older_step_is_refused(load: Load) -> None:
    """A redrive of what failed, after a later step began or the step has ended."""
    begun = load.invoke({"action": "begin", "export": load.place("full")})
    with pytest.raises(OrderError, match="not loaded to its end"):
        load.invoke({"action": "begin", "export": load.place("inc")})
    drive(load.invoke, load.s3, load.place("full"))
    event = {"action": "load", "file": _manifest(load, begun)[2], **_passed(begun)}
    with pytest.raises(OrderError, match="old data back"):
        load.invoke(event)
    load.invoke({"action": "begin", "export": load.place("inc")})
    with pytest.raises(OrderError, match="old data back"):
        load.invoke(event)
    with pytest.raises(OrderError, match="old data back"):
        load.invoke({"action": "begin", "export": load.place("full")})


def test_child_whose_step_ends_meanwhile_writes_no_more(load: Load) -> None:
    """Its answer was lost, and another child loaded the file to its end."""
    begun = load.invoke({"action": "begin", "export": load.place("full")})
    event = {"action": "load", "file": _manifest(load, begun)[0], **_passed(begun)}

    class Meanwhile(Time):
        def get_remaining_time_in_millis(self) -> int:
            if len(self.looks) == 1:
                ledger = child._ledger(begun["table_arn"])
                ledger.end(begun["step"], time.time(), overlapped=False)
            return Time.get_remaining_time_in_millis(self)

    with pytest.raises(OrderError, match="old data back"):
        child.handler(event, Meanwhile([900.0, 899.0]))
    assert len(load.stage.rows()) == export_lines.LINES_PER_CHUNK


def test_begin_and_end_whose_answer_was_lost_are_asked_again(load: Load) -> None:
    """The state machine retries both: the ledger stays as the first of two wrote it."""
    wanted = {"action": "begin", "export": load.place("full")}
    begun = load.invoke(wanted)
    before = _kept(load)
    assert (load.invoke(wanted), _kept(load)) == (begun, before)
    drive(load.invoke, load.s3, load.place("full"))
    ended = {"action": "end", "step": begun["step"], "table_arn": begun["table_arn"]}
    before = _kept(load)
    again = load.invoke(ended)
    assert again["enable_the_mapping_before"] == "2023-11-15 21:13:20 UTC"
    ledger = child._ledger(begun["table_arn"])
    step = ledger.history()[-1]
    assert ledger.end("full", time.time() + 60, overlapped=True) == step
    assert _kept(load) == before
    load.invoke({"action": "begin", "export": load.place("inc")})
    with pytest.raises(OrderError, match="old data back"):
        load.invoke(ended)


def test_ledger_is_written_by_one_at_a_time(load: Load) -> None:
    """Two executions that begin at once: the later write asks for a version that is gone."""
    load.invoke({"action": "begin", "export": load.place("full")})
    ledger = child._ledger("arn:other")
    with pytest.raises(ConfigurationError, match="belongs to another migration"):
        ledger.check("full")
    arn = json.loads(load.s3.get_object(Bucket=load.bucket, Key=KEY)["Body"].read())["owner"][0]
    ledger = child._ledger(arn)
    history, version = ledger._read()
    ledger._write(history, version)
    load.s3.put_object(Bucket=load.bucket, Key=KEY, Body=b"{}")
    with pytest.raises(load.s3.exceptions.ClientError, match="PreconditionFailed"):
        ledger._write(history, version)
    with pytest.raises(load.s3.exceptions.ClientError, match="PreconditionFailed"):
        ledger._write(history, "")


def _kept(load: Load) -> bytes:
    found: bytes = load.s3.get_object(Bucket=load.bucket, Key=KEY)["Body"].read()
    return found


def _manifest(load: Load, begun: Mapping[str, Any]) -> list[Any]:
    body = load.s3.get_object(Bucket=begun["bucket"], Key=begun["manifest"])["Body"].read()
    return [json.loads(line) for line in body.splitlines()]


def _passed(begun: Mapping[str, Any]) -> dict[str, Any]:
    return {name: begun[name] for name in ("export", "step", "kind", "table_arn")}


def definition(**values: str) -> dict[str, Any]:
    """The state machine as it is deployed, with these in the place of its parameters."""
    text = (ROOT / "statemachine" / "backfill.asl.json").read_text("utf-8")
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    assert "${" not in text
    found: dict[str, Any] = json.loads(text)
    return found


def test_state_machine_runs_as_far_as_a_local_runner_goes(load: Load, dynamodb: DynamoDB) -> None:
    """ministack reads the manifest and loops each child; it writes no results and knows no
    redrive. The function is this tree's code.
    """
    packed = io.BytesIO()
    shim = f"import sys\nsys.path[:0] = {[str(ROOT), *_packages()]!r}\n"
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("shim.py", shim + "from ots_tools.child import handler\n")
    functions, name = dynamodb.client("lambda"), f"load-{secrets.token_hex(4)}"
    variables = {**load.stage.environ, "LEDGER_BUCKET": load.bucket, "AWS_REGION": "us-east-1"}
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
        stateMachineArn=machine, input=json.dumps({"export": load.place("full")})
    )["executionArn"]
    while (found := machines.describe_execution(executionArn=execution))["status"] == "RUNNING":
        time.sleep(0.1)
    assert found["status"] == "SUCCEEDED", found
    assert json.loads(found["output"])["enable_the_mapping_before"] == "2023-11-15 21:13:20 UTC"
    assert len(load.stage.rows()) == LINES + 1
    machines.delete_state_machine(stateMachineArn=machine)
    functions.delete_function(FunctionName=name)


def _packages() -> list[str]:
    import tablestore

    return [str(Path(tablestore.__file__).parent.parent)]
