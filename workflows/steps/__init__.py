"""What runs inside the pods: each step wraps one function of `ml`, with folders in and folders out."""
