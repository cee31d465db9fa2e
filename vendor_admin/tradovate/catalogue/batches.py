"""Several items in one call: how many fit, and how an answer tells about each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vendor_admin.tradovate.outcomes import Json, Rejected, Success, Unknown

Settled = Success | Rejected | Unknown
"""What every item ends as. The other outcomes say that the call as a whole has to be made again."""

_REFUSED_AS_A_WHOLE = 400  # malformed: nothing of it was read


@dataclass(frozen=True, slots=True)
class InOrder:
    """The list `field` of the answer has one result per item, in the order of the request.

    A result is good if it has no error and names what was made in `id_field`.
    """

    field: str
    id_field: str


@dataclass(frozen=True, slots=True)
class ByKey:
    """The list `field` of the answer has what was done: each result's `entity` has the item's `item_key` as its id."""

    field: str
    entity: str
    item_key: str


@dataclass(frozen=True, slots=True)
class Batch:
    """One list of the request may hold several items, at most `most` of them.

    `attribute` is the list's name in Python, `field` on the wire. `answers` says how results are matched; None if one
    answer speaks for all. `is_documented` is False where no document gives a size, and `most` is ours.
    """

    attribute: str
    field: str
    most: int
    answers: InOrder | ByKey | None = None
    is_documented: bool = True


def item_outcomes(batch: Batch, items: Sequence[Any], outcome: Settled) -> tuple[Settled, ...]:
    """Split the outcome of a call into one per item, in the order of the items (their bodies on the wire)."""
    if isinstance(outcome, Unknown):
        return (outcome,) * len(items)
    match batch.answers:
        case InOrder() as answers:
            return _in_order(answers, len(items), outcome)
        case ByKey() as answers:
            return _by_key(answers, items, outcome)
        case _:
            return (_for_all(outcome, len(items)),) * len(items)


def _in_order(answers: InOrder, count: int, outcome: Success | Rejected) -> tuple[Settled, ...]:
    results = _list_in(outcome.body, answers.field)
    if not results and isinstance(outcome, Rejected):
        return (outcome,) * count
    if results is None or len(results) != count:
        answered = "no results" if results is None else f"{len(results)} results"
        return (Unknown(f"the platform answered with {answered} for {count} items{_words(outcome)}"),) * count
    codes = {error.position: error.error_code for error in getattr(outcome, "item_errors", ())}
    texts = {error.position: error.error_text for error in getattr(outcome, "item_errors", ())}
    return tuple(
        _rejected(result, texts[position], codes[position])
        if position in texts
        else _made(result, answers.id_field, outcome)
        for position, result in enumerate(results)
    )


def _made(result: Json, id_field: str, outcome: Success | Rejected) -> Settled:
    made = result.get(id_field) if isinstance(result, Mapping) else None
    if isinstance(made, int) and not isinstance(made, bool):
        return Success(result)
    return Unknown(f"the platform's result has neither an error nor {id_field}{_words(outcome)}")


def _rejected(result: Json, text: str, code: str | None) -> Rejected:
    """With the platform's own text in full, which an ItemError may have cut."""
    own = result.get("errorText") if isinstance(result, Mapping) else None
    return Rejected(own if isinstance(own, str) and own else text, 200, error_code=code, body=result)


def _by_key(answers: ByKey, items: Sequence[Any], outcome: Success | Rejected) -> tuple[Settled, ...]:
    results = _list_in(outcome.body, answers.field)
    if results is None:
        return (_for_all(outcome, len(items)),) * len(items)
    done = {
        result[answers.entity].get("id"): result
        for result in results
        if isinstance(result, Mapping) and isinstance(result.get(answers.entity), Mapping)
    }
    return tuple(_keyed(done.get(item[answers.item_key]), outcome) for item in items)


def _keyed(result: Json, outcome: Success | Rejected) -> Settled:
    if result is not None:
        return Success(result)
    if isinstance(outcome, Rejected):
        return outcome
    return Unknown("the platform's answer does not name this item")


def _for_all(outcome: Success | Rejected, count: int) -> Settled:
    """One answer for all items. A refusal does not say which of several it was about, or what was done before it."""
    if isinstance(outcome, Success) or count == 1 or outcome.status == _REFUSED_AS_A_WHOLE:
        return outcome
    return Unknown(f"the platform refused the call as a whole, which may be about some of its items: {_text(outcome)}")


def _list_in(body: Json, field: str) -> list[Json] | None:
    found = body.get(field) if isinstance(body, Mapping) else None
    return found if isinstance(found, list) else None


def _words(outcome: Success | Rejected) -> str:
    return f": {_text(outcome)}" if isinstance(outcome, Rejected) else ""


def _text(outcome: Rejected) -> str:
    own = outcome.body.get("errorText") if isinstance(outcome.body, Mapping) else None
    return own if isinstance(own, str) and own else outcome.error_text
