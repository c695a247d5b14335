"""CodeBuild and Managed Grafana. https://aws.amazon.com/codebuild/pricing/ https://aws.amazon.com/grafana/pricing/"""

from __future__ import annotations

from mlctl.cost.catalogue import priced
from mlctl.cost.quote import Quote


@priced("aws:codebuild/project:Project", service="CodeBuild", usage=("monthly_build_mins",))
def build(quote: Quote) -> None:
    kind = quote.text("environment.computeType").lower().replace("build_", "").replace("_", ".")
    system = "Linux" if quote.text("environment.type", "LINUX_CONTAINER") == "LINUX_CONTAINER" else quote.text("environment.type")
    quote.metered(f"{system} ({kind})", "minutes", "monthly_build_mins", quote.price("CodeBuild", f"{system} {kind}"))


@priced("aws:grafana/workspace:Workspace", service="Managed Grafana", usage=("editors_administrator_licenses", "viewer_licenses"))
def workspace(quote: Quote) -> None:
    quote.metered("Editors and administrators", "users", "editors_administrator_licenses", quote.price("Managed Grafana", "editor"))
    quote.metered("Viewers", "users", "viewer_licenses", quote.price("Managed Grafana", "viewer"))
