"""The log collector: what containers write goes to CloudWatch, to the log group of whoever owns it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.charts import FLUENT_BIT, release
from infra.pod_role import PodRole, PodRoleArgs
from infra.policy_document import Statement, allow
from mlctl.config.team import Team

ACCOUNT = "fluent-bit"
_POD, _LABELS, _SPACE = "$kubernetes['pod_name']", "$kubernetes['labels']", "$kubernetes['namespace_name']"
_SERVED = f"{_LABELS}['serving.kserve.io/inferenceservice']"
"""KServe puts this label on the pods of a model, and on no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCollectorArgs:
    """Whose logs, and where to."""

    namespace: str
    """One whose pods may read the nodes' log files."""
    prefix: str
    cluster: pulumi.Input[str]
    account: str
    region: str
    logs_key_arn: pulumi.Input[str]
    retention_days: int
    teams: Sequence[Team]
    owner: Team


class LogCollector(pulumi.ComponentResource):
    """Creates a log group per team and one for the rest of the cluster, encrypted and kept as long as the environment says; the role of
    the collector, which writes to groups of this environment and makes none; and the collector on every node.

    What the pods of a served model write goes to the model's own group, `/<prefix>/models/<model>`, which is made with the model; what
    else runs in a team's namespace to `/<prefix>/teams/<team>`; everything else to `/<prefix>/cluster`.
    """

    def __init__(self, name: str, args: LogCollectorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:platform:LogCollector", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        groups = [self._group("cluster", rest_group(args.prefix), args.owner)]
        groups += [self._group(team.name, team_group(args.prefix, team.name), team) for team in args.teams]
        role = PodRole(
            name,
            PodRoleArgs(
                cluster=args.cluster,
                account=args.account,
                namespace=args.namespace,
                service_account=ACCOUNT,
                statements=[self._write()],
            ),
            self._child,
        )
        after = pulumi.ResourceOptions(parent=self, depends_on=[role.association, *groups])
        release(FLUENT_BIT, namespace=args.namespace, values=collector_values(args), opts=after)
        self.register_outputs({"groups": [group.name for group in groups]})

    def _group(self, short: str, group: str, team: Team) -> aws.cloudwatch.LogGroup:
        args = self._args
        return aws.cloudwatch.LogGroup(
            f"{self._name}-{short}",
            name=group,
            retention_in_days=args.retention_days,
            kms_key_id=args.logs_key_arn,
            tags={"team": team.name, "cost-centre": team.cost_centre},
            opts=self._child,
        )

    def _write(self) -> Statement:
        args = self._args
        groups = f"arn:aws:logs:{args.region}:{args.account}:log-group:/{args.prefix}"
        actions = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
        return allow("WriteLogs", actions=actions, resources=[f"{groups}/{kind}:*" for kind in ("models/*", "teams/*", "cluster")])


def team_group(prefix: str, team: str) -> str:
    """`/acme-dev/teams/lending`."""
    return f"/{prefix}/teams/{team}"


def rest_group(prefix: str) -> str:
    """`/acme-dev/cluster`."""
    return f"/{prefix}/cluster"


def collector_values(args: LogCollectorArgs) -> dict[str, Any]:
    """The chart's values: read, look up the pod, sort by owner, write."""
    return {
        "serviceAccount": {"name": ACCOUNT},
        "tolerations": [{"operator": "Exists"}],
        "priorityClassName": "system-node-critical",
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "input": {"tag": "kube.*", "multilineParser": "docker, cri", "memBufLimit": "20MB"},
        # A container must not choose its own parser, or leave the log.
        "filter": {"match": "kube.*", "mergeLog": "On", "keepLog": "Off", "k8sLoggingParser": "Off", "k8sLoggingExclude": "Off"},
        "additionalFilters": _sort([team.name for team in args.teams]),
        "cloudWatchLogs": {
            "enabled": True,
            "match": "kube.*",
            "region": args.region,
            "logGroupName": rest_group(args.prefix),
            # The chart's own template would name a group per namespace.
            "logGroupTemplate": "",
            "logStreamPrefix": "other-",
            "logStreamTemplate": _stream(),
            "autoCreateGroup": False,
        },
        "additionalOutputs": "\n".join(
            _output(args, tag, template)
            for tag, template in (
                ("model.*", f"/{args.prefix}/models/{_LABELS}['model']"),
                ("team.*", team_group(args.prefix, _SPACE)),
            )
        ),
    }


def _sort(teams: Sequence[str]) -> str:
    """New tags, the first rule that fits wins; a record with a new tag comes by once more, and fits none.

    Fluent Bit takes one depth of indentation in the whole file, and the chart's own sections have four spaces.
    """
    return "\n".join(
        [
            "[FILTER]",
            "    Name                  rewrite_tag",
            "    Match                 kube.*",
            f"    Rule                  {_SERVED} ^.+$ model.$TAG false",
            f"    Rule                  {_SPACE} ^({'|'.join(teams)})$ team.$TAG false",
            "    Emitter_Mem_Buf_Limit 20M",
        ]
    )


def _output(args: LogCollectorArgs, tag: str, template: str) -> str:
    fields = {
        "Name": "cloudwatch_logs",
        "Match": tag,
        "region": args.region,
        # Where a record lacks what the template asks for.
        "log_group_name": rest_group(args.prefix),
        "log_group_template": template,
        "log_stream_prefix": "other-",
        "log_stream_template": _stream(),
        "auto_create_group": "false",
    }
    return "\n".join(["[OUTPUT]", *(f"    {key:<21} {value}" for key, value in fields.items())])


def _stream() -> str:
    return f"{_POD}.$kubernetes['container_name']"
