"""Positions, orders, fills and order strategies by the partner API, to read."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from risk.orders.fees import total_fees
from risk.orders.rejections import attach_rejections
from vendor_admin.mirrors.api.mirror_reading import MirrorFilters, MirrorReading, MirrorResource
from vendor_admin.mirrors.models import Contract, Fill, FillFee, Order, OrderStrategy, Position
from vendor_admin.mirrors.queries.lookups import attach_versions, load_plain
from vendor_admin.mirrors.queries.plain_rows import rows_among
from vendor_admin.mirrors.queries.positions import open_positions, other_positions
from vendor_admin.partner_api.reading.fields import Amount, Day, Flag, Moment, PlatformId, Whole, Word
from vendor_admin.partner_api.reading.filters import DayFilter, FlagFilter, IdsFilter, WordFilter
from vendor_admin.partner_api.reading.resources import Resource
from vendor_admin.partner_api.reading.views import organization_id_of


class OfAccount(MirrorResource):
    """What everything that is traded says."""

    account_id = PlatformId(allow_null=True, help_text="The account.")
    contract_id = PlatformId(allow_null=True, help_text="The contract.")
    contract_name = Word(source="contract.name", allow_null=True, help_text="The contract's name, for example ESZ6.")
    at = Moment(source="timestamp", allow_null=True, help_text="The platform's own time of it.")


class NetPosition(OfAccount):
    """What an account holds of a contract on a trade date."""

    is_open = Flag(help_text="Whether it is open: not flat, and the newest of its account and contract.")
    trade_date = Day(allow_null=True, help_text="The trade date.")
    net_quantity = Whole(source="net_pos", allow_null=True, help_text="Contracts held: below 0 short.")
    net_price = Amount(allow_null=True, help_text="The average price.")
    bought_quantity = Whole(source="bought", allow_null=True, help_text="Contracts bought on the trade date.")
    bought_value = Amount(allow_null=True, help_text="Price times quantity of what was bought.")
    sold_quantity = Whole(source="sold", allow_null=True, help_text="Contracts sold on the trade date.")
    sold_value = Amount(allow_null=True, help_text="Price times quantity of what was sold.")
    previous_quantity = Whole(source="prev_pos", allow_null=True, help_text="What was held the day before.")
    previous_price = Amount(source="prev_price", allow_null=True, help_text="At which price.")


class Rejected(Resource):
    """Why an order was rejected, as the platform's last report of it says."""

    reason = Word(source="term", help_text="The platform's word, for example LiquidationOnly.")
    words = Word(help_text="What it means.")
    text = Word(help_text="The text that the platform sent; empty where it sent none.")


class PlacedOrder(OfAccount):
    """An order; quantity, type and prices are those of its newest version."""

    action = Word(allow_null=True, help_text="Buy or Sell.")
    status = Word(source="ord_status", allow_null=True, help_text="The platform's status: Working, Filled, Canceled, …")
    quantity = Whole(source="version.order_qty", allow_null=True, help_text="How many contracts.")
    order_type = Word(source="version.order_type", allow_null=True, help_text="Market, Limit, Stop, …")
    price = Amount(source="version.price", allow_null=True, help_text="The limit price.")
    stop_price = Amount(source="version.stop_price", allow_null=True, help_text="The stop price.")
    time_in_force = Word(source="version.time_in_force", allow_null=True, help_text="Day, GTC, …")
    expires_at = Moment(source="version.expire_time", allow_null=True, help_text="When it expires.")
    parent_id = PlatformId(allow_null=True, help_text="The order that it waits for.")
    linked_id = PlatformId(allow_null=True, help_text="The order that it is linked to.")
    one_cancels_other_id = PlatformId(source="oco_id", allow_null=True, help_text="The order that its fill cancels.")
    rejection = Rejected(allow_null=True, help_text="Why it was rejected; null for others.")
    by_admin = Flag(source="admin", allow_null=True, help_text="Whether an admin placed it.")
    external = Flag(allow_null=True, help_text="Whether it comes from outside of the platform.")


class Execution(OfAccount):
    """A trade: a part of an order that was carried out."""

    order_id = PlatformId(allow_null=True, help_text="The order.")
    action = Word(allow_null=True, help_text="Buy or Sell.")
    quantity = Whole(source="qty", allow_null=True, help_text="How many contracts.")
    price = Amount(allow_null=True, help_text="At which price.")
    trade_date = Day(allow_null=True, help_text="The trade date.")
    is_taken_back = Flag(source="taken_back", help_text="Whether it does not stand any more, and is not counted.")
    fees = Amount(allow_null=True, help_text="Fees and commission together; null where the platform sent none.")
    external = Flag(allow_null=True, help_text="Whether it comes from outside of the platform.")


class Strategy(OfAccount):
    """A strategy of several orders, for example a bracket."""

    action = Word(allow_null=True, help_text="Buy or Sell.")
    status = Word(allow_null=True, help_text="The platform's status of it.")
    strategy_type_id = PlatformId(source="order_strategy_type_id", allow_null=True, help_text="The kind of strategy.")
    initiator_id = PlatformId(allow_null=True, help_text="The user who began it.")
    parameters = Word(source="params", allow_null=True, help_text="The platform's parameters of it, as it has them.")
    failure_message = Word(allow_null=True, help_text="Why it failed, in the platform's words.")


class OfAccountFilters(MirrorFilters):
    """What these lists can be narrowed by."""

    account = IdsFilter(field_name="account_id", help_text="Accounts' platform ids.")


class PositionFilters(OfAccountFilters):
    """What the list of positions can be narrowed by."""

    open = FlagFilter(method="by_open", help_text="true: open ones. false: flat ones, and older ones.")

    def by_open(self, rows: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        return open_positions(rows) if value else other_positions(rows)


class OrderFilters(OfAccountFilters):
    """What the list of orders can be narrowed by."""

    needs = {"status": ("account", "id")}
    status = WordFilter(field_name="ord_status", help_text="The platform's status, together with `account`.")


class FillFilters(OfAccountFilters):
    """What the list of fills can be narrowed by."""

    order = IdsFilter(field_name="order_id", help_text="Orders' platform ids.")
    trade_date = DayFilter(field_name="trade_date", help_text="The trade date.")


class TradingReading(MirrorReading):
    """A list of what is traded, with the names of contracts."""

    filterset_class = OfAccountFilters
    tag = "Trading"
    required_scopes = {"GET": ("accounts:read",)}

    def join(self, rows: list[Any], *, request: Request) -> None:
        contracts = load_plain(
            Contract, organization_id=organization_id_of(request), ids=[row.contract_id for row in rows]
        )
        for row in rows:
            row.contract = contracts.get(row.contract_id, row.environment)


class Positions(TradingReading):
    """Net positions by account, contract and trade date. Of an account's in one contract only the newest counts."""

    model = Position
    serializer_class = NetPosition
    filterset_class = PositionFilters
    noun = "position"
    collection = "positions"

    def join(self, rows: list[Any], *, request: Request) -> None:
        super().join(rows, request=request)
        organization_id = organization_id_of(request)
        found = rows_among(
            Position, "id", [row.id for row in rows], organization_id=organization_id, narrowed=open_positions
        )
        still_open = {row.id for row in found}
        for row in rows:
            row.is_open = row.id in still_open


class Orders(TradingReading):
    """Orders, the newest first."""

    model = Order
    serializer_class = PlacedOrder
    filterset_class = OrderFilters
    noun = "order"
    collection = "orders"

    def join(self, rows: list[Any], *, request: Request) -> None:
        super().join(rows, request=request)
        attach_versions(rows, organization_id=organization_id_of(request))
        attach_rejections(rows, organization_id=organization_id_of(request))


class Fills(TradingReading):
    """Trades, the newest first."""

    model = Fill
    serializer_class = Execution
    filterset_class = FillFilters
    noun = "fill"
    collection = "fills"

    def join(self, rows: list[Any], *, request: Request) -> None:
        super().join(rows, request=request)
        fees = load_plain(FillFee, organization_id=organization_id_of(request), ids=[row.entity_id for row in rows])
        for row in rows:
            row.fees = total_fees(fees.get(row.entity_id, row.environment))
            row.taken_back = row.active is False


class OrderStrategies(TradingReading):
    """Strategies of several orders, the newest first."""

    model = OrderStrategy
    serializer_class = Strategy
    noun = "order strategy"
    collection = "order-strategies"
