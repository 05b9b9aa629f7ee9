# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Approvals: answers and changes at once, and jobd killed between any two steps."""
import time
import unittest

from approvals import (APPROVED, BUSES, ERROR, MANAGER, SCHEDULE, ApprovalTestCase, install, runs_of, set_up, tear_down)
from harness import TIMEOUT, journal, journal_cursor, journal_wait, kill_jobd, run
from raw_bus import RawBus

setUpModule, tearDownModule = set_up, tear_down


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


class Kills(ApprovalTestCase):
    """kill -9 at whatever moment: it runs once or not at all, and says which."""

    def wait_state(self, path, state):
        """In the record: what jobd did not come to write into the journal is not in there."""
        deadline = time.monotonic() + TIMEOUT
        while self.state(path) != state:
            self.assertLess(time.monotonic(), deadline, self.properties(path))
            time.sleep(0.02)

    def test_killed(self):
        for delay in (0, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02):
            path, cursor = self.request(), journal_cursor()
            device = self.device_of(path)
            bus = RawBus('bob')
            bus.call_later(path, SCHEDULE, 'Approve', 'a{sv}', {})
            time.sleep(delay)   # which moment it hits is what differs
            kill_jobd()
            bus.close()
            state = self.state(path)    # starts the next one
            with self.subTest(delay=delay, state=state):
                if state == 'pending':
                    self.assertEqual(runs_of(device), [])
                    self.assertEqual(self.properties(path)['Approvals'], [])
                    self.assertEqual(journal(f'MESSAGE_ID={APPROVED}', since=cursor), [])
                    self.approve(path)
                self.wait_state(path, 'completed')
                result = self.properties(path)['LastResult'].rsplit('/', 1)[1]
                run(['jobctl', 'result', '--wait', result], check=False)
                self.assertLessEqual(len(runs_of(device)), 1)
                self.assertEqual([len(self.properties(path)['Approvals']), self.state(path)], [1, 'completed'])

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
