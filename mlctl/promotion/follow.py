"""Brings what lies outside the repository in step with what is pinned in it: aliases, approval states, artefacts. It may be repeated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlctl.config.environment import Environment
from mlctl.config.model import Model
from mlctl.errors import BlockedError
from mlctl.evidence.log import EvidenceLog
from mlctl.promotion.artefact_copy import Place, artefact_key, bucket_exists, copy_artefact, verify_artefact
from mlctl.promotion.history import moves, versions_before
from mlctl.promotion.model_package import ModelPackages
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


def follow_artefacts(source: Environment | None, target: Environment, s3: Any) -> list[str]:
    """Bring every pinned artefact, of a version on trial too, into the target's bucket, or see that it is there; one line per copy.

    Parameters
    ----------
    source
        The environment that promotions to the target come from. None: versions are registered in the target itself.

    Raises
    ------
    BlockedError
        An artefact is nowhere, or its content is not what it claims to be.
    ServiceError
        S3 failed.
    """
    place = Place(bucket=_bucket(target), s3=s3)
    keys = [artefact_key(name, version) for name, model in sorted(target.models.items()) for version in _pinned(model)]
    if keys and not bucket_exists(place):
        return [f"there is no bucket {place.bucket} yet: the first deployment makes it; run this again after it"]
    lines = []
    for key in keys:
        if source is None:
            verify_artefact(place, key)
        elif digest := copy_artefact(Place(bucket=_bucket(source), s3=s3), place, key):
            lines.append(f"{key}: copied to {target.name}, SHA-256 {digest[:12]}…")
    return lines


def _pinned(model: Model) -> list[int]:
    trial = model.challenger.version if model.challenger else None
    return [version for version in (model.version, trial) if version is not None]


def _bucket(environment: Environment) -> str:
    """As infra/context.py names it."""
    return f"{environment.prefix}-models-{environment.account}"
