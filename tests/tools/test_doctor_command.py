"""Test the command `doctor`: its output, its exit code, and that it prints no secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ots_local.dynamodb import DynamoDB
from ots_local.tablestore import TableStore
from ots_tools.__main__ import main
from ots_tools.doctor.findings import Finding, Status, exit_code
from tests.support.fixtures_dynamodb import SourceTable
from tests.tools.support.doctor import deploy, environ

OK, WARNING, ERROR, UNKNOWN, SKIPPED = (Finding(status, "message") for status in Status)


@pytest.fixture
def cloud(dynamodb: DynamoDB, monkeypatch: pytest.MonkeyPatch) -> DynamoDB:
    monkeypatch.setenv("AWS_ENDPOINT_URL", dynamodb.endpoint)
    monkeypatch.setenv("COLUMNS", "300")
    return dynamodb


def doctor(*options: str, **env: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *options], env=env)


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([OK, WARNING, SKIPPED], 0),
        ([OK, UNKNOWN], 2),
        ([OK, ERROR], 1),
        ([UNKNOWN, ERROR], 1),
    ],
)
def test_exit_code_depends_on_the_worst_status(findings: list[Finding], expected: int) -> None:
    assert exit_code(findings) == expected


def test_every_status_has_its_own_mark() -> None:
    assert len({status.value[0] for status in Status}) == len(Status)


def test_target_is_created_and_every_check_succeeds(
    cloud: DynamoDB, table_store: TableStore, source_table: SourceTable
) -> None:
    settings = environ(table_store)
    options = ("--table", source_table.name)
    before = doctor(*options, **settings)
    assert before.exit_code == 1
    assert "--create-target" in before.stdout
    created = doctor(*options, "--create-target", **settings)
    assert created.exit_code == 0, created.output
    assert "target was created" in created.stdout
    assert doctor(*options, **settings).exit_code == 0


def test_deployed_function_is_checked_with_its_own_settings(
    cloud: DynamoDB, table_store: TableStore, source_table: SourceTable
) -> None:
    """The caller's key describes the table; the function's key, here an unknown one, is checked."""
    deployed = environ(table_store, OTS_ID="writer-id", OTS_SECRET="a-writers-secret")
    function = deploy(cloud, source_table.stream_arn, deployed)
    own = {"OTS_ID": table_store.access_key_id, "OTS_SECRET": table_store.access_key_secret}
    found = doctor("--function", function, "--create-target", **own)
    lines = {line.split("  ")[0].strip(): line for line in found.stdout.splitlines()}
    assert found.exit_code == 1, found.output
    for line in ("✓ create target", "✓ target key", "✓ table options", "✓ source keys"):
        assert line in lines
    assert "✗ access key" in lines
    assert found.stderr == ""  # the SDK would log each error
    for secret in ("writer-id", "a-writers-secret", *own.values()):
        assert secret not in found.output


def test_settings_in_a_file_are_checked(
    cloud: DynamoDB, table_store: TableStore, tmp_path: Path
) -> None:
    file = tmp_path / "function.env"
    file.write_text("\n".join(f"{name}={value}" for name, value in environ(table_store).items()))
    found = doctor("--settings", str(file))
    assert "✓ settings" in found.stdout
    assert "✗ target table" in found.stdout
    assert table_store.access_key_secret not in found.output


def test_invalid_options_end_with_a_message(cloud: DynamoDB, tmp_path: Path) -> None:
    file = tmp_path / "function.env"
    file.write_text("NOT_A_SETTING=secret-value\n")
    both = doctor("--settings", str(file), "--function", "function")
    assert both.exit_code == 2
    wrong = doctor("--settings", str(file))
    assert wrong.exit_code == 2
    assert "line 1" in wrong.output
    assert "secret-value" not in wrong.output
    missing = doctor("--function", "no-such-function")
    assert missing.exit_code == 2
    assert "no-such-function" in missing.output


@pytest.mark.parametrize(
    "missing", [{"AWS_DEFAULT_REGION": None}, {"AWS_PROFILE": "no-such-profile"}]
)
def test_missing_aws_configuration_is_reported(
    missing: dict[str, str | None], table_store: TableStore
) -> None:
    """No region, or a profile that does not exist."""
    no_config = {"AWS_CONFIG_FILE": "/nowhere", "COLUMNS": "300"}
    env = {**environ(table_store, QUARANTINE="s3://kept/quarantine"), **no_config, **missing}
    found = CliRunner().invoke(main, ["doctor", "--table", "Source"], env=env)
    assert found.exit_code == 1, found.output  # there is no target table
    lines = {line[2:20].strip(): line for line in found.stdout.splitlines()}
    for name in ("source keys", "stream", "column names", "quarantine"):
        assert lines[name].startswith("? "), name
        assert "region" in lines[name]
    assert lines["endpoint"].startswith("✓ ")
    deployed = CliRunner().invoke(main, ["doctor", "--function", "function"], env=env)
    assert deployed.exit_code == 2
    assert "region" in deployed.output
    assert "Traceback" not in deployed.output + found.output


def test_endpoint_that_is_not_a_url_is_reported(table_store: TableStore) -> None:
    found = doctor("--table", "Source", "--dynamodb", "localhost:8000", **environ(table_store))
    assert "http://127.0.0.1:8000" in found.stdout
    assert "✗ target table" in found.stdout
