"""From a model's entry in the configuration to the component of its mode."""

from __future__ import annotations

import pulumi

from infra.serving.asynchronous_endpoint import AsynchronousEndpoint, AsynchronousEndpointArgs
from infra.serving.batch_transform import BatchTransform, BatchTransformArgs
from infra.serving.front_door import FrontDoor
from infra.serving.placed_model import PlacedModel
from infra.serving.realtime_endpoint import RealtimeEndpoint, RealtimeEndpointArgs
from infra.serving.serverless_endpoint import ServerlessEndpoint, ServerlessEndpointArgs


def serve_on_sagemaker(placed: PlacedModel, front_door: FrontDoor, opts: pulumi.ResourceOptions) -> str | None:
    """Make the model's component. The path of its route comes out, None for batch."""
    name = placed.name
    match placed.model.mode:
        case "serverless":
            return ServerlessEndpoint(name, ServerlessEndpointArgs(placed=placed, front_door=front_door), opts=opts).router.path
        case "realtime":
            return RealtimeEndpoint(name, RealtimeEndpointArgs(placed=placed, front_door=front_door), opts=opts).router.path
        case "asynchronous":
            return AsynchronousEndpoint(name, AsynchronousEndpointArgs(placed=placed, front_door=front_door), opts=opts).router.path
        case "batch":
            BatchTransform(name, BatchTransformArgs(placed=placed), opts=opts)
            return None
        case mode:
            raise ValueError(f"{name}: mode {mode} does not run on SageMaker")
