"""Measures the local runner; every ratio is of two figures taken in this same run.

python bench/workflow.py [--steps 1000]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from mlctl.workflow.engine.session import Options
from mlctl.workflow.engine.watch import Silent
from mlctl.workflow.local import Ended, Start, start_run

_ROUNDS = 5
_STEPS = 10
_MODULE = """
from hera.workflows import script

@script(constructor="runner")
def work(number: int) -> int:
    return sum(range(number))
"""
_HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {generateName: bench-}\n"


def _loop(template: Mapping[str, object], steps: int, names: list[str]) -> Mapping[str, object]:
    arguments = {"parameters": [{"name": name, "value": "{{item}}"} for name in names]}
    call = {"name": "s", "template": "work", "withSequence": {"count": steps}, "arguments": arguments}
    return {"entrypoint": "main", "templates": [{"name": "main", "steps": [[call]]}, {"name": "work", **template}]}


def _run(folder: Path, spec: Mapping[str, object], jobs: int) -> tuple[float, Ended]:
    file = folder / "bench.yaml"
    file.write_text(_HEAD + "spec: " + json.dumps(spec), encoding="utf-8")
    begun = time.perf_counter()
    ended = start_run(folder / "runs", Start(file=file), Silent(), Options(project=folder, jobs=jobs))
    took = time.perf_counter() - begun
    if ended.exit_status != 0:
        raise SystemExit(ended.summary())
    return took, ended


def _fresh(command: list[str], folder: Path) -> float:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}
    begun = time.perf_counter()
    subprocess.run(command, cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def hera_step(folder: Path) -> dict[str, float]:
    """A Hera step here, against Hera's runner on the same function in a fresh process, one at a time."""
    script = {"image": "i", "command": ["python"], "source": "{{inputs.parameters}}",
              "args": ["-m", "hera.workflows.runner", "-e", "bench_steps:work"]}  # fmt: skip
    spec = _loop({"inputs": {"parameters": [{"name": "number"}]}, "script": script}, _STEPS, ["number"])
    arguments = folder / "arguments.json"
    arguments.write_text('[{"name": "number", "value": "5"}]', encoding="utf-8")
    command = [sys.executable, "-m", "hera.workflows.runner", "-e", "bench_steps:work", str(arguments)]
    fresh = [_fresh(command, folder) for _ in range(_ROUNDS)]
    runs = [_run(folder, spec, 1)[0] / _STEPS for _ in range(3)]
    return _compare(statistics.median(runs), statistics.median(fresh))


def plain_step(folder: Path) -> dict[str, float]:
    """A script step that calls the plain function, against the same call in a fresh Python process."""
    code = "print(sum(range(5000000)))"
    spec = _loop({"script": {"image": "i", "command": ["python"], "source": code}}, _STEPS, [])
    fresh = [_fresh([sys.executable, "-c", code], folder) for _ in range(_STEPS * 2)]
    runs = [_run(folder, spec, 1)[0] / _STEPS for _ in range(3)]
    return _compare(statistics.median(runs), statistics.median(fresh))


def _compare(ours: float, fresh: float) -> dict[str, float]:
    return {"seconds_per_step": round(ours, 4), "fresh_process_seconds": round(fresh, 4), "ratio": round(ours / fresh, 3)}


def fan_out(folder: Path, steps: int) -> dict[str, float]:
    """A wide loop of steps that do nothing; a tenth of it shows whether the cost per step grows with their number."""
    spec = {"container": {"image": "i", "command": ["true"]}}
    jobs = os.cpu_count() or 1
    tenth, _ = _run(folder, _loop(spec, steps // 10, []), jobs)
    whole, _ = _run(folder, _loop(spec, steps, []), jobs)
    return {
        "steps": steps,
        "seconds": round(whole, 2),
        "milliseconds_per_step": round(whole / steps * 1000, 2),
        "per_step_against_a_tenth_as_many": round((whole / steps) / (tenth / (steps // 10)), 3),
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1000)
    steps: int = parser.parse_args().steps
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bench_steps.py").write_text(_MODULE, encoding="utf-8")
        figures = {
            "hera_step": hera_step(folder),
            "plain_step": plain_step(folder),
            "fan_out": fan_out(folder, steps),
        }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
