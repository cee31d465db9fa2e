"""The lives of this database, between restores (Incarnation)."""

import uuid

from django.db import models


class Incarnation(models.Model):
    """One life of this database, until it is restored or a standby takes over; the newest is the present one (verbs in
    incarnations.py).

    While `settled_at` is not set, what was unfinished before is still being marked, and no operation is sent.
    """

    token = models.UUIDField(default=uuid.uuid4, unique=True)
    system_identifier = models.CharField(max_length=20, default="", help_text="Of the server; empty: not told.")
    timeline = models.CharField(max_length=8, default="")
    database_oid = models.CharField(max_length=10, default="")
    is_first = models.BooleanField(default=False, help_text="The database was new: nothing was unfinished before.")
    why = models.CharField(max_length=300, help_text="What showed that it is another one, for people.")
    began_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    beat = models.BigIntegerField(default=0, help_text="Grows while workers run: an older state has a smaller one.")
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M}: {self.why}"
