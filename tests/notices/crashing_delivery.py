"""A worker that delivers notices and is killed once, between the sending and the storing. Run by a test as a child."""

import os
import signal

import django


def main() -> None:
    # Imported here, since Django's apps are there only now.
    from django.utils import timezone

    from vendor_admin.notices import delivery

    def die(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    delivery.store_answer = die
    delivery.deliver_due(now=timezone.now())


if __name__ == "__main__":
    django.setup()
    main()
