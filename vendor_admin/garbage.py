"""How often Python looks for garbage in processes that make millions of objects which stay a moment."""

import gc


def collect_garbage_seldom() -> None:
    """Have Python look for garbage after 50,000 new objects instead of 700, and never among what is loaded by now.

    A plan of many rows makes millions of objects that stay a moment: to look through them takes a third of its time.
    A page of a thousand events is as much to a process that answers requests.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
