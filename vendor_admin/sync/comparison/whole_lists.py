"""Whole lists over REST: read as they arrive, a few hundred entities at a time, as there is room for them.

A long list would come over the socket as one frame, which has to be held in memory at once, keeps events waiting behind
it, and ends the socket when it is too long. What comes over REST has no place among the socket's events: its rows carry
numbers, and the time, of before the question, so whatever the socket tells from then on is newer.
"""

from functools import partial

from vendor_admin.organizations.platform_access.network_policy import addresses_to_call, judge_name
from vendor_admin.sync.comparison.known_ids import KnownIds
from vendor_admin.sync.models import Kind
from vendor_admin.sync.socket.access import Access, RestSession
from vendor_admin.sync.socket.lookups import Fetched, nothing_fetched, read_entities
from vendor_admin.sync.socket.socket import Socket
from vendor_admin.tradovate.operations import ME, Operation
from vendor_admin.tradovate.outcomes import Outcome, Unknown
from vendor_admin.tradovate.rest.client import RestClient
from vendor_admin.tradovate.rest.list_stream import ListStream

MOST_LISTED = 10**9
"""More than any list has: so many numbers are set aside for it."""


class WholeLists:
    """Reads lists for one socket, one at a time."""

    def __init__(self, *, socket: Socket, access: Access) -> None:
        self._socket, self._access = socket, access
        self._session: RestSession | None = None

    async def fetch(
        self, operation: Operation, *, entity_type: str, kind: Kind, known: KnownIds, **parameters: object
    ) -> Fetched:
        """Read one list and have what it finds stored as `kind` where the mirror differs; `known` is ticked off.

        What came before the list broke off, or the socket ended, is stored all the same.
        """
        session = await self._access.rest_session(self._socket.lease)
        if isinstance(session, str):
            return nothing_fetched(session)
        self._session = session
        reserved = self._socket.reserve(MOST_LISTED, entity_type=entity_type)
        stream = ListStream(
            base_url=session.base_url,
            operation=operation,
            token=session.token,
            params=parameters,
            resolve=addresses_to_call,
            judge=judge_name,
        )
        count = unreadable = 0
        try:
            while stream.outcome is None:
                entities = await self._access.in_list_thread(stream.read)
                ids = await self._socket.put_listed(entities, kind=kind, reserved=reserved, first_place=count)
                if ids is None:
                    return nothing_fetched("the socket ended before the list had come")
                known.note(ids)
                count += len(ids)
                unreadable += ids.count(None)
        finally:
            self._access.close_list(stream)
        fetched, _ = read_entities(stream.outcome, b"[]")
        fetched.count = count - unreadable
        if unreadable and fetched.is_whole:
            fetched.note_unreadable()
        return fetched

    async def who_am_i(self) -> Outcome:
        """The answer to auth/me with the token of the last list."""
        session = self._session
        if session is None:
            return Unknown("nothing was asked")
        return await self._access.in_list_thread(partial(_ask, session=session))

    async def give_up_token(self, text: str) -> None:
        """Have the next list, and the next socket, go with a fresh token."""
        if self._session is not None:
            await self._access.reject_token(self._socket.lease, self._session.token)


def _ask(*, session: RestSession) -> Outcome:
    client = RestClient(base_url=session.base_url, resolve=addresses_to_call, judge=judge_name)
    try:
        return client.call(ME, token=session.token)
    finally:
        client.close()
