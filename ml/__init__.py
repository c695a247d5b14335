"""The machine-learning code: from a model file to a judged, registered model. Knows no cloud, Argo or Pulumi."""
