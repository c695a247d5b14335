"""From files and services to charges."""
