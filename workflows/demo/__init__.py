"""The closed loop on one machine: `mlctl workflow demo`."""
