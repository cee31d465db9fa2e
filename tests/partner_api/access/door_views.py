"""Addresses that stand in for those of the features, to try the door itself."""

from typing import Any

from django.db import connection
from django.http import HttpResponse, JsonResponse
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from vendor_admin.organizations.tenancy.scope import organizations_in_scope
from vendor_admin.partner_api.models import ApiKey

BASE = "/api/v1/tried"


class ByMethod(APIView):
    """One scope to read, another to write; nothing is said of DELETE."""

    required_scopes = {"GET": ("members:read",), "POST": ("members:read", "members:write")}

    def get(self, request: Request) -> Response:
        return Response("read")

    def post(self, request: Request) -> Response:
        return Response("written")

    def delete(self, request: Request) -> Response:
        return Response("deleted")


class Forgotten(APIView):
    """Names no scopes."""

    def get(self, request: Request) -> Response:
        return Response("open")


class Later(APIView):
    """What it does is kept before it answers; `status` is the answer's first one, `then` what comes of it."""

    required_scopes: tuple[str, ...] = ()
    seen: list[Any] = []

    def post(self, request: Request) -> Response:
        ApiKey.objects.update(name="changed by the view")
        response = Response("at once", status=int(request.query_params.get("status", "202")))
        then = JsonResponse({"then": True}) if "then" in request.query_params else None

        def after_commit() -> HttpResponse | None:
            in_scope = organizations_in_scope()
            names = list(ApiKey.unscoped.values_list("name", flat=True))
            self.seen.append((connection.in_atomic_block, in_scope, names))
            return then

        response.after_commit = after_commit  # type: ignore[attr-defined]
        return response


urlpatterns = [
    path("api/v1/tried/methods", ByMethod.as_view()),
    path("api/v1/tried/forgotten", Forgotten.as_view()),
    path("api/v1/tried/later", Later.as_view()),
    path("", include("vendor_admin.urls")),
]
