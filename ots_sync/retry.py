"""Classify errors of Table Store and the network, and compute delays, deadlines and concurrency.

Pure arithmetic and one table: the caller passes the time. Every error code has an entry in the
table. A code without one is retried, counted and logged as unknown, so that someone adds it.
https://www.alibabacloud.com/help/en/tablestore/developer-reference/error-codes
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

FIRST_DELAY_S = 0.1
MAX_DELAY_S = 5.0


@dataclass(frozen=True, slots=True)
class ErrorClass:
    """The consequences of an error code.

    `action`: retry if the request can succeed later, reject if one row at least never can,
    configuration if no row ever can. `throttled`: the service asks for fewer requests.
    `unknown_outcome`: the write may have been executed. `in_doubt`: the service may still execute
    it, until its own timeout.
    """

    action: Literal["retry", "reject", "configuration"]
    throttled: bool = False
    unknown_outcome: bool = False
    in_doubt: bool = False


_THROTTLED = ErrorClass("retry", throttled=True)
_UNKNOWN_OUTCOME = ErrorClass("retry", unknown_outcome=True)
_IN_DOUBT = ErrorClass("retry", unknown_outcome=True, in_doubt=True)
_RETRY = ErrorClass("retry")
_REJECT = ErrorClass("reject")
_CONFIGURATION = ErrorClass("configuration")

ERROR_CLASSES: dict[str, ErrorClass] = {
    # Throttling and load: nothing was written.
    "OTSServerBusy": _THROTTLED,
    "OTSPartitionUnavailable": _THROTTLED,
    "OTSNotEnoughCapacityUnit": _THROTTLED,
    "OTSCapacityUnitExhausted": _THROTTLED,
    "OTSFlowControl": _THROTTLED,
    "OTSOperationThrottled": _THROTTLED,
    "OTSStorageServerBusy": _THROTTLED,
    "OTSQuotaExhausted": _THROTTLED,
    "OTSTooFrequentReservedThroughputAdjustment": _THROTTLED,
    # Conflicts, and a table that is being created: nothing was written.
    "OTSRowOperationConflict": _RETRY,
    "OTSOperationConflict": _RETRY,
    "OTSTableNotReady": _RETRY,
    # The service or the connection gave up: the write was executed, will be, or never will be.
    "OTSTimeout": _IN_DOUBT,
    "OTSServerUnavailable": _IN_DOUBT,
    "OTSInternalServerError": _IN_DOUBT,
    "OTSRequestTimeout": _IN_DOUBT,
    # The row, or the request that contains it, is not valid.
    "OTSParameterInvalid": _REJECT,
    "OTSConditionCheckFail": _REJECT,
    "OTSOutOfRowSizeLimit": _REJECT,
    "OTSOutOfColumnCountLimit": _REJECT,
    "OTSDataOutOfRange": _REJECT,
    "OTSRequestBodyTooLarge": _REJECT,
    # The deployment is wrong. Keys are checked against PRIMARY_KEY before they are sent, so a key
    # that does not match the table shows that PRIMARY_KEY does not.
    "OTSInvalidPK": _CONFIGURATION,
    "OTSObjectNotExist": _CONFIGURATION,
    "OTSObjectAlreadyExist": _CONFIGURATION,
    "OTSAuthFailed": _CONFIGURATION,
    "OTSNoPermissionAccess": _CONFIGURATION,
    "OTSMethodNotAllowed": _CONFIGURATION,
    "OTSForbiddenUpdateCapacityUnit": _CONFIGURATION,
    "OTSTunnelServerUnavailable": _RETRY,
    "OTSTrimmedDataAccess": _CONFIGURATION,
    # The network and the response; these codes are from client.py.
    "ConnectFailed": _RETRY,
    "ConnectionBroken": _IN_DOUBT,
    "ReadTimeout": _UNKNOWN_OUTCOME,
    "ResponseNotTrusted": _UNKNOWN_OUTCOME,
    "ResponseUnreadable": _UNKNOWN_OUTCOME,
    "NotAcknowledged": _UNKNOWN_OUTCOME,
    "NoErrorCode": _IN_DOUBT,
    "GatewayError": _IN_DOUBT,
    "CredentialsRefreshed": _RETRY,
    # The SDK could not encode the request, so nothing was sent.
    "NotEncodable": _REJECT,
}

UNCLASSIFIED = _IN_DOUBT


def classify(code: str) -> ErrorClass:
    """Return the class of an error code; `UNCLASSIFIED` if the table has no entry for it."""
    return ERROR_CLASSES.get(code, UNCLASSIFIED)


def is_classified(code: str) -> bool:
    """Return whether the table has an entry for this code."""
    return code in ERROR_CLASSES


def backoff_s(failures: int, uniform: Callable[[float, float], float]) -> float:
    """Return the delay after `failures` failed attempts (1 or more): full jitter, bounded.

    `uniform(a, b)` draws a number between a and b.
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    return uniform(0.0, min(MAX_DELAY_S, FIRST_DELAY_S * 2 ** min(failures - 1, 16)))


@dataclass(frozen=True, slots=True)
class Deadline:
    """The time by which the last request must have ended, in seconds of the caller's clock.

    `max_call_s`: the longest that a request can take. `service_timeout_s`: the longest that the
    service works on a request that it has received.
    """

    at_s: float
    max_call_s: float
    service_timeout_s: float

    def allows_call(self, now_s: float) -> bool:
        """Return whether a request started now ends in time even if it takes its full timeout."""
        return now_s + self.max_call_s <= self.at_s

    def resolved_at_s(self, started_s: float, ended_s: float) -> float:
        """Return the time after which the service no longer executes a request that is in doubt.

        The service received it before it ended, and before the timeout for sending it.
        """
        return min(ended_s + self.service_timeout_s, started_s + self.max_call_s)


@dataclass(slots=True)
class AimdLimit:
    """The number of concurrent requests: additive increase, multiplicative decrease, as in TCP.

    Throttling halves it. It increases by one for as many successful requests as it allows.
    """

    maximum: int
    limit: float

    def decrease(self) -> None:
        """Halve the limit, because the service throttled a request."""
        self.limit = max(1.0, self.limit / 2)

    def increase(self) -> None:
        """Raise the limit after a request without errors."""
        self.limit = min(float(self.maximum), self.limit + 1 / self.limit)
