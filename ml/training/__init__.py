"""Training: screening, search, fitting, tracking and the trained bundle."""
