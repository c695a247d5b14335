"""Where the money went: reads what was spent, reconciles the sources, attributes and explains it, compares it with budgets."""
