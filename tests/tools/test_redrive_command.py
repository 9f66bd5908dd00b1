"""The commands redrive and show from end to end: DynamoDB and S3 beside a local Table Store."""

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

BAD = {"n" * 256: {"S": "no column can have this name"}}


@dataclass(frozen=True)
class Both:
    """A source table, a target table, and the environment that names them."""

    source: SourceTable
    target: TableStore
    environ: Mapping[str, str]
    s3: Any

    def run(self, *words: str) -> Result:
        """One command line."""
        return CliRunner().invoke(main, words, env=dict(self.environ), catch_exceptions=False)

    def record(self, new: Mapping[str, Any]) -> Any:
        """A record of the source's stream."""
        return record(new=new) | {"eventSourceARN": self.source.stream_arn}

    def put(self, one: Mapping[str, Any]) -> None:
        """Sets an item."""
        self.source.tables.put_item(TableName=self.source.name, Item=one)

    def rows(self) -> Any:
        """The target's rows."""
        return self.target.rows("target")


@pytest.fixture
def both(source_table: SourceTable, dynamodb: DynamoDB, table_store: TableStore) -> Both:
    environ = {
        **create_table(table_store, "target"),
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb.endpoint,
        "AWS_ENDPOINT_URL_S3": dynamodb.endpoint,
        "COLUMNS": "200",
    }
    return Both(source_table, table_store, environ, dynamodb.client("s3"))


def test_redrive_empties_a_bucket_of_both_kinds_of_objects(both: Both) -> None:
    bucket = f"quarantine-{both.source.name}"
    both.s3.create_bucket(Bucket=bucket)
    where = {"Bucket": bucket, "Key": "quarantine/target/1-a.json"}
    refused = both.record(item("u", 1, **BAD))
    both.s3.put_object(**where, Body=json.dumps({"record": refused, "code": "ColumnName"}))
    given_up = {
        "DDBStreamBatchInfo": {"streamArn": both.source.stream_arn},
        "payload": json.dumps(event(both.record(item("u", 2)))),
    }
    where = {"Bucket": bucket, "Key": "aws/lambda/id/shard/2026/01/01/batch"}
    both.s3.put_object(**where, Body=json.dumps(given_up))
    both.put(item("u", 1, v={"N": "7"}))
    words = ("redrive", f"s3://{bucket}", "--table", both.source.name)
    result = both.run(*words, "--dry-run")
    assert (result.exit_code, both.rows()) == (0, {})
    result = both.run(*words)
    assert result.exit_code == 0, result.output
    assert both.rows() == {("u", 1): {"v": 7}}
    assert both.s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert "2 keys in 2 objects" in result.output


def test_redrive_names_what_stays_and_says_so_by_its_exit_code(both: Both, tmp_path: Path) -> None:
    """What the function itself quarantines, refused once more."""
    environ = {**both.environ, "QUARANTINE": f"file://{tmp_path}", "OTS_TIMEOUT": "1"}
    door = load_handler(environ)
    bad = item("user-of-the-key", 1, **BAD)
    assert door.lambda_handler(event(both.record(bad)), None) == {"batchItemFailures": []}
    both.put(bad)
    result = both.run("redrive", f"file://{tmp_path}", "--table", both.source.name)
    assert result.exit_code == 1
    (kept,) = tmp_path.rglob("*.json")
    assert str(kept.relative_to(tmp_path)) in result.output
    assert "user-of-the-key" not in result.output


def test_redrive_of_a_place_too_deep_names_the_right_one(both: Both, tmp_path: Path) -> None:
    """What lies there would look like another table's, and nothing like a mistake."""
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "1.json").write_text(json.dumps({"record": both.record(item("u", 1))}))
    both.put(item("u", 1))
    words = ("--table", both.source.name)
    result = both.run("redrive", f"file://{tmp_path}/target/", *words)
    assert result.exit_code == 2
    assert f"as QUARANTINE does: file://{tmp_path}\n" in result.output
    assert both.rows() == {}
    assert both.run("redrive", f"file://{tmp_path}", *words).exit_code == 0


def test_redrive_says_what_another_shape_means(both: Both, tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    kept = {"record": both.record(item("u", 1)), "fingerprint": "0123456789abcdef"}
    (tmp_path / "target" / "1.json").write_text(json.dumps(kept))
    both.put(item("u", 1))
    words = ("redrive", f"file://{tmp_path}", "--table", both.source.name)
    result = both.run(*words)
    assert result.exit_code == 2
    assert "--allow-shape-change" in result.output
    assert both.rows() == {}
    assert both.run(*words, "--allow-shape-change").exit_code == 0
    assert both.rows() == {("u", 1): {}}


WRONG = [
    (("redrive", "ftp://nowhere"), "no quarantine"),
    (("redrive", "file:///no/such/folder"), "is no folder"),
    (("redrive", "s3://no-such-bucket"), "NoSuchBucket"),
    (("redrive",), "Name the quarantine"),
    (("show", "user_id=u"), "user_id (S), action_time (N)"),
    (("show", "u"), "user_id (S), action_time (N)"),
    (("show", '{"user_id": {"S": "u"}, "action_time": {"S": "1"}}'), "as DynamoDB writes it"),
]


@pytest.mark.parametrize(("words", "said"), WRONG)
def test_wrong_words_end_with_what_would_be_right(
    both: Both, words: tuple[str, ...], said: str
) -> None:
    result = both.run(*words, "--table", both.source.name)
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())


def test_show_prints_item_and_row_side_by_side(both: Both) -> None:
    door = load_handler({**both.environ, "OTS_TIMEOUT": "1"})
    before = item("u", 1, same={"S": "a"}, number={"N": "2"}, gone={"S": "x"}, b={"B": b"\x07"})
    door.lambda_handler(event(record(new=before)), None)
    both.put(before)
    right = both.run("show", "user_id=u", "action_time=1", "--table", both.source.name)
    assert right.exit_code == 0, right.output
    assert "item found, row found: equal" in right.output
    (line,) = (line for line in right.output.splitlines() if "Binary" in line)
    assert '{"B": "Bw=="}' in line
    assert "Binary b'\\x07'" in line
    both.put(item("u", 1, same={"S": "a"}, number={"N": "2.5"}, new={"BOOL": True}, **BAD))
    key = '{"user_id": {"S": "u"}, "action_time": {"N": "1"}}'
    wrong = both.run("show", key, "--table", both.source.name)
    assert wrong.exit_code == 1
    lines = {line.split("│")[1].strip(): line for line in wrong.output.splitlines() if "│" in line}
    assert "should be Double" in lines["number"]
    assert "no such attribute" in lines["gone"]
    assert "missing" in lines["new"]
    assert "column name has 256 bytes; 1 to 255 are valid" in lines[""]
    assert lines["same"].rstrip(" │").endswith("String 'a'")


def test_show_tells_that_there_is_neither(both: Both) -> None:
    result = both.run("show", "user_id=u", "action_time=1", "--table", both.source.name)
    assert (result.exit_code, "no item, no row: equal" in result.output) == (0, True)
