"""The platform's ways to say no to a write.

RefusalError      200 with `errorText`, and with `errorCode` where the answer has one
ViolationsError   200 with a list of fields and what is wrong with them
MissingError      404: the id is unknown, another organization's, or lives on the other host
DeniedError       401: not for this caller
"""


class RefusalError(Exception):
    """The platform's own sentence; `code` is for answers that carry an `errorCode`."""

    def __init__(self, text: str, *, code: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class ViolationsError(Exception):
    """What is wrong with which fields: (name of the field, its value, sentence)."""

    def __init__(self, *violations: tuple[str, object, str]) -> None:
        super().__init__("; ".join(sentence for _, _, sentence in violations))
        self.violations = violations


class MissingError(Exception):
    """There is nothing of this id here."""


class DeniedError(Exception):
    """The caller may not do this."""
