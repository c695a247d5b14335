"""The loop, act by act: train, serve, drift, notice, retrain, refuse what is unfair, roll back."""

from __future__ import annotations

import json
import secrets
import socket
import time
from collections.abc import Callable
from pathlib import Path

from ml.registry.registry import Registry
from ml.serving.server import serving
from mlctl.evidence.log import EvidenceLog
from mlctl.evidence.record import Record
from workflows.demo.place import BOTH, DemoPlace
from workflows.demo.runs import Run, start
from workflows.demo.traffic import Burst, Traffic

MODEL = "credit-risk"
CALM, DRIFTED = 3, 2
DRIFT = {"feature_drift": 0.8, "concept_drift": 0.3}
"""How far the last bursts are from what the model learned from."""

AGAIN = {"rows": 10_000, "seed": 33, "feature_drift": 0.4, "concept_drift": 0.1}
"""What is there to train on after the drift: rows from before and after it, so half of it on average."""

BIASED = {"bias": 1.0, "seed": 21}
TRIALS = 3
"""Of the later searches; the first one has as many as the model file says."""


class Story:
    """Runs the acts and keeps what the report shows."""

    def __init__(self, place: DemoPlace) -> None:
        self.place = place
        self.registry = Registry(place.tracking_uri)
        self.runs: dict[str, Run] = {}
        """trained, biased, monitored, rolled back."""
        self.bursts: list[Burst] = []
        self.champions: list[tuple[str, str]] = []
        """(what happened, the champion's version after it)."""
        self.seconds: list[tuple[str, float]] = []
        """(act, how long it took)."""

    @property
    def models(self) -> list[str]:
        return list(self.place.environment.models)

    def tell(self) -> None:
        """Run every act.

        Raises
        ------
        ServiceError
            A workflow failed, or the served model did not answer.
        """
        self._act("Train, judge, register and promote both models", self._train)
        self._act("Serve the champion and send traffic, then traffic that drifts", self._serve)
        self._act("Notice the drift and train again; meanwhile, train on biased data", self._watch)
        if self.champions[-1][1] != self.champions[0][1]:
            self._act("Roll back", self._roll_back)

    def _act(self, title: str, act: Callable[[], None]) -> None:
        print(f"{title} …", flush=True)
        began = time.monotonic()
        act()
        self.seconds.append((title, time.monotonic() - began))
        print(f"   {self.seconds[-1][1]:.0f} s", flush=True)

    def _train(self) -> None:
        self.runs["trained"] = start(self.place, BOTH, {"training": "{}"}).wait()
        self._remember("the first version passed every gate")

    def _serve(self) -> None:
        served = self.registry.fetch(MODEL, "champion", self.place.folder / "served")
        log = self.place.folder / "decisions"
        variables = {"DECISION_LOG": str(log), "DECISION_KEY": secrets.token_hex(16)}
        with serving(served, _free_port(), log=self.place.folder / "server.log", environment=variables) as address:
            traffic = Traffic(MODEL, address)
            for number in range(CALM + DRIFTED):
                drift = DRIFT if number >= CALM else {}
                title = f"drifted {number - CALM + 1}" if drift else f"calm {number + 1}"
                self.bursts.append(traffic.burst(title, seed=100 + number, **drift))
        traffic.write_outcomes(self.place.folder / "outcomes.parquet")

    def _watch(self) -> None:
        quick = json.dumps({"trials": TRIALS})
        unfair = {"training": quick, "knobs": json.dumps(BIASED), "promote": "true"}
        biased = start(self.place, f"{MODEL}-training", unfair)
        windows = [{"start": burst.start, "end": burst.end} for burst in self.bursts]
        parameters = {
            "windows": json.dumps(windows),
            "training": quick,
            "knobs": json.dumps(AGAIN),
            "promote": "true",
            "window": "",
        }
        artefacts = {"decisions": self.place.folder / "decisions", "outcomes": self.place.folder / "outcomes.parquet"}
        watching = start(self.place, f"{MODEL}-monitoring", parameters, artefacts)
        self.runs["monitored"] = watching.wait()
        version = self.registry.version_of(MODEL, "champion")
        passed = version != self.champions[-1][1]
        end = "passed every gate and became champion" if passed else "was refused, so the champion stayed"
        self._remember(f"drift was noticed; a version trained on what changed {end}")
        self.runs["biased"] = biased.wait()

    def _roll_back(self) -> None:
        self.runs["rolled back"] = start(self.place, f"{MODEL}-rollback", {}, warm=()).wait()
        self._remember("the version before was made champion again")

    def _remember(self, what: str) -> None:
        self.champions.append((what, str(self.registry.version_of(MODEL, "champion"))))

    @property
    def evidence(self) -> list[Record]:
        """Every record, model by model."""
        return list(EvidenceLog(self.place.evidence).records())

    @property
    def evidence_problems(self) -> list[str]:
        return EvidenceLog(self.place.evidence).verify()

    @property
    def refused(self) -> list[str]:
        """Checks that refused the model trained on biased data."""
        found: list[str] = self.runs["biased"].document("decision.json", model=MODEL)["refused"]
        return found

    @property
    def closed(self) -> bool:
        """Whether the loop did all it should: trained, noticed, retrained, refused, rolled back, evidence whole."""
        noticed = self.runs["monitored"].outputs.get("retrain") == "true"
        back = self.champions[-1][1] == self.champions[0][1]
        return noticed and back and bool(self.refused) and not self.evidence_problems

    def outcome(self) -> list[str]:
        """The end of the story in lines."""
        retrained = self.runs["monitored"].outputs
        return [
            *(f"{MODEL} champion is version {version}: {what}" for what, version in self.champions),
            f"monitoring said {retrained.get('verdict')}, retrain: {retrained.get('retrain')}",
            f"the model trained on biased data was refused by: {', '.join(self.refused) or 'nobody'}",
            f"evidence: {'whole' if not self.evidence_problems else '; '.join(self.evidence_problems)}",
        ]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def report_file(story: Story) -> Path:
    """Where the report goes."""
    return story.place.folder / "report.html"
