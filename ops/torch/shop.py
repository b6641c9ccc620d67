"""A shop's files as arrays: events and catalogue, in the contract's own column names.

Files with other names or forms go through `breadcrumb import`, or a tool of one's own, first.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime
import gzip
import hashlib
import io
import json
import math
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Iterable, Iterator

import numpy as np

#: Rows of the embedding of actions, by name on the wire.
ACTION_ROWS = {"browse": 0, "cart": 1, "cart_removal": 2, "purchase": 3}
#: Longest bag of tokens, by field: title, description, category, brand, price.
LONGEST_BAGS = (32, 48, 32, 32, 32)


class ShopError(Exception):
    """Names the file, the line, and what is wrong with it."""


def rows(path: Path) -> Iterator[dict]:
    """The records of a .tsv, .csv or .jsonl file, or of one of these with .gz, as dictionaries."""
    name = path.name.removesuffix(".gz")
    binary = gzip.open(path) if path.name.endswith(".gz") else path.open("rb")
    with binary, io.TextIOWrapper(binary, encoding="utf-8", newline="") as text:
        if name.endswith((".jsonl", ".ndjson", ".json")):
            for number, line in enumerate(text, 1):
                if not line.strip():
                    continue
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise ShopError(f"{path}:{number}: is not JSON: {error}") from error
        elif name.endswith((".tsv", ".tab")):
            yield from csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE)
        elif name.endswith(".csv"):
            yield from csv.DictReader(text)
        else:
            raise ShopError(f"{path}: the name tells no format: end it in .csv, .tsv or .jsonl (or each with .gz)")


def milliseconds(value: str | int | float) -> int:
    """A time as the contract takes it: RFC 3339, or seconds or milliseconds since 1970."""
    try:
        number = float(value)
    except ValueError:
        moment = datetime.datetime.fromisoformat(str(value).replace("Z", "+00:00"))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.timezone.utc)
        return round(moment.timestamp() * 1000)
    # Below this a number of milliseconds would lie before the year 2000.
    return round(number * 1000) if number < 946_684_800_000 else round(number)


@dataclasses.dataclass
class Log:
    """Events in the order of the file, with shoppers and items as rows in order of first appearance."""

    items: list[str]
    shoppers: int
    shopper: np.ndarray
    item: np.ndarray
    action: np.ndarray
    time: np.ndarray
    """Milliseconds since 1970."""
    session: np.ndarray
    """A number per session id, -1 for an event without one."""
    attributes: np.ndarray
    """Row of the event's set of attributes in `attribute_sets`, of which the first is empty."""
    attribute_sets: list[tuple[str, ...]]

    @staticmethod
    def read(path: Path) -> Log:
        shoppers: dict[tuple[str, str], int] = {}
        items: dict[str, int] = {}
        sessions: dict[str, int] = {}
        sets: dict[tuple[str, ...], int] = {(): 0}
        events = []
        for number, row in enumerate(rows(path), 1):
            try:
                who = ("user", row["user_id"]) if row.get("user_id") else ("anonymous", row["anonymous_id"])
                session = row.get("session_id") or None
                attributes = tuple(
                    sorted(
                        f"{name}={value}".lower()
                        for name, value in (row.get("attributes") or {}).items()
                        if value is not None
                    )
                )
                events.append(
                    (
                        shoppers.setdefault(who, len(shoppers)),
                        items.setdefault(row["item_id"], len(items)),
                        ACTION_ROWS[row["type"]],
                        milliseconds(row["timestamp"]),
                        -1 if session is None else sessions.setdefault(session, len(sessions)),
                        sets.setdefault(attributes, len(sets)),
                    )
                )
            except (KeyError, ValueError, TypeError, AttributeError) as error:
                raise ShopError(
                    f"{path}: record {number}: {error} is missing or not of the contract's form "
                    "(user_id or anonymous_id, item_id, type, timestamp)"
                ) from error
        if not events:
            raise ShopError(f"{path}: holds no event")
        columns = (np.array(column, np.int64) for column in zip(*events))
        return Log(list(items), len(shoppers), *columns, list(sets))

    def choose_attributes(self, least: int = 3) -> list[str]:
        """The attributes that at least `least` shoppers have, the most frequent first."""
        pairs = {
            (shopper, token)
            for shopper, row in set(zip(self.shopper, self.attributes))
            for token in self.attribute_sets[row]
        }
        counts = Counter(token for _, token in pairs)
        return sorted((token for token in counts if counts[token] >= least), key=lambda token: (-counts[token], token))[
            :10_000
        ]

    def before(self, end: int) -> Log:
        """The events earlier than `end`; rows keep their meaning."""
        kept = self.time < end
        return dataclasses.replace(
            self,
            **{
                name: getattr(self, name)[kept]
                for name in ("shopper", "item", "action", "time", "session", "attributes")
            },
        )

    def renamed(self, items: list[str]) -> Log:
        """The same events in terms of `items`, followed by those of the log that are not among them."""
        names = {name: row for row, name in enumerate(items)}
        mapping = np.array([names.setdefault(name, len(names)) for name in self.items], np.int64)
        return dataclasses.replace(self, items=list(names), item=mapping[self.item])


def words(text: str | None, limit: int) -> list[str]:
    """The first `limit` runs of letters and digits, in lower case; a run of more than 64 is no word."""

    def belongs(letter: str) -> bool:
        # Unicode's Alphabetic is letters, letter-like numbers and vowel signs; the last are most of the spacing marks.
        return letter.isalpha() or letter.isnumeric() or unicodedata.category(letter) in ("Nl", "Mc")

    runs = "".join(letter if belongs(letter) else " " for letter in (text or "").lower()).split()
    return [run for run in runs if len(run) <= 64][:limit]


def price(record: dict) -> float | None:
    """The record's price if it is a positive number."""
    value = float(record["price"]) if record.get("price") not in (None, "") else 0.0
    return value if math.isfinite(value) and value >= 2.2250738585072014e-308 else None


def price_band(price: float) -> int:
    """Four bands per doubling: floor(4 log2 price), by comparisons alone."""
    significand, exponent = math.frexp(price)
    return 4 * (exponent - 1) + sum(
        2 * significand >= step for step in (1.189207115002721, 1.4142135623730951, 1.681792830507429)
    )


def category_paths(record: dict) -> list[str]:
    """`/home`, `/home/kitchen`, …: the prefixes of the category path, in lower case."""
    category = record.get("category") or []
    levels = [level.strip(" ") for level in category.split(">")] if isinstance(category, str) else category
    paths = [""]
    for level in [level for level in levels if level][:16]:
        paths.append(paths[-1] + "/" + level.lower())
    return paths[1:]


def price_thresholds(records: Iterable[dict]) -> dict[str, list[float]]:
    """The octiles of the prices below each category path with at least 32 priced items; "" is the whole catalogue."""
    prices: dict[str, list[float]] = {}
    for record in records:
        value = price(record)
        for path in ["", *category_paths(record)] if value else []:
            prices.setdefault(path, []).append(value)
    return {
        path: [sorted(values)[len(values) * step // 8] for step in range(1, 8)]
        for path, values in prices.items()
        if len(values) >= 32
    }


def tokens(record: dict, thresholds: dict[str, list[float]]) -> list[list[str]]:
    """Every token of a catalogue record, by field (docs/model.md, Item tower), repeats included."""
    paths = category_paths(record)
    category = []
    for parent, path in zip(["", *paths], paths):
        category += ["c:" + path[len(parent) + 1 :]] + (["p:" + path] if parent else [])
    value, prices = price(record), []
    if value:
        prices.append(f"m:{price_band(value)}")
        steps = next((thresholds[path] for path in [*reversed(paths), ""] if path in thresholds), None)
        prices += [f"q:{sum(step <= value for step in steps)}"] if steps else []
    brand = ["b:" + record["brand"].lower()] if record.get("brand") else []
    return [
        ["w:" + word for word in words(record.get("title"), 64)],
        ["w:" + word for word in words(record.get("description"), 512)],
        category,
        brand,
        prices,
    ]


def choose_tokens(
    records: dict[str, dict], thresholds: dict[str, list[float]], items: list[str], least: int = 3, most: int = 100_000
) -> list[str]:
    """The tokens of at least `least` records, of which one is of an item with events, the most frequent first."""
    counts, met = Counter(), set()
    known = set(items)
    for item, record in records.items():
        mine = {token for field in tokens(record, thresholds) for token in field}
        counts.update(mine)
        if item in known:
            met |= mine
    return sorted((token for token in met if counts[token] >= least), key=lambda token: (-counts[token], token))[:most]


def choose_columns(records: dict[str, dict], items: list[str], least: int = 3) -> list[dict]:
    """The supplied columns that at least `least` of the items have, each with the width of most of its vectors."""
    widths: dict[str, Counter] = {}
    for item in items:
        for name, vector in (records.get(item, {}).get("vectors") or {}).items():
            widths.setdefault(name, Counter())[len(vector)] += 1
    return [
        {"name": name, "width": max(counts, key=lambda width: (counts[width], -width))}
        for name, counts in sorted(widths.items())
        if counts.total() >= least
    ]


@dataclasses.dataclass
class Features:
    """What is known of items 0, 1, … beside their identifiers."""

    starts: np.ndarray
    """Item i has tokens starts[i] up to starts[i + 1] of the three that follow."""
    rows: np.ndarray
    fields: np.ndarray
    shares: np.ndarray
    """1 / the number of the item's tokens."""
    vectors: list[tuple[np.ndarray, np.ndarray]]
    """Per supplied column: [items] row of the item's vector or -1, and the vectors [k, width] at unit length."""

    @staticmethod
    def of(
        records: dict[str, dict],
        items: list[str],
        vocabulary: list[str],
        thresholds: dict[str, list[float]],
        columns: list[dict],
    ) -> Features:
        """`columns` are those of a model's shape: name and width."""
        index = {token: row for row, token in enumerate(vocabulary)}
        starts, entries = [0], []
        for item in items:
            for field, found in enumerate(tokens(records[item], thresholds) if item in records else []):
                # Of too many the largest rows: the rarest tokens.
                bag = sorted({index[token] for token in found if token in index})[-LONGEST_BAGS[field] :]
                entries += [(row, field) for row in bag]
            starts.append(len(entries))
        rows, fields = zip(*entries) if entries else ((), ())
        counts = np.diff(starts)
        return Features(
            np.array(starts, np.int64),
            np.array(rows, np.int64),
            np.array(fields, np.int64),
            np.repeat(1 / np.maximum(1, counts), counts).astype(np.float32),
            [supplied(records, items, column) for column in columns],
        )

    @property
    def exist(self) -> np.ndarray:
        """[items]: whether anything but its identifier is known of an item."""
        return np.any([np.diff(self.starts) > 0, *(places >= 0 for places, _ in self.vectors)], axis=0)


def supplied(records: dict[str, dict], items: list[str], column: dict) -> tuple[np.ndarray, np.ndarray]:
    """The vectors of a supplied column for `items`; a vector of zeros is as good as none."""
    places, values = np.full(len(items), -1), []
    for row, item in enumerate(items):
        vector = np.array((records.get(item, {}).get("vectors") or {}).get(column["name"], []), np.float64)
        if len(vector) == 0:
            continue
        length = np.sqrt(np.square(vector).sum())
        if len(vector) != column["width"] or not np.isfinite(length):
            raise ShopError(
                f"item {item}: the vector {column['name']} must have {column['width']} finite components, "
                f"it has {len(vector)}; supply all of a column by one model"
            )
        if length > 0:
            places[row] = len(values)
            values.append(vector / length)
    return places, np.array(values, np.float32).reshape(-1, column["width"])


def read_catalogue(path: Path | None) -> dict[str, dict]:
    """The catalogue's records by item; of two records of one item the later counts."""
    records = {}
    for number, record in enumerate(rows(path) if path else [], 1):
        if not record.get("item_id"):
            raise ShopError(f"{path}: record {number}: has no item_id")
        records[record["item_id"]] = record
    return records


def digest(paths: list[Path]) -> str:
    """SHA-256 of files, each with its length."""
    result = hashlib.sha256()
    for path in paths:
        data = path.read_bytes()
        result.update(len(data).to_bytes(8, "little") + data)
    return result.hexdigest()
