"""Fairness: groups, rates, adverse impact, equalised odds, and features that stand in for a prohibited basis."""
