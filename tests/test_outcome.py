"""What Lambda is told: the lowest record that is not done, or an exception."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from ots_sync.errors import RefusedError, UndoneError
from ots_sync.outcome import Outcome, answer, first_undone
from tests.builders import record


def undone(*numbers: Any) -> Outcome:
    """An outcome whose records of these sequence numbers are not done."""
    records = [record(SequenceNumber=number) for number in numbers]
    return Outcome(records=9, undone=records, why=Counter({"Late": len(records)}))


@pytest.mark.parametrize("partial_response", [True, False])
def test_all_done_is_no_failures(partial_response: bool) -> None:
    assert answer(Outcome(records=3), partial_response=partial_response) == {
        "batchItemFailures": []
    }


def test_answer_names_the_lowest_number_as_an_integer() -> None:
    """As text, 9 would come after 10; Lambda compares numbers and starts again from the lowest."""
    told = answer(undone("100", "99", "1000"), partial_response=True)
    assert told == {"batchItemFailures": [{"itemIdentifier": "99"}]}
    assert first_undone(undone("100", "99").undone) == "99"


def test_number_is_named_as_it_was_received() -> None:
    """Lambda looks for the very text."""
    told = answer(undone("00099", "100"), partial_response=True)
    assert told == {"batchItemFailures": [{"itemIdentifier": "00099"}]}


def test_without_partial_response_undone_raises() -> None:
    with pytest.raises(UndoneError, match=r"2 of 9 records are not done \(first .* 5; Late 2\)"):
        answer(undone("5", "6"), partial_response=False)


def test_reason_stands_with_the_number_of_its_own_record() -> None:
    outcome = undone("5", "6")
    outcome.refuse(record(number="6"), RefusedError("Code", "a reason"))
    with pytest.raises(UndoneError, match=r"number 5; Late 2; refused 6: a reason\)"):
        answer(outcome, partial_response=False)


@pytest.mark.parametrize("number", [None, "", 12, "x"])
def test_record_without_a_number_that_lambda_knows_raises(number: Any) -> None:
    """An answer that names nothing, or something unknown, could be taken for success."""
    with pytest.raises(UndoneError, match="first sequence number unknown"):
        answer(undone("5", number), partial_response=True)


def test_first_refusals_are_named_and_all_are_counted() -> None:
    outcome = Outcome()
    for number in range(7):
        outcome.refuse(record(number=str(number)), RefusedError("Code", "r" * 500))
    assert outcome.refused == 7
    assert [one["sequence_number"] for one in outcome.refusals] == list("01234")
    assert {len(one["reason"]) for one in outcome.refusals} == {200}


def test_refusal_of_a_record_that_is_no_object_is_named_without_a_number() -> None:
    outcome = Outcome()
    outcome.refuse(None, RefusedError("MalformedRecord", "a record is not an object"))
    assert outcome.refusals == [
        {"sequence_number": "", "code": "MalformedRecord", "reason": "a record is not an object"}
    ]
