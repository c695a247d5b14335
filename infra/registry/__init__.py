"""Where images, data, features and models are kept."""
