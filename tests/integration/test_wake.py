# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""jobd-wake.timer: whatever becomes of jobd, and whatever is done to the timer, the next scheduled job is not forgotten."""
import contextlib
import glob
import json
import os
import signal
import sqlite3
import time
import unittest

from harness import (TIMEOUT, JobdTestCase, install_job, jobctl, journal, journal_cursor, journal_wait, main_pid, run,
                     unit_properties, wait_exit)
from kills import STEPS_MAX, kill_at, steps_counted

DATABASE = '/var/lib/jobd/jobd.db'
WAKE, NEXT = 'jobd-wake.timer', 'jobd-wake-next.timer'
HOUR = 3600


def setUpModule():
    install_job('wake.Quick', '[Service]\nUser=root\nExecStart=true\n')
    jobctl('refresh')
    jobctl('enable', 'wake.Quick')
    stop()


def stop():
    run(['systemctl', 'stop', 'jobd.service'])


def timer(unit=WAKE):
    """What PID 1 has: {'SubState': ..., 'NextElapseUSecRealtime': usec...}"""
    path = '/org/freedesktop/systemd1/unit/' + unit.replace('-', '_2d').replace('.', '_2e')
    answer = run(['busctl', '--json=short', 'call', 'org.freedesktop.systemd1', path, 'org.freedesktop.DBus.Properties',
                  'GetAll', 's', '']).stdout
    return {name: value['data'] for name, value in json.loads(answer)['data'][0].items()}


def elapses(unit=WAKE):
    """In how many seconds since the epoch it elapses; None: it does not."""
    found = timer(unit)
    return found['NextElapseUSecRealtime'] / 10**6 if found['SubState'] == 'waiting' else None


def is_there(unit):
    return timer(unit)['SubState'] != 'dead'


names = iter(range(10**6))


def schedule(seconds):
    """A scheduled job that is due in so many seconds. Returns its name and when that is."""
    name, due = f'wake {next(names)}', int(time.time()) + seconds
    jobctl('run', '--no-wait', '--name', name, f'--at=@{due}', 'wake.Quick')
    return name, due


def delete(name):
    jobctl('schedule', 'delete', name)


class WakeTestCase(JobdTestCase):
    def setUp(self):
        """One that is due in an hour, and jobd has left."""
        self.name, self.due = schedule(HOUR)
        stop()
        self.assertEqual(elapses(), self.due)

    def tearDown(self):
        with contextlib.closing(sqlite3.connect(f'file:{DATABASE}?mode=ro', uri=True)) as db:
            left = [row[0] for row in db.execute("SELECT name FROM scheduled_job WHERE state = 'active'")]
        for name in left:
            delete(name)
        stop()
        self.assertFalse(is_there(WAKE))
        self.assertFalse(is_there(NEXT))

    def assertMended(self):
        """By a jobd that was started, for whatever reason, and has left again."""
        run(['systemctl', 'start', 'jobd.service'])
        stop()
        self.assertEqual(elapses(), self.due)
        self.assertFalse(is_there(NEXT))


class Kills(WakeTestCase):
    def at_each_step(self, prepare, change, check):
        """jobd leaves after change(), and is killed before its first step, its second and so on; nobody starts it."""
        killed = 0
        for n in range(1, STEPS_MAX):
            prepare()
            run(['systemctl', 'start', 'jobd.service'])
            change()
            kill_at(n)
            stop()
            was_killed = unit_properties('jobd.service')['Result'] == 'signal'
            kill_at(0)
            with self.subTest(step=n):
                check()
            run(['systemctl', 'reset-failed', 'jobd.service'], check=False)
            if not was_killed:
                return killed
            killed += 1
            self.assertMended()
        raise AssertionError(f'after {STEPS_MAX} steps it still goes on')

    def test_never_without(self):
        """The one that was next is deleted: until the timer has the other time it has the old one, or there are two."""
        earlier, seen = [], set()

        def prepare():
            earlier.append(schedule(HOUR // 2)[0])
            stop()

        def check():
            found = {unit: elapses(unit) for unit in (WAKE, NEXT)}
            seen.add(tuple(when and when == self.due for when in found.values()))
            self.assertTrue([when for when in found.values() if when and when <= self.due], found)

        with steps_counted('Restart=no'):
            self.assertGreater(self.at_each_step(prepare, lambda: delete(earlier.pop()), check), 4)
        # It was seen in between: (the timer, the other one) are there, and have the new time.
        self.assertIn((None, True), seen)

    def test_not_touched(self):
        """It has the right time: whenever jobd is killed, it is the same one."""
        before = timer()['InvocationID']

        def check():
            self.assertEqual(timer()['InvocationID'], before)

        with steps_counted('Restart=no'):
            self.at_each_step(lambda: None, lambda: None, check)
        self.assertEqual(elapses(), self.due)


class Mended(WakeTestCase):
    """By the next jobd, since it looks at what PID 1 has."""

    def test_stopped_by_the_administrator(self):
        run(['systemctl', 'stop', WAKE])
        self.assertMended()

    def test_stopped_while_jobd_runs(self):
        run(['systemctl', 'start', 'jobd.service'])
        run(['systemctl', 'stop', WAKE])
        stop()
        self.assertEqual(elapses(), self.due)

    def test_reload_and_reexec(self):
        for command in 'daemon-reload', 'daemon-reexec':
            run(['systemctl', command])
            self.assertEqual(elapses(), self.due, command)

    def test_its_file_is_gone(self):
        """/run was cleaned by somebody."""
        for name in glob.glob('/run/systemd/transient/jobd-wake*'):
            os.unlink(name)
        run(['systemctl', 'daemon-reload'])
        self.assertMended()

    def test_its_service_was_masked(self):
        """The timer elapses, and cannot start anything: it has failed, and does not stand in the way of the next one."""
        for seconds in 1, 5, 25:
            self.start_timer(WAKE, seconds)
            run(['systemctl', 'mask', '--runtime', 'jobd.service'])
            try:
                was_in_time = timer()['SubState'] == 'waiting'
                self.wait_until(lambda: timer()['SubState'] != 'waiting')
            finally:
                run(['systemctl', 'unmask', '--runtime', 'jobd.service'])
            if was_in_time:
                break
            stop()
        self.assertTrue(was_in_time)
        self.assertMended()

    def test_masked(self):
        """That is obeyed, and told."""
        run(['systemctl', 'mask', '--runtime', '--now', WAKE])
        run(['systemctl', 'daemon-reload'])
        cursor = journal_cursor()
        try:
            run(['systemctl', 'start', 'jobd.service'])
            stop()
            self.assertEqual(timer()['LoadState'], 'masked')
            self.assertFalse(is_there(NEXT))
            [message] = [entry['MESSAGE'] for entry in journal('_SYSTEMD_UNIT=jobd.service', since=cursor)
                         if WAKE in entry['MESSAGE']]
            self.assertIn('jobd-wake.timer is masked', message)
            self.assertIn('"systemctl unmask jobd-wake.timer"', message)
        finally:
            run(['systemctl', 'unmask', '--runtime', WAKE])
        self.assertMended()

    def wait_until(self, is_it):
        deadline = time.monotonic() + TIMEOUT
        while not is_it():
            self.assertLess(time.monotonic(), deadline)

    def start_timer(self, unit, seconds):
        """Instead of that which jobd has set."""
        run(['systemctl', 'stop', WAKE])
        run(['busctl', 'call', 'org.freedesktop.systemd1', '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager',
             'StartTransientUnit', 'ssa(sv)a(sa(sv))', unit, 'replace', '2', 'AccuracyUSec', 't', '1',
             'TimersMonotonic', 'a(st)', '1', 'OnActiveSec', str(seconds * 10**6), '0'])

    def test_what_a_killed_one_has_left(self):
        """The other timer starts jobd as well, and is gone when jobd has set its own again."""
        cursor = journal_cursor()
        self.start_timer(NEXT, 1)
        journal_wait('UNIT=jobd.service', since=cursor, contains='Started')
        self.assertMended()

    def test_earlier(self):
        """A time that comes before the one that is set, and one that goes again."""
        name, due = schedule(HOUR // 2)
        stop()
        self.assertEqual(elapses(), due)
        delete(name)
        self.assertMended()


class NoAnswer(WakeTestCase):
    def test_when_leaving(self):
        """The bus stands still, and jobd does not wait for it for ever: it has failed, so that systemd starts it again."""
        name = schedule(HOUR // 2)[0]
        stop()
        delete(name)
        pid, bus, cursor = main_pid(), main_pid('dbus.service'), journal_cursor()
        os.kill(bus, signal.SIGSTOP)
        try:
            os.kill(pid, signal.SIGTERM)
            wait_exit(pid)
        finally:
            os.kill(bus, signal.SIGCONT)
        journal_wait('UNIT=jobd.service', since=cursor, contains='Started')
        self.assertTrue([entry for entry in journal('_SYSTEMD_UNIT=jobd.service', since=cursor)
                         if 'systemd does not answer' in entry['MESSAGE']])
        self.assertMended()


if __name__ == '__main__':
    unittest.main()
