"""How long pricing takes: a plan of 100,000 resources, made in memory, priced and added up.

`python bench/cost.py [resources]` prints one line of JSON. The mark to beat is 2.3 s, which a Go tool publishes for 100,000 resources.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import date
from pathlib import Path

from mlctl.config import load_environment
from mlctl.cost.catalogue import entries
from mlctl.cost.estimate import estimate
from mlctl.cost.price_file import load_prices
from mlctl.cost.usage import load_defaults
from mlctl.plan.model import Plan, Resource, StackPlan

TARGET_SECONDS = 2.3
_ROOT = Path(__file__).parent.parent
_INSTANCES = ("m6i.large", "m6i.xlarge", "c6i.2xlarge", "g5.xlarge", "t3.medium", "r6i.large")


def resources(count: int) -> tuple[Resource, ...]:
    """A mix as in a large account: machines, disks, buckets, functions, queues, roles, rules. Names and tags differ for each."""
    return tuple(_resource(number) for number in range(count))


def _resource(number: int) -> Resource:
    tags = {"team": ("ml-platform", "lending", "retention")[number % 3], "Name": f"thing-{number}"}
    kinds = (
        (
            "aws:ec2/instance:Instance",
            {"instanceType": _INSTANCES[number % 6], "ami": "ami-1", "rootBlockDevice": {"volumeSize": 8 + number % 40}},
        ),
        ("aws:ebs/volume:Volume", {"type": "gp3", "size": 10 + number % 500, "availabilityZone": "us-east-1a"}),
        ("aws:s3/bucket:Bucket", {"bucket": f"bucket-{number}"}),
        ("aws:lambda/function:Function", {"memorySize": 128 * (1 + number % 8), "architectures": ["arm64"], "handler": "app.handler"}),
        ("aws:cloudwatch/logGroup:LogGroup", {"name": f"/logs/{number}", "retentionInDays": (7, 30, 365)[number % 3]}),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", {"name": f"alarm-{number}", "period": 60, "threshold": number}),
        ("aws:sqs/queue:Queue", {"name": f"queue-{number}"}),
        ("aws:rds/instance:Instance", {"engine": "postgres", "instanceClass": "db.t3.large", "allocatedStorage": 20 + number % 100}),
        ("aws:iam/role:Role", {"name": f"role-{number}", "assumeRolePolicy": "{}"}),
        ("aws:ec2/securityGroup:SecurityGroup", {"name": f"group-{number}"}),
        ("aws:ec2/subnet:Subnet", {"cidrBlock": "10.0.0.0/24"}),
        ("aws:secretsmanager/secret:Secret", {"name": f"secret-{number}"}),
    )
    token, inputs = kinds[number % len(kinds)]
    return Resource(urn=f"urn:pulumi:prod::bench::{token}::r{number}", type=token, name=f"r{number}", inputs={**inputs, "tags": tags})


def run(count: int) -> dict[str, object]:
    environment = load_environment(_ROOT / "environments" / "prod.yaml")
    plan = Plan(environment="prod", stacks=(StackPlan(name="bench", environment="prod", resources=resources(count)),))
    prices, defaults = load_prices(), load_defaults()
    entries()
    start, processor = time.perf_counter(), time.process_time()
    found = estimate(plan, environment, prices, today=date(2026, 11, 20), defaults=defaults)
    total = found.expected_usd
    _ = (found.by_stack, found.by_service, found.by_team, found.by_model, found.largest, found.assumptions)
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    return {
        "bench": "cost",
        "resources": count,
        "seconds": round(seconds, 3),
        "processor_seconds": round(processor, 3),
        "target_seconds": TARGET_SECONDS,
        "monthly_usd": str(total.quantize(type(total)("0.01"))),
    }


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    found = run(count)
    print(json.dumps(found))
    return 0 if count < 100_000 or found["seconds"] <= TARGET_SECONDS else 1  # type: ignore[operator]


if __name__ == "__main__":
    raise SystemExit(main())
