"""Order between components: what a component depends on, its children do not, so it has to be told to each of them."""

from __future__ import annotations

import pulumi


def after(*needs: pulumi.Resource, options: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """`options` for a component whose children, at any depth, are all created after `needs` and destroyed before them."""

    def wait(registered: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
        waiting = pulumi.ResourceOptions.merge(registered.opts, pulumi.ResourceOptions(depends_on=list(needs)))
        return pulumi.ResourceTransformationResult(props=registered.props, opts=waiting)

    return pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(transformations=[wait]))
