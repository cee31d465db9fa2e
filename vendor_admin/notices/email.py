"""Notices as e-mail, by the mail server that the installation's EMAIL_URL names."""

import smtplib
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage

from vendor_admin.notices.answers import Answer
from vendor_admin.notices.messages import mail_of

NO_MAIL_SERVER = "This installation has no mail server: whoever runs it sets EMAIL_URL. Until then, use a webhook."
_TO_FILES = "django.core.mail.backends.filebased.EmailBackend"


def can_send() -> bool:
    """Whether this installation can send mail at all."""
    return bool(settings.EMAIL_URL)


def send(addresses: Sequence[str], *, message: dict[str, Any], message_id: str) -> Answer:
    """Send once; each attempt carries the same Message-ID. Never raises."""
    if not can_send():
        return Answer(False, NO_MAIL_SERVER, is_final=True)
    subject, text = mail_of(message)
    host = urlsplit(settings.SITE_URL).hostname or "vendor-admin.invalid"
    headers = {"Message-ID": f"<{message_id}@{host}>", "Auto-Submitted": "auto-generated"}
    try:
        EmailMessage(subject, text, to=list(addresses), headers=headers).send()
    except smtplib.SMTPRecipientsRefused as error:
        said = "; ".join(f"{address}: {code} {_text(words)}" for address, (code, words) in error.recipients.items())
        return Answer(False, f"The mail server refused every address. {said}"[:400])
    except smtplib.SMTPResponseException as error:
        return Answer(False, f"The mail server answered {error.smtp_code} {_text(error.smtp_error)}"[:400])
    except (smtplib.SMTPException, OSError, ValueError) as error:
        return Answer(False, f"The mail server could not be reached or used: {type(error).__name__}.")
    if settings.EMAIL_BACKEND == _TO_FILES:
        return Answer(True, f"Written to a file in {settings.EMAIL_FILE_PATH}; this installation sends no real mail.")
    return Answer(True, f"The mail server took it for {len(addresses)} address{'es' if len(addresses) > 1 else ''}.")


def _text(words: bytes | str) -> str:
    return words.decode(errors="replace") if isinstance(words, bytes) else words
