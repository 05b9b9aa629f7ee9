# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Approvals: answers and changes at once, a store that fails, and jobd killed between any two steps."""
import contextlib
import json
import os
import sqlite3
import time
import unittest

from approvals import (APPROVED, BUSES, ERROR, MANAGER, SCHEDULE, ApprovalTestCase, install, runs_of, set_up, tear_down)
from classes import wait_end
from harness import TIMEOUT, jobctl_json, journal, journal_cursor, journal_wait, kill_jobd, main_pid, run
from raw_bus import RawBus

setUpModule, tearDownModule = set_up, tear_down
DATABASE, KILL_AT = '/var/lib/jobd/jobd.db', '/var/lib/jobd/kill-at'
DROP_IN = '/run/systemd/system/jobd.service.d'
STEPS_MAX = 200
TAKEN_OVER = 'aa104b4a72604fe5a7cce7e8a838c28c'


class Races(ApprovalTestCase):
    """Sent at once, with nothing in between: exactly one outcome."""

    def at_once(self, *calls):
        serials = [(BUSES[user], BUSES[user].call_later(path, interface, member, signature, *args))
                   for user, path, interface, member, signature, *args in calls]
        return [bus.reply_to(serial) for bus, serial in serials]

    def test_two_approvers(self):
        for _ in range(5):
            path, cursor = self.request(), journal_cursor()
            device = self.device_of(path)
            replies = self.at_once(*((user, path, SCHEDULE, 'Approve', 'a{sv}', {})
                                     for user in ('bob', 'erin', 'frank')))
            self.assertEqual(sorted(str(reply.error) for reply in replies),
                             ['None', ERROR + 'NotPending', ERROR + 'NotPending'])
            self.wait_run(device, cursor)
            self.assertEqual(len(self.properties(path)['Approvals']), 1)

    def test_approve_against_deny(self):
        for _ in range(5):
            path, cursor = self.request(), journal_cursor()
            device = self.device_of(path)
            approve, deny = self.at_once(('bob', path, SCHEDULE, 'Approve', 'a{sv}', {}),
                                         ('erin', path, SCHEDULE, 'Deny', 'a{sv}', {}))
            self.assertEqual(sorted(map(bool, (approve.error, deny.error))), [False, True])
            if approve.error:
                self.assertEqual(self.state(path), 'denied')
                self.assertEqual(runs_of(device), [])
            else:
                self.wait_run(device, cursor)

    def test_approve_against_delete(self):
        for _ in range(5):
            path, cursor = self.request(), journal_cursor()
            device = self.device_of(path)
            approve, delete = self.at_once(('bob', path, SCHEDULE, 'Approve', 'a{sv}', {}),
                                           ('alice', path, SCHEDULE, 'Delete', ''))
            if approve.error:
                self.assertEqual(runs_of(device), [])
                self.assertIsNone(delete.error)
            else:
                journal_wait(f'MESSAGE_ID={APPROVED}', since=cursor)
                self.assertLessEqual(len(runs_of(device)), 1)

    def test_approve_against_refresh(self):
        for i in range(3):
            path = self.request('Class')
            device = self.device_of(path)
            install('appr.Class', service=f'Nice={i + 1}')
            approve, refresh = self.at_once(('bob', path, SCHEDULE, 'Approve', 'a{sv}', {}),
                                            ('root', '/org/jobd1', MANAGER, 'Refresh', 'a{sv}', {}))
            self.assertIsNone(refresh.error)
            self.assertEqual(approve.error, ERROR + 'RequestChanged')
            self.assertEqual(runs_of(device), [])


    def test_approve_against_change(self):
        """What runs is what was there when bob looked, or nothing."""
        for when in 'immediately', 'future':
            for order in 1, -1:
                later = {'interval': when, 'name': self.device(), 'start_time': int((time.time() + 3600) * 1e6)}
                path = self.request(**(later if when == 'future' else {}))
                device, other = self.device_of(path), self.device()
                calls = (('bob', path, SCHEDULE, 'Approve', 'a{sv}', {}),
                         ('alice', path, SCHEDULE, 'Update', 'a{sv}', {'data': ('s', json.dumps({'device': other}))}))
                replies = dict(zip([call[0] for call in calls[::order]], self.at_once(*calls[::order])))
                with self.subTest(when=when, order=order, replies=replies):
                    p = self.properties(path)
                    if replies['alice'].error is None:      # the last word is hers: nothing of it is approved
                        self.assertEqual([p['State'], self.device_of(path), runs_of(device)], ['pending', other, []])
                        self.assertTrue(all(a[5] for a in p['Approvals']), p)
                    else:
                        self.assertEqual([replies['alice'].error, replies['bob'].error], [ERROR + 'WrongState', None])
                    self.assertEqual(runs_of(other), [])
                    self.answer(path, 'bob', 'Deny')

    def test_approve_against_take_over(self):
        """carol is not approved as who she has become."""
        for order in 1, -1:
            path = self.request()
            calls = (('erin', path, SCHEDULE, 'Approve', 'a{sv}', {}), ('carol', path, SCHEDULE, 'TakeOver', ''))
            approve, take_over = self.at_once(*calls[::order])[::order]
            p = self.properties(path)
            with self.subTest(order=order, approve=approve, take_over=take_over):
                if take_over.error is None:
                    self.assertEqual([p['State'], p['Requester'], runs_of(self.device_of(path))], ['pending', 'carol', []])
                else:
                    self.assertEqual([approve.error, p['Requester']], [None, 'alice'])

    def test_approvers_of_a_stage(self):
        """Two who are wanted and one too many: two count, and only then the next stage has its turn."""
        run(['gpasswd', '--members', 'bob,erin,frank', 'dba'])
        self.addCleanup(run, ['gpasswd', '--members', 'bob,erin', 'dba'])
        for _ in range(3):
            path, cursor = self.request('Staged'), journal_cursor()
            replies = self.at_once(*((user, path, SCHEDULE, 'Approve', 'a{sv}', {})
                                     for user in ('bob', 'erin', 'frank', 'bob', 'carol')))
            stages = [(stage[0], stage[3]) for stage in self.properties(path)['Stages']]
            answers = [a[:2] for a in self.properties(path)['Approvals']]
            self.assertEqual(len(set(user for _, user in answers)), len(answers), answers)
            self.assertEqual(stages[0], ('tech', 2), replies)
            if stages[1][1] == 0:
                self.approve(path, 'carol')
            self.wait_run(self.device_of(path), cursor)

    def test_approve_against_the_end_of_its_job(self):
        install('appr.Passing')
        run('jobctl refresh && jobctl enable appr.Passing')
        path = self.request('Passing')
        device = self.device_of(path)
        job = BUSES['root'].call('/org/jobd1', MANAGER, 'GetJob', 's', 'appr.Passing').body[0]
        approve, delete = self.at_once(('bob', path, SCHEDULE, 'Approve', 'a{sv}', {}),
                                       ('root', job, 'org.jobd1.Job', 'Delete', ''))
        self.assertIsNone(delete.error)
        if approve.error:
            self.assertEqual(self.state(path), 'errored')
        self.assertLessEqual(len(runs_of(device)), 0 if approve.error else 1)


class Failures(ApprovalTestCase):
    """The store does not take one write of several that belong together."""
    @contextlib.contextmanager
    def refused(self, what):
        with contextlib.closing(sqlite3.connect(DATABASE, timeout=TIMEOUT, isolation_level=None)) as database:
            database.execute(f"CREATE TRIGGER refused BEFORE {what} BEGIN SELECT RAISE(ABORT, 'refused'); END")
            try:
                yield
            finally:
                database.execute('DROP TRIGGER refused')

    def test_asked_again(self):
        """Not with the old answers: who has given them would seem to have approved what there is now."""
        stages = 'ApprovalStages=first:dba:1 second:release:1'
        install('appr.Failing', stages)
        run('jobctl refresh && jobctl enable appr.Failing')
        path = self.request('Failing')
        self.approve(path)
        before = self.properties(path)
        install('appr.Failing', stages, service='Nice=7')
        for table in 'approval', 'scheduled_job':
            with self.refused(f'UPDATE ON {table}'):
                self.assertRefused(self.answer(path, 'carol'), 'StoreFailed')
            self.assertEqual(self.properties(path), before)
        self.assertRefused(self.answer(path, 'carol'), 'RequestChanged')
        after = self.properties(path)
        self.assertNotEqual(after['Digest'], before['Digest'])
        self.assertEqual([a[5] for a in after['Approvals']], [True])
        self.assertEqual([stage[3] for stage in after['Stages']], [0, 0])

    def test_take_over(self):
        """What was undone is not told of as done."""
        path, cursor = self.request(start_time=int((time.time() + 3600) * 1e6), interval='future',
                                    name=self.device()), journal_cursor()
        self.approve(path)
        before = self.properties(path)
        with self.refused('UPDATE ON approval'):
            reply = BUSES['carol'].call(path, SCHEDULE, 'TakeOver', '')
            self.assertRefused(reply, 'StoreFailed')
        self.assertEqual(self.properties(path), before)
        self.assertEqual(journal(f'MESSAGE_ID={TAKEN_OVER}', since=cursor), [])
        self.assertIsNone(BUSES['carol'].call(path, SCHEDULE, 'TakeOver', '').error)
        journal_wait(f'MESSAGE_ID={TAKEN_OVER}', since=cursor)


class Kills(ApprovalTestCase):
    """kill -9 between any two steps: it runs once or not at all, and says which.

    A step is whatever jobd does to its store, to the bus and to the journal: kill-at.c counts them.
    """
    @classmethod
    def setUpClass(cls):
        os.makedirs(DROP_IN, exist_ok=True)
        with open(f'{DROP_IN}/kill-at.conf', 'w', encoding='utf-8') as file:
            file.write('[Service]\nEnvironment=LD_PRELOAD=/opt/jobd/build/tests/libkill-at.so\n')
        run('systemctl daemon-reload && systemctl restart jobd.service')

    @classmethod
    def tearDownClass(cls):
        os.unlink(f'{DROP_IN}/kill-at.conf')
        if os.path.exists(KILL_AT):
            os.unlink(KILL_AT)
        run('systemctl daemon-reload && systemctl restart jobd.service')

    def wait_state(self, path, *states):
        """In the record: what jobd did not come to write into the journal is not in there."""
        deadline = time.monotonic() + TIMEOUT
        while self.state(path) not in states:
            self.assertLess(time.monotonic(), deadline, self.properties(path))
            time.sleep(0.02)
        return self.properties(path)

    def kill_at(self, n):
        with open(KILL_AT + '.new', 'w', encoding='utf-8') as file:
            file.write(str(n))
        os.rename(KILL_AT + '.new', KILL_AT)

    def call(self):
        """It may be killed in it, and is started by it."""
        return BUSES['root'].call('/org/jobd1', MANAGER, 'GetJob', 's', 'appr.Simple')

    def at_each_step(self, prepare, act, check):
        """act(what prepare() returns) with a jobd that is killed before its first step, its second, and so on to the end.

        check(that, the reply or None) is called after each.
        """
        for n in range(1, STEPS_MAX):
            prepared = prepare()
            pid = main_pid()
            self.kill_at(n)
            reply = act(prepared)
            self.call()     # what jobd still does after the answer
            survived = main_pid() == pid
            if survived:
                self.kill_at(0)
                self.call()
            with self.subTest(step=n):
                check(prepared, reply)
            if survived:
                return n
        raise AssertionError(f'after {STEPS_MAX} steps it still goes on')

    def records(self, device):
        """The scheduled jobs with this input, and how many job results each has."""
        return self.query('SELECT s.id, count(r.id) FROM scheduled_job s LEFT JOIN job_result r '
                          'ON r.scheduled_job_id = s.id WHERE s.data LIKE ? GROUP BY s.id', device)

    @staticmethod
    def query(sql, device):
        with contextlib.closing(sqlite3.connect(f'file:{DATABASE}?mode=ro', uri=True)) as database:
            return database.execute(sql, [f'%"{device}"%']).fetchall()

    def assertRanOnceOrNot(self, path, device):
        """It is over, and its one job result says whether it has run."""
        p = self.wait_state(path, 'completed')
        result = p['LastResult'].rsplit('/', 1)[1]
        wait_end(result)
        shown = jobctl_json('result', result)
        self.assertEqual([n for _, n in self.records(device)], [1])
        self.assertEqual([len(p['Approvals']), p['TotalRunCount']], [1, 1])
        self.assertIn(shown['status'], ('SUCCESS', 'FAILURE'), shown)
        self.assertEqual(len(runs_of(device)), int(shown['status'] == 'SUCCESS'), shown)
        if shown['status'] == 'FAILURE':
            self.assertTrue(shown['message'], shown)

    def test_request(self):
        """None, or one that waits; one that was acknowledged is there."""
        def act(device):
            with RawBus('alice') as bus:
                return bus.call('/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'appr.Simple', json.dumps({'device': device}),
                                {})

        def check(device, reply):
            self.call()
            found = self.records(device)
            self.assertIn(found and found[0][1], ([], 0))
            self.assertLessEqual(len(found), 1)
            if not reply.error:
                self.assertEqual(len(found), 1)
            for path in [f'/org/jobd1/schedule/{id.replace("-", "")}' for id, _ in found]:
                self.assertEqual([self.state(path), runs_of(device)], ['pending', []])
                self.assertIsNone(self.answer(path, 'bob', 'Deny').error)

        self.assertGreater(self.at_each_step(self.device, act, check), 3)

    def test_approve_due_start(self):
        """From the approval to the end of the run."""
        def prepare():
            path = self.request()
            return path, self.device_of(path)

        def act(prepared):
            path, device = prepared
            with RawBus('bob') as bus:
                reply = bus.call(path, SCHEDULE, 'Approve', 'a{sv}', {})
            if not reply.error:
                self.wait_over(device)
            return reply

        def check(prepared, reply):
            path, device = prepared
            if self.state(path) == 'pending':
                self.assertTrue(reply.error)
                self.assertEqual([runs_of(device), self.properties(path)['Approvals']], [[], []])
                self.approve(path)
            self.assertRanOnceOrNot(path, device)

        self.assertGreater(self.at_each_step(prepare, act, check), 10)

    def wait_over(self, device):
        """Without asking jobd, which is to do nothing else meanwhile."""
        deadline = time.monotonic() + TIMEOUT
        while [state for state in self.query('SELECT r.status FROM scheduled_job s JOIN job_result r '
                                             'ON r.scheduled_job_id = s.id WHERE s.data LIKE ?', device)
               if state[0] in ('SUCCESS', 'FAILURE')] == []:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def test_deny(self):
        """Denied, and then nothing else; or as if nobody had answered."""
        def act(path):
            with RawBus('bob') as bus:
                return bus.call(path, SCHEDULE, 'Deny', 'a{sv}', {'comment': ('s', 'no')})

        def check(path, reply):
            p = self.properties(path)
            self.assertIn((p['State'], len(p['Approvals'])), [('denied', 1)] if not reply.error else
                          [('denied', 1), ('pending', 0)])
            self.assertEqual(runs_of(self.device_of(path)), [])

        self.at_each_step(self.request, act, check)

    def test_change(self):
        """The new input with no approval, or the old one with those that it had."""
        def prepare():
            path = self.request('Staged')
            self.approve(path, 'bob')
            return path, self.device_of(path), self.properties(path)['Digest']

        def act(prepared):
            with RawBus('alice') as bus:
                return bus.call(prepared[0], SCHEDULE, 'Update', 'a{sv}', {'data': ('s', '{"device":"another"}')})

        def check(prepared, reply):
            path, device, digest = prepared
            p = self.properties(path)
            now = (self.device_of(path), p['Digest'] == digest, [(a[1], a[5]) for a in p['Approvals']], p['State'])
            after = ('another', False, [('bob', True)], 'pending')
            self.assertIn(now, [after] if not reply.error else [after, (device, True, [('bob', False)], 'pending')])
            self.assertEqual(self.described(path)['changed'], None)

        self.at_each_step(prepare, act, check)

    def test_killed_again_and_again(self):
        """While several are due at once, and each new jobd in turn."""
        paths = [self.request() for _ in range(8)]
        devices = {path: self.device_of(path) for path in paths}
        calls = [(path, bus, bus.call_later(path, SCHEDULE, 'Approve', 'a{sv}', {}))
                 for path, bus in ((path, RawBus('bob')) for path in paths)]
        for delay in (0.001, 0.004, 0.009, 0.016, 0.03):
            time.sleep(delay)   # which moment it hits is what differs
            kill_jobd()
            self.state(paths[0])    # starts the next one
        for path, bus, serial in calls:
            reply = bus.reply_to(serial)
            bus.close()
            if self.state(path) == 'pending':
                self.assertTrue(reply.error)
                self.approve(path)
        for path, device in devices.items():
            with self.subTest(device=device):
                self.assertRanOnceOrNot(path, device)

    def test_requests_outlive_it(self):
        path = self.request('Staged')
        self.approve(path, 'bob')
        kill_jobd()
        self.assertEqual(self.properties(path)['Stages'][0], ('tech', 'dba', 2, 1))
        self.assertRefused(self.answer(path, 'bob'), 'AlreadyAnswered')
        self.approve(path, 'erin')
        kill_jobd()
        cursor = journal_cursor()
        self.approve(path, 'carol')
        self.wait_run(self.device_of(path), cursor)


if __name__ == '__main__':
    unittest.main()
