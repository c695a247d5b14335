"""What cannot be done without a cluster is refused by name; what has no meaning here is listed once."""

from __future__ import annotations

import shutil
from typing import Any

from mlctl.errors import InputError
from mlctl.workflow.catalog import Catalog, Found
from mlctl.workflow.model.artifact import Artifact
from mlctl.workflow.model.parameter import Raw
from mlctl.workflow.model.template import KINDS

REFUSED_KINDS = {
    "resource": "a resource template creates objects in a cluster",
    "http": "an http template is run by Argo's agent",
    "data": "a data template reads an artefact store",
    "containerSet": "a container set is a pod of several containers",
    "plugin": "a plugin template is run by Argo's agent",
}
_REFUSED_FIELDS = {
    "sidecars": "sidecars run beside the step in its pod",
    "initContainers": "init containers run before the step in its pod",
    "daemon": "a daemon keeps its pod running after the step",
}
_WITHOUT_MEANING = (
    "nodeSelector", "tolerations", "affinity", "podSpecPatch", "securityContext", "serviceAccountName", "hostAliases",
    "automountServiceAccountToken", "schedulerName", "priorityClassName", "executor", "archiveLocation", "metrics",
    "metadata", "annotations",
)  # fmt: skip
_WITHOUT_MEANING_IN_CONTAINER = (
    "image", "imagePullPolicy", "resources", "securityContext", "ports", "livenessProbe", "readinessProbe",
    "startupProbe", "lifecycle", "terminationMessagePath", "terminationMessagePolicy",
)  # fmt: skip
_WITHOUT_MEANING_IN_SPEC = (
    "affinity", "archiveLogs", "artifactGC", "artifactRepositoryRef", "automountServiceAccountToken", "dnsConfig",
    "dnsPolicy", "executor", "hostAliases", "hostNetwork", "imagePullSecrets", "metrics", "nodeSelector",
    "podDisruptionBudget", "podGC", "podMetadata", "podPriorityClassName", "podSpecPatch", "priority", "schedulerName",
    "securityContext", "serviceAccountName", "tolerations", "ttlStrategy", "volumeClaimGC",
)  # fmt: skip
_VOLUMES = ("emptyDir", "persistentVolumeClaim", "configMap", "ephemeral")
_REMEDY = "run it on a cluster: `mlctl workflow submit`"


def refuse(found: Found, catalog: Catalog, when: str | None = None) -> None:
    """Raise InputError if the template needs something only a cluster has; `when` is the condition under which it is called."""
    raw = found.raw
    name = raw.get("name") or "inline"
    remedy = f"{_REMEDY}; it is called when {when}" if when else _REMEDY
    for kind, reason in REFUSED_KINDS.items():
        if raw.get(kind) is not None:
            raise _refusal(found, (kind,), f"template `{name}`: `{kind}` is not run here: {reason}", remedy)
    for key, reason in _REFUSED_FIELDS.items():
        if raw.get(key):
            raise _refusal(found, (key,), f"template `{name}`: `{key}` is not run here: {reason}", remedy)
    kinds = [kind for kind in KINDS if raw.get(kind) is not None]
    if len(kinds) != 1:
        problem = f"template `{name}` has {'no type' if not kinds else 'two types: ' + ', '.join(kinds)}"
        raise found.owner.document.error(found.path, problem, allowed="one of " + ", ".join(KINDS))
    if kinds[0] in ("container", "script"):
        _refuse_command(found, catalog, kinds[0], raw[kinds[0]])
    _refuse_outputs(found)


def refuse_start(catalog: Catalog) -> None:
    """Raise InputError if the workflow asks to be stopped or suspended before it has begun."""
    for key, reason in (("suspend", "the workflow would never begin"), ("shutdown", "the workflow would be stopped as it begins")):
        if catalog.spec.get(key):
            problem = f"`{key}` is not done here: {reason}"
            raise catalog.main.document.error((*catalog.main.spec_path, key), problem, remedy=f"take `{key}` out")


def ignored(catalog: Catalog, reached: list[Found]) -> list[str]:
    """The fields that are accepted and have no meaning on one machine, sorted."""
    names = {key for key in _WITHOUT_MEANING_IN_SPEC if catalog.spec.get(key) is not None}
    for found in reached:
        names.update(key for key in _WITHOUT_MEANING if found.raw.get(key) is not None)
        body = found.raw.get("container") or found.raw.get("script") or {}
        names.update(key for key in _WITHOUT_MEANING_IN_CONTAINER if body.get(key) is not None)
        for item in (found.raw.get("outputs") or {}).get("artifacts") or ():
            artifact = Artifact.read(item)
            names.update([f"outputs.artifacts[].{artifact.location}"] if artifact.location else [])
    return sorted(names)


def _refusal(found: Found, path: tuple[str | int, ...], problem: str, remedy: str = _REMEDY) -> InputError:
    return found.owner.document.error((*found.path, *path), problem, remedy=remedy)


def _refuse_command(found: Found, catalog: Catalog, kind: str, body: Raw) -> None:
    name = found.raw.get("name") or "inline"
    if not body.get("image"):
        raise _refusal(found, (kind,), f"template `{name}` has no image", "write `image`: Argo refuses to go without")
    command = body.get("command") or []
    if not command:
        problem = f"template `{name}` has no command: what its image starts by itself is not known here"
        raise _refusal(found, (kind,), problem, "write `command`")
    if not is_available(command[0]):
        problem = f"template `{name}`: there is no command `{command[0]}` on this machine"
        raise _refusal(found, (kind, "command"), problem, "install it, or put it on PATH")
    for index, entry in enumerate(body.get("env") or ()):
        _refuse_env(found, (kind, "env", index), entry)
    for index, entry in enumerate(body.get("envFrom") or ()):
        if entry.get("secretRef") is not None and not entry["secretRef"].get("optional"):
            problem = f"template `{name}`: a whole Secret as environment is not known here"
            raise _refusal(found, (kind, "envFrom", index), problem, "name its keys one by one with `secretKeyRef`")
    _refuse_volumes(found, catalog, kind, body)


def is_available(command: str) -> bool:
    """Whether a command can be started here; one with a variable in it is looked for when it runs."""
    return "{{" in command or command in ("python", "python3") or shutil.which(command) is not None


def _refuse_env(found: Found, path: tuple[str | int, ...], entry: Raw) -> None:
    source = entry.get("valueFrom") or {}
    field = (source.get("fieldRef") or {}).get("fieldPath")
    known_fields = ("metadata.name", "metadata.namespace", "metadata.uid", "spec.serviceAccountName")
    if source.get("resourceFieldRef") is not None or (field is not None and field not in known_fields):
        raise _refusal(
            found, path, f"the variable `{entry.get('name')}` asks the pod for a fact there is no pod to ask",
            "allowed: a value, secretKeyRef, configMapKeyRef, or fieldRef to " + ", ".join(known_fields),
        )  # fmt: skip


def _refuse_volumes(found: Found, catalog: Catalog, kind: str, body: Raw) -> None:
    volumes, seen = volumes_of(found.raw, catalog), set[Any]()
    for index, mount in enumerate(body.get("volumeMounts") or ()):
        volume = volumes.get(mount.get("name", ""))
        path = (kind, "volumeMounts", index)
        if mount.get("mountPath") in seen:
            raise _refusal(found, path, f"`{mount.get('mountPath')}` is mounted twice", "give each mount a path of its own")
        seen.add(mount.get("mountPath"))
        if "{{" in mount.get("name", ""):
            continue
        if volume is None:
            raise _refusal(found, path, f"there is no volume `{mount.get('name')}`", "add it to `volumes`")
        if not any(key in volume for key in _VOLUMES):
            what = next((key for key in volume if key != "name"), "an empty volume")
            raise _refusal(found, path, f"a volume of the kind `{what}` is not made here; kinds made: emptyDir, "
                           "persistentVolumeClaim, configMap")  # fmt: skip


def volumes_of(raw: Raw, catalog: Catalog) -> dict[str, Any]:
    """Every volume a template may mount, by name."""
    claims = [
        {"name": (claim.get("metadata") or {}).get("name", ""), "persistentVolumeClaim": {}}
        for claim in catalog.spec.get("volumeClaimTemplates") or ()
    ]
    every = [*claims, *(catalog.spec.get("volumes") or ()), *(raw.get("volumes") or ())]
    return {volume.get("name", ""): volume for volume in every}


def _refuse_outputs(found: Found) -> None:
    for index, item in enumerate((found.raw.get("outputs") or {}).get("parameters") or ()):
        source = item.get("valueFrom") or {}
        for key in ("jqFilter", "jsonPath", "event"):
            if source.get(key) is not None:
                raise _refusal(
                    found, ("outputs", "parameters", index, "valueFrom", key),
                    f"`{key}` belongs to resource and data templates, which are not run here",
                )  # fmt: skip
