"""Whoever acts: in every verb, in rows and in the audit."""

import pytest
from django.db import IntegrityError, transaction

from tests.support.people import staff_user
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor, ActorKind, is_operator, is_system, label_of, rights_of
from vendor_admin.organizations.models import AccessEntry, AuditEntry, Organization, User
from vendor_admin.organizations.roles import Right
from vendor_admin.organizations.tenancy.scope import organization_scope

PROGRAM = Actor(ActorKind.PROGRAM, "vac_1", "portal Trader Desk")
ACTORS = [
    Actor.staff("mia"),
    Actor.system("worker", label="the worker"),
    Actor(ActorKind.MEMBER, "1-live-7", "member Casey"),
    PROGRAM,
]


@pytest.fixture
def alpha(db: None) -> Organization:
    return Organization.objects.create(slug="alpha", name="Alpha")


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.kind)
def test_the_key_of_an_actor_leads_back_to_them(actor: Actor) -> None:
    found = Actor.from_key(actor.key)
    assert (found.kind, found.id) == (actor.kind, actor.id)
    assert found.key == actor.key


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("mia", "mia"),
        ("system:worker", "Worker"),
        ("system:restore", "Restore"),
        ("system:seed_demo", "seed_demo"),
        ("program:vac_1", "API client vac_1"),
        ("member:1-live-7", "Member 1-live-7"),
        ("other:1", "other:1"),
        ("", ""),
    ],
)
def test_people_read_a_key_in_words(key: str, label: str) -> None:
    assert label_of(key) == label


@pytest.mark.parametrize(("id_", "label"), [("", "somebody"), ("1", ""), (" ", "somebody"), ("1", " ")])
def test_nobody_is_no_actor(id_: str, label: str) -> None:
    with pytest.raises(ValueError, match="needs an id and a label"):
        Actor(ActorKind.MEMBER, id_, label)


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.kind)
def test_the_audit_stores_kind_id_and_label(alpha: Organization, actor: Actor) -> None:
    with organization_scope(alpha.pk):
        entry = audit.record(organization=alpha, actor=actor, action="changed", subject="a thing")
        stored = AuditEntry.objects.get(pk=entry.pk)
    assert (stored.actor_kind, stored.actor_id, stored.actor) == (actor.kind, actor.id, actor.label)


def test_changes_of_access_store_kind_id_and_label_too(alpha: Organization) -> None:
    person = staff_user("mia", alpha)
    audit.record_access(person=person, actor=PROGRAM, action="changed")
    stored = AccessEntry.objects.get()
    assert (stored.actor_kind, stored.actor_id, stored.actor) == ("program", "vac_1", "portal Trader Desk")


@pytest.mark.parametrize("missing", ["actor", "actor_kind", "actor_id"])
def test_the_database_refuses_an_entry_that_names_nobody(alpha: Organization, missing: str) -> None:
    names = {"actor": "mia", "actor_kind": "staff", "actor_id": "mia"} | {missing: ""}
    with organization_scope(alpha.pk):
        for model, values in ((AuditEntry, {"organization": alpha}), (AccessEntry, {})):
            with pytest.raises(IntegrityError, match="names_somebody"), transaction.atomic():
                model.objects.create(**names, action="changed", subject="x", **values)


@pytest.mark.parametrize("name", ["system:worker", "member:1-live-7", "a:b", ":"])
def test_no_person_has_a_name_that_reads_as_another_actors_key(db: None, name: str) -> None:
    with pytest.raises(IntegrityError, match="user_names_hold_no_colon"), transaction.atomic():
        User.objects.create_user(name, kind=User.Kind.STAFF, is_staff=True)
    mia = User.objects.create_user("mia", kind=User.Kind.STAFF, is_staff=True)
    with pytest.raises(IntegrityError, match="user_names_hold_no_colon"), transaction.atomic():
        User.objects.filter(pk=mia.pk).update(username=name)


def test_workers_and_commands_may_everything_and_strangers_nothing(alpha: Organization) -> None:
    staff_user("mia", alpha, role="viewer")
    mia, worker = Actor.staff("mia"), Actor.system("worker")
    with organization_scope(alpha.pk):
        held = rights_of([mia.key, worker.key, PROGRAM.key, "stranger"], organization_id=alpha.pk)
    assert held[worker.key] == frozenset(Right)
    assert Right.VIEW in held[mia.key]
    assert Right.MANAGE_STAFF not in held[mia.key]
    assert (held[PROGRAM.key], held["stranger"]) == (frozenset(), frozenset())
    assert [is_system(actor.key) for actor in (worker, mia, PROGRAM)] == [True, False, False]


def test_only_an_active_operator_is_one(alpha: Organization) -> None:
    staff_user("mia", alpha)
    olga = User.objects.create_user("olga", kind=User.Kind.OPERATOR, is_staff=True)
    assert [is_operator(Actor.staff(name)) for name in ("olga", "mia", "nobody")] == [True, False, False]
    assert not is_operator(Actor.system("olga"))
    User.objects.filter(pk=olga.pk).update(is_active=False)
    assert not is_operator(Actor.staff("olga"))
