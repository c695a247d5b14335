"""Application Auto Scaling: how far something scales. The targets themselves are free."""

from __future__ import annotations

from decimal import Decimal

from mlctl.cost.catalogue import priced
from mlctl.cost.quote import Quote
from mlctl.cost.values import as_number

TARGET = "aws:appautoscaling/target:Target"


@priced(TARGET, service="Application Auto Scaling", usage=("capacity",))
def target(quote: Quote) -> None:
    """`capacity`, where usage states it, is the mean capacity of what scales."""
    quote.free("what it scales is charged, scaling is not")


def scaled_capacity(quote: Quote, dimension: str) -> tuple[Decimal | None, Decimal | None]:
    """(expected capacity, most) of the scaling target for this resource; None where there is no target."""
    for found in quote.pointing_here(TARGET, "resourceId"):
        if found.inputs.get("scalableDimension") == dimension:
            stated = quote.around.stated(found).get("capacity")
            expected = as_number(found.inputs.get("minCapacity")) if stated is None else stated
            return expected, as_number(found.inputs.get("maxCapacity"))
    return None, None
