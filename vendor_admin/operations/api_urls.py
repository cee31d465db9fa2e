"""Addresses of plans and operations in the partner API."""

from django.urls import path

from vendor_admin.operations.api.views import VERBS, OperationDetail, PlanDetail, PlanKindDetail, PlanKinds, Plans

urlpatterns = [
    path("plan-kinds", PlanKinds.as_view(), name="api_plan_kinds"),
    path("plan-kinds/<str:name>", PlanKindDetail.as_view(), name="api_plan_kind"),
    path("plans", Plans.as_view(), name="api_plans"),
    path("plans/<str:id>", PlanDetail.as_view(), name="api_plan"),
    *(path(f"plans/<str:id>/{name}", view.as_view(), name=f"api_plan_{name}") for name, view in VERBS.items()),
    path("operations/<str:id>", OperationDetail.as_view(), name="api_operation"),
]
