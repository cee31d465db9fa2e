"""Reading entities over REST by the shared operations, in calls the platform can take."""

from collections.abc import Iterable

from vendor_admin.tradovate.operations import MOST_IDS_IN_A_CALL, entity_operation
from vendor_admin.tradovate.outcomes import Outcome, Success, Unknown
from vendor_admin.tradovate.rest.client import RestClient


def fetch_list(client: RestClient, entity_type: str, *, token: str) -> Outcome:
    """Read every entity of a type; the body of Success is a list of objects. Raises NoSuchOperation."""
    return _as_list(client.call(entity_operation(entity_type, "list"), token=token))


def ids_by_call(ids: Iterable[int]) -> list[list[int]]:
    """Split ids into calls, each id once and in the order given. Its length is the number of calls needed."""
    unique = list(dict.fromkeys(ids))
    return [unique[start : start + MOST_IDS_IN_A_CALL] for start in range(0, len(unique), MOST_IDS_IN_A_CALL)]


def _as_list(outcome: Outcome) -> Outcome:
    """Refuse to take anything but a list of objects for the entities: an empty answer is not an empty list."""
    if not isinstance(outcome, Success):
        return outcome
    if isinstance(outcome.body, list) and all(isinstance(entity, dict) for entity in outcome.body):
        return outcome
    return Unknown("the platform answered with something that is not a list of entities")
