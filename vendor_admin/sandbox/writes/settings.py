"""How the platform treats writes just now: what a test may set, and what the documents leave open."""

import dataclasses

COMMENTS = ("keep", "drop", "cut")


@dataclasses.dataclass(kw_only=True)
class WriteSettings:
    """Stays until it is set again.

    `comments` says what becomes of the comment of a balance change: keep, drop, or cut to `comment_length`.
    `item_failure_rate` of the items of a batch fail with `item_failure_text`, drawn under the sandbox's seed.
    `delay_ms` passes before every answer to a write. `cap_binds_administrators` is about the 50,000 dollars of
    changeDemoBalance. With `observes_windows` creation fails in the maintenance windows. `clock_offset_seconds` moves
    the clock that session dates, months and windows go by; timestamps stay true.
    """

    comments: str = "keep"
    comment_length: int = 16
    item_failure_rate: float = 0.0
    item_failure_text: str = "Internal error"
    delay_ms: float = 0.0
    cap_binds_administrators: bool = True
    adjust_cash_bound: float = 100_000.0
    observes_windows: bool = False
    clock_offset_seconds: float = 0.0

    def comment(self, text: str) -> str | None:
        """What is kept of a comment."""
        if self.comments == "drop":
            return None
        return text[: self.comment_length] if self.comments == "cut" else text
