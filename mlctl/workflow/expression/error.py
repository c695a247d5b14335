"""What goes wrong in an expression."""


class ExpressionError(Exception):
    """The expression cannot be read or evaluated; the text says why, without a place."""
