"""Read-only admin pages of mirrored entities. Registers those of what is traded; apps register their own."""

from vendor_admin.mirrors.admin import reference_admin

__all__ = ["reference_admin"]
