#!/usr/bin/env python3
"""Names the tests that were skipped, with the reason that each printed.

Usage: list_skipped.py JUNIT_XML   (as written by ctest --output-junit)
"""
import sys
import xml.etree.ElementTree as ElementTree


def reason(case):
    lines = [line.strip() for line in (case.findtext("system-out") or "").splitlines()]
    lines = [line for line in lines if line]
    # A launcher may have words of its own after it.
    said = [line for line in lines if line.startswith("skipped")]
    return (said or lines or ["no reason printed"])[-1]


def main():
    try:
        cases = list(ElementTree.parse(sys.argv[1]).iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        sys.exit(f"list_skipped: {sys.argv[1]}: {error}")
    skipped = [case for case in cases if case.find("skipped") is not None]
    for case in skipped:
        print(f"skipped: {case.get('name')}: {reason(case)}")
    print(f"{len(cases)} tests, {len(skipped)} skipped")


if __name__ == "__main__":
    main()
