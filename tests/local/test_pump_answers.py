"""What each answer of a handler means, the odd ones above all."""

from __future__ import annotations

from typing import Any

import pytest

from ots_local.stream_pump.answers import WHOLE_BATCH, first_failed

NUMBERS = ["99", "100", "101", "102"]
SUCCESS = None


def _failed(*names: Any) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": name} for name in names]}


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        pytest.param({"batchItemFailures": []}, SUCCESS, id="empty list"),
        pytest.param({"batchItemFailures": None}, SUCCESS, id="null list"),
        pytest.param({}, SUCCESS, id="empty response"),
        pytest.param(None, SUCCESS, id="null response"),
        pytest.param("", SUCCESS, id="empty text"),
        pytest.param("done", SUCCESS, id="text"),
        pytest.param([{"itemIdentifier": "99"}], SUCCESS, id="list without its key"),
        pytest.param({"BatchItemFailures": [{"itemIdentifier": "99"}]}, SUCCESS, id="wrong key"),
        pytest.param({"batchItemFailures": [], "more": 1}, SUCCESS, id="more keys"),
        pytest.param(_failed(""), WHOLE_BATCH, id="empty identifier"),
        pytest.param(_failed(None), WHOLE_BATCH, id="null identifier"),
        pytest.param(_failed(100), WHOLE_BATCH, id="number for identifier"),
        pytest.param(_failed("103"), WHOLE_BATCH, id="unknown identifier"),
        pytest.param(_failed("0100"), WHOLE_BATCH, id="identifier written otherwise"),
        pytest.param(_failed("100", "103"), WHOLE_BATCH, id="one of two unknown"),
        pytest.param({"batchItemFailures": [{"itemId": "100"}]}, WHOLE_BATCH, id="wrong entry key"),
        pytest.param({"batchItemFailures": [{}]}, WHOLE_BATCH, id="empty entry"),
        pytest.param({"batchItemFailures": ["100"]}, WHOLE_BATCH, id="entry is a text"),
        pytest.param({"batchItemFailures": [None]}, WHOLE_BATCH, id="entry is null"),
        pytest.param({"batchItemFailures": "100"}, WHOLE_BATCH, id="list is a text"),
        pytest.param({"batchItemFailures": {"itemIdentifier": "100"}}, WHOLE_BATCH, id="no list"),
        pytest.param({"batchItemFailures": {}}, WHOLE_BATCH, id="list is an empty object"),
        pytest.param(_failed("99"), 0, id="first"),
        pytest.param(_failed("102"), 3, id="last"),
        pytest.param(_failed("100", "102"), 1, id="several"),
        pytest.param(_failed("102", "100", "101"), 1, id="several in any order"),
        pytest.param(_failed("100", "99"), 0, id="lowest as a number, not as a text"),
        pytest.param(_failed("101", "101"), 2, id="twice the same"),
    ],
)
def test_an_answer_means(answer: Any, meaning: int | None) -> None:
    assert first_failed(answer, NUMBERS) == meaning
