"""A seed goes in, stream records of every shape that matters come out, the same on every machine.

An event is kept as the JSON text that Lambda's runtime reads, so that each measurement can begin
with objects as fresh as an invocation has them.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tests.support.builders import item, record

SEED = 20180618
FIRST_S = 1529280000
EVENT_BYTES = 6 * 1024 * 1024
"""The most that Lambda hands over: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html"""

Image = dict[str, Any]
Make = Callable[[random.Random, int], tuple[Image | None, Image | None]]


class Workload(NamedTuple):
    """A shape of records: what it is, and how the old and new image of record `i` are made."""

    name: str
    meaning: str
    make: Make


def records(workload: Workload, count: int, seed: int = SEED) -> Iterator[dict[str, Any]]:
    """The workload's records, in the order of the stream."""
    rng = random.Random(seed)
    for i in range(count):
        old, new = workload.make(rng, i)
        yield record(old, new, number=str(111_100_000_000_000_000_000 + i), created_s=FIRST_S)


def events(workload: Workload, count: int, size: int) -> list[str]:
    """The workload as texts of events with `size` records each."""
    texts = [json.dumps(one) for one in records(workload, count)]
    return [event_text(texts[at : at + size]) for at in range(0, count, size)]


def event_text(texts: Sequence[str]) -> str:
    """One event of these records."""
    return '{"Records": [' + ", ".join(texts) + "]}"


def largest_event(workload: Workload) -> tuple[str, int]:
    """The fullest event of the workload that Lambda can hand over, and how many records it has."""
    texts, size = [], 20
    for one in records(workload, 10_000):
        text = json.dumps(one)
        size += len(text) + 2
        if size > EVENT_BYTES:
            break
        texts.append(text)
    return event_text(texts), len(texts)


def images(event: Mapping[str, Any]) -> list[Any]:
    """The new images of an event's records."""
    return [one["dynamodb"]["NewImage"] for one in event["Records"]]


def wide(columns: int) -> Workload:
    """Items of so many attributes, texts and numbers by turns."""

    def make(rng: random.Random, i: int) -> tuple[None, Image]:
        attributes = {
            f"attribute_{at}": {"N": str(rng.randrange(10**6))}
            if at % 2
            else {"S": f"text {rng.randrange(10**6)}"}
            for at in range(columns)
        }
        return None, _keyed(i, attributes)

    return Workload(f"wide {columns}", f"{columns} attributes, texts and numbers", make)


def _keyed(i: int, attributes: Mapping[str, Any]) -> Image:
    return item(f"user-{i:08d}", FIRST_S + i, **attributes)


def _article_attributes(rng: random.Random, i: int) -> Image:
    """The ten types of the article's sample but the binary set, at 1.2 KB a record."""
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


ARTICLE = Workload("article", "inserts of the article's ten types, 1.2 KB a record", _article)
SMALL = Workload("small", "inserts of two short attributes", _small)
HOT = Workload("hot keys", "updates of one attribute, 100 items again and again", _hot)
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
