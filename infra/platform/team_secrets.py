"""What a team's workflows keep secret: in Secrets Manager below the team's own prefix, and from there in its namespace."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.platform.external_secrets import external_secret, team_store
from mlctl.config.team import Team

SECRETS = {
    "decision": ("key", "At least 16 bytes; codes people's names in the decisions of the team's models. Who loses it cannot join outcomes"),
    "alerts": ("webhook", "Where workflows tell people of drift and failures; without it they only log it"),
    "github": ("token", "Token that may open pull requests in this repository: workflows ask for promotions with it"),
}
"""Name → its one key, and what it is for. The workflows name them (workflows/pod.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamSecretsArgs:
    """Whose."""

    team: Team
    prefix: str
    secrets_key_arn: pulumi.Input[str]


class TeamSecrets(pulumi.ComponentResource):
    """Creates each secret `<prefix>/<team>/<name>` in Secrets Manager, empty: a person writes `{"<key>": "…"}` into it once, and it never
    passes through code; and the Kubernetes secret of the same name in the team's namespace, through the team's own store.
    """

    def __init__(self, name: str, args: TeamSecretsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:platform:TeamSecrets", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        team = args.team
        for short, (key, description) in SECRETS.items():
            secret = aws.secretsmanager.Secret(
                f"{name}-{short}",
                name=f"{args.prefix}/{team.name}/{short}",
                description=description,
                kms_key_id=args.secrets_key_arn,
                tags={"team": team.name, "cost-centre": team.cost_centre},
                opts=child,
            )
            external_secret(
                f"{name}-{short}",
                name=short,
                namespace=team.name,
                secret=secret.name,
                keys={key: key},
                team=team,
                store=team_store(team.name),
                opts=child,
            )
        self.register_outputs({"secrets": list(SECRETS)})
