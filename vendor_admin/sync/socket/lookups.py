"""Look-ups over a sync socket: questions that wait for their answer, and what an answer holds."""

import asyncio
from collections.abc import Mapping

import msgspec
import websockets
from websockets.asyncio.client import ClientConnection

from vendor_admin.sync.models import Kind
from vendor_admin.tradovate.errors import RequestNotPossible
from vendor_admin.tradovate.operations import Operation, query_of
from vendor_admin.tradovate.outcomes import NotSent, Outcome, Rejected, Success, Unauthorized, Unknown, WrongHost
from vendor_admin.tradovate.rest.list_stream import NO_LIST
from vendor_admin.tradovate.socket.sync_session import SyncSession

ANSWER_SECONDS = 60.0


class Fetched(msgspec.Struct):
    """What one look-up came to: the ids found, and whether those are all there are; else `problem` says why.

    `is_final`: asking again soon would bring the same. `is_refused`: the platform would not show it.
    `has_ended_socket`: the socket ended while it was open; `is_too_long`: because of the answer. `count` were found.
    """

    outcome: Outcome
    is_whole: bool
    problem: str = ""
    is_final: bool = False
    is_refused: bool = False
    has_ended_socket: bool = False
    is_too_long: bool = False
    count: int = 0
    ids: set[int] = msgspec.field(default_factory=set)

    def note_unreadable(self) -> None:
        """An entity of the answer could not be read: not all is known, and asking again soon would bring the same."""
        self.is_whole, self.is_final = False, True
        self.problem = "an entity of the answer could not be read; it is in quarantine"


class Question:
    """A look-up under way. What it finds is stored as `kind` where the mirror differs.

    `has_arrived` is set with the answer, `fetched` when its entities are queued for the writer.
    """

    def __init__(self, operation: Operation, entity_type: str, kind: Kind) -> None:
        self.operation, self.entity_type, self.kind = operation, entity_type, kind
        self.has_arrived = asyncio.Event()
        self.fetched: asyncio.Future[Fetched] = asyncio.get_running_loop().create_future()

    def answer(self, fetched: Fetched) -> None:
        """Wake who asked; only the first answer counts."""
        self.has_arrived.set()
        if not self.fetched.done():
            self.fetched.set_result(fetched)


class Questions:
    """The look-ups of a socket that are under way, by the number of their request."""

    def __init__(self) -> None:
        self._open: dict[int, Question] = {}

    def get(self, number: int) -> Question | None:
        return self._open.get(number)

    async def ask(
        self,
        question: Question,
        *,
        session: SyncSession,
        connection: ClientConnection,
        parameters: Mapping[str, object],
    ) -> Fetched:
        """Send a question over a live socket, parameters on the query line, and wait for its answer."""
        number = 0
        try:
            number = session.request(question.operation.path, query=query_of(dict(parameters)))
            self._open[number] = question
            for text in session.data_to_send():
                await connection.send(text)
            async with asyncio.timeout(ANSWER_SECONDS):
                await question.has_arrived.wait()
            return await question.fetched
        except (RequestNotPossible, TimeoutError, OSError, websockets.WebSocketException) as error:
            return nothing_fetched(str(error) or "the socket did not answer in time")
        finally:
            self._open.pop(number, None)

    def drop(self, *, is_too_long: bool = False) -> None:
        """The socket has ended, perhaps because of what it was asked: nothing will be answered any more."""
        why = "the answer is too long for a socket" if is_too_long else "the socket ended before it answered"
        for question in list(self._open.values()):
            fetched = nothing_fetched(why)
            fetched.has_ended_socket, fetched.is_too_long = True, is_too_long
            question.answer(fetched)


def nothing_fetched(reason: str) -> Fetched:
    """What a look-up without an answer comes to."""
    return Fetched(Unknown(reason), is_whole=False, problem=reason)


def read_entities(outcome: Outcome, body: bytes) -> tuple[Fetched, list[bytes]]:
    """Judge an answer, and cut it into the platform's own JSON; a type that a host does not know has no entities."""
    match outcome:
        case Success(body=list()):
            try:
                entities = [bytes(entity) for entity in msgspec.json.decode(body, type=list[msgspec.Raw])]
            except msgspec.MsgspecError:
                return Fetched(outcome, is_whole=False, problem=NO_LIST), []
            return Fetched(outcome, is_whole=True), entities
        case Success():
            problem = NO_LIST
        case Rejected(status=404) | WrongHost(status=404):  # a host that let the socket in is the right one
            problem = ""
        case Rejected(error_text=text):
            problem = text or "rejected"
        case Unauthorized(text=text):
            problem = f"not permitted: {text}"
        case Unknown(reason=reason) | NotSent(reason=reason):
            problem = reason
        case _:
            problem = str(outcome)
    is_refused = bool(problem) and isinstance(outcome, Rejected | Unauthorized)
    return Fetched(outcome, is_whole=False, problem=problem, is_final=is_refused, is_refused=is_refused), []
