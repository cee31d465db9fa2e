"""How old something is, in words."""

from datetime import timedelta


def age_in_words(age: timedelta) -> str:
    """Say how old something is, in its largest unit: 4 s, 12 min, 3 h, 5 days."""
    seconds = max(0, int(age.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 2 * 86400:
        return f"{seconds // 3600} h"
    return f"{seconds // 86400} days"
