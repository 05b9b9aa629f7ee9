# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Approvals, attacked: by a requester, an approver, an administrator, root, and who sits behind a sudo."""
import json
import os
import sqlite3
import time
import unittest
import uuid

from approvals import (BUSES, DENIED, EXPIRED, MANAGER, SCHEDULE, VOIDED, ApprovalTestCase, install, option, runs_of,
                       set_up, tear_down)
from harness import install_job, jobctl, jobctl_json, journal_cursor, journal_wait, run
from rules import polkit_rules

tearDownModule = tear_down
OWN = 'You cannot approve your own job request!'
EVERYTHING = '''
    polkit.addRule(function(action, subject) {
        if (subject.user == "alice" || subject.user == "erin" || subject.user == "bob")
            return polkit.Result.YES;
    });
'''


def setUpModule():
    set_up()
    install_job('appr.Before', '[Job]\nOnSuccess=appr.Simple device=$input.device\n[Variable device]\n'
                               '[Service]\nExecStart=/bin/true\n')
    install('appr.Other')
    install('appr.Growing', 'ApprovalStages=tech:dba')
    install('appr.Dropped')
    jobctl('refresh')
    jobctl('enable', *(f'appr.{name}' for name in ('Before', 'Other', 'Growing', 'Dropped')))


def uid_of(user):
    return run(['id', '-u', user]).stdout.strip()


def uuid_of(path):
    return str(uuid.UUID(path.rsplit('/', 1)[1]))


def write(path, what):
    """Into the record of a scheduled job, while jobd is away."""
    with sqlite3.connect('/var/lib/jobd/jobd.db') as database:
        database.execute(f'UPDATE scheduled_job SET {what} WHERE id = ?', [uuid_of(path)])
    database.close()


def behind(login, *command, user='root', check=True):
    """What `sudo -u USER COMMAND` is to jobd when somebody has logged in: another user, in the login's cgroup."""
    return run(['systemd-run', '--quiet', '--wait', '--pipe', f'--slice=user-{uid_of(login)}.slice',
                *(['--uid', user] if user != 'root' else []), *command], check=check)


def call_behind(login, path, interface, member, signature='', *args, user='root'):
    """The reply, or the error's text."""
    done = behind(login, 'busctl', '--json=short', 'call', 'org.jobd1', path, interface, member, signature, *args,
                  user=user, check=False)
    return json.loads(done.stdout)['data'] if done.returncode == 0 and done.stdout.strip() else done.stderr


class Attacks(ApprovalTestCase):
    def who(self, path):
        return [self.properties(path)[name] for name in ('Requester', 'RequestedBy')]

    def approve_behind(self, login, path, user='root', member='Approve'):
        return call_behind(login, path, SCHEDULE, member, 'a{sv}', '0', user=user)

    def update(self, path, user='alice', **changes):
        return BUSES[user].call(path, SCHEDULE, 'Update', 'a{sv}', {name: option(value) for name, value in changes.items()})

    def assertOwn(self, path, *logins):
        """Whoever of these has asked cannot answer, neither as they are nor as root."""
        for login in logins:
            self.assertRefused(self.answer(path, login), 'OwnRequest', OWN)
            self.assertIn(OWN, self.approve_behind(login, path))
            self.assertIn('You cannot deny your own', self.approve_behind(login, path, member='Deny'))
        self.assertEqual(self.state(path), 'pending')

    # ---- behind a sudo

    def test_sudo(self):
        """A process of root in the session of who has logged in as alice, and the other way round."""
        path = self.request()
        self.assertIn(OWN, self.approve_behind('alice', path))
        self.assertEqual(self.state(path), 'pending')
        path = call_behind('alice', '/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'appr.Simple', '{"device":"sudo"}', '0')[1]
        self.assertEqual(self.who(path), ['root', 'alice'])
        with polkit_rules(EVERYTHING):
            self.assertOwn(path, 'alice')

    def test_sudo_for_another(self):
        """She asks as root for carol, or takes over as root: she has asked, whichever way she then answers."""
        for_another = call_behind('alice', '/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'appr.Simple', '{"device":"sudo"}',
                                  '1', 'username', 's', 'carol')[1]
        self.assertEqual(self.who(for_another), ['carol', 'alice'])
        taken = self.request(user='carol')
        call_behind('alice', taken, SCHEDULE, 'TakeOver')
        self.assertEqual(self.who(taken), ['root', 'alice'])
        with polkit_rules(EVERYTHING):
            for path in for_another, taken:
                self.assertOwn(path, 'alice')

    def test_sudo_that_writes_what_another_has_asked(self):
        """Both are root to jobd: bob asks, alice writes the input. She cannot approve what she wrote."""
        path = call_behind('bob', '/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'appr.Simple', '{"device":"bobs"}', '0')[1]
        self.assertEqual(self.who(path), ['root', 'bob'])
        call_behind('alice', path, SCHEDULE, 'Update', 'a{sv}', '1', 'data', 's', '{"device":"mine"}')
        self.assertEqual([*self.who(path), self.device_of(path)], ['root', 'alice', 'mine'])
        with polkit_rules(EVERYTHING):
            self.assertOwn(path, 'alice')

    def test_sudo_does_not_count_twice(self):
        """As who they are, as root, as another approver: one person, one answer."""
        for first, second in ((('bob', None), ('bob', 'erin')), (('bob', 'erin'), ('bob', None))):
            path = self.request('Staged')
            for login, user in (first, second):
                digest = ('1', 'digest', 's', self.properties(path)['Digest'])
                said = call_behind(login, path, SCHEDULE, 'Approve', 'a{sv}', *digest, user=user or login)
                if (login, user) == second:
                    self.assertIn('You have already approved to this stage.', said)
            self.assertEqual([(a[1], a[2]) for a in self.properties(path)['Approvals']], [('bob', 'approved')])
            self.assertEqual(self.properties(path)['Stages'][0], ('tech', 'dba', 2, 1))
            self.approve(path, 'erin')

    def test_sudo_before_a_chain(self):
        """What follows on a run that alice started as root was asked for by her."""
        cursor = journal_cursor()
        device = self.device()
        call_behind('alice', '/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'appr.Before', json.dumps({'device': device}), '0')
        entry = journal_wait('MESSAGE_ID=0ca7d7beee5e419db3b01992a6177eb7', since=cursor)
        path = '/org/jobd1/schedule/' + entry['SCHEDULED_JOB_ID'].replace('-', '')
        self.assertEqual([*self.who(path), self.device_of(path)], ['root', 'alice', device])
        with polkit_rules(EVERYTHING):
            self.assertOwn(path, 'alice')

    def test_sudo_and_rest(self):
        """The gateway is a process of its own: who has connected to it counts."""
        curl = ['curl', '-sS', '--unix-socket', '/run/jobd/rest.sock', '-H', 'Content-Type: application/json', '-X', 'POST']
        body = json.dumps({'data': {'device': 'rest'}})
        made = json.loads(behind('alice', *curl, '--data', body,
                                 'http://localhost/api/extras/jobs/appr.Simple/run/').stdout)['scheduled_job']
        path = '/org/jobd1/schedule/' + made['id'].replace('-', '')
        self.assertEqual(self.who(path), ['root', 'alice'])
        mine = self.request()
        url = f'http://localhost/api/extras/scheduled-jobs/{self.properties(mine)["Id"]}/approve/'
        self.assertIn(OWN, behind('alice', *curl, url).stdout)
        self.assertEqual(self.state(mine), 'pending')

    # ---- schedules

    def not_started(self, result, device):
        """The job result of a run that was to start, and was not."""
        entry = journal_wait(f'JOB_RESULT_ID={result}', 'MESSAGE_ID=34d44591472b4561aac07c10a37bb99a',
                             since=self.since)
        self.assertIn('requires approval, and there is none for this run', entry['MESSAGE'])
        self.assertEqual(jobctl_json('result', result)['reason'], 'not-runnable')
        self.assertEqual(runs_of(device), [])

    def test_a_dry_run_that_becomes_a_real_one(self):
        """Scheduled as a dry run, which needs no approval, changed, and run now."""
        device = self.device()
        reply = self.submit(data={'device': device, 'dryrun': True}, interval='daily', name=device,
                            start_time=int((time.time() + 3600) * 1e6))
        self.assertIsNone(reply.error, reply)
        path = reply.body[1]
        self.assertEqual(self.state(path), 'active')
        reply = BUSES['alice'].call(path, SCHEDULE, 'Update', 'a{sv}',
                                    {'data': ('s', json.dumps({'device': device, 'dryrun': False}))})
        self.assertIsNone(reply.error, reply)
        self.assertRefused(BUSES['alice'].call(path, SCHEDULE, 'RunNow', 'a{sv}', {}), 'ApprovalRequired')
        self.assertEqual(runs_of(device), [])

    def test_scheduled_before_approval_was_required(self):
        jobctl('set', 'appr.Plain', 'approval_required=no')
        reply = self.submit('Plain', data={}, interval='daily', name='plain-before',
                            start_time=int((time.time() + 3600) * 1e6))
        self.assertIsNone(reply.error, reply)
        jobctl('revert', 'appr.Plain', 'approval_required')
        self.assertRefused(BUSES['alice'].call(reply.body[1], SCHEDULE, 'RunNow', 'a{sv}', {}), 'ApprovalRequired')

    def test_who_changes_is_not_who_approves(self):
        path = self.request()
        before = self.properties(path)
        for user in 'carol', 'root':
            self.assertRefused(BUSES[user].call(path, SCHEDULE, 'Update', 'a{sv}', {'data': ('s', '{"device":"mine"}')}),
                               DENIED, 'only its requester alice may change what is approved', 'take-over')
        self.assertEqual(self.properties(path), before)

    def test_a_change_that_changes_nothing(self):
        path = self.request(interval='daily', name=self.device(), start_time=int((time.time() + 3600) * 1e6))
        self.approve(path)
        reply = BUSES['alice'].call(path, SCHEDULE, 'Update', 'a{sv}', {'missed': ('s', 'last')})
        self.assertIsNone(reply.error, reply)
        self.assertEqual(self.state(path), 'pending')
        self.approve_now(path)
        self.assertEqual(self.state(path), 'active')

    def test_deleted_while_its_run_waits(self):
        queue = BUSES['root'].call('/org/jobd1', MANAGER, 'GetJobQueue', 's', 'default').body[0]
        self.since, device = journal_cursor(), self.device()
        path = self.request(data={'device': device})
        BUSES['root'].call(queue, 'org.jobd1.JobQueue', 'Set', 'a{sv}', {'enabled': ('b', False)})
        try:
            self.approve(path)
            result = journal_wait('MESSAGE_ID=4e77a34c934c4bc0894e0ec71cae9612', 'JOB_CLASS_PATH=appr.Simple',
                                  since=self.since)['JOB_RESULT_ID']
            self.assertIsNone(BUSES['alice'].call(path, SCHEDULE, 'Delete').error)
        finally:
            BUSES['root'].call(queue, 'org.jobd1.JobQueue', 'Set', 'a{sv}', {'enabled': ('b', True)})
        self.not_started(result, device)

    def test_dry_run_of_another_that_is_changed(self):
        """carol turns alice's dry run into a real one: it is alice's to change. Without a requirement, she is on record."""
        reply = self.submit(data={'device': self.device(), 'dryrun': True}, interval='daily', name=self.device(),
                            start_time=int((time.time() + 3600) * 1e6))
        self.assertRefused(self.update(reply.body[1], 'carol', data='{"device":"evil","dryrun":false}'), DENIED,
                           'only its requester alice may change')
        jobctl('set', 'appr.Other', 'approval_required=no')
        path = self.submit('Other', interval='daily', name=self.device(),
                           start_time=int((time.time() + 3600) * 1e6)).body[1]
        self.assertIsNone(self.update(path, 'carol', data='{"device":"evil"}').error)
        self.assertEqual(self.who(path), ['alice', 'carol'])
        jobctl('revert', 'appr.Other', 'approval_required')
        self.assertIsNone(self.update(path, 'alice', missed='none').error)
        self.assertEqual(self.state(path), 'pending')
        self.assertOwn(path, 'carol')

    def test_dry_run_that_asks_at_once(self):
        """Not when it is due at night and nobody is there."""
        device, cursor = self.device(), journal_cursor()
        path = self.submit(data={'device': device, 'dryrun': True}, interval='daily', name=device,
                           start_time=int((time.time() + 3600) * 1e6)).body[1]
        self.assertIsNone(self.update(path, data=json.dumps({'device': device, 'dryrun': False})).error)
        entry = journal_wait(f'MESSAGE_ID={VOIDED}', since=cursor)
        self.assertIn('needs a new approval: it was changed by alice', entry['MESSAGE'])
        self.assertEqual(self.state(path), 'pending')
        self.assertRefused(self.answer(path, 'bob'), 'RequestChanged', 'it was changed by alice. Look at it again')
        self.approve_now(path)
        self.assertEqual(self.state(path), 'active')

    def test_changed_while_somebody_looks(self):
        """bob has seen a harmless request; what he then approves without saying what is not another one."""
        path = self.request(data={'device': 'harmless'})
        seen = self.described(path)['digest']
        self.assertIsNone(self.update(path, data='{"device":"evil"}').error)
        for options in {}, {'digest': seen}, {'force': True}:
            self.assertRefused(self.answer(path, 'bob', **options), 'RequestChanged', 'ook at it again')
        self.assertEqual(self.state(path), 'pending')
        self.assertEqual(runs_of('evil'), [])
        self.assertIsNone(self.answer(path, 'bob', 'Deny').error)

    def test_name_of_another(self):
        """A name that looks like the UUID of another request is not taken for it."""
        other = self.properties(self.request('Other'))['Id']
        reply = self.submit(interval='future', name=other, start_time=int((time.time() + 3600) * 1e6))
        if reply.error is None:
            found = BUSES['bob'].call('/org/jobd1', MANAGER, 'GetScheduledJob', 's', other).body[0]
            self.assertEqual(self.properties(found)['Id'], other)

    # ---- what is covered

    def test_stages_of_now(self):
        """A class that asks for more after the request was made gets it."""
        path = self.request('Growing')
        install('appr.Growing', 'ApprovalStages=tech:dba:2 last:release')
        self.assertRefused(self.answer(path, 'bob'), 'RequestChanged')
        self.assertEqual(self.properties(path)['Stages'], [('tech', 'dba', 2, 0), ('last', 'release', 1, 0)])
        for user in 'bob', 'erin':
            self.approve_now(path, user)
        self.assertEqual(self.state(path), 'pending')
        cursor = journal_cursor()
        self.approve_now(path, 'carol')
        self.wait_run(self.device_of(path), cursor)

    def test_requirement_off_and_on(self):
        """A request that waits is not let through by that, nor by its way back."""
        path = self.request('Other')
        jobctl('set', 'appr.Other', 'approval_required=no')
        self.assertEqual(self.state(path), 'pending')
        self.assertRefused(self.answer(path, 'bob'), 'RequestChanged', 'approval_required')
        jobctl('revert', 'appr.Other', 'approval_required')
        self.assertRefused(self.answer(path, 'bob', digest=self.properties(path)['Digest']), 'RequestChanged')
        self.assertEqual([self.state(path), runs_of(self.device_of(path))], ['pending', []])

    def test_drop_in_after_the_approval(self):
        path = self.request('Dropped', interval='future', start_time=int((time.time() + 16) * 1e6), name=self.device())
        self.approve(path)
        cursor = journal_cursor()
        os.makedirs('/etc/jobd/jobs/appr/Dropped.job.d')
        with open('/etc/jobd/jobs/appr/Dropped.job.d/evil.conf', 'w', encoding='utf-8') as file:
            file.write('[Service]\nEnvironment=LD_PRELOAD=/tmp/evil.so\n')
        self.assertIn('Environment= was added', journal_wait(f'MESSAGE_ID={VOIDED}', since=cursor)['MESSAGE'])
        self.assertEqual([self.state(path), runs_of(self.device_of(path))], ['pending', []])

    def closed_queue(self):
        """Runs wait in it until the end of the test, or until it is opened."""
        queue = BUSES['root'].call('/org/jobd1', MANAGER, 'GetJobQueue', 's', 'default').body[0]

        def set_enabled(enabled):
            BUSES['root'].call(queue, 'org.jobd1.JobQueue', 'Set', 'a{sv}', {'enabled': ('b', enabled)})

        set_enabled(False)
        self.addCleanup(set_enabled, True)
        return lambda: set_enabled(True)

    def test_requested_before_approval_was_required(self):
        """Also what waits in a queue."""
        jobctl('set', 'appr.Other', 'approval_required=no')
        self.since, device = journal_cursor(), self.device()
        let = self.closed_queue()
        reply = self.submit('Other', data={'device': device})
        self.assertTrue(reply.body[1].startswith('/org/jobd1/result/'), reply)
        jobctl('revert', 'appr.Other', 'approval_required')
        let()
        self.not_started(reply.body[0], device)

    def test_input_of_the_run(self):
        """The approval of what a schedule has become is none of the run that it was due for before."""
        self.since, device = journal_cursor(), self.device()
        path = self.request(data={'device': device}, interval='custom', crontab='* * * * *', name=device)
        let = self.closed_queue()
        self.approve(path)
        result = journal_wait('MESSAGE_ID=4e77a34c934c4bc0894e0ec71cae9612', 'JOB_CLASS_PATH=appr.Simple',
                              since=self.since)['JOB_RESULT_ID']
        self.assertIsNone(self.update(path, data='{"device":"harmless"}').error)
        self.approve_now(path)
        let()
        entry = journal_wait(f'JOB_RESULT_ID={result}', 'MESSAGE_ID=34d44591472b4561aac07c10a37bb99a', since=self.since)
        self.assertIn('its scheduled job was changed. Request it again', entry['MESSAGE'])
        self.assertEqual(runs_of(device), [])
        self.assertIsNone(BUSES['alice'].call(path, SCHEDULE, 'Cancel', 'a{sv}', {}).error)

    def test_one_of_two_approvals_is_none(self):
        """A record that says active, without all answers: what a defect, or who can write the database, may make of it."""
        path = self.request('Staged')
        self.approve(path, 'bob')
        run(['systemctl', 'stop', 'jobd.service'])
        write(path, "state = 'active', next_run_at = 1")
        cursor = journal_cursor()
        jobctl('list')      # starts it
        self.assertIn('not all who have to approve it have', journal_wait(f'MESSAGE_ID={VOIDED}', since=cursor)['MESSAGE'])
        self.assertEqual([self.state(path), runs_of(self.device_of(path))], ['pending', []])

    def test_expired_while_jobd_was_away(self):
        """The answer may be the call that starts jobd."""
        path = self.request()
        run(['systemctl', 'stop', 'jobd.service'])
        write(path, 'expires_at = 1')
        cursor = journal_cursor()
        self.assertRefused(self.answer(path, 'bob'), 'NotPending', 'it is expired')
        journal_wait(f'MESSAGE_ID={EXPIRED}', since=cursor)
        self.assertEqual([self.state(path), runs_of(self.device_of(path))], ['expired', []])


if __name__ == '__main__':
    unittest.main()
