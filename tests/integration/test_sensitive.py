# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Sensitive input: it reaches the run, and is nowhere else, neither while the run lasts nor before nor after."""
import glob
import hashlib
import json
import os
import unittest
import uuid

from classes import GATES, job_lines, open_gate, start_run, wait_end, wait_started, write
from harness import (JobdTestCase, dialogue, install_job, jobctl, jobctl_json, journal, journal_cursor, main_pid, run,
                     unit_properties)

# Writes a digest of what it has got, the name of each variable of its environment, and its arguments.
PROGRAM = '''
import hashlib, json, os, sys
with open(os.environ['CREDENTIALS_DIRECTORY'] + '/job-data') as file:
    data = json.load(file)
print(hashlib.sha256(str(data['secret']).encode()).hexdigest())
print(json.dumps(dict(os.environ)))
print(json.dumps(sys.argv[1:]), flush=True)
gate = sys.argv[1] + '/' + os.environ['JOB_RESULT_ID']
os.makedirs(sys.argv[1], exist_ok=True)
try:
    os.mkfifo(gate)
except FileExistsError:
    pass
open(gate).read()
'''
SERVICE = f'''
[Service]
User=root
ExecStart=/usr/bin/python3 /opt/secret.py {GATES} ${{JOB_VAR_secret}} ${{JOB_VAR_public}}
'''
VARIABLES = '''
[Variable public]
Required=no
[Variable secret]
Regex=[^!]*
'''
JOBS = {
    'secret.Whole': '[Job]\nHasSensitiveVariables=yes\n' + VARIABLES + SERVICE,
    'secret.One': VARIABLES + 'Sensitive=yes\n' + SERVICE + 'LimitCORE=infinity\n',
    'secret.ByOverride': VARIABLES + SERVICE,
    'secret.Typed': VARIABLES + 'Sensitive=yes\n[Variable number]\nType=integer\nSensitive=yes\nRequired=no\n'
                    '[Variable choice]\nType=choice\nChoices=a b\nSensitive=yes\nRequired=no\n'
                    '[Service]\nExecStart=true\n',
    'open.Gate': VARIABLES + SERVICE,
}


def setUpModule():
    write('/opt/secret.py', PROGRAM)
    for class_path, text in JOBS.items():
        install_job(class_path, text)
    jobctl('refresh')
    jobctl('enable', *JOBS)
    jobctl('set', 'secret.ByOverride', 'has_sensitive_variables=yes')


def files_below(*roots):
    for root in roots:
        for directory, _, names in os.walk(root):
            yield from (os.path.join(directory, name) for name in names)


def contents(path):
    try:
        if not os.path.isfile(path) or os.path.islink(path):
            return b''
        with open(path, 'rb') as file:
            return file.read()
    except OSError:     # a process that has ended, a file of /proc that is not readable
        return b''


def where_is(secret, result_id, job='secret.Whole'):
    """Every place outside of the run itself in which the secret can be found."""
    unit = f'jobd-run-{result_id}.service'
    run(['journalctl', '--sync'])
    places = {
        'systemctl show': run(['systemctl', 'show', '--all', unit]).stdout,
        'systemctl cat': run(['systemctl', 'cat', unit], check=False).stdout,
        'systemctl status': run(['systemctl', 'status', '--full', '--lines=1000', unit], check=False).stdout,
        'journal': run(['journalctl', '--all', '--output=export']).stdout,
        'jobctl': ''.join(jobctl(*verb).stdout for verb in (
            ['--json', 'result', result_id], ['result', result_id], ['--json', 'results'],
            ['--json', 'show', '-v', job], ['logs', result_id], ['--json', 'logs', result_id])),
        'bus': run(['busctl', 'introspect', 'org.jobd1', '/org/jobd1/result/' + result_id.replace('-', '')]).stdout,
    }
    found = [place for place, text in places.items() if secret in text]
    processes = [path for kind in ('cmdline', 'environ') for path in glob.glob(f'/proc/[0-9]*/{kind}')]
    roots = ('/var/lib/jobd', '/run/jobd', '/run/systemd', '/run/log', '/var/log', '/etc', '/tmp', '/var/tmp',
             '/dev/shm')
    return found + [path for path in [*processes, *files_below(*roots)] if secret.encode() in contents(path)]


class Sensitive(JobdTestCase):
    def request(self, job, secret):
        return jobctl('run', '--no-wait', job, '--data=-', user='alice',
                      input=json.dumps({'secret': secret, 'public': 'for all'})).stdout.strip()

    def check_run(self, job, public):
        secret = f'Pass-{uuid.uuid4()}'
        result_id = self.request(job, secret)
        wait_started(result_id)
        self.assertEqual(where_is(secret, result_id), [])
        unit = unit_properties(f'jobd-run-{result_id}.service')
        self.assertEqual((unit['LimitCORE'], unit['LimitCORESoft']), ('0', '0'))
        self.assertNotIn('JOB_VAR_secret', unit['Environment'])
        open_gate(result_id)
        digest, environment, arguments = job_lines(result_id)
        self.assertEqual(digest, hashlib.sha256(secret.encode()).hexdigest())
        self.assertEqual(json.loads(environment).get('JOB_VAR_public', ''), public)
        self.assertEqual(json.loads(arguments), [GATES, '', public])
        result = self.assertOutcome(result_id, 'SUCCESS', task_kwargs={'public': public} if public else {})
        self.assertEqual(where_is(secret, result['id']), [])

    def test_can_be_found_where_it_is_not_sensitive(self):
        """Or what the other tests do not find would mean nothing."""
        secret = f'Pass-{uuid.uuid4()}'
        result_id = self.request('open.Gate', secret)
        wait_started(result_id)
        found = where_is(secret, result_id)
        for place in 'systemctl show', 'systemctl cat', 'journal', 'jobctl', 'bus':
            self.assertIn(place, found)
        for pattern in '/proc/*/cmdline', '/proc/*/environ', '/var/lib/jobd/jobd.db*', '/run/systemd/transient/*':
            self.assertTrue(set(glob.glob(pattern)) & set(found), (pattern, found))
        open_gate(result_id)
        wait_end(result_id)

    def test_whole_job(self):
        self.check_run('secret.Whole', '')

    def test_whole_job_by_override(self):
        self.check_run('secret.ByOverride', '')

    def test_one_variable(self):
        self.check_run('secret.One', 'for all')

    def test_while_it_waits(self):
        write('/etc/jobd/jobd.conf.d/50-test.conf', '[Jobd]\nMaxRunning=1\n')
        run('systemctl restart jobd.service')
        secret = f'Pass-{uuid.uuid4()}'
        first = start_run('open.Gate', '--var', 'secret=x')
        wait_started(first)
        waiting = [self.request(job, secret) for job in ('secret.Whole', 'secret.One')]
        for result_id in waiting:
            self.assertOutcome(result_id, 'PENDING')
            self.assertEqual(where_is(secret, result_id), [])
        open_gate(first)
        for result_id in waiting:
            wait_started(result_id)
            open_gate(result_id)
            self.assertEqual(job_lines(result_id)[0], hashlib.sha256(secret.encode()).hexdigest())

        # what was in memory only is gone with a restart, and the run says so
        first = start_run('open.Gate', '--var', 'secret=x')
        waiting = [self.request(job, secret) for job in ('secret.Whole', 'secret.One')]
        os.unlink('/etc/jobd/jobd.conf.d/50-test.conf')
        run('systemctl restart jobd.service')
        wait_end(*waiting)
        for result_id in waiting:
            result = self.assertOutcome(result_id, 'FAILURE', reason='input-lost', date_started=None)
            self.assertIn('the input is sensitive', result['message'])
            self.assertIn('request it again', result['message'])
            self.assertEqual(where_is(secret, result_id), [])
        open_gate(first)
        wait_end(first)

    def test_not_in_what_is_said_of_wrong_input(self):
        cursor = journal_cursor()
        secret = f'Pass{uuid.uuid4().hex}'
        pid = main_pid()
        for job, data, status in (
                ('secret.Whole', {'secret': secret + '!'}, 4), ('secret.Whole', {'secret': [secret]}, 4),
                ('secret.One', {'secret': secret + '!'}, 4), ('secret.One', {'secret': {secret: secret}}, 4),
                ('secret.Typed', {'secret': '', 'number': secret, 'choice': secret}, 4),
                ('secret.Typed', '{"secret": "%s"' % secret, 2), ('secret.Typed', '{"secret": %s}' % secret, 2),
                ('secret.Typed', '"%s"' % secret, 2), ('secret.Typed', '{"secret": "%s\\x"}' % secret, 2)):
            text = data if isinstance(data, str) else json.dumps(data)
            done = self.assertFails(['jobctl', 'run', job, '--data=-'], status=status, user='alice', input=text)
            self.assertNotIn(secret, done.stdout + done.stderr)
            done = self.assertFails(['busctl', 'call', 'org.jobd1', '/org/jobd1', 'org.jobd1.Manager', 'RunJob',
                                     'ssa{sv}', job, text, '0'], status=1, user='alice')
            self.assertNotIn(secret, done.stdout + done.stderr)
        for variable in 'number', 'choice':
            done = self.assertFails(['jobctl', 'run', 'secret.Typed', '--var', f'{variable}={secret}'],
                                    status=2 if variable == 'number' else 4)
            self.assertNotIn(secret, done.stderr)
        self.assertNotIn(secret, json.dumps(journal(since=cursor)))
        self.assertEqual(main_pid(), pid)

    def test_typed_without_echo(self):
        secret = f'Pass-{uuid.uuid4()}'
        status, shown = dialogue(['jobctl', 'run', 'secret.Typed'], ('secret', secret + '\n'), ('SUCCESS', None),
                                 user='alice')
        self.assertEqual(status, 0, shown)
        self.assertNotIn(secret, shown)
        self.assertEqual(jobctl_json('results', '--job=secret.Typed', '-n', '1')[0]['task_kwargs'].get('secret'), None)


if __name__ == '__main__':
    unittest.main()
