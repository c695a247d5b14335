"""AWS Config. https://aws.amazon.com/config/pricing/"""

from __future__ import annotations

from decimal import Decimal

from mlctl.cost.catalogue import priced
from mlctl.cost.quote import Quote


@priced("aws:cfg/recorder:Recorder", service="Config", usage=("monthly_config_items", "monthly_custom_config_items"))
def recorder(quote: Quote) -> None:
    daily = quote.get("recordingMode.recordingFrequency") == "DAILY"
    item = "configuration item, daily (periodic)" if daily else "configuration item, continuous"
    quote.metered("Config items", "records", "monthly_config_items", quote.price("Config", item))
    if quote.usage("monthly_custom_config_items"):
        quote.metered("Custom config items", "records", "monthly_custom_config_items", quote.price("Config", "custom configuration item"))


@priced("aws:cfg/rule:Rule", service="Config", usage=("monthly_rule_evaluations",))
def rule(quote: Quote) -> None:
    sizes = (("first 100k", Decimal(100_000)), ("next 400k", Decimal(400_000)), ("over 500k", None))
    tiers = [(label, size, quote.price("Config", f"rule evaluations, {label}")) for label, size in sizes]
    quote.tiers("Rule evaluations", "evaluations", quote.usage("monthly_rule_evaluations"), tiers, key="monthly_rule_evaluations")


@priced("aws:cfg/conformancePack:ConformancePack", service="Config", usage=("monthly_rule_evaluations",))
def conformance_pack(quote: Quote) -> None:
    price = quote.price("Config", "conformance pack evaluations, first 100k")
    quote.metered("Conformance pack evaluations", "evaluations", "monthly_rule_evaluations", price)
