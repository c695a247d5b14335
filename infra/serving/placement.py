"""Why a model's requests run where they run: one line for the plan."""

from __future__ import annotations

from mlctl.config.model import Model


def placement_note(name: str, model: Model) -> str:
    """One sentence: CPU or GPU, on what, and which keys say so."""
    if model.mode == "serverless":
        return f"{name}: requests run on CPU, because SageMaker serverless has no GPU (mode: serverless)"
    kind = "a GPU" if model.accelerator == "gpu" else "CPU"
    if model.mode == "kserve":
        where = "the cluster's GPU pools with purpose serving" if model.accelerator == "gpu" else "the cluster's CPU pools"
        return f"{name}: requests run on {kind}, on {where} (accelerator: {model.accelerator}, mode: kserve)"
    assert model.instances is not None
    return f"{name}: requests run on {kind}, on {model.instances.instance_type} (accelerator: {model.accelerator}, mode: {model.mode})"
