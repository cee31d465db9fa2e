"""What is told of a notice: one JSON object for programs, from which the mail for people is made. Pure.

A message is fixed when it is made, so that each attempt to deliver it says the same.
"""

from datetime import datetime
from typing import Any

from django.conf import settings

from vendor_admin.notices.models import Delivery, Notice
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization

Message = dict[str, Any]


def message_of(notice: Notice, *, event: str, organization: Organization, now: datetime) -> Message:
    """The message that a notice has opened or is resolved: `type`, `timestamp`, `data`."""
    data = {
        **_about(organization),
        "id": notice.pk,
        "kind": notice.kind,
        "subject": notice.subject,
        "title": notice.title,
        "text": notice.text,
        "next_step": notice.next_step,
        "url": settings.SITE_URL + notice.path,
        "opened_at": _iso(notice.opened_at),
        "times": notice.times,
    }
    if event == Delivery.Event.RESOLVED:
        data |= {"resolution": notice.resolution, "closed_at": _iso(notice.closed_at)}
    return {"type": f"notice.{event}", "timestamp": _iso(now), "data": data}


def trial_message(*, organization: Organization, actor: Actor, now: datetime) -> Message:
    """The message of the button "send a test message"."""
    data = {
        **_about(organization),
        "title": "A test of your notices",
        "text": f"{actor} asked for it. Alerts of {organization.name} arrive here.",
        "next_step": "Nothing has to be done.",
        "url": settings.SITE_URL,
    }
    return {"type": "notice.test", "timestamp": _iso(now), "data": data}


def mail_of(message: Message) -> tuple[str, str]:
    """Subject and text of the mail that says the same."""
    data = message["data"]
    is_resolved = message["type"] == "notice.resolved"
    about = data["organization_name"] + (", demo data" if data["is_demo_data"] else "")
    subject = " ".join(f"[{about}] {'Resolved: ' if is_resolved else ''}{data['title']}".split())
    parts = [data["title"] + "."]
    if is_resolved:
        parts += [data["resolution"], f"Open from {data['opened_at']} to {data['closed_at']}."]
    else:
        parts += [data["text"], f"What to do: {data['next_step']}"]
    if data.get("times", 1) > 1:
        parts.append(f"It came {data['times']} times since {data['opened_at']}.")
    if data["url"]:
        parts.append(data["url"])
    parts.append("Who gets these mails is set by the owners of the organization, under Alert destinations.")
    return subject, "\n\n".join(parts) + "\n"


def _about(organization: Organization) -> Message:
    return {
        "organization": organization.slug,
        "organization_name": organization.name,
        "is_demo_data": organization.is_simulated,
    }


def _iso(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")
