"""Test error classes, backoff, the deadline and the concurrency limit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import tablestore
from hypothesis import given
from hypothesis import strategies as st

from ots_sync import retry
from ots_sync.retry import FIRST_DELAY_S, MAX_DELAY_S, AimdLimit, Deadline, backoff_s
from tests.support.paths import DOCS


@pytest.mark.parametrize(
    ("failures", "longest_s"),
    [(1, 0.1), (2, 0.2), (3, 0.4), (6, 3.2), (7, 5.0), (8, 5.0), (10_000, 5.0)],
)
def test_backoff_is_drawn_between_zero_and_a_bound_that_doubles(
    failures: int, longest_s: float
) -> None:
    drawn: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        drawn.append((low, high))
        return high

    assert backoff_s(failures, uniform) == pytest.approx(longest_s)
    assert len(drawn) == 1
    assert drawn[0] == pytest.approx((0.0, longest_s))
    assert FIRST_DELAY_S <= drawn[0][1] <= MAX_DELAY_S


@pytest.mark.parametrize(("now_s", "allowed"), [(0.0, True), (72.0, True), (72.001, False)])
def test_deadline_allows_a_call_that_ends_by_then_at_the_latest(
    now_s: float, allowed: bool
) -> None:
    assert Deadline(100.0, 28.0, 15.0).allows_call(now_s) is allowed


@given(at_s=st.floats(0, 900), started_s=st.floats(0, 900), took=st.floats(0, 1))
def test_request_in_doubt_is_resolved_by_the_deadline(
    at_s: float, started_s: float, took: float
) -> None:
    """There is always enough time to wait for it."""
    deadline = Deadline(at_s, 28.0, 15.0)
    resolved_at_s = deadline.resolved_at_s(started_s, started_s + 28.0 * took)
    assert resolved_at_s >= min(started_s + 28.0 * took + 15.0, started_s + 28.0)
    if deadline.allows_call(started_s):
        assert resolved_at_s <= at_s


def test_concurrency_limit_halves_down_to_one_and_increases_by_one() -> None:
    """It increases by one per as many successful requests as it allows."""
    limit = AimdLimit(16, 16.0)
    limits = []
    for _ in range(6):
        limit.decrease()
        limits.append(limit.limit)
    assert limits == [8, 4, 2, 1, 1, 1]
    limit.increase()
    assert limit.limit == 2
    limit.increase()
    limit.increase()
    assert 2.8 < limit.limit < 3


def test_concurrency_limit_stays_at_its_maximum() -> None:
    limit = AimdLimit(2, 2.0)
    for _ in range(10):
        limit.increase()
    assert limit.limit == 2


# https://www.alibabacloud.com/help/en/tablestore/developer-reference/error-codes, and further codes
# in the tests of the official SDKs; with the class that each has for a row that is being written.
DOCUMENTED = {
    "OTSServerBusy": "throttled",
    "OTSPartitionUnavailable": "throttled",
    "OTSNotEnoughCapacityUnit": "throttled",
    "OTSCapacityUnitExhausted": "throttled",
    "OTSFlowControl": "throttled",
    "OTSOperationThrottled": "throttled",
    "OTSStorageServerBusy": "throttled",
    "OTSQuotaExhausted": "throttled",
    "OTSTooFrequentReservedThroughputAdjustment": "throttled",
    "OTSRowOperationConflict": "retry",
    "OTSOperationConflict": "retry",
    "OTSTableNotReady": "retry",
    "OTSTimeout": "unknown outcome",
    "OTSServerUnavailable": "unknown outcome",
    "OTSInternalServerError": "unknown outcome",
    "OTSRequestTimeout": "unknown outcome",
    "OTSParameterInvalid": "reject",
    "OTSConditionCheckFail": "reject",
    "OTSOutOfRowSizeLimit": "reject",
    "OTSOutOfColumnCountLimit": "reject",
    "OTSDataOutOfRange": "reject",
    "OTSRequestBodyTooLarge": "reject",
    "OTSInvalidPK": "configuration",
    "OTSObjectNotExist": "configuration",
    "OTSObjectAlreadyExist": "configuration",
    "OTSAuthFailed": "configuration",
    "OTSNoPermissionAccess": "configuration",
    "OTSMethodNotAllowed": "configuration",
    "OTSForbiddenUpdateCapacityUnit": "configuration",
    "OTSTunnelServerUnavailable": "retry",
    "OTSTrimmedDataAccess": "configuration",
}

# The codes that client.py gives to errors of the network and the SDK.
OURS = {
    "ConnectFailed": "retry",
    "ConnectionBroken": "unknown outcome",
    "ReadTimeout": "unknown outcome",
    "ResponseNotTrusted": "unknown outcome",
    "ResponseUnreadable": "unknown outcome",
    "NotAcknowledged": "unknown outcome",
    "NoErrorCode": "unknown outcome",
    "GatewayError": "unknown outcome",
    "CredentialsRefreshed": "retry",
    "NotEncodable": "reject",
}


def class_of(code: str) -> str:
    """Return the error class of a code in the words of the tables above."""
    error_class = retry.ERROR_CLASSES[code]
    if error_class.action != "retry":
        return error_class.action
    if error_class.throttled:
        return "throttled"
    return "unknown outcome" if error_class.unknown_outcome else "retry"


@pytest.mark.parametrize("code", sorted(DOCUMENTED | OURS))
def test_error_code_has_the_class_that_its_documentation_implies(code: str) -> None:
    assert class_of(code) == (DOCUMENTED | OURS)[code]


def test_table_of_error_classes_has_no_other_codes() -> None:
    """A new code needs its source here."""
    assert set(retry.ERROR_CLASSES) == set(DOCUMENTED) | set(OURS)


def test_every_code_of_our_own_is_documented() -> None:
    """The log shows these codes, so the documentation explains them."""
    text = (DOCS / "troubleshooting.md").read_text("utf-8")
    codes = {*OURS, "DeadlineExceeded", "NotQuarantined"}
    assert [code for code in codes if f"`{code}`" not in text] == []


def test_every_error_code_in_the_sdk_has_a_class() -> None:
    """A new version of the SDK can have new codes. Names of its classes begin with OTS too."""
    folder = Path(tablestore.__file__).parent
    sources = "\n".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    found = set(re.findall(r"""["'](OTS[A-Z][A-Za-z]+)["']""", sources))
    found -= {"OTSClient", "OTSClientError", "OTSServiceError", "OTSError"}
    found = {code for code in found if not hasattr(tablestore, code)}
    assert "OTSServerBusy" in found
    assert found <= set(retry.ERROR_CLASSES)


def test_code_without_a_class_is_retried_and_in_doubt() -> None:
    found = retry.classify("OTSBrandNew")
    assert (found.action, found.unknown_outcome, found.in_doubt) == ("retry", True, True)
    assert not retry.is_classified("OTSBrandNew")


def test_request_is_in_doubt_unless_it_was_answered_or_waited_for() -> None:
    """Only a request with an unknown outcome can be; after a response or a timeout it has ended."""
    in_doubt = {code for code, found in retry.ERROR_CLASSES.items() if found.in_doubt}
    unknown = {code for code, found in retry.ERROR_CLASSES.items() if found.unknown_outcome}
    ended = {"ReadTimeout", "ResponseNotTrusted", "ResponseUnreadable", "NotAcknowledged"}
    assert in_doubt == unknown - ended
