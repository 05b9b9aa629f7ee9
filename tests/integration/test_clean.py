# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Clean-up: what goes and what stays, for whom, and that neither a million of results nor a kill does any harm."""
import contextlib
import glob
import json
import os
import sqlite3
import time
import unittest
import uuid

from classes import GATE, open_gate, start_run, wait_end, wait_started, write
from harness import (TIMEOUT, JobdTestCase, Signals, install_job, jobctl, jobctl_json, journal, journal_cursor,
                     journal_wait, kill_jobd, run, start)
from raw_bus import RawBus

MANAGER = '/org/jobd1', 'org.jobd1.Manager'
STORE, OUTPUTS = '/var/lib/jobd/jobd.db', '/var/lib/jobd/outputs'
CLEANED = '36b4ed3ed2a5438fb5af9c6d59b94a0f'
DENIED = '59a068bf972f45e28d734d07c3c54376'
CONF = '/etc/jobd/jobd.conf.d/50-test.conf'
DAY = 86400 * 10 ** 6
QUICK = '[Service]\nExecStart=true\n'
OUTPUT = '[Service]\nExecStart=sh -c "echo contents > /tmp/file; jobd-job output /tmp/file"\n'
MANY = 20000


def setUpModule():
    install_job('clean.Gate', GATE)
    install_job('clean.Later', '[Job]\nRetry=1\nRetryDelay=1h\n[Service]\nExecStart=false\n')
    install_job('clean.Output', OUTPUT)
    for name in 'Quick', 'Other', 'Gone', 'Many':
        install_job(f'clean.{name}', QUICK)
    install_job('clean.Days', '[Job]\nResultMaxAge=10d\n' + QUICK)
    install_job('clean.Forever', '[Job]\nResultMaxAge=infinity\nResultMaxCount=0\n' + QUICK)
    install_job('clean.Two', '[Job]\nResultMaxCount=2\n' + QUICK)
    jobctl('refresh')
    jobctl('enable', *(f'clean.{name}' for name in ('Gate', 'Later', 'Output', 'Quick', 'Other', 'Gone', 'Many', 'Days',
                                                    'Forever', 'Two')))


def seed(job, *ages, count=1):
    """Puts results of that age (days since they ended) into the store, the oldest first. Returns their ids."""
    template = jobctl_json('run', 'clean.Quick')['id']
    target = jobctl_json('show', job)
    ids = []
    run('systemctl stop jobd.service')
    with sqlite3.connect(STORE) as store:
        columns = [row[1] for row in store.execute('PRAGMA table_info(job_result)')
                   if row[1] not in ('seq', 'id', 'job_id', 'class_path', 'date_created', 'date_done')]
        names = ', '.join(columns)
        for age in sorted(ages, reverse=True):
            when = time.time_ns() // 1000 - int(age * DAY)
            for _ in range(count):
                ids.append(str(uuid.uuid4()))
                store.execute(f'INSERT INTO job_result (id, job_id, class_path, date_created, date_done, {names})'
                              f' SELECT ?, ?, ?, ?, ?, {names} FROM job_result WHERE id = ?',
                              (ids[-1], target['id'], job, when - 1000, when, template))
        store.execute('DELETE FROM job_result WHERE id = ?', (template,))
    store.close()
    return ids


def results(job):
    return [result['id'] for result in reversed(jobctl_json('results', f'--job={job}', '-n', '1000'))]


def delete_all():
    jobctl('clean', '--max-age=0')


def clean(*arguments, user=None):
    return jobctl_json('clean', *arguments, user=user)['job_results']


class Clean(JobdTestCase):
    def setUp(self):
        self.addCleanup(delete_all)

    def configure(self, text):
        write(CONF, '[Jobd]\n' + text)
        self.addCleanup(run, 'systemctl restart jobd.service')
        self.addCleanup(os.unlink, CONF)
        run('systemctl restart jobd.service')


class WhatGoes(Clean):
    def test_by_age(self):
        old = seed('clean.Quick', 40, 31, 29, 1)
        self.assertEqual(clean('--max-age=30d', '--dry-run'), 2)
        self.assertEqual(results('clean.Quick'), old)
        cursor = journal_cursor()
        self.assertEqual(clean('--max-age=30d'), 2)
        self.assertEqual(results('clean.Quick'), old[2:])
        entry = journal_wait(f'MESSAGE_ID={CLEANED}', since=cursor)
        self.assertEqual((entry['MESSAGE'], entry['JOB_CALLER']),
                         ('root cleaned up: 2 job results, 0 output files and 0 scheduled jobs were deleted', 'root'))
        self.assertEqual(clean('--max-age=30d'), 0)
        self.assertEqual(jobctl('clean', '--max-age=0').stdout, 'Deleted 2 job results with 0 output files, and 0 scheduled jobs.\n')

    def test_by_count_of_each_job(self):
        some, others = seed('clean.Quick', 5, 4, 3, 2, 1), seed('clean.Other', 2, 1)
        self.assertEqual(jobctl('clean', '--max-count=2', '--dry-run').stdout,
                         'Would delete 3 job results with 0 output files, and 0 scheduled jobs.\n')
        self.assertEqual(clean('--max-count=2'), 3)
        self.assertEqual(results('clean.Quick'), some[3:])
        self.assertEqual(results('clean.Other'), others)
        self.assertEqual(clean('--max-count=1', '--job=clean.Other'), 1)
        self.assertEqual(results('clean.Quick'), some[3:])
        self.assertEqual(results('clean.Other'), others[1:])

    def test_both(self):
        some = seed('clean.Quick', 50, 40, 3, 2, 1)
        self.assertEqual(clean('--max-count=3', '--max-age=45d'), 2)
        self.assertEqual(results('clean.Quick'), some[2:])

    def test_never_what_has_not_ended(self):
        run_id = start_run('clean.Gate')
        wait_started(run_id)
        seed('clean.Gate', 300)
        self.assertEqual(clean('--max-age=0', '--max-count=1'), 1)
        self.assertOutcome(run_id, 'STARTED')
        open_gate(run_id)
        wait_end(run_id)
        self.assertEqual(clean('--max-age=0'), 1)

    def test_never_what_is_tried_again(self):
        first = start_run('clean.Later')
        wait_end(first)
        second = jobctl_json('result', first)['retried_by']
        self.assertEqual(clean('--max-age=0'), 0)
        self.assertEqual(clean('--max-age=0', '--dry-run'), 0)
        jobctl('cancel', second)
        self.assertEqual(clean('--max-age=0'), 2)

    def test_of_deleted_jobs_by_age_only(self):
        old = seed('clean.Gone', 40, 30, 1)
        jobctl('delete', 'clean.Gone')
        jobctl('refresh')
        jobctl('enable', 'clean.Gone')
        self.assertEqual(clean('--max-count=1'), 0)
        self.assertEqual(clean('--max-age=20d'), 2)
        self.assertEqual(jobctl_json('result', old[2])['job_model'], None)

    def test_scheduled_jobs_that_are_over(self):
        """As old as the results may get since they are over; never while a run of it has not ended."""
        def make(name, age, cancel=True):
            made = jobctl_json('run', f'--name={name}', '--at=2031-01-01', 'clean.Other')['id']
            if cancel:
                jobctl('schedule', 'cancel', '-q', made)
            ages[made] = age
            self.addCleanup(jobctl, 'schedule', 'delete', '-q', made, check=False)
            return made
        ages = {}
        old, new, waits = make('old', 40), make('new', 20), make('waits', 40, cancel=False)
        run('systemctl stop jobd.service')
        with sqlite3.connect(STORE) as store:
            for each, age in ages.items():
                store.execute('UPDATE scheduled_job SET date_changed = ? WHERE id = ?',
                              (time.time_ns() // 1000 - age * DAY, each))
        store.close()
        self.assertEqual(jobctl_json('clean', '--max-count=1')['scheduled_jobs'], 0)
        self.assertEqual(jobctl_json('clean', '--max-age=30d', '--dry-run')['scheduled_jobs'], 1)
        self.assertEqual(jobctl_json('clean', '--max-age=30d', '--job=clean.Quick')['scheduled_jobs'], 0)
        signals = Signals("type='signal',interface='org.jobd1.Manager',member='ScheduledJobRemoved'")
        self.assertEqual(jobctl('clean', '--max-age=30d').stdout,
                         'Deleted 0 job results with 0 output files, and 1 scheduled job.\n')
        self.assertEqual(signals.wait()['payload']['data'], ['/org/jobd1/schedule/' + old.replace('-', '')])
        self.assertEqual({each['id'] for each in jobctl_json('schedules', '--all', '--job=clean.Other')}, {new, waits})
        self.assertEqual(jobctl_json('clean', '--max-age=0')['scheduled_jobs'], 1)
        self.assertEqual([each['id'] for each in jobctl_json('schedules', '--all', '--job=clean.Other')], [waits])

    def test_scheduled_job_of_a_run_that_has_not_ended(self):
        jobctl('set', 'clean.Gate', 'approval_required=yes')
        self.addCleanup(jobctl, 'revert', 'clean.Gate', 'approval_required')
        request = jobctl_json('run', 'clean.Gate', user='alice')['id']
        signals = Signals("type='signal',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged'")
        jobctl('approve', '-q', request, user='bob')
        while not (run_id := jobctl_json('schedule', 'show', request)[0]['last_result']):
            signals.wait()
        wait_started(run_id)
        self.assertEqual(jobctl_json('schedule', 'show', request)[0]['state'], 'completed')
        self.assertEqual(jobctl_json('clean', '--max-age=0')['scheduled_jobs'], 0)
        open_gate(run_id)
        wait_end(run_id)
        self.assertEqual(jobctl_json('clean', '--max-age=0')['scheduled_jobs'], 1)

    def test_output_files_go_too(self):
        result_id = jobctl_json('run', 'clean.Output')['id']
        self.assertTrue(os.path.isdir(f'{OUTPUTS}/{result_id}'))
        seed('clean.Quick', 10, 9)
        self.assertEqual(jobctl_json('clean', '--max-age=0', '--dry-run'), {'job_results': 3, 'output_files': 1, 'scheduled_jobs': 0})
        self.assertTrue(os.path.isdir(f'{OUTPUTS}/{result_id}'))
        self.assertEqual(jobctl_json('clean', '--max-age=0'), {'job_results': 3, 'output_files': 1, 'scheduled_jobs': 0})
        jobctl('list')
        deadline = time.monotonic() + TIMEOUT
        while os.path.isdir(f'{OUTPUTS}/{result_id}') and time.monotonic() < deadline:
            jobctl('list')      # they go when there is nothing else to do
        self.assertFalse(os.path.isdir(f'{OUTPUTS}/{result_id}'))

    def test_signals(self):
        ids = seed('clean.Quick', 3, 2)
        signals = Signals("type='signal',interface='org.jobd1.Manager',member='JobResultRemoved'")
        clean('--max-age=0')
        paths = {signals.wait()['payload']['data'][0]}
        self.assertLessEqual(paths, {'/org/jobd1/result/' + i.replace('-', '') for i in ids})

    @staticmethod
    def permit():
        with contextlib.closing(sqlite3.connect(STORE, isolation_level=None)) as store:
            store.execute('DROP TRIGGER refused')

    def test_one_cannot_be_deleted(self):
        """What was deleted before it is told of."""
        ids = seed('clean.Quick', 4, 3, 2, 1)
        with contextlib.closing(sqlite3.connect(STORE, isolation_level=None)) as store:
            store.execute(f"CREATE TRIGGER refused BEFORE DELETE ON job_result WHEN OLD.id = '{ids[2]}'"
                          " BEGIN SELECT RAISE(ABORT, 'refused'); END")
        self.addCleanup(self.permit)
        cursor = journal_cursor()
        signals = Signals("type='signal',interface='org.jobd1.Manager',member='JobResultRemoved'")
        self.assertFails(['jobctl', 'clean', '--max-age=0'], 'what was deleted until now is gone', 'refused', status=4)
        self.assertEqual(results('clean.Quick'), ids[2:])
        self.assertIn('root cleaned up: 2 job results,',
                      journal_wait(f'MESSAGE_ID={CLEANED}', since=cursor)['MESSAGE'])
        self.assertEqual(signals.wait()['payload']['data'], ['/org/jobd1/result/' + ids[0].replace('-', '')])


class Settings(Clean):
    def test_nothing_is_set(self):
        ids = seed('clean.Quick', 4000)
        self.assertEqual(clean(), 0)
        self.assertEqual(results('clean.Quick'), ids)

    def test_of_the_host_and_of_the_class(self):
        quick, days = seed('clean.Quick', 90, 70, 50, 20, 5), seed('clean.Days', 70, 20, 5)
        forever, two = seed('clean.Forever', 4000, 3000, 2000, 1), seed('clean.Two', 70, 50, 4, 3)
        self.configure('ResultMaxAge=60d\nResultMaxCount=2\n')
        self.assertEqual(clean(), 3 + 2 + 0 + 2)
        self.assertEqual(results('clean.Quick'), quick[3:])
        self.assertEqual(results('clean.Days'), days[2:])
        self.assertEqual(results('clean.Forever'), forever)
        self.assertEqual(results('clean.Two'), two[2:])
        # what is said with the call counts for all
        self.assertEqual(clean('--max-count=1', '--max-age=5000d'), 1 + 0 + 3 + 1)

    def test_drop_in(self):
        ids = seed('clean.Other', 20, 10, 1)
        path = write('/etc/jobd/jobs/clean/Other.job.d/age.conf', '[Job]\nResultMaxAge=15d\n')
        self.addCleanup(os.unlink, path)
        self.assertEqual(clean(), 1)
        self.assertEqual(results('clean.Other'), ids[1:])

    def test_wrong_ones(self):
        for text, problem in (('ResultMaxAge=soon', 'ResultMaxAge=: not a time span'),
                              ('ResultMaxCount=-1', 'ResultMaxCount=: not a number'),
                              ('ResultMaxCount=1000001', 'ResultMaxCount=: not a number')):
            path = install_job('clean.Wrong', f'[Job]\n{text}\n{QUICK}')
            done = jobctl('refresh', check=False)
            os.unlink(path)
            self.assertEqual(done.returncode, 1)
            self.assertIn(problem, done.stdout + done.stderr)
        jobctl('refresh')
        for arguments, status, text in ((['--max-age=soon'], 2, 'not a time span'),
                                        (['--max-age=-1'], 2, 'not a time span'),
                                        (['--max-count=0'], 2, 'not a number'), (['--max-count=x'], 2, 'not a number'),
                                        (['--job=no.Such'], 4, "there is no job 'no.Such'"), (['x'], 2, ''),
                                        (['--username=no-such', '--dry-run'], 4, "there is no user 'no-such'")):
            self.assertFails(['jobctl', 'clean', *arguments], text, status=status)
        with RawBus() as bus:
            for options in {'max_count': ('u', 0)}, {'max_age': ('s', '1')}, {'nothing': ('b', True)}:
                self.assertEqual(bus.call(*MANAGER, 'CleanJobResults', 'a{sv}', options).error,
                                 'org.jobd1.Error.InvalidOption')


class Permissions(Clean):
    def test_delete_jobresult_is_needed(self):
        ids = seed('clean.Quick', 3)
        for user in 'alice', 'bob', 'dave':
            self.assertFails(['jobctl', 'clean', '--max-age=0'], 'not authorised to delete old results of jobs',
                             'org.jobd1.delete-jobresult', status=4, user=user)
        self.assertEqual(results('clean.Quick'), ids)
        self.assertEqual(clean('--max-age=0', user='carol'), 1)

    def test_on_behalf_of(self):
        seed('clean.Quick', 3)
        self.assertFails(['jobctl', 'clean', '--max-age=0', '--username=carol'], "option 'username' is for root",
                         status=4, user='carol')
        cursor = journal_cursor()
        self.assertFails(['jobctl', 'clean', '--max-age=0', '--username=alice'],
                         'User "alice" does not have permission to delete JobResult records', status=4)
        denied = journal_wait(f'MESSAGE_ID={DENIED}', 'JOB_CALLER=alice', since=cursor)
        self.assertEqual((denied['MESSAGE'], denied['JOB_ACTION']),
                         ('Denied alice to delete old results of jobs', 'org.jobd1.delete-jobresult'))
        self.assertEqual(clean('--max-age=0', '--username=2003'), 1)
        self.assertEqual(journal_wait(f'MESSAGE_ID={CLEANED}', since=cursor)['JOB_CALLER'], 'carol')


class SystemJob(Clean):
    JOB = 'jobd.LogsCleanup'

    def test_record(self):
        job = jobctl_json('show', self.JOB)
        keys = 'name', 'grouping', 'system', 'enabled', 'installed', 'supports_dryrun'
        self.assertEqual([job[key] for key in keys], ['Logs Cleanup', 'System Jobs', True, True, True, True])
        self.assertFails(['jobctl', 'delete', self.JOB],
                         'Unable to delete Job Logs Cleanup. System Job cannot be deleted', status=4)

    def test_run(self):
        ids = seed('clean.Quick', 40, 20, 1)
        result = jobctl_json('run', self.JOB, '--var', 'max_age=30', '--var', 'dryrun=yes', user='carol')
        self.assertOutcome(result['id'], 'SUCCESS', result={'job_results': 1, 'output_files': 0, 'scheduled_jobs': 0})
        self.assertEqual(results('clean.Quick'), ids)
        self.assertIn('Would delete 1 job results', jobctl('logs', result['id']).stdout)
        result = jobctl_json('run', self.JOB, '--var', 'max_age=30', user='carol')
        self.assertOutcome(result['id'], 'SUCCESS', result={'job_results': 1, 'output_files': 0, 'scheduled_jobs': 0})
        self.assertEqual(results('clean.Quick'), ids[1:])
        result = jobctl_json('run', self.JOB, '--var', 'max_count=1', '--var', 'job=clean.Quick', user='carol')
        self.assertOutcome(result['id'], 'SUCCESS', result={'job_results': 1, 'output_files': 0, 'scheduled_jobs': 0})
        self.assertEqual(results('clean.Quick'), ids[2:])

    def test_may_run_but_not_delete(self):
        ids = seed('clean.Quick', 40)
        done = jobctl('run', self.JOB, '--var', 'max_age=0', user='alice', check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn('User "alice" does not have permission to delete JobResult records', done.stdout)
        self.assertEqual(results('clean.Quick'), ids)

    def test_hostile_job(self):
        data = json.dumps({'job': '$(touch /tmp/x) --dry-run `'})
        result = json.loads(jobctl('--json', 'run', self.JOB, '--data', data, user='carol', check=False).stdout)
        self.assertOutcome(result['id'], 'FAILURE')
        self.assertFalse(glob.glob('/tmp/x'))

    def test_timer(self):
        seed('clean.Quick', 40, 1)
        self.configure('ResultMaxAge=30d\n')
        cursor = journal_cursor()
        run('systemctl enable --now jobd-clean.timer')
        self.addCleanup(run, 'systemctl disable --now jobd-clean.timer')
        timer = run('systemctl show -p Persistent -p TimersCalendar -p NextElapseUSecRealtime jobd-clean.timer').stdout
        self.assertIn('Persistent=yes', timer)
        self.assertRegex(timer, r'OnCalendar=\*-\*-\* 00:00:00')
        run('systemctl start jobd-clean.service')
        self.assertIn('root cleaned up: 1 job result,', journal_wait(f'MESSAGE_ID={CLEANED}', since=cursor)['MESSAGE'])


class Many(Clean):
    """So many that the clean-up goes on while other things happen."""
    def start(self):
        seed('clean.Many', 100, count=MANY)
        jobctl('list')
        signals = Signals("type='signal',interface='org.jobd1.Manager',member='JobResultRemoved'")
        process = start(['jobctl', '--json', 'clean', '--max-age=50d'])
        signals.wait()      # it has begun
        return process

    def left(self):
        with sqlite3.connect(f'file:{STORE}?mode=ro', uri=True) as store:
            return store.execute("SELECT count(*) FROM job_result WHERE class_path = 'clean.Many'").fetchone()[0]

    def test_others_are_served_and_there_is_one_at_a_time(self):
        process = self.start()
        self.assertFails(['jobctl', 'clean'], 'a clean-up is in progress already', status=4)
        result_id = jobctl_json('run', 'clean.Quick', user='alice')['id']
        self.assertIsNone(process.poll())
        stdout, stderr = process.communicate(timeout=TIMEOUT)
        self.assertEqual((json.loads(stdout), stderr), ({'job_results': MANY, 'output_files': 0, 'scheduled_jobs': 0}, ''))
        self.assertOutcome(result_id, 'SUCCESS')
        self.assertEqual(self.left(), 0)

    def test_kill_in_the_middle(self):
        result_id = jobctl_json('run', 'clean.Output')['id']
        process = self.start()
        kill_jobd()
        self.assertEqual(process.wait(TIMEOUT), 4)
        process.communicate()
        left = self.left()
        self.assertTrue(0 < left < MANY, left)
        self.assertEqual(run(['python3', '-c', f'import sqlite3; print(sqlite3.connect("{STORE}").execute('
                              '"PRAGMA integrity_check").fetchone()[0])']).stdout, 'ok\n')
        self.assertEqual(clean('--max-age=50d'), left)
        self.assertEqual(self.left(), 0)
        self.assertEqual([output['name'] for output in jobctl_json('outputs', result_id)], ['file'])

    def test_stop_in_the_middle(self):
        process = self.start()
        run('systemctl stop jobd.service')
        _, stderr = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, 4)
        self.assertIn('jobd is being stopped: what was deleted until now is gone', stderr)
        left = self.left()
        self.assertTrue(0 < left < MANY, left)
        self.assertEqual(clean('--max-age=50d'), left)


if __name__ == '__main__':
    unittest.main()
