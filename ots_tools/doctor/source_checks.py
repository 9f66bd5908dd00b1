"""Check the source table: its keys, its stream, and names and keys in a sample of items.

Messages contain names of attributes, never values.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ots_sync import column_names, converter
from ots_sync.errors import RejectedError, printable, quoted
from ots_tools import target
from ots_tools.doctor.context import DoctorContext
from ots_tools.doctor.findings import Finding, NotFoundError, error, ok, warning

MAX_LISTED = 5
_VIEWS_WITH_NEW_IMAGES = ("NEW_AND_OLD_IMAGES", "NEW_IMAGE")
_ATTRIBUTE_TYPES = {str: "S", int: "N", bytearray: "B"}


def keys(context: DoctorContext) -> Finding:
    """Check that the source's keys are those of PRIMARY_KEY, with its types."""
    try:
        found = context.source_key()
    except NotFoundError as problem:
        return error(f"The source table does not exist: {problem}.")
    named = context.settings().primary_key
    if found.keys() != named.keys():
        return error(
            f"The source's keys are {_listed(found)}, but PRIMARY_KEY names {_listed(named)}. It "
            "must name the source's keys, in the target's order."
        )
    for name, kind in named.items():
        if kind is not None and _ATTRIBUTE_TYPES[kind] != found[name]:
            return error(
                f"PRIMARY_KEY gives {name} another type than the source, where it is {found[name]} "
                f"({target.KEY_TYPES[found[name]]})."
            )
    return ok(f"{_listed(found)}, the same as in PRIMARY_KEY.")


def stream(context: DoctorContext) -> Finding:
    """Check that the source has a stream with new images."""
    found = context.source()
    name, spec = found["TableName"], found.get("StreamSpecification", {})
    view = spec.get("StreamViewType")
    if not spec.get("StreamEnabled"):
        return error(
            f"The table has no stream. Enable it: aws dynamodb update-table --table-name {name} "
            "--stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES"
        )
    if view not in _VIEWS_WITH_NEW_IMAGES:
        return error(
            f"The stream's view type is {view}, which has no new images. Disable the stream and "
            "enable it with NEW_AND_OLD_IMAGES. Its ARN changes, so create the mapping again."
        )
    if view == "NEW_IMAGE":
        return warning(
            "The stream has no old images (NEW_IMAGE): each change replaces the whole row, so that "
            "columns that others add to a row are lost."
        )
    return ok("Enabled, with new and old images.")


def columns(context: DoctorContext) -> Finding:
    """Check which attributes of a sample get a column of another name, or none."""
    sample, found = context.sample_items(), context.settings()
    attributes = {name for item in sample for name in item} - set(found.key_list)
    renamed, rejected = {}, []
    for attribute in sorted(attributes):
        try:
            column = column_names.to_column_name(attribute, found.column_names)
        except RejectedError:
            rejected.append(attribute)
            continue
        if column in found.key_list:
            rejected.append(attribute)
        elif column != attribute:
            renamed[attribute] = column
    prefix = f"In a sample of {len(sample)} items"
    if rejected:
        return error(f"{prefix}, these attributes can have no column: {_listed(rejected)}.")
    if renamed:
        pairs = [f"{quoted(name)} as {column}" for name, column in renamed.items()]
        more = f" and {len(pairs) - MAX_LISTED} more" if len(pairs) > MAX_LISTED else ""
        return warning(f"{prefix}, columns are renamed: {', '.join(pairs[:MAX_LISTED])}{more}.")
    undocumented = [name for name in attributes if not column_names.is_valid(name)]
    if undocumented:
        return warning(
            f"{prefix}, some names are sent unchanged (COLUMN_NAMES=verbatim), although Table "
            f"Store does not document them as valid: {_listed(sorted(undocumented))}."
        )
    return ok(f"{prefix}, every column has its attribute's name.")


def key_values(context: DoctorContext) -> Finding:
    """Check that the keys of a sample are valid in Table Store."""
    sample, found = context.sample_items(), context.settings()
    invalid = dict.fromkeys(found.key_list, 0)
    for item in sample:
        for name in found.key_list:
            invalid[name] += name in item and not _is_valid_key(item[name])
    counts = [f"{name} in {count} items" for name, count in invalid.items() if count]
    if counts:
        return error(
            f"In a sample of {len(sample)} items, key values are not valid in Table Store: "
            f"{', '.join(counts)}. A number must be a 64-bit integer, a string at most 1,024 "
            "bytes. Such items are rejected and stored in quarantine."
        )
    return ok(f"In a sample of {len(sample)} items, every key is valid in Table Store.")


def _is_valid_key(value: Mapping[str, object]) -> bool:
    try:
        converter.to_key(value)
    except RejectedError:
        return False
    return True


def _listed(names: Collection[str]) -> str:
    shown = ", ".join(printable(name, 255) for name in list(names)[:MAX_LISTED])
    return shown + (f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else "")
