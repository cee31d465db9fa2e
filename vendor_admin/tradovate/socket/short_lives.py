"""Connections that the platform takes and that end at once, again and again: each try is polite, their sum is not.

Every one loads a snapshot, at the platform and here. So after ten in a row the pauses grow to a quarter of an hour at
most, which comes to some 120 connections a day. Pure; the platform's people were seen to complain about 3,000 a day.
"""

import random as random_numbers

SHORT_LIFE_SECONDS = 60.0
"""A connection that ends sooner is no success."""
STEADY_SECONDS = 600.0
"""A connection that lasts so long makes good all that ended before it."""
A_PATTERN = 5
"""So many in a row are no chance: people are told."""
MANY = 10
"""So many in a row make the pauses grow to minutes."""
FIRST_PAUSE_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 600.0

ADVICE = (
    "Look for a proxy in between, for another program that uses the same API user, and for errors in the sync worker's"
    " log; else ask the platform's support. Once it is mended, have the socket tried at once."
)


def short_lives_after(before: int, *, lived_seconds: float) -> int:
    """How many short lives there are in a row, with one that has lasted so long."""
    if lived_seconds < SHORT_LIFE_SECONDS:
        return before + 1
    return before if lived_seconds < STEADY_SECONDS else 0


def pause_seconds(short_lives: int, random: random_numbers.Random) -> float:
    """How long to stay away after so many in a row: nothing more than after any loss for the first nine, then minutes.

    The pause doubles with each, and up to half of it is added by chance.
    """
    if short_lives < MANY:
        return 0.0
    doublings = min(short_lives - MANY, 16)
    return min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0**doublings) * random.uniform(1.0, 1.5)


def in_words(short_lives: int, *, lived_seconds: float | None = None) -> str:
    """The pattern as people read it, without an end."""
    lasted = "within a minute" if lived_seconds is None else f"after about {max(lived_seconds, 1.0):.0f} s"
    return f"The platform lets us in, but each connection ends {lasted}: {short_lives} in a row"
