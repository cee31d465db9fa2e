"""The HTML of the sign-in, consent and error pages: plain, made for a phone, without scripts."""

from collections.abc import Sequence
from html import escape

from vendor_admin.sandbox.oauth.authorization import Visit
from vendor_admin.sandbox.oauth.members import Member

READS = ("your name and e-mail", "your accounts, balances and subscriptions", "your positions, orders and fills")

_STYLE = """
:root { color-scheme: light dark; }
* { box-sizing: border-box; }
body { margin: 0; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; background: #eef1f4; color: #17212b; }
main { max-width: 26rem; margin: 5vh auto 0; padding: 1.5rem; background: #fff; border-radius: .75rem; }
h1 { margin: 0 0 .25rem; font-size: 1.4rem; }
p, ul { margin: .5rem 0 1rem; }
ul { padding-left: 1.25rem; }
label { display: block; margin-top: 1rem; font-weight: 600; }
input { width: 100%; min-height: 2.75rem; padding: .5rem .75rem; font: inherit; border: 1px solid #6b7785;
  border-radius: .5rem; background: #fff; color: inherit; }
button { width: 100%; min-height: 2.75rem; margin-top: 1rem; font: inherit; font-weight: 600; border-radius: .5rem;
  border: 1px solid #1257a8; background: #1257a8; color: #fff; }
button.second { background: transparent; color: #1257a8; }
[role=alert] { padding: .75rem; border-left: .3rem solid #b3261e; background: #fdecea; color: #5f130e; }
small { display: block; margin-top: 1.25rem; color: #55606c; }
@media (prefers-color-scheme: dark) {
  body { background: #10161d; color: #e6ebf0; }
  main { background: #1a232d; }
  input { background: #10161d; }
  button.second { color: #9cc4f7; border-color: #9cc4f7; }
  small { color: #a5b0bc; }
}
"""
_NOTE = "This is a simulation of the trading platform. Nobody's real account is used here."


def sign_in_page(visit: Visit, *, login: str = "", complaint: str = "", quick: Sequence[Member] = ()) -> str:
    """The form that asks for user name and password; `complaint` says why the last try failed, `quick` are members
    that one click lets in.
    """
    alert = f'<p role="alert" id="complaint">{escape(complaint)}</p>' if complaint else ""
    described = ' aria-describedby="complaint" aria-invalid="true"' if complaint else ""
    return _page(
        "Sign in",
        f"""
<h1>Sign in</h1>
<p>to continue to <strong>{escape(visit.client.name)}</strong></p>
{alert}
<form method="post" action="/oauth/sign-in">
  {_visit_field(visit)}
  <label for="login">User name or e-mail</label>
  <input id="login" name="login" value="{escape(login)}" autocomplete="username" autocapitalize="none"
    spellcheck="false"{described}>
  <label for="password">Password</label>
  <input id="password" name="password" type="password" autocomplete="current-password"{described}>
  <button name="action" value="sign-in">Sign in</button>
  <button name="action" value="cancel" class="second">Cancel</button>
</form>
{_quick_form(visit, quick)}
<small>{_NOTE} A made-up trader's password is <code>sandbox-</code> and the user name in small letters.</small>""",
    )


def consent_page(visit: Visit, member: Member) -> str:
    """What the member is asked to agree to."""
    reads = "".join(f"<li>{escape(text)}</li>" for text in READS)
    return _page(
        "Allow access",
        f"""
<h1>Allow access?</h1>
<p><strong>{escape(visit.client.name)}</strong> would like to read, as <strong>{escape(member.name)}</strong>:</p>
<ul>{reads}</ul>
<p>It can neither trade nor change anything, and you can take this back at any time.</p>
<form method="post" action="/oauth/consent">
  {_visit_field(visit)}
  <button name="decision" value="allow">Allow</button>
  <button name="decision" value="refuse" class="second">Refuse</button>
</form>
<small>{_NOTE}</small>""",
    )


def error_page(text: str) -> str:
    """A dead end: the person is not sent on."""
    return _page(
        "Sign-in failed", f'\n<h1>Sign-in failed</h1>\n<p role="alert">{escape(text)}</p>\n<small>{_NOTE}</small>'
    )


def _quick_form(visit: Visit, quick: Sequence[Member]) -> str:
    buttons = "".join(
        f'<button name="action" value="quick:{member.user_id}" class="second">{escape(member.name)}</button>'
        for member in quick
    )
    if not buttons:
        return ""
    return f"""<form method="post" action="/oauth/sign-in">
  {_visit_field(visit)}
  <p>Or sign in and allow access with one click, as the made-up trader:</p>{buttons}
</form>"""


def _visit_field(visit: Visit) -> str:
    return f'<input type="hidden" name="visit" value="{escape(visit.number)}">'


def _page(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · simulated platform</title>
<style>{_STYLE}</style>
</head>
<body>
<main>{body}
</main>
</body>
</html>
"""
