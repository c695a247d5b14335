"""No stranger sends to or reads from a queue or topic."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.documents import open_to_anyone, statements, words
from policies.rule import resource_rule


@resource_rule(
    id="aws-messages-policy-closed",
    title="The policy of a queue or topic names who may use it",
    severity=Severity.HIGH,
    types=(
        "aws:sqs/queuePolicy:QueuePolicy",
        "aws:sqs/queue:Queue",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:sns/topic:Topic",
        "aws:secretsmanager/secretPolicy:SecretPolicy",
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
    ),
    why="A policy that allows every principal lets any AWS account in.",
    remediation="Name services, accounts or roles as principals, or add a condition such as aws:SourceAccount.",
    allowed={
        "policy": '{"Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}]}'
    },
    disallowed={"policy": '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage"}]}'},
)
def messages_policy_closed(args: ResourceValidationArgs) -> Iterator[str]:
    for statement in statements(args.props.get("policy")):
        if open_to_anyone(statement):
            yield f"lets anyone {', '.join(words(statement.get('Action')))}"
