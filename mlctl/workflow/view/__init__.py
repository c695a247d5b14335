"""Shows a run: live while it goes, as a tree afterwards."""
