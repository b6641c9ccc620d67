"""Reads the event stream of `swift test` and says which tests were skipped and why: those are a part of the result.

Fails if no test ran, if one began and did not end, or if one was skipped though every BREADCRUMB_ variable that its
reason names is set: such a reason is wrong, and the test would stay skipped for ever without anyone's notice.
Format of the stream: Swift Testing's JSON ABI, version 0.
"""

import json
import os
import re
import sys


def read(lines):
    """The ids of the tests that began, of those that ended, and {id: reason} of those skipped or cancelled."""
    functions, began, ended, skipped = set(), set(), set(), {}
    for record in map(json.loads, lines):
        payload = record["payload"]
        if record["kind"] == "test":
            if payload["kind"] == "function":
                functions.add(payload["id"])
        elif payload.get("testID") in functions:
            if payload["kind"] in ("testSkipped", "testCancelled"):
                reason = " ".join(" ".join(payload.get("_comments", [])).split())
                skipped[payload["testID"]] = reason or "no reason given"
            elif payload["kind"] == "testStarted":
                began.add(payload["testID"])
            elif payload["kind"] == "testEnded":
                ended.add(payload["testID"])
    return began, ended - skipped.keys(), skipped


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
            began, ended, skipped = read(lines)
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"error: the tests left no complete record in {file}: {error}")
    print(f"── {len(ended)} tests ran, {len(skipped)} were skipped" + (":" if skipped else ""))
    for id, reason in sorted(skipped.items()):
        print(f"   skipped  {name(id)}: {reason}")
    errors = [f"skipped though what it asks for is set: {name(id)}" for id in wrongly_skipped(skipped, os.environ)]
    errors += [f"began and did not end: {name(id)}" for id in sorted(began - ended - skipped.keys())]
    errors += [] if ended else ["no test ran"]
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main(sys.argv[1])
