"""The two addresses of a resource that is only read."""

from django.urls import URLPattern, path

from vendor_admin.partner_api.reading.views import LIST, ONE, ReadingViewSet


def addresses_of(*views: type[ReadingViewSet]) -> list[URLPattern]:
    """The list of each resource, and one by its id."""
    found = []
    for view in views:
        found += [
            path(view.collection, view.as_view(LIST), name=f"api_{view.collection}"),
            path(f"{view.collection}/<str:id>", view.as_view(ONE), name=f"api_{view.collection}_one"),
        ]
    return found
