"""What the schema says of problems (RFC 9457)."""

from rest_framework import serializers

WORDS_OF = {
    "400": "The request cannot be read: an unknown parameter, a value that is none, a cursor of another list.",
    "401": "No key or token, or one that does not work any more.",
    "403": "The key or token lacks a scope, or a rule does not allow it.",
    "404": "There is no such thing in your organization.",
    "409": "It does not fit how things stand now.",
    "422": "Some of the values cannot be taken: `errors` has each.",
    "429": "Too many requests: wait as long as `Retry-After` says.",
    "503": "Not possible at this moment: try again later.",
}
OF_EVERY_REQUEST = ("400", "401", "403", "429", "503")
OF_WRITES = ("409", "422")


class ProblemFault(serializers.Serializer):
    """One thing that is wrong with what was sent."""

    pointer = serializers.CharField(required=False, help_text="Where in the body it is: a JSON pointer (RFC 6901).")
    parameter = serializers.CharField(required=False, help_text="Which parameter of the address it is.")
    code = serializers.CharField(help_text="What is wrong, for programs.")
    detail = serializers.CharField(help_text="What is wrong, in a sentence.")


class Problem(serializers.Serializer):
    """Why a request was not done."""

    type = serializers.CharField(help_text="The address of the page that explains this kind of problem.")
    title = serializers.CharField(help_text="What kind of problem it is, in a few words.")
    status = serializers.IntegerField(help_text="The HTTP status.")
    code = serializers.CharField(help_text="What kind of problem it is, for programs.")
    detail = serializers.CharField(help_text="What happened and what to do, in sentences.")
    instance = serializers.CharField(help_text="The address that was asked.")
    request_id = serializers.CharField(help_text="Names this request to support, and in the log of requests.")
    errors = ProblemFault(  # type: ignore[assignment]  # a field by the name of what serializers have themselves
        many=True, required=False, help_text="Each thing that is wrong, where there are several."
    )
