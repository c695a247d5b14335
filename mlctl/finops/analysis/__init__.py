"""What the charges say."""
