"""What ends one node without ending the runner."""


class NodeError(Exception):
    """A node cannot be run as it stands; it becomes `Error` with this text."""
