"""A refusal in the service's own words: a code goes in, out come its status and message.

Codes, statuses and messages: https://www.alibabacloud.com/help/en/tablestore/developer-reference/error-codes
"""

from __future__ import annotations

# code -> (HTTP status, the message that the service usually gives with it)
CODES: dict[str, tuple[int, str]] = {
    "OTSServerBusy": (503, "Server is busy."),
    "OTSPartitionUnavailable": (503, "The partition is not available."),
    "OTSTimeout": (503, "Operation timeout."),
    "OTSServerUnavailable": (503, "Server is not available."),
    "OTSInternalServerError": (500, "Internal server error."),
    "OTSRowOperationConflict": (409, "Data is being modified by the other request."),
    "OTSTableNotReady": (404, "The table is not ready."),
    "OTSNotEnoughCapacityUnit": (403, "Remaining capacity unit is not enough."),
    "OTSCapacityUnitExhausted": (403, "Capacity unit is not enough."),
    "OTSFlowControl": (429, "The requests have been throttled."),
    "OTSOperationThrottled": (503, "The operation is throttled."),
    "OTSOperationConflict": (409, "The operation conflicts with another one."),
    "OTSStorageServerBusy": (503, "Storage server is busy."),
    "OTSQuotaExhausted": (403, "Too frequent table operations."),
    "OTSConditionCheckFail": (403, "Condition check failed."),
    "OTSInvalidPK": (400, "Primary key schema mismatch."),
    "OTSParameterInvalid": (400, "The input parameter is invalid."),
    "OTSObjectNotExist": (404, "Requested table does not exist."),
    "OTSObjectAlreadyExist": (409, "Requested table already exists."),
    "OTSOutOfRowSizeLimit": (
        400,
        "The total data size of columns in one row exceeded the limit.",
    ),
    "OTSOutOfColumnCountLimit": (400, "The number of columns in one row exceeded the limit."),
    "OTSRequestBodyTooLarge": (413, "The size of POST data is too large."),
    "OTSRequestTimeout": (408, "Request timeout."),
    "OTSMethodNotAllowed": (405, "Only POST method for requests is supported."),
    "OTSAuthFailed": (403, "Signature mismatch."),
    "OTSNoPermissionAccess": (
        403,
        "You have no permission to access the requested resource, "
        "please contact the resource owner.",
    ),
}


class ServiceError(Exception):
    """The service's answer to a request, or to one row, that it does not carry out."""

    def __init__(self, code: str, message: str | None = None) -> None:
        """Take the service's code and, where the usual message does not fit, another."""
        self.code = code
        self.status, usual = CODES.get(code, (400, "The input parameter is invalid."))
        self.message = usual if message is None else message
        super().__init__(f"{code}: {self.message}")


def invalid(message: str) -> ServiceError:
    """Make the refusal of a request that can never be carried out as it stands."""
    return ServiceError("OTSParameterInvalid", message)
