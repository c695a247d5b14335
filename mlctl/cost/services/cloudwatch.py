"""Amazon CloudWatch: logs, alarms, dashboards, metrics. https://aws.amazon.com/cloudwatch/pricing/"""

from __future__ import annotations

from decimal import Decimal

from mlctl.cost.catalogue import priced
from mlctl.cost.quote import Quote
from mlctl.cost.values import as_number, inside

_LOG_KEYS = ("monthly_data_ingested_gb", "storage_gb", "monthly_data_scanned_gb")
_DAYS = Decimal(30)


@priced("aws:cloudwatch/logGroup:LogGroup", service="CloudWatch", usage=_LOG_KEYS)
def log_group(quote: Quote) -> None:
    """Without stated storage, what is kept follows from what comes in and the retention, compressed by AWS to about 15 %."""
    infrequent = quote.text("logGroupClass") == "INFREQUENT_ACCESS"
    item = f"logs ingestion, {'infrequent access' if infrequent else 'standard'} class"
    ingested = quote.usage(_LOG_KEYS[0])
    quote.metered("Data ingested", "GB", _LOG_KEYS[0], quote.price("CloudWatch", item))
    stored = quote.usage(_LOG_KEYS[1])
    key = _LOG_KEYS[1]
    if stored is None and ingested is not None:
        months = _months_kept(quote)
        stored = None if months is None else ingested * months * Decimal("0.15")
        key = _LOG_KEYS[0]
    quote.add("Archival storage", "GB", stored, quote.price("CloudWatch", "logs storage"), key=key)
    quote.metered("Insights queries data scanned", "GB", _LOG_KEYS[2], quote.price("CloudWatch", "Logs Insights data scanned"))


def _months_kept(quote: Quote) -> Decimal | None:
    """Months of logs that are kept in the long run; a year's worth stands for `never expires`."""
    days = quote.number("retentionInDays", 0)
    if days is None:
        return None
    return (days or Decimal(365)) / _DAYS


@priced("aws:cloudwatch/metricAlarm:MetricAlarm", service="CloudWatch")
def alarm(quote: Quote) -> None:
    queries = quote.items("metricQueries")
    periods = [as_number(inside(query, "metric.period")) for query in queries] + [quote.number("period")]
    fast = any(period is not None and period < 60 for period in periods)
    item = "alarm, high resolution" if fast else "alarm, standard resolution"
    detecting = any("ANOMALY_DETECTION_BAND" in str(query.get("expression", "")) for query in queries)
    metrics = sum(1 for query in queries if query.get("metric")) or 1
    if detecting:
        quote.add("Anomaly detection (metric and two bounds)", "alarm metrics", 3 * metrics, quote.price("CloudWatch", item))
    else:
        quote.add("High resolution" if fast else "Standard resolution", "alarm metrics", metrics, quote.price("CloudWatch", item))


@priced("aws:cloudwatch/compositeAlarm:CompositeAlarm", service="CloudWatch")
def composite_alarm(quote: Quote) -> None:
    quote.add("Composite alarm", "alarms", 1, quote.price("CloudWatch", "alarm, composite"))


@priced("aws:cloudwatch/dashboard:Dashboard", service="CloudWatch")
def dashboard(quote: Quote) -> None:
    """Three dashboards of an account are free, which is left out as every free tier is."""
    quote.add("Dashboard", "months", 1, quote.price("CloudWatch", "dashboard (beyond 3 free)"))


@priced("aws:cloudwatch/logMetricFilter:LogMetricFilter", service="CloudWatch")
def metric_filter(quote: Quote) -> None:
    """The filter is free; the custom metric that it writes is not."""
    quote.add("Custom metric", "metrics", 1, quote.price("CloudWatch", "custom metric, first 10,000"))


@priced("aws:cloudwatch/metricStream:MetricStream", service="CloudWatch", usage=("monthly_metric_updates",))
def metric_stream(quote: Quote) -> None:
    quote.metered("Metric updates", "1M updates", "monthly_metric_updates", quote.price("CloudWatch", "metric streams"), scale=1_000_000)
