"""Checks of DynamoDB's side: keys, stream, and the names that a sample of items has.

A World goes in, a Finding comes out; names of attributes are shown, values never.
"""

from __future__ import annotations

from collections.abc import Mapping

from ots_sync import column_names, converter
from ots_sync.errors import RejectedError
from ots_tools import target_table
from ots_tools.doctor.findings import AbsentError, Finding, good, note, to_do
from ots_tools.doctor.world import World

SHOWN = 5
_VIEWS = ("NEW_AND_OLD_IMAGES", "NEW_IMAGE")
_OUR_TYPES = {str: "S", int: "N", bytearray: "B"}


def keys(world: World) -> Finding:
    """Whether the source's keys are those of PRIMARY_KEY, and of its types."""
    try:
        found = world.source_key()
    except AbsentError as error:
        return to_do(f"There is no such source table: {error}.")
    named = world.settings().primary_key
    if found.keys() != named.keys():
        return to_do(
            f"The source's keys are {_listed(found)}, but PRIMARY_KEY names {_listed(named)}. It "
            "must name the source's keys, in the target's order."
        )
    for name, kind in named.items():
        if kind is not None and _OUR_TYPES[kind] != found[name]:
            return to_do(
                f"PRIMARY_KEY gives {name} another type than the source, where it is {found[name]} "
                f"({target_table.KEY_TYPES[found[name]]})."
            )
    return good(f"{_listed(found)}: as PRIMARY_KEY has them.")


def stream(world: World) -> Finding:
    """Whether the source has a stream, with new images."""
    found = world.source()
    name, spec = found["TableName"], found.get("StreamSpecification", {})
    view = spec.get("StreamViewType")
    if not spec.get("StreamEnabled"):
        return to_do(
            f"The table has no stream. Switch it on: aws dynamodb update-table --table-name {name} "
            "--stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES"
        )
    if view not in _VIEWS:
        return to_do(
            f"The stream's view is {view}, which has no new images. Switch the stream off and on "
            "again with NEW_AND_OLD_IMAGES; its ARN changes, so the mapping has to be made anew."
        )
    if view == "NEW_IMAGE":
        return note(
            "The stream has no old images (NEW_IMAGE): each change puts its row whole, so columns "
            "that others add to a row are lost."
        )
    return good("On, with new and old images.")


def columns(world: World) -> Finding:
    """Which attributes of a sample get a column of another name, or none."""
    sample, found = world.sample(), world.settings()
    attributes = {name for item in sample for name in item} - set(found.key_list)
    renamed, refused = {}, []
    for attribute in sorted(attributes):
        try:
            column = column_names.to_column_name(attribute, found.column_names)
        except RejectedError:
            refused.append(attribute)
            continue
        if column in found.key_list:
            refused.append(attribute)
        elif column != attribute:
            renamed[attribute] = column
    looked = f"In a sample of {len(sample)} items"
    if refused:
        return to_do(f"{looked}, these attributes can have no column: {_listed(refused)}.")
    if renamed:
        pairs = [f"{name!a} as {column}" for name, column in renamed.items()]
        more = f" and {len(pairs) - SHOWN} more" if len(pairs) > SHOWN else ""
        return note(f"{looked}, columns are renamed: {', '.join(pairs[:SHOWN])}{more}.")
    undocumented = [name for name in attributes if not column_names.is_valid(name)]
    if undocumented:
        return note(
            f"{looked}, names that Table Store does not document go as they are "
            f"(COLUMN_NAMES=verbatim): {_listed(sorted(undocumented))}."
        )
    return good(f"{looked}, every column has its attribute's name.")


def key_values(world: World) -> Finding:
    """Whether the keys of a sample can be keys of Table Store: its numbers are 64-bit integers."""
    sample, found = world.sample(), world.settings()
    bad = dict.fromkeys(found.key_list, 0)
    for item in sample:
        for name in found.key_list:
            bad[name] += name in item and not _can_be_key(item[name])
    wrong = [f"{name} of {count}" for name, count in bad.items() if count]
    if wrong:
        return to_do(
            f"In a sample of {len(sample)} items Table Store cannot take the key value "
            f"{', '.join(wrong)}: a number must be a 64-bit integer, a text at most 1,024 bytes. "
            "Such items are refused and kept in quarantine."
        )
    return good(f"In a sample of {len(sample)} items every key can be one of Table Store's.")


def _can_be_key(value: Mapping[str, object]) -> bool:
    try:
        converter.to_key(value)
    except RejectedError:
        return False
    return True


def _listed(found: Mapping[str, object] | list[str]) -> str:
    shown = ", ".join(ascii(name)[1:-1] for name in list(found)[:SHOWN])
    return shown + (f" and {len(found) - SHOWN} more" if len(found) > SHOWN else "")
