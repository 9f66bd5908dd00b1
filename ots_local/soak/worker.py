"""One container of the function, as a process: an invocation a line goes in, its answer comes out.

Stdin: {"event": ..., "deadline_s": of the monotonic clock}. What was stdout takes the answers,
{"answer": ...} or {"error": ...}; what the function prints goes to stderr.
"""

from __future__ import annotations

import json
import os
import sys
import time

from ots_local.function import Context


def main() -> None:
    """Answers until there is nothing more to read."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import lambda_function

    for line in sys.stdin:
        asked = json.loads(line)
        told: dict[str, object]
        try:
            context = Context(asked["deadline_s"], time.monotonic)
            told = {"answer": lambda_function.lambda_handler(asked["event"], context)}
        except Exception as error:  # noqa: BLE001 - as Lambda's runtime does
            told = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.flush()
        print(json.dumps(told), file=answers, flush=True)


if __name__ == "__main__":
    main()
