"""Registry: MLflow model versions with evidence and aliases."""
