"""Addresses of plans and operations in the partner API."""

from django.urls import path

from vendor_admin.operations.api.lists import Operations, PlanResults, PlanRows, Plans
from vendor_admin.operations.api.views import VERBS, OperationDetail, PlanDetail, PlanKindDetail, PlanKinds
from vendor_admin.partner_api.reading.views import CREATE, LIST

urlpatterns = [
    path("plan-kinds", PlanKinds.as_view(), name="api_plan_kinds"),
    path("plan-kinds/<str:name>", PlanKindDetail.as_view(), name="api_plan_kind"),
    path("plans", Plans.as_view(LIST | CREATE), name="api_plans"),
    path("plans/<str:id>", PlanDetail.as_view(), name="api_plan"),
    path("plans/<str:id>/rows", PlanRows.as_view(LIST), name="api_plan_rows"),
    path("plans/<str:id>/results", PlanResults.as_view(), name="api_plan_results"),
    *(path(f"plans/<str:id>/{name}", view.as_view(), name=f"api_plan_{name}") for name, view in VERBS.items()),
    path("operations", Operations.as_view(LIST), name="api_operations"),
    path("operations/<str:id>", OperationDetail.as_view(), name="api_operation"),
]
