"""Copies a version's artefact from one environment's bucket to another's: by its SHA-256, checked at both ends."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from mlctl.errors import BlockedError, ServiceError

_CHUNK = 1024 * 1024
_WRITING = ".incoming"
_HASH = "sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A bucket and the client that reaches it."""

    bucket: str
    s3: Any


def artefact_key(model: str, version: int) -> str:
    """Where infra/serving expects the registered version."""
    return f"{model}/{version}/model.tar.gz"


def copy_artefact(source: Place, target: Place, key: str) -> str | None:
    """Copy one object; its SHA-256, or None where the target had the same already.

    The copy is made beside its place, read back, and only then put there: nobody finds half a model.

    Raises
    ------
    BlockedError
        The target holds other content under this key, or the content does not match the hash the source claims for it.
    ServiceError
        S3 failed. The key is as it was.
    """
    wanted = hash_of(source, key)
    claimed = _claimed(source, key)
    if claimed and claimed != wanted:
        raise BlockedError(
            f"s3://{source.bucket}/{key} is {wanted[:12]}… and claims to be {claimed[:12]}…: tampered", remedy="register the model again"
        )
    if _exists(target, key):
        present = hash_of(target, key)
        if present != wanted:
            remedy = "a version never changes: register the model as a new one"
            raise BlockedError(f"s3://{target.bucket}/{key} holds {present[:12]}…, the source {wanted[:12]}…", remedy=remedy)
        return None
    incoming = key + _WRITING
    body = _ask(source, "get_object", Key=key)["Body"]
    try:
        _ask(target, "put_object", Key=incoming, Body=body.read(), Metadata={_HASH: wanted}, ChecksumAlgorithm="SHA256")
        if hash_of(target, incoming) != wanted:
            raise ServiceError(f"s3://{target.bucket}/{incoming} was not stored whole", remedy="run the same command again")
        place = {"Bucket": target.bucket, "Key": incoming}
        _ask(target, "copy_object", Key=key, CopySource=place, Metadata={_HASH: wanted}, MetadataDirective="REPLACE")
    finally:
        _forget(target, incoming)
    return wanted


def hash_of(place: Place, key: str) -> str:
    """SHA-256 of the object's bytes as they come, hexadecimal."""
    digest = hashlib.sha256()
    for chunk in _ask(place, "get_object", Key=key)["Body"].iter_chunks(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _claimed(place: Place, key: str) -> str | None:
    value = _ask(place, "head_object", Key=key).get("Metadata", {}).get(_HASH)
    return str(value) if value else None


def _exists(place: Place, key: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        place.s3.head_object(Bucket=place.bucket, Key=key)
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
            return False
        raise ServiceError(f"s3://{place.bucket}/{key}: {error}", remedy="check the credentials") from None
    return True


def _forget(place: Place, key: str) -> None:
    _ask(place, "delete_object", Key=key)


def _ask(place: Place, call: str, **arguments: Any) -> dict[str, Any]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer: dict[str, Any] = getattr(place.s3, call)(Bucket=place.bucket, **arguments)
    except (BotoCoreError, ClientError) as error:
        raise ServiceError(f"S3 {call} of s3://{place.bucket}/{arguments['Key']}: {error}", remedy="run the same command again") from None
    return answer
