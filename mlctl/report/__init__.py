"""The gate's report, in every form it takes."""
