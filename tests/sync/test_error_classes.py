"""The table of codes knows every code that the SDK or the service's pages know."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import tablestore

from ots_sync import retry
from tests.support.paths import DOCS

# https://www.alibabacloud.com/help/en/tablestore/developer-reference/error-codes, and what the
# tests of the official SDKs meet beside them; with what each means for a row that is written.
DOCUMENTED = {
    "OTSServerBusy": "busy",
    "OTSPartitionUnavailable": "busy",
    "OTSNotEnoughCapacityUnit": "busy",
    "OTSCapacityUnitExhausted": "busy",
    "OTSFlowControl": "busy",
    "OTSOperationThrottled": "busy",
    "OTSStorageServerBusy": "busy",
    "OTSQuotaExhausted": "busy",
    "OTSTooFrequentReservedThroughputAdjustment": "busy",
    "OTSRowOperationConflict": "again",
    "OTSOperationConflict": "again",
    "OTSTableNotReady": "again",
    "OTSTimeout": "unknown",
    "OTSServerUnavailable": "unknown",
    "OTSInternalServerError": "unknown",
    "OTSRequestTimeout": "unknown",
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
    "OTSTunnelServerUnavailable": "again",
    "OTSTrimmedDataAccess": "configuration",
}

# What the network and the SDK do, as the store names it.
OURS = {
    "ConnectFailed": "again",
    "ConnectionBroken": "unknown",
    "ReadTimeout": "unknown",
    "ResponseNotTrusted": "unknown",
    "ResponseUnreadable": "unknown",
    "NotAcknowledged": "unknown",
    "NoErrorCode": "unknown",
    "GatewayError": "unknown",
    "CredentialsRefreshed": "again",
    "NotEncodable": "reject",
}


def meaning(code: str) -> str:
    """The verdict as one word."""
    verdict = retry.ERROR_CLASSES[code]
    if verdict.action != "retry":
        return verdict.action
    return "busy" if verdict.throttled else "unknown" if verdict.unknown_outcome else "again"


@pytest.mark.parametrize("code", sorted(DOCUMENTED | OURS))
def test_code_has_the_meaning_that_its_documentation_gives_it(code: str) -> None:
    assert meaning(code) == (DOCUMENTED | OURS)[code]


def test_table_holds_nothing_else() -> None:
    """Whoever decides about a code writes its source here."""
    assert set(retry.ERROR_CLASSES) == set(DOCUMENTED) | set(OURS)


def test_every_code_of_ours_is_explained() -> None:
    """What the log names has its line in the pages for whoever reads it."""
    text = (DOCS / "operations.md").read_text("utf-8")
    section = text.partition("## What a reason means")[2].partition("\n## ")[0]
    cells = {name for line in section.splitlines() for name in line.split("|")[1:2]}
    named = {name.strip() for cell in cells for name in cell.split(",")}
    assert {*OURS, "DeadlineExceeded", "NotQuarantined"} <= named


def test_sdk_knows_no_code_that_the_table_does_not() -> None:
    """A new version of the SDK may; its classes begin alike but are no strings."""
    folder = Path(tablestore.__file__).parent
    sources = "\n".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    found = set(re.findall(r"""["'](OTS[A-Z][A-Za-z]+)["']""", sources))
    found -= {"OTSClient", "OTSClientError", "OTSServiceError", "OTSError"}
    found = {code for code in found if not hasattr(tablestore, code)}
    assert "OTSServerBusy" in found
    assert found <= set(retry.ERROR_CLASSES)


def test_unknown_code_is_sent_again_and_may_have_been_written() -> None:
    verdict = retry.classify("OTSNobodyKnows")
    assert (verdict.action, verdict.unknown_outcome, verdict.in_doubt) == ("retry", True, True)
    assert not retry.is_classified("OTSNobodyKnows")


def test_only_what_may_have_been_written_may_still_land() -> None:
    """And not what was answered or waited for: that is over, whatever came of it."""
    landing = {code for code, verdict in retry.ERROR_CLASSES.items() if verdict.in_doubt}
    unknown = {code for code, verdict in retry.ERROR_CLASSES.items() if verdict.unknown_outcome}
    over = {"ReadTimeout", "ResponseNotTrusted", "ResponseUnreadable", "NotAcknowledged"}
    assert landing == unknown - over
