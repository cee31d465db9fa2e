"""A decimal column without a fixed number of digits, so that nothing the platform sends is rounded."""

from decimal import Decimal

from django.db import models


class NumericField(models.Field):  # type: ignore[type-arg]  # not generic when it runs
    """PostgreSQL's `numeric`, as Decimal."""

    description = "Decimal number of any precision"

    def db_type(self, connection: object) -> str:
        return "numeric"

    def get_internal_type(self) -> str:
        return "NumericField"

    def to_python(self, value: object) -> Decimal | None:
        return None if value in (None, "") else Decimal(str(value))

    def get_prep_value(self, value: object) -> Decimal | None:
        return self.to_python(value)
