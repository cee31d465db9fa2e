"""The shapes of plans, rows and operations, for the reference of the partner API."""

from typing import Any

from rest_framework import serializers

from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.organizations.models import ENVIRONMENTS
from vendor_admin.partner_api.reading.fields import Whole, Word
from vendor_admin.partner_api.reading.resources import Resource


class ChangeSchema(serializers.Serializer[dict[str, Any]]):
    """One value that changes."""

    field = serializers.CharField(help_text="Which value.")
    title = serializers.CharField(help_text="What people call it.")
    old = serializers.JSONField(help_text="What it is before; null: nothing.")
    new = serializers.JSONField(help_text="What it is afterwards; null: nothing.")


class RowSchema(Resource):
    """What a plan does to one thing."""

    position = serializers.IntegerField(help_text="Its place in the plan, from 1.")
    type = serializers.CharField(help_text="What kind of thing it is about: member, account, ...")
    id = serializers.CharField(allow_null=True, help_text="Platform id of what is changed, or of what was made.")
    environment = serializers.ChoiceField(ENVIRONMENTS)
    label = serializers.CharField(help_text="What people call it.")  # type: ignore[assignment]  # a field of a row
    state = serializers.ChoiceField(PlanRow.State.choices)
    state_text = serializers.CharField(help_text="The state in words.")
    why = serializers.CharField(allow_null=True, help_text="Why it is skipped, was not done, or is not known.")
    platform_error = serializers.CharField(allow_null=True, help_text="The platform's own words where it refused.")
    changes = ChangeSchema(many=True)
    warnings = serializers.ListField(child=serializers.CharField(), help_text="What is unusual about it.")
    operation = serializers.CharField(allow_null=True, help_text="The call of the platform that carries it out.")


class ResultSchema(Resource):
    """A line of a plan's results."""

    position = Whole(help_text="The row's place in the plan, from 1.")
    type = Word(help_text="What kind of thing it is about.")
    id = Word(allow_null=True, help_text="Platform id of what is changed, or of what was made.")
    environment = Word()
    label = Word(help_text="What people call it.")  # type: ignore[assignment]  # a field of a row
    state = Word(help_text="What came of it.")
    why = Word(allow_null=True, help_text="Why it is skipped, was not done, or is not known.")
    platform_error = Word(allow_null=True, help_text="The platform's own words where it refused.")
    changes = Word(help_text="What changes, in words.")
    warnings = Word(help_text="What is unusual about it.")
    operation = Word(allow_null=True, help_text="The call of the platform that carried it out.")
    sent_at = Word(allow_null=True, help_text="When the call was sent.")
    finished_at = Word(allow_null=True, help_text="When its outcome was known.")


class RowCountsSchema(serializers.Serializer[dict[str, Any]]):
    """How many rows are in which state."""

    planned = serializers.IntegerField()
    skipped = serializers.IntegerField()
    queued = serializers.IntegerField()
    succeeded = serializers.IntegerField()
    rejected = serializers.IntegerField()
    unknown = serializers.IntegerField()
    cancelled = serializers.IntegerField()


class PlanSchema(Resource):
    """A change of one or many things."""

    id = serializers.CharField()
    kind = serializers.CharField(help_text="Which kind of plan, as `plan-kinds` lists them.")
    title = serializers.CharField()
    state = serializers.ChoiceField(Plan.State.choices)
    state_text = serializers.CharField(help_text="The state in words.")
    has_ended = serializers.BooleanField(help_text="Whether nothing more happens.")
    waits_because = serializers.CharField(allow_null=True, help_text="What it waits for, where something is known.")
    needs_approval = serializers.BooleanField(help_text="Whether it waits for a second person now.")
    needs_second_person = serializers.BooleanField(help_text="Whether its size asks for a second person.")
    second_person_because = serializers.CharField(allow_null=True)
    is_about_money = serializers.BooleanField(help_text="Whether it needs a reason.")
    cost = serializers.CharField(allow_null=True, help_text="What it costs for the first period; null: not known.")
    balance_change = serializers.CharField(allow_null=True, help_text="Money it moves; null: not known.")
    consequence = serializers.CharField(allow_null=True, help_text="What comes along, or cannot be undone.")
    reason = serializers.CharField(allow_null=True)
    row_counts = RowCountsSchema()
    calls_needed = serializers.IntegerField(help_text="How many calls of the platform it takes.")
    created_by = serializers.CharField()
    confirmed_by = serializers.CharField(allow_null=True)
    approved_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    renews = serializers.CharField(allow_null=True, help_text="The plan whose place it takes, since rows had changed.")
    reverts = serializers.CharField(allow_null=True)
    retries = serializers.CharField(allow_null=True)


class PlanWithRows(PlanSchema):
    """A change of one or many things, with its rows where they are few."""

    rows = RowSchema(many=True, required=False, help_text="Of a plan with at most 20 rows.")


class OperationSchema(Resource):
    """One call of the platform."""

    id = serializers.CharField()
    plan = serializers.CharField()
    environment = serializers.ChoiceField(ENVIRONMENTS)
    call = serializers.CharField(help_text="The platform's path of the call.")
    state = serializers.ChoiceField(Operation.State.choices)
    state_text = serializers.CharField()
    attempts = serializers.IntegerField()
    needs_person = serializers.BooleanField(help_text="Whether somebody has to decide what came of it.")
    question = serializers.CharField(allow_null=True)
    why = serializers.CharField(allow_null=True, help_text="What is known where the platform did not say it itself.")
    platform_error = serializers.CharField(allow_null=True, help_text="The platform's own words where it refused.")
    advice = serializers.CharField(allow_null=True)
    waits_because = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    next_try_at = serializers.DateTimeField(allow_null=True)
    sent_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class PlanKindSchema(serializers.Serializer[dict[str, Any]]):
    """What one kind of plan does and takes."""

    name = serializers.CharField(help_text="As `POST /plans` takes it.")
    title = serializers.CharField()
    description = serializers.CharField(help_text="What one row of it does.")
    is_about_money = serializers.BooleanField(help_text="Whether it needs a reason.")
    consequence = serializers.CharField(allow_null=True, help_text="What comes along, or cannot be undone.")
    scopes = serializers.ListField(child=serializers.CharField(), help_text="The scopes that allow it.")
    row = serializers.DictField(help_text="JSON Schema of a row.")
    parameters = serializers.DictField(help_text="JSON Schema of what is the same for the whole plan.")
    example = serializers.DictField(help_text="A body for `POST /plans`.")


class PlanKindList(serializers.Serializer[dict[str, Any]]):
    """Every kind of plan."""

    data = PlanKindSchema(many=True)  # type: ignore[assignment]  # a field of the answer
    next_cursor = serializers.CharField(allow_null=True)
