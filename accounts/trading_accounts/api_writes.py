"""Accounts by the partner API: made from a template, and put back to a session's open."""

from vendor_admin.operations.api.making import WriteView
from vendor_admin.operations.api.single_writes import writes

TAG = "Accounts"


class NewAccounts(WriteView):
    """Makes accounts. The reading of the same address is in api.py."""

    create = writes("create_accounts", operation_id="create_account", tag=TAG, summary="Create an account")


class AccountReset(WriteView):
    """Puts an account back to the open of a session."""

    post = writes(
        "reset_accounts",
        subject="account",
        operation_id="reset_account",
        tag=TAG,
        summary="Reset an account to a session's open",
    )
