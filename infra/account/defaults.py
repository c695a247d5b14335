"""What the account refuses or encrypts wherever nobody says otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDefaultsArgs:
    """Settings of the account."""

    ebs_key_arn: pulumi.Input[str]
    """Encrypts every new disk."""
    access_analyzer: bool
    """Report resources that are shared outside the account."""


class AccountDefaults(pulumi.ComponentResource):
    """Creates the account-wide settings: no public S3, EBS snapshots or machine images; disks encrypted with our key; instance metadata v2
    only; a password policy for IAM users; and the IAM Access Analyzer unless it is switched off.
    """

    def __init__(self, name: str, args: AccountDefaultsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:account:AccountDefaults", name, {}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        aws.s3.AccountPublicAccessBlock(
            name,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child,
        )
        self._disks_and_instances(name, args.ebs_key_arn)
        aws.iam.AccountPasswordPolicy(
            name,
            minimum_password_length=14,
            require_lowercase_characters=True,
            require_uppercase_characters=True,
            require_numbers=True,
            require_symbols=True,
            password_reuse_prevention=24,
            max_password_age=90,
            allow_users_to_change_password=True,
            opts=self._child,
        )
        if args.access_analyzer:
            aws.accessanalyzer.Analyzer(name, analyzer_name=name, type="ACCOUNT", opts=self._child)
        self.register_outputs({})

    def _disks_and_instances(self, name: str, key_arn: pulumi.Input[str]) -> None:
        aws.ebs.EncryptionByDefault(name, enabled=True, opts=self._child)
        aws.ebs.DefaultKmsKey(name, key_arn=key_arn, opts=self._child)
        aws.ebs.SnapshotBlockPublicAccess(name, state="block-all-sharing", opts=self._child)
        aws.ec2.ImageBlockPublicAccess(name, state="block-new-sharing", opts=self._child)
        aws.ec2.InstanceMetadataDefaults(name, http_tokens="required", http_put_response_hop_limit=1, opts=self._child)
