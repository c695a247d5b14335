"""The Glue catalogue: where Athena and Spark find the tables."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueArgs:
    """Name, key, place."""

    database_name: str
    """Lower case letters, digits and underscores."""
    key_arn: pulumi.Input[str]
    location: pulumi.Input[str]
    """`s3://…` below which tables lie that name no place of their own."""


class Catalogue(pulumi.ComponentResource):
    """Creates the encryption settings of the account's catalogue and the database."""

    def __init__(self, name: str, args: CatalogueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:registry:Catalogue", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        aws.glue.DataCatalogEncryptionSettings(
            name,
            data_catalog_encryption_settings={
                "encryption_at_rest": {"catalog_encryption_mode": "SSE-KMS", "sse_aws_kms_key_id": args.key_arn},
                "connection_password_encryption": {"return_connection_password_encrypted": True, "aws_kms_key_id": args.key_arn},
            },
            opts=child,
        )
        database = aws.glue.CatalogDatabase(
            name,
            name=args.database_name,
            description="Curated tables and feature groups",
            location_uri=args.location,
            opts=child,
        )
        self.name = database.name
        self.register_outputs({"name": self.name})
