"""Amazon Athena. https://aws.amazon.com/athena/pricing/"""

from __future__ import annotations

from mlctl.cost.catalogue import priced
from mlctl.cost.quote import Quote


@priced("aws:athena/workgroup:Workgroup", service="Athena", usage=("monthly_data_scanned_tb",))
def workgroup(quote: Quote) -> None:
    quote.metered("Data scanned", "TB", "monthly_data_scanned_tb", quote.price("Athena", "data scanned"))
