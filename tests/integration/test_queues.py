# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Job queues: limits, order, what waits and why, the slice, permissions, cancelling all."""
import os
import signal
import unittest

from classes import GATE, open_gate, start_run, wait_end, wait_started
from harness import (JobdTestCase, Signals, install_job, jobctl, jobctl_json, journal, journal_cursor, kill_jobd,
                     main_pid, run, start, unit_properties)
from queues import (MANAGER, QUEUE, call, create_queue, queue, queue_path, restart, set_queue, wait_for,
                    wait_status)
from raw_bus import DIRECT, RawBus
from rules import polkit_rules

ERROR = 'org.jobd1.Error.'
DENIED = ['org.freedesktop.DBus.Error.AccessDenied',
          'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired']     # could be had by a password
NAMES = ['CPUWeight', 'CPUQuotaPerSecUSec', 'MemoryMax', 'MemoryHigh', 'TasksMax', 'IOWeight', 'AllowedCPUs']
JOBS = {
    'queue.Bulk': '[Job]\nTaskQueues=bulk default\n' + GATE,
    'queue.Other': '[Job]\nTaskQueues=other\n' + GATE,
    'queue.Fair': '[Job]\nTaskQueues=fair\n' + GATE,
    'queue.Low': '[Job]\nTaskQueues=low\n' + GATE,
    'queue.Slice': '[Job]\nTaskQueues=my-slice\n' + GATE,
    'queue.Refuse': '[Job]\nTaskQueues=refuse\n' + GATE,
    'queue.Crash': '[Job]\nTaskQueues=crash\n' + GATE,
    'queue.Masked': '[Job]\nTaskQueues=masked\n' + GATE,
    'queue.All': '[Job]\nTaskQueues=all1 all2\n' + GATE,
}


def setUpModule():
    for class_path, text in JOBS.items():
        install_job(class_path, text)
    jobctl('refresh')
    jobctl('enable', *JOBS)


def statuses(*ids):
    return [jobctl_json('result', result_id)['status'] for result_id in ids]


def finish(*ids):
    for result_id in ids:
        wait_started(result_id)
        open_gate(result_id)
        wait_end(result_id)


class Record(JobdTestCase):
    def test_made_when_named(self):
        names = {properties['Name']: properties
                 for _, properties in call('/org/jobd1', MANAGER, 'ListJobQueues', 'a{sv}', {}).body[0]}
        self.assertLessEqual({'default', 'bulk', 'other', 'my-slice'}, set(names))
        default = queue('default')
        names = ('Enabled', 'Default', 'MaxRunning', 'MaxPending', 'Weight', 'Priority', 'WhenUnavailable',
                 'Resources', 'Slice')
        self.assertEqual({key: default[key] for key in names},
                         {'Enabled': 1, 'Default': 1, 'MaxRunning': 0, 'MaxPending': 0, 'Weight': 100, 'Priority': 0,
                          'WhenUnavailable': 'wait', 'Resources': {}, 'Slice': 'jobd-default.slice'})
        self.assertEqual(queue('my-slice')['Slice'], 'jobd-my\\x2dslice.slice')
        self.assertEqual(queue('bulk')['Default'], 0)

    def test_made_by_an_override(self):
        signals, cursor = Signals("type='signal',member='JobQueueNew'"), journal_cursor()
        jobctl('set', 'queue.Other', 'task_queues=other brand-new')
        signals.wait()
        self.assertEqual(queue('brand-new')['Enabled'], 1)
        [entry] = journal('MESSAGE_ID=3c8d80e7e0e8477c9a0a5c0b1f4d1d6e', since=cursor)
        self.assertEqual((entry['JOB_QUEUE'], entry['JOB_CALLER'], entry['MESSAGE']),
                         ('brand-new', 'root', 'root created job queue brand-new'))
        jobctl('revert', 'queue.Other', 'task_queues')
        self.assertFalse(call(queue_path('brand-new'), QUEUE, 'Delete').error)
        self.assertEqual(call('/org/jobd1', MANAGER, 'GetJobQueue', 's', 'brand-new').error, ERROR + 'NoSuchJobQueue')

    def test_create_set_delete(self):
        path = create_queue('mine', description='What is mine', max_running=3, priority=-7,
                            resources={'MemoryMax': '1G'}).body[0]
        properties = queue('mine')
        self.assertEqual((properties['Description'], properties['MaxRunning'], properties['Priority'],
                          dict(properties['Resources'])), ('What is mine', 3, -7, {'MemoryMax': '1G'}))
        cursor = journal_cursor()
        set_queue('mine', enabled=False, weight=10000, when_unavailable='refuse', resources={'MemoryMax': '',
                                                                                             'CPUQuota': '50%'})
        properties = queue('mine')
        self.assertEqual((properties['Enabled'], properties['Weight'], properties['WhenUnavailable'],
                          dict(properties['Resources']), properties['MaxRunning']),
                         (0, 10000, 'refuse', {'CPUQuota': '50%'}, 3))
        [entry] = journal('MESSAGE_ID=6a1c39f0b1a04b3f8e5f2d7e9b4f6a72', since=cursor)
        self.assertEqual(entry['MESSAGE'], 'root changed job queue mine: enabled=no, weight=10000, '
                                           'when_unavailable=refuse, CPUQuota=50%, MemoryMax=')
        restart()
        self.assertEqual(queue('mine')['Weight'], 10000)
        self.assertFalse(call(path, QUEUE, 'Delete').error)
        self.assertTrue(call(path, QUEUE, 'Delete').error)

    def test_refused(self):
        for reply, error, text in (
                (create_queue('a..b'), 'InvalidValue',
                 "Job queue name cannot contain '..', please use a different name."),
                (create_queue('a/b'), 'InvalidValue',
                 "Job queue name cannot contain path separators (e.g. '/'), please use a different name."),
                (create_queue('-a'), 'InvalidValue', 'is not the name of a job queue'),
                (create_queue('a' + '-' * 90), 'InvalidValue', 'is not the name of a job queue'),
                (create_queue('a' * 101), 'NoSuchJobQueue', 'at most 100 bytes'),
                (create_queue(''), 'InvalidValue', 'is not the name of a job queue'),
                (create_queue('bulk'), 'NameTaken', 'there is a job queue bulk already'),
                (create_queue('b', weight=0), 'InvalidValue', 'from 1 to 10000'),
                (set_queue('bulk', weight=10001), 'InvalidValue', 'from 1 to 10000'),
                (set_queue('bulk', when_unavailable='never'), 'InvalidValue', 'wait or refuse'),
                (set_queue('bulk', description='a\nb'), 'InvalidValue', 'one line'),
                (set_queue('bulk', resources={'User': 'root'}), 'InvalidValue', 'has no resource "User"'),
                (set_queue('bulk', resources={'MemoryMax': 'lots'}), 'InvalidValue', 'not a size'),
                (call(queue_path('default'), QUEUE, 'Delete'), 'JobQueueInUse', 'is the default queue'),
                (call(queue_path('bulk'), QUEUE, 'Delete'), 'JobQueueInUse', "of job 'queue.Bulk'"),
                (call('/org/jobd1', MANAGER, 'GetJobQueue', 's', 'no'), 'NoSuchJobQueue', "no job queue 'no'")):
            self.assertEqual(reply.error, ERROR + error, reply)
            self.assertIn(text, reply.body[0])
        self.assertEqual(call(queue_path('bulk'), QUEUE, 'Set', 'a{sv}', {'weight': ('s', '5')}).error,
                         ERROR + 'InvalidOption')
        self.assertIn('given twice', call(queue_path('bulk'), QUEUE, 'Set', 'a{sv}',
                                          [('weight', ('u', 5)), ('weight', ('u', 6))]).body[0])
        self.assertEqual(queue('bulk')['Weight'], 100)
        self.assertNotIn('b', [properties['Name'] for _, properties
                               in call('/org/jobd1', MANAGER, 'ListJobQueues', 'a{sv}', {}).body[0]])

    def test_scheduled_jobs_keep_it(self):
        jobctl('set', 'queue.Other', 'task_queues=other kept')
        for name in 'kept-1', 'kept-2':
            jobctl('run', '--queue=kept', f'--name={name}', '--at=+1h', 'queue.Other')
        jobctl('schedule', 'pause', 'kept-2')
        jobctl('revert', 'queue.Other', 'task_queues')
        delete = ['jobctl', 'queue', 'delete', '-y', 'kept']
        self.assertFails(delete, "job queue kept is the one of scheduled jobs: 'kept-2', 'kept-1'", status=4)
        jobctl('schedule', 'update', '--queue=other', 'kept-2')
        self.assertFails(delete, "scheduled jobs: 'kept-1'; give them another one", status=4)
        jobctl('schedule', 'cancel', 'kept-1')      # what is final names it no more
        jobctl('queue', 'delete', '-y', 'kept')

    def test_permissions(self):
        self.assertIn(call('/org/jobd1', MANAGER, 'GetJobQueue', 's', 'bulk', user='dave').error, DENIED)
        self.assertEqual(call('/org/jobd1', MANAGER, 'ListJobQueues', 'a{sv}', {}, user='dave').body[0], [])
        for user in 'alice', 'bob':
            self.assertFalse(call('/org/jobd1', MANAGER, 'GetJobQueue', 's', 'bulk', user=user).error)
            self.assertIn(set_queue('bulk', user=user, weight=5).error, DENIED)
            self.assertIn(create_queue('theirs', user=user).error, DENIED)
        self.assertFalse(set_queue('bulk', user='carol', weight=5).error)
        self.assertFalse(set_queue('bulk', user='carol', weight=100).error)
        with polkit_rules('''
            polkit.addRule(function(action, subject) {
                if (action.id == "org.jobd1.change-jobqueue" && action.lookup("queue") == "other" &&
                    subject.user == "dave")
                    return polkit.Result.YES;
            });'''):
            self.assertFalse(set_queue('other', user='dave', weight=7).error)
            self.assertIn(set_queue('bulk', user='dave', weight=7).error, DENIED)
            self.assertEqual([properties['Name'] for _, properties in
                              call('/org/jobd1', MANAGER, 'ListJobQueues', 'a{sv}', {}, user='dave').body[0]],
                             ['other'])
        self.assertFalse(set_queue('other', weight=100).error)


class Order(JobdTestCase):
    def test_max_running_and_reasons(self):
        set_queue('bulk', max_running=2)
        ids = [start_run('queue.Bulk') for _ in range(4)]
        elsewhere = start_run('queue.Other')
        wait_started(elsewhere)     # a full queue keeps nobody else waiting
        for result_id in ids[:2]:
            wait_started(result_id)
        third, fourth = (jobctl_json('result', result_id) for result_id in ids[2:])
        self.assertEqual((third['position'], third['wait_reason']),
                         (1, '1st of 2 in job queue bulk: the queue runs 2 of 2'))
        self.assertEqual((fourth['position'], fourth['wait_reason']),
                         (2, '2nd of 2 in job queue bulk: the queue runs 2 of 2'))
        self.assertIn('2nd of 2', jobctl('result', ids[3]).stdout)
        self.assertIn('place 2', jobctl('results').stdout)
        self.assertEqual([result['position'] for result in jobctl_json('results') if result['id'] in ids],
                         [2, 1, 0, 0])
        state = queue('bulk')
        self.assertEqual((state['Running'], state['Waiting']), (2, 2))
        jobctl('cancel', ids[2])
        self.assertEqual(jobctl_json('result', ids[3])['position'], 1)
        set_queue('bulk', max_running=0)
        wait_started(ids[3])
        self.assertEqual(jobctl_json('result', ids[3])['wait_reason'], None)
        finish(elsewhere, ids[0], ids[1], ids[3])

    def test_run_says_what_it_waits_for(self):
        set_queue('bulk', enabled=False)
        with start(['jobctl', 'run', 'queue.Bulk'], user='alice') as process:
            shown = [process.stderr.readline() for _ in range(2)]
            set_queue('bulk', enabled=True)
            result_id = shown[0].split()[-1]
            finish(result_id)
            process.communicate()
        self.assertEqual(shown[1], 'Waiting: 1st of 1 in job queue bulk: the queue is disabled\n')
        self.assertEqual(process.returncode, 0)

    def test_requesters_take_turns(self):
        set_queue('fair', max_running=1)
        first = start_run('queue.Fair', user=None)
        wait_started(first)
        alices = [start_run('queue.Fair') for _ in range(3)]
        carols = [start_run('queue.Fair', user='carol') for _ in range(2)]
        order = [alices[0], carols[0], alices[1], carols[1], alices[2]]
        self.assertEqual([jobctl_json('result', result_id)['position'] for result_id in order], [1, 2, 3, 4, 5])
        open_gate(first)
        for result_id, later in zip(order, order[1:] + [None]):
            wait_started(result_id)
            if later:
                self.assertEqual(statuses(later), ['PENDING'])
            open_gate(result_id)
            wait_end(result_id)
        set_queue('fair', max_running=0)

    def test_priority(self):
        set_queue('low', max_running=1, priority=-5)
        set_queue('fair', max_running=1, priority=5)
        ids = []
        for name in 'queue.Low', 'queue.Fair':
            ids.append(start_run(name))
            wait_started(ids[-1])
        set_queue('low', enabled=False)
        set_queue('fair', enabled=False)
        low, high = start_run('queue.Low'), start_run('queue.Fair')
        self.assertIn('disabled', jobctl_json('result', low)['wait_reason'])
        finish(*ids)
        set_queue('low', enabled=True)
        wait_started(low)       # nobody of a higher priority can start
        self.assertEqual(statuses(high), ['PENDING'])
        set_queue('fair', enabled=True)
        finish(low, high)
        set_queue('fair', max_running=0, priority=0)
        set_queue('low', max_running=0, priority=0)

    def test_unavailable(self):
        refused = 'Unable to process request: job queue refuse is '
        set_queue('refuse', enabled=False, when_unavailable='refuse')
        self.assertFails(['jobctl', 'run', 'queue.Refuse'], refused + 'disabled', status=4)
        set_queue('refuse', enabled=True, max_running=1, max_pending=1)
        first, second = start_run('queue.Refuse'), start_run('queue.Refuse')
        wait_started(first)
        self.assertFails(['jobctl', 'run', 'queue.Refuse'], refused + 'full, 1 runs wait in it already', status=4)
        self.assertEqual(call('/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'queue.Refuse', '', {}).error,
                         ERROR + 'QueueUnavailable')
        set_queue('refuse', when_unavailable='wait')
        third = start_run('queue.Refuse')
        self.assertEqual(jobctl_json('result', third)['position'], 2)
        finish(first, second, third)

    def test_a_slot_is_a_unit(self):
        set_queue('crash', max_running=1)
        first, second = start_run('queue.Crash'), start_run('queue.Crash')
        wait_started(first)
        kill_jobd()
        self.assertEqual(jobctl_json('result', second)['wait_reason'],
                         '1st of 1 in job queue crash: the queue runs 1 of 1')
        kill_jobd()
        open_gate(first)
        finish(second)
        self.assertOutcome(first, 'SUCCESS')
        self.assertOutcome(second, 'SUCCESS')
        self.assertEqual((queue('crash')['Running'], queue('crash')['Waiting']), (0, 0))


class Slice(JobdTestCase):
    SLICE = 'jobd-my\\x2dslice.slice'

    def test_masked_and_stopped(self):
        """What waits goes on waiting when an administrator stops the slice, and starts when it may."""
        set_queue('crash', max_running=1)
        first, second = start_run('queue.Crash'), start_run('queue.Crash')
        wait_started(first)
        run('systemctl mask --runtime jobd-crash.slice')
        run('systemctl stop jobd-crash.slice')
        self.assertOutcome(wait_status(first, 'REVOKED')['id'], 'REVOKED', reason='stopped')
        waits = wait_for(second, 'a reason', lambda result: 'masked' in (result['wait_reason'] or ''))
        self.assertEqual((waits['status'], waits['position'], waits['wait_reason']), (
            'PENDING', 1, '1st of 1 in job queue crash: systemd does not start it: Unit jobd-crash.slice is masked.'))
        set_queue('crash', when_unavailable='refuse')
        self.assertFails(['jobctl', 'run', 'queue.Crash'], 'Unable to process request: systemd does not start the runs '
                         'of job queue crash: Unit jobd-crash.slice is masked.', status=4)
        set_queue('crash', when_unavailable='wait')
        third = start_run('queue.Crash')
        kill_jobd()     # the next one finds out for itself
        wait_for(third, 'a reason', lambda result: 'masked' in (result['wait_reason'] or ''))
        jobctl('cancel', second)
        self.assertOutcome(second, 'REVOKED', reason='revoked')
        run('systemctl unmask --runtime jobd-crash.slice')
        finish(third)
        self.assertOutcome(third, 'SUCCESS')
        self.assertEqual((queue('crash')['Running'], queue('crash')['Waiting']), (0, 0))

    def test_cancelled_while_refused(self):
        """The end of a run that systemd has refused to start is no sign that it starts runs again."""
        run('systemctl mask --runtime jobd-masked.slice')
        cursor, pid = journal_cursor(), main_pid('dbus.service')
        with RawBus(None, DIRECT) as bus:
            os.kill(pid, signal.SIGSTOP)    # systemd does not hear of the two runs before one of them is cancelled
            try:
                waits, second = [bus.call('/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'queue.Masked', '', {}).body[0]
                                 for _ in range(2)]
                path = bus.call('/org/jobd1', MANAGER, 'GetJobResult', 's', second).body[0]
                cancelled = bus.call(path, 'org.jobd1.JobResult', 'Cancel', 'a{sv}', {})
            finally:
                os.kill(pid, signal.SIGCONT)
        self.assertIsNone(cancelled.error, cancelled)
        self.assertOutcome(wait_status(second, 'REVOKED')['id'], 'REVOKED', reason='revoked')
        result = wait_for(waits, 'a reason', lambda result: 'masked' in (result['wait_reason'] or ''))
        self.assertEqual(result['status'], 'PENDING')
        self.assertEqual(self.said_again(cursor), 0)
        run('systemctl unmask --runtime jobd-masked.slice')
        finish(waits)
        self.assertEqual(self.said_again(cursor), 1)

    @staticmethod
    def said_again(cursor):
        """How often jobd has said since that systemd starts runs again."""
        messages = [entry['MESSAGE'] for entry in journal('_SYSTEMD_UNIT=jobd.service', since=cursor)]
        return messages.count('systemd starts the runs of job queue masked again')

    def properties(self):
        return unit_properties(self.SLICE)

    def test_resources(self):
        set_queue('my-slice', description='Runs at night', resources={
            'CPUWeight': '50', 'CPUQuota': '150%', 'MemoryMax': '512M', 'MemoryHigh': '256M', 'TasksMax': '77',
            'IOWeight': '20', 'AllowedCPUs': '0'})
        first = start_run('queue.Slice')
        wait_started(first)
        properties = self.properties()
        self.assertEqual({key: properties.get(key, '') for key in [*NAMES, 'Description']},
                         {'CPUWeight': '50', 'CPUQuotaPerSecUSec': '1.500000s', 'MemoryMax': str(512 << 20),
                          'MemoryHigh': str(256 << 20), 'TasksMax': '77', 'IOWeight': '20', 'AllowedCPUs': '0',
                          'Description': 'Runs of Job Queue my-slice: Runs at night'})
        self.assertIn(self.SLICE, run('systemctl status jobd.slice').stdout)
        # what is taken back is taken back at once, the rest stays
        set_queue('my-slice', description='', resources={'CPUWeight': '', 'CPUQuota': '', 'MemoryMax': '1G',
                                                         'MemoryHigh': '', 'TasksMax': '', 'IOWeight': '',
                                                         'AllowedCPUs': ''})
        self.wait_property('Description', 'Runs of Job Queue my-slice')
        properties = self.properties()
        self.assertEqual({key: properties.get(key, '') for key in NAMES},
                         {'CPUWeight': '[not set]', 'CPUQuotaPerSecUSec': 'infinity', 'MemoryMax': str(1 << 30),
                          'MemoryHigh': 'infinity', 'TasksMax': 'infinity', 'IOWeight': '[not set]',
                          'AllowedCPUs': ''})
        finish(first)

    def wait_property(self, name, value):
        for _ in range(1000):
            if self.properties()[name] == value:
                return
        self.fail(f'{name} never became {value}: {self.properties()[name]}')

    def test_taken_back_by_the_next_jobd(self):
        set_queue('low', resources={'TasksMax': '55'})
        first = start_run('queue.Low')
        wait_started(first)
        self.assertEqual(unit_properties('jobd-low.slice')['TasksMax'], '55')
        finish(first)
        kill_jobd()
        set_queue('low', resources={'TasksMax': ''})
        second = start_run('queue.Low')
        wait_started(second)
        self.assertEqual(unit_properties('jobd-low.slice')['TasksMax'], 'infinity')
        finish(second)


class CancelAll(JobdTestCase):
    def cancel_all(self, *arguments, user=None):
        return jobctl_json('cancel', '--all', *arguments, user=user)['cancelled']

    def test_filters_and_permissions(self):
        for name in 'all1', 'all2':
            set_queue(name, enabled=False)
        alices = [start_run('queue.All') for _ in range(3)]
        carols = [start_run('queue.All', '--queue=all2', user='carol') for _ in range(2)]
        self.assertEqual(self.cancel_all('--queue=all2', user='alice'), 0)  # only their own
        self.assertEqual(self.cancel_all(user='bob'), 0)
        self.assertEqual(self.cancel_all('--queue=all2', user='carol'), 2)
        for result_id in carols:
            self.assertOutcome(result_id, 'REVOKED', revoked_by='carol', message='cancelled by carol before it began')
        self.assertEqual(statuses(*alices), ['PENDING'] * 3)
        self.assertEqual(self.cancel_all('--job=queue.All', '--user=alice', user='carol'), 3)
        self.assertFails(['jobctl', 'cancel', '--all', '--job=no.Such'], "no job 'no.Such'", status=4)
        self.assertFails(['jobctl', 'cancel', '--queue=all1'], 'go with --all', status=2)
        set_queue('all1', enabled=True)
        running = start_run('queue.All')
        wait_started(running)
        self.assertEqual(self.cancel_all('--queue=all1', user='alice'), 1)
        wait_status(running, 'REVOKED')
        self.assertEqual((queue('all1')['Running'], queue('all1')['Waiting']), (0, 0))

    def test_more_than_one_call_takes(self):
        set_queue('all2', enabled=False)
        with_input = 'queue.All', '', {'task_queue': ('s', 'all2')}
        with RawBus(None, DIRECT) as bus:
            ids = [bus.call('/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', *with_input).body[0] for _ in range(1100)]
            last = jobctl_json('result', ids[-1])
            self.assertEqual(last['position'], 1100)
            n, more = bus.call('/org/jobd1', MANAGER, 'CancelJobResults', 'a{sv}', {'queue': ('s', 'all2')}).body
            self.assertEqual((n, more), (500, 1))
        self.assertEqual(self.cancel_all('--queue=all2'), 600)
        self.assertEqual(queue('all2')['Waiting'], 0)
        self.assertOutcome(ids[-1], 'REVOKED')
        set_queue('all2', enabled=True)


if __name__ == '__main__':
    unittest.main()
