"""Reusable Pulumi components, one noun per file. They know no environment's name and read nothing: the stacks hand them what they need."""
