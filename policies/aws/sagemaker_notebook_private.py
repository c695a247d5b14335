"""Notebooks reach the internet through our network only."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.rule import resource_rule


@resource_rule(
    id="aws-sagemaker-notebook-private",
    title="Notebooks have no internet of their own and no root",
    severity=Severity.HIGH,
    types=("aws:sagemaker/notebookInstance:NotebookInstance",),
    why="A notebook sees the data; what leaves it must pass our network.",
    remediation="Set direct_internet_access to Disabled, root_access to Disabled, and subnet_id.",
    allowed={"directInternetAccess": "Disabled", "rootAccess": "Disabled", "subnetId": "subnet-1"},
    disallowed={"directInternetAccess": "Enabled"},
)
def sagemaker_notebook_private(args: ResourceValidationArgs) -> Iterator[str]:
    for key in ("directInternetAccess", "rootAccess"):
        if args.props.get(key) != "Disabled":
            yield f"{key} is not Disabled"
