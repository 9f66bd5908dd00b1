"""A count and a source of chance go in; that many changes of a DynamoDB table come out.

Puts, updates and deletes over a few hundred keys, with all ten types of attributes. Each one really
changes its item, so that the stream has exactly one record for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

KEYS = 300
REVISION = "revision"
"""An attribute of every item: the number of the change that wrote it last."""

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One request to DynamoDB. `attributes`: all of a put's, those that an update sets."""

    kind: Literal["put", "update", "delete"]
    key: Item
    attributes: Item = field(default_factory=dict)
    removed: Sequence[str] = ()


def changes(count: int, chance: Random) -> Iterator[Change]:
    """The same ones for the same chance."""
    live: dict[int, set[str]] = {}
    for number in range(count):
        who = chance.randrange(KEYS)
        key = {"user_id": {"S": f"user-{who // 10:02d}"}, "action_time": {"N": str(who)}}
        kind = chance.choices(("put", "update", "delete"), (3, 5, 2))[0] if who in live else "put"
        if kind == "delete":
            del live[who]
            yield Change("delete", key)
            continue
        chosen = chance.sample(list(ATTRIBUTES), chance.randint(2, 7))
        attributes = {name: ATTRIBUTES[name](chance) for name in chosen}
        attributes[REVISION] = {"N": str(number)}
        if kind == "put":
            live[who] = set(attributes)
            yield Change("put", key, attributes)
            continue
        spare = sorted(live[who] - set(attributes))
        removed = chance.sample(spare, chance.randint(0, min(2, len(spare))))
        live[who] = live[who] - set(removed) | set(attributes)
        yield Change("update", key, attributes, removed)


def _text(chance: Random) -> str:
    return "".join(chance.choices("abc déf 汉字 🐟\t\"'\\", k=chance.randint(0, 12)))


def _number(chance: Random) -> str:
    """Whole, broken, at the end of 64 bits, or longer than any of Table Store's numbers."""
    digits = str(chance.randrange(1, 10**38))
    return chance.choice(
        (
            str(chance.randint(-100, 100)),
            f"{chance.randint(-999, 999)}.{chance.randint(1, 99):02d}",
            chance.choice(("9223372036854775807", "9223372036854775808", "-9223372036854775808")),
            chance.choice((digits, f"{digits[0]}.{digits[1:]}", f"{digits[:9]}E-90")),
        )
    )


def _members(chance: Random, make: Callable[[Random], Any]) -> list[Any]:
    return [make(chance) for _ in range(chance.randint(1, 4))]


def _integers(chance: Random) -> list[str]:
    return [str(number) for number in chance.sample(range(-50, 50), chance.randint(1, 4))]


def _list(chance: Random) -> Item:
    return {"L": [{"S": _text(chance)}, {"NULL": True}, {"N": _number(chance)}]}


def _map(chance: Random) -> Item:
    return {"M": {"key1": {"B": chance.randbytes(3)}, "a key": _list(chance), "empty": {"M": {}}}}


ATTRIBUTES: dict[str, Callable[[Random], Item]] = {
    "title": lambda chance: {"S": _text(chance)},
    "amount": lambda chance: {"N": _number(chance)},
    "photo": lambda chance: {"B": chance.randbytes(chance.randint(0, 9))},
    "active": lambda chance: {"BOOL": chance.random() < 0.5},
    "nothing": lambda _: {"NULL": True},
    "history": _list,
    "address": _map,
    "tags": lambda chance: {"SS": sorted({f"tag {m}" for m in _integers(chance)})},
    "scores": lambda chance: {"NS": _integers(chance)},
    "chunks": lambda chance: {"BS": sorted(set(_members(chance, lambda c: c.randbytes(2))))},
    "first name": lambda chance: {"S": _text(chance)},
    "2nd": lambda chance: {"N": _number(chance)},
    "größe": lambda chance: {"N": _number(chance)},
}
