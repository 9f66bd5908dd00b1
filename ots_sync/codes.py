"""The one table of what can come back from Table Store or the network, and what it means to us.

An error code goes in, a verdict comes out. There is no default: a code that is not here is
retried, and counted and logged as unknown, so that someone decides.
https://www.alibabacloud.com/help/en/tablestore/developer-reference/error-codes
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Verdict:
    """`retry`: may succeed later. `refuse`: never, for one row at least. `configuration`: never,
    for any. `busy`: the service asks for less. `unknown_outcome`: it may have been written.
    `may_land`: it may still be, until the service's own time-out.
    """

    kind: Literal["retry", "refuse", "configuration"]
    busy: bool = False
    unknown_outcome: bool = False
    may_land: bool = False


_BUSY = Verdict("retry", busy=True)
_UNSURE = Verdict("retry", unknown_outcome=True)
_OPEN = Verdict("retry", unknown_outcome=True, may_land=True)
_AGAIN = Verdict("retry")
_REFUSE = Verdict("refuse")
_CONFIGURATION = Verdict("configuration")

VERDICTS: dict[str, Verdict] = {
    # Throttling and load: nothing was written.
    "OTSServerBusy": _BUSY,
    "OTSPartitionUnavailable": _BUSY,
    "OTSNotEnoughCapacityUnit": _BUSY,
    "OTSCapacityUnitExhausted": _BUSY,
    "OTSFlowControl": _BUSY,
    "OTSOperationThrottled": _BUSY,
    "OTSStorageServerBusy": _BUSY,
    "OTSQuotaExhausted": _BUSY,
    "OTSTooFrequentReservedThroughputAdjustment": _BUSY,
    # Conflicts and a table that is being made: nothing was written.
    "OTSRowOperationConflict": _AGAIN,
    "OTSOperationConflict": _AGAIN,
    "OTSTableNotReady": _AGAIN,
    # The service gave up on the call, or the connection did: it may have been, or may yet be.
    "OTSTimeout": _OPEN,
    "OTSServerUnavailable": _OPEN,
    "OTSInternalServerError": _OPEN,
    "OTSRequestTimeout": _OPEN,
    # The row, or the request that holds it, is wrong.
    "OTSParameterInvalid": _REFUSE,
    "OTSConditionCheckFail": _REFUSE,
    "OTSOutOfRowSizeLimit": _REFUSE,
    "OTSOutOfColumnCountLimit": _REFUSE,
    "OTSDataOutOfRange": _REFUSE,
    "OTSRequestBodyTooLarge": _REFUSE,
    # The deployment is wrong: keys are checked against PRIMARY_KEY before they are sent, so a key
    # that does not suit the table says that PRIMARY_KEY does not.
    "OTSInvalidPK": _CONFIGURATION,
    "OTSObjectNotExist": _CONFIGURATION,
    "OTSObjectAlreadyExist": _CONFIGURATION,
    "OTSAuthFailed": _CONFIGURATION,
    "OTSNoPermissionAccess": _CONFIGURATION,
    "OTSMethodNotAllowed": _CONFIGURATION,
    "OTSForbiddenUpdateCapacityUnit": _CONFIGURATION,
    "OTSTunnelServerUnavailable": _AGAIN,
    "OTSTrimmedDataAccess": _CONFIGURATION,
    # The network and the answer, named by the store.
    "ConnectFailed": _AGAIN,
    "ConnectionBroken": _OPEN,
    "ReadTimeout": _UNSURE,
    "AnswerNotTrusted": _UNSURE,
    "AnswerUnreadable": _UNSURE,
    "NotAcknowledged": _UNSURE,
    "NoErrorCode": _OPEN,
    "GatewayError": _OPEN,
    "CredentialsRenewed": _AGAIN,
    # The SDK could not encode the request, so nothing was sent.
    "NotEncodable": _REFUSE,
}

UNKNOWN = _OPEN


def verdict(code: str) -> Verdict:
    """What a code means; `UNKNOWN` for one that nobody has decided about."""
    return VERDICTS.get(code, UNKNOWN)


def is_known(code: str) -> bool:
    """Whether somebody has decided about this code."""
    return code in VERDICTS
