"""Filters of lists, declared with django-filter. Each is served by an index, so that no list reads a whole table.

A filter that is only quick together with another one says so in `needs`.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import Field
from django.utils.dateparse import parse_date
from django_filters.rest_framework import FilterSet

from vendor_admin.amounts import read_id
from vendor_admin.moments import FIRST_YEAR, LAST_YEAR, read_moment
from vendor_admin.partner_api.request_errors import InvalidParameters, ParameterFault

MOST_IDS = 200
LONGEST_WORD = 200
NEEDS_ANOTHER = "needs_another_parameter"


class _IdsField(Field):
    def to_python(self, value: Any) -> list[int] | None:
        if value in (None, ""):
            return None
        words = str(value).split(",")
        ids = [read_id(word) for word in words]
        if len(words) > MOST_IDS:
            raise ValidationError(f"takes {MOST_IDS} ids at most.")
        if None in ids:
            raise ValidationError("takes platform ids: digits, with commas between them.")
        return [id_ for id_ in ids if id_ is not None]


class _WordField(Field):
    def to_python(self, value: Any) -> str | None:
        if value in (None, ""):
            return None
        word = str(value)
        if len(word) > LONGEST_WORD:
            raise ValidationError(f"takes {LONGEST_WORD} characters at most.")
        return word


class _FlagField(Field):
    def to_python(self, value: Any) -> bool | None:
        if value in (None, ""):
            return None
        if value not in ("true", "false"):
            raise ValidationError("takes true or false.")
        return bool(value == "true")


class _DayField(Field):
    def to_python(self, value: Any) -> date | None:
        if value in (None, ""):
            return None
        try:
            day = parse_date(str(value))
        except ValueError:
            day = None
        if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValidationError("takes a day: 2026-11-20.")
        return day


class _MomentField(Field):
    def to_python(self, value: Any) -> datetime | None:
        if value in (None, ""):
            return None
        moment = read_moment(str(value))
        if moment is None:
            raise ValidationError("takes a time in RFC 3339: 2026-11-20T15:00:00Z.")
        return moment


class IdsFilter(django_filters.Filter):
    """Platform ids, one or several with commas between them."""

    schema: ClassVar[dict[str, object]] = {"type": "string", "pattern": "^[0-9]{1,18}(,[0-9]{1,18})*$"}
    field_class = _IdsField

    def filter(self, qs: QuerySet[Any], value: list[int] | None) -> QuerySet[Any]:
        if value is None:
            return qs
        if len(value) == 1:
            return qs.filter(**{self.field_name: value[0]})
        return qs.filter(**{f"{self.field_name}__in": value})


class WordFilter(django_filters.Filter):
    """A text, as a whole."""

    schema: ClassVar[dict[str, object]] = {"type": "string", "minLength": 1, "maxLength": LONGEST_WORD}
    field_class = _WordField


class FlagFilter(django_filters.Filter):
    """true or false."""

    schema: ClassVar[dict[str, object]] = {"type": "boolean"}
    field_class = _FlagField


class DayFilter(django_filters.Filter):
    """A day."""

    schema: ClassVar[dict[str, object]] = {"type": "string", "format": "date"}
    field_class = _DayField


class MomentFilter(django_filters.Filter):
    """A time."""

    schema: ClassVar[dict[str, object]] = {"type": "string", "format": "date-time"}
    field_class = _MomentField


class WordChoiceFilter(django_filters.ChoiceFilter):
    """One of a few words."""

    def __init__(self, words: Sequence[str], **options: Any) -> None:
        super().__init__(choices=[(word, word) for word in words], **options)


class Filters(FilterSet):
    """The filters of a list. `needs`: the filters of which one must be there beside a filter."""

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    @classmethod
    def names(cls) -> list[str]:
        return list(cls.base_filters)

    @property
    def organization_id(self) -> int:
        organization_id: int = self.request.auth.organization.pk
        return organization_id

    def narrowed(self) -> QuerySet[Any]:
        """The rows that the filters leave. Raises InvalidParameters."""
        faults = []
        if not self.is_valid():
            for name, errors in self.form.errors.as_data().items():
                faults += [ParameterFault(name, "invalid", self._words(name, error)) for error in errors]
        given = {name for name in self.names() if name in self.data}
        for name, others in self.needs.items():
            if name in given and not given.intersection(others):
                text = f"“{name}” is taken together with {' or '.join(others)}."
                faults.append(ParameterFault(name, NEEDS_ANOTHER, text))
        if faults:
            raise InvalidParameters(faults)
        rows: QuerySet[Any] = self.qs
        return rows

    def _words(self, name: str, error: ValidationError) -> str:
        if error.code == "invalid_choice":
            words = ", ".join(word for word, _ in self.filters[name].extra["choices"])
            return f"“{name}” takes one of {words}."
        return f"“{name}” {error.messages[0]}"
