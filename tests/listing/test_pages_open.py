"""Every page of the registry opens, empty and with rows."""

from django.contrib import admin
from django.test import Client
from django.urls import reverse

from tests.support.staff_and_rows import NOW


def _lists() -> list[str]:
    operators_only = {"organization", "user", "accessentry"}
    return [
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for model in admin.site._registry
        if model._meta.model_name not in operators_only
    ]


def test_every_list_opens_for_an_owner_without_rows(alice: Client) -> None:
    statuses = {address: alice.get(address).status_code for address in _lists()}

    assert len(statuses) > 40
    assert set(statuses.values()) == {200}, {address: status for address, status in statuses.items() if status != 200}


def test_no_filter_is_called_as_the_places_of_pages_are(alice: Client) -> None:
    for address in _lists():
        names = {one.name for one, _ in alice.get(address).context["filters"]}
        assert not names & {"before", "after"}, address


def test_every_list_and_object_opens_and_says_once_that_it_may_be_old(alice: Client, alpha, trading_day, write) -> None:
    trading_day(3)
    write.gap(alpha, ended_at=NOW)
    write.quarantine(alpha)
    write.socket(alpha, environment="live")
    write.socket(alpha, state="waiting", last_frame_at=NOW)

    for address in _lists():
        response = alice.get(address)
        assert response.status_code == 200, address
        assert response.content.decode().count("May be old.</strong> DEMO is not live (waiting to reconnect).") == 1, (
            address
        )
        for row_address, _, _ in response.context["rows"]:
            row = alice.get(row_address, follow=True)
            assert row.status_code == 200, row_address
            assert row.content.decode().count("May be old.") == 1, row_address


def test_the_pages_about_oneself_open_and_say_whether_they_may_be_old(alice: Client, alpha, write) -> None:
    names = ("admin:index", "health", "find", "preferences", "all_tables", "admin:password_change", "billing")
    write.socket(alpha)

    def shown() -> set[bool]:
        answers = {name: alice.get(reverse(name)) for name in names}
        assert {answer.status_code for answer in answers.values()} == {200}
        del answers["health"]  # a part of the overview
        return {"May be old." in answer.content.decode() for answer in answers.values()}

    assert shown() == {False}
    write.connection.execute("UPDATE sync_lease SET expires_at = now()")
    assert shown() == {True}


def test_operators_open_the_pages_of_the_installation(olga: Client, alpha) -> None:
    for name in ("organization", "user"):
        assert olga.get(reverse(f"admin:organizations_{name}_changelist")).status_code == 200
        assert olga.get(reverse(f"admin:organizations_{name}_add")).status_code == 200
    assert olga.get(reverse("admin:organizations_accessentry_changelist")).status_code == 200
    assert olga.get(reverse("admin:organizations_organization_change", args=[alpha.pk])).status_code == 200


def test_staff_do_not_open_the_pages_of_the_installation(alice: Client, alpha) -> None:
    assert alice.get(reverse("admin:organizations_accessentry_changelist")).status_code == 403
    for name in ("organization", "user"):
        assert alice.get(reverse(f"admin:organizations_{name}_changelist")).status_code == 403


def test_the_front_page_needs_no_sign_in_and_leads_to_it(client: Client, db: None) -> None:
    response = client.get("/")

    assert response.status_code == 200
    assert reverse("admin:index") in response.content.decode()


def test_nothing_is_fetched_from_elsewhere(alice: Client, client: Client) -> None:
    for body in (alice.get(reverse("admin:index")).content.decode(), client.get("/").content.decode()):
        assert 'src="http' not in body
        assert 'href="http' not in body
