# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Scheduled jobs: requests for later, what becomes of them, and their times.

No test waits for a time of the day, and the clock is the machine's and not ours to set: due times are written into the
database while jobd is stopped, as a host that was off would find them.
"""
import contextlib
import json
import os
import pwd
import sqlite3
import time
import unittest

from harness import (JobdTestCase, Signals, dialogue, install_job, jobctl, jobctl_json, journal, journal_cursor, journal_wait,
                     kill_jobd, main_pid, run, stopped, wait_exit)
from raw_bus import RawBus
from rules import polkit_rules

DATABASE, TRACE = '/var/lib/jobd/jobd.db', '/var/tmp/trace'
MANAGER, SCHEDULE, RESULT = 'org.jobd1.Manager', 'org.jobd1.ScheduledJob', 'org.jobd1.JobResult'
PROPERTIES = 'org.freedesktop.DBus.Properties'
ERROR = 'org.jobd1.Error.'
DENIED = 'org.freedesktop.DBus.Error.AccessDenied', 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired'
HOUR = 3600 * 10**6
DAY = 24 * HOUR
CLOCK_SET_BACK = '4d387b3ae0ea48e5a0ae849532b2aba4'
FIRED, MISSED, ERRORED = ('275fe77e5c8c43da97df4d82efad0ae1', 'e4ebcc91b7d049abae20fa591084171a',
                          '3aead4a715354693a28e8602b13637af')

JOBS = {
    'plan.Trace': '[Variable word]\nType=string\nDefault=none\n'
                  '[Service]\nUser=root\nExecStart=sh -c "echo $JOB_RESULT_ID ${JOB_VAR_word} >> /var/tmp/trace"\n',
    'plan.Limited': '[Job]\nSoftTimeLimit=1s\nTimeLimit=2s\n[Service]\nUser=root\nExecStart=sleep 60\n',
    'plan.Other': '[Service]\nUser=root\nExecStart=true\n',
    'plan.Gone': '[Service]\nUser=root\nExecStart=true\n',
    'plan.Deleted': '[Service]\nUser=root\nExecStart=true\n',
    'plan.Disabled': '[Service]\nUser=root\nExecStart=true\n',
    'plan.Changed': '[Variable number]\nType=integer\nMaxValue=10\n[Service]\nUser=root\nExecStart=true\n',
    'plan.Asks': '[Job]\nApprovalRequired=yes\n[Service]\nUser=root\nExecStart=true\n',
    'plan.Hush': '[Variable word]\nType=string\nSensitive=yes\n[Variable plain]\nType=string\n'
                 '[Service]\nUser=root\nExecStart=sh -c "cat $$CREDENTIALS_DIRECTORY/job-data > /run/hushed"\n',
    'plan.HushAll': '[Job]\nHasSensitiveVariables=yes\n[Variable word]\nType=string\n[Variable plain]\nType=string\n'
                    '[Service]\nUser=root\nExecStart=sh -c "cat $$CREDENTIALS_DIRECTORY/job-data > /run/hushed"\n',
    'plan.Maybe': '[Variable word]\nType=string\nSensitive=yes\nRequired=no\n[Variable plain]\nType=string\n'
                  '[Service]\nUser=root\nExecStart=sh -c "cat $$CREDENTIALS_DIRECTORY/job-data > /run/hushed"\n',
    'plan.Typed': '[Variable password]\nType=string\nSensitive=yes\n[Variable plain]\nType=string\n'
                  '[Service]\nUser=root\nExecStart=sh -c "cat $$CREDENTIALS_DIRECTORY/job-data > /run/hushed"\n',
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
        expected = {'Id': schedule_id, 'Name': 'night', 'JobName': 'Trace', 'ClassPath': 'plan.Trace',
                    'State': 'active', 'Requester': 'alice',
                    'Description': 'night scheduled by alice for Trace', 'RequesterUID': pwd.getpwnam('alice').pw_uid,
                    'Interval': 'daily', 'TimeZone': 'Europe/Berlin', 'StartTime': start_time, 'Missed': 'all', 'Data': '{"word":"x"}',
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
        """Reference, row X3."""
        reply = request('plan.Trace', interval='immediately')
        self.assertTrue(reply.body[1].startswith('/org/jobd1/result/'), reply)

    def test_rules(self):
        """Reference, rows S1, S3 and S4."""
        late = now() + DAY
        self.refused(request('plan.Trace', interval='daily', start_time=late), 'InvalidSchedule',
                     'Please provide a name for the job schedule.')
        self.refused(request('plan.Trace', interval='daily', name='x', start_time=now() + 5 * 10**6),
                     'InvalidSchedule',
                     'Please enter a valid date and time greater than or equal to the current date and time.')
        self.refused(request('plan.Trace', interval='future', name='x'), 'InvalidSchedule', 'start_time')
        self.refused(request('plan.Trace', interval='custom', name='x'), 'InvalidSchedule',
                     'Please enter a valid crontab.')
        self.refused(request('plan.Trace', interval='yearly', name='x', start_time=late), 'InvalidSchedule',
                     'interval')
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
        """Reference, row S5."""
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
            self.assertEqual((one['State'], one['ApprovalRequired'], one['Interval']),
                             ('pending', True, 'immediately'))
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
        """Reference, rows S2 and S5."""
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

    def test_results_of_one(self):
        """Its runs, of all that there are; who may not see it is told that there is none of that name."""
        schedule_id, _ = schedule(name='reported')
        self.fires(schedule_id)
        [row] = ended(schedule_id)
        jobctl('run', '-q', 'plan.Trace', user='alice')

        def listed(*options, user='alice'):
            return [found['id'] for found in jobctl_json('results', *options, user=user)]
        self.assertEqual(listed('--schedule', 'reported'), [row['id']])
        self.assertEqual(listed('--schedule', schedule_id, user='root'), [row['id']])
        self.assertEqual(listed('--schedule', 'reported', '--status', 'FAILURE'), [])
        self.assertEqual(listed('--schedule', 'reported', '--job', 'plan.Trace', '--queue', 'default', '--user', 'alice'),
                         [row['id']])
        self.assertFails(['jobctl', 'results', '--queue', 'no-such'], "there is no job queue 'no-such'", status=4)
        self.assertGreater(len(listed('--queue', 'default')), 1)
        count = call('/org/jobd1', MANAGER, 'CountJobResults', 'a{sv}', {'scheduled_job': ('s', 'reported')}, user='alice')
        self.assertEqual(count.body, [1])
        for name in 'reported', 'no-such':
            reply = call('/org/jobd1', MANAGER, 'ListJobResults', 'a{sv}', {'scheduled_job': ('s', name)}, user='dave')
            self.assertEqual((reply.error, reply.body),
                             (ERROR + 'NoSuchScheduledJob', [f"there is no scheduled job '{name}': \"jobctl schedules\" "
                                                             'shows those there are']))

    def test_limits_hold(self):
        """Whoever has asked for it, and when: section 3 of the reference has what comes of exceptions."""
        schedule_id, _ = schedule('plan.Limited')
        self.fires(schedule_id)
        [row] = ended(schedule_id)
        self.assertEqual((row['status'], row['reason']), ('FAILURE', 'soft-time-limit'))

    def test_one_off(self):
        """Reference, row S6."""
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

    def test_by_the_timer_of_pid_1(self):
        """jobd has left; jobd-wake.timer starts it."""
        schedule_id, path = schedule(data='{"word": "woken"}')
        make_due(schedule_id, when=now() + 4 * 10**6)
        with stopped('jobd.service'):
            start()
            run(['systemctl', 'stop', 'jobd.service'])
        self.assertIn('jobd.service', run(['systemctl', 'list-timers', '--no-legend', 'jobd-wake.timer']).stdout)
        cursor = journal_cursor()
        entry = journal_wait(f'SCHEDULED_JOB_ID={schedule_id}', 'MESSAGE_ID=' + FIRED, since=cursor)
        settle(schedule_id, lambda p: p['TotalRunCount'] == 1)
        [row] = ended(schedule_id)
        self.assertEqual(ran('woken'), [row['id']])
        self.assertEqual(entry['JOB_RESULT_ID'], row['id'])
        self.assertGreaterEqual(row['date_created'], row['nominal_time'])

    def test_leaves_when_idle_and_stays_for_the_next(self):
        schedule_id, path = schedule(data='{"word": "idle"}')
        stop()
        run(['systemctl', 'set-environment', 'JOBD_IDLE_TIMEOUT_SEC=0.3'])
        try:
            with stopped('jobd.service'):
                start()
            self.assertEqual(run(['systemctl', 'is-active', 'jobd-wake.timer']).stdout.strip(), 'active')
            make_due(schedule_id, when=now() + 3 * 10**6)
            with stopped('jobd.service'):
                start()     # it does not leave for so short a time: one start, and it has fired when it leaves
            [row] = results(schedule_id)
            self.assertEqual(ran('idle'), [row['id']])
        finally:
            run(['systemctl', 'unset-environment', 'JOBD_IDLE_TIMEOUT_SEC'])

    def test_store_that_cannot_be_used(self):
        """Nobody knows what is due: jobd is started again by the timer, to try once more."""
        with stopped('jobd.service'):
            start()
            stop()
        run(['systemctl', 'stop', 'jobd-wake.timer'], check=False)
        run('mv /var/lib/jobd/jobd.db /var/lib/jobd/aside && mkdir /var/lib/jobd/jobd.db')
        try:
            with stopped('jobd.service'):
                start()
            self.assertEqual(run(['systemctl', 'is-active', 'jobd-wake.timer']).stdout.strip(), 'active')
        finally:
            run('rmdir /var/lib/jobd/jobd.db && mv /var/lib/jobd/aside /var/lib/jobd/jobd.db')
            run(['systemctl', 'reset-failed', 'jobd.service'], check=False)

    def test_the_timer_follows_the_next_one(self):
        schedule_id, path = schedule()
        stop()
        self.assertEqual(run(['systemctl', 'is-active', 'jobd-wake.timer']).stdout.strip(), 'active')
        self.assertEqual(get(path, 'State'), 'active')
        with contextlib.closing(sqlite3.connect(DATABASE)) as db:
            ids = [row[0] for row in db.execute("SELECT id FROM scheduled_job WHERE state = 'active'")]
        for one in ids:
            call('/org/jobd1/schedule/' + one.replace('-', ''), SCHEDULE, 'Delete')
        stop()
        self.assertEqual(run(['systemctl', 'is-active', 'jobd-wake.timer'], check=False).stdout.strip(), 'inactive')


class Missed(JobdTestCase):
    """The host was off."""

    def off(self, missed, hours, interval='hourly', **options):
        """An hourly one that was due that many times."""
        schedule_id, path = schedule(interval=interval, missed=missed, name=f'{missed} {hours} {next(names)}',
                                     **options)
        first = now() // HOUR * HOUR - (hours - 1) * HOUR - 5 * 60 * 10**6
        make_due(schedule_id, when=first, start_time=first, time_zone='UTC')
        start()
        found = settle(schedule_id, lambda p: p['NextRunAt'] > now() or p['State'] != 'active')
        return schedule_id, found, first

    def rows(self, schedule_id):
        return [(row['nominal_time'], row['status'], row['reason']) for row in sorted(results(schedule_id),
                                                                                      key=lambda r: r['nominal_time'])]

    def finish(self, schedule_id):
        for row in results(schedule_id):
            jobctl('logs', '-f', row['id'])
        return self.rows(schedule_id)

    def test_last(self):
        schedule_id, found, first = self.off('last', 3)
        rows = self.finish(schedule_id)
        self.assertGreaterEqual(len(rows), 3)
        self.assertEqual([row[0] for row in rows], [first + n * HOUR for n in range(len(rows))])
        self.assertEqual([row[1:] for row in rows[:-1]], [('REVOKED', 'missed')] * (len(rows) - 1))
        self.assertEqual(rows[-1][1:], ('SUCCESS', 'success'))
        self.assertEqual((found['State'], found['TotalRunCount']), ('active', 1))
        self.assertTrue(journal(f'SCHEDULED_JOB_ID={schedule_id}', 'MESSAGE_ID=' + MISSED))

    def test_all(self):
        schedule_id, found, first = self.off('all', 3)
        rows = self.finish(schedule_id)
        self.assertEqual([row[0] for row in rows], [first + n * HOUR for n in range(len(rows))])
        self.assertEqual({row[1] for row in rows}, {'SUCCESS'})
        self.assertEqual(found['TotalRunCount'], len(rows))

    def test_none(self):
        schedule_id, found, first = self.off('none', 3)
        rows = self.finish(schedule_id)
        self.assertEqual({row[1:] for row in rows if now() - row[0] > 120 * 10**6}, {('REVOKED', 'missed')})
        self.assertEqual(found['State'], 'active')

    def test_bound(self):
        schedule_id, found, first = self.off('all', 150)
        rows = self.finish(schedule_id)
        self.assertEqual(len(rows), 100)
        self.assertEqual(found['TotalRunCount'], 100)
        [entry] = journal(f'SCHEDULED_JOB_ID={schedule_id}', 'MESSAGE_ID=' + MISSED)
        self.assertIn('for those before, there are no job results', entry['MESSAGE'])

    def test_one_off_none(self):
        schedule_id, path = schedule(interval='future', missed='none')
        make_due(schedule_id, when=now() - HOUR)
        start()
        found = settle(schedule_id, lambda p: p['State'] != 'active')
        self.assertEqual(found['State'], 'completed')
        self.assertIn('missed', found['StateReason'])
        self.assertEqual([row[1:] for row in self.rows(schedule_id)], [('REVOKED', 'missed')])

    def set_back(self):
        """As if the clock had been ahead when the database was written last; test_clock_vm.py really sets it."""
        ahead = time.time() + 29 * 86400
        os.utime(DATABASE, (ahead, ahead))
        start()

    def test_clock_set_back(self):
        """Its next time is far away, since the clock was ahead: it comes when the clock shows it."""
        schedule_id, path = schedule(interval='hourly')
        make_due(schedule_id, when=now() + 30 * DAY, start_time=now() - DAY, last_run_at=now() + 29 * DAY)
        once = schedule(interval='future', start_time=now() + 3 * DAY)[1]
        before = get(once, 'NextRunAt')
        stop()
        cursor = journal_cursor()
        self.set_back()
        entry = journal_wait('MESSAGE_ID=' + CLOCK_SET_BACK, since=cursor)
        self.assertIn('of 1 scheduled jobs the next time is earlier', entry['MESSAGE'])
        self.assertLess(get(path, 'NextRunAt'), now() + HOUR)
        self.assertEqual(get(once, 'NextRunAt'), before)
        self.assertEqual(results(schedule_id), [])

    def test_request_of_a_clock_that_was_ahead(self):
        """It waits for no longer than one that is made now; one that was made before waits as long as it was to."""
        ahead, path = request('plan.Asks').body
        same_id, same = request('plan.Asks').body
        timeout = get(same, 'ExpiresAt') - get_all(same)['DateCreated']
        before = now() + 40 * DAY
        with database() as db:
            db.execute('UPDATE scheduled_job SET date_changed = ?, expires_at = ? WHERE id = ?',
                       (now() + 29 * DAY, now() + 29 * DAY + timeout, ahead))
            db.execute('UPDATE scheduled_job SET expires_at = ? WHERE id = ?', (before, same_id))
        cursor = journal_cursor()
        self.set_back()
        entry = journal_wait('MESSAGE_ID=' + CLOCK_SET_BACK, since=cursor)
        self.assertIn('1 requests for an approval expire earlier', entry['MESSAGE'])
        self.assertLessEqual(get(path, 'ExpiresAt'), now() + timeout)
        self.assertEqual((get(path, 'State'), get(same, 'ExpiresAt')), ('pending', before))
        for one in path, same:
            self.assertIsNone(call(one, SCHEDULE, 'Delete').error)

    def test_clock_set_back_over_what_has_run(self):
        """An hour that comes again has its job result already: the next one is the one after it."""
        schedule_id, path = schedule(interval='hourly')
        make_due(schedule_id, start_time=now() - DAY - HOUR // 2)   # no time of its own is near
        start()
        settle(schedule_id, lambda p: p['NextRunAt'] > now())
        again = get(path, 'NextRunAt')
        with database() as db:
            db.execute('UPDATE job_result SET nominal_time = ? WHERE scheduled_job_id = ?', (again, schedule_id))
            db.execute('UPDATE scheduled_job SET next_run_at = ? WHERE id = ?', (again + 30 * DAY, schedule_id))
        cursor = journal_cursor()
        self.set_back()
        journal_wait('MESSAGE_ID=' + CLOCK_SET_BACK, since=cursor)
        self.assertEqual(get(path, 'NextRunAt'), again + HOUR)

    def test_far_away(self):
        """Without a word of the clock its time stays, and nothing runs twice."""
        schedule_id, path = schedule()
        make_due(schedule_id, when=now() + 30 * DAY, last_run_at=now() + 29 * DAY)
        start()
        self.assertGreater(get(path, 'NextRunAt'), now() + 29 * DAY)
        call(path, SCHEDULE, 'SetEnabled', 'b', False)
        call(path, SCHEDULE, 'SetEnabled', 'b', True)
        self.assertLess(get(path, 'NextRunAt'), now() + 3 * DAY)
        self.assertEqual(results(schedule_id), [])


class TimeZones(JobdTestCase):
    """The rules of a time zone are others after an update of tzdata. (The file system of the test system is an overlay.)"""
    ZONES = '/usr/share/zoneinfo'

    @classmethod
    def setUpClass(cls):
        os.makedirs(f'{cls.ZONES}/Test')

    @classmethod
    def tearDownClass(cls):
        run(['rm', '-r', f'{cls.ZONES}/Test'])

    def update(self, **hours):
        """The zones Test/NAME are so many hours ahead of UTC from now on."""
        for name, n in hours.items():
            os.link(f'{self.ZONES}/Etc/GMT-{n}', f'{self.ZONES}/Test/new')
            os.rename(f'{self.ZONES}/Test/new', f'{self.ZONES}/Test/{name}')
        run(['sed', '-i', f'1s/.*/# version test{next(names)}/', f'{self.ZONES}/tzdata.zi'])

    def test_next_times(self):
        """While jobd is not there, and while it is: what is due at 03:30 is, by the clock that there is now."""
        self.update(Moving=3)
        day = (now() // DAY + 3) * DAY
        first = day + HOUR // 2     # 03:30, three hours ahead of UTC
        moving, fixed = (schedule(interval='custom', crontab='30 3 * * *', start_time=day - DAY // 2, time_zone=zone)[1]
                         for zone in ('Test/Moving', 'Etc/GMT-3'))
        once = schedule(interval='future', start_time=day, time_zone='Test/Moving')[1]
        self.assertEqual((get(moving, 'NextRunAt'), get(fixed, 'NextRunAt')), (first, first))
        for hours, is_there in ((2, False), (4, True), (3, False)):
            if not is_there:
                stop()
            cursor = journal_cursor()
            self.update(Moving=hours)
            schedule()              # jobd looks at what is due next
            journal_wait('_SYSTEMD_UNIT=jobd.service', since=cursor, contains='The time zones of this host have changed')
            self.assertEqual((get(moving, 'NextRunAt'), get(fixed, 'NextRunAt'), get(once, 'NextRunAt')),
                             (first + (3 - hours) * HOUR, first, day), hours)

    def due(self, zone, minutes):
        """One that is due each day at the minute which is in so many minutes, three hours ahead of UTC. Of root, about
        whom nobody is asked before it runs."""
        when = (now() // 60000000 + minutes) * 60000000
        minute = when // 60000000 + 180
        self.update(**{zone: 3})
        schedule_id, path = schedule(interval='custom', crontab=f'{minute % 60} {minute // 60 % 24} * * *', user='root',
                                     time_zone=f'Test/{zone}', data=json.dumps({'word': zone}))
        make_due(schedule_id, when, start_time=now() - 10 * DAY, date_changed=now() - 2 * DAY)
        return schedule_id, path, when

    def test_not_due_yet(self):
        """jobd is started when it was due by the rules of before: it is later by those of now."""
        schedule_id, path, when = self.due('Later', -2)
        self.update(Later=2)
        start()
        settle(schedule_id, lambda p: p['NextRunAt'] != when)
        self.assertEqual((get(path, 'NextRunAt'), get(path, 'State'), results(schedule_id)), (when + HOUR, 'active', []))

    def test_due_already(self):
        """It would be due in half an hour, and was half an hour ago by the rules of now: it is made up for, once."""
        schedule_id, path, when = self.due('Earlier', 30)
        self.update(Earlier=4)
        start()
        settle(schedule_id, lambda p: p['TotalRunCount'] == 1)
        [row] = ended(schedule_id)
        self.assertEqual((row['nominal_time'], row['status']), (when - HOUR, 'SUCCESS'))
        self.assertEqual(ran('Earlier'), [row['id']])
        self.assertEqual(get(path, 'NextRunAt'), when - HOUR + DAY)


class Errored(JobdTestCase):
    """What cannot run says why, once, and does not try for ever."""

    def fails(self, schedule_id, text):
        make_due(schedule_id)
        start()
        found = settle(schedule_id, lambda p: p['State'] != 'active')
        self.assertEqual((found['State'], found['NextRunAt'], found['TotalRunCount']), ('errored', 0, 0))
        self.assertIn(text, found['StateReason'])
        [row] = results(schedule_id)
        self.assertEqual((row['status'], row['reason'], row['message']),
                         ('FAILURE', 'not-runnable', found['StateReason']))
        self.assertTrue(journal(f'SCHEDULED_JOB_ID={schedule_id}', 'MESSAGE_ID=' + ERRORED))
        kill_jobd()
        start()
        self.assertEqual(len(results(schedule_id)), 1)
        return found

    def test_disabled(self):
        """Reference, row S10."""
        schedule_id, path = schedule('plan.Disabled')
        jobctl('disable', 'plan.Disabled')
        self.fails(schedule_id, 'Job plan.Disabled is not enabled to be run!')
        self.assertEqual(call(path, SCHEDULE, 'SetEnabled', 'b', True).error, ERROR + 'JobNotEnabled')
        jobctl('enable', 'plan.Disabled')
        self.assertIsNone(call(path, SCHEDULE, 'SetEnabled', 'b', True).error)
        self.assertEqual((get(path, 'State'), get(path, 'StateReason')), ('active', ''))

    def test_owner_is_gone(self):
        """Reference, rows S7 and S9."""
        run(['useradd', '--groups', 'jobd-run', 'leaver'])
        schedule_id, path = schedule(user='leaver', name='of a leaver')
        run(['userdel', 'leaver'])
        self.fails(schedule_id, "Scheduled job 'of a leaver' cannot run: the originating user has been removed.")
        self.assertIn(call(path, SCHEDULE, 'TakeOver', user='alice').error, DENIED)
        self.assertEqual(get(path, 'State'), 'errored')
        self.assertIsNone(call(path, SCHEDULE, 'TakeOver', user='carol').error)
        self.assertEqual((get(path, 'State'), get(path, 'Requester')), ('active', 'carol'))
        reply = call(path, SCHEDULE, 'TakeOver', user='carol')
        self.assertIn("You already own scheduled job 'of a leaver'.", reply.body[0])

    def test_owner_is_locked(self):
        """Reference, row S8."""
        run(['useradd', '--groups', 'jobd-run', 'sleeper'])
        run(['chpasswd'], input='sleeper:sleeper')
        locked, _ = schedule(user='sleeper')
        expired, _ = schedule(user='sleeper')
        run(['usermod', '--lock', 'sleeper'])
        self.fails(locked, "the account of user 'sleeper' is locked or has expired")
        run(['usermod', '--unlock', 'sleeper'])
        run(['chage', '--expiredate', '2020-01-01', 'sleeper'])
        self.fails(expired, "the account of user 'sleeper' is locked or has expired")

    def test_owner_may_no_longer(self):
        """Reference, row S8."""
        run(['useradd', '--groups', 'jobd-run', 'mover'])
        schedule_id, _ = schedule(user='mover')
        run(['usermod', '--groups', '', 'mover'])
        self.fails(schedule_id, "user 'mover' does not have permission to run job 'plan.Trace'")

    def test_input_no_longer_valid(self):
        schedule_id, _ = schedule('plan.Changed', data='{"number": 7}')
        install_job('plan.Changed',
                    '[Variable number]\nType=integer\nMaxValue=5\n[Service]\nUser=root\nExecStart=true\n')
        jobctl('refresh')
        self.fails(schedule_id, 'Ensure this value is less than or equal to 5')

    def test_uninstalled(self):
        """Reference, rows R12 and S10."""
        schedule_id, path = schedule('plan.Gone')
        paused, paused_path = schedule('plan.Gone')
        call(paused_path, SCHEDULE, 'SetEnabled', 'b', False)
        run(['rm', '/etc/jobd/jobs/plan/Gone.job'])
        jobctl('refresh')
        self.assertEqual((get(path, 'State'), get(paused_path, 'State')), ('errored', 'paused'))
        self.assertIn('no longer installed', get(path, 'StateReason'))
        self.assertEqual(results(schedule_id), [])
        install_job('plan.Gone', JOBS['plan.Gone'])
        jobctl('refresh')
        self.assertEqual(get(path, 'State'), 'errored')
        self.assertIsNone(call(path, SCHEDULE, 'SetEnabled', 'b', True).error)

    def test_deleted(self):
        """Reference, row R14."""
        schedule_id, path = schedule('plan.Deleted')
        jobctl('delete', 'plan.Deleted')
        found = get_all(path)
        self.assertEqual((found['State'], found['Job']), ('errored', '/'))
        self.assertIn('was deleted', found['StateReason'])
        self.assertEqual(call(path, SCHEDULE, 'SetEnabled', 'b', True).error, ERROR + 'WrongState')


class PutOff(JobdTestCase):
    def assertTimerLeftAlone(self, cursor):
        """Its time is past. PID 1 is asked for the timer now and then, not without a pause."""
        again = cursor
        for _ in range(2):
            again = journal_wait('_SYSTEMD_UNIT=jobd.service', since=again,
                                 contains='polkit does not answer; trying again')['__CURSOR']
        for unit in 'jobd-wake.timer', 'jobd-wake-next.timer':
            self.assertLess(len(journal('_PID=1', f'UNIT={unit}', since=cursor)), 20, unit)

    def test_without_polkit(self):
        """Nobody can say whether the owner may: it is tried again, and neither forgotten nor failed."""
        schedule_id, path = schedule(data='{"word": "patient"}')
        stop()
        run(['systemctl', 'mask', '--runtime', 'polkit.service'])
        try:
            run(['systemctl', 'stop', 'polkit.service'])
            make_due(schedule_id)
            cursor = journal_cursor()
            start()
            journal_wait('_SYSTEMD_UNIT=jobd.service', since=cursor, contains='polkit does not answer; trying again')
            self.assertEqual((get(path, 'State'), results(schedule_id)), ('active', []))
            self.assertTimerLeftAlone(cursor)
        finally:
            run(['systemctl', 'unmask', '--runtime', 'polkit.service'])
        run(['systemctl', 'start', 'polkit.service'])
        settle(schedule_id, lambda p: p['TotalRunCount'] == 1)
        [row] = ended(schedule_id)
        self.assertEqual(ran('patient'), [row['id']])


class Once(JobdTestCase):
    """Whenever jobd is killed, one time of one scheduled job is one run."""

    def test_result_is_stored_and_schedule_is_not(self):
        """Not one transaction, as it were: the job result of the occurrence is there already."""
        schedule_id, path = schedule(data='{"word": "half"}')
        due = now() - 10**6
        make_due(schedule_id, when=due)
        start()
        settle(schedule_id, lambda p: p['NextRunAt'] > now())
        [row] = ended(schedule_id)
        make_due(schedule_id, when=due)
        start()
        settle(schedule_id, lambda p: p['NextRunAt'] > now())
        self.assertEqual([one['id'] for one in ended(schedule_id)], [row['id']])
        self.assertEqual(ran('half'), [row['id']])

    def test_killed_at_any_moment(self):
        ids = [schedule(data='{"word": "any"}')[0] for _ in range(20)]
        with database() as db:
            db.executemany('UPDATE scheduled_job SET next_run_at = ? WHERE id = ?', [(now() - 10**6, i) for i in ids])
        for delay in range(12):
            run(['systemctl', 'reset-failed', 'jobd.service'], check=False)
            run(['systemctl', 'start', '--no-block', 'jobd.service'])
            deadline = time.monotonic() + 0.02 * delay
            while time.monotonic() < deadline:
                pass
            kill_jobd()
        start()
        for schedule_id in ids:
            settle(schedule_id, lambda p: p['NextRunAt'] > now())
        rows = [row for schedule_id in ids for row in ended(schedule_id)]
        self.assertEqual({row['status'] for row in rows}, {'SUCCESS'})
        self.assertEqual(sorted(ran('any')), sorted(row['id'] for row in rows))


class Change(JobdTestCase):
    def test_pause_and_resume(self):
        """Reference, row S11: beyond it."""
        schedule_id, path = schedule()
        next_run = get(path, 'NextRunAt')
        self.assertIsNone(call(path, SCHEDULE, 'SetEnabled', 'b', False, user='alice').error)
        make_due(schedule_id)       # it is not looked at
        start()
        self.assertEqual((get(path, 'State'), results(schedule_id)), ('paused', []))
        self.assertIsNone(call(path, SCHEDULE, 'SetEnabled', 'b', True, user='alice').error)
        self.assertEqual((get(path, 'State'), get(path, 'NextRunAt')), ('active', next_run))
        self.assertIsNone(call(path, SCHEDULE, 'SetEnabled', 'b', True).error)

    def test_update(self):
        """Reference, row S11: beyond it."""
        schedule_id, path = schedule(data='{"word": "old"}')
        update = {'name': ('s', f'renamed {next(names)}'), 'interval': ('s', 'custom'), 'crontab': ('s', '5 4 * * *'),
                  'time_zone': ('s', 'Asia/Tokyo'), 'missed': ('s', 'none'), 'data': ('s', '{"word": "new"}')}
        reply = call(path, SCHEDULE, 'Update', 'a{sv}', update, user='alice')
        self.assertIsNone(reply.error, reply)
        found = get_all(path)
        self.assertEqual((found['Interval'], found['Crontab'], found['TimeZone'], found['Missed'], found['Data']),
                         ('custom', '5 4 * * *', 'Asia/Tokyo', 'none', '{"word":"new"}'))
        self.assertEqual(found['NextRunAt'] // 10**6 % 86400, (4 * 3600 + 300 - 9 * 3600) % 86400)

    def test_update_is_all_or_nothing(self):
        schedule_id, path = schedule(data='{"word": "old"}')
        before = get_all(path)
        for update, error in (({'name': ('s', 'x'), 'data': ('s', '{"nonsense": 1}')}, 'InvalidData'),
                              ({'missed': ('s', 'all'), 'crontab': ('s', '* * * * *')}, 'InvalidSchedule'),
                              ({'start_time': ('t', 1)}, 'InvalidSchedule'),
                              ({'state': ('s', 'active')}, 'InvalidOption'),
                              ({'task_queue': ('s', 'none')}, 'InvalidQueue'),
                              ({'interval': ('s', 'immediately')}, 'InvalidSchedule')):
            self.assertEqual(call(path, SCHEDULE, 'Update', 'a{sv}', update).error, ERROR + error, update)
        self.assertEqual(get_all(path), before)

    def test_run_now(self):
        schedule_id, path = schedule(data='{"word": "now"}')
        before = get_all(path)
        reply = call(path, SCHEDULE, 'RunNow', 'a{sv}', {}, user='alice')
        self.assertIsNone(reply.error, reply)
        jobctl('logs', '-f', reply.body[0])
        self.assertEqual(ran('now'), [reply.body[0]])
        self.assertEqual(get(reply.body[1], 'ScheduledJob', RESULT), path)
        self.assertEqual(get_all(path)['NextRunAt'], before['NextRunAt'])

    def test_cancel(self):
        schedule_id, path = schedule()
        self.assertIsNone(call(path, SCHEDULE, 'Cancel', 'a{sv}', {}, user='alice').error)
        found = get_all(path)
        self.assertEqual((found['State'], found['StateReason'], found['NextRunAt']),
                         ('canceled', 'canceled by alice', 0))
        for method, arguments in (('Cancel', ('a{sv}', {})), ('SetEnabled', ('b', True)), ('TakeOver', ()),
                                  ('RunNow', ('a{sv}', {})), ('Update', ('a{sv}', {'missed': ('s', 'all')}))):
            self.assertEqual(call(path, SCHEDULE, method, *arguments).error, ERROR + 'WrongState')

    def test_delete_keeps_the_results(self):
        schedule_id, path = schedule(data='{"word": "kept"}')
        make_due(schedule_id)
        start()
        settle(schedule_id, lambda p: p['NextRunAt'] > now())
        [row] = ended(schedule_id)
        self.assertIsNone(call(path, SCHEDULE, 'Delete', user='alice').error)
        self.assertEqual(get('/org/jobd1/result/' + row['id'].replace('-', ''), 'ScheduledJob', RESULT), '/')
        self.assertEqual(call('/org/jobd1', MANAGER, 'GetScheduledJob', 's', schedule_id).error,
                         ERROR + 'NoSuchScheduledJob')

    def test_journal(self):
        schedule_id, path = schedule(name='watched')
        call(path, SCHEDULE, 'SetEnabled', 'b', False, user='carol')
        call(path, SCHEDULE, 'SetEnabled', 'b', True, user='carol')
        call(path, SCHEDULE, 'Update', 'a{sv}', {'missed': ('s', 'all')}, user='carol')
        call(path, SCHEDULE, 'TakeOver', user='carol')
        call(path, SCHEDULE, 'Cancel', 'a{sv}', {}, user='carol')
        call(path, SCHEDULE, 'Delete', user='carol')
        entries = journal(f'SCHEDULED_JOB_ID={schedule_id}')
        self.assertEqual([(e['JOB_CALLER'], e['MESSAGE'].split(' scheduled job')[0]) for e in entries],
                         [('alice', "alice"), ('carol', 'carol paused'), ('carol', 'carol resumed'),
                          ('carol', 'carol changed'), ('carol', 'carol took over'), ('carol', 'carol canceled'),
                          ('carol', 'carol deleted')])
        self.assertTrue(all('MESSAGE_ID' in e and e['JOB_CLASS_PATH'] == 'plan.Trace' for e in entries))


class Sealed(JobdTestCase):
    """Sensitive input is kept sealed, bound to the scheduled job, and nowhere else."""
    SECRET = 'hush-now-42'

    @classmethod
    def setUpClass(cls):
        run(['systemd-creds', 'setup'])

    @classmethod
    def tearDownClass(cls):
        run(['rm', '/var/lib/systemd/credential.secret'])

    def assertNotStored(self):
        run(['systemctl', 'stop', 'jobd.service'])
        found = run(['grep', '--recursive', '--binary-files=text', '--files-with-matches', self.SECRET,
                     '/var/lib/jobd'], check=False).stdout
        self.assertEqual(found, '')
        count = run(f'journalctl --sync; journalctl --all | grep -c {self.SECRET}', check=False).stdout
        self.assertEqual(count.strip(), '0')

    def sealed(self, job='plan.Hush', **options):
        return schedule(job, data=json.dumps({'word': self.SECRET, 'plain': 'open'}), **options)

    def settle_and_run(self, schedule_id):
        make_due(schedule_id)
        start()
        settle(schedule_id, lambda p: p['NextRunAt'] > now() or p['State'] != 'active')
        return ended(schedule_id)

    def test_variable(self):
        schedule_id, path = self.sealed()
        found = get_all(path)
        self.assertEqual((found['Sealed'], found['Data']), (True, '{"plain":"open"}'))
        [row] = self.settle_and_run(schedule_id)
        self.assertEqual((row['status'], row['data']), ('SUCCESS', '{"plain":"open"}'))
        with open('/run/hushed', encoding='utf-8') as file:
            self.assertEqual(json.load(file), {'word': self.SECRET, 'plain': 'open'})
        run(['rm', '/run/hushed'])
        self.assertNotStored()

    def test_whole_job(self):
        schedule_id, path = self.sealed('plan.HushAll')
        found = get_all(path)
        self.assertEqual((found['Sealed'], found['Data']), (True, ''))
        [row] = self.settle_and_run(schedule_id)
        self.assertEqual((row['status'], row['data']), ('SUCCESS', None))
        with open('/run/hushed', encoding='utf-8') as file:
            self.assertEqual(json.load(file), {'word': self.SECRET, 'plain': 'open'})
        run(['rm', '/run/hushed'])
        self.assertNotStored()

    def test_bound_to_its_scheduled_job(self):
        """What is sealed for one cannot be unsealed for another."""
        one, two = self.sealed()[0], self.sealed()[0]
        with database() as db:
            db.execute('UPDATE scheduled_job SET sealed = (SELECT sealed FROM scheduled_job WHERE id = ?),'
                       ' next_run_at = ? WHERE id = ?', (one, now() - 10**6, two))
        start()
        found = settle(two, lambda p: p['State'] != 'active')
        self.assertEqual(found['State'], 'errored')
        self.assertIn('its sensitive input cannot be unsealed (it is damaged, or the key of this host is another one', found['StateReason'])
        self.assertEqual([row['status'] for row in results(two)], ['FAILURE'])

    def test_run_now(self):
        schedule_id, path = self.sealed()
        self.assertEqual(call(path, SCHEDULE, 'RunNow', 'a{sv}', {}, user='carol').error,
                         'org.freedesktop.DBus.Error.AccessDenied')
        reply = call(path, SCHEDULE, 'RunNow', 'a{sv}', {}, user='alice')
        self.assertIsNone(reply.error, reply)
        jobctl('logs', '-f', reply.body[0])
        with open('/run/hushed', encoding='utf-8') as file:
            self.assertEqual(json.load(file)['word'], self.SECRET)
        run(['rm', '/run/hushed'])
        self.assertNotStored()

    def test_killed_while_it_waits(self):
        """What other sensitive input does not survive: it is unsealed once more."""
        queue = call('/org/jobd1', MANAGER, 'GetJobQueue', 's', 'default').body[0]

        def enable(enabled):
            self.assertIsNone(call(queue, 'org.jobd1.JobQueue', 'Set', 'a{sv}', {'enabled': ('b', enabled)}).error)
        schedule_id, path = self.sealed()
        enable(False)
        try:
            make_due(schedule_id)
            start()
            settle(schedule_id, lambda p: p['NextRunAt'] > now())
            [row] = results(schedule_id)
            self.assertEqual(row['status'], 'PENDING')
            kill_jobd()
            self.assertEqual(get('/org/jobd1/result/' + row['id'].replace('-', ''), 'Status', RESULT), 'PENDING')
        finally:
            enable(True)
        self.assertEqual(ended(schedule_id)[0]['status'], 'SUCCESS')
        with open('/run/hushed', encoding='utf-8') as file:
            self.assertEqual(json.load(file), {'word': self.SECRET, 'plain': 'open'})
        run(['rm', '/run/hushed'])
        self.assertNotStored()

    def assertGot(self, schedule_id, **values):
        run(['rm', '-f', '/run/hushed'])
        make_due(schedule_id)
        start()
        settle(schedule_id, lambda p: p['NextRunAt'] > now() or p['State'] != 'active')
        self.assertEqual(ended(schedule_id, len(results(schedule_id)))[-1]['status'], 'SUCCESS')
        with open('/run/hushed', encoding='utf-8') as file:
            self.assertEqual(json.load(file), values)
        run(['rm', '/run/hushed'])

    def update(self, path, user='alice', **values):
        return call(path, SCHEDULE, 'Update', 'a{sv}', {'data': ('s', json.dumps(values))}, user=user)

    def test_replaced(self):
        """A password is another one: the scheduled job goes on with it, and with its counts."""
        for job, data in ('plan.Hush', '{"plain":"still"}'), ('plan.HushAll', ''):
            schedule_id, path = self.sealed(job)
            self.assertGot(schedule_id, word=self.SECRET, plain='open')
            for user in 'alice', 'carol', 'root':
                secret, cursor = f'{self.SECRET} of {user}', journal_cursor()
                reply = self.update(path, user, word=secret, plain='still')
                self.assertIsNone(reply.error, reply)
                [entry] = journal('MESSAGE_ID=ea39793287504740be70c61fb6525b06', since=cursor)
                self.assertEqual(entry['MESSAGE'],
                                 f"{user} changed the sensitive input of scheduled job '{get(path, 'Name')}'")
                before = get_all(path)
                self.assertEqual((before['Sealed'], before['Data'], before['State']), (True, data, 'active'))
                self.assertGot(schedule_id, word=secret, plain='still')
                self.assertEqual(get(path, 'TotalRunCount'), before['TotalRunCount'] + 1)
        self.assertNotStored()

    def test_replaced_as_a_whole(self):
        """Who may change it does not have what they give run with what somebody else has sealed."""
        schedule_id, path = self.sealed()
        for user in 'carol', 'alice':
            reply = self.update(path, user, plain='mine')
            self.assertEqual(reply.error, ERROR + 'InvalidData')
            self.assertEqual(json.loads(reply.body[0]), {'word': ['This field is required.']})
        self.assertGot(schedule_id, word=self.SECRET, plain='open')

        schedule_id, path = self.sealed('plan.Maybe')
        self.assertIsNone(self.update(path, 'carol', plain='mine').error)
        self.assertGot(schedule_id, word=None, plain='mine')
        self.assertIsNone(self.update(path, word=self.SECRET, plain='open').error)
        self.assertTrue(get(path, 'Sealed'))
        self.assertGot(schedule_id, word=self.SECRET, plain='open')
        self.assertNotStored()

    def test_replaced_with_the_rest(self):
        """All of it, or nothing."""
        schedule_id, path = self.sealed()
        data = {'data': ('s', json.dumps({'word': self.SECRET + ' new', 'plain': 'new'}))}
        for bad in {'interval': ('s', 'nope')}, {'task_queue': ('s', 'none-such')}:
            self.assertTrue(call(path, SCHEDULE, 'Update', 'a{sv}', {**data, **bad}, user='alice').error)
        run(['mv', '/var/lib/systemd/credential.secret', '/run/the-key'])
        try:
            reply = call(path, SCHEDULE, 'Update', 'a{sv}', {**data, 'missed': ('s', 'all')}, user='alice')
        finally:
            run(['mv', '/run/the-key', '/var/lib/systemd/credential.secret'])
        self.assertEqual(reply.error, ERROR + 'SensitiveConflict')
        self.assertIn('run "systemd-creds setup" as root', reply.body[0])
        self.assertEqual((get(path, 'Missed'), get(path, 'Data')), ('last', '{"plain":"open"}'))
        reply = call(path, SCHEDULE, 'Update', 'a{sv}', {**data, 'missed': ('s', 'all'), 'name': ('s', 'replaced')},
                     user='alice')
        self.assertIsNone(reply.error, reply)
        self.assertEqual((get(path, 'Missed'), get(path, 'Name')), ('all', 'replaced'))
        self.assertGot(schedule_id, word=self.SECRET + ' new', plain='new')

    def test_lost_and_given_anew(self):
        """The host has another key: what was sealed is gone, and is typed again."""
        schedule_id, path = self.sealed()
        run('rm /var/lib/systemd/credential.secret; systemd-creds setup')
        make_due(schedule_id)
        start()
        found = settle(schedule_id, lambda p: p['State'] == 'errored')
        self.assertIn('give it a new input by "jobctl schedule update" and resume it', found['StateReason'])
        self.assertIsNone(self.update(path, word=self.SECRET, plain='anew').error)
        reply = call(path, SCHEDULE, 'SetEnabled', 'b', True, user='alice')
        self.assertIsNone(reply.error, reply)
        self.assertGot(schedule_id, word=self.SECRET, plain='anew')

    def test_replaced_by_jobctl(self):
        """One value is another: what is not sensitive stays, what is is typed again, and not shown."""
        schedule_id, path = schedule('plan.Typed', data=json.dumps({'password': self.SECRET, 'plain': 'open'}))
        update = ['jobctl', 'schedule', 'update', schedule_id]
        self.assertFails([*update, '--var=plain=other'], 'the values of password are not shown, so they cannot stay',
                         status=4, user='alice')
        status, shown = dialogue([*update, '--var=plain=other'], ('password', f'{self.SECRET} typed\n'), user='alice')
        self.assertEqual((status, self.SECRET in shown), (0, False), shown)
        self.assertGot(schedule_id, password=f'{self.SECRET} typed', plain='other')
        status, shown = dialogue([*update, '--data={}'], ('password', f'{self.SECRET} again\n'), ('plain', 'both\n'),
                                 user='alice')
        self.assertEqual((status, self.SECRET in shown), (0, False), shown)
        self.assertGot(schedule_id, password=f'{self.SECRET} again', plain='both')
        jobctl(*update[1:], '--data=-', user='alice', input=json.dumps({'password': self.SECRET, 'plain': 'piped'}))
        self.assertGot(schedule_id, password=self.SECRET, plain='piped')
        self.assertNotStored()

    def test_update_of_the_rest(self):
        schedule_id, path = self.sealed()
        self.assertIsNone(call(path, SCHEDULE, 'Update', 'a{sv}', {'task_queue': ('s', 'default')}).error)
        self.assertTrue(get(path, 'Sealed'))


class Permissions(JobdTestCase):
    METHODS = (('SetEnabled', ('b', False)), ('Update', ('a{sv}', {'missed': ('s', 'all')})),
               ('RunNow', ('a{sv}', {})), ('TakeOver', ()), ('Cancel', ('a{sv}', {})), ('Delete', ()))

    def test_others_see_nothing(self):
        schedule_id, path = schedule(name='private')
        nowhere = '/org/jobd1/schedule/' + '0' * 32
        for user in 'dave',:
            for method, arguments in self.METHODS:
                reply, missing = (call(one, SCHEDULE, method, *arguments, user=user) for one in (path, nowhere))
                self.assertEqual(reply.error, missing.error)
                self.assertEqual(reply.body[0].replace(path, nowhere), missing.body[0])
            self.assertIn(get(path, 'Name', user=user).error, DENIED)
            reply, missing = (call('/org/jobd1', MANAGER, 'GetScheduledJob', 's', one, user=user)
                              for one in ('private', 'nothing'))
            self.assertEqual((reply.error, reply.body[0].replace('private', 'nothing')),
                             (missing.error, missing.body[0]))
        self.assertEqual(get(path, 'State'), 'active')

    def test_run_now_needs_both(self):
        """Who may run the job may not look at the input of others by running it."""
        schedule_id, path = schedule(data='{"word": "mine"}')
        run(['useradd', '--groups', 'jobd-run', 'runner'])
        self.assertIn(call(path, SCHEDULE, 'RunNow', 'a{sv}', {}, user='runner').error, DENIED)
        self.assertIn(call(path, SCHEDULE, 'RunNow', 'a{sv}', {}, user='bob').error, DENIED)
        self.assertIsNone(call(path, SCHEDULE, 'RunNow', 'a{sv}', {}, user='alice').error)
        self.assertEqual(len(ended(schedule_id)), 1)

    def test_take_over_needs_both(self):
        """bob may view; taking over takes change-scheduledjob and run-job. (Reference, row S9.)"""
        schedule_id, path = schedule()
        self.assertEqual(get(path, 'State', user='bob'), 'active')
        self.assertIn(call(path, SCHEDULE, 'TakeOver', user='bob').error, DENIED)
        with polkit_rules('''
                polkit.addRule(function(action, subject) {
                    if (subject.user == "bob" && action.id == "org.jobd1.change-scheduledjob")
                        return polkit.Result.YES;
                });'''):
            reply = call(path, SCHEDULE, 'TakeOver', user='bob')
        self.assertIn(reply.error, DENIED)
        self.assertIn('You do not have permission to run this job: ', reply.body[0])
        self.assertIn('ask an administrator for the polkit action org.jobd1.run-job ', reply.body[0])
        self.assertEqual(get(path, 'Requester'), 'alice')

    def test_lists(self):
        mine = schedule(name='of alice')[1]
        other = schedule(user='carol', name='of carol')[1]

        def listed(user, **options):
            types = {str: 's', int: 'u', bool: 'b', list: 'as'}
            reply = call('/org/jobd1', MANAGER, 'ListScheduledJobs', 'a{sv}',
                         {name: (types[type(value)], value) for name, value in {'limit': 1000, **options}.items()},
                         user=user)
            self.assertIsNone(reply.error, reply)
            return [path for path, _ in reply.body[0]]
        self.assertIn(mine, listed('alice'))
        self.assertNotIn(other, listed('alice'))
        self.assertTrue({mine, other} <= set(listed('bob')))
        self.assertEqual(listed('carol', q='of CAROL'), [other])
        self.assertEqual(listed('root', requester='alice', state='active', q='of alice', job='plan.Trace'), [mine])
        self.assertEqual(listed('root', states=['paused', 'denied'], q='of alice'), [])
        newest = listed('root')
        self.assertEqual(newest[:2], [other, mine])
        self.assertEqual(listed('root', before=get(other, 'Id'))[0], mine)
        self.assertEqual(call('/org/jobd1', MANAGER, 'ListScheduledJobs', 'a{sv}', {'state': ('s', 'odd')}).error,
                         ERROR + 'InvalidOption')

    def test_results_of_a_deleted_job(self):
        """By its class_path, and by its name at the time."""
        install_job('plan.Fleeting', '[Job]\nName=Soon gone\n[Service]\nUser=root\nExecStart=true\n')
        jobctl('refresh')
        jobctl('enable', 'plan.Fleeting')
        [made] = [jobctl_json('run', 'plan.Fleeting', user='alice')['id']]
        run(['rm', '/etc/jobd/jobs/plan/Fleeting.job'])
        jobctl('refresh')
        jobctl('delete', '-y', 'plan.Fleeting')
        for job in 'plan.Fleeting', 'Soon gone':
            self.assertEqual([r['id'] for r in jobctl_json('results', '--job', job, user='alice')], [made])


if __name__ == '__main__':
    unittest.main()
