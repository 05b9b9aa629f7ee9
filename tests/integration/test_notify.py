# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""NotifyOnSuccess= and NotifyOnFailure=: units of the administrator that are told how a run has ended."""
import os
import unittest

from harness import JobdTestCase, install_job, jobctl, jobctl_json, journal_cursor, journal_wait, kill_jobd, run

UNITS = '/run/systemd/system'
NOTIFY_FAILED = 'ba48300ded384a4085134dfb8b2ad0ee'


def install_handler(name, command):
    with open(f'{UNITS}/{name}@.service', 'w', encoding='utf-8') as file:
        file.write(f'[Service]\nType=oneshot\nSyslogIdentifier={name}\nExecStart={command}\n')


def setUpModule():
    install_handler('tell', '/bin/sh -c "echo %i; jobctl --json result %i; env"')
    install_handler('other', '/bin/echo other %i')
    install_handler('broken', '/bin/false')
    run(['systemctl', 'daemon-reload'])
    for name, lines in {'Told': 'NotifyOnSuccess=tell@.service\nNotifyOnFailure=other@.service',
                        'Missing': 'NotifyOnSuccess=there-is-no-such@.service',
                        'Broken': 'NotifyOnSuccess=broken@.service', 'Plain': ''}.items():
        install_job(f'notify.{name}', f'''
            [Job]
            {lines.replace(chr(10), chr(10) + " " * 12)}
            [Variable wrong]
            Type=boolean
            [Variable password]
            Sensitive=yes
            Required=no
            [Service]
            ExecStart=/bin/sh -c "exec test ${{JOB_VAR_wrong}} = false"
        ''')
    jobctl('refresh')
    jobctl('enable', 'notify.Told', 'notify.Missing', 'notify.Broken', 'notify.Plain')




class Notify(JobdTestCase):
    def run_job(self, name, *options):
        """The UUID of a run that has ended."""
        jobctl('run', *options, f'notify.{name}', check=False)
        return jobctl_json('results', '--job', f'notify.{name}')[0]['id']

    def test_success_and_failure(self):
        cursor = journal_cursor()
        result_id = self.run_job('Told', '--var', 'password=marker-secret')
        entry = journal_wait('SYSLOG_IDENTIFIER=tell', since=cursor, contains=result_id)
        self.assertEqual(entry['_SYSTEMD_UNIT'], f'tell@{result_id}.service')
        journal_wait('SYSLOG_IDENTIFIER=tell', since=cursor, contains='SUCCESS')
        result_id = self.run_job('Told', '--var', 'wrong=true')
        journal_wait('SYSLOG_IDENTIFIER=other', since=cursor, contains=f'other {result_id}')
        self.assertNotIn('marker-secret', run(['journalctl', '--all', f'--cursor={cursor}']).stdout)

    def test_cancelled(self):
        cursor = journal_cursor()
        install_job('notify.Long', '''
            [Job]
            NotifyOnFailure=other@.service
            [Service]
            ExecStart=sleep 300
        ''')
        jobctl('refresh')
        jobctl('enable', 'notify.Long')
        result_id = jobctl('run', '--no-wait', 'notify.Long').stdout.strip()
        jobctl('cancel', result_id)
        journal_wait('SYSLOG_IDENTIFIER=other', since=cursor, contains=f'other {result_id}')

    def test_broken_handlers(self):
        """One line, and the run is what it is."""
        cursor = journal_cursor()
        result_id = self.run_job('Missing')
        entry = journal_wait(f'MESSAGE_ID={NOTIFY_FAILED}', since=cursor)
        self.assertEqual(entry['JOB_UNIT'], f'there-is-no-such@{result_id}.service')
        self.assertIn('not found', entry['MESSAGE'])
        self.assertOutcome(result_id, 'SUCCESS')
        result_id = self.run_job('Broken')
        journal_wait(f'UNIT=broken@{result_id}.service', 'JOB_RESULT=failed', since=cursor)
        self.assertOutcome(result_id, 'SUCCESS')

    def test_default(self):
        """That of jobd.conf is for those classes that name none."""
        os.makedirs('/run/jobd/jobd.conf.d', exist_ok=True)
        with open('/run/jobd/jobd.conf.d/50-notify.conf', 'w', encoding='utf-8') as file:
            file.write('[Jobd]\nNotifyOnSuccess=other@.service\n')
        run(['systemctl', 'restart', 'jobd.service'])
        try:
            cursor = journal_cursor()
            plain, told = self.run_job('Plain'), self.run_job('Told')
            journal_wait('SYSLOG_IDENTIFIER=other', since=cursor, contains=f'other {plain}')
            journal_wait('SYSLOG_IDENTIFIER=tell', since=cursor, contains=told)
        finally:
            os.unlink('/run/jobd/jobd.conf.d/50-notify.conf')
            run(['systemctl', 'restart', 'jobd.service'])

    def test_killed_meanwhile(self):
        """A jobd that takes up a run of an earlier one reads the class again."""
        cursor = journal_cursor()
        install_job('notify.Waits', '''
            [Job]
            NotifyOnSuccess=other@.service
            [Service]
            User=root
            ExecStart=sh -c "echo begun; exec cat /run/notify.fifo"
        ''')
        os.mkfifo('/run/notify.fifo')
        jobctl('refresh')
        jobctl('enable', 'notify.Waits')
        result_id = jobctl('run', '--no-wait', 'notify.Waits').stdout.strip()
        journal_wait(f'_SYSTEMD_UNIT=jobd-run-{result_id}.service', since=cursor, contains='begun')
        kill_jobd()
        with open('/run/notify.fifo', 'w', encoding='utf-8') as file:
            file.write('done\n')
        jobctl('result', result_id)
        journal_wait('SYSLOG_IDENTIFIER=other', since=cursor, contains=f'other {result_id}')


if __name__ == '__main__':
    unittest.main()
