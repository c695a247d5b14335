"""What data sources answer while no cloud can be asked.

Everything comes from the environment's file, or from a file of answers that the user gives; nothing is guessed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlctl.config.environment import Environment
from mlctl.errors import InputError

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Answers by function token."""

    account: str | None = None
    region: str | None = None
    zones: tuple[str, ...] = ()
    given: Mapping[str, Answer] = field(default_factory=dict)
    """The user's own: token → result with camelCase keys."""

    def answer(self, token: str, args: Mapping[str, Any]) -> Answer:
        """The result of the data source `token`.

        Raises
        ------
        InputError
            Nothing answers it; the message names it.
        """
        if token in self.given:
            return self.given[token]
        if known := _KNOWN.get(token):
            result = known(self, args)
            if result is not None:
                return result
        raise InputError(
            f"the program asks the cloud for {token}, and nothing answers it here",
            key=token,
            allowed=", ".join(sorted({*_KNOWN, *self.given})),
            remedy=f"take the value from the environment's file, or answer it in a YAML file with the key {token!r}: --answers FILE",
        )


def answers_for(environment: Environment) -> Answers:
    """What an environment's file answers."""
    return Answers(account=environment.account, region=environment.region, zones=environment.network.zones)


def _caller_identity(answers: Answers, _: Mapping[str, Any]) -> Answer | None:
    if answers.account is None:
        return None
    arn = f"arn:aws:sts::{answers.account}:assumed-role/preview/mlctl"
    return {"id": answers.account, "accountId": answers.account, "arn": arn, "userId": "AROAPREVIEW:mlctl"}


def _region(answers: Answers, args: Mapping[str, Any]) -> Answer | None:
    region = args.get("region") or args.get("name") or answers.region
    if region is None:
        return None
    return {
        "id": region,
        "name": region,
        "region": region,
        "endpoint": f"ec2.{region}.{_dns_suffix(region)}",
        "description": region,
    }


def _zones(answers: Answers, _: Mapping[str, Any]) -> Answer | None:
    if not answers.zones:
        return None
    return {"id": answers.region, "names": list(answers.zones), "groupNames": [answers.region], "state": "available"}


def _partition(answers: Answers, _: Mapping[str, Any]) -> Answer | None:
    if answers.region is None:
        return None
    partition = _partition_of(answers.region)
    suffix = _dns_suffix(answers.region)
    return {"id": partition, "partition": partition, "dnsSuffix": suffix, "reverseDnsPrefix": ".".join(reversed(suffix.split(".")))}


def _partition_of(region: str) -> str:
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"


def _dns_suffix(region: str) -> str:
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"


def _policy_document(_: Answers, args: Mapping[str, Any]) -> Answer:
    """`aws.iam.get_policy_document` is pure: it only writes JSON.

    Key names and the folding of one-element lists follow
    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document.
    """
    statements = [_statement(statement) for statement in args.get("statements") or []]
    document: dict[str, Any] = {"Version": args.get("version") or "2012-10-17"}
    if args.get("policyId"):
        document["Id"] = args["policyId"]
    text = json.dumps(document | {"Statement": statements}, indent=2)
    return {"id": "policy-document", "json": text, "minifiedJson": json.dumps(document | {"Statement": statements}, separators=(",", ":"))}


def _statement(given: Mapping[str, Any]) -> dict[str, Any]:
    statement: dict[str, Any] = {}
    if given.get("sid"):
        statement["Sid"] = given["sid"]
    statement["Effect"] = given.get("effect") or "Allow"
    for key, name in (("actions", "Action"), ("notActions", "NotAction"), ("resources", "Resource"), ("notResources", "NotResource")):
        if given.get(key):
            statement[name] = _fold(given[key])
    for key, name in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if given.get(key):
            statement[name] = _principals(given[key])
    if given.get("conditions"):
        conditions: dict[str, dict[str, Any]] = {}
        for condition in given["conditions"]:
            conditions.setdefault(condition["test"], {})[condition["variable"]] = _fold(condition["values"])
        statement["Condition"] = conditions
    return statement


def _principals(given: list[Mapping[str, Any]]) -> Any:
    if len(given) == 1 and given[0]["type"] == "*" and given[0]["identifiers"] == ["*"]:
        return "*"
    return {principal["type"]: _fold(principal["identifiers"]) for principal in given}


def _fold(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else sorted(values, key=str, reverse=True)


_KNOWN: dict[str, Callable[[Answers, Mapping[str, Any]], Answer | None]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:index/getPartition:getPartition": _partition,
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
}
