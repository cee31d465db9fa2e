"""Cursors of lists: the place of the last row of a page, signed for one organization, list, order and set of filters.

A cursor that was changed, or that was made for anything else, is refused: it never leads to other rows.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.core.signing import BadSignature, Signer

from vendor_admin.partner_api.request_errors import InvalidParameters, ParameterFault

INVALID_CURSOR = "invalid_cursor"
LONGEST_CURSOR = 1_000
REFUSED = "This cursor is not one of this list with these filters and this order. Begin at the first page again."

Value = int | str


@dataclass(frozen=True, slots=True)
class CursorOf:
    """What a cursor belongs to: the list of one organization, in an order, with filters as they were written."""

    organization_id: int
    resource: str
    order: str
    filters: Mapping[str, str]

    def encode(self, values: Sequence[Value]) -> str:
        """Write the place of a row, by its values of the order's columns."""
        text = json.dumps(list(values), separators=(",", ":"))
        return self._signer.sign(base64.urlsafe_b64encode(text.encode()).decode().rstrip("="))

    def decode(self, cursor: str) -> list[Value]:
        """The values of a cursor. Raises InvalidParameters for one that `encode` did not write for the same list."""
        try:
            if len(cursor) > LONGEST_CURSOR or not cursor.isascii():
                raise BadSignature
            place = self._signer.unsign(cursor)
        except BadSignature:
            fault = ParameterFault("cursor", INVALID_CURSOR, REFUSED)
            raise InvalidParameters([fault], code=INVALID_CURSOR) from None
        values: list[Value] = json.loads(base64.urlsafe_b64decode(place + "=" * (-len(place) % 4)))
        return values

    @property
    def _signer(self) -> Signer:
        told = [self.organization_id, self.resource, self.order, sorted(self.filters.items())]
        digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()
        return Signer(sep=".", salt=f"partner_api.cursor:{digest}")
