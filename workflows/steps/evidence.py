"""From what the steps found to records of the evidence log."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlctl.errors import InputError
from mlctl.evidence.client import s3_client
from mlctl.evidence.inbox import SCHEME, Inbox
from mlctl.evidence.log import EvidenceLog
from mlctl.evidence.record import Event, Kind, Verdict, fingerprint

KINDS: tuple[Kind, ...] = ("training", "evaluation", "fairness", "explanation", "latency", "data_contract", "artefact")
"""What a registered version is recorded with, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """A version and the folders of the steps that judged it."""

    model: str
    version: int
    actor: str
    commit: str
    folders: Mapping[str, Path]
    """bundle, screening, evaluation, fairness, explanation, package, decision."""
    environment: str | None = None
    """Where it was judged, if not where it was trained."""


def record(grounds: Grounds, events_file: Path, log: str) -> list[Event]:
    """Write the events of a version as JSON and hand them on to `log`, see `keep`."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    events = [_event(kind, grounds, now) for kind in KINDS]
    events_file.parent.mkdir(parents=True, exist_ok=True)
    events_file.write_text(json.dumps([asdict(event) for event in events], indent=2) + "\n", encoding="utf-8")
    keep(events, log)
    return events


def keep(events: Sequence[Event], log: str) -> None:
    """Bring events of one model to where evidence is kept: the log in a folder, or the inbox at `s3://bucket/prefix`; nowhere if empty.

    Events that are there already, as after a lost node, are not written again.
    """
    if log.startswith(SCHEME):
        Inbox.at(log, s3_client()).put(events)
    elif log:
        if not Path(log).is_absolute():
            raise InputError(
                f"{log!r} would lie in the step's own folder", key="evidence-log", allowed="an absolute path, or s3://BUCKET/PREFIX"
            )
        book = EvidenceLog(Path(log))
        known = {fingerprint(record) for event in events[:1] for record in book.records(event.model)}
        book.append([event for event in events if fingerprint(event) not in known])


def note(
    kind: Kind, model: str, actor: str, log: str, *, verdict: Verdict | None = None, version: int | None = None, **details: Any
) -> None:
    """Bring one event about a model to where evidence is kept."""
    commit = os.environ.get("GIT_COMMIT")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    keep([Event(kind=kind, model=model, date=now, actor=actor, version=version, verdict=verdict, commit=commit, details=details)], log)


def _event(kind: Kind, grounds: Grounds, now: str) -> Event:
    verdict, details = _FINDINGS[kind](grounds.folders)
    return Event(
        kind=kind,
        model=grounds.model,
        date=now,
        actor=grounds.actor,
        version=grounds.version,
        environment=grounds.environment,
        verdict=verdict,
        commit=grounds.commit,
        details=details,
    )


Found = tuple[Verdict | None, dict[str, Any]]
Folders = Mapping[str, Path]


def _read(folders: Folders, name: str, file: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folders[name] / (file or f"{name}.json")).read_text(encoding="utf-8"))
    return found


def _training(folders: Folders) -> Found:
    bundle = _read(folders, "bundle", "bundle.json")
    kept = ("algorithm", "parameters", "seed", "data_hash", "spec_digest", "contract_version", "run_id")
    return None, {key: bundle.get(key) for key in kept}


def _evaluation(folders: Folders) -> Found:
    found = _read(folders, "evaluation")
    gates = {gate["metric"]: {key: gate[key] for key in ("estimate", "low", "high", "threshold", "verdict")} for gate in found["gates"]}
    return found["verdict"], {"rows": found["rows"], "gates": gates, "champion": found["champion"]["verdict"]}


def _fairness(folders: Folders) -> Found:
    found = _read(folders, "fairness")
    attributes = {
        item["attribute"]: {key: item[key] for key in ("adverse_impact_ratio", "equalised_odds_difference", "verdict")}
        for item in found["attributes"]
    }
    return found["verdict"], {"attributes": attributes}


def _explanation(folders: Folders) -> Found:
    found = _read(folders, "explanation")
    return found["verdict"], {key: found[key] for key in ("method", "adverse_decisions", "adverse_explained")}


def _latency(folders: Folders) -> Found:
    found = _read(folders, "package")
    return found["verdict"], {key: found[key] for key in ("chosen", "p50_ms", "p99_ms", "largest_difference")}


def _data_contract(folders: Folders) -> Found:
    """The contract held for what was trained on: what broke it went to quarantine; and no feature is prohibited."""
    bundle = _read(folders, "bundle", "bundle.json")
    screened: Verdict = _read(folders, "screening")["verdict"]
    return screened, {"contract_version": bundle["contract_version"], "data_hash": bundle["data_hash"]}


def _artefact(folders: Folders) -> Found:
    """What was made, and once it is registered the hash of all that the registry keeps of it."""
    found = _read(folders, "package")
    bundle = _read(folders, "bundle", "bundle.json")
    present = found["model_sha256"] is not None
    details = {"onnx_sha256": found["model_sha256"], "model_sha256": bundle["model_sha256"]}
    if "registration" in folders:
        details["sha256"] = _read(folders, "registration")["tags"]["artefact_sha256"]
    return ("pass" if present else "fail"), details


_FINDINGS = {
    "training": _training,
    "evaluation": _evaluation,
    "fairness": _fairness,
    "explanation": _explanation,
    "latency": _latency,
    "data_contract": _data_contract,
    "artefact": _artefact,
}
