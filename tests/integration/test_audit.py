# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Whatever changes something is in the journal: who (name, uid, session), what, which job, and what came of it."""
import pwd
import unittest

from harness import JobdTestCase, install_job, journal_cursor, journal_wait, jobctl, run

SESSION = '77'
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


class Audit(JobdTestCase):
    def in_session(self, user, *command, check=True):
        """Runs a command as this user in what systemd-logind would have as a session of theirs."""
        return run(['systemd-run', '--quiet', '--scope', f'--unit=session-{SESSION}.scope',
                    f'--slice=user-{pwd.getpwnam(user).pw_uid}.slice', f'--uid={user}', *command],
                   check=check)

    def audited(self, user, event, *command, fields=(), check=True):
        cursor = journal_cursor()
        if command[0] != 'busctl':
            command = ['jobctl', '--no-ask-password', *command]
        output = self.in_session(user, *command, check=check).stdout
        entry = journal_wait(f'MESSAGE_ID={EVENTS[event]}', since=cursor)
        self.assertEqual({name: entry.get(name) for name in ('JOB_CALLER_UID', 'JOB_CALLER_SESSION')},
                         {'JOB_CALLER_UID': str(pwd.getpwnam(user).pw_uid), 'JOB_CALLER_SESSION': SESSION}, entry)
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


if __name__ == '__main__':
    unittest.main()
