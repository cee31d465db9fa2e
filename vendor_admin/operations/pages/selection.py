"""Which rows were chosen on a list or a page, read from the address line.

`id=7&id=9` are rows by platform id; `all=1&filter=…` is every row of the list with the filters of that query string.
"""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from django.contrib import admin
from django.http import Http404, HttpRequest

from vendor_admin.amounts import read_id
from vendor_admin.errors import Fault, InvalidFields
from vendor_admin.listing import lists
from vendor_admin.listing.admin_base import NARROW_IT
from vendor_admin.mirrors.admin.mirror_admin import MirrorAdmin
from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.mirrors.models.base import Mirror
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.operations.actions import Action, Selection
from vendor_admin.operations.plans.preview import MOST_TARGETS

NAMED = 8
MOST_WORDS_OF_FILTER = 50


@dataclass(frozen=True, slots=True)
class Chosen:
    """A selection, and how it is shown: the first names, and why it cannot be used, if so."""

    selection: Selection
    names: tuple[str, ...] = ()
    is_all: bool = False
    problem: str = ""

    @property
    def count(self) -> int:
        return len(self.selection.ids)

    @property
    def more(self) -> int:
        """How many are chosen beside those named."""
        return self.count - len(self.names)


def read_selection(request: HttpRequest, *, action: Action, organization_id: int, now: datetime) -> Chosen:
    """What the address line chooses. Raises Http404 for an entity type that the action is not offered on."""
    if not action.takes_selection:
        return Chosen(Selection(organization_id, now))
    entity_type = request.GET.get("type", "")
    model = mirror_models().get(entity_type)
    if model is None or entity_type not in action.on:
        raise Http404(f"{action.label} is not offered here.")
    is_all, problem = "all" in request.GET, ""
    try:
        ids = _matching(request, model) if is_all else _named_ids(request.GET.getlist("id"))
    except (InvalidFields, lists.TooSlow) as error:
        ids, problem = (), error.text or NARROW_IT
    if len(ids) > MOST_TARGETS:
        problem = f"One plan takes up to {MOST_TARGETS:,} rows, and more are chosen. Narrow the list by filters."
    elif not ids and not problem:
        problem = "Nothing is chosen. Go back to the list and mark the rows."
    selection = Selection(organization_id, now, entity_type, () if problem else ids)
    first = selection.ids[:NAMED]
    rows = load(model, organization_id=organization_id, ids=first)
    return Chosen(selection, tuple(str(rows.get(id_) or id_) for id_ in first), is_all, problem)


def _named_ids(words: list[str]) -> tuple[int, ...]:
    """Ids as they stand in the address line; raises InvalidFields for anything else."""
    ids = []
    for word in words:
        id_ = read_id(word)
        if id_ is None:
            raise InvalidFields([Fault("id", "invalid", f"“{word[:40]}” is no platform id.")])
        ids.append(id_)
    return tuple(dict.fromkeys(ids))


def _matching(request: HttpRequest, model: type[Mirror]) -> tuple[int, ...]:
    """The ids of every row of a list, one more than a plan may take; raises InvalidFields, and TooSlow."""
    page = admin.site._registry.get(model)
    if not isinstance(page, MirrorAdmin):
        raise Http404("There is no list of these.")
    query = parse_qsl(request.GET.get("filter", ""), max_num_fields=MOST_WORDS_OF_FILTER)
    filtered = lists.narrow(page.get_queryset(request), filters=page.dynamic_filters(request), chosen=dict(query))
    if filtered.problems:
        raise InvalidFields([Fault("filter", "invalid", " ".join(filtered.problems))])
    ids = lists.read_all(
        filtered.rows.order_by("-entity_id").values_list("entity_id", flat=True), most=MOST_TARGETS + 1
    )
    return tuple(dict.fromkeys(ids))
