"""What a plan will cost, before it is merged: prices, usage assumptions, one file per AWS service, the estimate and what it means."""
