"""What the rows of a preview that will change come to, added up while they are made."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any, Self

from vendor_admin.operations.kinds import RowDraft
from vendor_admin.operations.plans.charges import spends_money, total_of

PAID_ROWS_NAMED = 10


@dataclass(slots=True)
class Tally:
    """`planned` rows will change. Those of known `amount` move so much money between balances, whatever its sign;
    `unknown` is the number of the others. `cost`: what they cost for the first period, None where that is not known.
    `paid` names the first of the `paid_rows` that cost something.
    """

    planned: int = 0
    unknown: int = 0
    amount: Decimal = Decimal(0)
    cost: Decimal | None = Decimal(0)
    paid: list[str] = field(default_factory=list)
    paid_rows: int = 0

    def add(self, drafts: Iterable[RowDraft]) -> None:
        """Count drafts that will change."""
        for draft in drafts:
            self.planned += 1
            self.cost = total_of((self.cost, draft.cost))
            if draft.amount is None:
                self.unknown += 1
            else:
                self.amount += abs(draft.amount)
            if spends_money(draft.cost):
                self.paid_rows += 1
                self.paid = [*self.paid, draft.label][:PAID_ROWS_NAMED]

    def paid_in_words(self) -> str:
        """Which rows cost something: of a file, by their lines."""
        more = f", and {self.paid_rows - len(self.paid):,} more" if self.paid_rows > len(self.paid) else ""
        return f"What costs something: {', '.join(self.paid)}{more}."

    def as_json(self) -> dict[str, Any]:
        """As `read` takes it back."""
        return asdict(self) | {"amount": str(self.amount), "cost": None if self.cost is None else str(self.cost)}

    @classmethod
    def read(cls, stored: dict[str, Any]) -> Self:
        """Of what `as_json` gave; of nothing, the tally of no rows."""
        found = cls(**stored)
        found.amount = Decimal(found.amount)
        found.cost = None if found.cost is None else Decimal(found.cost)
        return found
