"""What the benchmark of size tells of a page's queries."""

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from benchmarks.scale.asking import Explaining, Queries
from benchmarks.scale.measured import Measured
from vendor_admin.organizations.models import Organization

TABLE = "organizations_organization"


def explained(**filters: object) -> Explaining:
    Organization.objects.bulk_create(Organization(slug=f"one-{number}", name=str(number)) for number in range(30))
    explaining = Explaining([TABLE])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    with connection.execute_wrapper(explaining):
        list(Organization.objects.filter(**filters))
    return explaining


def test_a_query_that_no_index_serves_is_told_as_a_scan_with_the_rows_it_reads_in_vain(db: None) -> None:
    told = explained(name="nobody")
    assert (told.scanned, told.thrown_away) == ({TABLE}, 30)


def test_a_query_by_an_index_is_no_scan(db: None) -> None:
    told = explained(slug="one-7")
    assert (told.scanned, told.thrown_away) == (set(), 0)


def test_that_a_session_is_in_use_is_no_query_of_the_page_that_notes_it(db: None) -> None:
    now = timezone.now()
    session = Session.objects.create(session_key="one", session_data="", expire_date=now)
    queries = Queries()
    with connection.execute_wrapper(queries):
        session.expire_date = now + timedelta(hours=1)
        session.save()
        Organization.objects.count()
    assert queries.count == 1


def test_a_step_takes_as_long_as_the_same_beside_it_if_a_row_does() -> None:
    large = Measured("start", times=[900.0], rows=300)
    assert large.times_as_long_as(Measured("start", times=[30.0], rows=10)) == 1.0
    assert Measured("page", times=[90.0]).times_as_long_as(Measured("page", times=[30.0])) == 3.0
