"""DynamoDB Local is fetched and run only for those who agreed to its licence, having read of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def run(**environ: str) -> subprocess.CompletedProcess[str]:
    """The runner, as `make test-ddblocal` starts it, where neither npm nor Java is found."""
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
    """Not even asked whether it could be."""
    ran = run(DDBLOCAL=answer)
    assert ran.returncode == 2
    assert "License Agreement" in ran.stdout
    assert ran.stderr.strip() == ("If you agree with that licence: make test-ddblocal DDBLOCAL=yes")


@pytest.mark.parametrize("answer", ["yes", "every-interface"])
def test_agreement_goes_on_and_names_what_is_missing(answer: str) -> None:
    ran = run(DDBLOCAL=answer)
    assert (ran.returncode, ran.stderr.strip()) == (2, "Not found: npm, java.")
