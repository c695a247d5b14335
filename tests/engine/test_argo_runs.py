"""The local runner's test set on a real Argo: each manifest does there what its first lines say it does here.

Where the two must differ, the line `argo` of the manifest says what Argo does instead and why.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine.argo_cluster import CONTROLLER, ArgoCluster
from tests.engine.fidelity import Fidelity

MANIFESTS = Path(__file__).parents[1] / "mlctl" / "workflow" / "manifests" / "accepted"
FILES = sorted(MANIFESTS.glob("*.yaml"))
WAITING = MANIFESTS / "suspend_waits_for_a_person.yaml"
Object = dict[str, Any]

pytestmark = pytest.mark.engine


def header(file: Path) -> Object:
    """What Argo must do."""
    lines = [line[2:] for line in file.read_text().splitlines() if line.startswith("#:")]
    found: Object = yaml.safe_load("\n".join(lines))
    return {**found, **found.get("argo", {})}


@dataclass(frozen=True)
class Submitted:
    """A manifest that runs on the cluster."""

    namespace: str
    name: str


def runnable(documents: list[Object], parameters: dict[str, str]) -> Object:
    """The workflow to create; of another kind the one that `argo submit --from` makes."""
    main = next(item for item in documents if item["kind"] in {"Workflow", "CronWorkflow"} or item["kind"].endswith("Template"))
    metadata = {"generateName": main["metadata"].get("generateName") or main["metadata"]["name"] + "-"}
    metadata |= {key: main["metadata"][key] for key in ("labels", "annotations") if key in main["metadata"]}
    if main["kind"] == "Workflow":
        spec = main["spec"]
        metadata = {key: value for key, value in main["metadata"].items() if key != "namespace"}
    elif main["kind"] == "CronWorkflow":
        spec = main["spec"]["workflowSpec"]
    else:
        reference = {"name": main["metadata"]["name"], "clusterScope": main["kind"] == "ClusterWorkflowTemplate"}
        spec = {"workflowTemplateRef": reference}
    for item in spec.get("arguments", {}).get("parameters", []):
        if "value" in item and not isinstance(item["value"], str):
            item["value"] = json.dumps(item["value"])  # as `argo submit` sends it; the CRD takes text only
    if parameters:
        arguments = spec.setdefault("arguments", {})
        kept = [item for item in arguments.get("parameters", []) if item["name"] not in parameters]
        arguments["parameters"] = kept + [{"name": name, "value": value} for name, value in parameters.items()]
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": metadata, "spec": spec}


def submit(argo: ArgoCluster, file: Path) -> Submitted:
    expected = header(file)
    namespace = file.stem.replace("_", "-")
    argo.namespace(namespace)
    documents = [item for item in yaml.safe_load_all(file.read_text()) if item]
    for item in documents:
        if item["kind"] not in {"Workflow", "CronWorkflow"}:
            argo.create(item, namespace)
    for name, value in (expected.get("env") or {}).items():
        if name in CONTROLLER:
            continue
        secret, _, key = name.lower().rpartition("_")
        data = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": secret}, "stringData": {key: value}}
        argo.create(data, namespace)
    return Submitted(namespace, argo.submit(runnable(documents, expected.get("parameters") or {}), namespace))


@pytest.fixture(scope="module")
def submitted(argo: ArgoCluster, request: pytest.FixtureRequest) -> dict[Path, Submitted]:
    """All of them at once, first those with a time limit, which runs from before the node has room for them."""
    chosen = {WAITING, *(file for item in request.session.items if (file := file_of(item)))}
    return {file: submit(argo, file) for file in sorted(chosen, key=lambda file: ("time" not in file.stem, file))}


def file_of(item: pytest.Item) -> Path | None:
    """The manifest of a test that is to be run."""
    found = getattr(item, "callspec", None)
    return found.params.get("file") if found is not None and item.path == Path(__file__) else None


def answer(argo: ArgoCluster, run: Submitted, supplied: dict[str, str]) -> None:
    """What a person does who is asked: `argo node set` and `argo resume`."""
    end = argo.wait_for(run.namespace, run.name, lambda found: any(waits(node) for node in nodes_of(found)))
    asked = next(node["displayName"] for node in nodes_of(end) if waits(node))
    for name, value in supplied.items():
        selector = ["--node-field-selector", f"displayName={asked}"]
        argo.command("node", "set", run.name, *selector, "--output-parameter", f"{name}={value}", namespace=run.namespace)
    argo.command("resume", run.name, namespace=run.namespace)


def waits(node: Object) -> bool:
    return bool(node["type"] == "Suspend" and node["phase"] == "Running")


def nodes_of(workflow: Object) -> list[Object]:
    return list(workflow.get("status", {}).get("nodes", {}).values())


def named(workflow: Object) -> dict[str, Object]:
    """The nodes by the names the manifests give them; of a name, the last one."""
    name = workflow["metadata"]["name"]
    ordered = sorted(nodes_of(workflow), key=lambda node: str(node.get("startedAt")))
    return {node["displayName"].replace(name, "main"): node for node in ordered}


def reached(workflow: Object, expected: Object) -> bool:
    """Whether a workflow that does not end is where it must stop."""
    nodes = named(workflow)
    phases = {name: phase for name, phase in expected["nodes"].items() if phase}
    return all(name in nodes and nodes[name]["phase"] == phase for name, phase in phases.items())


def result(argo: ArgoCluster, run: Submitted, node: Object) -> str | None:
    """Argo keeps what a step printed only where something refers to it; else it is in the container's log."""
    if "result" in node.get("outputs", {}):
        return str(node["outputs"]["result"])
    if node["type"] == "Retry":
        node = argo.workflow(run.namespace, run.name)["status"]["nodes"][node["children"][-1]]
    said = argo.log(run.namespace, node["id"])
    return None if said is None else said.removesuffix("\n")


def differences(argo: ArgoCluster, run: Submitted, expected: Object, workflow: Object) -> Iterator[str]:
    status, nodes = workflow["status"], named(workflow)
    if status.get("phase") != expected["phase"]:
        yield f"phase is {status.get('phase')}: {status.get('message')}; not {expected['phase']}"
    for name, phase in (expected.get("nodes") or {}).items():
        found = nodes[name]["phase"] if name in nodes else None
        if found != phase:
            yield f"{name} is {found}, not {phase}: {nodes.get(name, {}).get('message')}"
    for name, wanted in (expected.get("results") or {}).items():
        found = result(argo, run, nodes[name]) if name in nodes else None
        if found != wanted:
            yield f"{name} gives {found!r}, not {wanted!r}"
    for name, message in (expected.get("messages") or {}).items():
        found = nodes.get(name, {}).get("message", "")
        if message not in found:
            yield f"{name} says {found!r}, not {message!r}"
    if "outputs" in expected:
        parameters = nodes["main"].get("outputs", {}).get("parameters", [])
        found = {item["name"]: item.get("value") for item in parameters}
        if found != expected["outputs"]:
            yield f"outputs are {found}, not {expected['outputs']}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_argo_does_what_the_manifest_says(argo: ArgoCluster, submitted: dict[Path, Submitted], file: Path, fidelity: Fidelity) -> None:
    run, expected = submitted[file], header(file)
    if expected.get("approve"):
        answer(argo, run, expected.get("supplied") or {})
    if expected["phase"] == "Running":
        workflow = argo.wait_for(run.namespace, run.name, lambda found: reached(found, expected))
    else:
        workflow = argo.wait(run.namespace, run.name)
    found = list(differences(argo, run, expected, workflow))
    seen = {name: f"{node['phase']} {node.get('message', '')}" for name, node in named(workflow).items()}
    fidelity.record("argo manifests", 1, [f"{file.stem}: {line}" for line in found])
    assert found == [], f"{seen} {workflow['status'].get('conditions')}"


def test_a_workflow_that_waits_goes_on_when_it_is_resumed(argo: ArgoCluster, submitted: dict[Path, Submitted]) -> None:
    run = submitted[WAITING]
    answer(argo, run, {})
    ended = argo.wait(run.namespace, run.name)
    assert {name: node["phase"] for name, node in named(ended).items()} == dict.fromkeys(["main", "approve", "other", "after"], "Succeeded")
