"""Errors that the service returns: codes, HTTP statuses and default messages.

Source: https://www.alibabacloud.com/help/en/tablestore/developer-reference/error-codes
"""

from __future__ import annotations

# code -> (HTTP status, default message)
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
    """An error that the service returns for a request or for one row."""

    def __init__(self, code: str, message: str | None = None) -> None:
        """Create an error from a code; `message` replaces the default message of the code."""
        self.code = code
        self.status, default = CODES.get(code, (400, "The input parameter is invalid."))
        self.message = default if message is None else message
        super().__init__(f"{code}: {self.message}")


def invalid_parameter(message: str) -> ServiceError:
    """Create an OTSParameterInvalid error."""
    return ServiceError("OTSParameterInvalid", message)
