"""The platform's operations, the same over REST and over a socket: endpoint, parameters and caller in, answer out."""

import dataclasses
import json
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from vendor_admin.sandbox.oauth.delegation import may_see
from vendor_admin.sandbox.world.entities import KINDS, Kind
from vendor_admin.sandbox.world.state import Organization, Record, View
from vendor_admin.tradovate.enums import Environment

MOST_IDS = 10
_SPELLINGS = {name.lower(): name for name in KINDS}


@dataclasses.dataclass(frozen=True)
class Delivery:
    """How an answer reaches its caller: after a wait, and not at all when it is cut."""

    wait_seconds: float
    is_cut: bool = False


@dataclasses.dataclass(frozen=True)
class Answer:
    """Status and body. `body` None is an empty body; a `str` is plain text on REST, which alone has a `location`."""

    status: int
    body: Any = None  # Any: any JSON value
    delivery: Delivery | None = None
    location: str = ""

    @property
    def is_failure(self) -> bool:
        """Whether the platform counts the call as failed: it says so, or every item of a batch does."""
        if self.status >= 400:
            return True
        if not isinstance(self.body, dict):
            return False
        results = self.body.get("results")
        return (
            any(self.body.get(name) for name in ("errorText", "failureText", "violations"))
            or self.body.get("ok") is False
            or (isinstance(results, list) and all(item.get("errorText") for item in results))
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Call:
    """One call as it came in over REST or a socket.

    `host` is the address it came in at, `target` its path and query; `meant` is whose call it is by its body, where
    it carries no token.
    """

    environment: Environment
    endpoint: str
    query: Mapping[str, str]
    body: str
    address: str
    token: str = ""
    organization: Organization | None = None
    member_id: int | None = None
    host: str = ""
    target: str = ""
    meant: Organization | None = None
    is_on_open_socket: bool = False

    @property
    def name(self) -> str:
        """The endpoint with its action in lower case, as limits and rules know it."""
        entity, action = split_endpoint(self.endpoint)
        return f"{entity}/{action}"

    @property
    def caller(self) -> str:
        """Whose calls this one counts among: the user's, or the address's without a token."""
        user_id = self.member_id or (self.organization.admin_user_id if self.organization else None)
        return f"user {user_id}" if user_id else self.address


class BadRequestError(Exception):
    """A parameter is missing or no number."""


def not_found(endpoint: str) -> Answer:
    """The answer for a path the platform does not have."""
    return Answer(404, f"Not found: {endpoint}")


def read_query(query: str) -> dict[str, str]:
    """`a=1&b=2` as a mapping with lower-case names."""
    return {name.lower(): value for name, value in urllib.parse.parse_qsl(query, keep_blank_values=True)}


def without_ticket(body: str) -> str:
    """A body's meaning without the penalty ticket, to tell whether the same call was sent again."""
    try:
        value = json.loads(body)
    except ValueError:
        return body
    if isinstance(value, dict):
        value.pop("p-ticket", None)
    return json.dumps(value, sort_keys=True)


def split_endpoint(endpoint: str) -> tuple[str, str]:
    """Entity type and action. Their case does not matter: an example of the platform's writes an entity type small."""
    entity, _, action = endpoint.strip("/").partition("/")
    return _SPELLINGS.get(entity.lower(), entity), action.lower()


def read_entities(
    view: View,
    environment: Environment,
    organization: Organization,
    endpoint: str,
    query: Mapping[str, str],
    *,
    member_id: int | None = None,
) -> Answer:
    """Answer one of the shared entity operations, or 404 where the platform has none of that name."""
    entity_type, action = split_endpoint(endpoint)
    kind = KINDS.get(entity_type)
    if kind is None or action not in kind.operations or environment not in kind.environments:
        return not_found(endpoint)
    scope = _Scope(view, kind, organization, member_id)
    try:
        return _ACTIONS[action](scope, query)
    except BadRequestError as error:
        return Answer(400, str(error))


@dataclasses.dataclass(frozen=True)
class _Scope:
    """What one call may look at. A key without the vendor flag and a member see their own user's entities only."""

    view: View
    kind: Kind
    organization: Organization
    member_id: int | None

    def visible(self, record: Record | None) -> bool:
        if record is None:
            return False
        if self.member_id is not None:
            return may_see(self.member_id, self.kind.name, account_id=record.account_id, user_id=record.user_id)
        return self.organization.is_vendor or record.user_id in (None, self.organization.admin_user_id)

    def get(self, entity_id: int) -> Record | None:
        record = self.view.get(self.kind.name, entity_id)
        return record if self.visible(record) else None

    def all(self) -> Iterator[Record]:
        return filter(self.visible, self.view.all(self.kind.name))

    def dependents(self, master_id: int) -> Iterator[Record]:
        return filter(self.visible, self.view.dependents(self.kind.name, master_id))


def _parameter(query: Mapping[str, str], name: str) -> str:
    if name not in query:
        raise BadRequestError(f'Missing parameter "{name}"')
    return query[name]


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadRequestError(f"Not a number: {text[:40]}") from None


def _numbers(text: str) -> list[int]:
    return [_number(part) for part in text.split(",") if part.strip()]


def _list(scope: _Scope, query: Mapping[str, str]) -> Answer:
    return Answer(200, [record.entity for record in scope.all()])


def _item(scope: _Scope, query: Mapping[str, str]) -> Answer:
    record = scope.get(_number(_parameter(query, "id")))
    return Answer(200, record.entity) if record else Answer(404, "Not found")


def _items(scope: _Scope, query: Mapping[str, str]) -> Answer:
    """Unknown ids are left out; more than about ten ids give an empty 404, as seen in the field."""
    ids = _numbers(_parameter(query, "ids"))
    if len(ids) > MOST_IDS:
        return Answer(404)
    return Answer(200, [record.entity for record in map(scope.get, ids) if record])


def _deps(scope: _Scope, query: Mapping[str, str]) -> Answer:
    master_id = _number(_parameter(query, "masterid"))
    return Answer(200, [record.entity for record in scope.dependents(master_id)])


def _ldeps(scope: _Scope, query: Mapping[str, str]) -> Answer:
    master_ids = _numbers(_parameter(query, "masterids"))
    if len(master_ids) > MOST_IDS:
        return Answer(404)
    return Answer(200, [record.entity for master_id in master_ids for record in scope.dependents(master_id)])


def _named(scope: _Scope, name: str) -> dict[str, Any] | None:  # Any: an entity
    return next((record.entity for record in scope.all() if str(record.entity.get("name")) == name), None)


def _find(scope: _Scope, query: Mapping[str, str]) -> Answer:
    if scope.kind.name == "position":
        return _find_position(scope, query)
    entity = _named(scope, _parameter(query, "name"))
    return Answer(200, entity) if entity else Answer(404, "Not found")


def _find_position(scope: _Scope, query: Mapping[str, str]) -> Answer:
    account_id = _number(_parameter(query, "accountid"))
    contract_id = _number(_parameter(query, "contractid"))
    for record in scope.dependents(account_id):
        if record.entity["contractId"] == contract_id:
            return Answer(200, record.entity)
    return Answer(404, "Not found")


def _finds(scope: _Scope, query: Mapping[str, str]) -> Answer:
    found = (_named(scope, name) for name in _parameter(query, "names").split(","))
    return Answer(200, [entity for entity in found if entity])


def _suggest(scope: _Scope, query: Mapping[str, str]) -> Answer:
    text, most = _parameter(query, "t").lower(), _number(_parameter(query, "l"))
    matching = [record.entity for record in scope.all() if str(record.entity.get("name", "")).lower().startswith(text)]
    return Answer(200, matching[: max(0, most)])


_ACTIONS: dict[str, Callable[[_Scope, Mapping[str, str]], Answer]] = {
    "list": _list,
    "item": _item,
    "items": _items,
    "deps": _deps,
    "ldeps": _ldeps,
    "find": _find,
    "finds": _finds,
    "suggest": _suggest,
}
