"""Test that DynamoDB Local is downloaded and run only after agreement to its license."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.ddblocal.run import TEST_FILES
from tests.support.paths import ROOT


def run(**environ: str) -> subprocess.CompletedProcess[str]:
    """Run it as `make test-ddblocal` does, but without npm and Java on the PATH."""
    return subprocess.run(
        [sys.executable, "-m", "tests.ddblocal.run"],
        cwd=ROOT,
        env={**os.environ, "PATH": "", **environ},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("answer", ["", "no", "YES", "true"])
def test_nothing_is_done_without_agreement(answer: str) -> None:
    """Missing programs are not even checked."""
    ran = run(DDBLOCAL=answer)
    assert ran.returncode == 2
    assert "License Agreement" in ran.stdout
    assert ran.stderr.strip() == "If you agree to this license: make test-ddblocal DDBLOCAL=yes"


@pytest.mark.parametrize("answer", ["yes", "every-interface"])
def test_missing_programs_are_named_after_agreement(answer: str) -> None:
    ran = run(DDBLOCAL=answer)
    assert (ran.returncode, ran.stderr.strip()) == (2, "Not found: npm, java.")


def test_test_files_for_dynamodb_local_exist() -> None:
    assert [name for name in TEST_FILES if not (ROOT / name).exists()] == []
