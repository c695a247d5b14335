"""How fast the rules are: all of them over generated plans.

.venv/bin/python -m bench.policies [--resources 10000 100000]
"""

from __future__ import annotations

import argparse
import resource as process
import sys
import time
from collections.abc import Sequence
from datetime import date

from mlctl.checks.discovery import find_rules
from mlctl.checks.judge import judge
from mlctl.checks.settings import rule_settings
from mlctl.checks.subjects import model_subjects
from mlctl.config import load_environments
from mlctl.plan.environment import Repository
from mlctl.plan.model import Plan, Resource, StackPlan

_KINDS = ("bucket", "block", "queue", "role", "group", "key", "log", "namespace", "deployment", "database")
_TAGS = {"environment": "dev", "team": "lending", "cost-centre": "CC-2100", "service": "bench", "managed-by": "pulumi"}
_TRUST = '{"Statement": [{"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}]}'
_CONTAINER = {"name": "c", "image": "registry.example/c:1.0.0", "resources": {"limits": {"memory": "1Gi"}}}
_TYPES = {
    "bucket": "aws:s3/bucket:Bucket",
    "block": "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "queue": "aws:sqs/queue:Queue",
    "role": "aws:iam/role:Role",
    "group": "aws:ec2/securityGroup:SecurityGroup",
    "key": "aws:kms/key:Key",
    "log": "aws:cloudwatch/logGroup:LogGroup",
    "namespace": "kubernetes:core/v1:Namespace",
    "deployment": "kubernetes:apps/v1:Deployment",
    "database": "aws:rds/instance:Instance",
}


def generated_plan(count: int) -> Plan:
    """A stack of `count` resources of ten types; every tenth has a value that is not known."""
    resources = [_resource(_KINDS[number % len(_KINDS)], number // len(_KINDS), unknown=number % 100 < 10) for number in range(count)]
    return Plan(environment="dev", stacks=(StackPlan(name="bench", environment="dev", resources=tuple(resources)),), source="export")


def _resource(kind: str, number: int, *, unknown: bool) -> Resource:
    token, name = _TYPES[kind], f"{kind}-{number}"
    bucket = f"urn:pulumi:dev::bench::{_TYPES['bucket']}::bucket-{number}"
    inputs: dict[str, dict[str, object]] = {
        "bucket": {"bucket": name},
        "block": dict.fromkeys(("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True),
        "queue": {"sqsManagedSseEnabled": True},
        "role": {"assumeRolePolicy": _TRUST},
        "group": {"ingress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/8"]}]},
        "key": {"enableKeyRotation": True, "deletionWindowInDays": 30},
        "log": {"retentionInDays": 30, "kmsKeyId": "<<aws:kms/key:Key|key-0|arn>>" if unknown else "arn:aws:kms:x"},
        "namespace": {"metadata": {"name": name, "labels": {"team": "lending"}}},
        "deployment": {"metadata": {"name": name}, "spec": {"replicas": 2, "template": {"spec": {"containers": [_CONTAINER]}}}},
        "database": {"storageEncrypted": True, "kmsKeyId": "k", "backupRetentionPeriod": 7, "storageType": "gp3"},
    }
    own = {**inputs[kind], "tags": dict(_TAGS)} if token.startswith("aws:") else inputs[kind]
    return Resource(
        urn=f"urn:pulumi:dev::bench::{token}::{name}",
        type=token,
        name=name,
        inputs=own,
        property_dependencies={"bucket": (bucket,)} if kind == "block" else {},
        computed=frozenset({"kmsKeyId"}) if unknown and kind == "log" else frozenset(),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one line per size: resources, rules, verdicts, seconds, peak memory of this process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resources", type=int, nargs="+", default=[10_000, 100_000], metavar="N")
    options = parser.parse_args(arguments)
    root = Repository.find().root
    rules = find_rules(root / "policies")
    [environment] = load_environments(root / "environments", ["dev"])
    models = model_subjects(environment, definitions=root / "ml" / "models")
    settings = rule_settings(environment, models=models, today=date(2026, 1, 1))
    print(f"{'resources':>10} {'rules':>6} {'verdicts':>9} {'seconds':>8} {'peak MiB':>9}")
    for count in options.resources:
        plan = generated_plan(count)
        started = time.perf_counter()
        verdict = judge(plan, environment, rules, settings)
        seconds = time.perf_counter() - started
        verdicts = len(verdict.findings) + sum(verdict.passes.values())
        memory = process.getrusage(process.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{count:>10,} {len(rules):>6} {verdicts:>9,} {seconds:>8.2f} {memory:>9,.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
