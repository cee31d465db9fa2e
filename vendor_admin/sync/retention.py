"""How short the event log may be kept."""

# Gaps are repaired, months are billed and disputes are settled from the log; a smaller number is a slip of the finger.
LEAST_RETENTION_DAYS = 30


def problem_of_retention(days: int) -> str | None:
    """A sentence when so many days are too few."""
    if days >= LEAST_RETENTION_DAYS:
        return None
    return (
        f"EVENT_RETENTION_DAYS is {days}: the event log would lose everything older than that for good. "
        f"At least {LEAST_RETENTION_DAYS} days are kept."
    )
