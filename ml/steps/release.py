"""Steps that release a judged model: package, register, promote, fetch_champion, rollback."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml.data.dataset import read_json, write_json
from ml.disk import writes
from ml.errors import BlockedError, InputError
from ml.spec import ModelSpec, load_spec
from ml.steps.files import DECISION, REGISTRATION

if TYPE_CHECKING:
    from ml.training.bundle import Bundle


@writes
def package(model: str | Path, bundle: Path, features: Path, out: Path) -> dict[str, Any]:
    """Export the model for serving, and measure its latency and how far its scores move. Writes package.json."""
    from ml.serving.package import package_model

    return package_model(load_spec(model), bundle, features, out)


@writes
def register(
    model: str | Path,
    bundle: Path,
    packaged: Path,
    evidence: Mapping[str, Path],
    out: Path,
    *,
    tracking_uri: str,
) -> dict[str, Any]:
    """Store the served model, its bundle, its evidence and its card, and make them a version: the challenger.

    Parameters
    ----------
    evidence
        Folders of the steps before, by name: screening, evaluation, fairness, explanation, package, decision.

    Raises
    ------
    ServiceError
        MLflow failed; no version is left behind.
    """
    from ml.explanation.card import model_card
    from ml.registry.registry import Registry
    from ml.training.bundle import BUNDLE, load_bundle

    spec = load_spec(model)
    trained = load_bundle(bundle)
    known = {name: read_json(folder / f"{name}.json") for name, folder in evidence.items()}
    card = model_card(spec, {**known, "bundle": read_json(bundle / BUNDLE)})
    out.mkdir(parents=True, exist_ok=True)
    (out / "model_card.md").write_text(card, encoding="utf-8")
    staged = out / "staged"
    _stage(staged, bundle, packaged, evidence, card)
    tags = _tags(spec, trained, known)
    registry = Registry(tracking_uri)
    version = registry.register(spec.name, staged, run_id=trained.run_id, tags=tags, description=card)
    shutil.rmtree(staged)
    result = {"model": spec.name, "version": version, "run_id": trained.run_id, "tags": registry.tags(spec.name, version)}
    write_json(out / REGISTRATION, result)
    return result


@writes
def promote(model: str | Path, decision: Path, registration: Path, *, tracking_uri: str, alias: str = "champion") -> dict[str, Any]:
    """Make the registered version the champion, if the decision says so.

    Raises
    ------
    BlockedError
        The decision refuses; nothing was changed.
    """
    from ml.registry.registry import Registry

    spec = load_spec(model)
    decided = read_json(decision / DECISION)
    if not decided["promote"]:
        raise BlockedError(f"{spec.name} is not promoted: {', '.join(decided['refused'])} did not pass", file=decision)
    version = read_json(registration / REGISTRATION)["version"]
    before = Registry(tracking_uri).promote(spec.name, version, alias=alias)
    return {"model": spec.name, "alias": alias, "version": version, "before": before}


@writes
def fetch_champion(model: str | Path, out: Path, *, tracking_uri: str) -> dict[str, Any]:
    """Download the champion and check its bytes; `bundle` is its folder for `evaluate`, or None without a champion."""
    from ml.registry.registry import CHAMPION, Registry

    spec = load_spec(model)
    registry = Registry(tracking_uri)
    version = registry.version_of(spec.name, CHAMPION)
    stored = registry.fetch(spec.name, version, out) if version is not None else None
    return {
        "model": spec.name,
        "version": version,
        "folder": str(stored) if stored else None,
        "bundle": str(stored / "bundle") if stored else None,
    }


@writes
def rollback(model: str | Path, *, tracking_uri: str, alias: str = "champion") -> dict[str, Any]:
    """Point the alias to the version before the present one.

    Raises
    ------
    InputError
        There is no champion, or none before it.
    """
    from ml.registry.registry import Registry

    spec = load_spec(model)
    return {"model": spec.name, "alias": alias, "version": Registry(tracking_uri).rollback(spec.name, alias=alias)}


def _tags(spec: ModelSpec, trained: Bundle, known: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return what the registry says of a version: where it comes from, and how it was judged."""
    import json

    from ml.training.commit import current_commit

    verdicts = {name: found["verdict"] for name, found in known.items() if "verdict" in found}
    return {
        "data_hash": trained.data_hash,
        "contract_version": trained.contract_version,
        "spec_digest": trained.spec_digest,
        "model_sha256": trained.model_sha256,
        "commit": current_commit(),
        "team": spec.owner.team,
        "verdicts": json.dumps(verdicts, sort_keys=True),
        "promote": str(known.get("decision", {}).get("promote", "not decided")).lower(),
    }


def _stage(staged: Path, bundle: Path, packaged: Path, evidence: Mapping[str, Path], card: str) -> None:
    """Put together what is registered: the served model at the top, and bundle/, evidence/ and the card beside it."""
    if staged.exists():
        shutil.rmtree(staged)
    if (packaged / "model").is_dir():
        shutil.copytree(packaged / "model", staged)
    else:
        raise InputError("there is no packaged model", file=packaged / "model", remedy="run the step package")
    shutil.copytree(bundle, staged / "bundle")
    (staged / "evidence").mkdir()
    for name, folder in evidence.items():
        shutil.copyfile(folder / f"{name}.json", staged / "evidence" / f"{name}.json")
    (staged / "model_card.md").write_text(card, encoding="utf-8")
