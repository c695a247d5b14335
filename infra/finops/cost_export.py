"""The bill as data: a FOCUS export and the tags that allocate it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

TABLE = "FOCUS_1_2_AWS"

COLUMNS = (
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "CommitmentDiscountId",
    "CommitmentDiscountType",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "RegionId",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "SkuId",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "Tags",
)
"""FOCUS 1.2 columns: https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-focus-1-2-aws-columns.html."""

ALLOCATION_TAGS = ("team", "cost-centre", "environment", "service", "node-pool", "model")


@dataclass(frozen=True, slots=True, kw_only=True)
class CostExportArgs:
    """Where the export goes."""

    export_name: str
    bucket: pulumi.Input[str]
    prefix: str
    """Folder in the bucket; the bucket's policy lets the export write there."""
    region: str


class CostExport(pulumi.ComponentResource):
    """Creates a daily export of the bill in FOCUS 1.2, as Parquet; each day's file replaces the one of the day before."""

    def __init__(self, name: str, args: CostExportArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:finops:CostExport", name, {}, opts)
        export = aws.bcmdata.Export(
            name,
            export={
                "name": args.export_name,
                "data_queries": [
                    {
                        "query_statement": " ".join(("SELECT", ", ".join(COLUMNS), "FROM", TABLE)),
                        "table_configurations": {TABLE: {"TIME_GRANULARITY": "DAILY"}},
                    }
                ],
                "destination_configurations": [
                    {
                        "s3_destinations": [
                            {
                                "s3_bucket": args.bucket,
                                "s3_prefix": args.prefix,
                                "s3_region": args.region,
                                "s3_output_configurations": [
                                    {
                                        "format": "PARQUET",
                                        "compression": "PARQUET",
                                        "output_type": "CUSTOM",
                                        "overwrite": "OVERWRITE_REPORT",
                                    }
                                ],
                            }
                        ]
                    }
                ],
                "refresh_cadences": [{"frequency": "SYNCHRONOUS"}],
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = export.arn
        self.register_outputs({"arn": self.arn})


class AllocationTags(pulumi.ComponentResource):
    """Creates the activation of each tag that cost reports group by."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:finops:AllocationTags", name, {}, opts)
        for tag in ALLOCATION_TAGS:
            aws.costexplorer.CostAllocationTag(f"{name}-{tag}", tag_key=tag, status="Active", opts=pulumi.ResourceOptions(parent=self))
        self.register_outputs({})
