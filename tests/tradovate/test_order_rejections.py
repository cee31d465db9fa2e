"""A rejection that comes after the answer is read from the reports of the command."""

import json

import pytest

from tests.support.shared_material import captured_lines
from vendor_admin.tradovate.order_rejections import Rejection, rejection_in


def test_the_reason_of_a_rejected_command_is_found_among_reports() -> None:
    text = "Your maximum order quantity has been met."
    reports = [
        {"id": 1, "commandId": 5, "commandStatus": "RiskPassed"},
        {"id": 2, "commandId": 6, "commandStatus": "RiskRejected", "rejectReason": "NoQuote"},
        {"id": 3, "commandId": 5, "commandStatus": "RiskRejected", "rejectReason": "ReasonOfTomorrow", "text": text},
    ]
    assert rejection_in(reports, command_id=5) == Rejection(5, "ReasonOfTomorrow", text)
    assert rejection_in(reports, command_id=7) is None
    assert rejection_in(reports[:2], command_id=5) is None


@pytest.mark.parametrize("status", ["RiskRejected", "ExecutionRejected"])
def test_a_rejection_may_come_without_words(status: str) -> None:
    report = {"id": 1, "commandId": "5", "commandStatus": status, "rejectReason": None}
    assert rejection_in([report], command_id=5) == Rejection(5, "", "")


def test_recorded_rejections_are_read() -> None:
    reports = [
        report
        for capture in captured_lines()
        if capture["operation"] == "commandReport/deps"
        for report in json.loads(capture["raw"])
    ]
    rejections = [rejection_in([report], command_id=report["commandId"]) for report in reports]
    assert {one.reason for one in rejections if one is not None} == {"LiquidationOnly"}
    assert len(rejections) == 3
