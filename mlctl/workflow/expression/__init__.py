"""The language of `{{=...}}`: expr-lang with the functions Argo adds to it."""
