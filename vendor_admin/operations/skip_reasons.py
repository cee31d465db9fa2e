"""Every reason why a preview skips a row, with its code (the name) and its text."""

from enum import StrEnum


class SkipReason(StrEnum):
    """Why nothing is done for a target. Texts with braces are formatted with what they are about."""

    # Of any target
    CHANGED_SINCE = "Changed again since: {}."
    BUSY = "Plan {} is changing it right now."
    TWICE = "It stands in this plan already."
    TAKEN_TWICE = "An earlier row of this plan has the same {}."
    NOT_THERE = "The platform has no such {}."
    NOT_THERE_BY_ID = "The platform has no {} {}."
    ALREADY = "It is {} already."

    # Members
    NO_MEMBER = "The organization has no such member."
    NO_MEMBER_BY_ID = "The organization has no member {}."
    SAME_EMAIL = "It is the member's address already."
    SAME_CONTACT_INFO = "The contact info says so already."
    PASSWORD = "The password {}."  # noqa: S105
    NO_HOST = "Say which host: a member is cancelled on LIVE and on DEMO, by one row for each."
    NOTHING_GOES_ON = "Nothing of this member that was chosen goes on, on {}."
    NOT_OURS = "No cancelling plan of this organization ended it."
    GIVEN_TWICE = "Another row of this plan gives it again."

    # What members are given
    DISCONTINUED = "{} is discontinued."
    HAS_IT = "The member has this {} already."
    HAS_FOR_MONTH = "The member has {} for {} already."
    RUNS_OUT = "The member has it until {}, without renewal: end it at once, then add it again."
    NO_AGREEMENT = (
        "No signature of the market data agreement is known, and without it the platform gives no Sim+. Ask the member "
        "to sign in and sign; if you know that it was signed, say so in the plan."
    )
    SIM_PLUS_LATER = (
        "{} is Sim+, which can be given only after the member signed the market data agreement: add it later."
    )
    ENTITLEMENTS_ARE_A_LIST = "The entitlements must be a list of their platform ids."
    OVER = "It is over already."
    ENDS_WITH_PERIOD = "It is cancelled already, and ends with its period."
    EXPIRED = "It has expired already."
    NEWER_PLUGIN = "The member has a newer plug-in of this name, and the platform goes by the name."
    NO_APPROVAL = "Say whether the approval is given or withdrawn, and nothing else."

    # Accounts
    ACCOUNT_OVER = "The account is archived or closed."
    MAY_TRADE = "The member may trade this account already."
    NAME_TAKEN = "The name {} is taken, or stands in this plan already."
    NO_BALANCE = "The platform has not sent a balance of this account in this currency."
    NO_PEAK = "The peak cannot be kept: the platform has not sent the account's highest net liquidation value."
    SAME_PEAK = "The peak is there already."
    NO_PERMISSION = (
        "No trading permission is in force: the platform leaves such accounts as they are, without saying so. Grant "
        "one first."
    )
    NO_DATE = "Say which session's open to go back to: `tradeDate`, as 2026-11-20."
    FUTURE = "A session that has not begun cannot be gone back to."

    # Limits
    NO_LIMIT_NAMED = "No limit is named that should change."
    SAME_LIMITS = "No change: the limits are already set like this."
    NO_DRAWDOWN = "A limit or mode of the trailing drawdown needs a trailing drawdown."
    NO_SETTING_NAMED = "No setting is named that should change."
    SAME_SETTINGS = "No change: it is already set like this."
