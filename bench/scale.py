"""How the gate grows: a program of 2,000 resources planned, judged and priced; exports of 10,000 and 100,000 resources judged and priced.

`python -m bench.scale` prints seconds and the peak memory of each step, each in a process of its own.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from mlctl.checks.discovery import find_rules
from mlctl.checks.judge import judge
from mlctl.checks.settings import rule_settings
from mlctl.config import load_environments
from mlctl.cost.estimate import estimate
from mlctl.cost.price_file import load_prices
from mlctl.plan.answers import answers_for
from mlctl.plan.environment import Repository
from mlctl.plan.model import Plan
from mlctl.plan.offline import Planner
from mlctl.plan.preload import preload
from mlctl.plan.program import read_program
from mlctl.plan.read import read_plan

_PROGRAM = """
import pulumi
import pulumi_aws as aws

key = aws.kms.Key("key", enable_key_rotation=True)
for index in range({buckets}):
    bucket = aws.s3.Bucket(f"bucket-{{index}}", tags={{"team": "ml-platform", "Name": f"bucket-{{index}}"}})
    aws.s3.BucketPublicAccessBlock(f"block-{{index}}", bucket=bucket.id, block_public_acls=True)
"""


def main() -> int:
    """Print one line per size."""
    if len(sys.argv) == 3:
        print(json.dumps(_program(int(sys.argv[2])) if sys.argv[1] == "program" else _export(int(sys.argv[2]))))
        return 0
    print(f"{'what':<28} {'read/plan s':>12} {'policies s':>11} {'cost s':>8} {'peak MiB':>9}")
    for kind, count in (("program", 2_000), ("export", 10_000), ("export", 100_000)):
        found = json.loads(
            subprocess.run([sys.executable, "-m", "bench.scale", kind, str(count)], check=True, capture_output=True, text=True).stdout
        )
        print(
            f"{kind} of {count:,} resources".ljust(28),
            f"{found['read']:12.2f} {found['policies']:11.2f} {found['cost']:8.2f} {found['memory']:9,.0f}",
        )
    print("target: policies plus cost on 100,000 resources 5 s, under 1,500 MiB")
    return 0


def _program(count: int) -> dict[str, float]:
    repository = Repository.find(Path(__file__))
    [environment] = load_environments(repository.environments, ["dev"])
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "Pulumi.yaml").write_text("name: big\nruntime: python\n")
        (root / "__main__.py").write_text(_PROGRAM.format(buckets=count // 2))
        started = time.perf_counter()
        preload([root])
        planned = Planner([read_program(root, "dev")], answers={"dev": answers_for(environment)}, root=root).run()
        plan = Plan(environment="dev", stacks=tuple(planned))
        return _judge_and_price(plan, time.perf_counter() - started)


def _export(count: int) -> dict[str, float]:
    from bench.cost import resources

    states = [{"urn": item.urn, "type": item.type, "custom": True, "inputs": dict(item.inputs), "outputs": {}} for item in resources(count)]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "state.json"
        file.write_text(json.dumps({"version": 3, "deployment": {"resources": states}}))
        del states
        started = time.perf_counter()
        plan = read_plan(file)
        return _judge_and_price(plan, time.perf_counter() - started)


def _judge_and_price(plan: Plan, read: float) -> dict[str, float]:
    repository = Repository.find(Path(__file__))
    [environment] = load_environments(repository.environments, ["dev"])
    rules = find_rules(repository.root / "policies")
    prices = load_prices()
    started = time.perf_counter()
    judge(plan, environment, rules, rule_settings(environment, models={}, today=date(2026, 1, 1)))
    judged = time.perf_counter()
    _ = estimate(plan, environment, prices, today=date(2026, 1, 1)).expected_usd
    priced = time.perf_counter()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"read": read, "policies": judged - started, "cost": priced - judged, "memory": memory}


if __name__ == "__main__":
    sys.exit(main())
