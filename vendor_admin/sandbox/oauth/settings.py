"""The knobs of the OAuth pages; `POST /control/oauth/configure` changes them while the sandbox runs."""

import dataclasses


@dataclasses.dataclass(kw_only=True)
class OAuthSettings:
    """Lifetimes in seconds and the choices that the platform's documents leave open.

    A reply announces `announced_refresh_seconds`, and the token lives `refresh_seconds`: documents say two weeks, the
    field says 26 hours. Older documents know no refresh token at all: `issues_refresh_tokens` off.
    `quick_members` is no choice of the platform's: so many made-up members the form lets in and agree with one click,
    for people who look at a demo.
    """

    page_seconds: float = 600.0
    code_seconds: float = 60.0
    access_seconds: float = 4_800.0
    refresh_seconds: float = 93_600.0
    announced_refresh_seconds: int = 1_209_600
    issues_refresh_tokens: bool = True
    requires_pkce: bool = False
    replay_revokes_grant: bool = True
    wrong_passwords: int = 5
    lock_seconds: float = 900.0
    quick_members: int = 0

    def change(self, name: str, value: object) -> None:
        """Set one knob; raises ValueError for an unknown name or a value of another kind."""
        if name not in {field.name for field in dataclasses.fields(self)}:
            raise ValueError(f"unknown setting {name}")
        present = getattr(self, name)
        if isinstance(present, bool) is not isinstance(value, bool) or not isinstance(value, bool | int | float):
            raise ValueError(f"{name} is {'true or false' if isinstance(present, bool) else 'a number'}, not {value!r}")
        setattr(self, name, type(present)(value))
