# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Approvals: each rule of the reference with its message, stages, what is approved and has changed."""
import hashlib
import json
import os
import time
import unittest

from approvals import (APPROVED, BUSES, DENIED, DENIED_ID, ERROR, EXPIRED, INTERACTIVE, MANAGER, PROPERTIES, REQUESTED,
                       SCHEDULE, STAGE, TOOL, VOIDED, ApprovalTestCase, install, runs_of, set_up, tear_down, write_tool)
from harness import (Signals, dialogue, install_job, jobctl, jobctl_json, journal, journal_cursor, journal_wait,
                     kill_jobd, run)
from raw_bus import ALLOW_INTERACTIVE, RawBus
from rules import SilentAgent, polkit_rules

setUpModule, tearDownModule = set_up, tear_down


class Rules(ApprovalTestCase):
    """Section 1.7 of the reference, row by row."""

    def test_a1_request(self):
        signals = Signals("type='signal',interface='org.jobd1.Manager',member='ApprovalRequested'")
        cursor = journal_cursor()
        path = self.request()
        self.assertEqual(signals.wait()['payload']['data'], [path])
        p = self.properties(path)
        self.assertEqual([p['ApprovalRequired'], p['Requester'], p['Interval'], p['ClassPath'], len(p['Digest'])],
                         [True, 'alice', 'immediately', 'appr.Simple', 64])
        self.assertRegex(p['Name'], r'^Simple - \d{4}-\d\d-\d\d ')
        self.assertAlmostEqual(p['ExpiresAt'] / 1e6, time.time() + 7 * 86400, delta=3600)
        self.assertEqual(p['Stages'], [('', '', 1, 0)])
        self.assertEqual(p['Approvals'], [])
        entry = journal_wait(f'MESSAGE_ID={REQUESTED}', since=cursor)
        self.assertEqual([entry['JOB_CALLER'], entry['JOB_REQUESTER'], entry['SCHEDULED_JOB_NAME']],
                         ['alice', 'alice', p['Name']])
        listed = BUSES['bob'].call('/org/jobd1', MANAGER, 'ListScheduledJobs', 'a{sv}',
                                   {'approval': ('b', True)}).body[0]
        self.assertIn(path, [entry[0] for entry in listed])
        self.assertEqual(runs_of(self.device_of(path)), [])

    def test_a2_permissions(self):
        """Both are needed, and the error says which one is missing."""
        path = self.request()
        for user, member in (('dave', 'Approve'), ('dave', 'Deny')):
            self.assertIn(self.answer(path, user, member).error, (DENIED, INTERACTIVE))
        body = '''
            polkit.addRule(function(action, subject) {
                if (subject.user == "frank" && action.id == "org.jobd1.%s")
                    return polkit.Result.NO;
            });
        '''
        for missing, member, text in (('approve-job', 'Approve', 'approve'), ('approve-job', 'Deny', 'deny'),
                                      ('change-scheduledjob', 'Approve', 'approve'),
                                      ('delete-scheduledjob', 'Deny', 'deny')):
            with polkit_rules(body % missing):
                self.assertRefused(self.answer(path, 'frank', member), DENIED,
                                   f'You do not have permission to {text} this request: ',
                                   f'ask an administrator for the polkit action org.jobd1.{missing} ')
        self.assertEqual(self.state(path), 'pending')
        self.assertEqual(self.answer(path, 'frank', 'Deny').error, None)

    def test_approvers_can_only_answer(self):
        """jobd-approve may not change or delete what it may approve and deny."""
        path = self.request()
        for member, signature, *args in (('Update', 'a{sv}', {'name': ('s', 'mine')}), ('SetEnabled', 'b', False),
                                         ('Delete', ''), ('Cancel', 'a{sv}', {}), ('TakeOver', ''),
                                         ('RunNow', 'a{sv}', {})):
            reply = BUSES['bob'].call(path, SCHEDULE, member, signature, *args)
            self.assertIn(reply.error, (DENIED, INTERACTIVE), (member, reply))
        self.assertRefused(self.answer(path, 'bob', 'DryRun'), INTERACTIVE,
                           'You do not have permission to run this job')

    def test_a3_own_request(self):
        own = 'You cannot approve your own job request!'
        path = self.request(user='carol')
        self.assertRefused(self.answer(path, 'carol'), 'OwnRequest', own)
        path = self.request(user='root')
        self.assertRefused(self.answer(path, 'root'), 'OwnRequest', own)
        self.assertRefused(self.answer(path, 'root', 'Deny'), 'OwnRequest', 'You cannot deny your own job request!')
        # in the name of somebody else
        path = self.request(user='root', username='alice')
        self.assertEqual([self.properties(path)[name] for name in ('Requester', 'RequestedBy')], ['alice', 'root'])
        self.assertRefused(self.answer(path, 'root'), 'OwnRequest', own)
        self.assertEqual(self.state(path), 'pending')
        self.approve(path)

    def test_a4_start_time(self):
        start = int((time.time() + 16) * 1e6)
        path = self.request(interval='future', start_time=start, name='a4')
        # A request to run immediately needs no force, however old
        immediately = self.request()
        while time.time() * 1e6 <= start:
            time.sleep(0.1)     # the clock is what this is about
        self.assertRefused(self.answer(path, 'bob'), 'StartTimePast',
                           "The job's start time is in the past. If you want to force a run anyway, add the `force` ")
        cursor = journal_cursor()
        self.approve(path, force=True)
        self.wait_run(self.device_of(path), cursor)
        cursor = journal_cursor()
        self.approve(immediately)
        self.wait_run(self.device_of(immediately), cursor)

    def test_a5_approved(self):
        path = self.request()
        device, cursor = self.device_of(path), journal_cursor()
        self.approve(path, comment='looks fine')
        entry = journal_wait(f'MESSAGE_ID={APPROVED}', since=cursor)
        self.assertEqual([entry['JOB_CALLER'], entry['JOB_REQUESTER'], entry['JOB_CALLER_UID']],
                         ['bob', 'alice', run(['id', '-u', 'bob']).stdout.strip()])
        self.assertIn(': looks fine', entry['MESSAGE'])
        self.wait_run(device, cursor)
        self.assertEqual(runs_of(device), [f'appr.Simple {device} dryrun=false by=alice'])
        p = self.properties(path)
        self.assertEqual([p['State'], p['TotalRunCount']], ['completed', 1])
        self.assertEqual([(a[0], a[1], a[2], a[3], a[5]) for a in p['Approvals']],
                         [(0, 'bob', 'approved', 'looks fine', False)])
        self.assertGreater(p['DecidedAt'], p['DateCreated'])
        # There is nothing more to answer
        for member in ('Approve', 'Deny'):
            self.assertRefused(self.answer(path, 'erin', member), 'NotPending',
                               'does not wait for an approval: it is ')

    def test_a6_denied(self):
        path = self.request()
        device, cursor = self.device_of(path), journal_cursor()
        self.assertIsNone(self.answer(path, 'bob', 'Deny', comment='not on a Friday').error)
        self.assertEqual(journal_wait(f'MESSAGE_ID={DENIED_ID}', since=cursor)['JOB_CALLER'], 'bob')
        p = self.properties(path)
        self.assertEqual([p['State'], p['StateReason']], ['denied', 'denied by bob: not on a Friday'])
        self.assertRefused(self.answer(path, 'erin'), 'NotPending', 'it is denied by bob: not on a Friday')
        self.assertEqual(runs_of(device), [])

    def test_a7_dry_run(self):
        path = self.request()
        device, cursor = self.device_of(path), journal_cursor()
        reply = self.answer(path, 'carol', 'DryRun')
        self.assertIsNone(reply.error, reply)
        self.wait_run(device, cursor)
        self.assertEqual(runs_of(device), [f'appr.Simple {device} dryrun=true by=carol'])
        self.assertEqual(self.state(path), 'pending')
        self.assertRefused(self.answer(self.request('Plain', data={}), 'carol', 'DryRun'), 'NoDryRun',
                           'This job does not support dry-run.')
        jobctl('disable', 'appr.Simple')
        try:
            self.assertRefused(self.answer(path, 'carol', 'DryRun'), 'NoDryRun',
                               'This job cannot be dry-run at this time.')
        finally:
            jobctl('enable', 'appr.Simple')

    def test_a8_dry_run_needs_no_approval(self):
        cursor, device = journal_cursor(), self.device()
        reply = self.submit(data={'device': device, 'dryrun': True})
        self.assertTrue(reply.body[1].startswith('/org/jobd1/result/'), reply)
        self.wait_run(device, cursor)
        # A variable that is only called so is none
        self.request('Plain', data={'dryrun': True})

    def test_conflict(self):
        self.assertRefused(self.submit('Conflict'), 'SensitiveConflict',
                           "flagged as possibly having sensitive variables but is also flagged as requiring approval")
        self.assertIn('A job that may have sensitive variables cannot be marked as requiring approval',
                      jobctl('refresh').stdout)

    def test_nobody_could_answer(self):
        self.assertRefused(self.submit('NoGroup'), 'ApprovalRequired',
                           "its group 'there-is-no-such-group' does not exist on this host: make that group, or change "
                           'ApprovalStages= of the job class')
        self.assertRefused(self.submit('NoTool'), 'ApprovalRequired',
                           'ExecStartPre=/usr/local/lib/there-is-no-such cannot be read: No such file or directory')

    def test_bad_answers(self):
        path = self.request()
        for options in ({'comment': ('s', '\x1b[2J')}, {'comment': ('s', 'x' * 5000)}, {'unknown': ('s', '')},
                        {'force': ('s', 'yes')}):
            self.assertTrue(BUSES['bob'].call(path, SCHEDULE, 'Approve', 'a{sv}', options).error.startswith(ERROR))
        self.assertTrue(BUSES['bob'].call(path, SCHEDULE, 'Deny', 'a{sv}', {'force': ('b', True)}).error)
        absent = '/org/jobd1/schedule/' + '0' * 32
        self.assertEqual(self.answer(absent, 'bob').error, 'org.freedesktop.DBus.Error.UnknownObject')
        self.assertEqual(self.state(path), 'pending')

    def test_canceled(self):
        path = self.request()
        self.assertIsNone(BUSES['alice'].call(path, SCHEDULE, 'Cancel', 'a{sv}', {}).error)
        self.assertEqual(self.state(path), 'canceled')
        self.assertRefused(self.answer(path, 'bob'), 'NotPending', 'it is canceled')

    def test_expired(self):
        os.makedirs('/run/jobd/jobd.conf.d', exist_ok=True)
        with open('/run/jobd/jobd.conf.d/50-approval.conf', 'w', encoding='utf-8') as file:
            file.write('[Jobd]\nApprovalTimeout=1s\n')
        run(['systemctl', 'restart', 'jobd.service'])
        try:
            cursor = journal_cursor()
            path = self.request()
            journal_wait(f'MESSAGE_ID={EXPIRED}', since=cursor)
            p = self.properties(path)
            self.assertEqual([p['State'], p['StateReason']], ['expired', 'nobody has answered in time'])
            self.assertRefused(self.answer(path, 'bob'), 'NotPending', 'it is expired')
        finally:
            os.unlink('/run/jobd/jobd.conf.d/50-approval.conf')
            run(['systemctl', 'restart', 'jobd.service'])

    def test_requester_sees_it(self):
        path = self.request()
        self.assertEqual(self.described(path, 'alice')['requester'], 'alice')
        self.assertIn(BUSES['dave'].call(path, SCHEDULE, 'GetRequest').error, (DENIED, INTERACTIVE))


class Stages(ApprovalTestCase):
    def test_in_order(self):
        path, cursor = self.request('Staged'), journal_cursor()
        device = self.device_of(path)
        self.assertEqual(self.properties(path)['Stages'], [('tech', 'dba', 2, 0), ('last word', 'release', 1, 0)])
        for user in ('carol', 'frank', 'root'):
            self.assertRefused(self.answer(path, user), 'NotApprover',
                               "You do not have permission to approve this stage: stage 'tech' is answered by the "
                               "members of group 'dba'")
        self.approve(path, 'bob')
        self.assertEqual(journal_wait(f'MESSAGE_ID={STAGE}', since=cursor)['JOB_APPROVAL_STAGE'], 'tech')
        self.assertRefused(self.answer(path, 'bob'), 'AlreadyAnswered', 'You have already approved to this stage.')
        self.approve(path, 'erin')
        self.assertEqual(self.properties(path)['Stages'], [('tech', 'dba', 2, 2), ('last word', 'release', 1, 0)])
        # Bob is in that group, too, and counts once
        self.assertRefused(self.answer(path, 'bob'), 'AlreadyAnswered', 'You have already approved to another stage')
        self.assertRefused(self.answer(path, 'erin'), 'AlreadyAnswered')
        self.assertRefused(self.answer(path, 'frank'), 'NotApprover', "group 'release'")
        self.assertEqual(self.state(path), 'pending')
        self.assertEqual(runs_of(device), [])
        cursor = journal_cursor()
        self.approve(path, 'carol')
        self.wait_run(device, cursor)

    def test_one_denial(self):
        path = self.request('Staged')
        self.approve(path, 'bob')
        self.assertIsNone(self.answer(path, 'erin', 'Deny').error)
        self.assertEqual(self.state(path), 'denied')
        self.assertRefused(self.answer(path, 'carol'), 'NotPending')

    def test_polkit_as_well(self):
        """A stage never takes the place of the permission."""
        run(['gpasswd', '--add', 'dave', 'dba'])
        try:
            path = self.request('Staged')
            self.assertRefused(self.answer(path, 'dave'), INTERACTIVE,
                               'You do not have permission to approve this request')
        finally:
            run(['gpasswd', '--delete', 'dave', 'dba'])

    def test_who_has_left_the_group(self):
        path = self.request('Staged')
        run(['gpasswd', '--delete', 'erin', 'dba'])
        try:
            self.assertRefused(self.answer(path, 'erin'), 'NotApprover')
        finally:
            run(['gpasswd', '--add', 'erin', 'dba'])
        self.approve(path, 'erin')


class Changes(ApprovalTestCase):
    """What is approved is what runs."""

    def assertVoided(self, path, cursor, text, *approvers):
        """The answer is refused since it has changed; the next one is to what there is now."""
        reply = self.answer(path, approvers[0])
        self.assertRefused(reply, 'RequestChanged', 'the request has changed since it was made: ', text)
        self.assertIn(text, journal_wait(f'MESSAGE_ID={VOIDED}', since=cursor)['MESSAGE'])
        self.assertEqual(self.state(path), 'pending')
        self.assertIn(text, self.properties(path)['StateReason'])

    def test_description(self):
        path = self.request()
        d = self.described(path)
        self.assertEqual([d[name] for name in ('job', 'class_path', 'file', 'requester', 'requested_by', 'user',
                                               'queue', 'interval', 'changed')],
                         ['Simple', 'appr.Simple', '/etc/jobd/jobs/appr/Simple.job', 'alice', None, 'root', 'default',
                          'immediately', None])
        self.assertEqual(d['digest'], self.properties(path)['Digest'])
        self.assertEqual([(i['name'], i['label'], i['text']) for i in d['inputs']],
                         [('device', 'Host name', self.device_of(path)), ('dryrun', 'dryrun', 'false')])
        self.assertEqual(d['command'], f'{TOOL} ${{JOB_VAR_device}}')
        sha256 = run(['sha256sum', TOOL]).stdout.split()[0]
        self.assertEqual([(p['path'], p['digest']) for p in d['programs']], [(TOOL, f'sha256:{sha256}')])
        self.assertEqual(d['properties']['User'], 'root')

    def test_program(self):
        path, cursor = self.request(), journal_cursor()
        old = self.properties(path)['Digest']
        write_tool('changed')
        self.assertEqual(self.described(path)['changed'], f'the program of ExecStart={TOOL} is another')
        self.assertVoided(path, cursor, f'the program of ExecStart={TOOL} is another', 'bob')
        self.assertRefused(self.answer(path, 'bob', digest=old), 'RequestChanged',
                           'is not the one that you have looked at')
        cursor, device = journal_cursor(), self.device_of(path)
        self.approve(path, digest=self.described(path)['digest'])
        self.wait_run(device, cursor)

    def test_class(self):
        path, cursor = self.request('Class'), journal_cursor()
        install('appr.Class', service='MemoryMax=100M')
        self.assertVoided(path, cursor,
                          'the job class /etc/jobd/jobs/appr/Class.job was edited; MemoryMax= was added', 'bob')
        os.unlink('/etc/jobd/jobs/appr/Class.job')
        self.assertRefused(self.answer(path, 'bob', digest=self.properties(path)['Digest']), 'JobClassNotLoadable')
        self.assertIn('no longer on disk', self.described(path)['problem'])
        install('appr.Class')

    def test_override(self):
        path, cursor = self.request('Override'), journal_cursor()
        jobctl('set', 'appr.Override', 'time_limit=99min')
        self.assertVoided(path, cursor, 'time_limit was "0" and is "1h 39min"', 'bob')

    def test_earlier_approvals(self):
        path, cursor = self.request('Staged'), journal_cursor()
        self.approve(path, 'bob')
        write_tool('changed between two approvals')
        self.assertVoided(path, cursor, 'is another', 'erin')
        self.assertEqual([(a[1], a[5]) for a in self.properties(path)['Approvals']], [('bob', True)])
        self.assertRefused(self.answer(path, 'bob'), 'RequestChanged', 'is another. Look at it again')
        for user in 'bob', 'erin':
            self.approve_now(path, user)

    def test_after_the_approval(self):
        """At the time of the run it is looked at once more."""
        path = self.request(interval='future', start_time=int((time.time() + 16) * 1e6), name='changed later')
        device, cursor = self.device_of(path), journal_cursor()
        self.approve(path)
        self.assertEqual(self.state(path), 'active')
        write_tool('changed after the approval')
        entry = journal_wait(f'MESSAGE_ID={VOIDED}', since=cursor)
        self.assertIn(f'it has changed since it was approved: the program of ExecStart={TOOL} is another',
                      entry['MESSAGE'])
        self.assertEqual(self.state(path), 'pending')
        self.assertEqual(runs_of(device), [])
        cursor = journal_cursor()
        self.approve_now(path, force=True)
        self.wait_run(device, cursor)

    def test_changed_by_its_requester(self):
        path = self.request('Staged', interval='future', name='to be changed',
                            start_time=int((time.time() + 3600) * 1e6))
        digest = self.properties(path)['Digest']
        self.approve(path, 'bob')
        reply = BUSES['alice'].call(path, SCHEDULE, 'Update', 'a{sv}', {'data': ('s', '{"device":"evil"}')})
        self.assertIsNone(reply.error, reply)
        p = self.properties(path)
        self.assertEqual([(a[1], a[5]) for a in p['Approvals']], [('bob', True)])
        self.assertNotEqual(p['Digest'], digest)
        self.assertEqual(p['State'], 'pending')

    def test_requires_approval_later(self):
        """What was scheduled before the job required approval does not slip through."""
        install_job('appr.Later', f'''
            [Variable device]
            [Service]
            User=root
            ExecStart={TOOL} ${{JOB_VAR_device}}
        ''')
        jobctl('refresh')
        jobctl('enable', 'appr.Later')
        reply = self.submit('Later', data={'device': 'later'}, interval='future', name='later',
                            start_time=int((time.time() + 16) * 1e6))
        self.assertIsNone(reply.error, reply)
        cursor = journal_cursor()
        jobctl('set', 'appr.Later', 'approval_required=yes')
        self.assertIn('the job requires approval now', journal_wait(f'MESSAGE_ID={VOIDED}', since=cursor)['MESSAGE'])
        self.assertEqual(runs_of('later'), [])
        cursor = journal_cursor()
        self.approve_now(reply.body[1], force=True)
        self.wait_run('later', cursor)


class Sealed(ApprovalTestCase):
    """Single sensitive values wait sealed: who approves sees that there is one, and no more."""

    @classmethod
    def setUpClass(cls):
        run(['systemd-creds', 'setup'])
        install_job('appr.Secret', f'''
            [Job]
            ApprovalRequired=yes
            [Variable device]
            [Variable password]
            Sensitive=yes
            [Service]
            User=root
            ExecStart=sh -c 'jobd-job var password | sha256sum > /run/secret-seen; {TOOL} "$0"' ${{JOB_VAR_device}}
        ''')
        jobctl('refresh')
        jobctl('enable', 'appr.Secret')

    def assertSeen(self, secret):
        with open('/run/secret-seen', encoding='utf-8') as file:
            self.assertEqual(file.read().split()[0], hashlib.sha256(f'{secret}\n'.encode()).hexdigest())
        self.assertNotIn(secret, run(['journalctl', '--all']).stdout)

    def test_sensitive(self):
        self.assertNotIn('appr.Secret', jobctl('refresh', '--quiet').stdout)
        path = self.request('Secret', data={'device': self.device(), 'password': 'marker-of-approval'})
        reply = BUSES['bob'].call(path, SCHEDULE, 'GetRequest').body[0]
        self.assertNotIn('marker-of-approval', reply)
        self.assertEqual([(i['name'], i['sealed'], i['value'], i['text']) for i in json.loads(reply)['inputs']][1],
                         ('password', True, None, '(sealed)'))
        self.assertTrue(self.properties(path)['Sealed'])
        self.assertRefused(self.answer(path, 'carol', 'DryRun'), 'NoDryRun')
        cursor, device = journal_cursor(), self.device_of(path)
        self.approve(path)
        self.wait_run(device, cursor)
        self.assertSeen('marker-of-approval')

    def test_sensitive_replaced(self):
        """As any other change of what was approved: by the requester only, and it has to be approved anew."""
        device = self.device()
        path = self.request('Secret', data={'device': device, 'password': 'marker-of-old'}, interval='future',
                            name='password', start_time=int((time.time() + 3600) * 1e6))
        update = {'data': ('s', json.dumps({'device': device, 'password': 'marker-of-new'}))}
        digest = self.properties(path)['Digest']
        self.assertRefused(BUSES['carol'].call(path, SCHEDULE, 'Update', 'a{sv}', update),
                           'org.freedesktop.DBus.Error.AccessDenied', 'only its requester alice may change')
        for state in 'pending', 'active':
            self.assertEqual(self.state(path), state)
            reply = BUSES['alice'].call(path, SCHEDULE, 'Update', 'a{sv}', update)
            self.assertIsNone(reply.error, reply)
            p = self.properties(path)
            self.assertEqual((p['State'], p['Sealed'], p['Data']), ('pending', True, json.dumps({'device': device},
                                                                                               separators=(',', ':'))))
            self.assertIn("was changed by alice: the input '(sealed)' is another", p['StateReason'])
            self.assertNotEqual(p['Digest'], digest)
            self.assertRefused(self.answer(path, 'bob', digest=digest), 'RequestChanged')
            digest = p['Digest']
            self.approve_now(path)

        reply = BUSES['alice'].call(path, SCHEDULE, 'Update', 'a{sv}',
                                    {'start_time': ('t', int((time.time() + 16) * 1e6)), **update})
        self.assertIsNone(reply.error, reply)
        cursor = journal_cursor()
        self.approve_now(path)
        self.wait_run(device, cursor)
        self.assertSeen('marker-of-new')


class Jobctl(ApprovalTestCase):
    def test_approve(self):
        path = self.request()
        p, device, cursor = self.properties(path), self.device_of(path), journal_cursor()
        self.assertIn(p['Name'], jobctl('approvals', user='bob').stdout)
        status, shown = dialogue(['jobctl', 'approve', p['Id']], ('Approve this request? [y/N] ', 'n\n'), user='bob')
        self.assertEqual([status, self.state(path)], [4, 'pending'])
        for text in (f'device = {device}', f'ExecStart={TOOL}', p['Digest'], 'alice', 'User=root'):
            self.assertIn(text, shown)
        jobctl('approve', '--yes', '--comment', 'seen', p['Id'], user='bob')
        self.wait_run(device, cursor)
        self.assertEqual(self.properties(path)['Approvals'][0][1:4], ('bob', 'approved', 'seen'))

    def test_deny(self):
        path = self.request()
        jobctl('deny', '--comment', 'no', self.properties(path)['Id'], user='bob')
        self.assertEqual(self.properties(path)['StateReason'], 'denied by bob: no')


class Passwords(ApprovalTestCase):
    def test_dialogues(self):
        """Who has not the permission is asked for a password, in words that name the job."""
        path = self.request()
        with polkit_rules('''
            polkit.addRule(function(action, subject) {
                if (subject.user == "dave" && (action.id == "org.jobd1.view-scheduledjob" ||
                    (action.id == "org.jobd1.change-scheduledjob" && action.lookup("operation") == "approve")))
                    return polkit.Result.YES;
            });
        '''), RawBus('dave') as dave, SilentAgent() as agent:
            dave.call_later(path, SCHEDULE, 'Approve', 'a{sv}', {}, flags=ALLOW_INTERACTIVE)
            message, _ = agent.wait_asked()
        self.assertEqual(message, 'Authentication is required to answer a request to run job Simple.')
        self.assertEqual(self.state(path), 'pending')


    RULES = '''
        polkit.addAdminRule(function(action, subject) { return ["unix-user:carol"]; });
        polkit.addRule(function(action, subject) {
            if (action.id == "org.jobd1.view-scheduledjob") return polkit.Result.YES;
        });
    '''

    def test_one_password_for_both_actions(self):
        for answer in ['approve', '--yes'], ['deny']:
            path = self.request()
            with polkit_rules(self.RULES):
                status, shown = dialogue(['jobctl', *answer, self.properties(path)['Id']], ('Password:', 'carol\n'),
                                         user='dave')
            self.assertEqual(status, 0, shown)
            self.assertEqual(shown.count('Authentication is required to answer a request to run job'), 1, shown)
            self.assertNotEqual(self.state(path), 'pending')

    def test_one_wrong_password(self):
        path = self.request()
        with polkit_rules(self.RULES):
            status, shown = dialogue(['jobctl', 'deny', self.properties(path)['Id']], ('Password:', 'wrong\n'), user='dave')
        self.assertEqual(status, 4, shown)
        self.assertIn('You do not have permission to deny this request', shown)
        self.assertEqual(shown.count('Password:'), 1, shown)
        self.assertEqual(self.state(path), 'pending')

    def test_one_that_is_not_permitted_is_no_way_round(self):
        """One of both is denied by a rule: no password is asked for. Or answer-request is: each is asked for."""
        for denied, asked in ('approve-job', 0), ('change-scheduledjob', 1), ('answer-request', 2):
            path = self.request()
            rule = (f'polkit.addRule(function(action, subject) {{ if (action.id == "org.jobd1.{denied}") '
                    'return polkit.Result.NO; });')
            with polkit_rules(self.RULES + rule):
                status, shown = dialogue(['jobctl', 'approve', '--yes', self.properties(path)['Id']],
                                         *[('Password:', 'carol\n')] * asked, user='dave')
            self.assertEqual(shown.count('Authentication is required to answer a request'), asked, (denied, shown))
            self.assertEqual(status == 0, denied == 'answer-request', shown)
            self.assertEqual(self.state(path) == 'pending', denied != 'answer-request')


class Later(ApprovalTestCase):
    """Between the approval and the run's first instruction lies whatever it waits for."""

    def result_of(self, path):
        return jobctl_json('result', self.properties(path)['LastResult'].rsplit('/', 1)[1])

    def test_in_the_queue(self):
        reply = BUSES['root'].call('/org/jobd1', MANAGER, 'CreateJobQueue', 'sa{sv}', 'slow',
                                   {'enabled': ('b', False)})
        self.assertIsNone(reply.error, reply)
        queue = reply.body[0]
        install('appr.Slow', 'TaskQueues=slow')
        jobctl('refresh')
        jobctl('enable', 'appr.Slow')
        path, cursor = self.request('Slow'), journal_cursor()
        self.approve(path)
        journal_wait('MESSAGE_ID=78c24a26406a418cbc02928e29ddd7d1', since=cursor)   # the scheduled job is completed
        self.assertEqual(self.result_of(path)['status'], 'PENDING')
        write_tool('changed while it waited')
        reply = BUSES['root'].call(queue, 'org.jobd1.JobQueue', 'Set', 'a{sv}', {'enabled': ('b', True)})
        self.assertIsNone(reply.error, reply)
        journal_wait('MESSAGE_ID=34d44591472b4561aac07c10a37bb99a', since=cursor)
        result = self.result_of(path)
        self.assertEqual([result['status'], result['reason']], ['FAILURE', 'not-runnable'])
        self.assertIn(f'the program of ExecStart={TOOL} is another. Request it again', result['message'])
        self.assertEqual(runs_of(self.device_of(path)), [])

    def test_further_try(self):
        tool = '/usr/local/lib/failing-tool'
        for text in ('exit 1', 'exit 2'):
            with open(tool + text[-1], 'w', encoding='utf-8') as file:
                file.write(f'#!/bin/sh\n{text}\n')
            os.chmod(tool + text[-1], 0o755)
        os.rename(tool + '1', tool)
        install_job('appr.Retry', f'''
            [Job]
            ApprovalRequired=yes
            Retry=1
            RetryDelay=2s
            [Service]
            ExecStart={tool}
        ''')
        jobctl('refresh')
        jobctl('enable', 'appr.Retry')
        path, cursor = self.request('Retry', data={}), journal_cursor()
        self.approve(path)
        journal_wait('MESSAGE_ID=34d44591472b4561aac07c10a37bb99a', since=cursor)
        os.rename(tool + '2', tool)
        journal_wait('MESSAGE_ID=34d44591472b4561aac07c10a37bb99a', 'JOB_REASON=not-runnable', since=cursor,
                     contains='what was approved has changed')

    def test_chain(self):
        """A job that follows on another one needs its approval all the same."""
        install_job('appr.First', '''
            [Job]
            OnSuccess=appr.Simple device=chained
            [Service]
            ExecStart=/bin/true
        ''')
        jobctl('refresh')
        jobctl('enable', 'appr.First')
        cursor = journal_cursor()
        jobctl('run', 'appr.First', user='alice')
        entry = journal_wait(f'MESSAGE_ID={REQUESTED}', since=cursor)
        self.assertEqual([entry['JOB_CLASS_PATH'], entry['JOB_REQUESTER']], ['appr.Simple', 'alice'])
        path = '/org/jobd1/schedule/' + entry['SCHEDULED_JOB_ID'].replace('-', '')
        self.assertEqual(self.state(path), 'pending')
        self.assertRefused(self.answer(path, 'alice'), INTERACTIVE)
        cursor = journal_cursor()
        self.approve(path)
        self.wait_run(self.device_of(path), cursor)


class Notification(ApprovalTestCase):
    def test_request(self):
        with open('/run/systemd/system/ask@.service', 'w', encoding='utf-8') as file:
            file.write('[Service]\nType=oneshot\nSyslogIdentifier=ask\nExecStart=/bin/echo asked for %i\n')
        run(['systemctl', 'daemon-reload'])
        install('appr.Told', 'NotifyOnRequest=ask@.service')
        jobctl('refresh')
        jobctl('enable', 'appr.Told')
        cursor = journal_cursor()
        path = self.request('Told')
        journal_wait('SYSLOG_IDENTIFIER=ask', since=cursor, contains=f'asked for {self.properties(path)["Id"]}')


if __name__ == '__main__':
    unittest.main()
