"""Position limits and risk parameters by the partner API: made, changed and deleted."""

from vendor_admin.operations.api.making import WriteView
from vendor_admin.operations.api.single_writes import writes

TAG = "Risk"


class NewPositionLimits(WriteView):
    """Makes position limits."""

    create = writes(
        "create_position_limits", operation_id="create_position_limit", tag=TAG, summary="Add a position limit"
    )


class PositionLimitChanges(WriteView):
    """Changes and deletes a position limit."""

    partial_update = writes(
        "update_position_limits",
        subject="position_limit",
        operation_id="change_position_limit",
        tag=TAG,
        summary="Change a position limit",
    )
    destroy = writes(
        "delete_position_limits",
        subject="position_limit",
        operation_id="delete_position_limit",
        tag=TAG,
        summary="Delete a position limit",
    )


class NewRiskParameters(WriteView):
    """Makes risk parameters."""

    create = writes(
        "create_risk_parameters", operation_id="create_risk_parameter", tag=TAG, summary="Add a risk parameter"
    )


class RiskParameterChanges(WriteView):
    """Changes and deletes a risk parameter."""

    partial_update = writes(
        "update_risk_parameters",
        subject="risk_parameter",
        operation_id="change_risk_parameter",
        tag=TAG,
        summary="Change a risk parameter",
    )
    destroy = writes(
        "delete_risk_parameters",
        subject="risk_parameter",
        operation_id="delete_risk_parameter",
        tag=TAG,
        summary="Delete a risk parameter",
    )
