"""Codes, refresh tokens and the like: made from the seed, kept and shown by hash only."""

import hashlib
import random


class Mint:
    """Makes unguessable-looking texts in an order that the seed fixes."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"{seed}/oauth")

    def text(self, kind: str) -> str:
        """A new one, for example `sandbox-code-…`."""
        return f"sandbox-{kind}-{self._rng.getrandbits(160):040x}"


def hashed(text: str) -> str:
    """How a secret appears in the ledger and in the books."""
    return f"sha256:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"
