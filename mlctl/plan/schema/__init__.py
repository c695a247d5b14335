"""What the providers accept: every resource's inputs and outputs, from the Pulumi SDKs at the pinned versions."""

from mlctl.plan.schema.catalogue import Catalogue, FunctionSchema, ResourceSchema, Type, load, package_of
from mlctl.plan.schema.validation import Problem, not_known, validate

__all__ = ["Catalogue", "FunctionSchema", "Problem", "ResourceSchema", "Type", "load", "not_known", "package_of", "validate"]
