"""From a Hera workflow to the manifest Argo gets: adds what every workflow of ours has."""

from __future__ import annotations

from typing import Any

from hera.workflows import Artifact, CronWorkflow, Parameter, Step, Steps, Workflow, WorkflowTemplate
from hera.workflows.models import Mutex, Synchronization, WorkflowTemplateRef

from mlctl.evidence.inbox import FOLDER, SCHEME
from workflows.place import SERVICE_ACCOUNT, TRACKING_URI, Place
from workflows.pod import NOT_ROOT, dress
from workflows.steps.watch import notify

WEBHOOK = "ALERT_WEBHOOK"
MAIN = "main"
KEEP_HOURS = {"failure": 168, "success": 24}
"""How long a finished workflow stays in the cluster; the archive keeps it for `platform.workflow_retention_days`."""

Manifest = dict[str, Any]


def template(place: Place, kind: str, about: str, *, parameters: dict[str, str], minutes: int, mutex: bool = True) -> WorkflowTemplate:
    """Begin the WorkflowTemplate `<model>-<kind>`; define its templates inside `with`.

    Parameters
    ----------
    minutes
        The whole workflow is ended after this long.
    mutex
        Whether two runs for one model would collide: the second one waits.
    """
    name = f"{place.name}-{kind}"
    return WorkflowTemplate(
        name=name,
        namespace=place.team.name,
        labels=place.object_labels(name),
        annotations={"workflows.argoproj.io/description": about},
        entrypoint=MAIN,
        on_exit="exit",
        arguments=[Parameter(name=key, value=value) for key, value in parameters.items()],
        service_account_name=SERVICE_ACCOUNT,
        active_deadline_seconds=minutes * 60,
        synchronization=Synchronization(mutexes=[Mutex(name=name)]) if mutex else None,
    )


def add_artefacts(workflow: WorkflowTemplate, *artefacts: Artifact) -> None:
    """Add artefacts to the workflow's arguments."""
    assert isinstance(workflow.arguments, list)
    workflow.arguments += artefacts


def common(place: Place, **further: str) -> dict[str, str]:
    """Parameters every workflow of a model has, and its own. Evidence goes to the locked audit bucket, below the team's own prefix."""
    evidence = f"{SCHEME}{place.bucket('audit')}/{place.team.name}/{FOLDER}"
    return {"model": place.name, "tracking-uri": TRACKING_URI, "evidence-log": evidence, **further}


def add_exit(place: Place, *, before: str = "", when: str | None = None) -> None:
    """Inside the `with` of a template: tell people how it ended, after running the template `before` (if `when`) where one is named."""
    with Steps(name="exit"):
        if before:
            Step(name=before, template=before, when=when)
        notify(
            name="notify",
            arguments={
                "webhook-variable": WEBHOOK,
                "workflow": "{{workflow.name}}",
                "model": place.name,
                "status": "{{workflow.status}}",
                "failures": "{{workflow.failures}}",
                "link": place.link,
            },
        )


def finished(workflow: Workflow, place: Place) -> Manifest:
    """The manifest, with pods as the cluster asks for them and with what is kept for how long."""
    found: Manifest = workflow.to_dict()
    spec = found["spec"]
    for item in spec["templates"]:
        if "script" in item:
            dress(item, place)
    spec["podMetadata"] = {"labels": place.labels}
    spec["workflowMetadata"] = {"labels": {"model": place.name, "team": place.team.name}}
    spec["securityContext"] = NOT_ROOT
    spec["archiveLogs"] = True
    spec["artifactGC"] = {"strategy": "Never"}
    spec["podGC"] = {"strategy": "OnPodSuccess"}
    spec["podDisruptionBudget"] = {"minAvailable": 9999}
    spec["ttlStrategy"] = {f"secondsAfter{when.capitalize()}": hours * 3600 for when, hours in KEEP_HOURS.items()}
    return found


def cron(place: Place, kind: str, schedule: str, parameters: dict[str, str]) -> Manifest:
    """The CronWorkflow that starts `<model>-<kind>`; in UTC, never twice at once."""
    name = f"{place.name}-{kind}"
    workflow = CronWorkflow(
        name=f"{name}-cron",
        namespace=place.team.name,
        labels=place.object_labels(f"{name}-cron"),
        schedules=[schedule],
        timezone="Etc/UTC",
        concurrency_policy="Forbid",
        starting_deadline_seconds=3600,
        successful_jobs_history_limit=3,
        failed_jobs_history_limit=3,
        workflow_template_ref=WorkflowTemplateRef(name=name),
        arguments=[Parameter(name=key, value=value) for key, value in parameters.items()],
    )
    found: Manifest = workflow.to_dict()
    return found


def passed(*names: str) -> dict[str, str]:
    """Hand inputs of the surrounding template on under the same names."""
    return {name: f"{{{{inputs.parameters.{name}}}}}" for name in names}
