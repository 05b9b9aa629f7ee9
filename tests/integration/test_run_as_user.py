# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""A run that is asked for as another user: both are asked what they may, and both are on record."""
import unittest

from harness import JobdTestCase, install_job, journal, jobctl, jobctl_json
from raw_bus import RawBus
from rules import polkit_rules

MANAGER, RESULT, PROPERTIES = 'org.jobd1.Manager', 'org.jobd1.JobResult', 'org.freedesktop.DBus.Properties'
DENIED = ['org.freedesktop.DBus.Error.AccessDenied', 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired']


def setUpModule():
    install_job('demo.Hello', '[Service]\nExecStart=true\n')
    jobctl('refresh')
    jobctl('enable', 'demo.Hello')


class RunAsUser(JobdTestCase):
    def run_as(self, caller, user):
        with RawBus(caller) as bus:
            return bus.call('/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'demo.Hello', '', {'username': ('s', user)})

    def property(self, path, name):
        with RawBus() as bus:
            return bus.call(path, PROPERTIES, 'Get', 'ss', RESULT, name).body[0]

    def test_root_as_alice(self):
        reply = self.run_as('root', 'alice')
        self.assertIsNone(reply.error, reply)
        result_id, path = reply.body
        self.assertEqual([self.property(path, name) for name in ('Requester', 'RequestedBy')], ['alice', 'root'])
        self.assertIn("root requested a run of job 'demo.Hello' as user alice",
                      [entry['MESSAGE'] for entry in journal(f'JOB_RESULT_ID={result_id}', 'JOB_CALLER=root')])
        self.assertIn(result_id, jobctl('results', user='alice').stdout)

    def test_command_line_of_the_user_guide(self):
        """runjob [--username <username>] [--local] [--data <data>] <class_path>"""
        made = jobctl_json('run', '--username', 'alice', '--local', '--data={}', 'demo.Hello')
        self.assertEqual((made['status'], made['user']), ('SUCCESS', 'alice'))
        self.assertRegex(jobctl('result', made['id']).stdout, r'(?m)^ *Requester: alice\n *Requested by: root$')

    def test_by_uid_is_the_same(self):
        import pwd
        reply = self.run_as('root', str(pwd.getpwnam('alice').pw_uid))
        self.assertIsNone(reply.error, reply)
        self.assertEqual(self.property(reply.body[1], 'Requester'), 'alice')

    def test_as_oneself(self):
        reply = self.run_as('carol', 'carol')
        self.assertIsNone(reply.error, reply)
        self.assertEqual(self.property(reply.body[1], 'RequestedBy'), '')

    def test_the_user_must_be_permitted(self):
        for caller in 'root', 'carol':
            for user in 'bob', 'dave':
                reply = self.run_as(caller, user)
                self.assertEqual(reply.error, 'org.freedesktop.DBus.Error.AccessDenied', reply)
                self.assertIn(f"user '{user}' does not have permission to run job 'demo.Hello'", reply.body[0])

    def test_the_caller_must_be_permitted(self):
        """run-job is not enough, not even to run as oneself by another name; nor is it to run as root."""
        for caller in 'alice', 'bob', 'dave':
            for user in 'alice', 'root', 'carol':
                reply = self.run_as(caller, user)
                self.assertIn(reply.error, DENIED, (caller, user, reply))
                self.assertIn('org.jobd1.run-as-user', reply.body[0])

    def test_unknown_users(self):
        for user in 'nobody-there', '', '4294967295', '-1', '2001 ', '../x', 'x' * 256:
            reply = self.run_as('root', user)
            self.assertEqual(reply.error, 'org.jobd1.Error.NoSuchUser', (user, reply))
        self.assertIn('too long', self.run_as('root', 'x' * 257).body[0])

    def test_who_may_not_does_not_learn_who_there_is(self):
        """Nor makes jobd ask a directory service."""
        for user in 'nobody-there', 'bob', '54321', '2002':
            reply = self.run_as('alice', user)
            self.assertIn(reply.error, DENIED, reply)
            self.assertIn('org.jobd1.run-as-user', reply.body[0])
        self.assertEqual(self.run_as('carol', 'nobody-there').error, 'org.jobd1.Error.NoSuchUser')

    def test_no_line_breaks_in_a_question_for_a_password(self):
        for user in 'al\nice', 'al\x1bice', 'alice:':
            self.assertEqual(self.run_as('alice', user).error, 'org.jobd1.Error.NoSuchUser')

    def test_rules_see_both(self):
        """A rule permits bob to run as alice, and nobody else; requester is her name also when the uid was given."""
        import pwd
        with polkit_rules('''
                polkit.addRule(function(action, subject) {
                    if (subject.user == "bob" && action.id == "org.jobd1.run-as-user" &&
                        action.lookup("requester") == "alice" && action.lookup("class_path") == "demo.Hello")
                        return polkit.Result.YES;
                });
                '''):
            for user in 'alice', str(pwd.getpwnam('alice').pw_uid):
                reply = self.run_as('bob', user)
                self.assertIsNone(reply.error, reply)
                self.assertEqual([self.property(reply.body[1], name) for name in ('Requester', 'RequestedBy')],
                                 ['alice', 'bob'])
            self.assertIn(self.run_as('bob', 'carol').error, DENIED)
            self.assertIn(self.run_as('bob', 'root').error, DENIED)


if __name__ == '__main__':
    unittest.main()
