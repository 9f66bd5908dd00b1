"""Run the handler with the loggers of every library at DEBUG.

Reads one JSON event per line from stdin, calls the handler with each, and prints the response, or
the exception with its traceback as Lambda does.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback


def main() -> None:
    """Log everything, import the handler module, and run it."""
    logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
    import lambda_function

    for line in sys.stdin:
        try:
            response = lambda_function.lambda_handler(json.loads(line), None)
            sys.stdout.write(f"RESPONSE {response}\n")
        except Exception:
            traceback.print_exc(file=sys.stdout)
            logging.getLogger().exception("the handler raised")
    logging.getLogger("last-line").debug("logged at DEBUG")


if __name__ == "__main__":
    main()
