"""How short what the sync keeps may be kept, and how much of what cannot be read is kept of a socket."""

# Gaps are repaired, months are billed and disputes are settled from the log; a smaller number is a slip of the finger.
LEAST_RETENTION_DAYS = 30
# A week and its weekend are looked back upon. Both bounds hold in the database, too.
LEAST_HISTORY_DAYS = 7
# What quarantine keeps of one message, and of one socket: the rest of a peer that sends nothing else would fill the
# disk and tell nothing new.
MESSAGE_BYTES = 256 * 2**10
QUARANTINE_ROWS = 10_000
QUARANTINE_BYTES = 64 * 2**20

_WHY = {
    "EVENT_RETENTION_DAYS": "the event log would lose everything older than that for good",
    "COMPARISON_RETENTION_DAYS": "nobody could look back at how mirrors and platform differed",
    "QUARANTINE_RETENTION_DAYS": "what could not be read would be gone before anybody has looked at it",
}
_LEAST = {"EVENT_RETENTION_DAYS": LEAST_RETENTION_DAYS}
RETENTIONS = tuple(_WHY)


def least_days(name: str) -> int:
    """The least value of one of the settings in RETENTIONS."""
    return _LEAST.get(name, LEAST_HISTORY_DAYS)


def problem_of_retention(name: str, days: int) -> str | None:
    """A sentence when so many days are too few."""
    if days >= least_days(name):
        return None
    return f"{name} is {days}: {_WHY[name]}. At least {least_days(name)} days are kept."
