"""An AWS budget with its alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import pulumi
import pulumi_aws as aws

from mlctl.config.spend import BudgetAlert


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetArgs:
    """What is limited, and who hears of it."""

    budget_name: str
    monthly_usd: Decimal
    """USD per calendar month."""
    alerts: Sequence[BudgetAlert]
    emails: Sequence[str]
    topic_arn: pulumi.Input[str]
    cost_filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Cost Explorer's dimension → its values; empty: everything in the account."""
    tags: Mapping[str, str] = field(default_factory=dict)


def budget(name: str, args: BudgetArgs, opts: pulumi.ResourceOptions) -> aws.budgets.Budget:
    """A monthly cost budget; each alert goes to the topic and to the addresses. Credits and refunds do not hide what was spent."""
    return aws.budgets.Budget(
        name,
        name=args.budget_name,
        budget_type="COST",
        time_unit="MONTHLY",
        limit_amount=f"{args.monthly_usd:f}",
        limit_unit="USD",
        cost_types={"include_credit": False, "include_refund": False},
        cost_filters=[{"name": key, "values": list(values)} for key, values in args.cost_filters.items()],
        notifications=[
            {
                "comparison_operator": "GREATER_THAN",
                "notification_type": alert.type,
                "threshold": alert.percent,
                "threshold_type": "PERCENTAGE",
                "subscriber_email_addresses": list(args.emails),
                "subscriber_sns_topic_arns": [args.topic_arn],
            }
            for alert in args.alerts
        ],
        tags=dict(args.tags),
        opts=opts,
    )
