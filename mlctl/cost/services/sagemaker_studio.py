"""SageMaker notebooks, apps and the feature store. https://aws.amazon.com/sagemaker/pricing/"""

from __future__ import annotations

from decimal import Decimal

from mlctl.cost.catalogue import priced
from mlctl.cost.price import HOURS
from mlctl.cost.quote import Quote
from mlctl.cost.services.sagemaker_endpoint import has_gpu, instance_price
from mlctl.cost.values import times


@priced("aws:sagemaker/notebookInstance:NotebookInstance", service="SageMaker", usage=("monthly_hours",))
def notebook(quote: Quote) -> None:
    kind = quote.text("instanceType")
    hours = quote.usage("monthly_hours")
    cost = quote.add(
        f"Notebook ({kind})", "hours", hours, instance_price(quote, "notebook instance", kind), key="monthly_hours", most=HOURS
    )
    if has_gpu(quote, kind):
        quote.gpu(cost)
    quote.add("Notebook storage", "GB", quote.number("volumeSize", 5), quote.price("SageMaker", "notebook storage"))


@priced("aws:sagemaker/app:App", service="SageMaker", usage=("monthly_hours",))
def app(quote: Quote) -> None:
    kind = quote.text("resourceSpec.instanceType", "system")
    if kind == "system":
        quote.free("the app runs on AWS's own instance")
        return
    price = instance_price(quote, "Studio JupyterLab", kind)
    cost = quote.add(f"Studio app ({kind})", "hours", quote.usage("monthly_hours"), price, key="monthly_hours", most=HOURS)
    if has_gpu(quote, kind):
        quote.gpu(cost)


@priced("aws:sagemaker/domain:Domain", service="SageMaker", usage=("average_users", "hours_per_user", "home_gb_per_user"))
def domain(quote: Quote) -> None:
    """People start apps and fill home folders that are in no plan: users × hours at the domain's default instance, and their EFS."""
    kind = str(quote.get("defaultUserSettings.jupyterLabAppSettings.defaultResourceSpec.instanceType") or "ml.t3.medium")
    users = quote.usage("average_users")
    price = instance_price(quote, "Studio JupyterLab", kind)
    most = times(users, HOURS)
    quote.add(f"Apps ({kind})", "hours", times(users, quote.usage("hours_per_user")), price, key="hours_per_user", most=most)
    home = times(users, quote.usage("home_gb_per_user"))
    quote.add("Home folders (EFS)", "GB", home, quote.price("EFS", "Standard storage"), key="home_gb_per_user")


_FEATURES = ("monthly_write_request_units", "monthly_read_request_units", "online_storage_gb")


@priced("aws:sagemaker/featureGroup:FeatureGroup", service="SageMaker", usage=_FEATURES)
def feature_group(quote: Quote) -> None:
    if not quote.flag("onlineStoreConfig.enableOnlineStore"):
        quote.free("the offline store is S3, charged at its bucket")
        return
    tier = quote.text("onlineStoreConfig.storageType", "Standard")
    if tier != "Standard":
        quote.unknown(f"no price of the feature store's tier {tier}")
        return
    if quote.text("throughputConfig.throughputMode", "OnDemand") != "OnDemand":
        quote.unknown("no price of the feature store's provisioned capacity units")
        return
    rows = (("Feature writes", "1M units", "write request unit", 1_000_000), ("Feature reads", "1M units", "read request unit", 1_000_000))
    for key, (name, unit, item, scale) in zip(_FEATURES[:2], rows, strict=True):
        quote.metered(name, unit, key, quote.price("SageMaker", f"feature store {item}"), scale=scale)
    quote.metered("Online storage", "GB", _FEATURES[2], quote.price("SageMaker", "feature store online storage"))


@priced("aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer", service="SageMaker")
def tracking_server(quote: Quote) -> None:
    size = quote.text("trackingServerSize", "Small")
    quote.add(f"MLflow tracking server ({size})", "hours", Decimal(HOURS), quote.price("SageMaker", f"MLflow tracking server {size}"))
