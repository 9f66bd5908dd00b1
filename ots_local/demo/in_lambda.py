"""A bundle and settings go in; a copy of the function comes out whose handler is the bundle's.

Invoking it invokes the built bundle in AWS's own runtime on this machine; all else is this tree's.
Refuses a directory that is no bundle, and a machine that cannot run Lambda's Python.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType

from ots_local import function as on_this_machine
from ots_local.lambda_parts import LambdaPartsError, parts
from ots_local.lambda_runtime import running
from ots_sync.settings import load


class NoLambdaError(Exception):
    """The bundle cannot run here; the message says why."""


@contextmanager
def open_bundle(bundle: Path, environ: Mapping[str, str]) -> Iterator[ModuleType]:
    """Run the bundle for the length of the block; what it printed comes at the block's end."""
    if not (bundle / "lambda_function.py").is_file():
        raise NoLambdaError(f"{bundle} is no bundle. Build one: make bundle")
    function = on_this_machine.load(load(environ, {}))
    with ExitStack() as stack:
        try:
            invoke = stack.enter_context(
                running(
                    parts(), bundle.resolve(), environ, timeout_s=round(on_this_machine.TIMEOUT_S)
                )
            )
        except (LambdaPartsError, RuntimeError) as reason:
            raise NoLambdaError(
                f"{reason}\nWithout Lambda's runtime the same runs as: python -m ots_local demo"
            ) from None
        vars(function)["lambda_handler"] = lambda event, _: invoke(event)
        try:
            yield function
        finally:
            sys.stdout.write(invoke.logs())
