"""What Lambda is told: the lowest record that is not done, or an exception."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from ots_sync.errors import RejectedError, UnprocessedRecordsError
from ots_sync.outcome import Outcome, build_response, first_unprocessed
from tests.support.builders import record


def undone(*numbers: Any) -> Outcome:
    """An outcome whose records of these sequence numbers are not done."""
    records = [record(SequenceNumber=number) for number in numbers]
    return Outcome(
        records=9,
        unprocessed=records,
        unprocessed_codes=Counter({"DeadlineExceeded": len(records)}),
    )


@pytest.mark.parametrize("partial_response", [True, False])
def test_all_done_is_no_failures(partial_response: bool) -> None:
    assert build_response(Outcome(records=3), partial_response=partial_response) == {
        "batchItemFailures": []
    }


def test_answer_names_the_lowest_number_as_an_integer() -> None:
    """As text, 9 would come after 10; Lambda compares numbers and starts again from the lowest."""
    told = build_response(undone("100", "99", "1000"), partial_response=True)
    assert told == {"batchItemFailures": [{"itemIdentifier": "99"}]}
    assert first_unprocessed(undone("100", "99").unprocessed) == "99"


def test_number_is_named_as_it_was_received() -> None:
    """Lambda looks for the very text."""
    told = build_response(undone("00099", "100"), partial_response=True)
    assert told == {"batchItemFailures": [{"itemIdentifier": "00099"}]}


def test_without_partial_response_undone_raises() -> None:
    with pytest.raises(
        UnprocessedRecordsError,
        match=r"2 of 9 records .* \(first .* 5; DeadlineExceeded 2\)",
    ):
        build_response(undone("5", "6"), partial_response=False)


def test_reason_stands_with_the_number_of_its_own_record() -> None:
    outcome = undone("5", "6")
    outcome.add_rejection(record(number="6"), RejectedError("Code", "a reason"))
    with pytest.raises(
        UnprocessedRecordsError, match=r"5; DeadlineExceeded 2; rejected 6: a reason\)"
    ):
        build_response(outcome, partial_response=False)


@pytest.mark.parametrize("number", [None, "", 12, "x"])
def test_record_without_a_number_that_lambda_knows_raises(number: Any) -> None:
    """An build_response that names nothing, or something unknown, could be taken for success."""
    with pytest.raises(UnprocessedRecordsError, match="first sequence number unknown"):
        build_response(undone("5", number), partial_response=True)


def test_first_refusals_are_named_and_all_are_counted() -> None:
    outcome = Outcome()
    for number in range(7):
        outcome.add_rejection(record(number=str(number)), RejectedError("Code", "r" * 500))
    assert outcome.rejected == 7
    assert [one["sequence_number"] for one in outcome.rejections] == list("01234")
    assert {len(one["reason"]) for one in outcome.rejections} == {200}


def test_refusal_of_a_record_that_is_no_object_is_named_without_a_number() -> None:
    outcome = Outcome()
    outcome.add_rejection(None, RejectedError("MalformedRecord", "a record is not an object"))
    assert outcome.rejections == [
        {"sequence_number": "", "code": "MalformedRecord", "reason": "a record is not an object"}
    ]
