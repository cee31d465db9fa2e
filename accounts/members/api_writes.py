"""Members by the partner API: made, and changed."""

from vendor_admin.operations.api.making import WriteView
from vendor_admin.operations.api.single_writes import writes

TAG = "Members"


class NewMembers(WriteView):
    """Makes members. The reading of the same address is in api.py."""

    create = writes("create_members", operation_id="create_member", tag=TAG, summary="Create a member")


class MemberChanges(WriteView):
    """Changes a member's contact info."""

    partial_update = writes(
        "update_contact_info",
        subject="member",
        operation_id="update_member",
        tag=TAG,
        summary="Change a member's contact info",
    )


class MemberEmail(WriteView):
    """A member's e-mail address."""

    put = writes(
        "modify_member_email",
        subject="member",
        operation_id="change_member_email",
        tag=TAG,
        summary="Change a member's e-mail address",
    )


class MemberPassword(WriteView):
    """A member's password."""

    put = writes(
        "modify_member_password",
        subject="member",
        operation_id="change_member_password",
        tag=TAG,
        summary="Change a member's password",
    )


class MemberCredentials(WriteView):
    """A member's user name and password."""

    put = writes(
        "modify_member_credentials",
        subject="member",
        operation_id="change_member_credentials",
        tag=TAG,
        summary="Change a member's user name and password",
    )


class MemberCancellation(WriteView):
    """Ends what a member has."""

    post = writes("cancel_members", subject="member", operation_id="cancel_member", tag=TAG, summary="Cancel a member")
