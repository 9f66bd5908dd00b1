"""The check of the quarantine: a World goes in, a Finding comes out; nothing stays there.

With a function's name the bucket is looked at; without it, whether this process may write there.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ots_tools.doctor.findings import AbsentError, Finding, good, note, to_do
from ots_tools.doctor.seeing import seen
from ots_tools.doctor.world import World


def quarantine(world: World) -> Finding:
    """Whether refused records can be kept."""
    place = world.settings().quarantine
    if not place:
        return note(
            "QUARANTINE is not set: a record that can never be written stops its shard until the "
            "stream forgets it."
        )
    parts = urlsplit(place)
    if parts.scheme == "file":
        return _folder(Path(unquote(parts.path)), deployed=bool(world.function_name))
    s3 = world.client("s3")
    try:
        if world.function_name:
            seen(lambda: s3.head_bucket(Bucket=parts.netloc))
            return good(f"{parts.netloc} is there; `role` says whether the function may write.")
        key = f"{parts.path.strip('/')}/{world.settings().table_name}/doctor".lstrip("/")
        # An upload that is begun takes the same permission as an object, and leaves none.
        begun = seen(lambda: s3.create_multipart_upload(Bucket=parts.netloc, Key=key))
        seen(
            lambda: s3.abort_multipart_upload(
                Bucket=parts.netloc, Key=key, UploadId=begun["UploadId"]
            )
        )
    except AbsentError:
        return to_do(f"There is no bucket {parts.netloc}: make it, or mend QUARANTINE.")
    return good(f"{place} can be written from here.")


def _folder(folder: Path, *, deployed: bool) -> Finding:
    if deployed:
        return to_do("QUARANTINE is a folder, and Lambda's disk is lost: name s3://bucket/prefix.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return to_do(f"{folder} cannot be written: {error.strerror}.")
    return good(f"{folder} can be written.")
