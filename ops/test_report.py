"""Reads the event stream of `swift test` and says which tests were skipped and why: those skips are a part of the result.

Fails if no test ran, or if a test was skipped though every BREADCRUMB_ variable that its reason names is set: such a reason is wrong,
and the test would stay skipped for ever without anyone's notice. Format of the stream: Swift Testing, "ABI/JSON", version 0.
"""

import json
import os
import re
import sys


def read(lines):
    """The ids of the test functions that ran, and {id: reason} of those skipped before they began or cancelled while they ran."""
    functions, ran, skipped = set(), set(), {}
    for record in map(json.loads, lines):
        payload = record["payload"]
        if record["kind"] == "test":
            if payload["kind"] == "function":
                functions.add(payload["id"])
        elif payload.get("testID") in functions:
            if payload["kind"] in ("testSkipped", "testCancelled"):
                skipped[payload["testID"]] = " ".join(" ".join(payload.get("_comments", [])).split()) or "no reason given"
            elif payload["kind"] == "testEnded":
                ran.add(payload["testID"])
    return ran - skipped.keys(), skipped


def wrongly_skipped(skipped, environment):
    """Those of `skipped` whose reasons name variables all of which are set; "Kafka" alone stands for its variable."""

    def wanted(reason):
        return re.findall(r"BREADCRUMB_[A-Z_]*[A-Z]", reason) or ["BREADCRUMB_KAFKA"] * ("kafka" in reason.lower())

    needs = {id: wanted(reason) for id, reason in skipped.items()}
    return sorted(id for id, names in needs.items() if names and all(environment.get(name) for name in names))


def name(id):
    """`Module.Suite/test()/File.swift:9:4` without its place."""
    return re.sub(r"/[^/]+\.swift:\d+:\d+$", "", id)


def main(file):
    try:
        with open(file, encoding="utf-8") as lines:
            ran, skipped = read(lines)
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"error: the tests left no complete record in {file}: {error}")
    print(f"── {len(ran)} tests ran, {len(skipped)} were skipped" + (":" if skipped else ""))
    for id, reason in sorted(skipped.items()):
        print(f"   skipped  {name(id)}: {reason}")
    wrong = wrongly_skipped(skipped, os.environ)
    for id in wrong:
        print(f"error: skipped though what it asks for is set: {name(id)}", file=sys.stderr)
    if not ran:
        print("error: no test ran", file=sys.stderr)
    sys.exit(1 if wrong or not ran else 0)


if __name__ == "__main__":
    main(sys.argv[1])
