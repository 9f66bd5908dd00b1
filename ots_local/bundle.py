"""Build the deployment bundle for Lambda: a directory, and optionally a zip file.

It needs only Python 3.10 or later with pip, not SAM or Docker. The bundle is for Python 3.12 on
x86_64.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from ots_local.lambda_runtime import python312

ROOT = Path(__file__).parent.parent
# The files and whole packages of this project that are deployed. Apart from the packages in
# requirements-bundle.txt, nothing else is.
SHIP_LIST = ("lambda_function.py", "ots_sync", "config")
# The backfill function needs the tools as well.
TOOLS = ("ots_tools",)
REQUIREMENTS = "requirements-bundle.txt"
# Parts of the dependencies that never run in Lambda: tests, commands, a macOS library in the SDK's
# wheel, and pip's metadata, which differs between machines.
EXCLUDED = (
    "bin",
    "*/tests",
    "future/backports/test",
    "future/moves/test",
    "*/native/*darwin.so",
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
)
MAX_UNPACKED_BYTES = 60_000_000
# Lambda's libc supports both; each dependency has wheels for at least one.
PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_34_x86_64")
# The earliest date of the zip format. With a fixed date, equal bundles are equal files.
ZIP_DATE = (1980, 1, 1, 0, 0, 0)


class BundleError(Exception):
    """The bundle cannot be built."""


def build(target: Path, *, tools: bool = False) -> None:
    """Fill the empty directory `target` with the files that Lambda unpacks to /var/task.

    `tools` adds the tools for the backfill function. Raises BundleError.
    """
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise BundleError(f"{target} is not empty. Empty it, or use another directory.")
    _install(target)
    for pattern in EXCLUDED:
        for path in sorted(target.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name in SHIP_LIST + (TOOLS if tools else ()):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=_ignored)
        else:
            shutil.copy(ROOT / name, target / name)
    _compile(target)


def _install(target: Path) -> None:
    if importlib.util.find_spec("pip") is None:
        raise BundleError(
            f"{sys.executable} has no pip. On Debian or Ubuntu: apt-get install python3-pip"
        )
    command = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    command += ["--no-deps", "--no-compile", "--only-binary=:all:", "--require-hashes"]
    command += ["--python-version", "3.12", "--implementation", "cp", "--target", str(target)]
    # The pins are for 3.12; pip would compare them with the Python that runs it.
    command += ["--ignore-requires-python"]
    for platform in PLATFORMS:
        command += ["--platform", platform]
    # pip prints its own error messages.
    if subprocess.run([*command, "-r", str(ROOT / REQUIREMENTS)], check=False).returncode:
        raise BundleError("pip could not install the dependencies. Its error message is above.")


def _ignored(directory: str, names: list[str]) -> list[str]:
    """Return the names that are not Python files or packages."""
    return [
        name
        for name in names
        if not (name.endswith(".py") or Path(directory, name).is_dir()) or name == "__pycache__"
    ]


def _compile(target: Path) -> None:
    """Compile to bytecode; otherwise every cold start does it, because /var/task is read-only."""
    python = python312.find()
    if python is None:
        _print("Python 3.12 was not found, so there is no bytecode. Cold starts take 0.3 s longer.")
        return
    command = [
        python,
        "-W",
        "ignore",
        "-m",
        "compileall",
        "-q",
        "-s",
        str(target),
        "-p",
        "/var/task",
    ]
    # With unchecked hashes the bytecode contains no dates, so the zip file is reproducible.
    command += ["--invalidation-mode", "unchecked-hash", str(target)]
    if subprocess.run(command, check=False).returncode:
        raise BundleError(f"{python} could not compile the files in {target}.")


def pack(source: Path, archive: Path) -> None:
    """Write the zip file `archive`; equal files give equal bytes on every machine."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in _files(source):
            entry = zipfile.ZipInfo(path.relative_to(source).as_posix(), ZIP_DATE)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, path.read_bytes())


def _files(directory: Path) -> Iterator[Path]:
    return (path for path in sorted(directory.rglob("*")) if path.is_file())


def sizes(directory: Path) -> dict[str, int]:
    """Return the unpacked bytes per top-level name, largest first; all metadata is one entry."""
    by_name: dict[str, int] = {}
    for path in _files(directory):
        name = path.relative_to(directory).parts[0]
        if name == "__pycache__":
            name = path.name.partition(".")[0] + ".py"
        name = "(package metadata)" if name.endswith(".dist-info") else name
        by_name[name] = by_name.get(name, 0) + path.stat().st_size
    return dict(sorted(by_name.items(), key=lambda entry: -entry[1]))


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run the command line `python -m ots_local.bundle DIRECTORY [--zip FILE] [--tools]`."""
    parser = argparse.ArgumentParser(prog="python -m ots_local.bundle", description=__doc__)
    parser.add_argument("directory", type=Path, help="output directory, empty or new")
    parser.add_argument("--zip", type=Path, help="also write this zip file, to upload it")
    parser.add_argument("--tools", action="store_true", help="add the tools for backfill")
    arguments = parser.parse_args()
    _print("Installing the dependencies for Python 3.12 on x86_64 ...")
    try:
        build(arguments.directory, tools=arguments.tools)
    except BundleError as error:
        sys.exit(f"error: {error}")
    parts = sizes(arguments.directory)
    for name, count in parts.items():
        _print(f"{count / 1e6:9.2f} MB  {name}")
    total = sum(parts.values())
    _print(f"{total / 1e6:9.2f} MB  total, unpacked (maximum {MAX_UNPACKED_BYTES / 1e6:.0f})")
    if total > MAX_UNPACKED_BYTES:
        sys.exit("error: the bundle is too large. The list above shows the size of each part.")
    if arguments.zip:
        pack(arguments.directory, arguments.zip)
        _print(f"{arguments.zip.stat().st_size / 1e6:9.2f} MB  {arguments.zip}")


if __name__ == "__main__":
    main()
