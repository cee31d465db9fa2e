"""`python -m vendor_admin.sandbox`: serve the simulated platform without Django."""

import argparse
import sys
from collections.abc import Sequence

from vendor_admin.sandbox.configuration import add_arguments, from_options
from vendor_admin.sandbox.serving.server import CannotListen, serve


def main(given: Sequence[str] | None = None) -> None:
    """Read the command line, or these arguments, and serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m vendor_admin.sandbox", description=__doc__)
    add_arguments(parser)
    arguments = parser.parse_args(given)
    try:
        serve(from_options(vars(arguments)), port=arguments.port)
    except CannotListen as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
