"""Position limits and risk parameters: what both have in common for plans, and where they differ."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from risk.settings_schema import Settings
from vendor_admin.mirrors.models import UserAccountPositionLimit, UserAccountRiskParameter
from vendor_admin.mirrors.models.base import Mirror
from vendor_admin.mirrors.queries.account_summary import AccountSummary
from vendor_admin.mirrors.queries.accounts import asks_of_accounts, known_accounts
from vendor_admin.mirrors.readings import Ask
from vendor_admin.mirrors.rules.limits_in_words import position_limit_in_words
from vendor_admin.operations.kinds import Json
from vendor_admin.operations.plans.made import answered_id
from vendor_admin.tradovate.catalogue.write import Write
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations.position_limits import (
    CREATE_USER_ACCOUNT_POSITION_LIMIT,
    CREATE_USER_ACCOUNT_RISK_PARAMETER,
    DELETE_USER_ACCOUNT_POSITION_LIMIT,
    DELETE_USER_ACCOUNT_RISK_PARAMETER,
    UPDATE_USER_ACCOUNT_POSITION_LIMIT,
    UPDATE_USER_ACCOUNT_RISK_PARAMETER,
    LimitFields,
    ParameterFields,
)

DEMO = Environment.DEMO.value


@dataclass(frozen=True)
class SettingsResource:
    """Settings with an id of their own. `owner` is the field that says whose they are: an account or a position limit.

    `deletes_by` is the field of the id in the request that deletes one.
    """

    model: type[Mirror]
    word: str
    plural: str
    owner: str
    owner_attribute: str
    settings: Settings
    create: Write[Any]
    update: Write[Any]
    delete: Write[Any]
    deletes_by: str

    @property
    def entity_type(self) -> str:
        return self.model.entity_type

    def owner_of(self, row: Mirror) -> int | None:
        """The id of the account, or of the position limit, that a row belongs to."""
        found: int | None = getattr(row, self.owner_attribute)
        return found

    def values(self, row: Mirror) -> dict[str, Json]:
        """A row's settings, with whose they are."""
        return {self.owner: self.owner_of(row), **self.settings.of(row)}

    def label(self, account: AccountSummary | None, values: Mapping[str, Json]) -> str:
        """Whose settings, and which."""
        name = str(account) if account else "an account that is not known"
        if self.model is UserAccountPositionLimit:
            return f"{name}: {position_limit_in_words(_Values(values))}"
        return f"{name}: {self.word} of position limit {values.get(self.owner)}"


POSITION_LIMITS = SettingsResource(
    model=UserAccountPositionLimit,
    word="position limit",
    plural="position_limits",
    owner="accountId",
    owner_attribute="account_id",
    settings=Settings(LimitFields),
    create=CREATE_USER_ACCOUNT_POSITION_LIMIT,
    update=UPDATE_USER_ACCOUNT_POSITION_LIMIT,
    delete=DELETE_USER_ACCOUNT_POSITION_LIMIT,
    deletes_by="userAccountPositionLimitId",
)

RISK_PARAMETERS = SettingsResource(
    model=UserAccountRiskParameter,
    word="risk parameter",
    plural="risk_parameters",
    owner="userAccountPositionLimitId",
    owner_attribute="user_account_position_limit_id",
    settings=Settings(ParameterFields),
    create=CREATE_USER_ACCOUNT_RISK_PARAMETER,
    update=UPDATE_USER_ACCOUNT_RISK_PARAMETER,
    delete=DELETE_USER_ACCOUNT_RISK_PARAMETER,
    deletes_by="userAccountRiskParameterId",
)


def rows_by_id(resource: SettingsResource, ids: Iterable[int | None], *, organization_id: int) -> dict[int, Any]:
    """The rows that are known of these and not deleted. One query."""
    wanted = sorted({one for one in ids if one is not None})
    found = resource.model.objects.filter(
        organization_id=organization_id, environment=DEMO, entity_id__in=wanted, deleted_at__isnull=True
    )
    return {row.entity_id: row for row in found}


def accounts_of(
    resource: SettingsResource, owner_ids: Iterable[int | None], *, organization_id: int, now: datetime
) -> dict[int, AccountSummary]:
    """The accounts behind these owners that are known, by the owner's id. Six queries at most."""
    ids = [one for one in owner_ids if one is not None]
    if resource.model is UserAccountPositionLimit:
        return known_accounts(ids, organization_id=organization_id, now=now)
    limits = rows_by_id(POSITION_LIMITS, ids, organization_id=organization_id)
    accounts = known_accounts((one.account_id for one in limits.values()), organization_id=organization_id, now=now)
    return {id_: accounts[limit.account_id] for id_, limit in limits.items() if limit.account_id in accounts}


def asks_by_owner(resource: SettingsResource, owner_ids: Iterable[int | None], *, organization_id: int) -> list[Ask]:
    """What `accounts_of` these owners depends on. One query at most."""
    ids = list(owner_ids)
    if resource.model is UserAccountPositionLimit:
        return asks_of_accounts(ids)
    limits = rows_by_id(POSITION_LIMITS, ids, organization_id=organization_id).values()
    accounts = asks_of_accounts(limit.account_id for limit in limits)
    return [Ask(DEMO, UserAccountPositionLimit.entity_type, ids), *accounts]


def asks_by_id(resource: SettingsResource, ids: Iterable[int | None], *, organization_id: int) -> list[Ask]:
    """What changing or deleting these depends on: themselves, what hangs on them, and their accounts. Whose they are
    never changes. Two queries at most.
    """
    wanted = list(ids)
    rows = rows_by_id(resource, wanted, organization_id=organization_id)
    asks = [Ask(DEMO, resource.entity_type, wanted)]
    if resource.model is UserAccountPositionLimit:
        asks.append(Ask(DEMO, UserAccountRiskParameter.entity_type, wanted, by_master=True))
    owners = (resource.owner_of(row) for row in rows.values())
    return asks + asks_by_owner(resource, owners, organization_id=organization_id)


def made_ids(resource: SettingsResource, rows: Sequence[Any], *, organization_id: int) -> dict[int, int]:
    """The ids of what was made for these rows of a plan, by the row's key: as answered, else the one that looks so."""
    made = {row.pk: id_ for row in rows if (id_ := answered_id(row, resource.create, "id")) is not None}
    others = [row for row in rows if row.pk not in made]
    if not others:
        return made
    owners = [row.new[resource.owner] for row in others]
    of_owner = resource.model.objects.filter(
        organization_id=organization_id,
        environment=DEMO,
        deleted_at__isnull=True,
        **{f"{resource.owner_attribute}__in": owners},
    ).order_by("-entity_id")
    candidates = [(resource.values(row), row.entity_id) for row in of_owner if row.entity_id not in made.values()]
    for row in others:
        match = next((one for one in candidates if _is_like(one[0], row.new)), None)
        if match is not None:
            candidates.remove(match)
            made[row.pk] = match[1]
    return made


def _is_like(values: Mapping[str, Json], new: Mapping[str, Json]) -> bool:
    return all(values.get(name) == new.get(name) for name in {**values, **new})


class _Values:
    """Values by the platform's names as attributes, for functions that read a mirror's row."""

    def __init__(self, values: Mapping[str, Json]) -> None:
        self.long_limit = values.get("longLimit")
        self.short_limit = values.get("shortLimit")
        self.exposed_limit = values.get("exposedLimit")
        self.total_by = values.get("totalBy")
