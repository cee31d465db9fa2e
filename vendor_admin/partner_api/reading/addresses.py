"""The two addresses of a resource: its list, and one by its id."""

from typing import Any

from django.urls import URLPattern, path

from vendor_admin.partner_api.reading.views import CHANGE, CREATE, DELETE, LIST, ONE, ReadingViewSet


def addresses_of(*views: type[ReadingViewSet]) -> list[URLPattern]:
    """The list of each resource, and one by its id. What a view can write besides reading, is taken there as well."""
    found = []
    for view in views:
        found += [
            path(view.collection, view.as_view(_methods(view, LIST, CREATE)), name=f"api_{view.collection}"),
            path(
                f"{view.collection}/<str:id>",
                view.as_view(_methods(view, ONE, CHANGE, DELETE)),
                name=f"api_{view.collection}_one",
            ),
        ]
    return found


def _methods(view: type[ReadingViewSet], *possible: dict[str, Any]) -> dict[str, Any]:
    return {method: action for methods in possible for method, action in methods.items() if hasattr(view, str(action))}
