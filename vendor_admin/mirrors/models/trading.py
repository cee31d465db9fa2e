"""Orders and what became of them."""

from django.db import models

from vendor_admin.mirrors.models.base import (
    Mirror,
    Source,
    flag,
    integer,
    moment,
    number,
    platform_id,
    trade_date,
    word,
)


class Position(Mirror):
    """The net position of an account in one contract."""

    entity_type = "position"
    source = Source.SNAPSHOT

    account_id = platform_id()
    contract_id = platform_id()
    timestamp = moment()
    trade_date = trade_date()
    net_pos = integer()
    net_price = number()
    bought = integer()
    bought_value = number()
    sold = integer()
    sold_value = number()
    prev_pos = integer()
    prev_price = number()
    archived = flag()

    class Meta(Mirror.Meta):
        verbose_name = "position"
        indexes = [
            models.Index(fields=["organization", "account_id", "entity_id"], name="position_account"),
        ]


class Order(Mirror):
    """An order; quantities and prices are in its versions."""

    entity_type = "order"
    source = Source.SNAPSHOT

    account_id = platform_id()
    contract_id = platform_id()
    spread_definition_id = platform_id()
    timestamp = moment()
    action = word()
    ord_status = word()
    execution_provider_id = platform_id()
    oco_id = platform_id()
    parent_id = platform_id()
    linked_id = platform_id()
    admin = flag()
    archived = flag()
    external = flag()

    class Meta(Mirror.Meta):
        verbose_name = "order"
        indexes = [
            models.Index(fields=["organization", "account_id", "entity_id"], name="order_account"),
            models.Index(
                fields=["organization", "parent_id"], name="order_parent", condition=models.Q(parent_id__isnull=False)
            ),
            models.Index(fields=["organization", "oco_id"], name="order_oco", condition=models.Q(oco_id__isnull=False)),
        ]


class OrderVersion(Mirror):
    """Quantity, type and prices of an order at one time."""

    entity_type = "orderVersion"
    source = Source.SNAPSHOT
    account_is_derived = True

    account_id = platform_id()
    order_id = platform_id()
    order_qty = integer()
    order_type = word()
    price = number()
    stop_price = number()
    limit_if_touched_price = number()
    max_show = integer()
    peg_difference = number()
    time_in_force = word()
    expire_time = moment()
    text = word()

    class Meta(Mirror.Meta):
        verbose_name = "order version"
        indexes = [
            models.Index(fields=["organization", "order_id", "entity_id"], name="orderversion_order_i"),
            models.Index(fields=["organization", "account_id", "entity_id"], name="orderversion_account"),
        ]


class Command(Mirror):
    """A request to place, change or cancel an order."""

    entity_type = "command"
    source = Source.SNAPSHOT
    account_is_derived = True

    account_id = platform_id()
    order_id = platform_id()
    timestamp = moment()
    cl_ord_id = word()
    command_type = word()
    command_status = word()
    sender_id = platform_id()
    user_session_id = platform_id()
    activation_time = moment()
    custom_tag50 = word()
    is_automated = flag()

    class Meta(Mirror.Meta):
        verbose_name = "command"
        indexes = [
            models.Index(fields=["organization", "order_id", "entity_id"], name="command_order_i"),
            models.Index(fields=["organization", "account_id", "entity_id"], name="command_account"),
        ]


class CommandReport(Mirror):
    """The platform's answer to a command."""

    entity_type = "commandReport"
    source = Source.SNAPSHOT
    account_is_derived = True

    account_id = platform_id()
    command_id = platform_id()
    timestamp = moment()
    command_status = word()
    reject_reason = word()
    text = word()
    ord_status = word()

    class Meta(Mirror.Meta):
        verbose_name = "command report"
        indexes = [
            models.Index(fields=["organization", "command_id", "entity_id"], name="commandreport_command"),
            models.Index(fields=["organization", "account_id", "entity_id"], name="commandreport_account"),
        ]


class ExecutionReport(Mirror):
    """The exchange's answer to a command."""

    entity_type = "executionReport"
    source = Source.SNAPSHOT

    command_id = platform_id()
    name = word()
    account_id = platform_id()
    contract_id = platform_id()
    timestamp = moment()
    trade_date = trade_date()
    order_id = platform_id()
    exec_type = word()
    exec_ref_id = word()
    ord_status = word()
    action = word()
    cum_qty = integer()
    avg_px = number()
    last_qty = integer()
    last_px = number()
    reject_reason = word()
    text = word()
    exchange_order_id = word()

    class Meta(Mirror.Meta):
        verbose_name = "execution report"
        indexes = [
            models.Index(fields=["organization", "account_id", "entity_id"], name="executionreport_account"),
            models.Index(fields=["organization", "order_id", "entity_id"], name="executionreport_order_i"),
        ]

    def __str__(self) -> str:
        return self.name or super().__str__()


class Fill(Mirror):
    """A trade of an order."""

    entity_type = "fill"
    source = Source.SNAPSHOT
    account_is_derived = True

    account_id = platform_id()
    order_id = platform_id()
    contract_id = platform_id()
    timestamp = moment()
    trade_date = trade_date()
    action = word()
    qty = integer()
    price = number()
    active = flag()
    finally_paired = integer()
    external = flag()

    class Meta(Mirror.Meta):
        verbose_name = "fill"
        indexes = [
            models.Index(fields=["organization", "order_id", "entity_id"], name="fill_order_i"),
            models.Index(fields=["organization", "account_id", "entity_id"], name="fill_account"),
            models.Index(fields=["organization", "trade_date", "entity_id"], name="fill_trade_date"),
        ]

    @property
    def is_taken_back(self) -> bool:
        """Whether the fill does not stand any more: another may have taken its place. It is not counted."""
        return self.active is False


class FillFee(Mirror):
    """Fees of a fill; its id is the fill's."""

    entity_type = "fillFee"
    source = Source.SNAPSHOT
    account_is_derived = True

    account_id = platform_id()
    clearing_fee = number()
    clearing_currency_id = platform_id()
    exchange_fee = number()
    exchange_currency_id = platform_id()
    nfa_fee = number()
    nfa_currency_id = platform_id()
    brokerage_fee = number()
    brokerage_currency_id = platform_id()
    ip_fee = number()
    ip_currency_id = platform_id()
    commission = number()
    commission_currency_id = platform_id()
    order_routing_fee = number()
    order_routing_currency_id = platform_id()

    class Meta(Mirror.Meta):
        verbose_name = "fill fee"
        indexes = [
            models.Index(fields=["organization", "account_id", "entity_id"], name="fillfee_account"),
        ]


class FillPair(Mirror):
    """Two fills that closed each other."""

    entity_type = "fillPair"
    source = Source.SNAPSHOT
    account_is_derived = True

    account_id = platform_id()
    position_id = platform_id()
    buy_fill_id = platform_id()
    sell_fill_id = platform_id()
    qty = integer()
    buy_price = number()
    sell_price = number()
    active = flag()

    class Meta(Mirror.Meta):
        verbose_name = "fill pair"
        indexes = [
            models.Index(fields=["organization", "position_id", "entity_id"], name="fillpair_positio"),
            models.Index(fields=["organization", "account_id", "entity_id"], name="fillpair_account"),
        ]


class OrderStrategy(Mirror):
    """A running multi-bracket strategy."""

    entity_type = "orderStrategy"
    source = Source.SNAPSHOT

    account_id = platform_id()
    timestamp = moment()
    contract_id = platform_id()
    order_strategy_type_id = platform_id()
    initiator_id = platform_id()
    action = word()
    params = word()
    uuid = word()
    status = word()
    failure_message = word()
    sender_id = platform_id()
    custom_tag50 = word()
    user_session_id = platform_id()

    class Meta(Mirror.Meta):
        verbose_name = "order strategy"
        verbose_name_plural = "order strategies"
        indexes = [
            models.Index(fields=["organization", "account_id", "entity_id"], name="orderstrategy_account"),
        ]


class OrderStrategyLink(Mirror):
    """An order that belongs to a strategy."""

    entity_type = "orderStrategyLink"
    source = Source.SNAPSHOT

    order_strategy_id = platform_id()
    order_id = platform_id()
    label = word()

    class Meta(Mirror.Meta):
        verbose_name = "order strategy link"
        indexes = [
            models.Index(fields=["organization", "order_strategy_id", "entity_id"], name="orderstrategylink_order_s"),
            models.Index(fields=["organization", "order_id", "entity_id"], name="orderstrategylink_order_i"),
        ]


class OrderStrategyType(Mirror):
    """A kind of order strategy, for example brackets."""

    entity_type = "orderStrategyType"
    source = Source.SNAPSHOT

    name = word()
    enabled = flag()

    class Meta(Mirror.Meta):
        verbose_name = "strategy type"

    def __str__(self) -> str:
        return self.name or super().__str__()
