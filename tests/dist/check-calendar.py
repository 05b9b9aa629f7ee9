#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
When schedules are due, compared with what others say: check-calendar.py LIST_DUE

LIST_DUE is made from list-due.c. Schedules, time zones and times are made up at random, most of the times close to a
moment when the clock of the zone is set. There are two judges, and neither knows the other or calendar.c:

"systemd-analyze calendar". It forgets a time that the clock skips, where jobd makes up for it at the end of the gap,
and forgets others soon after a gap (2003-04-06 01:20 in America/St_Johns, where 00:01 to 01:00 were skipped; an hour
in Antarctica/Troll, whose gaps are two hours): what jobd has in the hours after a gap and systemd has not is left to
the other judge. It has no memory: asked in the middle of an hour that the clock repeats, it names times that were
there an hour before; so it is not asked there. Close to a change of the clock it sometimes gives up ("Resource
deadlock avoided").

The rule as calendar.h has it, in Python with zoneinfo, for some days around a change of the clock.

JOBD_TEST_SEED=N repeats what was made up with that seed.
"""

import datetime
import functools
import os
import random
import re
import sys
import zoneinfo

import tap

[list_due] = tap.arguments("LIST_DUE")
out = tap.Tap()
seed = int(os.environ.get("JOBD_TEST_SEED", "20261123"))
rng = random.Random(seed)
print(f"# seed {seed}")

ZONES = ["UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/St_Johns", "America/Sao_Paulo",
         "America/Havana", "America/Nuuk", "Antarctica/Troll", "Australia/Lord_Howe", "Pacific/Apia",
         "Pacific/Chatham", "Africa/Casablanca", "Africa/Cairo", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Beirut"]
UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
FIRST, LAST = 631152000, 2145916800  # 1990 to 2037
HOUR, DAY = 3600, 86400
FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
WEEKDAYS = "Sun Mon Tue Wed Thu Fri Sat".split()


@functools.cache
def zone(name):
    return zoneinfo.ZoneInfo(name)


def local(name, time):
    """What the clock shows, as a datetime without zone."""
    return datetime.datetime.fromtimestamp(time, zone(name)).replace(tzinfo=None)


def offset(name, time):
    return int(datetime.datetime.fromtimestamp(time, zone(name)).utcoffset().total_seconds())


@functools.cache
def changes(name):
    """Each time when the clock is set, and by how much."""
    found = []
    for start in range(FIRST, LAST, 10 * DAY):
        low, high = start, start + 10 * DAY
        if offset(name, low) == offset(name, high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(name, middle) == offset(name, low) else (low, middle)
        found.append((high, offset(name, high) - offset(name, low)))
    return found


def is_repeated(name, time):
    return any(change <= time < change - by for change, by in changes(name) if by < 0)


def is_after_gap(name, time):
    return any(0 <= time - change < 3 * HOUR for change, by in changes(name) if by > 0)


def as_time(name, clock, fold):
    return int((clock.replace(tzinfo=zone(name), fold=fold).astimezone(UTC) - EPOCH).total_seconds())


@functools.cache
def after_gap(name, clock):
    """What the clock shows next, instead of a time that it skips."""
    while local(name, as_time(name, clock, 0)) != clock:
        clock += datetime.timedelta(minutes=1)
    return clock


def random_field(low, high, often):
    """A field of a crontab, and the set that it means; often: of how many it is "*"."""
    if rng.random() < often:
        return "*", set(range(low, high + 1))
    items, values = [], set()
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        first = rng.randint(low, high)
        last = rng.randint(first, high)
        step = rng.randint(1, max(1, min(high, last - first)))
        kind = rng.choice(("number", "number", "range", "range/step", "*/step"))
        if kind == "number":
            last, step, text = first, 1, f"{first}"
        elif kind == "range":
            step, text = 1, f"{first}-{last}"
        elif kind == "range/step":
            text = f"{first}-{last}/{step}"
        else:
            first, last, step = low, high, rng.randint(1, high)
            text = f"*/{step}"
        items.append(text)
        values |= set(range(first, last + 1, step))
    return ",".join(items), values


class Schedule:
    def __init__(self, name, after, old=False):
        """old: begun before the time asked about."""
        self.zone, self.after = name, after
        self.interval = rng.choice(("custom", "custom", "custom", "custom", "hourly", "daily", "weekly"))
        if self.interval == "custom":
            self.start = 0 if old or rng.random() < 0.8 else self.after + rng.randint(-HOUR, DAY)
            often = (0.2, 0.4, 0.75, 0.8, 0.7)
            texts, self.sets = zip(*(random_field(low, high, o) for (low, high), o in zip(FIELDS, often)))
            self.crontab = " ".join(texts)
        else:
            self.start = self.after + rng.randint(-10 * DAY, -DAY if old else DAY)
            clock = local(self.zone, self.start)
            self.sets = [set(range(low, high + 1)) for low, high in FIELDS]
            self.sets[0] = {clock.minute}
            if self.interval != "hourly":
                self.sets[1] = {clock.hour}
            if self.interval == "weekly":
                self.sets[4] = {clock.isoweekday() % 7}
            self.crontab = ""

    def __str__(self):
        return f"{self.interval} {self.crontab!r} {self.zone} start {self.start} after {self.after}"

    def line(self, count):
        return "|".join((self.interval, self.crontab, str(self.start), self.zone, str(self.after), str(count)))

    def calendar(self):
        """In the words of systemd.time(7)."""
        minutes, hours, days, months, weekdays = (
            "*" if len(values) == high - low + 1 else ",".join(map(str, sorted(values)))
            for values, (low, high) in zip(self.sets, FIELDS))
        names = "" if weekdays == "*" else ",".join(WEEKDAYS[n] for n in sorted(self.sets[4])) + " "
        return f"{names}*-{months}-{days} {hours}:{minutes}:00 {self.zone}"

    def has_day(self, clock):
        return clock.day in self.sets[2] and clock.month in self.sets[3] and clock.isoweekday() % 7 in self.sets[4]
    def matches(self, clock):
        return clock.minute in self.sets[0] and clock.hour in self.sets[1] and self.has_day(clock)


    def due(self, clock):
        """When a time on the clock that matches is due, by the rule; None: not at all."""
        first, second = (as_time(self.zone, clock, fold) for fold in (0, 1))
        if local(self.zone, first) == clock:
            return second if first < self.start and is_repeated(self.zone, self.start) else first
        end = after_gap(self.zone, clock)
        if len(self.sets[1]) == 24 and self.has_day(end):
            return None
        return as_time(self.zone, end, 0)

    def due_between(self, first, last):
        """All that is due, by the rule, later than one time and not later than another."""
        day = local(self.zone, first).replace(hour=0, minute=0, second=0) - datetime.timedelta(days=2)
        times = set()
        while day <= local(self.zone, last):
            if self.has_day(day):
                times |= {self.due(day.replace(hour=hour, minute=minute))
                          for hour in self.sets[1] for minute in self.sets[0]}
            day += datetime.timedelta(days=1)
        return sorted(time for time in times - {None} if first < time <= last and time >= self.start)


def list_all(schedules, count):
    result = tap.subprocess.run([list_due], input="".join(s.line(count) + "\n" for s in schedules), text=True,
                                stdout=tap.subprocess.PIPE, stderr=tap.subprocess.PIPE, check=False)
    if result.returncode:
        sys.exit(f"list-due fails: {result.stderr}")
    return [[int(time) for time in line.split()] for line in result.stdout.splitlines()]


def systemd_all(schedules, count):
    """Those of one base time together: each call starts a program. Without an answer: None."""
    result = tap.run("systemd-analyze", "calendar", f"--base-time=@{schedules[0].after}", f"--iterations={count}",
                     *(s.calendar() for s in schedules), env={**os.environ, "TZ": "UTC", "LC_ALL": "C"})
    answers = []
    for line in result.stdout.splitlines():
        if "Normalized form:" in line:
            answers.append([])
        elif found := re.search(r"(?:Next elapse|Iter\. #\d+): \w+ (\d+-\d+-\d+ \d+:\d+:\d+) UTC", line):
            moment = datetime.datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
            answers[-1].append(int(moment.timestamp()))
    given_up = re.findall(r"'(.*)': Resource deadlock avoided", result.stderr)
    if len(answers) + len(given_up) != len(schedules):
        sys.exit(f"systemd-analyze: {result.stderr}")
    return [None if s.calendar() in given_up else answers.pop(0) for s in schedules]


def compare_with_systemd(batches, size, count):
    problems, compared = [], 0
    for _ in range(batches):
        name = rng.choice(ZONES)
        near = changes(name)
        after = rng.randint(FIRST, LAST)
        if near and rng.random() < 0.7:
            after = rng.choice(near)[0] + rng.randint(-2 * DAY, DAY // 2)
        if is_repeated(name, after):
            continue
        schedules = [Schedule(name, after, old=True) for _ in range(size)]
        for schedule, due, wanted in zip(schedules, list_all(schedules, count), systemd_all(schedules, count)):
            if wanted is None:
                continue
            due = [time for time in due if time in wanted or not is_after_gap(name, time)]
            compared += min(len(due), len(wanted))
            # The shorter by what was left out
            if due[:len(wanted)] != wanted[:len(due)] or (not due and wanted):
                problems.append(f"{schedule}, {schedule.calendar()}\n  due {due}\n  systemd: {wanted}")
    print(f"# {compared} times compared")
    return problems[:5] if compared > batches * size else [*problems[:5], "too few were compared"]


def compare_with_rule(names, rounds):
    problems, compared, made_up = [], 0, 0
    names = [name for name in names if changes(name)]
    for name in names:
        schedules = [Schedule(name, rng.choice(changes(name))[0] + rng.randint(-DAY, HOUR)) for _ in range(rounds)]
        for schedule, due in zip(schedules, list_all(schedules, 50)):
            last = schedule.after + 3 * DAY
            wanted = schedule.due_between(schedule.after, last)[:50]
            due = [time for time in due if time <= last]
            compared += len(due)
            made_up += any(not schedule.matches(local(name, time)) for time in due)
            if due != wanted:
                problems.append(f"{schedule}\n  due {due}\n  wanted {wanted}")
    print(f"# {compared} times compared, {made_up} gaps made up for")
    return problems[:5] if made_up > 0 else [*problems[:5], "too few were compared"]


out.check("due as systemd-analyze says", compare_with_systemd(batches=45, size=30, count=6))
out.check("due by the rule, where the clock is set", compare_with_rule(ZONES, 80))
ALL = sorted(zoneinfo.available_timezones() - {"localtime", "posixrules"})
out.check("due by the rule, in a hundred other zones", compare_with_rule(rng.sample(ALL, 100), 10))
out.done()
