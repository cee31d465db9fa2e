"""Finds who calls the partner API: readers of credentials, which settings.PARTNER_API_CREDENTIALS names.

A credential names its organization, so that its rows can be opened before anything is looked up. A false number finds
nothing: the digest is looked up behind that organization's policies.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, cast

from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.programs import Programs, kinds_of_programs
from vendor_admin.partner_api.authentication import Token


@dataclass(frozen=True, slots=True)
class Leaked:
    """A credential of ours that was sent where others read it. `is_ended`: it works no more because of that."""

    organization: Organization
    program: Actor
    is_ended: bool


class CredentialReader(Programs, Protocol):
    """Reads one kind of credentials."""

    def organization_id_of(self, credential: str) -> int | None:
        """The organization that a credential says it is of; None where it is not of this kind. No query."""
        ...

    def find(self, credential: str, *, address: str, now: datetime) -> Token | None:
        """What it allows whoever calls from `address`; notes the use. Opens the scope itself. Raises
        CredentialRefused.
        """
        ...

    def end_leaked(self, credential: str, *, now: datetime, request_id: str) -> Leaked | None:
        """Whose it is, ended where that was chosen. Inside the scope. None where it lets nobody in now."""
        ...


@dataclass(frozen=True, slots=True)
class Claim:
    """A credential that looks like one of ours: the organization it says it is of, and who can read it."""

    credential: str
    organization_id: int
    reader: CredentialReader

    def find(self, *, address: str, now: datetime) -> Token | None:
        """What it allows. Raises CredentialRefused."""
        return self.reader.find(self.credential, address=address, now=now)


def claim_of(credential: str) -> Claim | None:
    """Whose a credential says it is; None where it is of no kind that we give."""
    for reader in readers():
        organization_id = reader.organization_id_of(credential)
        if organization_id is not None:
            return Claim(credential, organization_id, reader)
    return None


def readers() -> Iterator[CredentialReader]:
    """Each kind of credentials that settings name."""
    return (cast(CredentialReader, kind) for kind in kinds_of_programs())
