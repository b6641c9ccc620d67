#!/usr/bin/env python3
"""Writes shop-events.csv and shop-items.csv beside itself: an invented shop for the walk-through of the README.

Its shoppers each care for two sorts of goods and now and then for another. The same bytes each time.
"""

import csv
import pathlib
import random

GOODS = {
    "Kitchen > Coffee": ["Hand grinder", "Gooseneck kettle", "Paper filters", "Milk jug", "Moka pot", "Dark roast, 500 g"],
    "Kitchen > Baking": ["Loaf tin", "Proving basket", "Dough scraper", "Rye flour, 1 kg", "Kitchen scale", "Oven stone"],
    "Garden > Seeds": ["Tomato seeds", "Basil seeds", "Sunflower seeds", "Seed tray", "Plant labels", "Dibber"],
    "Garden > Tools": ["Secateurs", "Hand fork", "Watering can", "Gloves", "Twine", "Kneeling mat"],
    "Paper > Writing": ["Fountain pen", "Ink, blue-black", "Notebook, dotted", "Letter paper", "Pencil, 2B", "Eraser"],
}
MAKERS = ["Hearth", "Fennel & Co", "Northlight"]
SHOPPERS, START = 60, 1_761_955_200  # 2025-11-01T00:00:00Z

source = random.Random(4)
items = []
for shelf, names in GOODS.items():
    for name in names:
        items.append((f"p{len(items) + 1:02}", name, shelf, source.choice(MAKERS), f"{source.randint(200, 6000) / 100:.2f}"))

rows = []
for shopper in range(SHOPPERS):
    loved = source.sample(list(GOODS), 2)
    time = START + source.randint(0, 20 * 86_400)
    for _ in range(source.randint(2, 4)):
        time += source.randint(3_600, 5 * 86_400)
        for _ in range(source.randint(2, 4)):
            shelf = source.choice(loved) if source.random() < 0.9 else source.choice(list(GOODS))
            item = source.choice([item for item in items if item[2] == shelf])
            for action, chance in [("view", 1), ("add", 0.5), ("buy", 0.6)]:
                if source.random() >= chance:
                    break
                time += source.randint(5, 120)
                rows.append((time, f"c{shopper + 1:02}", action, item[0], item[4]))
rows.sort()

here = pathlib.Path(__file__).parent
for name, head, table in [
    ("shop-items.csv", ["sku", "name", "shelf", "maker", "eur"], items),
    ("shop-events.csv", ["when", "customer", "action", "sku", "eur"], rows),
]:
    with open(here / name, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(table)
