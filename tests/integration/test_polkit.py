# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Passwords, waiting for them, and how much of it one user may cause; and jobd without polkit."""
import unittest

from harness import JobdTestCase, dialogue, install_job, jobctl, jobctl_json, journal, journal_cursor, main_pid, run
from raw_bus import ALLOW_INTERACTIVE, RawBus
from rules import SilentAgent, polkit_rules

MANAGER = 'org.jobd1.Manager'
DENIED = '59a068bf972f45e28d734d07c3c54376'
LIMITS_EXCEEDED = 'org.freedesktop.DBus.Error.LimitsExceeded'
ADMINISTRATORS = 'polkit.addAdminRule(function(action, subject) { return ["unix-user:carol"]; });'
PASSWORDS_PER_USER = 6      # of daemon/authority.c
PASSWORDS = 48
CALLS_PER_USER = 32         # of daemon/access-call.c


def setUpModule():
    for class_path in ['ask.Quick', *[f'many.Job{i}' for i in range(100)]]:
        install_job(class_path, '[Service]\nExecStart=true\n')
    jobctl('refresh')
    jobctl('enable', 'ask.Quick')
    run(['systemctl', 'start', 'polkit.service'])


def ask_later(bus, member='GetJob', reference='ask.Quick', flags=ALLOW_INTERACTIVE):
    if member == 'RunJob':
        return bus.call_later('/org/jobd1', MANAGER, member, 'ssa{sv}', reference, '', {}, flags=flags)
    return bus.call_later('/org/jobd1', MANAGER, member, 's', reference, flags=flags)


class Passwords(JobdTestCase):
    def test_asked_and_right(self):
        with polkit_rules(ADMINISTRATORS):
            status, shown = dialogue(['jobctl', 'run', 'ask.Quick'], ('Password:', 'carol\n'), user='dave')
        self.assertEqual(status, 0, shown)
        self.assertIn('Authentication is required to run job ask.Quick.', shown)
        self.assertEqual(jobctl_json('results', '--job', 'ask.Quick', '-n', '1')[0]['user'], 'dave')

    def test_asked_and_wrong(self):
        with polkit_rules(ADMINISTRATORS):
            status, shown = dialogue(['jobctl', 'run', 'ask.Quick'], ('Password:', 'wrong\n'), user='dave')
        self.assertEqual(status, 4, shown)
        self.assertIn("not authorised to run job 'ask.Quick'", shown)

    def test_the_dialogue_names_the_job_to_those_who_may_view_it(self):
        """dave calls it what he likes, but is not told the name of what he may not see."""
        path = RawBus().call('/org/jobd1', MANAGER, 'GetJob', 's', 'ask.Quick').body[0]
        with SilentAgent() as agent:
            for user, what in ('alice', 'Quick'), ('dave', path):
                with RawBus(user) as bus:
                    bus.call_later(path, 'org.jobd1.Job', 'Enable', flags=ALLOW_INTERACTIVE)
                    message, _ = agent.wait_asked()
                    self.assertEqual(message, f'Authentication is required to change job {what}.')

    def test_nobody_there_to_ask(self):
        """Without a terminal and a desktop the call is made once: one denial is in the journal."""
        cursor = journal_cursor()
        done = jobctl('run', 'ask.Quick', user='dave', check=False)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("not authorised to run job 'ask.Quick'", done.stderr)
        self.assertEqual(len(journal(f'MESSAGE_ID={DENIED}', since=cursor)), 1)

    def test_no_agent(self):
        with RawBus('dave') as bus:
            reply = bus.reply_to(ask_later(bus, 'RunJob', flags=0))
        self.assertEqual(reply.error, 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired')
        self.assertIn("not authorised to run job 'ask.Quick'", reply.body[0])


class Waiting(JobdTestCase):
    def served(self, user, member='RunJob'):
        """This user is served now."""
        with RawBus(user) as bus:
            reply = bus.reply_to(ask_later(bus, member, flags=0))
            self.assertIsNone(reply.error, reply)

    def ask_much(self, bus, waiting):
        """40 calls that take a password: so many wait, all others are refused."""
        serials = {ask_later(bus) for _ in range(40)}
        for _ in range(40 - waiting):
            reply = bus.wait(lambda m: m.reply_serial in serials)
            self.assertEqual(reply.error, LIMITS_EXCEEDED, reply)
        self.assertIsNone(bus.receive(0.1))

    def test_others_are_served_meanwhile(self):
        with SilentAgent() as agent, RawBus('dave') as dave:
            serial = ask_later(dave)
            agent.wait_asked()
            self.served('alice')
            self.served('bob', 'GetJob')
            self.served(None)
            # dave himself too, in what he may
            self.assertIsNone(dave.call('/org/jobd1', MANAGER, 'ListJobResults', 'a{sv}', {}).error)
            agent.close()
            self.assertIn('not authorised', dave.reply_to(serial).body[0])

    def test_one_user_has_so_many_and_no_more(self):
        with SilentAgent(), RawBus('dave') as dave:
            self.ask_much(dave, PASSWORDS_PER_USER)
            self.served('alice')

    def test_many_users_do_not_shut_out_those_who_need_no_password(self):
        users = ['dave', 'daemon', 'bin', 'sys', 'games', 'man', 'lp', 'mail', 'news', 'nobody']
        with SilentAgent():
            buses = [RawBus(user) for user in users]
            for i, bus in enumerate(buses):
                self.ask_much(bus, PASSWORDS_PER_USER if i < PASSWORDS // PASSWORDS_PER_USER else 0)
            self.served('alice')
            self.served('bob', 'GetJob')
            for bus in buses:
                bus.close()
        self.served('alice')

    def test_calls_in_a_row_are_limited(self):
        """Who sends without waiting for replies is told so, and gets all that fits."""
        with RawBus('alice') as bus:
            serials, replies = {ask_later(bus) for _ in range(200)}, []
            while serials:
                reply = bus.wait(lambda m: m.reply_serial in serials, 'all replies')
                serials.remove(reply.reply_serial)
                replies.append(reply.error)
        self.assertLessEqual(set(replies), {None, LIMITS_EXCEEDED})
        self.assertGreaterEqual(replies.count(None), CALLS_PER_USER)

    def test_lists_of_one_do_not_hold_up_others(self):
        """Each list asks polkit for each job; the bus would refuse more than 128 questions at a time."""
        with RawBus('dave') as dave, RawBus('carol') as carol:
            serials = [(bus, bus.call_later('/org/jobd1', MANAGER, 'ListJobs', 'a{sv}', {'limit': ('u', 1000)}))
                       for bus in (dave, carol) for _ in range(5)]
            self.served('alice')
            for bus, serial in serials:
                reply = bus.reply_to(serial)
                if bus is carol:
                    names = [properties['ModuleName'] for _, properties in reply.body[0]]
                    self.assertEqual(len([name for name in names if name != 'jobd']), 101)
                else:
                    self.assertIn('not authorised to view any job', reply.body[0])

    def test_a_client_that_goes_is_forgotten(self):
        with SilentAgent() as agent:
            for _ in range(20):
                with RawBus('dave') as dave:
                    ask_later(dave)
                    agent.wait_asked()
            with RawBus('dave') as dave:
                ask_later(dave)
                agent.wait_asked()

    def test_large_calls_are_refused_at_once(self):
        """They would have to be kept for as long as the password takes."""
        with SilentAgent(), RawBus('dave') as dave:
            for arguments in ('RunJob', 'ssa{sv}', 'ask.Quick', 'x' * 1000000, {}), (
                    'RunJob', 'ssa{sv}', 'ask.Quick', '', {f'option{i}': ('b', True) for i in range(20000)}), (
                    'RunJob', 'ssa{sv}', 'ask.Quick', '', {'task_queue': ('ay', [0] * 1000000)}), (
                    'GetJob', 's', 'x' * 1000000), ('GetJob', 'sat', 'ask.Quick', [0] * 100000):
                reply = dave.call('/org/jobd1', MANAGER, *arguments, flags=ALLOW_INTERACTIVE)
                self.assertEqual(reply.error, 'org.jobd1.Error.DataTooLarge', reply)

    def test_denials_do_not_fill_the_journal(self):
        """jobd.service has no rate limit, so that no line of a run is lost."""
        with RawBus('games') as bus:
            for _ in range(150):
                bus.call('/org/jobd1', MANAGER, 'GetJob', 's', 'a\nb\x1b[2J' + 'x' * 1000)
        denied = journal('MESSAGE_ID=59a068bf972f45e28d734d07c3c54376', 'JOB_CALLER=games')
        self.assertIn(len(denied), range(20, 43))   # 20 in a minute, and a line that counts the others
        self.assertLess(len(denied[0]['MESSAGE']), 200)
        self.assertTrue(denied[0]['MESSAGE'].isprintable())


class Without(JobdTestCase):
    def test_polkit_masked(self):
        run(['systemctl', 'mask', '--runtime', 'polkit.service'])
        run(['systemctl', 'stop', 'polkit.service'])
        try:
            self.assertFails(['jobctl', 'run', 'ask.Quick'], 'polkit does not answer', 'only root may',
                             'systemctl status polkit', status=4, user='alice', input='')
            self.assertFails(['jobctl', 'list'], 'not authorised', status=4, user='alice', input='')
            jobctl('run', 'ask.Quick')
            self.assertIn('ask.Quick', jobctl('list').stdout)
        finally:
            run(['systemctl', 'unmask', '--runtime', 'polkit.service'])
        jobctl('run', 'ask.Quick', user='alice')

    def test_polkit_stopped_is_started(self):
        jobctl('list')
        pid = main_pid()
        run(['systemctl', 'stop', 'polkit.service'])
        jobctl('run', 'ask.Quick', user='alice')
        self.assertEqual(main_pid(), pid)


if __name__ == '__main__':
    unittest.main()
