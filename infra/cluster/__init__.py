"""The EKS cluster, its nodes and what every team gets on it."""
