"""What the cluster refuses in the teams' namespaces, in CEL, judged by the API server itself."""

from __future__ import annotations

from infra.cluster.admission_rule import AdmissionRule, Validation
from infra.cluster.serving_rule import serving_rule

_IMAGES = (
    "object.spec.containers.map(c, c.image)"
    " + object.spec.?initContainers.orValue([]).map(c, c.image)"
    " + object.spec.?ephemeralContainers.orValue([]).map(c, c.image)"
)
_LABELS = "object.metadata.?labels.orValue({})"
_GPU = "nvidia.com/gpu"


def admission_rules(registry: str) -> dict[str, AdmissionRule]:
    """Name → rule. `registry` is the host of the environment's own ECR, whose tags never change."""
    return {"pod-owner": _owner(), "pod-gpu-limit": _gpu_limit(), "pod-image": _image(registry), "pod-serving": serving_rule()}


def _owner() -> AdmissionRule:
    return AdmissionRule(
        resources={"": ("pods",)},
        operations=("CREATE", "UPDATE"),
        variables={"labels": _LABELS, "owner": "namespaceObject.metadata.labels"},
        validations=tuple(
            Validation(
                expression=f"variables.labels[?'{label}'].orValue('') == variables.owner[?'{label}'].orValue('')",
                message=f"'label {label} must be ' + variables.owner[?'{label}'].orValue('')"
                f" + ', as on the namespace; it is \"' + variables.labels[?'{label}'].orValue('') + '\"'",
            )
            for label in ("team", "cost-centre")
        ),
    )


def _gpu_limit() -> AdmissionRule:
    """Of memory nothing is asked here: the namespace's LimitRange has given every container a limit before a policy sees it."""
    containers = "object.spec.containers + object.spec.?initContainers.orValue([])"
    tolerates = f"object.spec.?tolerations.orValue([]).exists(t, t.?key.orValue('') == '{_GPU}')"
    limited = f"c.?resources.?limits.orValue({{}}).exists(k, k == '{_GPU}')"
    return AdmissionRule(
        resources={"": ("pods",)},
        operations=("CREATE",),
        variables={"containers": containers},
        validations=(
            Validation(
                expression=f"!({tolerates}) || variables.containers.exists(c, {limited})",
                message=f"'a pod that tolerates {_GPU} must set limits[{_GPU}] on a container'",
            ),
        ),
    )


def _image(registry: str) -> AdmissionRule:
    own = f"(image.startsWith('{registry}/') && image.matches(':[^/:@]+$') && !image.matches(':(latest|main|master)$'))"
    fixed = "image.matches('@sha256:[0-9a-f]{64}$')"
    release = "image.matches(':v?[0-9]+[.][0-9]+[.][0-9]+[^/:@]*$')"
    mutable = f"variables.images.filter(image, !({fixed} || {own} || {release}))"
    return AdmissionRule(
        resources={"": ("pods", "pods/ephemeralcontainers")},
        operations=("CREATE", "UPDATE"),
        variables={"images": _IMAGES, "mutable": mutable},
        validations=(
            Validation(
                expression="size(variables.mutable) == 0",
                message="'image ' + variables.mutable[0] + ' may change under its tag; "
                f"name a digest, a full version, or an image of {registry}'",
            ),
        ),
    )
