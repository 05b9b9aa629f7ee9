# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Jobs of which one run at a time may be in flight, with each policy."""
import unittest

from classes import GATE, open_gate, show, start_run, wait_end, wait_started
from harness import JobdTestCase, install_job, jobctl, jobctl_json, kill_jobd, run, start
from queues import set_queue, wait_for, wait_status

JOBS = {f'single.{name}': f'[Job]\nSingleton={policy}\nTaskQueues=single\n' + GATE for name, policy in {
    'Fail': 'fail', 'Ignore': 'yes', 'Queue': 'queue', 'Other': 'no', 'Cancel': 'queue', 'Change': 'queue',
    'Crash': 'queue', 'Replace': 'replace', 'Many': 'replace', 'Killed': 'replace', 'Jump': 'queue'}.items()}
JOBS |= {f'single.{name}': f'[Job]\nSingleton={policy}\nTaskQueues=first second\n' + GATE
         for name, policy in {'Disabled': 'queue', 'Later': 'queue', 'Masked': 'queue', 'Filler': 'no'}.items()}


def setUpModule():
    for class_path, text in JOBS.items():
        install_job(class_path, text)
    jobctl('refresh')
    jobctl('enable', *JOBS)


def statuses(*ids):
    return [jobctl_json('result', result_id)['status'] for result_id in ids]


class Singleton(JobdTestCase):
    def finish(self, *ids):
        for result_id in ids:
            wait_started(result_id)
            open_gate(result_id)
            wait_end(result_id)
            self.assertOutcome(result_id, 'SUCCESS')

    def test_policies_are_shown(self):
        for name, is_singleton, policy, value in (('Other', False, 'no', 'no'), ('Fail', True, 'fail', 'yes'),
                                                  ('Queue', True, 'queue', 'queue'),
                                                  ('Replace', True, 'replace', 'replace')):
            job = show(f'single.{name}')
            self.assertEqual((job['is_singleton'], job['singleton_policy'], job['class_values']['singleton']),
                             (is_singleton, policy, value))
        jobctl('set', 'single.Other', 'singleton=replace')
        self.assertEqual(show('single.Other')['singleton_policy'], 'replace')
        jobctl('revert', 'single.Other', 'singleton')
        self.assertFails(['jobctl', 'set', 'single.Other', 'singleton=maybe'],
                         'is no policy for a singleton; write no, yes (or fail), queue or replace', status=4)

    def test_fail(self):
        first = start_run('single.Fail')
        wait_started(first)
        second = start_run('single.Fail')
        self.assertEqual(wait_status(second, 'FAILURE')['message'], "Job 'Fail' is a singleton and already running.")
        self.assertOutcome(second, 'FAILURE', reason='not-runnable', date_started=None)
        self.finish(first)

    def test_ignored(self):
        first = start_run('single.Ignore')
        wait_started(first)
        second = start_run('--ignore-singleton', 'single.Ignore')
        wait_started(second)
        self.assertEqual(jobctl_json('result', second)['warnings'],
                         ["Job 'Ignore' is a singleton and already running, but singleton will be ignored because "
                          "`ignore_singleton` is set."])
        self.finish(second, first)

    def test_queue_waits_and_blocks_nobody(self):
        set_queue('single', max_running=2)
        ids = [start_run('single.Queue') for _ in range(3)]
        wait_started(ids[0])
        self.assertEqual(statuses(*ids), ['STARTED', 'PENDING', 'PENDING'])
        waiting = jobctl_json('result', ids[1])
        self.assertEqual((waiting['position'], waiting['wait_reason']),
                         (0, f"job 'Queue' is a singleton: job result {ids[0]} runs, 2 wait for its end"))
        self.finish(start_run('single.Other'), start_run('single.Other'))   # the second place is free for others
        open_gate(ids[0])
        wait_started(ids[1])
        self.assertEqual(jobctl_json('result', ids[2])['wait_reason'],
                         f"job 'Queue' is a singleton: it waits for the end of job result {ids[1]}")
        self.finish(ids[1], ids[2])
        set_queue('single', max_running=0)

    def test_a_new_request_does_not_jump_the_others(self):
        ids = [start_run('single.Jump') for _ in range(2)]
        wait_started(ids[0])
        set_queue('single', enabled=False)
        open_gate(ids[0])
        wait_end(ids[0])
        ids.append(start_run('single.Jump'))
        set_queue('single', enabled=True)
        self.finish(*ids[1:])

    def start_three(self, job):
        """The first one runs; of those that wait for its end the older one is of another queue."""
        ids = [start_run(f'--queue={queue}', job) for queue in ('second', 'first', 'second')]
        wait_started(ids[0])
        self.assertEqual(statuses(*ids), ['STARTED', 'PENDING', 'PENDING'])
        return ids

    def test_one_in_a_disabled_queue_keeps_nobody_waiting(self):
        ids = self.start_three('single.Disabled')
        set_queue('first', enabled=False)
        self.finish(ids[0], ids[2])
        self.assertEqual(statuses(ids[1]), ['PENDING'])
        set_queue('first', enabled=True)
        self.finish(ids[1])

    def test_nor_when_the_queue_is_disabled_later(self):
        set_queue('first', max_running=1)
        filler = start_run('--queue=first', 'single.Filler')
        wait_started(filler)
        ids = self.start_three('single.Later')
        self.finish(ids[0])
        wait_for(ids[1], 'a place in the line', lambda result: result['position'] == 1)
        self.assertEqual(statuses(*ids[1:]), ['PENDING', 'PENDING'])
        set_queue('first', enabled=False)
        self.finish(ids[2], filler)
        set_queue('first', enabled=True, max_running=0)
        self.finish(ids[1])

    def test_nor_when_its_slice_is_masked(self):
        ids = self.start_three('single.Masked')
        run('systemctl mask --runtime jobd-first.slice')
        self.finish(ids[0], ids[2])
        self.assertEqual(statuses(ids[1]), ['PENDING'])
        run('systemctl unmask --runtime jobd-first.slice')
        self.finish(ids[1])

    def test_queue_cancelled(self):
        ids = [start_run('single.Cancel') for _ in range(4)]
        wait_started(ids[0])
        jobctl('cancel', ids[1], user='alice')
        self.assertOutcome(ids[1], 'REVOKED')
        jobctl('cancel', ids[0], user='alice')
        wait_started(ids[2])
        self.finish(*ids[2:])
        self.assertOutcome(ids[0], 'REVOKED')

    def test_policy_taken_from_the_job(self):
        ids = [start_run('single.Change') for _ in range(3)]
        wait_started(ids[0])
        jobctl('set', 'single.Change', 'singleton=no')
        for result_id in ids:
            wait_started(result_id)
        jobctl('set', 'single.Change', 'singleton=queue')
        ids.append(start_run('single.Change'))
        self.finish(*ids)

    def test_queue_outlives_kills(self):
        ids = [start_run('single.Crash') for _ in range(3)]
        wait_started(ids[0])
        for result_id in ids:
            kill_jobd()
            wait_started(result_id)
            self.assertIn('PENDING' if result_id != ids[-1] else 'STARTED', statuses(ids[-1]))
            kill_jobd()
            open_gate(result_id)
            wait_end(result_id)
            self.assertOutcome(result_id, 'SUCCESS')

    def test_replace(self):
        first = start_run('single.Replace')
        wait_started(first)
        second = start_run('single.Replace')
        wait_started(second)
        self.assertOutcome(first, 'REVOKED', revoked_by=f'jobd (replaced by {second})',
                           message=f'cancelled by jobd (replaced by {second})')
        self.finish(second)

    def test_of_many_the_newest_remains(self):
        set_queue('single', enabled=False)
        ids = [start_run('single.Many') for _ in range(4)]
        for result_id in ids[:-1]:
            wait_status(result_id, 'REVOKED')
        self.assertOutcome(ids[2], 'REVOKED', message=f'cancelled by jobd (replaced by {ids[3]}) before it began')
        self.assertEqual(statuses(ids[3]), ['PENDING'])
        set_queue('single', enabled=True)
        self.finish(ids[3])

    def test_many_at_once(self):
        """Whatever is taken up first, the newest is the one that runs in the end."""
        for _ in range(5):
            requests = [start(['jobctl', 'run', '--no-wait', 'single.Many']) for _ in range(8)]
            for request in requests:
                request.communicate()
            newest = jobctl_json('results', '--job=single.Many', '--lines=1')[0]['id']
            self.finish(newest)
            for result in jobctl_json('results', '--job=single.Many', '--lines=8')[1:]:
                wait_status(result['id'], 'REVOKED')

    def test_replace_outlives_kills(self):
        """Whenever jobd is killed, the newest is the one that runs in the end, and nothing is left behind."""
        ids = [start_run('single.Killed')]
        wait_started(ids[0])
        for _ in range(4):
            request = start(['jobctl', 'run', '--no-wait', 'single.Killed'])
            kill_jobd()
            result_id = request.communicate()[0].strip()
            if request.returncode == 0:
                ids.append(result_id)
        newest = jobctl_json('results', '--job=single.Killed', '--lines=1')[0]['id']
        wait_started(newest)
        self.finish(newest)
        for result in jobctl_json('results', '--job=single.Killed'):
            if result['id'] != newest:
                self.assertOutcome(result['id'], 'REVOKED')


if __name__ == '__main__':
    unittest.main()
