"""Lets the environments that promote from this one read its model artefacts: they lie in other accounts, which must be let in from here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infra.policy_document import Statement, allow


def read_artefacts(bucket_name: str, roles: Sequence[str]) -> list[Statement]:
    """For the policy of the models bucket. Without listing, a missing artefact would look like a forbidden one."""
    if not roles:
        return []
    bucket = f"arn:aws:s3:::{bucket_name}"
    who = _who(roles)
    return [
        allow("ReadPromoted", actions=("s3:GetObject",), resources=f"{bucket}/*", **who),
        allow("FindPromoted", actions=("s3:ListBucket",), resources=bucket, **who),
    ]


def decrypt_artefacts(region: str, roles: Sequence[str]) -> list[Statement]:
    """For the policy of the models' key: through S3 and no other way."""
    if not roles:
        return []
    who = _who(roles)
    who["condition"]["StringEquals"] = {"kms:ViaService": f"s3.{region}.amazonaws.com"}
    return [allow("DecryptPromoted", actions=("kms:Decrypt",), **who)]


def _who(roles: Sequence[str]) -> dict[str, Any]:
    """The account, narrowed to the role: AWS refuses a policy that names a role that is not there yet."""
    accounts = sorted({role.split(":")[4] for role in roles})
    return {
        "principal": {"AWS": [f"arn:aws:iam::{account}:root" for account in accounts]},
        "condition": {"ArnEquals": {"aws:PrincipalArn": sorted(roles)}},
    }
