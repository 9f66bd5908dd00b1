"""Run the function with every library's logging at DEBUG.

Reads events from stdin, a line of JSON each; hands each to the handler, and prints what it raises
as Lambda does, with its traceback.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback


def main() -> None:
    """Logs everything that anybody logs, imports the function, and runs it."""
    logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
    import lambda_function

    for line in sys.stdin:
        try:
            lambda_function.lambda_handler(json.loads(line), None)
        except Exception:  # noqa: BLE001 - as the runtime does
            traceback.print_exc(file=sys.stdout)
    logging.getLogger("the-end").debug("was logged")


if __name__ == "__main__":
    main()
