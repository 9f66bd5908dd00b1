"""Test the demo with the built bundle in Lambda's runtime."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ots_local.__main__ import main
from ots_local.lambda_runtime.parts import LambdaParts

pytestmark = pytest.mark.bundle


def test_bundle_replicates_a_stream_and_both_tables_are_equal(
    lambda_parts: LambdaParts, bundle_dir: Path, tmp_path: Path
) -> None:
    log = tmp_path / "demo.log"
    options = ["--bundle", str(bundle_dir), "--changes", "300", "--log", str(log)]
    found = CliRunner().invoke(main, ["demo", *options])
    assert found.exit_code == 0, found.output
    assert "AWS's own Lambda runtime" in found.output
    assert "both tables" in found.output
    assert "START RequestId" in log.read_text("utf-8")  # only Lambda's runtime writes this


def test_directory_that_is_not_a_bundle_is_an_error(tmp_path: Path) -> None:
    found = CliRunner().invoke(main, ["demo", "--bundle", str(tmp_path)])
    assert found.exit_code == 1
    assert "make bundle" in found.output
