"""Plans and the operations they consist of: their tables, policies and rights."""

import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models

import vendor_admin.operations.models
import vendor_admin.organizations.encryption
from vendor_admin.organizations.tenancy.rls import run_sql
from vendor_admin.schema.table_creation import CreateTables

TABLES = [
    "approvalrule",
    "lane",
    "operation",
    "plan",
    "planrow",
    "plantargets",
    "readjob",
    "readjobrow",
]

# The scalar subselects make the planner read the setting once per statement instead of once per row.
POLICIES = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY in_scope ON {table} TO {app}
    USING (organization_id = ANY ((SELECT nullif(current_setting('app.orgs', true), '')::bigint[])::bigint[]))
    WITH CHECK (organization_id = ANY ((SELECT nullif(current_setting('app.orgs', true), '')::bigint[])::bigint[]));
CREATE POLICY owner_sees_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
"""

# Nobody deletes an operation: it is the record of what was sent.
RIGHTS = """
REVOKE ALL ON operations_approvalrule, operations_lane, operations_operation, operations_plan, operations_planrow,
    operations_plantargets, operations_readjob, operations_readjobrow FROM {app}, {hub};
GRANT SELECT, INSERT, UPDATE ON operations_lane, operations_operation, operations_plan, operations_planrow TO {app};
GRANT SELECT, INSERT, UPDATE, DELETE ON operations_approvalrule, operations_plantargets, operations_readjob,
    operations_readjobrow TO {app};
"""

# What partners are told of plans and operations, beside the change itself (sync's table of the service's own events).
EVENTS = """
CREATE FUNCTION operations_tell_plan() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.sync_serviceevent (organization_id, entity_id, environment, entity_type, payload)
    VALUES (NEW.organization_id, NEW.id, '', 'plan', jsonb_build_object(
        'state', NEW.state, 'earlierState', CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END, 'kind', NEW.kind,
        'title', NEW.title, 'actor', NEW.actor, 'reason', NEW.reason));
    RETURN NULL;
END $$;
CREATE FUNCTION operations_tell_operation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.sync_serviceevent (organization_id, entity_id, environment, entity_type, payload)
    VALUES (NEW.organization_id, NEW.id, NEW.environment, 'operation', jsonb_build_object(
        'state', CASE WHEN NEW.needs_person THEN 'needs_person' ELSE 'decided' END, 'name', NEW.name,
        'planId', NEW.plan_id::text, 'outcome', NEW.state, 'question', NEW.question));
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION operations_tell_plan, operations_tell_operation FROM PUBLIC;
CREATE TRIGGER tell_new AFTER INSERT ON operations_plan FOR EACH ROW EXECUTE FUNCTION operations_tell_plan();
CREATE TRIGGER tell_change AFTER UPDATE OF state ON operations_plan FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION operations_tell_plan();
CREATE TRIGGER tell_change AFTER UPDATE OF needs_person ON operations_operation FOR EACH ROW
    WHEN (OLD.needs_person IS DISTINCT FROM NEW.needs_person) EXECUTE FUNCTION operations_tell_operation();
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("organizations", "0001_initial"),
        ("sync", "0001_initial"),
    ]

    operations = [
        CreateTables(
            migrations.CreateModel(
                name="Plan",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "organization",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="organizations.organization",
                        ),
                    ),
                    ("kind", models.CharField(help_text="A name in operations/kinds.py.", max_length=64)),
                    ("title", models.CharField(max_length=200)),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("drafting", "being previewed"),
                                ("preview", "preview"),
                                ("stale", "out of date"),
                                ("waiting", "awaiting approval"),
                                ("held", "waiting for the platform"),
                                ("running", "running"),
                                ("paused", "paused"),
                                ("finished", "finished"),
                                ("cancelled", "cancelled"),
                            ],
                            default="preview",
                            max_length=9,
                        ),
                    ),
                    ("parameters", models.JSONField(default=dict)),
                    ("reason", models.CharField(default="", max_length=500)),
                    ("actor", models.CharField(max_length=200)),
                    ("request_id", models.CharField(default="", max_length=64)),
                    ("idempotency_key", models.CharField(max_length=200, null=True)),
                    (
                        "asked_digest",
                        models.CharField(
                            db_default="", default="", help_text="Of what was asked for under the key.", max_length=64
                        ),
                    ),
                    ("needs_second_person", models.BooleanField(default=False)),
                    ("second_person_why", models.CharField(default="", max_length=300)),
                    ("is_money", models.BooleanField(default=False)),
                    (
                        "cost",
                        models.DecimalField(
                            decimal_places=2,
                            default=0,
                            help_text="What it costs at first; null: not known.",
                            max_digits=14,
                            null=True,
                        ),
                    ),
                    (
                        "rows_counted",
                        models.PositiveIntegerField(
                            db_default=0, default=0, help_text="Rows that count toward the thresholds."
                        ),
                    ),
                    (
                        "amount",
                        models.DecimalField(
                            decimal_places=2,
                            help_text="What counts toward the thresholds: balance changes and price; null: not known.",
                            max_digits=20,
                            null=True,
                        ),
                    ),
                    ("calls_needed", models.PositiveIntegerField(default=0)),
                    (
                        "calls_by_path",
                        models.JSONField(
                            default=dict, help_text="How many calls of which write, by “environment path”."
                        ),
                    ),
                    ("confirmed_by", models.CharField(default="", max_length=200)),
                    ("confirmed_at", models.DateTimeField(null=True)),
                    ("approved_by", models.CharField(default="", max_length=200)),
                    (
                        "taken_over_by",
                        models.CharField(
                            db_default="",
                            default="",
                            help_text="Who resumed it after its makers had lost the right to go on.",
                            max_length=200,
                        ),
                    ),
                    (
                        "wait_why",
                        models.CharField(
                            db_default="", default="", help_text="Why this service stopped or holds it.", max_length=500
                        ),
                    ),
                    (
                        "depends_on_rows",
                        models.BooleanField(
                            db_default=False, default=False, help_text="Whether it must not start from old rows."
                        ),
                    ),
                    (
                        "depends_on",
                        models.JSONField(
                            db_default=models.Value({}, models.JSONField()),
                            default=dict,
                            help_text="The entity types its rows start from, by environment.",
                        ),
                    ),
                    (
                        "check_at",
                        models.DateTimeField(
                            help_text="When a worker looks next whether its rows are fresh; until then no row of it begins.",
                            null=True,
                        ),
                    ),
                    (
                        "check_claimed_until",
                        models.DateTimeField(help_text="Until when a worker that reads its rows has it.", null=True),
                    ),
                    (
                        "check_fault",
                        models.CharField(
                            db_default="", default="", help_text="What the last reading met.", max_length=32
                        ),
                    ),
                    (
                        "checks_failed",
                        models.PositiveSmallIntegerField(
                            db_default=0, default=0, help_text="How many readings in a row met that."
                        ),
                    ),
                    (
                        "read_at",
                        models.DateTimeField(
                            help_text="When its rows were last read of the platform itself.", null=True
                        ),
                    ),
                    (
                        "compared_at",
                        models.DateTimeField(
                            help_text="Of when that is which its rows were last compared with: mirrors, or a reading.",
                            null=True,
                        ),
                    ),
                    (
                        "work_done",
                        models.PositiveIntegerField(
                            db_default=0,
                            default=0,
                            help_text="How many rows a worker has gone through at what it does with the plan.",
                        ),
                    ),
                    (
                        "work_total",
                        models.PositiveIntegerField(
                            db_default=0, default=0, help_text="Of how many rows; 0: it does nothing."
                        ),
                    ),
                    (
                        "starts_unseen",
                        models.BooleanField(
                            db_default=False,
                            default=False,
                            help_text="Whether it is confirmed as soon as it is previewed, by its maker.",
                        ),
                    ),
                    (
                        "drafted",
                        models.JSONField(
                            db_default=models.Value({}, models.JSONField()),
                            default=dict,
                            help_text="What the rows previewed so far come to (tally.py), while it is being previewed.",
                        ),
                    ),
                    ("created_at", models.DateTimeField()),
                    ("started_at", models.DateTimeField(null=True)),
                    ("finished_at", models.DateTimeField(null=True)),
                    (
                        "renewed_from",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="renewals",
                            to="operations.plan",
                        ),
                    ),
                    (
                        "reverts",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="reverted_by",
                            to="operations.plan",
                        ),
                    ),
                    (
                        "retries",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="retried_by",
                            to="operations.plan",
                        ),
                    ),
                ],
                options={
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "-id"], name="plan_by_organization"),
                        models.Index(
                            condition=models.Q(("state__in", ["waiting", "held", "running", "paused"])),
                            fields=["organization"],
                            name="plan_is_open",
                        ),
                        models.Index(
                            condition=models.Q(("state", "finished")), fields=["finished_at"], name="plan_finished"
                        ),
                        models.Index(
                            condition=models.Q(("finished_at__isnull", False), ("started_at__isnull", True)),
                            fields=["finished_at"],
                            name="plan_ended_unsent",
                        ),
                        models.Index(
                            condition=models.Q(("check_at__isnull", False)), fields=["check_at"], name="plan_to_check"
                        ),
                        models.Index(
                            condition=models.Q(("approved_by", "")),
                            fields=["organization", "confirmed_at"],
                            name="plan_by_one_person",
                        ),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "idempotency_key"), name="one_plan_per_idempotency_key"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="Operation",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "organization",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="organizations.organization",
                        ),
                    ),
                    (
                        "plan",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="operations",
                            to="operations.plan",
                        ),
                    ),
                    (
                        "after",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="followers",
                            to="operations.operation",
                        ),
                    ),
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    (
                        "name",
                        models.CharField(
                            help_text="The platform's path, e.g. cashBalance/changedemobalance.", max_length=100
                        ),
                    ),
                    ("request", models.JSONField()),
                    (
                        "sealed_request",
                        vendor_admin.organizations.encryption.EncryptedJSONField(blank=True, default=dict),
                    ),
                    (
                        "short_id",
                        models.CharField(default=vendor_admin.operations.models.new_short_id, max_length=8),
                    ),
                    ("idempotency_key", models.CharField(max_length=200)),
                    ("actor", models.CharField(max_length=200)),
                    ("reason", models.CharField(default="", max_length=500)),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("queued", "queued"),
                                ("sending", "being sent"),
                                ("succeeded", "succeeded"),
                                ("rejected", "rejected"),
                                ("unknown", "unknown"),
                                ("cancelled", "cancelled"),
                            ],
                            default="queued",
                            max_length=9,
                        ),
                    ),
                    (
                        "priority",
                        models.SmallIntegerField(
                            choices=[(0, "urgent"), (1, "normal")],
                            db_default=1,
                            default=1,
                            help_text="Urgent operations go before all others of their lane.",
                        ),
                    ),
                    (
                        "trouble",
                        models.GeneratedField(
                            db_persist=True,
                            expression=models.Case(
                                models.When(state="unknown", then=2), models.When(state="rejected", then=1), default=0
                            ),
                            help_text="What a list shows first: unknown, then refused, then everything else.",
                            output_field=models.SmallIntegerField(),
                        ),
                    ),
                    ("attempts", models.PositiveIntegerField(default=0)),
                    ("not_before", models.DateTimeField()),
                    ("wait_reason", models.CharField(default="", max_length=300)),
                    ("penalty_ticket", models.CharField(default="", max_length=500)),
                    ("claimed_by", models.CharField(default="", max_length=64)),
                    ("claimed_until", models.DateTimeField(null=True)),
                    ("error_text", models.TextField(default="", help_text="The platform's own words.")),
                    ("advice", models.TextField(default="")),
                    ("response", models.JSONField(default=dict)),
                    ("settle_attempts", models.PositiveIntegerField(default=0)),
                    (
                        "reading_since",
                        models.DateTimeField(help_text="Since when the platform is to be read about it.", null=True),
                    ),
                    ("needs_person", models.BooleanField(default=False)),
                    (
                        "question",
                        models.TextField(default="", help_text="What a person has to decide, with both possibilities."),
                    ),
                    (
                        "unreadable",
                        models.TextField(
                            db_default="",
                            default="",
                            help_text="Why the last reading told nothing. It is read on, also once a person is asked because of that.",
                        ),
                    ),
                    (
                        "crashes",
                        models.PositiveSmallIntegerField(
                            db_default=0, default=0, help_text="How many runs ended while they were at it."
                        ),
                    ),
                    ("created_at", models.DateTimeField()),
                    (
                        "sent_at",
                        models.DateTimeField(
                            help_text="When the first call that may have been carried out left.", null=True
                        ),
                    ),
                    (
                        "call_ended_at",
                        models.DateTimeField(
                            help_text="By when the last call had certainly ended: patience counts from here.", null=True
                        ),
                    ),
                    ("finished_at", models.DateTimeField(null=True)),
                ],
                options={
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "-id"], name="operation_by_organization"),
                        models.Index(fields=["organization", "-trouble", "-id"], name="operation_trouble_first"),
                        models.Index(fields=["plan", "state"], name="operation_by_plan"),
                        models.Index(
                            condition=models.Q(("state__in", ["queued", "unknown", "sending"])),
                            fields=["organization", "environment", "not_before"],
                            name="operation_unfinished",
                        ),
                        models.Index(
                            condition=models.Q(("priority", 0), ("state__in", ["queued", "unknown", "sending"])),
                            fields=["organization", "environment", "not_before"],
                            name="operation_urgent",
                        ),
                        models.Index(
                            condition=models.Q(("needs_person", True)),
                            fields=["organization", "-id"],
                            name="operation_needs_person",
                        ),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "idempotency_key"), name="one_operation_per_key"
                        ),
                        models.UniqueConstraint(fields=("short_id",), name="one_operation_per_short_id"),
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="PlanRow",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "organization",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="organizations.organization",
                        ),
                    ),
                    (
                        "plan",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="rows",
                            to="operations.plan",
                        ),
                    ),
                    ("position", models.PositiveIntegerField()),
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    (
                        "target_type",
                        models.CharField(help_text="Entity type of the platform, e.g. account.", max_length=64),
                    ),
                    ("target_id", models.BigIntegerField(help_text="Null for what does not exist yet.", null=True)),
                    ("label", models.CharField(max_length=200)),
                    ("wanted", models.JSONField(default=dict)),
                    ("secrets", vendor_admin.organizations.encryption.EncryptedJSONField(blank=True, default=dict)),
                    (
                        "expected",
                        models.JSONField(help_text="In a revert: what the earlier plan left behind.", null=True),
                    ),
                    ("old", models.JSONField(default=dict)),
                    ("new", models.JSONField(default=dict)),
                    ("warnings", models.JSONField(default=list)),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("planned", "will change"),
                                ("skipped", "skipped"),
                                ("queued", "waiting"),
                                ("succeeded", "done"),
                                ("rejected", "rejected"),
                                ("unknown", "unknown"),
                                ("cancelled", "cancelled"),
                            ],
                            default="planned",
                            max_length=9,
                        ),
                    ),
                    (
                        "why",
                        models.TextField(
                            default="", help_text="Why it is skipped, or the platform's words when it was refused."
                        ),
                    ),
                    ("result", models.JSONField(default=dict)),
                    (
                        "operation",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="rows",
                            to="operations.operation",
                        ),
                    ),
                    (
                        "changes",
                        models.CharField(
                            choices=[
                                ("whole", "whole"),
                                ("balance", "balance"),
                                ("permission", "permission"),
                                ("risk_settings", "risk_settings"),
                                ("membership", "membership"),
                            ],
                            db_default="whole",
                            default="whole",
                            help_text="What it changes of its target.",
                            max_length=16,
                        ),
                    ),
                    ("is_locking", models.BooleanField(default=False)),
                ],
                options={
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["plan", "state", "position"], name="plan_row_by_state"),
                        models.Index(fields=["organization", "target_type", "target_id"], name="plan_row_by_target"),
                        models.Index(fields=["organization", "-id"], name="plan_row_by_organization"),
                        models.Index(
                            condition=models.Q(("secrets", ""), _negated=True),
                            fields=["plan"],
                            name="plan_row_with_secrets",
                        ),
                    ],
                    "constraints": [
                        models.UniqueConstraint(fields=("plan", "position"), name="one_row_per_position"),
                        models.UniqueConstraint(
                            condition=models.Q(("changes__in", ["balance", "whole"]), ("is_locking", True)),
                            fields=("organization", "environment", "target_type", "target_id"),
                            name="one_running_plan_per_balance",
                        ),
                        models.UniqueConstraint(
                            condition=models.Q(("changes__in", ["permission", "whole"]), ("is_locking", True)),
                            fields=("organization", "environment", "target_type", "target_id"),
                            name="one_running_plan_per_permission",
                        ),
                        models.UniqueConstraint(
                            condition=models.Q(("changes__in", ["risk_settings", "whole"]), ("is_locking", True)),
                            fields=("organization", "environment", "target_type", "target_id"),
                            name="one_running_plan_per_risk_settings",
                        ),
                        models.UniqueConstraint(
                            condition=models.Q(("changes__in", ["membership", "whole"]), ("is_locking", True)),
                            fields=("organization", "environment", "target_type", "target_id"),
                            name="one_running_plan_per_membership",
                        ),
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="PlanTargets",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "organization",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="organizations.organization",
                        ),
                    ),
                    (
                        "plan",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="targets",
                            to="operations.plan",
                        ),
                    ),
                    ("first", models.PositiveIntegerField(help_text="The position of the first of their rows.")),
                    (
                        "asked",
                        vendor_admin.organizations.encryption.EncryptedJSONField(
                            help_text="The targets (plans/targets.py). Passwords may be among them."
                        ),
                    ),
                ],
                options={
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.UniqueConstraint(fields=("plan", "first"), name="targets_once_per_position")
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="Lane",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "organization",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="organizations.organization",
                        ),
                    ),
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("holder", models.CharField(default="", max_length=64)),
                    ("expires_at", models.DateTimeField(null=True)),
                ],
                options={
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.UniqueConstraint(fields=("organization", "environment"), name="one_lane_per_host")
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="ApprovalRule",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "organization",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="organizations.organization",
                        ),
                    ),
                    ("accounts_over", models.PositiveIntegerField(default=100)),
                    ("balance_change_over", models.DecimalField(decimal_places=2, default=50000, max_digits=14)),
                    (
                        "proposed_accounts_over",
                        models.PositiveIntegerField(help_text="Higher ones, until a second person agrees.", null=True),
                    ),
                    ("proposed_balance_change_over", models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                    ("proposed_by", models.CharField(db_default="", default="", max_length=200)),
                    ("proposed_why", models.CharField(db_default="", default="", max_length=500)),
                    ("proposed_at", models.DateTimeField(null=True)),
                ],
                options={
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "constraints": [models.UniqueConstraint(fields=("organization",), name="one_approval_rule")],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="ReadJob",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "organization",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="organizations.organization",
                        ),
                    ),
                    (
                        "kind",
                        models.CharField(help_text="A name of a reading kind in operations/kinds.py.", max_length=64),
                    ),
                    ("title", models.CharField(max_length=200)),
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("actor", models.CharField(max_length=200)),
                    ("request_id", models.CharField(default="", max_length=64)),
                    (
                        "state",
                        models.CharField(
                            choices=[("running", "running"), ("finished", "finished")],
                            default="running",
                            max_length=8,
                        ),
                    ),
                    (
                        "due_at",
                        models.DateTimeField(help_text="When a worker asks next; null once it is over.", null=True),
                    ),
                    (
                        "claimed_until",
                        models.DateTimeField(help_text="Until when a worker that asks has it.", null=True),
                    ),
                    (
                        "is_long",
                        models.BooleanField(
                            default=False,
                            help_text="It took longer than its first turn, and goes on in the queue of work with rows.",
                        ),
                    ),
                    (
                        "failures",
                        models.PositiveSmallIntegerField(
                            default=0,
                            help_text="How many times in a row nothing was answered: each makes the next pause longer.",
                        ),
                    ),
                    (
                        "wait_why",
                        models.CharField(default="", help_text="Why nothing is asked at the moment.", max_length=500),
                    ),
                    ("created_at", models.DateTimeField()),
                    ("finished_at", models.DateTimeField(null=True)),
                ],
                options={
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="read_job_due"
                        ),
                        models.Index(fields=["organization", "-id"], name="read_job_by_organization"),
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="ReadJobRow",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "organization",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="organizations.organization",
                        ),
                    ),
                    (
                        "job",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="rows",
                            to="operations.readjob",
                        ),
                    ),
                    ("position", models.PositiveIntegerField()),
                    ("target_id", models.BigIntegerField()),
                    ("label", models.CharField(max_length=200)),
                    (
                        "state",
                        models.CharField(
                            choices=[("waiting", "waiting"), ("answered", "answered"), ("refused", "refused")],
                            default="waiting",
                            max_length=8,
                        ),
                    ),
                    (
                        "attempts",
                        models.PositiveIntegerField(default=0, help_text="How many calls got no answer."),
                    ),
                    (
                        "errors",
                        models.PositiveSmallIntegerField(
                            default=0, help_text="How many of them got an error for an answer."
                        ),
                    ),
                    ("answer", models.JSONField(null=True)),
                    ("why", models.TextField(default="", help_text="Why there is no answer.")),
                    ("read_at", models.DateTimeField(null=True)),
                ],
                options={
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "target_id", "-id"], name="read_row_by_target"),
                    ],
                    "constraints": [
                        models.UniqueConstraint(fields=("job", "position"), name="one_read_row_per_position"),
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
        ),
        *(run_sql(POLICIES.replace("{table}", f"operations_{table}")) for table in TABLES),
        run_sql(RIGHTS + EVENTS),
    ]
