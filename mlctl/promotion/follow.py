"""Brings what lies outside the repository in step with what is pinned in it: aliases, approval states, artefacts. It may be repeated."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlctl.config.environment import Environment
from mlctl.config.model import Model
from mlctl.errors import BlockedError
from mlctl.evidence.log import EvidenceLog
from mlctl.evidence.record import Record
from mlctl.promotion.artefact_copy import (
    Place,
    artefact_exists,
    artefact_key,
    bucket_exists,
    copy_artefact,
    place_artefact,
    verify_artefact,
)
from mlctl.promotion.history import moves, versions_before
from mlctl.promotion.model_package import ModelPackages
from mlctl.promotion.registered_model import packed_model
from mlctl.promotion.registry import MlflowRegistry


def follow_mlflow(environment: Environment, registry: MlflowRegistry) -> list[str]:
    """Aliases: the environment's name, in production `champion` too; one line per change.

    Raises
    ------
    BlockedError
        A pinned version is not registered, or archived.
    """
    lines = []
    for name, model in sorted(environment.models.items()):
        if model.version is None:
            continue
        found = registry.look_up(name, model.version)
        if found.problem:
            raise BlockedError(f"{environment.name} pins {name} {model.version}: {found.problem}", remedy="mlctl model rollback")
        changed = registry.follow(name, environment.name, model.version, champion=environment.production)
        lines += [f"{name}: alias {alias} → version {model.version}" for alias in changed]
    return lines


def follow_sagemaker(root: Path, environment: Environment, sagemaker: Any) -> list[str]:
    """Approval states of the model packages; one line per change."""
    log, lines = EvidenceLog(root / "evidence"), []
    for name, model in sorted(environment.models.items()):
        records = list(log.records(name))
        promoted = {record.version for record in moves(records, environment.name) if record.kind == "promotion" and record.version}
        rolled_back = frozenset(promoted - set(versions_before(records, environment.name)))
        lines += ModelPackages(name, sagemaker).follow(model.version, model.previous_version, rolled_back)
    return lines


def follow_artefacts(root: Path, source: Environment | None, target: Environment, s3: Any) -> list[str]:
    """Bring every pinned artefact, of a version on trial too, into the target's bucket, and verify it there; one line per change.

    Parameters
    ----------
    source
        The environment that promotions to the target come from. None: artefacts are packed from what is registered in the target's MLflow.

    Raises
    ------
    BlockedError
        An artefact is nowhere, or its content is not what it claims to be.
    ServiceError
        S3 failed.
    """
    place = Place(bucket=_bucket(target, "models"), s3=s3)
    pinned = [(name, version) for name, model in sorted(target.models.items()) for version in _pinned(model)]
    if pinned and not bucket_exists(place):
        return [f"there is no bucket {place.bucket} yet: the first deployment makes it; run this again after it"]
    lines = []
    for name, version in pinned:
        key = artefact_key(name, version)
        if source is not None:
            digest, done = copy_artefact(Place(bucket=_bucket(source, "models"), s3=s3), place, key), f"copied to {target.name}"
        else:
            records = list(EvidenceLog(root / "evidence").records(name))
            digest = _pack(Place(bucket=_bucket(target, "mlflow"), s3=s3), place, key, records, version)
            done = "packed from what is registered"
        if digest:
            lines.append(f"{key}: {done}, SHA-256 {digest[:12]}…")
    return lines


def _pack(store: Place, place: Place, key: str, records: Sequence[Record], version: int) -> str | None:
    """The SHA-256 of what was packed and put there; None where it was there already and is what it claims to be."""
    if artefact_exists(place, key):
        verify_artefact(place, key)
        return None
    content = packed_model(store, records, version)
    return place_artefact(place, key, content, hashlib.sha256(content).hexdigest())


def _pinned(model: Model) -> list[int]:
    trial = model.challenger.version if model.challenger else None
    return [version for version in (model.version, trial) if version is not None]


def _bucket(environment: Environment, purpose: str) -> str:
    """As infra/context.py names it."""
    return f"{environment.prefix}-{purpose}-{environment.account}"
