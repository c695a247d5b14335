"""Canaries between real MLflow models, each trained and packaged here and served by MLflow's scoring server on a port of its own.

Whether the margin is clear, whatever the traffic, is computed without servers: by the models' own scores of many seeds' applicants.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ml.spec import load_spec
from mlctl.config.yaml_file import read_yaml
from mlctl.promotion.canary import Arm, Limits
from mlctl.promotion.canary_limits import limits_of
from mlctl.promotion.canary_run import Outcome, run_canary
from mlctl.promotion.counting import Count
from mlctl.promotion.local_traffic import LocalTraffic, Request, read_requests
from workflows.demo.canary import write_requests
from workflows.demo.gitops import TOGETHER
from workflows.demo.servers import free_port
from workflows.demo.story import MOVED

pytestmark = [pytest.mark.ml, pytest.mark.slow]

MODEL = "credit-risk"
DEFINITION = Path(__file__).parents[3] / "ml" / "models" / f"{MODEL}.yaml"
SHARES = (10, 50, 100)
SLOW_MS = {"slow": 1500}
"""No other challenger may be refused because the machine is busy."""

FAULTY = """
import time
from ml.serving import served_model
class Faulty:
    def __init__(self, model):
        self.model, self.asked = model, 0
    def predict(self, data, params=None):
        self.asked += 1
        {fault}
        return self.model.predict(data, params)
def _load_pyfunc(path):
    return Faulty(served_model._load_pyfunc(path))
"""
FAULTS = {
    "slow": "time.sleep(2.0)",
    "failing": "assert self.asked % 3, 'out of memory'",
}
KNOBS: dict[str, dict[str, Any]] = {
    "champion": {"seed": 7},
    "good": {"seed": 8},
    "biased": {"seed": 9, "bias": 1.0},
    "skewed": {"seed": 10, "concept_drift": 1.0},
}


def trained(folder: Path, knobs: dict[str, Any]) -> Path:
    """The packaged MLflow model of one run of the pipeline."""
    from ml.pipeline import build_features, ingest, train
    from ml.serving.package import package_model

    ingest(MODEL, folder / "data", rows=3000, **knobs)
    build_features(MODEL, folder / "data", folder / "features")
    train(MODEL, folder / "features", folder / "bundle", trials=1)
    package_model(load_spec(MODEL), folder / "bundle", folder / "features", folder / "packaged")
    return folder / "packaged" / "model"


def faulty(good: Path, folder: Path, fault: str) -> Path:
    """The same model as `good`, an MLflow model of its own, whose code has a fault."""
    import mlflow.pyfunc

    import ml
    from ml.serving.artefact import find_artefact

    folder.mkdir()
    loader = folder / f"{folder.name}_model.py"
    loader.write_text(FAULTY.format(fault=fault))
    target = folder / "model"
    code = [str(Path(ml.__path__[0])), str(loader)]
    artefact = str(find_artefact(good))
    mlflow.pyfunc.save_model(path=str(target), loader_module=loader.stem, data_path=artefact, code_paths=code, pip_requirements=["mlflow"])
    return target


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    found = {name: trained(folder / name, knobs) for name, knobs in KNOBS.items()}
    return found | {name: faulty(found["champion"], folder / name, fault) for name, fault in FAULTS.items()}


@pytest.fixture(scope="module")
def champion(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with ExitStack() as stack:
        yield serve(models["champion"], tmp_path_factory.mktemp("champion") / "log", stack)


def serve(model: Path, log: Path, stack: ExitStack) -> str:
    from ml.serving.server import serving

    return stack.enter_context(serving(model, free_port(), log=log))


def tried(challenger: str, minimum: int, seed: int, folder: Path) -> tuple[list[Request], Limits]:
    """The requests of a challenger's trial, and the limits of the model's own file; of the biased one as in the demo."""
    folder.mkdir(exist_ok=True)
    unequal = challenger == "biased"
    changed = {"rows": 1000, "bias": 1.0} if unequal else {"rows": 500}
    path = write_requests(folder / "requests.jsonl", load_spec(MODEL), {"seed": seed, **changed}, together=TOGETHER if unequal else 1)
    psi = float(MOVED[1]) if unequal else None
    limits = limits_of(read_yaml(DEFINITION).value, minimum_requests=minimum, step_seconds=3600, psi=psi)
    return read_requests(path), limits


@pytest.fixture
def canary(models: dict[str, Path], champion: str, tmp_path: Path) -> Callable[[str, int], tuple[Outcome, LocalTraffic]]:
    """Run a canary of one of the models against the champion, by the limits of the model's own file."""

    def run(challenger: str, minimum: int) -> tuple[Outcome, LocalTraffic]:
        requests, limits = tried(challenger, minimum, 5, tmp_path)
        with ExitStack() as stack:
            address = serve(models[challenger], tmp_path / "log", stack)
            traffic = LocalTraffic(champion, address, requests, slow_ms=SLOW_MS.get(challenger, 5000), favourable="approved")
            return run_canary(traffic, SHARES, limits), traffic

    return run


@pytest.mark.parametrize(
    ("challenger", "minimum", "reasons"),
    [
        ("slow", 60, {"latency"}),
        ("failing", 60, {"errors"}),
        ("biased", 40, {"groups", "business"}),
        ("skewed", 100, {"distribution", "business"}),
    ],
)
def test_a_bad_model_is_rolled_back_and_no_caller_notices(
    canary: Callable[[str, int], tuple[Outcome, LocalTraffic]], challenger: str, minimum: int, reasons: set[str]
) -> None:
    outcome, traffic = canary(challenger, minimum)
    refused = {check.name for check in outcome.decision.checks if check.verdict == "fail"}
    assert outcome.result == "rolled_back", outcome.decision
    assert refused and refused <= reasons, outcome.decision
    assert traffic.failed_for_callers == 0, "the champion answered what the challenger did not"
    assert all(step.champion.errors == 0 for step in outcome.steps)
    assert sum(step.challenger.requests for step in outcome.steps) > 0


def test_a_good_model_reaches_all_traffic(canary: Callable[[str, int], tuple[Outcome, LocalTraffic]]) -> None:
    outcome, traffic = canary("good", 60)
    assert outcome.result == "champion_replaced", outcome.decision
    assert [step.percent for step in outcome.steps] == [10, 50, 100]
    assert traffic.failed_for_callers == 0
    verdicts = {check.name: check.verdict for check in outcome.decision.checks}
    assert verdicts["errors"] == verdicts["latency"] == verdicts["business"] == verdicts["distribution"] == "pass"


Answers = list[list[dict[str, Any]]]
"""Request by request, row by row."""


def answers(model: Path, source: list[Request]) -> Answers:
    """What a model says, in this process and all at once."""
    from ml.serving.scorer import load_scorer
    from ml.serving.served_model import ServedModel

    bodies = [request.body["dataframe_records"] for request in source]
    rows = iter(ServedModel(load_scorer(model)).answer(pd.DataFrame([row for body in bodies for row in body])))
    return [[next(rows) for _ in body] for body in bodies]


class Played:
    """Traffic between two models without servers."""

    def __init__(self, champion: Answers, challenger: Answers, source: list[Request], seed: int) -> None:
        self._answers, self._source = (champion, challenger), itertools.cycle(enumerate(source))
        self._random, self._share = random.Random(seed), 0.0
        self.failed_for_callers: int | None = 0

    def split(self, percent: int) -> None:
        self._share, self._counts = percent / 100, (Count(), Count())

    def counts(self) -> tuple[Arm, Arm]:
        for position, request in itertools.islice(self._source, 50):
            arm = int(self._random.random() < self._share)
            self._counts[arm].requests += 1
            for row in self._answers[arm][position]:
                self._counts[arm].read(row, request.groups, "approved")
        return self._counts[0].arm(), self._counts[1].arm()


@pytest.mark.parametrize(("challenger", "minimum", "refused"), [("biased", 40, True), ("skewed", 100, True), ("good", 60, False)])
def test_the_verdict_is_the_same_whatever_the_traffic(
    models: dict[str, Path], tmp_path: Path, challenger: str, minimum: int, refused: bool
) -> None:
    outcomes = []
    for seed in range(10):
        source, limits = tried(challenger, minimum, seed, tmp_path / str(seed))
        traffic = Played(answers(models["champion"], source), answers(models[challenger], source), source, seed)
        outcomes.append(run_canary(traffic, SHARES, limits))
    assert {outcome.result for outcome in outcomes} == {"rolled_back" if refused else "champion_replaced"}
    reasons = {check.name for outcome in outcomes for check in outcome.decision.checks if check.verdict == "fail"}
    assert reasons <= {"biased": {"groups", "business"}, "skewed": {"distribution", "business"}, "good": set()}[challenger]


def test_the_biased_model_is_far_below_the_limit_of_four_fifths(models: dict[str, Path], tmp_path: Path) -> None:
    """By hand: the share of approved black and white applicants, over all requests of each seed."""
    ratios = []
    for seed in range(10):
        source, _ = tried("biased", 40, seed, tmp_path / str(seed))
        found = list(zip(source, answers(models["biased"], source), strict=True))
        shares = {}
        for race in ("black", "white"):
            said = [row["decision"] for request, rows in found if f"race: {race}" in request.groups for row in rows]
            shares[race] = said.count("approved") / len(said)
        ratios.append(shares["black"] / shares["white"])
    assert max(ratios) < 0.6, ratios
