"""A vendor's program for tests: what it writes must succeed, and is settled by reading as if no answer had come."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.sandbox.plain_client import log_in
from vendor_admin.sandbox.running import RunningSandbox
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations import LookUp, Operation, Reading, Reversal, Write, entity_operation, write_at
from vendor_admin.tradovate.outcomes import Outcome, Rejected, Success, Unknown
from vendor_admin.tradovate.rest.client import RestClient

DEMO = Environment.DEMO


class Vendor:
    """A vendor's program that does every write twice over: it sends it, and settles it as if no answer had come."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self._token = log_in(sandbox)
        self._clients = {one: RestClient(base_url=sandbox.rest_url(one)) for one in Environment}
        self.ids: dict[str, Any] = sandbox.control("ids", organization=sandbox.organizations()[0]["id"])
        self._marks = (f"MARK{number:04d}" for number in range(10_000))
        self.undo: Reversal | None = None

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def entities(self, environment: Environment, entity_type: str) -> list[dict[str, Any]]:
        outcome = self._clients[environment].call(entity_operation(entity_type, "list"), token=self._token)
        assert isinstance(outcome, Success), outcome
        return list(outcome.body)

    def ask(self, operation: Operation, **parameters: object) -> Any:
        """Look something up on DEMO."""
        outcome = self._clients[DEMO].call(operation, token=self._token, params=parameters)
        assert isinstance(outcome, Success), outcome
        return outcome.body

    def sends(self, path: str, environment: Environment = DEMO, **body: Any) -> Outcome:
        """Send a write, and say what it came to."""
        write = write_at(path)
        request = write.read(body, now=datetime.now(UTC))
        return self._clients[environment].call(write.operation, token=self._token, body=write.body(request))

    def does(
        self, path: str, environment: Environment = DEMO, *, before: Any = None, can_be_read: bool = True, **body: Any
    ) -> Any:
        """Send a write of one item that must succeed, and hold the reading against it; returns the item's answer."""
        write, now, mark = write_at(path), datetime.now(UTC), next(self._marks)
        assert environment in write.operation.environments
        request = write.marked(write.read(body, now=now), mark)
        outcome = self._clients[environment].call(write.operation, token=self._token, body=write.body(request))
        assert isinstance(outcome, Success | Rejected | Unknown), outcome
        (item,) = write.outcomes(request, outcome)
        assert isinstance(item, Success), item
        found: dict[str, list[Any]] = {}
        for look_up in write.look_ups(request, environment):
            self._look_up(look_up, found)
        reading = Reading(environment, now, now + timedelta(minutes=2), found, mark, before)
        self._read_further(write, request, reading, found)
        assert write.happened(request, reading) is (True if can_be_read else None)
        self.undo = write.revert(request, before, item.body)
        return item.body

    def undoes(self, environment: Environment) -> Any:
        """Carry out the reversal of the last write."""
        assert self.undo is not None
        write = write_at(self.undo.path)
        return self.does(write.path, environment, **write.body(self.undo.request))

    def _look_up(self, look_up: LookUp, found: dict[str, list[Any]]) -> None:
        client = self._clients[look_up.environment]
        read = client.call(look_up.operation, token=self._token, params=look_up.parameters)
        entities = look_up.entities(read)
        assert entities is not None, (look_up, read)
        found.setdefault(look_up.entity_type, []).extend(entities)

    def _read_further(self, write: Write[Any], request: Any, reading: Reading, found: dict[str, list[Any]]) -> None:
        """Read what the found leads to; the reading looks at the same lists."""
        done: set[LookUp] = set()
        while more := [one for one in write.further(request, reading) if one not in done]:
            done.update(more)
            for look_up in more:
                self._look_up(look_up, found)
