"""What an account holds beyond its limits, once it has others: a switch of risk category looks at open positions again.

The platform's page says that they may be liquidated then. Our choice: all that counts towards a passed limit is closed.
"""

import datetime as dt
from collections.abc import Sequence

from vendor_admin.sandbox.risk_rules.account_state import AccountState, ContractTerms
from vendor_admin.sandbox.risk_rules.position_limits import ContractBook, PositionLimit, TotalBy


def contracts_over(
    account: AccountState, limits: Sequence[PositionLimit], contracts: ContractBook, now: dt.datetime
) -> set[int]:
    """The contracts whose positions, alone or together, are larger than a limit allows. What works does not count, nor
    does a limit that cannot be applied.
    """
    held = [contracts[contract_id] for contract_id, net in account.positions.items() if net]
    over: set[int] = set()
    for limit in limits:
        if limit.is_misconfigured:
            continue
        for together in _groups(TotalBy(limit.total_by), [one for one in held if limit.acts_on(one, now)]):
            if _is_over(limit, together, account):
                over |= {contract.contract_id for contract in together}
    return over


def _groups(total_by: TotalBy, held: Sequence[ContractTerms]) -> list[list[ContractTerms]]:
    groups: dict[object, list[ContractTerms]] = {}
    for contract in held:
        key = total_by.key_of(contract)
        groups.setdefault(("alone", contract.contract_id) if key is None else key, []).append(contract)
    return list(groups.values())


def _is_over(limit: PositionLimit, together: Sequence[ContractTerms], account: AccountState) -> bool:
    held = [account.positions[contract.contract_id] for contract in together]
    units = sum(abs(account.positions[one.contract_id]) * one.fungible_units for one in together)
    return any(
        most is not None and count > most
        for most, count in (
            (limit.long, sum(net for net in held if net > 0)),
            (limit.short, -sum(net for net in held if net < 0)),
            (limit.exposed, sum(abs(net) for net in held)),
            (limit.fungible_exposed, units),
        )
    )
