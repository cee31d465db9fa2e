"""`python -m vendor_admin.sandbox`: serve the simulated platform without Django."""

import argparse
import sys

from vendor_admin.sandbox.configuration import add_arguments, from_options
from vendor_admin.sandbox.serving.server import CannotListen, serve


def main() -> None:
    """Read the command line and serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m vendor_admin.sandbox", description=__doc__)
    add_arguments(parser)
    arguments = parser.parse_args()
    try:
        serve(from_options(vars(arguments)), port=arguments.port)
    except CannotListen as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
