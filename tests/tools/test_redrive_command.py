"""Test the commands redrive and show with a local DynamoDB, S3 and Table Store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ots_local.dynamodb import DynamoDB
from ots_local.tablestore import TableStore
from ots_tools.__main__ import main
from tests.support.builders import event, item, record
from tests.support.fixtures_dynamodb import SourceTable
from tests.support.handler import create_table, load_handler

INVALID = {"n" * 256: {"S": "a column cannot have this name"}}


@dataclass(frozen=True)
class Tables:
    """A source table, a target table, and the environment with their names."""

    source: SourceTable
    target: TableStore
    environ: Mapping[str, str]
    s3: Any

    def run(self, *arguments: str) -> Result:
        """Run a command."""
        return CliRunner().invoke(main, arguments, env=dict(self.environ), catch_exceptions=False)

    def record(self, new: Mapping[str, Any]) -> Any:
        """Return a record of the source's stream."""
        return record(new=new) | {"eventSourceARN": self.source.stream_arn}

    def put(self, one: Mapping[str, Any]) -> None:
        """Put an item into the source."""
        self.source.tables.put_item(TableName=self.source.name, Item=one)

    def rows(self) -> Any:
        """Return the target's rows."""
        return self.target.rows("target")


@pytest.fixture
def tables(source_table: SourceTable, dynamodb: DynamoDB, table_store: TableStore) -> Tables:
    environ = {
        **create_table(table_store, "target"),
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb.endpoint,
        "AWS_ENDPOINT_URL_S3": dynamodb.endpoint,
        "COLUMNS": "200",
    }
    return Tables(source_table, table_store, environ, dynamodb.client("s3"))


def test_redrive_removes_both_kinds_of_objects_from_a_bucket(tables: Tables) -> None:
    bucket = f"quarantine-{tables.source.name}"
    tables.s3.create_bucket(Bucket=bucket)
    where = {"Bucket": bucket, "Key": "quarantine/target/1-a.json"}
    rejected = tables.record(item("u", 1, **INVALID))
    tables.s3.put_object(**where, Body=json.dumps({"record": rejected, "code": "ColumnName"}))
    given_up = {
        "DDBStreamBatchInfo": {"streamArn": tables.source.stream_arn},
        "payload": json.dumps(event(tables.record(item("u", 2)))),
    }
    where = {"Bucket": bucket, "Key": "aws/lambda/id/shard/2026/01/01/batch"}
    tables.s3.put_object(**where, Body=json.dumps(given_up))
    tables.put(item("u", 1, v={"N": "7"}))
    arguments = ("redrive", f"s3://{bucket}", "--table", tables.source.name)
    result = tables.run(*arguments, "--dry-run")
    assert (result.exit_code, tables.rows()) == (0, {})
    result = tables.run(*arguments)
    assert result.exit_code == 0, result.output
    assert tables.rows() == {("u", 1): {"v": 7}}
    assert tables.s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert "2 keys in 2 objects" in result.output


def test_redrive_lists_kept_objects_and_exits_with_1(tables: Tables, tmp_path: Path) -> None:
    """A record that the function quarantined is rejected again."""
    environ = {**tables.environ, "QUARANTINE": f"file://{tmp_path}", "OTS_TIMEOUT": "1"}
    handler = load_handler(environ)
    invalid = item("user-of-the-key", 1, **INVALID)
    assert handler.lambda_handler(event(tables.record(invalid)), None) == {"batchItemFailures": []}
    tables.put(invalid)
    result = tables.run("redrive", f"file://{tmp_path}", "--table", tables.source.name)
    assert result.exit_code == 1
    (kept,) = tmp_path.rglob("*.json")
    assert str(kept.relative_to(tmp_path)) in result.output
    assert "user-of-the-key" not in result.output


def test_redrive_of_a_table_folder_names_the_quarantine(tables: Tables, tmp_path: Path) -> None:
    """Otherwise its objects would count as those of another table, and the mistake go unnoticed."""
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "1.json").write_text(json.dumps({"record": tables.record(item("u", 1))}))
    tables.put(item("u", 1))
    arguments = ("--table", tables.source.name)
    result = tables.run("redrive", f"file://{tmp_path}/target/", *arguments)
    assert result.exit_code == 2
    assert f"that QUARANTINE has: file://{tmp_path}\n" in result.output
    assert tables.rows() == {}
    assert tables.run("redrive", f"file://{tmp_path}", *arguments).exit_code == 0


def test_redrive_explains_another_row_format(tables: Tables, tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    kept = {"record": tables.record(item("u", 1)), "fingerprint": "0123456789abcdef"}
    (tmp_path / "target" / "1.json").write_text(json.dumps(kept))
    tables.put(item("u", 1))
    arguments = ("redrive", f"file://{tmp_path}", "--table", tables.source.name)
    result = tables.run(*arguments)
    assert result.exit_code == 2
    assert "--allow-row-format-change" in result.output
    assert tables.rows() == {}
    assert tables.run(*arguments, "--allow-row-format-change").exit_code == 0
    assert tables.rows() == {("u", 1): {}}


INVALID_ARGUMENTS = [
    (("redrive", "ftp://nowhere"), "is not a quarantine"),
    (("redrive", "file:///no/such/folder"), "is not a folder"),
    (("redrive", "s3://no-such-bucket"), "NoSuchBucket"),
    (("redrive",), "Name the quarantine"),
    (("show", "user_id=u"), "user_id (S), action_time (N)"),
    (("show", "u"), "user_id (S), action_time (N)"),
    (("show", '{"user_id": {"S": "u"}, "action_time": {"S": "1"}}'), "in DynamoDB's form"),
]


@pytest.mark.parametrize(("arguments", "output"), INVALID_ARGUMENTS)
def test_invalid_arguments_end_with_advice(
    tables: Tables, arguments: tuple[str, ...], output: str
) -> None:
    result = tables.run(*arguments, "--table", tables.source.name)
    assert result.exit_code == 2
    assert output in " ".join(result.output.split())


def test_show_prints_item_and_row_side_by_side(tables: Tables) -> None:
    handler = load_handler({**tables.environ, "OTS_TIMEOUT": "1"})
    before = item("u", 1, same={"S": "a"}, number={"N": "2"}, gone={"S": "x"}, b={"B": b"\x07"})
    handler.lambda_handler(event(record(new=before)), None)
    tables.put(before)
    right = tables.run("show", "user_id=u", "action_time=1", "--table", tables.source.name)
    assert right.exit_code == 0, right.output
    assert "item found, row found: equal" in right.output
    (line,) = (line for line in right.output.splitlines() if "Binary" in line)
    assert '{"B": "Bw=="}' in line
    assert "Binary b'\\x07'" in line
    tables.put(item("u", 1, same={"S": "a"}, number={"N": "2.5"}, new={"BOOL": True}, **INVALID))
    key = '{"user_id": {"S": "u"}, "action_time": {"N": "1"}}'
    wrong = tables.run("show", key, "--table", tables.source.name)
    assert wrong.exit_code == 1
    lines = {line.split("│")[1].strip(): line for line in wrong.output.splitlines() if "│" in line}
    assert "should be Double" in lines["number"]
    assert "no such attribute" in lines["gone"]
    assert "missing" in lines["new"]
    assert "column name has 256 bytes; 1 to 255 are valid" in lines[""]
    assert lines["same"].rstrip(" │").endswith("String 'a'")


def test_show_reports_that_neither_item_nor_row_exists(tables: Tables) -> None:
    result = tables.run("show", "user_id=u", "action_time=1", "--table", tables.source.name)
    assert (result.exit_code, "no item, no row: equal" in result.output) == (0, True)
