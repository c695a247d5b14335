"""Copies a version's artefact from one environment's bucket to another's: by its SHA-256, checked at both ends."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
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


def verify_artefact(place: Place, key: str) -> str:
    """The object's SHA-256.

    Raises
    ------
    BlockedError
        It is not there, or its content does not match the hash it claims.
    ServiceError
        S3 failed.
    """
    if not artefact_exists(place, key):
        raise BlockedError(f"there is no s3://{place.bucket}/{key}", remedy="put the registered version there, or register it again")
    found, claimed = hash_of(place, key), _claimed(place, key)
    if claimed and claimed != found:
        raise BlockedError(
            f"s3://{place.bucket}/{key} is {found[:12]}… and claims to be {claimed[:12]}…: tampered", remedy="register the model again"
        )
    return found


def copy_artefact(source: Place, target: Place, key: str) -> str | None:
    """Copy one object; its SHA-256, or None where the target had the same already.

    The copy is made beside its place, read back, and only then put there: nobody finds half a model. Where the source holds it no longer,
    as before a rollback to an old version, the target's own is verified.

    Raises
    ------
    BlockedError
        Neither holds it; the target holds other content under this key; or the content does not match the hash it claims.
    ServiceError
        S3 failed. The key is as it was.
    """
    if not artefact_exists(source, key):
        verify_artefact(target, key)
        return None
    wanted = verify_artefact(source, key)
    if artefact_exists(target, key):
        present = hash_of(target, key)
        if present != wanted:
            remedy = "a version never changes: register the model as a new one"
            raise BlockedError(f"s3://{target.bucket}/{key} holds {present[:12]}…, the source {wanted[:12]}…", remedy=remedy)
        return None
    return place_artefact(target, key, _ask(source, "get_object", Key=key)["Body"].read(), wanted)


def place_artefact(target: Place, key: str, content: bytes, wanted: str) -> str:
    """Put an object in its place, with its SHA-256, which is returned. ServiceError where S3 failed; then the key is as it was."""
    incoming = key + _WRITING
    try:
        _ask(target, "put_object", Key=incoming, Body=content, Metadata={_HASH: wanted}, ChecksumAlgorithm="SHA256")
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


def bucket_exists(place: Place) -> bool:
    """Whether the bucket was made yet."""
    return _found(f"s3://{place.bucket}", place.s3.head_bucket, Bucket=place.bucket)


def _claimed(place: Place, key: str) -> str | None:
    value = _ask(place, "head_object", Key=key).get("Metadata", {}).get(_HASH)
    return str(value) if value else None


def artefact_exists(place: Place, key: str) -> bool:
    """Whether the object is there."""
    return _found(f"s3://{place.bucket}/{key}", place.s3.head_object, Bucket=place.bucket, Key=key)


def _found(what: str, call: Callable[..., Any], **arguments: str) -> bool:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        call(**arguments)
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
            return False
        raise ServiceError(f"{what}: {error}", remedy="check the credentials, and that the bucket lets this role read") from None
    except BotoCoreError as error:
        raise ServiceError(f"{what}: {error}", remedy="check the credentials") from None
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
