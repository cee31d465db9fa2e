"""A JSON column that holds what the platform sent, whatever that was."""

import json
from typing import Any

from django.db import models


def _integer(digits: str) -> int | str:
    try:
        return int(digits)
    except ValueError:
        return digits


_patient = json.JSONDecoder(parse_int=_integer)


class PayloadField(models.JSONField):
    """JSON as received. Python refuses whole numbers of more than 4,300 digits: those are read as text, digit by digit.

    PostgreSQL writes numbers out, so `1e5000` is such a number too. To migrations it is a JSONField like any other.
    """

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        try:
            return super().from_db_value(value, expression, connection)
        except ValueError:
            return _patient.decode(value)

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs
