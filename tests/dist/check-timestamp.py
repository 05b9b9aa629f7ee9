#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
"jobctl run --at" takes times as "systemd-analyze timestamp" does: check-timestamp.py PARSE_WHEN

PARSE_WHEN is made from parse-when.c.
"""

import os
import re

import tap

[parse_when] = tap.arguments("PARSE_WHEN")
out = tap.Tap()

TIMES = ["now", "today", "tomorrow", "yesterday", "+2h", "-2h", "+1d 3h", "2h ago", "2h left", "5min 20s left",
         "+1month", "@1796112000", "2026-12-01", "2026-12-01 08:00", "2026-12-01 08:00:30", "Tue 2026-12-01",
         "Tuesday 2026-12-01 08:00", "08:00", "08:00:30", "23:59", "2026-12-01 08:00 UTC", "2026-06-01 08:00:00 UTC",
         "2026-07-01 12:00", "2027-03-28 12:00", "2040-07-01 12:00", "2028-02-29 00:00", "2h", "2026-13-01", "",
         "next week", "@", "+", "Mon 2026-12-01", "2026-12-01 08:61", "08:00 2026-12-01", "2026-12-01 08:00 Mars/Base"]
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]


def systemd(time, zone):
    output = tap.run("systemd-analyze", "timestamp", "--", time, env={**os.environ, "TZ": zone, "LC_ALL": "C"})
    found = re.search(r"UNIX seconds: @(\d+)", output.stdout)
    return int(found[1]) if found else "refused"


for name in ZONES:
    answers = tap.run(parse_when, name, *TIMES).stdout.split()
    problems = [] if len(answers) == len(TIMES) else [f"{len(answers)} answers to {len(TIMES)} times"]
    for text, answer in zip(TIMES, answers):
        wanted = systemd(text, name)
        # "Now" is some moments later for the second program
        same = answer == wanted if "refused" in (answer, wanted) else abs(int(answer) - wanted) <= 60
        if not same:
            problems.append(f'"{text}": {answer}, systemd: {wanted}')
    out.check(f"times in {name}", problems)
out.done()
