"""What one sync request asked for: which changes pass, and the snapshot in parts."""

import dataclasses
from collections.abc import Iterator
from itertools import islice
from typing import Any

from vendor_admin.sandbox.oauth.delegation import may_see
from vendor_admin.sandbox.world.entities import ALWAYS_SENT, EXEMPT_FROM_FILTER, KINDS, SNAPSHOT_KINDS
from vendor_admin.sandbox.world.state import Entity, View
from vendor_admin.tradovate.enums import Environment


class BadSyncRequestError(Exception):
    """The request's fields contradict each other or have the wrong form."""


@dataclasses.dataclass(frozen=True)
class Shard:
    """Ids whose modulus equals the remainder. Entities without the key belong to remainder 0: shards are disjoint."""

    by_account: bool
    divisor: int
    remainder: int

    def takes(self, account_id: int | None, user_id: int | None) -> bool:
        """Whether an entity with these ids belongs to this shard."""
        key = account_id if self.by_account else user_id
        return (key or 0) % self.divisor == self.remainder


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scope:
    """The filter of one sync request.

    Without `entityTypes` only users and contract groups pass. `users` and `accounts` narrow what carries such an id;
    the administrator's own id among `users` means everybody. A member's scope holds the member's own entities only.
    """

    entity_types: frozenset[str] = frozenset()
    shard: Shard | None = None
    users: frozenset[int] = frozenset()
    accounts: frozenset[int] = frozenset()
    split: bool = False
    member_id: int | None = None

    def passes(self, entity_type: str, account_id: int | None, user_id: int | None) -> bool:
        """Whether an entity is sent to this socket."""
        if self.member_id is not None and not may_see(
            self.member_id, entity_type, account_id=account_id, user_id=user_id
        ):
            return False
        known = entity_type in self.entity_types or entity_type in ALWAYS_SENT or entity_type in EXEMPT_FROM_FILTER
        if not known or (self.shard is not None and not self.shard.takes(account_id, user_id)):
            return False
        if self.users and user_id is not None and user_id not in self.users:
            return False
        return not (self.accounts and account_id is not None and account_id not in self.accounts)


def read_scope(body: dict[str, Any], *, admin_user_id: int, member_id: int | None = None) -> Scope:  # Any: JSON values
    """The filter in a sync request's body; raises BadSyncRequestError with the text to answer."""
    entity_types, users, accounts = (body.get(name) or [] for name in ("entityTypes", "users", "accounts"))
    if not all(isinstance(value, list) for value in (entity_types, users, accounts)):
        raise BadSyncRequestError("entityTypes, users and accounts must be lists")
    sharding = body.get("shardingExpression")
    if sharding and (users or accounts):
        raise BadSyncRequestError("shardingExpression cannot be used together with users or accounts")
    if entity_types and users:
        raise BadSyncRequestError("entityTypes cannot be used together with users")
    everybody = admin_user_id in users
    return Scope(
        entity_types=frozenset(KINDS if users and not entity_types else map(str, entity_types)),
        shard=_read_shard(sharding) if sharding else None,
        users=frozenset() if everybody else frozenset(users),
        accounts=frozenset(accounts),
        split=body.get("splitResponses") is True,
        member_id=member_id,
    )


def _read_shard(sharding: Any) -> Shard:  # Any: a JSON value
    kinds = {"modAccountId": True, "modUserId": False}
    try:
        shard = Shard(kinds[sharding["expressionType"]], int(sharding["divisor"]), int(sharding["remainder"]))
    except (KeyError, TypeError, ValueError):
        raise BadSyncRequestError("Invalid shardingExpression") from None
    if shard.divisor < 1 or not 0 <= shard.remainder < shard.divisor:
        raise BadSyncRequestError("Invalid shardingExpression")
    return shard


Part = list[tuple[str, str, list[Entity]]]


def parts(view: View, environment: Environment, scope: Scope, *, size: int) -> Iterator[Part]:
    """The snapshot in parts of about `size` entities, each read from the world when it is taken from here.

    The first hold users and contract groups; there is no end marker. `size` 0 gives everything in one part.
    """
    part: Part = []
    room = size
    for kind in SNAPSHOT_KINDS:
        always = kind.name in ALWAYS_SENT
        if environment not in kind.environments or not (always or kind.name in scope.entity_types):
            continue
        if size and part and not always and part[-1][0] in ALWAYS_SENT:
            yield part
            part, room = [], size
        for entities in _chunks(view, kind.name, scope, size=size):
            if part and part[-1][0] == kind.name:
                yield part
                part, room = [], size
            part.append((kind.name, kind.collection, entities))
            room -= len(entities) + 1
            if size and room <= 0 and len(part) > 1:
                yield part
                part, room = [], size
    if part:
        yield part


def _chunks(view: View, entity_type: str, scope: Scope, *, size: int) -> Iterator[list[Entity]]:
    """What passes of one type, `size` at a time (0: at once); one empty chunk where nothing does.

    Hundreds of thousands are looked at as they are taken: the platform's other answers do not wait for it.
    """
    passing = _passing(view, entity_type, scope)
    chunk = list(islice(passing, size or None))
    yield chunk
    while size and (chunk := list(islice(passing, size))):
        yield chunk


def _passing(view: View, entity_type: str, scope: Scope) -> Iterator[Entity]:
    for known in list(view.all(entity_type)):
        record = view.get(entity_type, known.entity["id"])
        if record is not None and scope.passes(entity_type, record.account_id, record.user_id):
            yield record.entity
