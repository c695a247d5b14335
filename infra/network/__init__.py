"""The VPC and what belongs to it."""
