"""Each way an environment file can be wrong, with the exact message."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlctl.config import load_environment, load_environments
from mlctl.errors import InputError

SHIPPED = Path(__file__).parents[3] / "environments"


def write(folder: Path, *edits: tuple[str, str], name: str = "prod") -> Path:
    """prod.yaml with pieces of its text replaced; each piece must be there."""
    text = (SHIPPED / "prod.yaml").read_text()
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return path


def message(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_environment(path)
    return str(caught.value).replace(str(path), "prod.yaml")


def line_of(path: Path, text: str) -> int:
    return next(number for number, line in enumerate(path.read_text().splitlines(), 1) if text in line)


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_shipped_environments_load(name: str) -> None:
    environment = load_environment(SHIPPED / f"{name}.yaml")
    assert environment.name == name


def test_all_environments_come_in_the_order_of_promotion() -> None:
    assert [environment.name for environment in load_environments(SHIPPED)] == ["dev", "staging", "prod"]


def test_environment_is_frozen() -> None:
    environment = load_environment(SHIPPED / "dev.yaml")
    with pytest.raises(ValueError, match="frozen"):
        environment.region = "eu-west-1"  # type: ignore[misc]


def test_missing_file(tmp_path: Path) -> None:
    assert message(tmp_path / "prod.yaml") == "prod.yaml: no such file; check the name and the folder you are in"


def test_unknown_environment_names_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"there is no environment 'prd'; allowed: dev, prod, staging; did you mean prod\?"):
        load_environments(SHIPPED, ["prd"])


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "prod.yaml"
    path.write_text("")
    assert message(path) == "prod.yaml: is empty; write at least the required keys"


def test_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "prod.yaml"
    path.write_bytes(b"name: \xff\xfe")
    assert message(path) == "prod.yaml: not UTF-8 text (byte 6); save it as UTF-8"


def test_tab_in_indentation(tmp_path: Path) -> None:
    path = write(tmp_path, ("  platform: ml-platform@acme.example", "\tplatform: ml-platform@acme.example"))
    assert message(path) == f"prod.yaml:{line_of(path, chr(9))}: a tab stands in the indentation; indent with spaces"


def test_duplicate_key(tmp_path: Path) -> None:
    path = write(tmp_path, ("  nat: per_zone\n", "  nat: per_zone\n  nat: single\n"))
    assert message(path) == f"prod.yaml:{line_of(path, 'nat: single')}: network.nat: stands twice; remove one"


def test_broken_yaml(tmp_path: Path) -> None:
    path = write(tmp_path, ("name: prod\n", "name: [prod\n"))
    assert message(path).startswith("prod.yaml:3: is not YAML: ")


def test_billion_laughs_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, ("name: prod\n", "name: &a prod\n"))
    assert message(path) == "prod.yaml:2: uses a YAML anchor or alias; write the value out where it is needed"


def test_unknown_key_has_the_nearest_valid_one(tmp_path: Path) -> None:
    path = write(tmp_path, ("  nat: per_zone\n", "  nat: per_zone\n  flow_log_retention: 3\n"))
    line = line_of(path, "flow_log_retention: 3")
    assert message(path) == f"prod.yaml:{line}: network.flow_log_retention: unknown key; did you mean flow_log_retention_days?"


def test_unknown_top_level_key(tmp_path: Path) -> None:
    path = write(tmp_path, ("region: us-east-1\n", "region: us-east-1\nregoin: us-east-1\n"))
    assert message(path) == f"prod.yaml:{line_of(path, 'regoin')}: regoin: unknown key; did you mean region?"


def test_wrong_type(tmp_path: Path) -> None:
    path = write(tmp_path, ("gpu_quota: 8", "gpu_quota: many"))
    assert message(path) == (
        f"prod.yaml:{line_of(path, 'many')}: teams.0.gpu_quota: "
        "'many': input should be a valid integer, unable to parse string as an integer; "
        "what it is: GPUs the team may request at once in the cluster (ResourceQuota `requests.nvidia.com/gpu`)."
    )


def test_wrong_choice(tmp_path: Path) -> None:
    path = write(tmp_path, ("nat: per_zone", "nat: double"))
    assert message(path) == f"prod.yaml:{line_of(path, 'double')}: network.nat: 'double' is not allowed; allowed: 'single' or 'per_zone'"


def test_wrong_unit(tmp_path: Path) -> None:
    path = write(tmp_path, ("consolidate_after: 30m", "consolidate_after: 30 minutes"))
    assert f"prod.yaml:{line_of(path, '30 minutes')}: cluster.node_pools.2.consolidate_after: '30 minutes': string should match" in message(
        path
    )


def test_unquoted_account_number(tmp_path: Path) -> None:
    path = write(tmp_path, ('account: "333333333333"', "account: 333333333333"))
    assert "account: 333333333333: input should be a valid string; what it is: AWS account number, 12 digits in quotes" in message(path)


def test_subnet_outside_the_vpc(tmp_path: Path) -> None:
    path = write(tmp_path, ("10.30.16.0/22", "10.31.16.0/22"))
    assert message(path).endswith("network: isolated subnet 10.31.16.0/22 does not lie inside cidr 10.30.0.0/16")


def test_overlapping_subnets(tmp_path: Path) -> None:
    path = write(tmp_path, ("isolated: [10.30.16.0/22", "isolated: [10.30.0.0/23"))
    assert message(path).endswith("network: public subnet 10.30.0.0/22 overlaps isolated subnet 10.30.0.0/23")


def test_a_zone_without_a_subnet(tmp_path: Path) -> None:
    path = write(tmp_path, ("public: [10.30.0.0/22, 10.30.4.0/22, 10.30.8.0/22]", "public: [10.30.0.0/22, 10.30.4.0/22]"))
    assert message(path).endswith("network: public has 2 subnets for 3 zones; give one subnet per zone")


def test_zone_of_another_region(tmp_path: Path) -> None:
    path = write(tmp_path, ("region: us-east-1", "region: eu-west-1"))
    assert "network.zones holds us-east-1a, which is not in region eu-west-1" in message(path)


def test_two_pools_of_one_name(tmp_path: Path) -> None:
    path = write(tmp_path, ("- name: cpu-batch", "- name: cpu-serving"))
    assert "cluster.node_pools has 2 entries named cpu-serving; rename one" in message(path)


def test_team_without_a_budget(tmp_path: Path) -> None:
    path = write(tmp_path, ("    monthly_budget_usd: 3500\n", ""))
    assert message(path) == (
        f"prod.yaml:{line_of(path, 'name: lending')}: teams.1.monthly_budget_usd: is missing; "
        "what it is: What this team may spend in this environment, USD per calendar month. Agreed with the FinOps owner."
    )


@pytest.mark.parametrize("taken", ["argo", "default", "kube-system"])
def test_a_team_named_like_a_namespace_of_the_cluster(tmp_path: Path, taken: str) -> None:
    path = write(tmp_path, ("- name: retention", f"- name: {taken}"))
    line = line_of(path, f"- name: {taken}")
    problem = f"a team's namespace has its name, and {taken} is one of the cluster's own; choose another name"
    assert message(path) == f"prod.yaml:{line}: teams.2.name: {problem}"


def test_model_of_an_unknown_team(tmp_path: Path) -> None:
    path = write(tmp_path, ("    team: retention\n", "    team: marketing\n"))
    assert "models.churn.team is marketing, which is no team here; allowed: ml-platform, lending, retention" in message(path)


def test_name_differs_from_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, name="production")
    with pytest.raises(InputError, match=r"production\.yaml:2: name: is 'prod' but the file is named production\.yaml; make the two equal"):
        load_environment(path)


def test_usage_of_an_unknown_pool(tmp_path: Path) -> None:
    path = write(tmp_path, ("    cpu-serving: {average_nodes", "    cpu-servign: {average_nodes"))
    assert "usage.node_pools.cpu-servign names nothing in this file; allowed: cpu-serving, cpu-batch, gpu-training" in message(path)


CHURN = "    serverless: {memory_mb: 2048, max_concurrency: 20, provisioned_concurrency: 1}\n    network_isolation: false\n    vpc: false\n"


@pytest.mark.parametrize(
    ("churn", "expected"),
    [
        (CHURN.replace("isolation: false", "isolation: true"), "AWS has no network_isolation: true on a serverless endpoint"),
        (CHURN.replace("vpc: false", "vpc: true"), "AWS has no vpc: true on a serverless endpoint"),
        (CHURN + "    accelerator: gpu\n", "AWS has no accelerator: gpu on a serverless endpoint"),
        (CHURN + "    challenger: {version: 2, shadow: true}\n", "AWS has no challenger.shadow: true on a serverless endpoint"),
        (CHURN.replace("2048", "2500"), "2500 is not allowed; allowed: 1024, 2048, 3072, 4096, 5120 or 6144"),
        (CHURN.replace("concurrency: 1}", "concurrency: 30}"), "provisioned_concurrency is above max_concurrency; AWS rejects that"),
        (CHURN + "    instances: {}\n", "instances is set but mode is serverless; remove instances or change mode"),
        (CHURN + "    batch_schedule: 0 1 * * *\n", "batch_schedule belongs to mode batch and to no other"),
        (CHURN + "    challenger: {version: 2}\n", "challenger is set but version is not; a challenger needs a champion"),
    ],
)
def test_what_aws_rejects_is_refused_when_the_file_is_read(tmp_path: Path, churn: str, expected: str) -> None:
    assert expected in message(write(tmp_path, (CHURN, churn)))


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (
            "mode: realtime\n    instances: {minimum: 0}\n    version: 1\n",
            "a real-time endpoint does not scale to zero; use mode: asynchronous or serverless",
        ),
        (
            "mode: asynchronous\n    instances: {minimum: 0}\n    version: 1\n    challenger: {version: 2}\n",
            "a challenger needs live traffic to split, and mode is asynchronous",
        ),
        (
            "mode: kserve\n    kserve: {deployment_mode: Standard}\n    version: 1\n    challenger: {version: 2}\n",
            "KServe ignores canary weights otherwise (kserve/kserve#5335)",
        ),
        ("mode: kserve\n    kserve: {deployment_mode: Standard, minimum: 0}\n    version: 1\n", "minimum 0 needs deployment_mode: Knative"),
        ("mode: batch\n    instances: {}\n    version: 1\n", "batch_schedule belongs to mode batch and to no other; set both or neither"),
        ("mode: realtime\n    version: 1\n", "mode is realtime but instances is missing; add a instances section"),
    ],
)
def test_modes_that_do_not_fit_together(tmp_path: Path, mode: str, expected: str) -> None:
    old = "    mode: serverless\n    version: # set by `mlctl model promote churn --to prod`\n" + CHURN
    assert expected in message(write(tmp_path, (old, "    " + mode)))


def test_open_api_endpoint_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, ('  version: "1.35"\n', '  version: "1.35"\n  public_access_cidrs: [0.0.0.0/0]\n'))
    assert "public_access_cidrs holds 0.0.0.0/0; list the addresses of your offices or VPN" in message(path)


def test_gpu_pool_without_a_limit(tmp_path: Path) -> None:
    path = write(tmp_path, ("memory_gib: 384, gpus: 4", "memory_gib: 384"))
    assert "GPU pool gpu-training has no limits.gpus; give the most GPUs it may have" in message(path)


def test_training_outside_its_window(tmp_path: Path) -> None:
    path = write(tmp_path, ("training: 0 2 * * 0", "training: 0 12 * * 0"))
    assert "training starts at hour 12, outside training_window 22:00-06:00" in message(path)


def test_off_hours_are_written_as_people_know_them(tmp_path: Path) -> None:
    path = write(tmp_path, ("  training_window:", "  off_hours: 19-7\n  training_window:"))
    assert "write it as off=(M-F,19);on=(M-F,7);tz=Europe/Dublin" in message(path)
