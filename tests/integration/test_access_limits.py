# SPDX-License-Identifier: LGPL-2.1-or-later
"""What one user may cost the others: many calls, long ones, passwords that nobody types, and a polkit that is slow."""
import collections
import os
import signal
import unittest
import uuid

from harness import *
from raw_bus import *
from rules import polkit_rules

MANAGER = '/org/jobd1', 'org.jobd1.Manager'
DENIED = '59a068bf972f45e28d734d07c3c54376'
ACCESS_DENIED = ('org.freedesktop.DBus.Error.AccessDenied',
                 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired')
LIMITS_EXCEEDED = 'org.freedesktop.DBus.Error.LimitsExceeded'
MANY = 300     # jobs: more than one list asks polkit about, in one call


def setUpModule():
    for i in range(MANY):
        install_job(f'many.J{i:03}', '[Service]\nExecStart=true\n')
    install_job('other.Last', '[Job]\nGrouping=zzz\n[Service]\nExecStart=true\n')
    jobctl('refresh')
    jobctl('enable', 'many.J001')


def later(bus, member, signature, *args, flags=0):
    return bus.call_later(*MANAGER, member, signature, *args, flags=flags)


def replies(bus, serials):
    """The replies to these calls, in whatever order they come."""
    found = {}
    while len(found) < len(serials):
        message = bus.wait(lambda m: m.kind in (RETURN, ERROR) and m.reply_serial in serials, 'replies')
        found[message.reply_serial] = message
    return [found[serial] for serial in serials]


class LongCalls(JobdTestCase):
    def test_long_reference_is_neither_logged_nor_echoed(self):
        for member, error in ('GetJob', 'NoSuchJob'), ('GetJobResult', 'NoSuchJobResult'):
            cursor = journal_cursor()
            with RawBus('dave') as bus:
                reply = bus.call(*MANAGER, member, 's', 'x' * 100_000)
            self.assertEqual(reply.error, f'org.jobd1.Error.{error}')
            self.assertLess(len(reply.body[0]), 200)
            self.assertEqual(journal(f'MESSAGE_ID={DENIED}', since=cursor), [])

    def test_longest_reference_is_shown_in_part(self):
        cursor = journal_cursor()
        with RawBus('dave') as bus:
            reply = bus.call(*MANAGER, 'GetJob', 's', '\n\x1b[2J' + 'x' * 2000)
        self.assertIn(reply.error, ACCESS_DENIED)
        line = journal_wait(f'MESSAGE_ID={DENIED}', since=cursor)['MESSAGE']
        self.assertIn('[2Jxxx', line)
        self.assertTrue(line.isprintable(), line)
        self.assertLess(len(line), 200)

    def test_long_path(self):
        with RawBus('dave') as bus:
            for interface, member in (('org.jobd1.Job', 'Enable'),
                                      ('org.freedesktop.DBus.Introspectable', 'Introspect')):
                reply = bus.call('/org/jobd1/job/' + 'x' * 50_000, interface, member)
                self.assertEqual(reply.error, 'org.freedesktop.DBus.Error.UnknownObject', reply)
                self.assertLess(len(reply.body[0]), 200)
            reply = bus.call('/org/jobd1/job/' + 'x' * 50_000, 'org.jobd1.Job', 'NoSuch')
            self.assertLess(len(reply.body[0]), 300)

    def test_long_queue(self):
        with RawBus('dave') as bus:
            reply = bus.call(*MANAGER, 'RunJob', 'ssa{sv}', 'many.J001', '', {'task_queue': ('s', 'q' * 101)})
        self.assertEqual(reply.error, 'org.jobd1.Error.InvalidQueue')
        self.assertNotIn('qqq', reply.body[0])

    def test_large_calls_are_refused_at_once(self):
        with RawBus('dave') as bus:
            calls = [('GetJob', 's', 'x' * 4_000_000), ('GetJobResult', 's', 'x' * 10_000_000),
                     ('RunJob', 'ssa{sv}', 'many.J001', 'x' * 4_000_000, {}),
                     ('RunJob', 'ssa{sv}', 'many.J001', '', {'task_queue': ('s', 'x' * 4_000_000)}),
                     ('ListJobs', 'a{sv}', {'q': ('s', 'x' * 4_000_000)})]
            for call in calls:
                self.assertEqual(bus.call(*MANAGER, *call).error, 'org.jobd1.Error.DataTooLarge', call[0])

    def test_denials_are_counted_and_not_all_logged(self):
        cursor = journal_cursor()
        with RawBus('bin') as bus:
            for _ in range(300):
                self.assertIn(bus.call(*MANAGER, 'GetJob', 's', 'no.Such').error, ACCESS_DENIED)
        with stopped('jobd.service'):
            run(['systemctl', 'stop', 'jobd.service'])
        lines = [entry['MESSAGE'] for entry in journal(f'MESSAGE_ID={DENIED}', 'JOB_CALLER=bin', since=cursor)]
        one_by_one = [line for line in lines if 'no.Such' in line]
        # 20 in a minute; the calls may have fallen into two of them
        self.assertIn(len(one_by_one), range(20, 41), lines)
        counts = [int(line.split()[2]) for line in lines if 'more calls' in line]
        self.assertEqual(len(one_by_one) + sum(counts), 300, lines)


class Lists(JobdTestCase):
    def list_all(self, bus):
        """All pages, and how many there were."""
        jobs, pages, more = [], 0, True
        while more:
            reply = bus.call(*MANAGER, 'ListJobs', 'a{sv}', {'limit': ('u', 1000), 'offset': ('u', len(jobs))})
            if reply.error:
                return reply.error, pages
            page, more = reply.body
            jobs += page
            pages += 1
        return jobs, pages

    def names(self, jobs):
        return [properties['ClassPath'] for _, properties in jobs]

    def test_concurrent_lists_are_all_complete(self):
        with RawBus('alice') as bus:
            serials = [later(bus, 'ListJobs', 'a{sv}', {'limit': ('u', 100)}) for _ in range(6)]
            lists = replies(bus, serials)
        self.assertEqual([reply.error or len(reply.body[0]) for reply in lists], [100] * 6)

    def test_more_lists_than_may_wait_are_refused_by_name(self):
        with RawBus('alice') as bus:
            serials = [later(bus, 'ListJobs', 'a{sv}', {'limit': ('u', 5)}) for _ in range(60)]
            found = collections.Counter(reply.error or len(reply.body[0]) for reply in replies(bus, serials))
        self.assertEqual(set(found), {5, LIMITS_EXCEEDED})
        self.assertGreaterEqual(found[5], 32)

    def test_others_are_served_meanwhile(self):
        buses = [RawBus(user) for user in ('daemon', 'sys', 'sync')]
        with RawBus('carol') as carol:
            for bus in buses:
                for _ in range(2):
                    later(bus, 'ListJobs', 'a{sv}', {'limit': ('u', 1000)})
            for _ in range(10):
                self.assertIsNone(carol.call(*MANAGER, 'GetJob', 's', 'many.J001').error)
        for bus in buses:
            bus.close()

    def test_who_may_see_one_of_many_finds_it(self):
        rule = '''polkit.addRule(function(action, subject) {
                      if (subject.user == "games" && action.id == "org.jobd1.view-job" &&
                          action.lookup("grouping") == "zzz")
                          return polkit.Result.YES;
                  });'''
        with polkit_rules(rule), RawBus('games') as bus:
            jobs, pages = self.list_all(bus)
            self.assertEqual(self.names(jobs), ['other.Last'])
            self.assertGreater(pages, 1)    # or one call could keep polkit busy for as long as there are jobs
            self.assertIn('Last', jobctl('list', user='games').stdout)

    def test_who_may_see_nothing_is_told_so(self):
        with RawBus('dave') as bus:
            error, pages = self.list_all(bus)
        self.assertIn(error, ACCESS_DENIED)
        self.assertEqual(pages, 1)
        self.assertFails(['jobctl', 'list'], 'not authorised to view any job', status=4, user='dave')

    def test_pages_fit_together(self):
        with RawBus('alice') as bus:
            names, more = [], True
            while more:
                filter = {'module_name': ('s', 'many'), 'limit': ('u', 37), 'offset': ('u', len(names))}
                page, more = bus.call(*MANAGER, 'ListJobs', 'a{sv}', filter).body
                names += self.names(page)
        self.assertEqual(names, [f'many.J{i:03}' for i in range(MANY)])

    def test_filter_by_requester(self):
        mine = jobctl('run', '--no-wait', 'many.J001', user='alice').stdout.strip()
        with RawBus('alice') as alice, RawBus('bob') as bob, RawBus() as root:
            for bus, requester, error, found in ((alice, 'alice', None, True), (alice, '2001', None, True),
                                                 (alice, 'bob', ACCESS_DENIED, False), (bob, 'alice', None, True),
                                                 (bob, 'no-such-user', None, False), (root, 'alice', None, True),
                                                 (root, '2002', None, False)):
                reply = bus.call(*MANAGER, 'ListJobResults', 'a{sv}', {'requester': ('s', requester)})
                if error:
                    self.assertIn(reply.error, error)
                    continue
                ids = [properties['Id'] for _, properties in reply.body[0]]
                self.assertEqual(mine in ids, found, requester)

    def test_before_reveals_no_uuid(self):
        secret = jobctl('run', '--no-wait', 'many.J001', user='carol').stdout.strip()
        unknown = str(uuid.uuid4())
        with RawBus('dave') as bus:
            found, missing = (bus.call(*MANAGER, 'ListJobResults', 'a{sv}', {'before': ('s', text)})
                              for text in (secret, unknown))
        self.assertEqual(found.error, missing.error)
        self.assertEqual(found.body[0].replace(secret, ''), missing.body[0].replace(unknown, ''))


class Polkit(JobdTestCase):
    def agent(self, *processes):
        """An authentication agent for these processes, where nobody ever types a password."""
        bus = RawBus()
        self.addCleanup(bus.close)
        for pid in processes:
            with open(f'/proc/{pid}/stat', encoding='ascii') as file:
                started = int(file.read().rsplit(')', 1)[1].split()[19])
            reply = bus.call('/org/freedesktop/PolicyKit1/Authority', 'org.freedesktop.PolicyKit1.Authority',
                             'RegisterAuthenticationAgent', '(sa{sv})ss',
                             ('unix-process', {'pid': ('u', pid), 'start-time': ('t', started)}), 'C', '/agent',
                             destination='org.freedesktop.PolicyKit1')
            self.assertIsNone(reply.error, reply)

    def test_open_passwords_lock_out_nobody(self):
        self.agent(os.getpid())
        users = 'dave', 'bin', 'games', 'man', 'lp', 'mail', 'news', 'uucp', 'proxy', 'backup'
        buses = [RawBus(user) for user in users]
        for bus in buses:
            self.addCleanup(bus.close)
            for _ in range(32):
                later(bus, 'GetJob', 's', 'many.J001', flags=ALLOW_INTERACTIVE)
        with RawBus('alice') as alice:
            for flags in 0, ALLOW_INTERACTIVE, ALLOW_INTERACTIVE:
                reply = alice.call(*MANAGER, 'GetJob', 's', 'many.J001', flags=flags)
                self.assertIsNone(reply.error, reply)
            jobs = alice.call(*MANAGER, 'ListJobs', 'a{sv}', {'limit': ('u', 100)}).body[0]
            self.assertEqual(len(jobs), 100)

    def test_password_for_a_list(self):
        """One, for all pages; and then the jobs are there."""
        with polkit_rules('polkit.addAdminRule(function(action, subject) { return ["unix-user:carol"]; });'):
            status, shown = dialogue(['jobctl', 'list'], ('Password:', 'carol\n'), user='dave')
        self.assertEqual(status, 0, shown)
        self.assertIn('many.J000', shown)
        self.assertIn('other.Last', shown)

    def test_polkit_killed_in_the_middle(self):
        """The question is asked again, and nobody is told that they may not."""
        with RawBus('alice') as bus:
            self.assertIsNone(bus.call(*MANAGER, 'GetJob', 's', 'many.J001').error)
            pid = main_pid('polkit.service')
            os.kill(pid, signal.SIGSTOP)
            serials = [later(bus, 'GetJob', 's', 'many.J001'), later(bus, 'ListJobs', 'a{sv}', {'limit': ('u', 50)})]
            # the bus has passed them on when jobd answers a later call that polkit is not asked about
            with RawBus() as root:
                root.call(*MANAGER, 'GetJob', 's', 'many.J001')
            os.kill(pid, signal.SIGKILL)
            wait_exit(pid)
            job, jobs = replies(bus, serials)
        self.assertIsNone(job.error, job)
        self.assertIsNone(jobs.error, jobs)
        self.assertEqual(len(jobs.body[0]), 50)

    def test_polkit_missing_is_said_and_no_list_is_shorter(self):
        run(['systemctl', 'mask', '--runtime', '--now', 'polkit.service'])
        try:
            with RawBus('alice') as bus:
                job = bus.call(*MANAGER, 'GetJob', 's', 'many.J001')
                jobs = bus.call(*MANAGER, 'ListJobs', 'a{sv}', {})
        finally:
            run(['systemctl', 'unmask', '--runtime', 'polkit.service'])
            run(['systemctl', 'start', 'polkit.service'])
        self.assertIn('polkit', job.body[0])
        self.assertIsNotNone(jobs.error)


if __name__ == '__main__':
    unittest.main()
