"""The text of an API key: `vak_live_<organization>_<secret>` or `vak_test_…`. Pure: no Django.

It names its organization, so that the partner API knows whose rows to open before it looks anything up.
"""

import hashlib
import re
import secrets

_KEY = re.compile(r"vak_(?:live|test)_([1-9][0-9]{0,17})_[\w-]{43}", re.ASCII)


def new_key(*, organization_id: int, is_test: bool) -> str:
    """Return a new key of 256 random bits."""
    return f"vak_{'test' if is_test else 'live'}_{organization_id}_{secrets.token_urlsafe(32)}"


def organization_id_of(key: str) -> int | None:
    """The organization that a key says it is of; None where it is no key."""
    found = _KEY.fullmatch(key)
    return int(found[1]) if found else None


def digest(key: str) -> str:
    """How a key is kept: found again, never read."""
    return hashlib.sha256(key.encode()).hexdigest()


def new_public_id() -> str:
    """What names a key in the audit, in logs and on pages."""
    return f"key_{secrets.token_hex(12)}"
