"""The loop, act by act: train, serve, drift, notice, retrain, promote by pull request, try on live traffic, refuse, roll back."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from ml.errors import ServiceError
from ml.registry.registry import Registry
from ml.spec import load_spec
from mlctl.evidence.log import EvidenceLog
from mlctl.evidence.record import Record
from workflows.demo.canary import Trial
from workflows.demo.gitops import AS_THEY_COME, UNEQUAL, GitOps
from workflows.demo.place import BOTH, DemoPlace
from workflows.demo.runs import Run, Started, start
from workflows.demo.servers import Servers
from workflows.demo.traffic import Burst, Traffic

MODEL = "credit-risk"
CALM, DRIFTED = 3, 2
DRIFT = {"feature_drift": 0.8, "concept_drift": 0.3}
"""How far the last bursts are from what the model learned from."""

AGAIN = {"rows": 10_000, "seed": 33, "feature_drift": 0.4, "concept_drift": 0.1}
"""What is there to train on after the drift: rows from before and after it, so half of it on average."""

BIASED = {"bias": 1.0, "seed": 21}
MOVED = ("--psi", "2")
"""For canaries after the population changed: scores are meant to differ from the champion's, so other questions decide."""

TRIALS = 3
"""Of the later searches; the first one has as many as the model file says."""


class Story:
    """Runs the acts and keeps what the report shows."""

    def __init__(self, place: DemoPlace) -> None:
        self.place = place
        self.registry = Registry(place.tracking_uri)
        self.runs: dict[str, Run] = {}
        """trained, biased, monitored."""
        self.bursts: list[Burst] = []
        self.champions: list[tuple[str, str]] = []
        """(what happened, the champion's version after it)."""
        self.trials: list[Trial] = []
        """Canaries: of the version that was trained again, and of the one trained on biased data."""
        self.seconds: list[tuple[str, float]] = []
        """(act, how long it took)."""
        self.gitops = GitOps.make(place.folder / "repository", place.environment_file, MODEL)

    @property
    def models(self) -> list[str]:
        return list(self.place.environment.models)

    def tell(self) -> None:
        """Run every act.

        Raises
        ------
        ServiceError
            A workflow failed, a command did, or the served model did not answer.
        """
        with ExitStack() as stack:
            servers = Servers(MODEL, self.registry, self.place.folder, stack)
            pool = stack.enter_context(ThreadPoolExecutor())
            stack.enter_context(self.gitops)
            self._act("Train, judge and register both models", self._train)
            biased = self._start_biased()
            self._act("Promote by pull request and serve; then traffic drifts", lambda: self._serve(servers, pool))
            self._act("Notice the drift and train again", lambda: self._watch(biased, servers, pool))
            if self.retrained:
                self._act("Promote it by pull request; try it on live traffic", lambda: self._try_good(servers, pool))
                self._act("Someone pins the biased model past its gates", lambda: self._try_bad(servers))
                self._act("Roll back", self._roll_back)

    def _act(self, title: str, act: Callable[[], None]) -> None:
        print(f"{title} …", flush=True)
        began = time.monotonic()
        act()
        self.seconds.append((title, time.monotonic() - began))
        print(f"   {self.seconds[-1][1]:.0f} s", flush=True)

    def _train(self) -> None:
        self.runs["trained"] = start(self.place, BOTH, {"training": "{}"}).wait()
        decision = self.runs["trained"].document("decision.json", model=MODEL)
        if not decision["promote"]:
            why = "; ".join(f"{check['name']}: {check['detail']}" for check in decision["checks"] if check["verdict"] != "pass")
            remedy = "where it is the latency, the machine is too busy: try again when it is calm"
            raise ServiceError(f"the first version of {MODEL} passed not every gate: {why}", remedy=remedy)
        self._remember("the first version passed every gate")

    def _start_biased(self) -> Started:
        """It needs nothing of what comes next, and most of that waits for answers."""
        unfair = {"training": json.dumps({"trials": TRIALS}), "knobs": json.dumps(BIASED), "promote": "true"}
        return start(self.place, f"{MODEL}-training", unfair)

    def _serve(self, servers: Servers, pool: ThreadPoolExecutor) -> None:
        first = self.runs["trained"].events(MODEL)
        promoting = pool.submit(self.gitops.promote, self.champions[-1][1], first)
        log = self.place.folder / "decisions"
        address = servers.start(self.champions[-1][1], {"DECISION_LOG": str(log), "DECISION_KEY": secrets.token_hex(16)})
        traffic = Traffic(MODEL, address)
        for number in range(CALM + DRIFTED):
            drift = DRIFT if number >= CALM else {}
            title = f"drifted {number - CALM + 1}" if drift else f"calm {number + 1}"
            self.bursts.append(traffic.burst(title, seed=100 + number, **drift))
        traffic.write_outcomes(self.place.folder / "outcomes.parquet")
        promoting.result()

    def _watch(self, biased: Started, servers: Servers, pool: ThreadPoolExecutor) -> None:
        windows = [{"start": burst.start, "end": burst.end} for burst in self.bursts]
        parameters = {
            "windows": json.dumps(windows),
            "training": json.dumps({"trials": TRIALS}),
            "knobs": json.dumps(AGAIN),
            "promote": "false",
            "window": "",
        }
        artefacts = {"decisions": self.place.folder / "decisions", "outcomes": self.place.folder / "outcomes.parquet"}
        watching = start(self.place, f"{MODEL}-monitoring", parameters, artefacts)
        self.runs["biased"] = biased.wait()
        serving = pool.submit(servers.start, self.runs["biased"].outputs["version"])
        refusing = pool.submit(self.gitops.refused, self.runs["biased"].outputs["version"], self.runs["biased"].events(MODEL))
        requests = pool.submit(self.gitops.write_requests, load_spec(MODEL), DRIFT)
        self.runs["monitored"] = watching.wait()
        for waiting in (serving, refusing, requests):
            waiting.result()

    @property
    def retrained(self) -> str:
        """The version that was trained after the drift and passed every gate; empty where there is none."""
        run = self.runs["monitored"]
        if run.outputs.get("retrain") != "true" or not run.document("decision.json", model=MODEL)["promote"]:
            return ""
        return str(json.loads(run.events(MODEL).read_text(encoding="utf-8"))[0]["version"])

    def _try_good(self, servers: Servers, pool: ThreadPoolExecutor) -> None:
        before, version = self.champions[-1][1], self.retrained
        serving = pool.submit(servers.start, version)
        self.gitops.promote(version, self.runs["monitored"].events(MODEL))
        trial = self.gitops.try_out("trained again after the drift", servers.start(before), serving.result(), AS_THEY_COME, *MOVED)
        self.trials.append(trial)
        if trial.took_over:
            self.registry.promote(MODEL, version)
        end = "took all traffic and became champion" if trial.took_over else "was rolled back"
        self._remember(f"drift was noticed; a version trained on what changed passed every gate, was merged, and {end}")

    def _try_bad(self, servers: Servers) -> None:
        version = self.runs["biased"].outputs["version"]
        self.gitops.pin_by_hand(version)
        champion, title = servers.start(self.champions[-1][1]), "trained on biased data, pinned by hand"
        trial = self.gitops.try_out(title, champion, servers.start(version), UNEQUAL, *MOVED)
        self.trials.append(trial)
        end = "took over" if trial.took_over else "gave its traffic back at once, and the revert was merged"
        self._remember(f"the biased version, pinned by hand past its gates, {end}")

    def _roll_back(self) -> None:
        self.gitops.roll_back("asked for by hand")
        self.registry.rollback(MODEL)
        self._remember("the version before was made champion again, by a revert")

    def _remember(self, what: str) -> None:
        self.champions.append((what, str(self.registry.version_of(MODEL, "champion"))))

    @property
    def evidence(self) -> list[Record]:
        """Every record of the workflows, model by model."""
        return list(EvidenceLog(self.place.evidence).records())

    @property
    def evidence_problems(self) -> list[str]:
        """Of the workflows' log and of the repository's."""
        return [*EvidenceLog(self.place.evidence).verify(), *self.gitops.log.verify()]

    @property
    def refused(self) -> list[str]:
        """Checks that refused the model trained on biased data."""
        found: list[str] = self.runs["biased"].document("decision.json", model=MODEL)["refused"]
        return found

    @property
    def closed(self) -> bool:
        """Whether the loop did all it should: noticed, trained again, took over by canary, refused twice, rolled back, evidence whole."""
        noticed = self.runs["monitored"].outputs.get("retrain") == "true"
        tried = [trial.took_over for trial in self.trials] == [True, False] and not any(trial.unanswered for trial in self.trials)
        tried = tried and self.trials[1].refused_by <= {"groups", "business"}
        back = self.champions[-1][1] == self.champions[0][1] == str(self.gitops.pinned)
        return noticed and tried and back and bool(self.refused) and not self.evidence_problems

    def outcome(self) -> list[str]:
        """The end of the story in lines."""
        retrained = self.runs["monitored"].outputs
        return [
            *(f"{MODEL} champion is version {version}: {what}" for what, version in self.champions),
            f"monitoring said {retrained.get('verdict')}, retrain: {retrained.get('retrain')}",
            f"the model trained on biased data was refused by: {', '.join(self.refused) or 'nobody'}",
            *(f"canary of version {trial.version}, {trial.title}: {trial.summary}" for trial in self.trials),
            f"{len(self.gitops.merged)} pull requests merged; {self.place.environment.name} pins version {self.gitops.pinned}",
            f"evidence: {'whole' if not self.evidence_problems else '; '.join(self.evidence_problems)}",
        ]


def report_file(story: Story) -> Path:
    """Where the report goes."""
    return story.place.folder / "report.html"
