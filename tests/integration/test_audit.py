# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Whatever changes something is in the journal: who (name, uid, session), what, which job, and what came of it."""
import itertools
import json
import os
import pwd
import time
import unittest
import xml.etree.ElementTree as ElementTree

from harness import (JobdTestCase, install_job, journal, journal_cursor, journal_wait, jobctl, jobctl_json, run)
from raw_bus import RawBus

SESSIONS = itertools.count(77)
EVENTS = {
    'requested': '4e77a34c934c4bc0894e0ec71cae9612', 'cancel': '32cfa2cbbca649eda7c666714dbbb25e',
    'result deleted': '04264a80396e44e88a834d7eebb44d85', 'enabled': '8cfb39dc4f7c451aaf208ff4bf176677',
    'disabled': 'ac7ab7b68d4245e28a22297586bcfc08', 'override set': '9128343c703a43fca39f3ed1d2053c88',
    'override cleared': '89e9ea483ff24a7cbb23c4c512f8675c', 'job deleted': '09666f792b874cc584e852f288a82295',
    'denied': '59a068bf972f45e28d734d07c3c54376', 'refreshed': '29876bfb71a64622b2c4b56d3c9e2c00',
}


def setUpModule():
    install_job('audit.Long', '[Service]\nExecStart=sleep 300\n')
    install_job('audit.Gone', '[Service]\nExecStart=true\n')
    jobctl('refresh')


class AuditTestCase(JobdTestCase):
    def in_session(self, user, *command, check=True):
        """Runs a command as this user in what systemd-logind would have as a session of theirs."""
        AuditTestCase.session = str(next(SESSIONS))
        return run(['systemd-run', '--quiet', '--scope', f'--unit=session-{self.session}.scope',
                    f'--slice=user-{pwd.getpwnam(user).pw_uid}.slice', f'--uid={user}', *command],
                   check=check)


class Audit(AuditTestCase):
    def audited(self, user, event, *command, fields=(), check=True):
        cursor = journal_cursor()
        if command[0] != 'busctl':
            command = ['jobctl', '--no-ask-password', *command]
        output = self.in_session(user, *command, check=check).stdout
        entry = journal_wait(f'MESSAGE_ID={EVENTS[event]}', since=cursor)
        self.assertEqual({name: entry.get(name) for name in ('JOB_CALLER_UID', 'JOB_CALLER_SESSION')},
                         {'JOB_CALLER_UID': str(pwd.getpwnam(user).pw_uid), 'JOB_CALLER_SESSION': self.session}, entry)
        expected = {'JOB_CALLER': user, **dict(fields)}
        self.assertEqual({name: entry.get(name) for name in expected}, expected, entry)
        return output

    def test_jobs(self):
        job = {'JOB_CLASS_PATH': 'audit.Long'}
        self.audited('carol', 'enabled', 'enable', 'audit.Long', fields=job)
        self.audited('carol', 'override set', 'set', 'audit.Long', 'time_limit=1h',
                     fields={**job, 'JOB_FIELD': 'time_limit'})
        self.audited('carol', 'override cleared', 'revert', 'audit.Long', 'time_limit',
                     fields={**job, 'JOB_FIELD': 'time_limit'})
        self.audited('carol', 'disabled', 'disable', 'audit.Long', fields=job)
        self.audited('carol', 'job deleted', 'delete', 'audit.Gone', fields={'JOB_CLASS_PATH': 'audit.Gone'})
        self.audited('carol', 'refreshed', 'refresh')

    def test_runs(self):
        jobctl('enable', 'audit.Long')
        result_id = self.audited('carol', 'requested', 'run', '--no-wait', 'audit.Long',
                                 fields={'JOB_CALLER': None, 'JOB_REQUESTER': 'carol'}).strip()
        run_of = {'JOB_RESULT_ID': result_id, 'JOB_CLASS_PATH': 'audit.Long'}
        cursor = journal_cursor()
        self.audited('carol', 'cancel', 'cancel', result_id, fields=run_of)
        ended = journal_wait(f'JOB_RESULT_ID={result_id}', 'MESSAGE_ID=7494458ed9f94d6a9bad46b254e88818', since=cursor)
        self.assertNotIn('JOB_CALLER_UID', ended, 'that a unit has ended is nobody\'s call')
        self.audited('carol', 'result deleted', 'busctl', 'call', 'org.jobd1',
                     '/org/jobd1/result/' + result_id.replace('-', ''), 'org.jobd1.JobResult', 'Delete', fields=run_of)

    def test_denied(self):
        self.audited('dave', 'denied', 'enable', 'audit.Long', fields={'JOB_ACTION': 'org.jobd1.view-job'}, check=False)

    def test_without_a_session(self):
        cursor = journal_cursor()
        jobctl('refresh', user='carol')
        entry = journal_wait(f'MESSAGE_ID={EVENTS["refreshed"]}', since=cursor)
        self.assertEqual(entry['JOB_CALLER_UID'], str(pwd.getpwnam('carol').pw_uid))
        self.assertNotIn('JOB_CALLER_SESSION', entry)

    def test_what_jobd_does_by_itself_is_nobodys(self):
        jobctl('enable', 'audit.Long', user='carol')
        cursor = journal_cursor()
        run(['systemctl', 'start', 'jobd-refresh.service'])
        entry = journal_wait(f'MESSAGE_ID={EVENTS["refreshed"]}', since=cursor)
        self.assertEqual(entry['JOB_CALLER_UID'], '0')


# What each member of jobd's interfaces that changes something leaves in the journal: the event, and fields of it.
# Not those of org.jobd1.Run, by which a run speaks of itself: what comes of them is in its job result and its log.
CHANGES = {
    'Manager.RunJob': 'requested', 'Manager.CancelJobResults': 'cancel', 'Manager.CreateJobQueue': 'queue created',
    'Manager.Refresh': 'refreshed', 'Manager.CleanJobResults': 'cleaned', 'Manager.ImportObjects': 'imported',
    'Job.Run': 'requested', 'Job.Enable': 'enabled', 'Job.Disable': 'disabled', 'Job.SetOverride': 'override set',
    'Job.ClearOverride': 'override cleared', 'Job.Update': 'override set', 'Job.Delete': 'job deleted',
    'JobResult.Cancel': 'cancel', 'JobResult.Delete': 'result deleted',
    'JobQueue.Set': 'queue changed', 'JobQueue.Delete': 'queue deleted',
    'ScheduledJob.SetEnabled': 'schedule paused', 'ScheduledJob.Update': 'schedule updated',
    'ScheduledJob.TakeOver': 'schedule taken over', 'ScheduledJob.RunNow': 'requested',
    'ScheduledJob.Approve': 'approved', 'ScheduledJob.Deny': 'approval denied', 'ScheduledJob.DryRun': 'requested',
    'ScheduledJob.Cancel': 'schedule canceled', 'ScheduledJob.Delete': 'schedule deleted',
}
READS = {
    'Manager': ['GetJob', 'GetJobResult', 'ListJobs', 'ListJobResults', 'GetJobQueue', 'ListJobQueues', 'CountJobResults',
                'ListObjectModels', 'ListObjects', 'GetScheduledJob', 'ListScheduledJobs'],
    'Job': ['GetVariables', 'GetClass'], 'JobResult': ['OpenLog', 'ListOutputs', 'OpenOutput'],
    'ScheduledJob': ['GetRequest'], 'JobQueue': [],
}
EVENTS |= {
    'queue created': '3c8d80e7e0e8477c9a0a5c0b1f4d1d6e', 'queue changed': '6a1c39f0b1a04b3f8e5f2d7e9b4f6a72',
    'queue deleted': 'b1f2f6c2a4a84b9bb2c7b27f0d7e8c19', 'cleaned': '36b4ed3ed2a5438fb5af9c6d59b94a0f',
    'imported': '248cc5d465e74e688df78a96c2c46973', 'schedule created': 'fa179c9f108b48309bd74b07634daccd',
    'schedule paused': 'fff5b2ebdc004b108982f4c6e0aac8b4', 'schedule updated': 'ea39793287504740be70c61fb6525b06',
    'schedule taken over': 'aa104b4a72604fe5a7cce7e8a838c28c', 'schedule canceled': '70911607abe441de968c9902ce6eaf65',
    'schedule deleted': '4e69afba4a6d4ae2998fa9f3b9ae15d1', 'approval requested': '0ca7d7beee5e419db3b01992a6177eb7',
    'refused': 'a8d9bd1da01246768a3185cc0c2705e5', 'approved': '2b38b4817c11421c82fb39be392af46d', 'approval denied': '0777993f5df24dda8b81c03c40223090',
}
# What follows on an event, and is told beside it.
BESIDE = {'d891f0b0fcd24c03873e34e31b36b900', '275fe77e5c8c43da97df4d82efad0ae1', '7494458ed9f94d6a9bad46b254e88818'}


class Walk(AuditTestCase):
    """Each member of each interface, as somebody who may and as somebody who may not."""

    numbers = itertools.count()

    @classmethod
    def setUpClass(cls):
        install_job('audit.True', '[Variable dryrun]\nType=dryrun\n[Service]\nExecStart=true\n')
        install_job('audit.Asks', '[Job]\nApprovalRequired=yes\n[Variable dryrun]\nType=dryrun\n[Service]\nExecStart=true\n')
        install_job('audit.Bulk', '[Service]\nExecStart=sleep 300\n')
        install_job('audit.File', '[Variable f]\nType=file\n[Service]\nExecStart=true\n')
        install_job('audit.Seal', '[Variable word]\nSensitive=yes\n[Service]\nExecStart=true\n')
        run('systemd-creds setup')
        jobctl('refresh')
        jobctl('enable', 'audit.True', 'audit.Asks', 'audit.Long', 'audit.File', 'audit.Seal', 'audit.Bulk')

    def call(self, user, path, member, *arguments, check=True):
        return self.in_session(user, 'busctl', '--json=short', '--allow-interactive-authorization=no', 'call',
                               'org.jobd1', path, 'org.jobd1.' + member.split('.')[0], member.split('.')[1], *arguments,
                               check=check)

    @staticmethod
    def events(cursor):
        return [entry for entry in journal('_SYSTEMD_UNIT=jobd.service', since=cursor)
                if 'MESSAGE_ID' in entry and 'JOB_CALLER_UID' in entry and entry['MESSAGE_ID'] not in BESIDE]

    def one_event(self, user, cursor, event):
        [entry] = self.events(cursor)
        self.assertEqual(entry['MESSAGE_ID'], EVENTS[event], entry)
        self.assertEqual(entry['JOB_CALLER_UID'], str(pwd.getpwnam(user).pw_uid))
        self.assertEqual(entry['JOB_CALLER_SESSION'], self.session)
        self.assertEqual(entry.get('JOB_CALLER') or entry.get('JOB_REQUESTER'), user, entry)
        return entry

    def path_of(self, kind, reference):
        return f'/org/jobd1/{kind}/' + reference.replace('-', '')

    def made(self, job, user='alice', **options):
        with RawBus(user) as bus:
            reply = bus.call('/org/jobd1', 'org.jobd1.Manager', 'RunJob', 'ssa{sv}', job, '', options)
        self.assertIsNone(reply.error, reply)
        return reply.body[1]

    def schedule(self, job='audit.True'):
        return self.made(job, interval=('s', 'daily'), name=('s', f'walk {next(self.numbers)}'),
                         start_time=('t', time.time_ns() // 1000 + 86400 * 10**6))

    def asked(self):
        return self.made('audit.Asks')

    def job(self, class_path):
        return self.path_of('job', jobctl_json('show', class_path)['id'])

    def ended(self):
        result_id = jobctl('run', '--no-wait', 'audit.True', user='carol').stdout.strip()
        jobctl('logs', '-f', result_id)
        return self.path_of('result', result_id)

    def lasting(self):
        return self.path_of('result', jobctl('run', '--no-wait', 'audit.Long', user='carol').stdout.strip())

    def queue(self):
        with RawBus() as bus:
            return bus.call('/org/jobd1', 'org.jobd1.Manager', 'CreateJobQueue', 'sa{sv}', f'audit{next(self.numbers)}',
                            {}).body[0]

    def attempts(self):
        """For each member: who calls it, the object, and the arguments."""
        manager = '/org/jobd1'
        install_job('audit.Gone2', '[Service]\nExecStart=true\n')
        jobctl('refresh')
        jobctl('run', '--no-wait', 'audit.Bulk', user='carol')
        return {
            'Manager.RunJob': ('carol', manager, 'ssa{sv}', 'audit.True', '', '0'),
            'Manager.CancelJobResults': ('carol', manager, 'a{sv}', '1', 'job', 's', 'audit.Bulk'),
            'Manager.CreateJobQueue': ('carol', manager, 'sa{sv}', 'auditnew', '0'),
            'Manager.Refresh': ('carol', manager, 'a{sv}', '0'),
            'Manager.CleanJobResults': ('carol', manager, 'a{sv}', '1', 'max_age', 't', '31536000000000'),
            'Job.Run': ('carol', self.job('audit.True'), 'sa{sv}', '', '0'),
            'Job.Disable': ('carol', self.job('audit.True')),
            'Job.Enable': ('carol', self.job('audit.True')),
            'Job.SetOverride': ('carol', self.job('audit.True'), 'ss', 'time_limit', '1h'),
            'Job.ClearOverride': ('carol', self.job('audit.True'), 's', 'time_limit'),
            'Job.Update': ('carol', self.job('audit.True'), 'a{sv}', '2', 'hidden', 's', 'yes', 'set', 's', 'hidden'),
            'Job.Delete': ('carol', self.job('audit.Gone2')),
            'JobResult.Cancel': ('carol', self.lasting(), 'a{sv}', '0'),
            'JobResult.Delete': ('carol', self.ended()),
            'JobQueue.Set': ('carol', self.queue(), 'a{sv}', '1', 'weight', 'u', '5'),
            'JobQueue.Delete': ('carol', self.queue()),
            'ScheduledJob.SetEnabled': ('carol', self.schedule(), 'b', 'false'),
            'ScheduledJob.Update': ('carol', self.schedule(), 'a{sv}', '1', 'missed', 's', 'all'),
            'ScheduledJob.TakeOver': ('carol', self.schedule()),
            'ScheduledJob.RunNow': ('carol', self.schedule(), 'a{sv}', '0'),
            'ScheduledJob.Approve': ('bob', self.asked(), 'a{sv}', '1', 'comment', 's', 'good'),
            'ScheduledJob.Deny': ('bob', self.asked(), 'a{sv}', '0'),
            'ScheduledJob.DryRun': ('carol', self.asked(), 'a{sv}', '0'),
            'ScheduledJob.Cancel': ('carol', self.schedule(), 'a{sv}', '0'),
            'ScheduledJob.Delete': ('carol', self.schedule()),
        }

    def test_a_walk_through_the_interfaces(self):
        """A member that these tests do not know fails them."""
        root = ElementTree.parse('/usr/share/dbus-1/interfaces/org.jobd1.xml').getroot()
        found = {f'{interface.get("name").rsplit(".", 1)[1]}.{method.get("name")}'
                 for interface in root.iter('interface') for method in interface.iterfind('method')
                 if interface.get('name').startswith('org.jobd1.') and interface.get('name') != 'org.jobd1.Run'}
        self.assertEqual(found, set(CHANGES) | {f'{i}.{m}' for i, members in READS.items() for m in members})

    def test_one_event_each(self):
        for member, (user, path, *arguments) in self.attempts().items():
            with self.subTest(member=member):
                cursor = journal_cursor()
                self.call(user, path, member, *arguments)
                entry = self.one_event(user, cursor, CHANGES[member])
                if path.startswith(('/org/jobd1/job/', '/org/jobd1/result/', '/org/jobd1/schedule/')):
                    self.assertRegex(entry['JOB_CLASS_PATH'], r'^audit\.')
                    self.assertIn('JOB_NAME', entry)
                if path != '/org/jobd1':    # as people know it
                    self.assertNotIn('/org/jobd1', entry['MESSAGE'])
                if path.startswith('/org/jobd1/queue/'):
                    self.assertIn('JOB_QUEUE', entry)
                if path.startswith('/org/jobd1/schedule/'):
                    self.assertTrue('SCHEDULED_JOB_ID' in entry or 'JOB_RESULT_ID' in entry)

    def test_one_event_each_that_is_denied(self):
        for n, (member, (_, path, *arguments)) in enumerate(self.attempts().items()):
            if n % 15 == 0:     # only so many of a user are logged in a minute
                run('systemctl restart jobd.service')
            if member == 'Manager.CancelJobResults':    # a list: what the caller may not cancel is not on it
                continue
            with self.subTest(member=member):
                cursor = journal_cursor()
                self.assertNotEqual(self.call('dave', path, member, *arguments, check=False).returncode, 0)
                entry = self.one_event('dave', cursor, 'denied')
                self.assertTrue(entry['JOB_ACTION'].startswith('org.jobd1.'))
                if path.startswith(('/org/jobd1/job/', '/org/jobd1/result/', '/org/jobd1/schedule/')):
                    self.assertRegex(entry['JOB_CLASS_PATH'], r'^audit\.')

    def program(self, user, event, *arguments):
        cursor = journal_cursor()
        self.in_session(user, 'jobctl', *arguments)
        return self.one_event(user, cursor, event)

    def test_objects(self):
        with open('/tmp/audit.json', 'w', encoding='ascii') as file:
            file.write('[{"name": "a"}]')
        self.program('carol', 'imported', 'objects', 'import', 'audited', '/tmp/audit.json')

    def test_what_comes_of_a_call_later(self):
        """When its files are copied, or its sensitive input is sealed or unsealed: it is known whose call it was."""
        with open('/tmp/audit.txt', 'w', encoding='ascii') as file:
            file.write('x')
        os.chmod('/tmp/audit.txt', 0o644)
        self.program('alice', 'requested', 'run', '--no-wait', 'audit.File', '--file', 'f=/tmp/audit.txt')
        self.program('alice', 'schedule created', 'run', 'audit.Seal', '--var', 'word=x', '--name=sealed',
                     '--interval=daily', '--at=tomorrow')
        entry = self.program('alice', 'requested', 'schedule', 'run', 'sealed')
        self.assertEqual(entry['JOB_CLASS_PATH'], 'audit.Seal')

    def test_in_anothers_name(self):
        entry = self.program('carol', 'requested', 'run', '--no-wait', '--username=alice', 'audit.True')
        self.assertEqual((entry['JOB_CALLER'], entry['JOB_REQUESTER']), ('carol', 'alice'))
        self.assertIn('carol requested a run of job', entry['MESSAGE'])

    def check_refused(self, user, path, member, *arguments, contains):
        cursor = journal_cursor()
        self.assertNotEqual(self.call(user, path, member, *arguments, check=False).returncode, 0)
        entry = self.one_event(user, cursor, 'refused')
        self.assertIn(contains, entry['MESSAGE'])
        self.assertRegex(entry['JOB_CLASS_PATH'], r'^audit\.')

    def test_what_is_refused_although_polkit_would_permit_it(self):
        """For who the caller is. What is refused for what was said in the call is not an event."""
        run('systemctl restart jobd.service')
        own = self.made('audit.Asks', user='carol')
        self.check_refused('carol', own, 'ScheduledJob.Approve', 'a{sv}', '0',
                           contains="Refused Approve to carol of job 'audit.Asks': You cannot approve your own job request!")
        with RawBus('alice') as bus:
            reply = bus.call('/org/jobd1', 'org.jobd1.Manager', 'RunJob', 'ssa{sv}', 'audit.Seal', '{"word": "x"}',
                             {'interval': ('s', 'daily'), 'name': ('s', 'refused'),
                              'start_time': ('t', time.time_ns() // 1000 + 86400 * 10**6)})
        path = reply.body[1]
        self.check_refused('carol', path, 'ScheduledJob.TakeOver', contains='only root may take it over')
        self.check_refused('carol', path, 'ScheduledJob.RunNow', 'a{sv}', '0', contains='sensitive input of alice')
        self.check_refused('carol', '/org/jobd1', 'Manager.RunJob', 'ssa{sv}', 'audit.True', '', '1', 'username', 's', 'dave',
                           contains="user 'dave' does not have permission to run job 'audit.True'")
        cursor = journal_cursor()
        self.call('carol', '/org/jobd1', 'Manager.RunJob', 'ssa{sv}', 'audit.True', '{"no": 1}', '0', check=False)
        self.assertEqual(self.events(cursor), [])

    def test_at_any_log_level(self):
        """Who wants jobd to be quiet does not lose what it is there to tell."""
        jobctl('enable', 'audit.True')
        run('systemctl service-log-level jobd.service emerg')
        try:
            self.program('carol', 'disabled', 'disable', 'audit.True')
        finally:
            run('systemctl service-log-level jobd.service info')
        jobctl('enable', 'audit.True')

    def behind(self, user, *command):
        """As root, where this user has logged in: what sudo does."""
        AuditTestCase.session = str(next(SESSIONS))
        return run(['systemd-run', '--quiet', '--scope', f'--unit=session-{self.session}.scope',
                    f'--slice=user-{pwd.getpwnam(user).pw_uid}.slice', *command])

    def check_behind(self, *command, uid='0', login='2001'):
        cursor = journal_cursor()
        self.behind('alice', *command)
        [entry] = self.events(cursor)
        self.assertEqual({name: entry.get(f'JOB_CALLER_{name}') for name in ('UID', 'LOGIN_UID', 'SESSION')},
                         {'UID': uid, 'LOGIN_UID': login, 'SESSION': self.session}, entry)

    def test_behind_a_sudo(self):
        """On the bus, on the socket, and through the REST gateway, which is a process of its own outside of the session."""
        def request(limit):
            return ['curl', '-sS', '--fail', '--unix-socket', '/run/jobd/rest.sock', '-X', 'PATCH', '-H',
                    'Content-Type: application/json', '--data',
                    json.dumps({'time_limit': limit, 'time_limit_override': True}),
                    'http://x/api/extras/jobs/audit.Bulk/']
        self.check_behind('jobctl', 'refresh')
        self.check_behind('jobctl', '--socket', 'refresh')
        self.check_behind(*request(3600))
        # and for who is themselves nothing is said of it
        cursor = journal_cursor()
        self.in_session('carol', *request(7200))
        [entry] = self.events(cursor)
        self.assertEqual((entry['JOB_CALLER_UID'], entry['JOB_CALLER_SESSION'], entry.get('JOB_CALLER_LOGIN_UID')),
                         ('2003', self.session, None))


if __name__ == '__main__':
    unittest.main()
