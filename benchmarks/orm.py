"""The same rows through Django's ORM, one by one and in bulk: what the sync path is measured against."""

import datetime as dt
import itertools
from collections.abc import Iterable
from typing import Any

import msgspec

from benchmarks.installation import ENVIRONMENT
from vendor_admin.mirrors.columns import mirror_models, platform_columns
from vendor_admin.mirrors.models import GenericEntity
from vendor_admin.mirrors.models.base import Mirror
from vendor_admin.sync.log.rows import Row
from vendor_admin.sync.models import EntityEvent

USING = "hub"
KEY = ("organization_id", "entity_id", "environment")
_ids = itertools.count(1 << 60)


def save_one(row: Row) -> None:
    """The log by `save`, the mirror by `update_or_create`: two transactions, as everybody writes it first."""
    entity = msgspec.json.decode(row.entity)
    _log_entry(row, entity).save(force_insert=True, using=USING)
    model, values = _mirror_values(row, entity)
    key = {name: values.pop(name) for name in KEY}
    model.unscoped.using(USING).update_or_create(**key, defaults=values)


def save_bulk(rows: Iterable[Row]) -> None:
    """The log and each mirror by `bulk_create`, with the last row of each entity as in the product."""
    entries: list[EntityEvent] = []
    mirrors: dict[type[Mirror], dict[tuple[Any, ...], Mirror]] = {}
    for row in rows:
        entity = msgspec.json.decode(row.entity)
        entries.append(_log_entry(row, entity))
        model, values = _mirror_values(row, entity)
        mirrors.setdefault(model, {})[tuple(values[name] for name in KEY)] = model(**values)
    EntityEvent.unscoped.using(USING).bulk_create(entries)
    for model, found in mirrors.items():
        settable = [field.name for field in model._meta.concrete_fields if field.attname not in (*KEY, "id")]
        model.unscoped.using(USING).bulk_create(
            list(found.values()), update_conflicts=True, update_fields=settable, unique_fields=list(KEY)
        )


def _log_entry(row: Row, entity: dict[str, Any]) -> EntityEvent:
    return EntityEvent(
        id=next(_ids),
        organization_id=row.organization_id,
        environment=ENVIRONMENT,
        lease_id=row.lease_id,
        epoch=row.epoch,
        seq=row.seq,
        received_at=dt.datetime.fromisoformat(row.received_at),
        kind=row.kind,
        entity_type=row.entity_type,
        entity_id=row.entity_id,
        account_id=row.account_id,
        payload=entity,
    )


def _mirror_values(row: Row, entity: dict[str, Any]) -> tuple[type[Mirror], dict[str, Any]]:
    values: dict[str, Any] = {
        "organization_id": row.organization_id,
        "environment": row.environment,
        "entity_id": row.entity_id,
        "lease_id": row.lease_id,
        "epoch": row.epoch,
        "seq": row.seq,
        "received_at": dt.datetime.fromisoformat(row.received_at),
    }
    model = mirror_models().get(row.entity_type)
    if model is None:
        return GenericEntity, values | {"type_name": row.entity_type, "payload": entity}
    if model.account_is_derived:
        values["account_id"] = row.account_id
    for column in platform_columns(model):
        value = entity.get(column.json_key)
        if column.is_trade_date and value is not None:
            value = dt.date(value["year"], value["month"], value["day"])
        elif column.sql_type == "timestamp with time zone" and value is not None:
            value = dt.datetime.fromisoformat(value)
        values[column.name] = value
    return model, values
