"""A question to AWS goes in, its answer comes out; what is refused is told by AWS's code alone.

Refuses by AbsentError what is not there, and by UnseenError what may not be seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ots_tools.doctor.findings import AbsentError, UnseenError

T = TypeVar("T")

_ABSENT = ("ResourceNotFoundException", "NoSuchBucket", "NoSuchEntity", "404")


def seen(look: Callable[[], T]) -> T:
    """What AWS tells; of an error its code only, for its words can hold a key."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return look()
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        if code in _ABSENT:
            raise AbsentError(
                f"{error.operation_name} finds nothing of that name ({code})"
            ) from None
        raise UnseenError(f"AWS refused {error.operation_name}: {code}") from None
    except BotoCoreError as error:
        raise UnseenError(
            f"AWS cannot be used ({type(error).__name__}): check region, credentials and network"
        ) from None
