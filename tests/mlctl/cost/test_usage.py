"""Usage defaults: complete, in order, and never in the way of a statement."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mlctl.cost.catalogue import entries
from mlctl.cost.usage import load_defaults
from mlctl.errors import InputError

STATED_ONLY = {
    "capacity",
    "instances",
    "monthly_hrs",
    "monthly_cpu_credit_hrs",
    "vcpu_count",
    "storage_gb",
    "sms_subscriptions",
    "sms_notification_price",
    "compression_savings_percent",
    "monthly_batch_hours",
    "monthly_provisioned_concurrency_inference_duration_seconds",
    "monthly_custom_config_items",
    "monthly_snapshot_export_gb",
    "monthly_outbound_us_east_to_us_east_gb",
    "monthly_third_party_events",
    "monthly_archive_processing_gb",
    "archive_storage_gb",
    "monthly_schema_discovery_events",
    "monthly_on_demand_efo_data_out_gb",
    "monthly_on_demand_extended_retention_gb",
    "monthly_on_demand_long_term_retention_gb",
    "monitored_vcpus",
    "monthly_malware_scan_gb",
    "monthly_lambda_network_gb",
}
"""Keys that have an effect only where somebody states them: they replace an input, or turn on what is off by default."""


def test_every_key_has_a_default_or_is_stated_only() -> None:
    defaults = load_defaults()
    missing = {
        (token, key)
        for token, entry in entries().items()
        for key in entry.usage_keys - defaults.get(token, {}).keys()
        if key not in STATED_ONLY and not key.startswith(("standard_infrequent", "glacier_", "standard_monthly_select"))
    }
    assert missing == set()


def test_every_default_belongs_to_a_key() -> None:
    unknown = {(token, key) for token, keys in load_defaults().items() for key in keys if key not in entries()[token].usage_keys}
    assert unknown == set()


def test_larger_is_never_less() -> None:
    falling = {(token, key) for token, keys in load_defaults().items() for key, sizes in keys.items() if list(sizes) != sorted(sizes)}
    assert falling == set()


def test_no_resource_is_partial_for_want_of_a_default(resource: Any, estimate_of: Any) -> None:
    """Types of the published cases, with their inputs and only the defaults: nothing says that usage is not stated."""
    cases = json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))
    members = [resource(case["type"], case["id"], case["inputs"]) for case in cases if case["type"]]
    found = estimate_of(*members, defaults=load_defaults())
    told = {(one.type, one.reason) for one in found.resources if "is not stated" in str(one.reason)}
    assert told == set()


@pytest.mark.parametrize("value", ["3", "{small: 1, medium: 2}", "{small: 1, medium: 2, large: many}", "{small: -1, medium: 2, large: 3}"])
def test_a_bad_default_names_its_line(tmp_path: Path, value: str) -> None:
    path = tmp_path / "defaults.yaml"
    path.write_text(f"# a comment\naws:x:Y:\n  key: {value}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"defaults\.yaml:3: aws:x:Y\.key"):
        load_defaults(path)
