# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Scheduled jobs: requests for later, what becomes of them, and their times.

No test waits for a time of the day, and the clock is the machine's and not ours to set: due times are written into the
database while jobd is stopped, as a host that was off would find them.
"""
import contextlib
import json
import pwd
import sqlite3
import time
import unittest

from harness import (JobdTestCase, Signals, install_job, jobctl, jobctl_json, journal, journal_cursor, journal_wait,
                     kill_jobd, main_pid, run, stopped, wait_exit)
from raw_bus import RawBus

DATABASE, TRACE = '/var/lib/jobd/jobd.db', '/var/tmp/trace'
MANAGER, SCHEDULE, RESULT = 'org.jobd1.Manager', 'org.jobd1.ScheduledJob', 'org.jobd1.JobResult'
PROPERTIES = 'org.freedesktop.DBus.Properties'
ERROR = 'org.jobd1.Error.'
HOUR = 3600 * 10**6
DAY = 24 * HOUR

JOBS = {
    'plan.Trace': '[Variable word]\nType=string\nDefault=none\n'
                  '[Service]\nUser=root\nExecStart=sh -c "echo $JOB_RESULT_ID ${JOB_VAR_word} >> /var/tmp/trace"\n',
    'plan.Other': '[Service]\nUser=root\nExecStart=true\n',
    'plan.Gone': '[Service]\nUser=root\nExecStart=true\n',
    'plan.Deleted': '[Service]\nUser=root\nExecStart=true\n',
    'plan.Disabled': '[Service]\nUser=root\nExecStart=true\n',
    'plan.Changed': '[Variable number]\nType=integer\nMaxValue=10\n[Service]\nUser=root\nExecStart=true\n',
    'plan.Asks': '[Job]\nApprovalRequired=yes\n[Service]\nUser=root\nExecStart=true\n',
    'plan.Secret': '[Variable word]\nType=string\nSensitive=yes\n[Service]\nUser=root\nExecStart=true\n',
}


def setUpModule():
    for class_path, text in JOBS.items():
        install_job(class_path, text)
    jobctl('refresh')
    jobctl('enable', *JOBS)
    open(TRACE, 'a', encoding='utf-8').close()


def now():
    return time.time_ns() // 1000


def call(path, interface, member, signature='', *args, user='root'):
    with RawBus(user) as bus:
        return bus.call(path, interface, member, signature, *args)


def get(path, name, interface=SCHEDULE, user='root'):
    reply = call(path, PROPERTIES, 'Get', 'ss', interface, name, user=user)
    return reply.body[0] if not reply.error else reply


def get_all(path, interface=SCHEDULE):
    reply = call(path, PROPERTIES, 'GetAll', 's', interface)
    assert not reply.error, reply
    return {name: value[1] if isinstance(value, tuple) else value for name, value in dict(reply.body[0]).items()}


def request(job, data='', user='alice', **options):
    """RunJob; options as Python values."""
    types = {str: 's', int: 't', bool: 'b'}
    options = {name: (types[type(value)], value) for name, value in options.items()}
    return call('/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', job, data, options, user=user)


names = iter(range(10**6))


def schedule(job='plan.Trace', user='alice', data='', **options):
    """Makes a daily one that starts tomorrow, and returns its id and path."""
    options = {'interval': 'daily', 'name': f'schedule {next(names)}', 'start_time': now() + DAY, **options}
    reply = request(job, data, user, **options)
    assert not reply.error, reply
    return reply.body


def stop():
    run(['systemctl', 'stop', 'jobd.service'])


@contextlib.contextmanager
def database():
    """The database, while jobd is stopped."""
    stop()
    with contextlib.closing(sqlite3.connect(DATABASE)) as db, db:
        yield db


def make_due(schedule_id, when=None, **columns):
    """What the database of a host that was off would have."""
    columns = {'next_run_at': when or now() - 10**6, **columns}
    with database() as db:
        db.execute(f'UPDATE scheduled_job SET {", ".join(f"{c} = ?" for c in columns)} WHERE id = ?',
                   (*columns.values(), schedule_id))


def results(schedule_id):
    """Its job results, oldest first, from the database."""
    with contextlib.closing(sqlite3.connect(f'file:{DATABASE}?mode=ro', uri=True)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute('SELECT * FROM job_result WHERE scheduled_job_id = ? ORDER BY seq',
                                                (schedule_id,))]


def start():
    """Starts jobd, and waits until all that is due was looked at and has run."""
    run(['systemctl', 'start', 'jobd.service'])


def settle(schedule_id, is_it, timeout=60):
    """Waits until the scheduled job is as it shall be; each change is signalled."""
    path = '/org/jobd1/schedule/' + schedule_id.replace('-', '')
    signals = Signals(f"type='signal',path='{path}'")
    properties = get_all(path)
    while not is_it(properties):
        signals.wait()
        signals = Signals(f"type='signal',path='{path}'")
        properties = get_all(path)
    call('/org/jobd1', MANAGER, 'Refresh', 'a{sv}', {})     # is answered when all of it is on the disk
    return properties


def ended(schedule_id, n=1):
    """Follows its runs to their ends."""
    rows = results(schedule_id)
    assert len(rows) == n, rows
    for row in rows:
        jobctl('logs', '-f', row['id'])
    return results(schedule_id)


def ran(word):
    with open(TRACE, encoding='utf-8') as file:
        return [line.split()[0] for line in file if line.split()[1:] == [word]]


class Request(JobdTestCase):
    """Reference, rows S1 to S5: what may be asked for."""

    def refused(self, reply, error, *texts):
        self.assertEqual(reply.error, ERROR + error, reply)
        for text in texts:
            self.assertIn(text, reply.body[0])

    def test_properties(self):
        start_time = now() + DAY
        schedule_id, path = schedule(name='night', start_time=start_time, time_zone='Europe/Berlin', missed='all',
                                     data='{"word": "x"}')
        found = get_all(path)
        self.assertEqual(path, '/org/jobd1/schedule/' + schedule_id.replace('-', ''))
        expected = {'Id': schedule_id, 'Name': 'night', 'JobName': 'Trace', 'ClassPath': 'plan.Trace', 'State': 'active',
                    'Requester': 'alice', 'RequesterUID': pwd.getpwnam('alice').pw_uid, 'Interval': 'daily',
                    'TimeZone': 'Europe/Berlin', 'StartTime': start_time, 'Missed': 'all', 'Data': '{"word":"x"}',
                    'Enabled': True, 'OneOff': False, 'ApprovalRequired': False, 'Sealed': False, 'LastRunAt': 0,
                    'TotalRunCount': 0, 'LastResult': '/', 'StateReason': '', 'TaskQueue': 'default'}
        self.assertEqual({name: found[name] for name in expected}, expected)
        # daily is a minute of the clock: the first that is not before start_time
        self.assertEqual(found['NextRunAt'], -(-start_time // 60000000) * 60000000
                         if start_time % 60000000 == 0 else found['NextRunAt'])
        self.assertGreaterEqual(found['NextRunAt'], start_time)
        self.assertEqual(call('/org/jobd1', MANAGER, 'GetScheduledJob', 's', 'night').body, [path])
        self.assertEqual(call('/org/jobd1', MANAGER, 'GetScheduledJob', 's', schedule_id).body, [path])

    def test_immediately_is_a_run(self):
        reply = request('plan.Trace', interval='immediately')
        self.assertTrue(reply.body[1].startswith('/org/jobd1/result/'), reply)

    def test_rules(self):
        late = now() + DAY
        self.refused(request('plan.Trace', interval='daily', start_time=late), 'InvalidSchedule',
                     'Please provide a name for the job schedule.')
        self.refused(request('plan.Trace', interval='daily', name='x', start_time=now() + 5 * 10**6), 'InvalidSchedule',
                     'Please enter a valid date and time greater than or equal to the current date and time.')
        self.refused(request('plan.Trace', interval='future', name='x'), 'InvalidSchedule', 'start_time')
        self.refused(request('plan.Trace', interval='custom', name='x'), 'InvalidSchedule',
                     'Please enter a valid crontab.')
        self.refused(request('plan.Trace', interval='yearly', name='x', start_time=late), 'InvalidSchedule', 'interval')
        self.refused(request('plan.Trace', interval='daily', name='x', start_time=late, missed='some'),
                     'InvalidSchedule', 'missed')
        self.refused(request('plan.Trace', interval='daily', name='x', start_time=late, time_zone='Mars/Base'),
                     'InvalidSchedule', 'time_zone')
        self.refused(request('plan.Trace', interval='daily', name='x', start_time=late, sometimes='x'),
                     'InvalidOption', 'sometimes')
        self.assertEqual(json.loads(request('plan.Trace', interval='daily', start_time=1).body[0])['schedule'].keys(),
                         {'name', 'start_time'})

    def test_order_of_checks(self):
        """Job, queue, input, schedule."""
        self.refused(request('plan.Trace', '{"nonsense": 1}', interval='daily'), 'InvalidData')
        self.refused(request('plan.Trace', '{"nonsense": 1}', interval='daily', task_queue='no'), 'InvalidQueue')

    def test_name_is_unique(self):
        schedule(name='once only')
        self.refused(request('plan.Trace', interval='daily', name='once only', start_time=now() + DAY), 'NameTaken',
                     'once only')

    def test_sensitive_without_a_key(self):
        """Reference, row S12."""
        self.refused(request('plan.Secret', '{"word": "hush"}', interval='daily', name='s', start_time=now() + DAY),
                     'SensitiveConflict', 'Unable to schedule job: Job may have sensitive input variables',
                     'systemd-creds setup')
        with open(DATABASE, 'rb') as file:
            self.assertNotIn(b'hush', file.read())

    def test_approval_required(self):
        """A request without a name gets one; two in a second get two."""
        found = [get_all(request('plan.Asks').body[1]) for _ in range(2)]
        for one in found:
            self.assertEqual((one['State'], one['ApprovalRequired'], one['Interval']), ('pending', True, 'immediately'))
            self.assertTrue(one['Name'].startswith('Asks - '), one)
        self.assertNotEqual(found[0]['Name'], found[1]['Name'])

    def test_signals(self):
        signals = Signals("type='signal',interface='org.jobd1.Manager'")
        path = schedule()[1]
        self.assertEqual(signals.wait(lambda m: m['member'] == 'ScheduledJobNew')['payload']['data'], [path])
        signals = Signals("type='signal',interface='org.jobd1.Manager'")
        call(path, SCHEDULE, 'Delete')
        self.assertEqual(signals.wait(lambda m: m['member'] == 'ScheduledJobRemoved')['payload']['data'], [path])

    def test_outlives_a_kill(self):
        schedule_id, path = schedule()
        before = get_all(path)
        kill_jobd()
        self.assertEqual(get_all(path), before)


class Fire(JobdTestCase):
    def fires(self, schedule_id, is_it=lambda p: True, **columns):
        """Makes it due, starts jobd by itself and waits until it was looked at."""
        before = get_all('/org/jobd1/schedule/' + schedule_id.replace('-', ''))
        make_due(schedule_id, **columns)
        start()
        return settle(schedule_id, lambda p: p['NextRunAt'] > now() or p['State'] not in ('active', before['State'])
                      or p['State'] == 'completed')

    def test_recurring(self):
        schedule_id, path = schedule(data='{"word": "recurring"}')
        next_run = get(path, 'NextRunAt')
        found = self.fires(schedule_id)
        [row] = ended(schedule_id)
        self.assertEqual(row['status'], 'SUCCESS')
        self.assertEqual(ran('recurring'), [row['id']])
        self.assertEqual((found['State'], found['TotalRunCount'], found['NextRunAt']), ('active', 1, next_run))
        self.assertEqual(found['LastResult'], '/org/jobd1/result/' + row['id'].replace('-', ''))
        self.assertGreater(found['LastRunAt'], now() - HOUR)
        self.assertEqual(row['requester'], 'alice')
        self.assertEqual(get(found['LastResult'], 'ScheduledJob', RESULT), path)
        self.assertEqual(get(found['LastResult'], 'NominalTime', RESULT), row['nominal_time'])

    def test_one_off(self):
        schedule_id, path = schedule(interval='future', data='{"word": "one-off"}')
        found = self.fires(schedule_id)
        [row] = ended(schedule_id)
        self.assertEqual((found['State'], found['NextRunAt'], found['Enabled']), ('completed', 0, False))
        self.assertEqual(ran('one-off'), [row['id']])
        reply = call(path, SCHEDULE, 'SetEnabled', 'b', True)
        self.assertEqual(reply.error, ERROR + 'WrongState', reply)

    def test_by_the_timer_of_the_loop(self):
        """The only one that waits for its time, since jobd runs: 15 seconds, the least that the rules allow."""
        schedule_id, path = schedule(interval='future', start_time=now() + 16 * 10**6, data='{"word": "loop"}')
        found = settle(schedule_id, lambda p: p['State'] == 'completed')
        [row] = ended(schedule_id)
        self.assertEqual(ran('loop'), [row['id']])
        self.assertGreaterEqual(found['LastRunAt'], found['StartTime'])


if __name__ == '__main__':
    unittest.main()
