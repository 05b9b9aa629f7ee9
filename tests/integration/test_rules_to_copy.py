# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""The rules to copy of jobd-permissions(7), each installed as it is printed there, do what the page says."""
import pathlib
import pwd
import re
import subprocess
import unittest

from harness import JobdTestCase, install_job, jobctl, run
from raw_bus import RawBus
from rules import polkit_rules

MANAGER, JOB, RESULT, SCHEDULE = [f'org.jobd1.{name}' for name in ('Manager', 'Job', 'JobResult', 'ScheduledJob')]
DENIED = ['org.freedesktop.DBus.Error.AccessDenied', 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired']
ROOT = '/org/jobd1'


def page():
    """The page as it is installed, with what scdoc does to its examples undone."""
    text = run(['man', '--local-file', '-Tutf8', '--no-hyphenation', str(next(pathlib.Path(directory, name) for directory in (
        '/usr/share/man/man7', '/usr/local/share/man/man7') for name in ('jobd-permissions.7', 'jobd-permissions.7.gz')
        if pathlib.Path(directory, name).exists()))], env={'MANWIDTH': '200', 'LC_ALL': 'C.UTF-8'}).stdout
    return re.sub('.\b', '', text)


def rules():
    """heading -> the JavaScript below it"""
    found, heading = {}, None
    lines = iter(page().splitlines())
    for line in lines:
        if re.fullmatch(r' {3}[A-Z].*', line):
            heading = line.strip()
        elif line.strip().startswith('polkit.addRule('):
            body = [line]
            while not body[-1].strip() == '});':
                body.append(next(lines))
            found[heading] = '\n'.join(body)
    return found


def setUpModule():
    for class_path, grouping in [('network.Backup', 'Network'), ('network.core.Reload', 'Network'), ('other.Plain', 'Other'),
                                 ('db.Vacuum', 'Databases'), ('payroll.Pay', 'Payroll')]:
        install_job(class_path, f'[Job]\nGrouping={grouping}\nTaskQueues=default bulk\n[Service]\nExecStart=sleep 300\n')
    for class_path in 'network.Change', 'other.Change':
        install_job(class_path, '[Job]\nApprovalRequired=yes\n[Service]\nExecStart=true\n')
    jobctl('refresh')
    jobctl('enable', 'network.Backup', 'network.core.Reload', 'other.Plain', 'db.Vacuum', 'payroll.Pay', 'network.Change',
           'other.Change')
    for group in 'netops', 'dba', 'audit', 'oncall', 'net-approvers':
        run(['groupadd', group])
    for user in 'backup', 'portal', 'erin':
        if subprocess.run(['id', user], capture_output=True, check=False).returncode:
            run(['useradd', '--no-create-home', user])
    run(['usermod', '-aG', 'jobd-run', 'erin'])


class Rules(JobdTestCase):
    rules = {}

    @classmethod
    def setUpClass(cls):
        cls.rules = rules()

    def members(self, *pairs):
        for user, group in pairs:
            run(['gpasswd', '-a', user, group])
            self.addCleanup(run, ['gpasswd', '-d', user, group])

    def may(self, user, path, interface, member, signature='', *arguments):
        with RawBus(user) as bus:
            reply = bus.call(path, interface, member, signature, *arguments)
        return reply.error not in DENIED

    def may_run(self, user, class_path, **options):
        return self.may(user, ROOT, MANAGER, 'RunJob', 'ssa{sv}', class_path, '',
                        {name: ('s', value) for name, value in options.items()})

    def may_view(self, user, class_path):
        return self.may(user, ROOT, MANAGER, 'GetJob', 's', class_path)

    def result_of(self, class_path):
        return '/org/jobd1/result/' + jobctl('run', '--no-wait', class_path).stdout.strip().replace('-', '')

    def listed(self, verb, user, *paths):
        """Those of these objects that "jobctl VERB" shows."""
        shown = jobctl('--no-ask-password', '--json', verb, user=user).stdout.replace('-', '')
        return {path for path in paths if path.rsplit('/', 1)[1] in shown}

    def rule(self, heading):
        return polkit_rules(self.rules[heading])

    def test_every_rule_is_run(self):
        source = pathlib.Path(__file__).read_text(encoding='utf-8')
        self.assertEqual(sorted(self.rules), sorted(re.findall(r"with self\.rule\('(.*?)'\)", source)))

    def test_a_module(self):
        self.members(('dave', 'netops'))
        self.assertFalse(self.may_run('dave', 'network.Backup'))
        with self.rule('The jobs of a module'):
            self.assertTrue(self.may_run('dave', 'network.Backup') and self.may_run('dave', 'network.core.Reload') and
                            self.may_view('dave', 'network.Backup'))
            self.assertFalse(self.may_run('dave', 'other.Plain') or self.may_view('dave', 'other.Plain') or
                             self.may('dave', ROOT, MANAGER, 'Refresh', 'a{sv}', {}))

    def test_one_job_in_one_queue(self):
        with self.rule('One job, in one queue'):
            self.assertTrue(self.may_run('backup', 'network.Backup', task_queue='bulk'))
            self.assertFalse(self.may_run('backup', 'network.Backup') or
                             self.may_run('backup', 'network.core.Reload', task_queue='bulk') or
                             self.may_run('dave', 'network.Backup', task_queue='bulk'))

    def test_few(self):
        self.members(('dave', 'dba'))
        with self.rule('Jobs that few may run'):
            self.assertTrue(self.may_run('dave', 'db.Vacuum') and self.may_run('alice', 'other.Plain'))
            self.assertFalse(self.may_run('alice', 'db.Vacuum') or self.may_run('carol', 'db.Vacuum'))

    def test_auditors(self):
        self.members(('carol', 'audit'))
        result = self.result_of('payroll.Pay')
        with self.rule('Auditors'):
            self.assertTrue(self.may_view('carol', 'payroll.Pay') and self.may('carol', result, RESULT, 'OpenLog', 'a{sv}', {}))
            self.assertFalse(self.may_run('carol', 'other.Plain') or
                             self.may('carol', result, RESULT, 'Cancel', 'a{sv}', {}) or
                             self.may('carol', ROOT, MANAGER, 'Refresh', 'a{sv}', {}))

    def test_on_call(self):
        self.members(('dave', 'oncall'))
        result, payroll = self.result_of('other.Plain'), self.result_of('payroll.Pay')
        with self.rule('On call'):
            self.assertTrue(self.may('dave', result, RESULT, 'OpenLog', 'a{sv}', {}) and
                            self.may('dave', result, RESULT, 'Cancel', 'a{sv}', {}))
            self.assertEqual(self.listed('results', 'dave', result, payroll), {result})
            self.assertFalse(self.may('dave', payroll, RESULT, 'OpenLog', 'a{sv}', {}) or
                             self.may('dave', payroll, RESULT, 'Cancel', 'a{sv}', {}) or self.may_run('dave', 'other.Plain'))

    def test_for_others(self):
        with self.rule('Runs for others'):
            self.assertTrue(self.may_run('portal', 'other.Plain', username='alice'))
            self.assertTrue(self.may_run('portal', 'other.Plain', username=str(pwd.getpwnam('erin').pw_uid)))
            self.assertFalse(self.may_run('portal', 'other.Plain', username='carol') or
                             self.may_run('portal', 'other.Plain') or self.may_run('dave', 'other.Plain', username='alice'))

    def test_password_for_changes(self):
        with self.rule('A password for changes'), RawBus() as bus:
            job = bus.call(ROOT, MANAGER, 'GetJob', 's', 'other.Plain').body[0]
            with RawBus('carol') as carol:
                self.assertEqual(carol.call(job, JOB, 'Disable').error, DENIED[1])
            self.assertTrue(self.may_run('carol', 'other.Plain'))

    def test_approvers_of_a_module(self):
        self.members(('dave', 'net-approvers'))
        requests = {}
        for class_path in 'network.Change', 'other.Change':
            with RawBus('alice') as alice:
                requests[class_path] = alice.call(ROOT, MANAGER, 'RunJob', 'ssa{sv}', class_path, '', {}).body[1]
        with self.rule('Approvers of a module'):
            self.assertEqual(self.listed('approvals', 'dave', *requests.values()), {requests['network.Change']})
            self.assertFalse(self.may('dave', requests['network.Change'], SCHEDULE, 'SetEnabled', 'b', False) or
                             self.may('dave', requests['network.Change'], SCHEDULE, 'Delete') or
                             self.may('dave', requests['other.Change'], SCHEDULE, 'Approve', 'a{sv}', {}))
            self.assertTrue(self.may('dave', requests['network.Change'], SCHEDULE, 'GetRequest') and
                            self.may('dave', requests['network.Change'], SCHEDULE, 'Approve', 'a{sv}', {}))

    @classmethod
    def tearDownClass(cls):
        jobctl('cancel', '--all', check=False)


if __name__ == '__main__':
    unittest.main()
