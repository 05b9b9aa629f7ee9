# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Runs that wait, run and end beside each other: MaxRunning=, singletons, job queues, and cancelling."""
import unittest

from classes import GATE, open_gate, start_run, wait_end, wait_started, write
from harness import TIMEOUT, JobdTestCase, install_job, jobctl, jobctl_json, journal, run, start, unit_properties

JOBS = {
    'gate.Wait': '[Job]\nName=Waiting\n[Variable n]\nDefault=0\n' + GATE,
    'gate.Single': '[Job]\nSingleton=yes\nName=Only one\n' + GATE,
    'end.Good': '[Service]\nExecStart=true\n',
    'end.Never': '[Service]\nExecStart=sleep 300\n',
    'queue.Job': '[Job]\nTaskQueues=plain my-own.queue\n[Service]\nExecStart=sleep 300\n',
}


def setUpModule():
    for class_path, text in JOBS.items():
        install_job(class_path, text)
    jobctl('refresh')
    jobctl('enable', *JOBS)


def set_max_running(number):
    write('/etc/jobd/jobd.conf.d/50-test.conf', f'[Jobd]\nMaxRunning={number}\n')
    run('systemctl restart jobd.service')


class Waiting(JobdTestCase):
    def tearDown(self):
        set_max_running(64)

    def test_they_start_in_order(self):
        set_max_running(1)
        ids = [start_run('gate.Wait', '--var', f'n={n}', user=user) for n, user in enumerate(['alice', 'carol'] * 3)]
        wait_started(ids[0])
        self.assertEqual([jobctl_json('result', result_id)['status'] for result_id in ids],
                         ['STARTED'] + ['PENDING'] * 5)
        for result_id in ids:
            wait_started(result_id)
            open_gate(result_id)
            wait_end(result_id)
        results = [self.assertOutcome(result_id, 'SUCCESS', task_kwargs={'n': str(n)})
                   for n, result_id in enumerate(ids)]
        for before, after in zip(results, results[1:]):
            self.assertLess(before['date_created'], after['date_created'])
            self.assertLessEqual(before['date_done'], after['date_started'])

    def test_no_more_than_allowed_at_once(self):
        set_max_running(2)
        ids = [start_run('gate.Wait') for _ in range(5)]
        order = [1, 0, 3, 2, 4]     # in which they end
        for count, number in enumerate(order):
            running = [other for other in range(min(5, count + 2)) if other not in order[:count]]
            for other in running:
                wait_started(ids[other])
            expected = ['SUCCESS' if other in order[:count] else 'STARTED' if other in running else 'PENDING'
                        for other in range(5)]
            self.assertEqual([jobctl_json('result', result_id)['status'] for result_id in ids], expected)
            open_gate(ids[number])
            wait_end(ids[number])

    def test_cancel_one_that_waits(self):
        set_max_running(1)
        first, second, third = (start_run('gate.Wait') for _ in range(3))
        wait_started(first)
        self.assertFails(['jobctl', 'cancel', second], 'not authorised to', status=4, user='bob')
        jobctl('cancel', second, user='alice')
        self.assertOutcome(second, 'REVOKED', reason='revoked', message='cancelled by alice before it began',
                           revoked_by='alice', date_started=None)
        open_gate(first)
        wait_started(third)
        open_gate(third)
        wait_end(first, third)
        self.assertOutcome(third, 'SUCCESS')
        self.assertEqual(journal(f'UNIT=jobd-run-{second}.service'), [])

    def test_disabled_while_it_waits(self):
        set_max_running(1)
        first, second = start_run('gate.Wait'), start_run('end.Good')
        jobctl('disable', 'end.Good')
        open_gate(first)
        wait_end(first, second)
        jobctl('enable', 'end.Good')
        self.assertOutcome(second, 'FAILURE', reason='not-runnable', message='Job end.Good is not enabled to be run!')


class Together(JobdTestCase):
    def test_singleton(self):
        attempts = [start(['jobctl', 'run', '--no-wait', 'gate.Single'], user='alice') for _ in range(6)]
        ids = [attempt.communicate(timeout=TIMEOUT)[0].strip() for attempt in attempts]
        refused = [result_id for result_id in ids if jobctl_json('result', result_id)['status'] == 'FAILURE']
        self.assertEqual(len(refused), 5)
        for result_id in refused:
            self.assertOutcome(result_id, 'FAILURE', reason='not-runnable', date_started=None,
                               message="Job 'Only one' is a singleton and already running.")
        [chosen] = set(ids) - set(refused)
        open_gate(chosen)
        wait_end(*ids)
        self.assertOutcome(chosen, 'SUCCESS')
        again = start_run('gate.Single')
        open_gate(again)
        wait_end(again)
        self.assertOutcome(again, 'SUCCESS')

    def test_singleton_by_override(self):
        jobctl('set', 'end.Never', 'singleton=yes')
        first = start_run('end.Never')
        wait_started(first)
        done = jobctl('run', 'end.Never', check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn('is a singleton and already running', done.stderr)
        jobctl('revert', 'end.Never', 'singleton')
        second = start_run('end.Never')
        wait_started(second)
        self.assertOutcome(first, 'STARTED')
        jobctl('cancel', first, second)
        wait_end(first, second)

    def test_queues(self):
        for arguments, queue, unit_slice in (
                ([], 'plain', 'jobd-plain.slice'),
                (['--queue=my-own.queue'], 'my-own.queue', 'jobd-my\\x2down.queue.slice')):
            result_id = start_run('queue.Job', *arguments)
            wait_started(result_id)
            self.assertEqual(unit_properties(f'jobd-run-{result_id}.service')['Slice'], unit_slice)
            self.assertOutcome(result_id, 'STARTED', task_queue=queue)
            jobctl('cancel', result_id)
        self.assertFails(['jobctl', 'run', '--queue=other', 'queue.Job'], '"other" is not a valid choice',
                         "'queue.Job'", 'plain, my-own.queue', status=4)

    def test_cancel_that_of_somebody_else(self):
        result_id = start_run('end.Never')
        wait_started(result_id)
        self.assertFails(['jobctl', 'cancel', result_id], 'not authorised to', status=4, user='bob')
        self.assertOutcome(result_id, 'STARTED')
        jobctl('cancel', result_id, user='carol')
        wait_end(result_id)
        self.assertOutcome(result_id, 'REVOKED', revoked_by='carol', message='cancelled by carol')


if __name__ == '__main__':
    unittest.main()
