# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Runs that failed are tried again: when, how often, with what input, what ends the row, and kills in between."""
import contextlib
import json
import sqlite3
import time
import unittest

from classes import start_run, wait_end, wait_started
from harness import (JobdTestCase, install_job, jobctl, jobctl_json, journal, journal_cursor, journal_wait, kill_jobd,
                     main_pid, run, stopped, unit_properties)
from queues import queue, restart, set_queue, wait_for, wait_status

TRACE = '/var/tmp/retries'      # each run appends its id here: what ran, and how often
RUN = f'[Service]\nUser=root\nExecStart=sh -c "echo $$JOB_RESULT_ID ${{JOB_VAR_word}} >> {TRACE}; %s"\n'
FAILS = '[Variable word]\nDefault=none\n' + RUN % 'exit 3'
JOBS = {
    'retry.Twice': '[Job]\nRetry=2\nRetryDelay=100ms\n' + FAILS,
    'retry.Later': '[Job]\nRetry=3\nRetryDelay=1h\nTaskQueues=retries\n' + FAILS,
    'retry.None': FAILS,
    'retry.Recovers': '[Job]\nRetry=5\n[Variable word]\nDefault=none\n' +
                      RUN % 'mkdir /run/recovers && exit 1; exit 0',
    'retry.Missing': '[Job]\nRetry=1\n[Service]\nExecStart=/usr/bin/there-is-no-such-program\n',
    'retry.Says': '[Job]\nRetry=1\n[Service]\nExecStart=sh -c "jobd-job fail \'not today\'; exit 0"\n',
    'retry.Limit': '[Job]\nRetry=1\nSoftTimeLimit=1s\nTimeLimit=2s\n[Service]\nExecStart=sleep 300\n',
    'retry.Long': '[Job]\nRetry=3\n[Service]\nExecStart=sleep 300\n',
    'retry.Secret': '[Job]\nRetry=1\n[Variable word]\nType=string\nSensitive=yes\n[Service]\nUser=root\n'
                    f'ExecStart=sh -c "jobd-job var word >> {TRACE}; exit 1"\n',
    'retry.SecretLater': '[Job]\nRetry=1\nRetryDelay=3s\n[Variable word]\nType=string\nSensitive=yes\n'
                         '[Service]\nUser=root\n'
                         f'ExecStart=sh -c "jobd-job var word >> {TRACE}; exit 1"\n',
    'retry.SecretHour': '[Job]\nRetry=1\nRetryDelay=1h\n[Variable word]\nType=string\nSensitive=yes\n'
                        '[Service]\nUser=root\nExecStart=false\n',
    'retry.File': '[Job]\nRetry=1\n[Variable report]\nType=file\n[Service]\nUser=root\n'
                  f'ExecStart=sh -c "cat ${{JOB_VAR_report}} >> {TRACE}; exit 1"\n',
    'retry.Kill': '[Job]\nRetry=4\nRetryDelay=300ms\n' + FAILS,
    'retry.Disable': '[Job]\nRetry=3\nRetryDelay=2s\n' + FAILS,
}


def setUpModule():
    for class_path, text in JOBS.items():
        install_job(class_path, text)
    done = jobctl('refresh')
    assert 'does not try' not in done.stdout, done.stdout
    jobctl('enable', *JOBS)


def row(result_id):
    """The job results of a row, the first one first; waits for their ends."""
    results = []
    while result_id:
        results.append(wait_status(result_id, 'SUCCESS', 'FAILURE', 'REVOKED'))
        result_id = results[-1]['retried_by']
    return results


def stop():
    run(['systemctl', 'stop', 'jobd.service'])


def traced(results):
    with open(TRACE, encoding='utf-8') as file:
        ran = [line.split()[0] for line in file]
    return [ran.count(result['id']) for result in results]


class Retries(JobdTestCase):
    def test_row(self):
        results = row(start_run('retry.Twice', '--var=word=hello'))
        self.assertEqual([result['status'] for result in results], ['FAILURE'] * 3)
        self.assertEqual([(result['attempt'], result['attempts']) for result in results], [(1, 3), (2, 3), (3, 3)])
        first = results[0]['id']
        self.assertEqual([result['retry_of'] for result in results], [None, first, first])
        self.assertEqual([result['retried_by'] for result in results], [results[1]['id'], results[2]['id'], None])
        self.assertRegex(results[0]['message'],
                         r'^the job exited with status 3; will be tried again at \w+ 20.* \(2 of 3\)$')
        self.assertEqual(results[2]['message'], 'the job exited with status 3')
        for before, after in zip(results, results[1:]):
            self.assertLessEqual(before['date_done'], after['not_before'])
            self.assertLessEqual(after['not_before'], after['date_started'] or after['date_done'])
            for key in 'user', 'task_queue', 'task_kwargs', 'time_limit', 'job_model':
                self.assertEqual(before[key], after[key])
        self.assertEqual(results[2]['task_kwargs'], {'word': 'hello'})
        self.assertEqual(traced(results), [1, 1, 1])
        [entry] = journal('MESSAGE_ID=f0ee0a27f4a64c44a58ba1c6b2f4dd05', f'JOB_RESULT_ID={results[1]["id"]}')
        self.assertIn('(2 of 3)', entry['MESSAGE'])
        shown = jobctl('result', results[1]['id']).stdout
        for text in '2 of 3', first, results[2]['id']:
            self.assertIn(text, shown)

    def test_run_follows_to_the_last(self):
        done = jobctl('run', 'retry.Twice', check=False, user='alice')
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count('FAILURE'), 3, done.stderr)
        done = jobctl('run', 'retry.Recovers', user='alice')
        self.assertEqual((done.returncode, done.stderr.count('FAILURE'), done.stderr.count('SUCCESS')), (0, 1, 1))
        self.assertEqual(jobctl_json('run', 'retry.Recovers')['attempt'], 1)

    def test_none_by_default(self):
        [result] = row(start_run('retry.None'))
        self.assertEqual((result['attempts'], result['retried_by']), (1, None))

    def test_reasons(self):
        for name, reason in ('Missing', 'start-failed'), ('Says', 'failed'), ('Limit', 'soft-time-limit'):
            results = row(start_run(f'retry.{name}'))
            self.assertEqual([result['reason'] for result in results], [reason] * 2, name)

    def test_not_when_ended_by_somebody(self):
        for end in 'jobctl cancel %s', 'systemctl stop jobd-run-%s.service':
            result_id = start_run('retry.Long')
            wait_started(result_id)
            run(end % result_id)
            [result] = row(result_id)
            self.assertEqual((result['status'], result['retried_by']), ('REVOKED', None))

    def test_waits_without_a_place(self):
        set_queue('retries', max_running=1)
        [first, second] = [start_run('retry.Later') for _ in range(2)]
        wait_end(first, second)     # the other one's place was not held by the next attempt
        later = jobctl_json('result', first)['retried_by']
        waiting = jobctl_json('result', later)
        self.assertEqual((waiting['status'], waiting['position']), ('PENDING', 0))
        self.assertRegex(waiting['wait_reason'], r'^attempt 2 of 4 begins at \w+ 20')
        self.assertEqual((queue('retries')['Running'], queue('retries')['Waiting']), (0, 2))
        for restarted in restart, kill_jobd:
            restarted()
            self.assertEqual(jobctl_json('result', later)['wait_reason'], waiting['wait_reason'])
        jobctl('cancel', later, user='alice')
        self.assertOutcome(later, 'REVOKED', retried_by=None, message='cancelled by alice before it began')
        jobctl('cancel', '--all', '--queue=retries')

    def test_input(self):
        results = row(start_run('retry.Secret', '--data', json.dumps({'word': 'marker-1'}), user=None))
        self.assertEqual([result['reason'] for result in results], ['exit-code'] * 2)
        with open('/run/report', 'w', encoding='utf-8') as file:
            file.write('marker-2\n')
        self.assertEqual(len(row(start_run('retry.File', '--file=report=/run/report', user=None))), 2)
        with open(TRACE, encoding='utf-8') as file:
            text = file.read()
        self.assertEqual((text.count('marker-1'), text.count('marker-2')), (2, 2))
        self.assertEqual(run('ls -A /var/lib/jobd/files 2>/dev/null', check=False).stdout, '')

    def test_sensitive_input_is_lost_with_jobd(self):
        first = start_run('retry.SecretLater', '--data', json.dumps({'word': 'marker-3'}), user=None)
        wait_status(first, 'FAILURE')
        kill_jobd()
        results = row(first)
        self.assertEqual([result['reason'] for result in results], ['exit-code', 'input-lost'])

    def test_checked_again(self):
        first = start_run('retry.Disable')
        wait_status(first, 'FAILURE')
        jobctl('disable', 'retry.Disable')
        results = row(first)
        self.assertEqual([result['reason'] for result in results], ['exit-code', 'not-runnable'])
        self.assertEqual(results[1]['message'], 'Job retry.Disable is not enabled to be run!')

    def test_kills_in_between(self):
        """Each attempt is there once and runs once, whenever jobd is killed."""
        first = start_run('retry.Kill')
        for _ in range(12):
            kill_jobd()
            last = jobctl_json('results', '--job=retry.Kill', '--lines=1')[0]
        results = row(first)
        self.assertEqual([result['attempt'] for result in results], [1, 2, 3, 4, 5], last)
        self.assertEqual(len(jobctl_json('results', '--job=retry.Kill')), 5)
        for result, count in zip(results, traced(results)):
            self.assertEqual(count, 1, result)


class Leaving(JobdTestCase):
    """jobd need not stay for what has a time, or waits for a call."""

    def setUp(self):
        stop()
        run(['systemctl', 'set-environment', 'JOBD_IDLE_TIMEOUT_SEC=100ms'])
        self.addCleanup(stop)
        self.addCleanup(run, ['systemctl', 'unset-environment', 'JOBD_IDLE_TIMEOUT_SEC'])

    def later(self):
        """The attempt that is an hour away, of a run that has failed; jobd has left."""
        with stopped('jobd.service'):
            first = start_run('retry.Later')
            wait_end(first)
        return jobctl_json('result', first)['retried_by']

    def test_the_timer_has_its_time(self):
        later = self.later()
        with stopped('jobd.service'):
            not_before = wait_for(later, 'a time', lambda result: result['not_before'])['not_before']
        shown = unit_properties('jobd-wake.timer')['TimersCalendar']
        self.assertIn(f'OnCalendar={not_before[:10]} {not_before[11:19]}', shown)
        jobctl('cancel', later)

    def test_the_timer_starts_it(self):
        later = self.later()
        stop()
        with contextlib.closing(sqlite3.connect('/var/lib/jobd/jobd.db')) as db, db:
            db.execute('UPDATE job_result SET not_before = ? WHERE id = ?',
                       (time.time_ns() // 1000 + 5 * 10**6, later))
        run(['systemctl', 'start', 'jobd.service'])
        stop()      # its timer is set now
        cursor = journal_cursor()
        journal_wait(f'UNIT=jobd-run-{later}.service', since=cursor)
        result = wait_status(later, 'FAILURE')
        self.assertEqual((result['reason'], traced([result])), ('exit-code', [1]))
        jobctl('cancel', result['retried_by'])

    def test_a_queue_that_is_disabled(self):
        set_queue('default', enabled=False)
        self.addCleanup(set_queue, 'default', enabled=True)
        with stopped('jobd.service'):
            waits = start_run('retry.None')
        self.assertEqual(jobctl_json('result', waits)['status'], 'PENDING')
        set_queue('default', enabled=True)
        row(waits)
        self.assertEqual(traced([jobctl_json('result', waits)]), [1])

    def test_stays_for_input_in_memory(self):
        first = start_run('retry.SecretHour', '--var=word=hush')
        wait_end(first)
        pid = main_pid()
        for _ in range(5):
            later = jobctl_json('result', first)['retried_by']
        self.assertEqual(main_pid(), pid)
        jobctl('cancel', later)


if __name__ == '__main__':
    unittest.main()
