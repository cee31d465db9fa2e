"""Answers that say how old things are: every second another answer, and yet nothing new."""

import re

from rest_framework.response import Response

# No text holds such a name: the quotation marks of texts are escaped.
_AGES = re.compile(rb'"(?:\w+_)?age_seconds":(?:\d+|null),?')


class AgingResponse(Response):
    """An answer whose weak ETag stays while nothing but ages changes (http/answers.py)."""


def without_ages(body: bytes) -> bytes:
    """The JSON of an answer without its ages, to be compared."""
    return _AGES.sub(b"", body)
