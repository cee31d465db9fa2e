"""What the platform's statuses of a user are called. Pure: no Django here."""

from collections.abc import Mapping

STATUS_WORDS: Mapping[str, str] = {
    "Active": "active",
    "Initiated": "invited",
    "UnconfirmedEmail": "e-mail not confirmed",
    "TemporaryLocked": "locked for a time",
    "Closed": "closed",
}


def status_in_words(status: str) -> str:
    """Return a user's status in words; one that is not known here as the platform wrote it."""
    return STATUS_WORDS.get(status, status)
