"""The price process: on the grid, repeatable, near where it began."""

from tests.sandbox.market.trading import CONTRACTS, ES, new_market, words
from vendor_admin.sandbox.market.depth import Depth, Print
from vendor_admin.sandbox.market.matching import Market
from vendor_admin.sandbox.market.orders import Filled, MarketOrder, Terms

IDS = {name: contract.id for name, contract in CONTRACTS.items()}


def prices_of(market: Market, steps: int) -> list[tuple[float, ...]]:
    found = []
    for _ in range(steps):
        market.advance()
        found.append(tuple(market.last_price(contract_id) for contract_id in IDS.values()))
    return found


def test_the_same_seed_gives_the_same_prices_and_another_seed_others() -> None:
    assert prices_of(new_market(3), 200) == prices_of(new_market(3), 200)
    assert prices_of(new_market(3), 200) != prices_of(new_market(4), 200)


def test_looking_at_quotes_changes_no_price() -> None:
    looked_at, left_alone = new_market(), new_market()
    for _ in range(20):
        looked_at.advance()
        left_alone.advance()
        looked_at.quote(ES)
    assert looked_at.quote(ES) == left_alone.quote(ES)


def test_prices_are_on_their_grid_and_the_spread_is_one_tick() -> None:
    market = new_market()
    for _ in range(200):
        market.advance()
        for contract in CONTRACTS.values():
            quote = market.quote(contract.id)
            assert quote.bid is not None
            assert quote.ask is not None
            levels = [contract.product.ticks(price) for price, _ in (*reversed(quote.bids), *quote.asks)]
            assert levels == list(range(levels[0] or 0, (levels[0] or 0) + 20))
            assert quote.last in (quote.bid, quote.ask)


def test_prices_move_but_stay_near_where_they_began() -> None:
    market = new_market()
    paths = prices_of(market, 1_000)
    for place, contract in enumerate(CONTRACTS.values()):
        path = [prices[place] for prices in paths]
        assert len(set(path)) > 20
        assert 0.9 < min(path) / contract.product.start_price < max(path) / contract.product.start_price < 1.12


def test_the_micro_stands_where_the_full_size_contract_stands_and_the_next_month_above() -> None:
    market = new_market()
    for _ in range(50):
        market.advance()
        assert market.quote(IDS["MESU6"]).bid == market.quote(IDS["ESU6"]).bid
        assert market.last_price(IDS["ESZ6"]) > market.last_price(IDS["ESU6"])


def test_a_price_that_was_set_is_where_its_walk_goes_on() -> None:
    market = new_market()
    market.set_price(ES, 6_800.0)
    assert market.quote(ES).bid == market.quote(ES).ask == 6_800.0
    market.advance()
    quote = market.quote(ES)
    assert abs(quote.last - 6_800.0) < 5
    assert quote.bid != quote.ask


def test_a_price_far_from_where_it_began_comes_back_in_time() -> None:
    market = new_market()
    market.set_price(ES, 8_000.0)
    for _ in range(3_000):
        market.advance()
    assert market.last_price(ES) < 7_400.0


def test_the_size_of_a_trade_is_shared_by_those_who_rest_at_its_price() -> None:
    depth = Depth(bids=[[100, 3]], asks=[[101, 3]], last=Print(100, 7, meets="Buy"), printed=7)
    assert [depth.give("Buy", 5, limit) for limit in (99, 100, 100, 100)] == [0, 5, 2, 0]
    assert depth.give("Sell", 5, 101) == 0, "it was a seller who came to the bid"
    assert depth.give("Buy", 5, 101) == 3, "the market's own level is there still"


def test_a_trade_at_the_bid_meets_who_rests_there_up_to_its_size() -> None:
    """Without the price having to go through: half of the steps print at the bid."""
    market = new_market()
    met = 0
    for order_id in range(1, 60):
        market.advance()
        bid = market.quote(ES).bid
        events = market.submit(MarketOrder(order_id, ES, "Buy", Terms("Limit", 1_000, price=bid)))
        assert words(events) == [("Working",)]
        for event in market.advance():
            if isinstance(event, Filled) and market.quote(ES).bid == event.price:
                met += event.quantity
                assert 1 <= event.quantity <= 20
        market.cancel(order_id)
    assert met
