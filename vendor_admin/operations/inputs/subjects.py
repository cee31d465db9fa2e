"""How rows name the member or the account that they change."""

from typing import Annotated

from vendor_admin.operations.inputs.described import reference

MemberToChange = Annotated[
    str | int,
    reference("member", "The member, by platform id, user name or e-mail address.", example="9100011", is_subject=True),
]
AccountToChange = Annotated[
    str | int, reference("account", "The account, by platform id or name.", example="EVAL00001", is_subject=True)
]
