"""The guard refuses whatever the budget counts."""

from __future__ import annotations

from fnmatch import fnmatchcase

from infra.finops.gpu_instances import PATTERNS, gpu_instance_types


def test_every_counted_type_is_refused_and_cpu_types_are_not() -> None:
    types = gpu_instance_types()
    assert len(set(types)) == len(types)
    for item in types:
        assert any(fnmatchcase(item.removeprefix("ml."), pattern) for pattern in PATTERNS), item
    for item in ("m6i.large", "c6i.xlarge", "r6i.2xlarge", "t4g.medium", "inf2.xlarge"):
        assert not any(fnmatchcase(item, pattern) for pattern in PATTERNS), item


def test_sagemaker_names_are_counted_too() -> None:
    assert {"g5.xlarge", "ml.g5.xlarge", "p5.48xlarge", "ml.p5.48xlarge"} <= set(gpu_instance_types())
    assert "ml.g4dn.metal" not in gpu_instance_types()
