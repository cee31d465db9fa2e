"""How people trade who nobody is: what each temper does next. Pure: what is seen goes in, an intent comes out."""

import dataclasses
import enum
import random

from vendor_admin.sandbox.market.orders import Action

CAREFUL_PRODUCTS = ("MES", "MNQ", "MYM", "M2K", "MCL", "MGC")
LARGE_PRODUCTS = ("ES", "NQ", "RTY", "CL", "GC")


class Temper(enum.Enum):
    """What kind of trader somebody is."""

    CAREFUL = "small orders with a target and a stop"
    HASTY = "in and out at any price"
    RECKLESS = "large orders without a stop, and more of them the more is lost"


# How many of ten traders are of each temper.
SHARES = {Temper.CAREFUL: 5, Temper.HASTY: 3, Temper.RECKLESS: 2}


class Move(enum.Enum):
    """What a trader can do."""

    WAIT = "wait"
    ENTER = "enter"
    ENTER_WITH_BRACKET = "enter with a target and a stop"
    CLOSE = "close"
    CANCEL = "cancel what rests"


@dataclasses.dataclass(frozen=True, slots=True)
class Situation:
    """What a trader sees of one product: contracts held, what they gain or lose in ticks each, and orders at work.

    `is_stopped`: the account's risk status says that it may not open anything.
    """

    net: int = 0
    gained_ticks: float = 0.0
    working: int = 0
    is_stopped: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Intent:
    """What a trader wants to do. A bracket's distances are in ticks from the price of now; `offset` is the entry's."""

    move: Move
    action: Action = "Buy"
    quantity: int = 0
    offset: int = 0
    target: int = 0
    stop: int = 0


def decide(temper: Temper, seen: Situation, rng: random.Random) -> Intent:
    """What a trader of this temper does now. Whoever is stopped closes what is open, and that is all."""
    if seen.is_stopped:
        return _closing(seen) if seen.net and not seen.working else Intent(Move.WAIT)
    if temper is Temper.CAREFUL:
        return _careful(seen, rng)
    if seen.working:
        return Intent(Move.CANCEL)
    return _hasty(seen, rng) if temper is Temper.HASTY else _reckless(seen, rng)


def _careful(seen: Situation, rng: random.Random) -> Intent:
    """Enter a little away from the price; leave the rest to the bracket, and give up an entry that does not fill."""
    if seen.net:
        return _closing(seen) if not seen.working else Intent(Move.WAIT)
    if seen.working:
        return Intent(Move.CANCEL if rng.random() < 0.3 else Move.WAIT)
    return Intent(
        Move.ENTER_WITH_BRACKET,
        action=_either(rng),
        quantity=rng.randint(1, 2),
        offset=rng.randint(0, 4),
        target=rng.randint(12, 40),
        stop=rng.randint(10, 30),
    )


def _hasty(seen: Situation, rng: random.Random) -> Intent:
    if seen.net:
        return _closing(seen) if rng.random() < 0.6 else Intent(Move.WAIT)
    return Intent(Move.ENTER, action=_either(rng), quantity=rng.randint(1, 2))


def _reckless(seen: Situation, rng: random.Random) -> Intent:
    """Take gains that are small, and buy more of what loses."""
    if not seen.net:
        return Intent(Move.ENTER, action=_either(rng), quantity=rng.randint(2, 3))
    if seen.gained_ticks > 20:
        return _closing(seen)
    if seen.gained_ticks < -8:
        return Intent(Move.ENTER, action="Buy" if seen.net > 0 else "Sell", quantity=1)
    return Intent(Move.WAIT)


def _closing(seen: Situation) -> Intent:
    return Intent(Move.CLOSE, action="Sell" if seen.net > 0 else "Buy", quantity=abs(seen.net))


def _either(rng: random.Random) -> Action:
    return "Buy" if rng.random() < 0.5 else "Sell"
