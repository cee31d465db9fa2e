"""What every mirror has, and the few kinds of fields that the platform's entities are made of.

All platform fields may be null: the platform leaves out what is not set, and so do we. Rows are
written by the sync's writer alone (its SQL is derived from these models, see columns.py); everybody else reads.
"""

import enum
from typing import Any, ClassVar

from django.db import models

from vendor_admin.mirrors.fields.numeric import NumericField
from vendor_admin.mirrors.readings import MirrorQuerySet
from vendor_admin.organizations.models import ENVIRONMENTS, Organization
from vendor_admin.organizations.tenancy.scope import ScopedManager
from vendor_admin.tradovate.values import is_ahead


class Source(enum.StrEnum):
    """Where a mirror's content can be read again: at a socket's start, by `list`, or by `ldeps` of its master; CHOSEN
    by `ldeps` of some masters alone, of those that matter now.
    """

    SNAPSHOT = "snapshot"
    LIST = "list"
    LDEPS = "ldeps"
    CHOSEN = "chosen"


class Mirror(models.Model):
    """The latest known state of one platform entity.

    `lease_id`, `epoch` and `seq` say which socket wrote it last and where in its order; `extra` keeps unknown fields.
    A row that the platform deleted keeps its last values and gets `deleted_at`. `absence_means_vanished`: what a whole
    list, or the answer about its master (whose id is in `master_column`), leaves out exists no more.
    """

    entity_type: ClassVar[str] = ""
    source: ClassVar[Source] = Source.SNAPSHOT
    master: ClassVar[str] = ""
    master_column: ClassVar[str] = ""
    absence_means_vanished: ClassVar[bool] = False
    id_is_account_id: ClassVar[bool] = False
    account_is_derived: ClassVar[bool] = False

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(
        Organization, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    environment = models.CharField(max_length=4, choices=ENVIRONMENTS)
    entity_id = models.BigIntegerField("platform id")
    lease_id = models.BigIntegerField(editable=False)
    epoch = models.BigIntegerField(editable=False)
    seq = models.BigIntegerField(editable=False)
    received_at = models.DateTimeField(editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    extra = models.JSONField(null=True, editable=False)

    objects = ScopedManager.from_queryset(MirrorQuerySet)()
    unscoped = models.Manager()

    class Meta:
        abstract = True
        base_manager_name = "unscoped"
        constraints = [
            models.UniqueConstraint(fields=["organization", "entity_id", "environment"], name="%(class)s_entity"),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.entity_id}"

    @property
    def is_ahead(self) -> bool:
        """Whether the entity's own timestamp lies after its arrival: it cannot be right, and no order goes by it."""
        return is_ahead(getattr(self, "timestamp", None), arrived_at=self.received_at)


class PlatformIdField(models.BigIntegerField):  # type: ignore[type-arg]  # not generic when it runs
    """The id of another entity: 1 or more, since the platform says 0 for none. A BigIntegerField to migrations."""

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.BigIntegerField", args, kwargs


def platform_id() -> PlatformIdField:
    """The id of another entity; no foreign key, since entities arrive in any order."""
    return PlatformIdField(null=True)


def integer() -> "models.BigIntegerField[Any, Any]":
    """A whole number of up to 64 bits."""
    return models.BigIntegerField(null=True)


def number() -> NumericField:
    """A price, an amount of money or a percentage, kept with all digits that the platform sent."""
    return NumericField(null=True)


def flag() -> "models.BooleanField[Any, Any]":
    """Yes or no; null where the platform did not say."""
    return models.BooleanField(null=True)


def word() -> "models.TextField[Any, Any]":
    """A text, or one of the platform's words."""
    return models.TextField(null=True)


def moment() -> "models.DateTimeField[Any, Any]":
    """A point in time, in UTC."""
    return models.DateTimeField(null=True)


def trade_date() -> "models.DateField[Any, Any]":
    """A day of the exchange's calendar; the platform sends {year, month, day}."""
    return models.DateField(null=True)


def time_of_day() -> "models.TimeField[Any, Any]":
    """A time by the exchange's clock, in Chicago; the platform sends {hour, minute}."""
    return models.TimeField(null=True)
