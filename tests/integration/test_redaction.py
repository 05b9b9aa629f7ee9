# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""What jobd stores or shows of a run has no credentials in it, as far as they can be told by their form."""
import json
import os
import sqlite3
import unittest

from harness import JobdTestCase, install_job, jobctl, jobctl_json, journal, run

SECRET = 'hunter2'
LINES = ['I use username FOO and password hunter2 to log in as https://FOO:hunter2@example.com',
         '{"password": "hunter2"}', 'DB_PASSWORD=hunter2 x', 'opening /etc/passwd for reading']
REDACTED = ['I use username (redacted) and password (redacted) to log in as https://(redacted)@example.com',
            '{"password": (redacted)', 'DB_PASSWORD=(redacted) x', 'opening /etc/passwd for reading']


def install(class_path, text):
    install_job(class_path, text)
    jobctl('refresh')
    jobctl('enable', class_path)


def start_and_wait(class_path):
    jobctl('run', '-q', class_path, user='alice', check=False)
    return jobctl_json('results', '--job', class_path, '-n', '1')[0]


class Redaction(JobdTestCase):
    def test_log(self):
        with open('/etc/jobd/lines', 'w', encoding='utf-8') as file:
            file.write('\n'.join(LINES) + '\n')
        os.chmod('/etc/jobd/lines', 0o644)
        install('redact.Log', '[Service]\nExecStart=cat /etc/jobd/lines\n')
        shown = jobctl('run', 'redact.Log', user='alice').stdout
        self.assertNotIn(SECRET, shown)
        result_id = jobctl_json('results', '--job', 'redact.Log', '-n', '1')[0]['id']
        for user in None, 'alice', 'carol':
            lines = jobctl('logs', '-o', 'cat', result_id, user=user).stdout.splitlines()
            self.assertEqual(lines[2:-1], REDACTED)
        messages = [json.loads(line)['message'] for line in
                    jobctl('logs', '-o', 'json', result_id, user='alice').stdout.splitlines()]
        self.assertEqual(messages[2:-1], REDACTED)
        # the journal has what the job wrote
        self.assertEqual([entry['MESSAGE'] for entry in journal(f'_SYSTEMD_UNIT=jobd-run-{result_id}.service')], LINES)

    def test_message_of_a_result(self):
        install('redact.Start', f'[Service]\nExecStart=/opt/tool?password={SECRET}\n')
        result = start_and_wait('redact.Start')
        self.assertEqual((result['status'], result['reason']), ('FAILURE', 'start-failed'))
        self.assertIn('/opt/tool?password=(redacted)', result['message'])
        [line] = [entry['MESSAGE'] for entry in journal(f'JOB_RESULT_ID={result["id"]}', '_SYSTEMD_UNIT=jobd.service')
                  if entry['MESSAGE'].startswith('Job failed')]
        self.assertIn('password=(redacted)', line)
        with sqlite3.connect('file:/var/lib/jobd/jobd.db?mode=ro', uri=True) as store:
            rows = str(store.execute('SELECT * FROM job_result').fetchall())
        self.assertIn('password=(redacted)', rows)
        self.assertNotIn(SECRET, rows)

    def test_refusal(self):
        install('redact.Broken', '[Service]\nExecStart=true\n')
        install_job('redact.Broken', f'[Service]\nExecStart=true\nMemoryMax=https://u:{SECRET}@example.com\n')
        refused = self.assertFails(['jobctl', 'run', 'redact.Broken'], 'https://(redacted)@example.com', status=4,
                                   user='alice')
        self.assertNotIn(SECRET, refused.stderr)

    def test_invalid_data_stays_json(self):
        install('redact.Variable', '[Variable password]\nType=integer\n[Service]\nExecStart=true\n')
        done = run(['busctl', 'call', 'org.jobd1', '/org/jobd1', 'org.jobd1.Manager', 'RunJob', 'ssa{sv}',
                    'redact.Variable', '{}', '0'], user='alice', check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(json.loads(done.stderr[done.stderr.index('{'):]), {'password': ['This field is required.']})


if __name__ == '__main__':
    unittest.main()
