"""Who signed the market data agreement, without which the platform gives no Sim+.

The platform tells of a signature by a notice that passes every filter of entity types: an adminAlertSignal of LIVE, or
on the DEMO socket an OtherEnvAdminAlertSignal, around one or in its place. Both are kept in the mirror of other
entities. A notice that came while nobody listened is not repeated; but whoever holds or held Sim+ has signed.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, NullIf

from vendor_admin.mirrors.models import Entitlement, GenericEntity, UserPlugin
from vendor_admin.tradovate.values import id_of, time_of

NOTICE, WRAPPED_NOTICE = "adminAlertSignal", "OtherEnvAdminAlertSignal"
_SIGNER_KEYS = ("relatedToUserId", "subjectId")
_NO_ID = Value("0", output_field=TextField())
_SIM_PLUS_WORDS = ("tprop", "simplus")


def is_sim_plus(one: Entitlement | UserPlugin) -> bool:
    """Whether this is Sim+, which is also called T-Prop."""
    names = (one.plugin_name,) if isinstance(one, UserPlugin) else (one.name, one.title)
    return any(word in _plain(name) for name in names for word in _SIM_PLUS_WORDS)


def signature_in(type_name: str, payload: Mapping[str, object]) -> tuple[int, datetime | None] | None:
    """Who signed, and when, by a notice as it was received; None for notices of anything else."""
    signal = payload.get(NOTICE, payload) if type_name == WRAPPED_NOTICE else payload
    if type_name not in (NOTICE, WRAPPED_NOTICE) or not isinstance(signal, Mapping):
        return None
    text = str(signal.get("text", "")).casefold()
    if "agreement" not in text or "sign" not in text:
        return None
    signer = next((found for key in _SIGNER_KEYS if (found := id_of(signal.get(key))) is not None), None)
    return None if signer is None else (signer, time_of(signal.get("timestamp")))


def signatures_of(user_ids: Iterable[int | None], *, organization_id: int) -> dict[int, datetime | None]:
    """When each of these members signed, by the notices that came; those without one are left out. One query."""
    ids = {one for one in user_ids if one is not None}
    paths = [f"payload__{key}" for key in _SIGNER_KEYS] + [f"payload__{NOTICE}__{key}" for key in _SIGNER_KEYS]
    notices = (
        GenericEntity.objects.filter(organization_id=organization_id, type_name__in=(NOTICE, WRAPPED_NOTICE))
        .annotate(signer=Coalesce(*(NullIf(KT(path), _NO_ID) for path in paths)))
        .filter(signer__in=[str(one) for one in ids])
        .order_by("entity_id")
    )
    signed: dict[int, datetime | None] = {}
    for type_name, payload in notices.values_list("type_name", "payload"):
        found = signature_in(type_name, payload)
        if found is not None and found[0] in ids:
            signed.setdefault(*found)
    return signed


def _plain(name: str | None) -> str:
    """Letters and digits alone: "T-Prop" is "tprop", "Sim+" is "simplus"."""
    return re.sub(r"[^a-z0-9]", "", (name or "").casefold().replace("+", "plus"))
