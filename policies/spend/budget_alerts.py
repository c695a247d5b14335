"""A budget tells somebody."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import given, items
from policies.rule import resource_rule


@resource_rule(
    id="spend-budget-alerts",
    title="Every budget warns somebody, also about the forecast",
    severity=Severity.HIGH,
    types=("aws:budgets/budget:Budget",),
    why="A budget without a recipient stops nothing and tells nobody.",
    remediation="Give notifications of type ACTUAL and FORECASTED with subscribers.",
    allowed={
        "notifications": [
            {"notificationType": "ACTUAL", "threshold": 80, "subscriberEmailAddresses": ["a@b.example"]},
            {"notificationType": "FORECASTED", "threshold": 100, "subscriberEmailAddresses": ["a@b.example"]},
        ]
    },
    disallowed={"notifications": [{"notificationType": "ACTUAL", "threshold": 80, "subscriberEmailAddresses": ["a@b.example"]}]},
)
def budget_alerts(args: ResourceValidationArgs) -> Iterator[str]:
    told = {"ACTUAL": False, "FORECASTED": False}
    for notification in items(args.props.get("notifications")):
        heard = given(notification, "subscriberEmailAddresses") or given(notification, "subscriberSnsTopicArns")
        kind = str(notification.get("notificationType"))
        told[kind] = told.get(kind, False) or heard
    for kind, heard in told.items():
        if not heard:
            yield f"nobody is told when the {kind} cost passes it"
