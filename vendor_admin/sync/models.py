"""What the sync stores: the event log, who holds which socket, what was missed, and what could not be read.

Written by hubs alone, through the SQL in statements.py; pages and tasks read. The tables' policies, partitions and
functions are in migrations/0001_initial.py.
"""

import dataclasses

from django.contrib.postgres.fields import ArrayField
from django.db import models

from vendor_admin.mirrors.fields.payloads import PayloadField
from vendor_admin.organizations.models import ENVIRONMENTS, Connection, Organization
from vendor_admin.organizations.tenancy.scope import ScopedManager
from vendor_admin.sync.rolling import Place


class Kind(models.IntegerChoices):
    """What an event row records. The last three did not arrive as live events."""

    CREATED = 1, "created"
    UPDATED = 2, "updated"
    DELETED = 3, "deleted"
    SNAPSHOT = 4, "snapshot"
    RESYNC = 5, "resync"
    VANISHED = 6, "vanished"


class SyncState(models.TextChoices):
    """What a socket is doing."""

    UNHELD = "unheld", "waiting for a worker"
    CONNECTING = "connecting", "connecting"
    SYNCING = "syncing", "reading the snapshot"
    LIVE = "live", "live"
    BEHIND = "behind", "events cannot be stored"
    WAITING = "waiting", "waiting to reconnect"
    FAILED = "failed", "needs attention"
    PAUSED = "paused", "paused"


class Scoped(models.Model):
    """Rows that belong to one organization."""

    organization = models.ForeignKey(
        Organization, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )

    objects = ScopedManager()
    unscoped = models.Manager()

    class Meta:
        abstract = True
        base_manager_name = "unscoped"


class EntityEvent(Scoped):
    """One entity as the platform sent it, append-only, partitioned by time of arrival. `tx` orders readers' cursors."""

    id = models.BigIntegerField(primary_key=True)
    received_at = models.DateTimeField()
    environment = models.CharField(max_length=4, choices=ENVIRONMENTS)
    lease_id = models.BigIntegerField()
    epoch = models.BigIntegerField()
    seq = models.BigIntegerField()
    kind = models.SmallIntegerField(choices=Kind)
    entity_type = models.TextField()
    entity_id = models.BigIntegerField()
    account_id = models.BigIntegerField(null=True)
    payload = PayloadField()

    class Meta(Scoped.Meta):
        managed = False
        db_table = "sync_entityevent"
        verbose_name = "event"

    def __str__(self) -> str:
        return f"{self.entity_type} {self.entity_id} {self.get_kind_display()}"


class ServiceEvent(Scoped):
    """Something that this service itself tells partners: a plan, an operation or a gap came into another state.

    Written by triggers beside the change, so that neither is there without the other. Ids and `tx` are of one order
    with the log's (log/cursor.py).
    """

    id = models.BigIntegerField(primary_key=True)
    received_at = models.DateTimeField()
    environment = models.CharField(max_length=4, choices=ENVIRONMENTS, blank=True)
    entity_type = models.CharField(max_length=20)
    entity_id = models.BigIntegerField()
    payload = models.JSONField()

    class Meta(Scoped.Meta):
        managed = False
        db_table = "sync_serviceevent"

    def __str__(self) -> str:
        return f"{self.entity_type} {self.entity_id}"


class Hub(models.Model):
    """A running sync worker; hubs share the leases among those that are alive."""

    name = models.CharField(max_length=200, primary_key=True)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class QueueWorker(models.Model):
    """A worker of background work, the queues that it takes, and when it last said so (queue_workers.py)."""

    name = models.CharField(max_length=200, primary_key=True)
    queues = ArrayField(models.CharField(max_length=40))
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class PartitionTrouble(models.Model):
    """A step of the log's upkeep that is due and could not be done, e.g. "drop 2026-01"."""

    step = models.CharField(max_length=40, primary_key=True)
    error = models.TextField()
    is_lock = models.BooleanField(help_text="Somebody reads the log for long: it is tried again.")
    since = models.DateTimeField()

    def __str__(self) -> str:
        return self.step


class Lease(Scoped):
    """Who holds one socket (connection and shard). `fence` only grows; a writer with an older fence is refused.
    It is part of a key, so that a claim waits for a flush, which holds the key, and renewals do not.

    `covered_until`: everything received before it is committed. `waiting_ms`: how long the oldest row that is not had
    waited when the holder renewed. `reason` and `advice` are for people. `next_try_at`
    is when a waiting socket is opened again, `locked_until` how long the platform makes it wait, `retry_requested_at`
    when somebody last asked for it to be opened at once. `refused_types`: what the platform would not show at the last
    comparison. `opened_at` is when the last connection was opened, `short_lives` how many in a row, with that one until
    it has lasted for a minute, ended at once.
    """

    id = models.BigAutoField(primary_key=True)
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="leases")
    environment = models.CharField(max_length=4, choices=ENVIRONMENTS)
    shard = models.PositiveSmallIntegerField(default=0)
    holder = models.CharField(max_length=200, default="")
    fence = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField(null=True)
    epoch = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=SyncState, default=SyncState.UNHELD)
    reason = models.TextField(default="")
    advice = models.TextField(default="")
    connected_since = models.DateTimeField(null=True)
    last_frame_at = models.DateTimeField(null=True)
    last_event_at = models.DateTimeField(null=True)
    covered_until = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    events_stored = models.BigIntegerField(default=0)
    lag_ms = models.IntegerField(default=0)
    waiting_ms = models.IntegerField(default=0, db_default=0)
    state_since = models.DateTimeField(null=True)
    reconcile_requested_at = models.DateTimeField(null=True)
    reconciled_at = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField(null=True)
    locked_until = models.DateTimeField(null=True)
    retry_requested_at = models.DateTimeField(null=True)
    refused_types = ArrayField(models.CharField(max_length=64), default=list, db_default=[])
    opened_at = models.DateTimeField(null=True)
    short_lives = models.IntegerField(default=0, db_default=0)

    class Meta(Scoped.Meta):
        ordering = ["organization", "environment", "shard"]
        verbose_name = "socket"
        constraints = [
            models.UniqueConstraint(fields=["connection", "shard"], name="one_lease_per_shard"),
            models.UniqueConstraint(fields=["id", "fence"], name="fence_is_part_of_a_key"),
        ]

    def __str__(self) -> str:
        return f"{self.get_environment_display()} socket {self.shard}"


class Batch(Scoped):
    """The ledger of committed flushes, one row per socket and flush. It answers whether a COMMIT happened."""

    pk = models.CompositePrimaryKey("lease_id", "epoch", "first_seq")
    lease_id = models.BigIntegerField()
    epoch = models.BigIntegerField()
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()
    row_count = models.IntegerField()
    received_from = models.DateTimeField()
    received_to = models.DateTimeField()
    committed_at = models.DateTimeField()

    class Meta(Scoped.Meta):
        verbose_name_plural = "batches"
        indexes = [models.Index(fields=["organization", "committed_at"], name="batch_by_time")]

    def __str__(self) -> str:
        return f"{self.row_count} rows of socket {self.lease_id}"


class Gap(Scoped):
    """A time in which a socket was not listened to: what happened inside is unknown until repaired.

    `lists_read_at` is when all that the platform lists was read anew; `marks` are the places, by entity type, from
    which on what it lists by masters alone is read once around: round, next master, how many were asked.
    """

    id = models.BigAutoField(primary_key=True)
    lease_id = models.BigIntegerField()
    environment = models.CharField(max_length=4, choices=ENVIRONMENTS)
    shard = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    lists_read_at = models.DateTimeField(null=True)
    marks = models.JSONField(null=True)
    repaired_at = models.DateTimeField(null=True)
    reason = models.TextField(default="")
    differences = models.IntegerField(default=0, help_text="Events stored as resync after the gap.")
    repair_note = models.TextField(default="")

    class Meta(Scoped.Meta):
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organization", "-id"], name="gap_by_organization"),
            models.Index(fields=["lease_id"], name="gap_by_lease"),
            models.Index(fields=["organization", "ended_at"], name="gap_by_end"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["lease_id"], condition=models.Q(ended_at__isnull=True), name="one_open_gap_per_socket"
            )
        ]

    def __str__(self) -> str:
        return f"gap from {self.started_at:%Y-%m-%d %H:%M:%S}"


class ReadingPlace(Scoped):
    """How far an entity type that the platform lists by masters alone (`ldeps`) has been read, for one connection.

    Its masters are asked by their ids, round after round: `round` are over, in this one all below `next_master` were
    asked, `asked` of `masters`. The goal is the place at the end of the newest gap: what was missed has been read when
    the reading is back there. Accounts that moved before `moved_at` were read out of their turn. `done_at` is an
    estimate. `unreadable` are masters, by their ids, that the platform gave no readable answer for, with the reason.
    """

    id = models.BigAutoField(primary_key=True)
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="reading_places", db_index=False)
    entity_type = models.CharField(max_length=64)
    round = models.BigIntegerField(default=0)
    next_master = models.BigIntegerField(default=0)
    asked = models.IntegerField(default=0)
    masters = models.IntegerField(default=0)
    began_at = models.DateTimeField()
    last_began_at = models.DateTimeField(null=True)
    last_ended_at = models.DateTimeField(null=True)
    goal_round = models.BigIntegerField(null=True)
    goal_master = models.BigIntegerField(null=True)
    goal_asked = models.IntegerField(null=True)
    moved_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    unreadable = models.JSONField(null=True)

    class Meta(Scoped.Meta):
        constraints = [models.UniqueConstraint(fields=["connection", "entity_type"], name="one_place_per_type")]

    def __str__(self) -> str:
        return f"{self.entity_type} from {self.next_master}"

    @property
    def place(self) -> Place:
        """The same, with what follows from it."""
        return Place(**{field.name: getattr(self, field.name) for field in dataclasses.fields(Place)})


class QuarantinedEvent(Scoped):
    """What arrived and could not be stored or mirrored, byte for byte, with the reason.

    `raw` is cut where it is long; `full_size` says how many bytes came (None: all of them are there).
    """

    id = models.BigAutoField(primary_key=True)
    lease_id = models.BigIntegerField()
    environment = models.CharField(max_length=4, choices=ENVIRONMENTS)
    epoch = models.BigIntegerField()
    seq = models.BigIntegerField()
    received_at = models.DateTimeField()
    entity_type = models.TextField(default="")
    entity_id = models.BigIntegerField(null=True)
    reason = models.TextField()
    is_in_log = models.BooleanField(
        default=False, help_text="The event is in the log; only the mirror could not take it."
    )
    raw = models.BinaryField()
    full_size = models.BigIntegerField(null=True)

    class Meta(Scoped.Meta):
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organization", "-id"], name="quarantine_by_org"),
            models.Index(fields=["organization", "received_at"], name="quarantine_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.entity_type or 'message'}: {self.reason}"


class StoredRows(Scoped):
    """How many gaps, or quarantined messages, are kept of a socket: counted by triggers as they are written and go.

    `byte_count` and `left_out` are quarantine's: its bytes, and how many messages were not kept as it was full.
    """

    class What(models.TextChoices):
        GAPS = "gaps"
        QUARANTINE = "quarantine"

    pk = models.CompositePrimaryKey("lease_id", "what")
    lease_id = models.BigIntegerField()
    what = models.CharField(max_length=10)
    row_count = models.BigIntegerField(default=0, db_default=0)
    byte_count = models.BigIntegerField(default=0, db_default=0)
    left_out = models.BigIntegerField(default=0, db_default=0)

    def __str__(self) -> str:
        return f"{self.row_count} {self.what} of socket {self.lease_id}"


class Reconciliation(Scoped):
    """One comparison of a mirror with its source at the platform: what differed was stored as resync or vanished.

    `absent` counts entities that were not listed and are held, as too many to be believed: nothing of the mirror goes
    until a person confirms it.
    """

    id = models.BigAutoField(primary_key=True)
    lease_id = models.BigIntegerField()
    environment = models.CharField(max_length=4, choices=ENVIRONMENTS)
    entity_type = models.TextField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    is_first_load = models.BooleanField(default=False, help_text="The mirror was empty: nothing had drifted.")
    platform_count = models.IntegerField(null=True)
    changed = models.IntegerField(default=0)
    vanished = models.IntegerField(default=0)
    absent = models.IntegerField(default=0, db_default=0, help_text="Not listed, and held until a person decides.")
    confirmed_at = models.DateTimeField(null=True, help_text="When a person confirmed that they are gone.")
    error = models.TextField(default="")

    class Meta(Scoped.Meta):
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organization", "-id"], name="reconciliation_by_org"),
            models.Index(fields=["organization", "environment", "entity_type", "-id"], name="reconciliation_by_type"),
            models.Index(fields=["organization"], condition=models.Q(absent__gt=0), name="reconciliation_held"),
            models.Index(fields=["organization", "started_at"], name="reconciliation_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.entity_type} at {self.started_at:%Y-%m-%d %H:%M}"
