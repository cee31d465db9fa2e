"""Entities of types that have no typed mirror."""

from django.db import models

from vendor_admin.mirrors.fields.payloads import PayloadField
from vendor_admin.mirrors.models.base import Mirror


class GenericEntity(Mirror):
    """The latest state of an entity whose type has no model of its own, as received."""

    type_name = models.TextField("entity type")
    payload = PayloadField()

    class Meta(Mirror.Meta):
        verbose_name = "other entity"
        verbose_name_plural = "other entities"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "type_name", "entity_id", "environment"], name="genericentity_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.type_name} {self.entity_id}"
