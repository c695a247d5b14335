"""Who is told about what: one encrypted topic per kind of alert."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from infra.topic import Topic, TopicArgs


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTopicsArgs:
    """Addresses of the owners."""

    platform_email: str
    security_email: str
    finops_email: str
    key_arn: pulumi.Input[str]
    """It must let the publishers below use it."""
    account: str


PUBLISHERS = {
    "platform": ("cloudwatch.amazonaws.com", "events.amazonaws.com"),
    "security": ("cloudwatch.amazonaws.com", "events.amazonaws.com", "cloudtrail.amazonaws.com"),
    "finops": ("cloudwatch.amazonaws.com", "events.amazonaws.com", "budgets.amazonaws.com", "costalerts.amazonaws.com"),
}
"""Services that publish to each topic."""


class AlertTopics(pulumi.ComponentResource):
    """Creates a topic for platform, security and FinOps alerts, each read by its owner's address."""

    def __init__(self, name: str, args: AlertTopicsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:account:AlertTopics", name, {}, opts)
        emails = {"platform": args.platform_email, "security": args.security_email, "finops": args.finops_email}
        topics = {
            kind: Topic(
                f"{name}-{kind}",
                TopicArgs(
                    display_name=f"{kind} alerts",
                    key_arn=args.key_arn,
                    account=args.account,
                    publishers=publishers,
                    emails=[emails[kind]],
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for kind, publishers in PUBLISHERS.items()
        }
        self.platform, self.security, self.finops = topics["platform"], topics["security"], topics["finops"]
        self.register_outputs({f"{kind}_arn": topic.arn for kind, topic in topics.items()})
