"""Generate random changes of DynamoDB items: puts, updates and deletes, with all ten types.

Each one really changes its item, so the stream has exactly one record per change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

KEYS = 300
REVISION = "revision"
"""An attribute of every item: the number of the change that wrote it."""

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ItemChange:
    """One write request to DynamoDB.

    `attributes` are all attributes of a put, and those that an update sets; `removed` are the names
    that an update removes.
    """

    kind: Literal["put", "update", "delete"]
    key: Item
    attributes: Item = field(default_factory=dict)
    removed: Sequence[str] = ()


def random_changes(count: int, rng: Random) -> Iterator[ItemChange]:
    """Yield changes of a few hundred items; the same generator state gives the same changes."""
    live: dict[int, set[str]] = {}
    for revision in range(count):
        number = rng.randrange(KEYS)
        key = {"user_id": {"S": f"user-{number // 10:02d}"}, "action_time": {"N": str(number)}}
        kind = rng.choices(("put", "update", "delete"), (3, 5, 2))[0] if number in live else "put"
        if kind == "delete":
            del live[number]
            yield ItemChange("delete", key)
            continue
        names = rng.sample(list(ATTRIBUTES), rng.randint(2, 7))
        attributes = {name: ATTRIBUTES[name](rng) for name in names}
        attributes[REVISION] = {"N": str(revision)}
        if kind == "put":
            live[number] = set(attributes)
            yield ItemChange("put", key, attributes)
            continue
        removable = sorted(live[number] - set(attributes))
        removed = rng.sample(removable, rng.randint(0, min(2, len(removable))))
        live[number] = live[number] - set(removed) | set(attributes)
        yield ItemChange("update", key, attributes, removed)


def _text(rng: Random) -> str:
    return "".join(rng.choices("abc déf 汉字 🐟\t\"'\\", k=rng.randint(0, 12)))


def _number(rng: Random) -> str:
    """Return an integer, a fraction, a 64-bit boundary, or a number with up to 38 digits."""
    digits = str(rng.randrange(1, 10**38))
    return rng.choice(
        (
            str(rng.randint(-100, 100)),
            f"{rng.randint(-999, 999)}.{rng.randint(1, 99):02d}",
            rng.choice(("9223372036854775807", "9223372036854775808", "-9223372036854775808")),
            rng.choice((digits, f"{digits[0]}.{digits[1:]}", f"{digits[:9]}E-90")),
        )
    )


def _members(rng: Random, member: Callable[[Random], Any]) -> list[Any]:
    return [member(rng) for _ in range(rng.randint(1, 4))]


def _integers(rng: Random) -> list[str]:
    return [str(number) for number in rng.sample(range(-50, 50), rng.randint(1, 4))]


def _list(rng: Random) -> Item:
    return {"L": [{"S": _text(rng)}, {"NULL": True}, {"N": _number(rng)}]}


def _map(rng: Random) -> Item:
    return {"M": {"key1": {"B": rng.randbytes(3)}, "a key": _list(rng), "empty": {"M": {}}}}


ATTRIBUTES: dict[str, Callable[[Random], Item]] = {
    "title": lambda rng: {"S": _text(rng)},
    "amount": lambda rng: {"N": _number(rng)},
    "photo": lambda rng: {"B": rng.randbytes(rng.randint(0, 9))},
    "active": lambda rng: {"BOOL": rng.random() < 0.5},
    "nothing": lambda _: {"NULL": True},
    "history": _list,
    "address": _map,
    "tags": lambda rng: {"SS": sorted({f"tag {m}" for m in _integers(rng)})},
    "scores": lambda rng: {"NS": _integers(rng)},
    "chunks": lambda rng: {"BS": sorted(set(_members(rng, lambda r: r.randbytes(2))))},
    "first name": lambda rng: {"S": _text(rng)},
    "2nd": lambda rng: {"N": _number(rng)},
    "größe": lambda rng: {"N": _number(rng)},
}
