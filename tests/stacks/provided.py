"""What the plan of an environment puts into the cluster for workflows to use, and what is missing of what a manifest names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from mlctl.plan.model import Plan, Resource
from tests.engine.workflow_pods import pods, workflow_spec

Object = Mapping[str, Any]
_BUCKET = re.compile(r"s3://([a-z0-9.-]+)/([^\s'\"]*)")
_HOST = re.compile(r"\b([a-z0-9-]+)\.([a-z0-9-]+)\.svc\.cluster\.local(?::(\d+))?")


@dataclass(frozen=True, kw_only=True)
class Provided:
    """Names by kind; what is in a namespace is (namespace, name)."""

    accounts: frozenset[tuple[str, str]]
    secrets: Mapping[tuple[str, str], frozenset[str]]
    """To its keys."""
    rights: Mapping[tuple[str, str], frozenset[tuple[str, str, str]]]
    """Service account to what it may do in its namespace: API group, resource, verb."""
    memories: frozenset[tuple[str, str]]
    """ConfigMaps that Argo's controller may make, read and change."""
    config_maps: frozenset[tuple[str, str]]
    claims: frozenset[tuple[str, str]]
    priorities: frozenset[str]
    pools: Mapping[str, tuple[Object, frozenset[str]]]
    """Node pool to its nodes' labels, and the keys of its taints."""
    queues: frozenset[tuple[str, str]]
    buckets: frozenset[str]
    images: frozenset[str]
    """Repositories, with their registry."""
    charts: frozenset[str]
    largest_claim: int
    """GiB."""
    default_storage_classes: int

    @classmethod
    def of(cls, plan: Plan) -> Provided:
        return cls(
            accounts=_named(plan, "ServiceAccount") | _own_accounts(plan),
            secrets=_secrets(plan),
            rights=_rights(plan),
            memories=frozenset(_memories(plan)),
            config_maps=_named(plan, "ConfigMap"),
            claims=_named(plan, "PersistentVolumeClaim"),
            priorities=frozenset(name for _, name in _named(plan, "PriorityClass")),
            pools=_pools(plan),
            queues=_named(plan, "LocalQueue"),
            buckets=frozenset(item.inputs["bucket"] for item in _of(plan, "Bucket") if item.type.startswith("aws:s3")),
            images=frozenset(_images(plan)),
            charts=frozenset(item.inputs["name"] for item in _of(plan, "Release")),
            largest_claim=_largest_claim(plan),
            default_storage_classes=sum(1 for item in _of(plan, "StorageClass") if _is_default(item)),
        )

    def missing(self, manifest: Object, names: frozenset[tuple[str, str]]) -> list[str]:
        """What the manifest names and nothing creates. `names` are the (namespace, name) of all workflow templates."""
        return sorted(set(_missing(self, manifest, names)))


def _of(plan: Plan, kind: str) -> list[Resource]:
    return [item for item in plan.resources() if item.custom and item.type.rsplit(":", 1)[-1] == kind]


def _place(item: Resource) -> tuple[str, str]:
    metadata = item.inputs["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def _named(plan: Plan, kind: str) -> frozenset[tuple[str, str]]:
    return frozenset(_place(item) for item in _of(plan, kind))


def _own_accounts(plan: Plan) -> frozenset[tuple[str, str]]:
    """Kubernetes itself makes the account `default` in every namespace."""
    return frozenset((name, "default") for _, name in _named(plan, "Namespace"))


def _secrets(plan: Plan) -> dict[tuple[str, str], frozenset[str]]:
    """Those that External Secrets makes from a secret that the plan creates, through a store that its namespace may use."""
    stores = {_place(item)[1]: item.inputs["spec"]["conditions"][0]["namespaces"] for item in _of(plan, "ClusterSecretStore")}
    kept = {item.inputs.get("name") for item in plan.resources() if item.type == "aws:secretsmanager/secret:Secret"}
    found = {}
    for item in _of(plan, "ExternalSecret"):
        namespace, _ = _place(item)
        spec = item.inputs["spec"]
        sources = {entry["remoteRef"]["key"] for entry in spec["data"]}
        if namespace in stores[spec["secretStoreRef"]["name"]] and all(source in kept or "<<" in source for source in sources):
            found[namespace, spec["target"]["name"]] = frozenset(entry["secretKey"] for entry in spec["data"])
    return found


def _memories(plan: Plan) -> Iterator[tuple[str, str]]:
    """By the Roles bound to the account that the chart gives the controller."""
    [argo] = [item for item in _of(plan, "Release") if item.inputs["name"] == "argo-workflows"]
    controller = {
        "kind": "ServiceAccount",
        "name": argo.inputs["values"]["controller"]["serviceAccount"]["name"],
        "namespace": argo.inputs["namespace"],
    }
    roles = {_place(item): item.inputs["rules"] for item in _of(plan, "Role") if "metadata" in item.inputs}
    for binding in _of(plan, "RoleBinding"):
        if controller in binding.inputs["subjects"]:
            namespace, _ = _place(binding)
            rules = [rule for rule in roles[namespace, binding.inputs["roleRef"]["name"]] if "configmaps" in rule["resources"]]
            if any("create" in rule["verbs"] for rule in rules):
                for rule in rules:
                    if {"get", "update"} <= set(rule["verbs"]):
                        yield from ((namespace, name) for name in rule["resourceNames"])


def _rights(plan: Plan) -> dict[tuple[str, str], frozenset[tuple[str, str, str]]]:
    roles = {_place(item): item.inputs["rules"] for item in _of(plan, "Role") if "metadata" in item.inputs}
    found: dict[tuple[str, str], frozenset[tuple[str, str, str]]] = {}
    for binding in _of(plan, "RoleBinding"):
        namespace, _ = _place(binding)
        rules = roles.get((namespace, binding.inputs["roleRef"]["name"]), [])
        granted = {
            (group, kind, verb) for rule in rules for group in rule["apiGroups"] for kind in rule["resources"] for verb in rule["verbs"]
        }
        for subject in binding.inputs["subjects"]:
            if subject["kind"] == "ServiceAccount" and subject["namespace"] == namespace:
                place = (namespace, subject["name"])
                found[place] = found.get(place, frozenset()) | granted
    return found


def _pools(plan: Plan) -> dict[str, tuple[Object, frozenset[str]]]:
    found: dict[str, tuple[Object, frozenset[str]]] = {}
    for item in _of(plan, "NodePool"):
        template = item.inputs["spec"]["template"]
        required = {entry["key"]: entry["values"][0] for entry in template["spec"]["requirements"] if len(entry["values"]) == 1}
        taints = frozenset(taint["key"] for taint in template["spec"]["taints"])
        found[_place(item)[1]] = ({**required, **template["metadata"]["labels"]}, taints)
    return found


def _images(plan: Plan) -> Iterator[str]:
    for item in _of(plan, "Repository"):
        provider = next(found for found in plan.resources() if found.type == "pulumi:providers:aws")
        account = provider.inputs["allowedAccountIds"]
        account = yaml.safe_load(account)[0] if isinstance(account, str) else account[0]
        yield f"{account}.dkr.ecr.{provider.inputs['region']}.amazonaws.com/{item.inputs['name']}"


def _largest_claim(plan: Plan) -> int:
    limits = [limit for item in _of(plan, "LimitRange") for limit in item.inputs["spec"]["limits"]]
    return min(int(limit["max"]["storage"].removesuffix("Gi")) for limit in limits if limit["type"] == "PersistentVolumeClaim")


def _is_default(item: Resource) -> bool:
    annotations: Object = item.inputs["metadata"].get("annotations", {})
    return bool(annotations.get("storageclass.kubernetes.io/is-default-class") == "true")


def _missing(provided: Provided, manifest: Object, names: frozenset[tuple[str, str]]) -> Iterator[str]:
    namespace = manifest["metadata"]["namespace"]
    for key, value in _walk(manifest):
        yield from _unnamed(provided, namespace, key, value, names)
        if isinstance(value, str):
            yield from _unreachable(provided, namespace, value)
    for pod in pods(manifest):
        yield from _nowhere(provided, pod)
    yield from _forbidden(provided, namespace, workflow_spec(manifest))
    for claim in workflow_spec(manifest).get("volumeClaimTemplates", []):
        size = int(claim["spec"]["resources"]["requests"]["storage"].removesuffix("Gi"))
        if size > provided.largest_claim or provided.default_storage_classes != 1:
            yield f"volume of {size} GiB"


_VERBS = {
    "apply": ("create", "get", "patch", "list", "watch"),
    "create": ("create", "get", "list", "watch"),
    "delete": ("delete", "get"),
}
"""Action of a step to what kubectl, and Argo while it waits for the object's state, ask of the API."""

_GROUPS = {"rayjob": "ray.io"}
"""Kinds that a step names in `flags`, without their group."""


def _target(step: Object) -> tuple[str, str]:
    """(API group, resource) of the object that a step makes or deletes."""
    if "manifest" not in step:
        kind = step["flags"][0]
        return _GROUPS[kind], f"{kind}s"
    made = yaml.safe_load(re.sub(r"{{[^{}]*}}", "1", step["manifest"]))
    return made["apiVersion"].rpartition("/")[0], f"{made['kind'].lower()}s"


def _forbidden(provided: Provided, namespace: str, spec: Object) -> Iterator[str]:
    """What a step wants to do to an object of the cluster, or to report its own result, and its account may not."""
    rights = provided.rights.get((namespace, spec.get("serviceAccountName", "")), frozenset())
    for template in spec.get("templates", []):
        wanted = {("argoproj.io", "workflowtaskresults", verb) for verb in ("create", "patch")}
        if step := template.get("resource"):
            group, kind = _target(step)
            wanted |= {(group, kind, verb) for verb in _VERBS[step["action"]]}
        for group, kind, verb in sorted(wanted - rights):
            yield f"right to {verb} {kind}.{group}"


def _walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value at any depth, also inside manifests that a step creates."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield key, item
            if key == "manifest":
                yield from _walk(yaml.safe_load(re.sub(r"{{[^{}]*}}", "1", item)))
            yield from _walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item)


def _unnamed(provided: Provided, namespace: str, key: str, value: Any, names: frozenset[tuple[str, str]]) -> Iterator[str]:
    match key:
        case "serviceAccountName" if (namespace, value) not in provided.accounts:
            yield f"service account {value}"
        case "priorityClassName" if value not in provided.priorities:
            yield f"priority class {value}"
        case "secretKeyRef" if value["key"] not in provided.secrets.get((namespace, value["name"]), ()):
            yield f"secret {value['name']} with the key {value['key']}"
        case "secretName" if (namespace, value) not in provided.secrets:
            yield f"secret {value}"
        case "cache" if (namespace, value["configMap"]["name"]) not in provided.memories:
            yield f"right to keep ConfigMap {value['configMap']['name']}"
        case "configMapKeyRef" if (namespace, value["name"]) not in provided.config_maps:
            yield f"ConfigMap {value['name']}"
        case "configMapRef" if (namespace, value["name"]) not in provided.config_maps:
            yield f"ConfigMap {value['name']}"
        case "claimName" if (namespace, value) not in provided.claims:
            yield f"volume claim {value}"
        case "kueue.x-k8s.io/queue-name" if (namespace, value) not in provided.queues:
            yield f"queue {value}"
        case "templateRef" | "workflowTemplateRef" if (namespace, value["name"]) not in names:
            yield f"workflow template {value['name']}"
        case "image" if value.partition("@")[0].rpartition(":")[0] not in provided.images:
            yield f"image {value}"


def _unreachable(provided: Provided, namespace: str, text: str) -> Iterator[str]:
    for bucket, path in _BUCKET.findall(text):
        if bucket not in provided.buckets or not path.startswith(f"{namespace}/"):
            yield f"place s3://{bucket}/{path}"
    for service, space, _ in _HOST.findall(text):
        if service not in provided.charts:
            yield f"service {service} in {space}"


def _nowhere(provided: Provided, pod: Object) -> Iterator[str]:
    """A pod that no pool has nodes for: none has all the labels, or one has a taint that is not tolerated."""
    wanted = pod["spec"].get("nodeSelector") or {}
    tolerated = {item.get("key") for item in pod["spec"].get("tolerations") or []}
    if not any(wanted.items() <= labels.items() and taints <= tolerated for labels, taints in provided.pools.values()):
        yield f"node with {dict(sorted(wanted.items()))} for {pod['metadata']['name']}"
