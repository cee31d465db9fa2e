"""The whole service on this machine, with a simulated platform."""

from vendor_admin.demo.running import Demo

__all__ = ["Demo"]
