"""Run the function in a process, like one execution environment of Lambda.

Each line on standard input is an invocation: {"event": ..., "deadline_s": ...}, with the deadline
on the monotonic clock. Each line on standard output is its result: {"response": ...} or
{"error": ...}. The output of the function goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import time

from ots_local.handler import LambdaContext


def main() -> None:
    """Invoke the handler for each line until standard input ends."""
    results = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import lambda_function

    for line in sys.stdin:
        invocation = json.loads(line)
        result: dict[str, object]
        try:
            context = LambdaContext(invocation["deadline_s"], time.monotonic)
            result = {"response": lambda_function.lambda_handler(invocation["event"], context)}
        except Exception as error:  # noqa: BLE001 - as Lambda's runtime does
            result = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.flush()
        print(json.dumps(result), file=results, flush=True)


if __name__ == "__main__":
    main()
