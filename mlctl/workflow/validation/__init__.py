"""What is checked before anything runs."""
