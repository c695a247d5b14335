"""The evidence log: what was done to a model, by whom, on what grounds; append-only and hash-chained."""
