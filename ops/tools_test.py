"""Tests of the demo's shop data and of the report on skipped tests; `ops/test` runs them, on Debian's Python alone."""

import collections
import doctest
import random
import unittest

import demo_data
import demo_titles
import test_report


def load_tests(_, tests, __):
    """The examples in demo_titles are tests as well."""
    tests.addTests(doctest.DocTestSuite(demo_titles))
    return tests


def panel(baskets=200, households=7, seed=3):
    """Lines as `Panel.lines` gives them: baskets of 1 to 12 products, some within seconds of the household's last."""
    source, lines, time = random.Random(seed), [], 1_483_271_606
    for basket in range(baskets):
        time += source.choice([0, 1, 40, 5_000, 90_000])
        for product in sorted(source.sample(range(60), source.randint(1, 12))):
            lines.append(demo_data.Line(
                basket % households, 1_000 + basket, product, product // 10, 1 + product % 3, 0.5 + product, time))
    return lines


class Stream(unittest.TestCase):
    def setUp(self):
        self.lines = panel()
        self.events = demo_data.stream(self.lines, seed=1)
        self.visits = collections.defaultdict(list)
        for event in self.events:
            self.visits[event.session].append(event)

    def test_the_purchases_are_the_panel_s_own(self):
        bought = [event for event in self.events if event.type == "purchase"]
        self.assertCountEqual(
            [(line.household, line.basket, line.product, line.quantity, line.price, line.time) for line in self.lines],
            [(event.user, event.session, event.item, event.quantity, event.price, event.time) for event in bought])

    def test_events_are_in_order_and_their_ids_are_unique(self):
        times = [event.time for event in self.events]
        self.assertEqual(times, sorted(times))
        self.assertEqual(len({event.id for event in self.events}), len(self.events))

    def test_a_visit_begins_after_the_last_checkout_and_ends_with_its_purchases(self):
        last = {}
        for visit in self.visits.values():
            checkout = visit[-1].time
            self.assertEqual({event.user for event in visit}, {visit[0].user})
            self.assertGreaterEqual(visit[0].time, last.get(visit[0].user, visit[0].time))
            kinds = [event.type == "purchase" for event in visit]
            self.assertEqual(kinds, sorted(kinds))
            self.assertEqual({event.time for event in visit if event.type == "purchase"}, {checkout})
            last[visit[0].user] = checkout

    def test_what_is_bought_was_browsed_once_and_nothing_else_was_carted(self):
        for visit in self.visits.values():
            items = collections.defaultdict(list)
            for event in visit:
                items[event.type].append(event.item)
            browses = collections.Counter(items["browse"])
            self.assertTrue(all(browses[item] == 1 for item in items["purchase"]))
            self.assertLessEqual(set(items["cart"]), set(items["purchase"]))
            self.assertEqual(len(items["cart"]), len(set(items["cart"])))

    def test_what_is_passed_over_was_bought_by_someone_before_and_is_of_a_bought_product_s_category(self):
        passed_over, first_bought = 0, {}
        for line in reversed(self.lines):
            first_bought[line.product] = line.time
        for visit in self.visits.values():
            bought = {event.item for event in visit if event.type == "purchase"}
            for event in visit:
                if event.item not in bought:
                    passed_over += 1
                    self.assertLess(first_bought[event.item], event.time)
                    self.assertIn(event.item // 10, {item // 10 for item in bought})
        self.assertGreater(passed_over, 20)

    def test_the_seed_decides_all_of_it(self):
        self.assertEqual(self.events, demo_data.stream(self.lines, seed=1))
        self.assertNotEqual(self.events, demo_data.stream(self.lines, seed=2))
        few, many = (demo_data.chosen(range(100), count, seed=1) for count in (10, 20))
        self.assertEqual(few, many[:10])


class Report(unittest.TestCase):
    lines = [
        '{"kind":"test","payload":{"id":"A.S","kind":"suite"}}',
        '{"kind":"test","payload":{"id":"A.S/ran()/t.swift:1:2","kind":"function"}}',
        '{"kind":"test","payload":{"id":"A.S/away()/t.swift:2:2","kind":"function"}}',
        '{"kind":"test","payload":{"id":"A.S/gone()/t.swift:3:2","kind":"function"}}',
        '{"kind":"test","payload":{"id":"A.S/hung()/t.swift:4:2","kind":"function"}}',
        '{"kind":"event","payload":{"kind":"testStarted","testID":"A.S/hung()/t.swift:4:2"}}',
        '{"kind":"event","payload":{"kind":"testStarted","testID":"A.S/ran()/t.swift:1:2"}}',
        '{"kind":"event","payload":{"kind":"testStarted","testID":"A.S/gone()/t.swift:3:2"}}',
        '{"kind":"event","payload":{"kind":"testSkipped","testID":"A.S/away()/t.swift:2:2",'
        '"_comments":["name one\\n in BREADCRUMB_KAFKA"]}}',
        '{"kind":"event","payload":{"kind":"testCancelled","testID":"A.S/gone()/t.swift:3:2","_comments":[]}}',
        '{"kind":"event","payload":{"kind":"testEnded","testID":"A.S/gone()/t.swift:3:2"}}',
        '{"kind":"event","payload":{"kind":"testEnded","testID":"A.S/ran()/t.swift:1:2"}}',
        '{"kind":"event","payload":{"kind":"testEnded","testID":"A.S"}}',
    ]

    def test_skipped_and_cancelled_tests_are_told_from_those_that_ran(self):
        began, ended, skipped = test_report.read(self.lines)
        self.assertEqual(began, {"A.S/ran()/t.swift:1:2", "A.S/gone()/t.swift:3:2", "A.S/hung()/t.swift:4:2"})
        self.assertEqual(ended, {"A.S/ran()/t.swift:1:2"})
        self.assertEqual(
            {test_report.name(id): reason for id, reason in skipped.items()},
            {"A.S/away()": "name one in BREADCRUMB_KAFKA", "A.S/gone()": "no reason given"})

    def test_a_reason_is_wrong_when_all_that_it_names_is_set(self):
        skipped = {
            "a": "needs BREADCRUMB_KAFKA", "b": "needs BREADCRUMB_KAFKA and BREADCRUMB_KAFKA_CONTROL", "c": "slow",
            "d": "needs a real Kafka",
        }
        self.assertEqual(test_report.wrongly_skipped(skipped, {}), [])
        self.assertEqual(test_report.wrongly_skipped(skipped, {"BREADCRUMB_KAFKA": "localhost:1"}), ["a", "d"])


if __name__ == "__main__":
    unittest.main()
