"""What an endpoint was asked is kept, so that drift can be seen."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import given, items, number, true
from policies.rule import resource_rule


@resource_rule(
    id="aws-sagemaker-data-captured",
    title="Endpoints capture requests and answers",
    severity=Severity.HIGH,
    types=("aws:sagemaker/endpointConfiguration:EndpointConfiguration",),
    why="Drift, fairness over time and complaints are judged from the captured data.",
    remediation="Set data_capture_config with enable_capture True, both modes and a percentage above 0. "
    "AWS has none for serverless and asynchronous ones; give the latter a success_topic, by which somebody else records.",
    allowed={
        "productionVariants": [{"instanceType": "ml.m5.large"}],
        "dataCaptureConfig": {
            "enableCapture": True,
            "initialSamplingPercentage": 100,
            "captureOptions": [{"captureMode": "Input"}, {"captureMode": "Output"}],
        },
    },
    disallowed={"productionVariants": [{"instanceType": "ml.m5.large"}]},
)
def sagemaker_data_captured(args: ResourceValidationArgs) -> Iterator[str]:
    if all(given(variant, "serverlessConfig") for variant in items(args.props.get("productionVariants"))):
        return
    if given(args.props, "asyncInferenceConfig"):
        if not given(args.props, "asyncInferenceConfig.outputConfig.notificationConfig.successTopic"):
            yield "tells nobody of its answers, so nobody records them"
        return
    capture = args.props.get("dataCaptureConfig") or {}
    if not true(capture.get("enableCapture")) or number(capture.get("initialSamplingPercentage"), 0) <= 0:
        yield "captures nothing"
        return
    modes = {option.get("captureMode") for option in items(capture.get("captureOptions"))}
    missing = [] if "InputAndOutput" in modes else [mode for mode in ("Input", "Output") if mode not in modes]
    if missing:
        yield f"does not capture {' and '.join(missing)}"
