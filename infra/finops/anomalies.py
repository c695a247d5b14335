"""Cost anomalies: spend that does not look like the past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pulumi
import pulumi_aws as aws

from mlctl.config.team import Team


@dataclass(frozen=True, slots=True, kw_only=True)
class AnomaliesArgs:
    """Whose spend is watched, and from which impact on somebody is told."""

    prefix: str
    threshold_usd: Decimal
    """Total impact of an anomaly, USD."""
    topic_arn: pulumi.Input[str]
    teams: Sequence[Team]


class Anomalies(pulumi.ComponentResource):
    """Creates a monitor over all services that tells the FinOps topic at once, and per team a monitor over its tag that writes to the team
    once a day.
    """

    def __init__(self, name: str, args: AnomaliesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:finops:Anomalies", name, {}, opts)
        self._threshold = args.threshold_usd
        self._child = pulumi.ResourceOptions(parent=self)
        services = aws.costexplorer.AnomalyMonitor(
            f"{name}-services",
            name=f"{args.prefix}-services",
            monitor_type="DIMENSIONAL",
            monitor_dimension="SERVICE",
            opts=self._child,
        )
        monitors = {team.name: self._team(name, args.prefix, team) for team in args.teams}
        everything = [services.arn, *(monitor.arn for monitor in monitors.values())]
        self._subscribe(f"{name}-finops", f"{args.prefix}-finops", everything, "IMMEDIATE", {"type": "SNS", "address": args.topic_arn})
        for team in args.teams:
            reader: aws.costexplorer.AnomalySubscriptionSubscriberArgsDict = {"type": "EMAIL", "address": team.email}
            title = f"{args.prefix}-{team.name}"
            self._subscribe(f"{name}-{team.name}", title, [monitors[team.name].arn], "DAILY", reader, team=team)
        self.register_outputs({"services": services.arn})

    def _team(self, name: str, prefix: str, team: Team) -> aws.costexplorer.AnomalyMonitor:
        tagged = {"Tags": {"Key": "team", "MatchOptions": ["EQUALS"], "Values": [team.name]}}
        return aws.costexplorer.AnomalyMonitor(
            f"{name}-{team.name}",
            name=f"{prefix}-{team.name}",
            monitor_type="CUSTOM",
            monitor_specification=pulumi.Output.json_dumps(tagged),
            tags={"team": team.name, "cost-centre": team.cost_centre},
            opts=self._child,
        )

    def _subscribe(
        self,
        name: str,
        title: str,
        monitors: list[pulumi.Output[str]],
        frequency: str,
        subscriber: aws.costexplorer.AnomalySubscriptionSubscriberArgsDict,
        team: Team | None = None,
    ) -> None:
        impact: aws.costexplorer.AnomalySubscriptionThresholdExpressionArgsDict = {
            "dimension": {
                "key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                "match_options": ["GREATER_THAN_OR_EQUAL"],
                "values": [f"{self._threshold:f}"],
            }
        }
        aws.costexplorer.AnomalySubscription(
            name,
            name=title,
            frequency=frequency,
            monitor_arn_lists=monitors,
            subscribers=[subscriber],
            threshold_expression=impact,
            tags={"team": team.name, "cost-centre": team.cost_centre} if team else None,
            opts=self._child,
        )
