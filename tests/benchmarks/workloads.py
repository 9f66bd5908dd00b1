"""Generate stream records of several shapes from a seed; they are the same on every machine.

An event is stored as JSON text, as Lambda's runtime reads it, so that each measurement starts with
new objects as an invocation does.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tests.support.builders import item
from tests.support.builders import record as stream_record

SEED = 20180618
FIRST_S = 1529280000
EVENT_BYTES = 6 * 1024 * 1024
"""The size limit of an event: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html"""

Image = dict[str, Any]
Make = Callable[[random.Random, int], tuple[Image | None, Image | None]]


class Workload(NamedTuple):
    """A shape of records; `make` returns the old and new image of record number `i`."""

    name: str
    meaning: str
    make: Make


def records(workload: Workload, count: int, seed: int = SEED) -> Iterator[dict[str, Any]]:
    """Yield records of the workload in stream order."""
    rng = random.Random(seed)
    for i in range(count):
        old, new = workload.make(rng, i)
        yield stream_record(
            old, new, number=str(111_100_000_000_000_000_000 + i), created_s=FIRST_S
        )


def events(workload: Workload, count: int, size: int) -> list[str]:
    """Return the workload as JSON texts of events with `size` records each."""
    texts = [json.dumps(record) for record in records(workload, count)]
    return [event_text(texts[start : start + size]) for start in range(0, count, size)]


def event_text(texts: Sequence[str]) -> str:
    """Return an event with these records as JSON text."""
    return '{"Records": [' + ", ".join(texts) + "]}"


def largest_event(workload: Workload) -> tuple[str, int]:
    """Return the largest event within Lambda's limit, and its number of records."""
    texts, size = [], 20
    for record in records(workload, 10_000):
        text = json.dumps(record)
        size += len(text) + 2
        if size > EVENT_BYTES:
            break
        texts.append(text)
    return event_text(texts), len(texts)


def images(event: Mapping[str, Any]) -> list[Any]:
    """Return the new images of an event's records."""
    return [record["dynamodb"]["NewImage"] for record in event["Records"]]


def wide(columns: int) -> Workload:
    """Return a workload of items with this many attributes, alternately texts and numbers."""

    def make(rng: random.Random, i: int) -> tuple[None, Image]:
        attributes = {
            f"attribute_{position}": {"N": str(rng.randrange(10**6))}
            if position % 2
            else {"S": f"text {rng.randrange(10**6)}"}
            for position in range(columns)
        }
        return None, _keyed(i, attributes)

    return Workload(f"wide {columns}", f"{columns} attributes, texts and numbers", make)


def _keyed(i: int, attributes: Mapping[str, Any]) -> Image:
    return item(f"user-{i:08d}", FIRST_S + i, **attributes)


def _article_attributes(rng: random.Random, i: int) -> Image:
    """Return the article's ten types except the binary set, 1.2 KB per record."""
    return {
        "number": {"N": str(123 + i)},
        "number_2": {"N": f"{rng.randrange(10_000)}.25"},
        "null": {"NULL": True},
        "binary": {"B": base64.b64encode(rng.randbytes(60)).decode()},
        "bool": {"BOOL": rng.random() < 0.5},
        "list": {"L": [{"S": "a"}, {"N": str(rng.randrange(100))}]},
        "map": {"M": {"key1": {"S": f"value{rng.randrange(100)}"}}},
        "str": {"S": f"This is test {rng.randrange(10**6)}! " * 14},
        "num_set": {"NS": ["1", "2"]},
        "str_set": {"SS": ["a", "b"]},
    }


def _article(rng: random.Random, i: int) -> tuple[None, Image]:
    return None, _keyed(i, _article_attributes(rng, i))


def _small(rng: random.Random, i: int) -> tuple[None, Image]:
    score = {"N": str(rng.randrange(1000))}
    return None, _keyed(i, {"name": {"S": f"name {rng.randrange(10**6)}"}, "score": score})


def _documents(rng: random.Random, i: int) -> tuple[None, Image]:
    lines = [
        {"M": {"sku": {"S": f"sku-{rng.randrange(10**5)}"}, "price": {"N": f"{rng.random():.2f}"}}}
        for _ in range(12)
    ]
    return None, _keyed(i, {"lines": {"L": lines}, "address": {"M": {"city": {"S": "Köln"}}}})


def _large(rng: random.Random, i: int) -> tuple[None, Image]:
    return None, _keyed(i, {"text": {"S": f"{rng.randrange(10**9)} large text " * 2_000}})


def _hot(rng: random.Random, i: int) -> tuple[Image, Image]:
    attributes = _article_attributes(rng, i)
    before = {**attributes, "number": {"N": str(i)}}
    return _keyed(i % 100, before), _keyed(i % 100, attributes)


def _update(rng: random.Random, i: int) -> tuple[Image, Image]:
    attributes = _article_attributes(rng, i)
    return _keyed(i, {**attributes, "number": {"N": str(i)}}), _keyed(i, attributes)


def _delete(rng: random.Random, i: int) -> tuple[Image, None]:
    return _keyed(i, _article_attributes(rng, i)), None


ARTICLE = Workload("article", "inserts of the article's ten types, 1.2 KB per record", _article)
SMALL = Workload("small", "inserts of two short attributes", _small)
HOT = Workload("hot keys", "updates of one attribute of 100 items", _hot)
UPDATES = Workload("updates", "updates of one attribute of the article's item", _update)
WORKLOADS: tuple[Workload, ...] = (
    ARTICLE,
    SMALL,
    wide(100),
    Workload("documents", "inserts of a list of twelve maps", _documents),
    Workload("large texts", "inserts of a text of about 45 KB", _large),
    HOT,
    UPDATES,
    Workload("deletes", "removes of the article's item", _delete),
)
