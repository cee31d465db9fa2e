"""The one error of this package."""


class EmbeddedError(Exception):
    """An embedded server could not be made or started. The text says what happened and what to do next."""
