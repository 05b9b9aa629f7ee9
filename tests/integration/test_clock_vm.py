# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: vm -d
"""Scheduled jobs and a clock that is ours: it is set forward and back, the time zone is changed, the machine sleeps,
reboots in order, and loses its power; each time is a run once, or a record that it was missed.

There are three boots. What the machine's own clock shows is what the next boot begins with, so that it can have been off
for hours, or find its clock behind.
"""
import atexit
import collections
import contextlib
import datetime
import os
import signal
import sqlite3
import sys
import time
import unittest

from harness import (TIMEOUT, JobdTestCase, install_job, jobctl, jobctl_json, journal, run, stopped, unit_properties)
from queues import wait_for

BOOT = int(os.environ.get('VM_BOOT', '1'))
DATABASE, TRACE = '/var/lib/jobd/jobd.db', '/var/tmp/trace'
HOUR, DAY = 3600, 86400
FIRED, MISSED = '275fe77e5c8c43da97df4d82efad0ae1', 'e4ebcc91b7d049abae20fa591084171a'
CLOCK_SET_BACK = '4d387b3ae0ea48e5a0ae849532b2aba4'
JOBS = {
    'clock.Trace': f'[Service]\nUser=root\nExecStart=sh -c "echo $$JOB_RESULT_ID >> {TRACE}"\n',
    'clock.Long': '[Service]\nUser=root\nExecStart=sleep 100000\n',
    'clock.Fails': '[Job]\nRetry=1\nRetryDelay=2h\n'
                   f'[Service]\nUser=root\nExecStart=sh -c "echo $$JOB_RESULT_ID >> {TRACE}; exit 3"\n',
}
names = iter(range(1000))


def load_tests(loader, tests, pattern):
    return loader.loadTestsFromTestCase({1: Clock, 2: AfterReboot, 3: AfterPowerCut}[BOOT])


def setUpModule():
    if BOOT > 1:
        return
    # The first boot begins at a time of which is known what lies around it, with half an hour to the next hour.
    set_clock(at('2031-03-05T10:30:00Z'))
    open(TRACE, 'a', encoding='utf-8').close()
    for class_path, text in JOBS.items():
        install_job(class_path, text)
    jobctl('refresh')
    jobctl('enable', *JOBS)


@atexit.register
def end_boot():
    """When all is reported; a command that a reboot ends is run again after it."""
    if BOOT == 1:
        run(['systemctl', 'reboot'])
        signal.pause()
    if BOOT == 2:
        sys.stdout.flush()
        with open('/proc/sysrq-trigger', 'w', encoding='utf-8') as file:
            file.write('b')


# ---------------------------------------------------------------- clock
def at(text):
    return int(datetime.datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp())


def set_clock(when):
    time.clock_settime(time.CLOCK_REALTIME, when)


def set_clock_of_next_boot(when):
    moment = datetime.datetime.fromtimestamp(when, datetime.timezone.utc)
    run(['hwclock', '--set', '--utc', f'--date={moment:%F %T}'])


# ---------------------------------------------------------------- scheduled jobs
def schedule(name, *options, job='clock.Trace'):
    jobctl('run', '--no-wait', '--name', name, *options, job, user='alice')
    return name


def show(name):
    [found] = jobctl_json('schedule', 'show', name)
    for key in ('next_run_at', 'last_run_at', 'start_time'):
        found[key] = at(found[key]) if found[key] else None
    return found


def settle(name, is_it):
    """Until it is so; there is no event for the end of a change of the clock."""
    deadline = time.monotonic() + TIMEOUT
    while not is_it(found := show(name)):
        if time.monotonic() > deadline:
            raise AssertionError(f'scheduled job {name!r} at {time.time()}: {found}')
    return found


def has_next(found):
    return found['state'] != 'active' or found['next_run_at'] > time.time()


def rows(name):
    """[(nominal time, status, reason)] of its job results that have ended, in the order of these times."""
    schedule_id = show(name)['id']
    deadline = time.monotonic() + TIMEOUT
    while True:
        with contextlib.closing(sqlite3.connect(f'file:{DATABASE}?mode=ro', uri=True)) as db:
            found = db.execute('SELECT nominal_time / 1000000, status, reason FROM job_result'
                               ' WHERE scheduled_job_id = ? ORDER BY nominal_time', (schedule_id,)).fetchall()
        if not {'PENDING', 'STARTED'} & {status for _, status, _ in found}:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f'the runs of {name!r} do not end: {found}')


def timer():
    """When jobd-wake.timer elapses, as PID 1 has it."""
    text = run(['systemctl', 'list-timers', '--all', '--output=json', 'jobd-wake.timer']).stdout
    shown = unit_properties('jobd-wake.timer')
    assert shown['ActiveState'] == 'active', shown
    return text, shown


RUN, LOST = ('SUCCESS', 'success'), ('REVOKED', 'missed')


class ClockTestCase(JobdTestCase):
    def assertOnce(self):
        """No time has two job results, what succeeded ran once, and nothing else ran."""
        with contextlib.closing(sqlite3.connect(f'file:{DATABASE}?mode=ro', uri=True)) as db:
            twice = db.execute('SELECT scheduled_job_id, nominal_time, attempt FROM job_result WHERE scheduled_job_id'
                               ' IS NOT NULL GROUP BY 1, 2, 3 HAVING count(*) > 1').fetchall()
            ran = {row[0] for row in db.execute("SELECT id FROM job_result WHERE class_path = 'clock.Trace'"
                                                " AND status = 'SUCCESS'")}
        with open(TRACE, encoding='utf-8') as file:
            traced = collections.Counter(file.read().split())
        self.assertEqual(twice, [])
        self.assertEqual({one: n for one, n in traced.items() if n > 1}, {})
        self.assertEqual(ran - traced.keys(), set())
        fired = collections.Counter(entry['JOB_RESULT_ID'] for entry in journal('MESSAGE_ID=' + FIRED))
        self.assertEqual({one: n for one, n in fired.items() if n > 1}, {})

    def assertRows(self, name, expected):
        """expected: {time: RUN or LOST}"""
        self.assertEqual({when: (status, reason) for when, status, reason in rows(name)},
                         {at(f'2031-03-{when}:00Z'): what for when, what in expected.items()})


class Clock(ClockTestCase):
    """In this order: the clock goes on from one to the next."""

    def test_1_forward(self):
        """05T10:30 -> 14:30, first with jobd running, then to 17:30 with jobd-wake.timer alone."""
        for missed in ('none', 'last', 'all'):
            schedule(missed, '--interval=hourly', '--at=2031-03-05 11:00', f'--missed={missed}')
        schedule('once', '--at=2031-03-05 12:17')
        set_clock(at('2031-03-05T14:30:00Z'))
        for name in ('none', 'last', 'all'):
            found = settle(name, has_next)
            self.assertEqual(found['next_run_at'], at('2031-03-05T15:00:00Z'))
        self.assertEqual(settle('once', has_next)['state'], 'completed')
        times = ['05T11:00', '05T12:00', '05T13:00', '05T14:00']
        self.assertRows('none', dict.fromkeys(times, LOST))
        self.assertRows('last', {**dict.fromkeys(times, LOST), times[-1]: RUN})
        self.assertRows('all', dict.fromkeys(times, RUN))
        self.assertRows('once', {'05T12:17': RUN})
        self.assertEqual([show(name)['total_run_count'] for name in ('none', 'last', 'all', 'once')], [0, 1, 4, 1])

        run(['systemctl', 'stop', 'jobd.service'])
        set_clock(at('2031-03-05T17:30:00Z'))
        times += ['05T15:00', '05T16:00', '05T17:00']
        for name in ('none', 'last', 'all'):
            self.assertEqual(settle(name, has_next)['next_run_at'], at('2031-03-05T18:00:00Z'))
        self.assertRows('none', dict.fromkeys(times, LOST))
        self.assertRows('last', {**dict.fromkeys(times, LOST), times[3]: RUN, times[-1]: RUN})
        self.assertRows('all', dict.fromkeys(times, RUN))
        self.assertOnce()

    def test_2_back_and_forth(self):
        """17:30 -> 13:30 -> 16:30 -> 17:50: what has been does not come again, and 18:00 comes."""
        before = {name: rows(name) for name in ('none', 'last', 'all', 'once')}
        for when in ('13:30', '16:30', '17:50'):
            set_clock(at(f'2031-03-05T{when}:00Z'))
            for name in ('none', 'last', 'all'):
                self.assertEqual(settle(name, has_next)['next_run_at'], at('2031-03-05T18:00:00Z'), when)
        self.assertEqual({name: rows(name) for name in before}, before)
        set_clock(at('2031-03-05T17:59:55Z'))
        for name in ('none', 'last', 'all'):
            self.assertEqual(settle(name, lambda f: f['next_run_at'] > at('2031-03-05T18:00:00Z'))['next_run_at'],
                             at('2031-03-05T19:00:00Z'))
            self.assertEqual(rows(name), before[name] + [(at('2031-03-05T18:00:00Z'), *RUN)])
        self.assertOnce()

    def test_3_a_year_ahead(self):
        """As a host whose clock is wrong until it has asked a server: the next time is in an hour, not in a year."""
        first = jobctl('run', '--no-wait', 'clock.Fails', user='alice').stdout.strip()
        retry = wait_for(first, 'a retry', lambda result: result['retried_by'])['retried_by']
        set_clock(at('2032-03-05T18:30:00Z'))
        for name in ('none', 'last', 'all'):
            settle(name, has_next)
        set_clock(at('2031-03-05T18:30:00Z'))
        for name in ('none', 'last', 'all'):
            settle(name, lambda f: f['next_run_at'] == at('2031-03-05T19:00:00Z'))

        # And the same while jobd is not there: PID 1 starts it for the clock that was set.
        set_clock(at('2032-04-05T18:30:00Z'))
        for name in ('none', 'last', 'all'):
            settle(name, has_next)
            rows(name)  # its runs have ended
        run(['systemctl', 'stop', 'jobd.service'])
        set_clock(at('2031-03-05T18:30:00Z'))
        deadline = time.monotonic() + TIMEOUT
        while unit_properties('jobd.service')['ActiveState'] != 'active':
            self.assertLess(time.monotonic(), deadline, 'jobd was not started')
        for name in ('none', 'last', 'all'):
            settle(name, lambda f: f['next_run_at'] == at('2031-03-05T19:00:00Z'))
        self.assertGreaterEqual(len(journal('MESSAGE_ID=' + CLOCK_SET_BACK)), 2)
        # The attempt that was two hours away was due while the clock was ahead.
        self.assertEqual(jobctl_json('result', retry)['status'], 'FAILURE')
        self.assertOnce()

    def test_4_time_zone(self):
        """A scheduled job has its own zone; one that names none got the host's at the time of the request."""
        schedule('Berlin', '--interval=daily', '--at=2031-03-29 03:30', '--time-zone=Europe/Berlin')
        schedule('host', '--interval=daily', '--at=2031-03-29 03:30')
        before = {name: show(name) for name in ('Berlin', 'host', 'all')}
        run(['timedatectl', 'set-timezone', 'Asia/Tokyo'])
        run(['systemctl', 'restart', 'jobd.service'])
        self.assertEqual({name: show(name) for name in before}, before)
        self.assertEqual(before['Berlin']['next_run_at'], at('2031-03-29T02:30:00Z'))
        self.assertEqual((before['host']['time_zone'], before['host']['next_run_at']),
                         ('Etc/UTC', at('2031-03-29T03:30:00Z')))
        found = show(schedule('Tokyo', '--interval=daily', '--at=2031-03-29 03:30'))
        self.assertEqual((found['time_zone'], found['next_run_at']), ('Asia/Tokyo', at('2031-03-28T18:30:00Z')))
        run(['timedatectl', 'set-timezone', 'Etc/UTC'])

    def test_5_before_the_reboot(self):
        """At 18:30; the next boot begins at 21:30."""
        set_clock(at('2031-03-05T18:30:00Z'))
        schedule('while off', '--at=2031-03-05 20:00')
        schedule('far', '--at=2031-06-01')
        jobctl('run', '--no-wait', 'clock.Long', user='alice')
        for name in ('none', 'last', 'all'):
            settle(name, lambda f: f['next_run_at'] == at('2031-03-05T19:00:00Z'))
        set_clock_of_next_boot(at('2031-03-05T21:30:00Z'))


class AfterReboot(ClockTestCase):
    def test_1_missed_while_off(self):
        self.assertGreaterEqual(time.time(), at('2031-03-05T21:30:00Z'))
        times = [at(f'2031-03-05T{hour}:00:00Z') for hour in (19, 20, 21)]
        expected = {'none': [LOST, LOST, LOST], 'last': [LOST, LOST, RUN], 'all': [RUN, RUN, RUN]}
        for name, outcomes in expected.items():
            self.assertEqual(settle(name, has_next)['next_run_at'], at('2031-03-05T22:00:00Z'))
            self.assertEqual([row for row in rows(name) if times[0] <= row[0] <= times[-1]],
                             [(when, *outcome) for when, outcome in zip(times, outcomes)])
        self.assertEqual(settle('while off', has_next)['state'], 'completed')
        self.assertEqual(rows('while off'), [(at('2031-03-05T20:00:00Z'), *RUN)])
        self.assertOnce()

    def test_2_what_ran(self):
        [result] = jobctl_json('results', '--job=clock.Long')
        self.assertEqual((result['status'], result['reason']), ('REVOKED', 'stopped'))

    def test_3_the_timer_is_there(self):
        """jobd was started by the boot, and left; PID 1 has its next time."""
        run(['systemctl', 'stop', 'jobd.service'])
        self.assertIn('2031-03-05 22:00:00', timer()[1]['TimersCalendar'])
        fired = len(journal('MESSAGE_ID=' + FIRED, 'SCHEDULED_JOB_NAME=all'))
        set_clock(at('2031-03-05T21:59:58Z'))
        # Asked for by nobody else until then.
        deadline = time.monotonic() + TIMEOUT
        while len(journal('MESSAGE_ID=' + FIRED, 'SCHEDULED_JOB_NAME=all')) == fired:
            self.assertLess(time.monotonic(), deadline)
        self.assertIn((at('2031-03-05T22:00:00Z'), *RUN), rows('all'))

    def test_4_before_the_power_cut(self):
        """The next boot begins with a clock that is two days behind."""
        jobctl('run', '--no-wait', 'clock.Long', user='alice')
        deadline = time.monotonic() + TIMEOUT
        while jobctl_json('results', '--job=clock.Long')[0]['status'] != 'STARTED':
            self.assertLess(time.monotonic(), deadline)
        for name in ('none', 'last', 'all'):
            settle(name, lambda f: f['next_run_at'] == at('2031-03-05T23:00:00Z'))
        set_clock_of_next_boot(at('2031-03-03T12:30:00Z'))
        run(['sync', TRACE])    # what the runs have left, which is not jobd's
        schedule('acknowledged', '--at=2031-03-06 12:00')      # and nothing after it


class AfterPowerCut(ClockTestCase):
    def test_1_acknowledged_is_there(self):
        self.assertEqual(show('acknowledged')['next_run_at'], at('2031-03-06T12:00:00Z'))
        self.assertEqual(show('far')['next_run_at'], at('2031-06-01T00:00:00Z'))

    def test_2_what_ran_is_lost(self):
        result = jobctl_json('results', '--job=clock.Long')[0]
        self.assertEqual((result['status'], result['reason']), ('FAILURE', 'lost'))

    def test_3_the_clock_is_behind(self):
        """Never before their start, so nothing comes nearer than the first time that has no job result."""
        self.assertLess(time.time(), at('2031-03-04T00:00:00Z'))
        before = {name: rows(name) for name in ('none', 'last', 'all')}
        for name in before:
            self.assertEqual(show(name)['next_run_at'], at('2031-03-05T23:00:00Z'))
        # A server has told it the time.
        set_clock(at('2031-03-05T23:30:00Z'))
        for name in before:
            self.assertEqual(settle(name, has_next)['next_run_at'], at('2031-03-06T00:00:00Z'))
        due = at('2031-03-05T23:00:00Z')
        for name, outcome in (('none', LOST), ('last', RUN), ('all', RUN)):
            self.assertEqual(rows(name), sorted(before[name] + [(due, *outcome)]))
        self.assertOnce()

    def test_4_journal(self):
        """Across the boots: each time that was missed was told, and nothing was an error."""
        self.assertTrue(journal('MESSAGE_ID=' + MISSED))
        errors = journal('_SYSTEMD_UNIT=jobd.service', 'PRIORITY=3', 'PRIORITY=2')
        self.assertEqual([entry['MESSAGE'] for entry in errors if 'Job failed' not in entry['MESSAGE']], [])

    def test_5_sleep(self):
        """The machine sleeps while something is due, with jobd running and without: it runs when the machine wakes."""
        for number, stop in enumerate((False, True)):
            name = schedule(f'sleeper {number}', '--at=+20s')
            due = show(name)['next_run_at']
            if stop:
                run(['systemctl', 'stop', 'jobd.service'])
            run(['rtcwake', '--mode=no', '--seconds=40'])
            with stopped('systemd-suspend.service'):
                run(['systemctl', 'suspend'])
            found = settle(name, lambda f: f['state'] == 'completed')
            self.assertGreater(found['last_run_at'], due + 5, 'the machine did not sleep')
            self.assertEqual(rows(name), [(due, *RUN)])
        self.assertOnce()


if __name__ == '__main__':
    unittest.main()
