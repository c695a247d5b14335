"""Who may change the account from GitHub, and within which limits."""
