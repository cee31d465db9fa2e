"""What an authenticator app does, for newcomers who have none at hand (RFC 6238: SHA-1, 30 seconds, six digits)."""

import base64
import hashlib
import hmac
import struct

SECONDS = 30


def code_of(secret: str, *, at: float) -> str:
    """The code that an app shows for this secret at this moment (seconds since 1970)."""
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", int(at) // SECONDS), hashlib.sha1).digest()
    (number,) = struct.unpack_from(">I", digest, digest[-1] & 15)
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"
