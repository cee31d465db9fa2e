"""How the fields of a mirror model map to the keys of the platform's JSON. The writer's SQL comes from here."""

from dataclasses import dataclass
from functools import cache

from django.apps import apps
from django.db import connection

from vendor_admin.mirrors.models import GenericEntity
from vendor_admin.mirrors.models.base import Mirror, PlatformIdField

_OWN_SPELLING = {
    "realized_pnl": "realizedPnL",
    "week_realized_pnl": "weekRealizedPnL",
    "amount_sod": "amountSOD",
    "platform_organization_id": "organizationId",
}


@dataclass(frozen=True)
class Column:
    """One column: its name, the JSON key it comes from, its SQL type, and whether it holds the id of an entity."""

    name: str
    json_key: str
    sql_type: str
    is_id: bool = False

    @property
    def is_trade_date(self) -> bool:
        return self.sql_type == "date"

    @property
    def is_time_of_day(self) -> bool:
        return self.sql_type == "time"

    @property
    def is_text(self) -> bool:
        return self.sql_type == "text"

    @property
    def is_time(self) -> bool:
        return self.sql_type == "timestamp with time zone"


def json_key(field_name: str) -> str:
    """The platform's name of a field: realized_pnl -> realizedPnL, account_id -> accountId."""
    if field_name in _OWN_SPELLING:
        return _OWN_SPELLING[field_name]
    first, *rest = field_name.split("_")
    return first + "".join(part.capitalize() for part in rest)


@cache
def mirror_models() -> dict[str, type[Mirror]]:
    """Typed mirror models by entity type."""
    return {
        model.entity_type: model
        for model in apps.get_app_config("mirrors").get_models()
        if issubclass(model, Mirror) and model is not GenericEntity
    }


@cache
def platform_columns(model: type[Mirror]) -> tuple[Column, ...]:
    """The columns that the platform's JSON fills, without the entity's id and without a derived account id."""
    common = {field.name for field in Mirror._meta.get_fields()}
    columns = []
    for field in model._meta.concrete_fields:
        if field.name in common or (model.account_is_derived and field.name == "account_id"):
            continue
        sql_type, is_id = str(field.db_type(connection)), isinstance(field, PlatformIdField)
        columns.append(Column(str(field.column), json_key(str(field.column)), sql_type, is_id))
    return tuple(columns)
