"""Workers in processes of their own, one for each organization, until every operation is over. Run as a child process.

Arguments: ids of organizations. A sandbox's hour of seconds has no room for what a call takes on its way: the budgets'
margin, which is half a percent of a real hour, is half of it here.
"""

import faulthandler
import os
import sys
import time
import traceback

import django

MARGIN = 1.5
LONGEST_SECONDS = 90.0


def work_until_over(organization_id: int) -> None:
    # Imported here, since Django's apps are there only now.
    from vendor_admin.operations.engine import runner
    from vendor_admin.operations.models import Operation
    from vendor_admin.organizations.platform_access import budgets
    from vendor_admin.organizations.tenancy.scope import organization_scope

    budgets.WINDOW_MARGIN = MARGIN
    deadline = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline:
        runner.work(organization_id=organization_id, environment="demo", seconds=3)
        with organization_scope(organization_id):
            if not Operation.objects.filter(state__in=Operation.UNFINISHED).exists():
                return
        time.sleep(0.1)
    raise AssertionError(f"operations of organization {organization_id} are left")


def main() -> int:
    children = []
    for organization_id in map(int, sys.argv[1:]):
        child = os.fork()
        if child == 0:
            try:
                work_until_over(organization_id)
            except BaseException:  # noqa: BLE001 - a fork must not go on with what is its parent's
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    sys.stderr.write(f"ended with {codes}\n")
    return int(any(codes))


if __name__ == "__main__":
    faulthandler.enable()
    django.setup()
    sys.exit(main())
