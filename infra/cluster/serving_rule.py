"""Who may make what carries the labels of a served model, in CEL.

NetworkPolicies and services know the pods of a model, and the router that splits its requests, by labels of KServe and Knative. Kubernetes'
own `edit`, which the people of a team have, lets them start a pod with any label: it would come past the front door to a model, or answer
in its place. So what has such labels, or makes pods with them, must come from a controller: the pod from the ReplicaSet's, that from the
Deployment's, that from Knative's or KServe's. Who may change an InferenceService, as administrators may and a team's people may not, may
change what it is made of.
"""

from __future__ import annotations

from infra.cluster.admission_rule import AdmissionRule, Validation

_PREFIXES = ("serving.kserve.io/", "serving.knative.dev/")
_CONTROLLERS = [f"system:serviceaccounts:{namespace}" for namespace in ("kube-system", "knative-serving", "kserve")]

_RESOURCES = {
    "": ("pods", "services", "replicationcontrollers"),
    "apps": ("deployments", "replicasets", "statefulsets", "daemonsets"),
    "batch": ("jobs", "cronjobs"),
    "serving.knative.dev": ("services", "configurations", "revisions"),
}


def serving_rule() -> AdmissionRule:
    """Labels that were there before count too: without them a pod leaves its model."""
    served = " || ".join(f"k.startsWith('{prefix}')" for prefix in _PREFIXES)
    controlled = f"request.userInfo.groups.exists(g, g in {_CONTROLLERS!r})"
    changes_models = "authorizer.group('serving.kserve.io').resource('inferenceservices').namespace(request.namespace).check('update')"
    return AdmissionRule(
        resources=_RESOURCES,
        operations=("CREATE", "UPDATE"),
        variables={"labels": _labels("object"), "before": f"oldObject == null ? [] : {_labels('oldObject')}"},
        validations=(
            Validation(
                expression=f"!(variables.labels + variables.before).exists(k, {served}) || {controlled} || {changes_models}.allowed()",
                message=f"'labels of {' and '.join(_PREFIXES)} are for served models, which only their controllers make;"
                " change the model in environments/ by a pull request'",
            ),
        ),
    )


def _labels(given: str) -> str:
    """Keys of the labels of an object and of the pods that it makes: those of its template, or of a CronJob's jobs."""
    places = ("metadata", "spec.?template.?metadata", "spec.?jobTemplate.?spec.?template.?metadata")
    return " + ".join(f"{given}.?{place}.?labels.orValue({{}}).map(k, k)" for place in places)
