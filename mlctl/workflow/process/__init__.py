"""Starts one step as one local process in a folder of its own."""
