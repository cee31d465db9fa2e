"""What rows of plans made at the platform: the ids of new members, accounts and limits."""

from collections.abc import Iterable, Sequence
from typing import Any

from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.operations.models import PlanRow
from vendor_admin.tradovate.catalogue.write import Write

_ID_FIELDS = {"user": "userId", "account": "accountId", "order": "orderId"}
"""Where the platform's answer has the id of what was made, by entity type; of all others it is `id`."""
_WITHIN = {"orderStrategy": "orderStrategy"}
"""The part of the answer that has it, where it is not the answer itself."""
_NAMED = ("user", "account")
"""What is found by its name where the answer was lost."""


def answered_id(row: PlanRow, write: Write[Any], *keys: str) -> int | None:
    """The id that the platform's answer to a write has below these keys; None where it was found by reading instead."""
    found = row.result.get(write.path)
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, int) else None


def made_id(row: PlanRow) -> int | None:
    """The id of what a row made, by the platform's answer; None where it was found by reading instead."""
    field, part = _ID_FIELDS.get(row.target_type, "id"), _WITHIN.get(row.target_type)
    told = [answer for answer in (row.result or {}).values() if isinstance(answer, dict)]
    answers = [answer.get(part) or {} for answer in told] if part else told
    return next((answer[field] for answer in answers if isinstance(answer.get(field), int)), None)


def made_ids(rows: Sequence[PlanRow], *, organization_id: int) -> dict[int, int]:
    """The ids of what these rows made, by the row's key: as the platform answered, else by their names in the mirrors.
    One query at most for each entity type.
    """
    new = [row for row in rows if row.target_id is None and row.state == PlanRow.State.SUCCEEDED]
    made = {row.pk: id_ for row in new if (id_ := made_id(row)) is not None}
    for entity_type in {row.target_type for row in new if row.pk not in made} & set(_NAMED):
        others = [row for row in new if row.target_type == entity_type and row.pk not in made]
        found = _by_name(entity_type, (row.new.get("name") for row in others), organization_id=organization_id)
        made |= {row.pk: id_ for row in others if (id_ := found.get((row.environment, row.new.get("name"))))}
    return made


def _by_name(entity_type: str, names: Iterable[object], *, organization_id: int) -> dict[tuple[str, Any], int]:
    model: Any = mirror_models()[entity_type]
    rows = model.objects.filter(
        organization_id=organization_id, name__in=[name for name in names if name], deleted_at__isnull=True
    )
    return {(environment, name): id_ for environment, name, id_ in rows.values_list("environment", "name", "entity_id")}
