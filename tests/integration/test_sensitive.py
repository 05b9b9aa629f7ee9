# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Sensitive input: it reaches the run, and is nowhere else, neither while the run lasts nor before nor after.

Whether it ends well or badly, whatever becomes of jobd meanwhile: where_is() looks at the store and its WAL, the
journal, all that is new below /run and /var, every property of the unit and of the objects of jobd, the arguments and
the environment of every process, and find_in_memory() at jobd's own memory.
"""
import glob
import hashlib
import json
import os
import re
import secrets
import struct
import time
import unittest
import uuid
import xml.etree.ElementTree as ElementTree

from classes import GATES, job_lines, open_gate, start_run, wait_end, wait_started, write
from harness import (TIMEOUT, JobdTestCase, dialogue, install_job, jobctl, jobctl_json, journal, journal_cursor,
                     kill_jobd, main_pid, run, start, stopped, unit_properties, wait_exit)
from raw_bus import RawBus

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
    'secret.Fails': VARIABLES + 'Sensitive=yes\n[Service]\nExecStart=sh -c "exit 3"\n',
    'secret.NoProgram': VARIABLES + 'Sensitive=yes\n[Service]\nExecStart=/no/such/program\n',
    'secret.Killed': '[Job]\nHasSensitiveVariables=yes\n' + VARIABLES +
                     '[Service]\nExecStart=sh -c "kill -SEGV $$$$"\n',
    'secret.NotRead': '[Job]\nHasSensitiveVariables=yes\n' + VARIABLES + '[Service]\nExecStart=sleep 1000\n',
    'open.Gate': VARIABLES + SERVICE,
}
START = time.time()
ROOTS = '/run', '/var', '/etc', '/tmp', '/dev/shm'


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


def is_new(path):
    """Written since these tests began; what is older is the machine's, and much. The run itself may have its input."""
    try:
        return os.lstat(path).st_ctime >= START - 1 and not path.startswith('/run/credentials/jobd-run-')
    except OSError:
        return False


def all_properties(destination, path):
    """Of every interface of an object, as root is told."""
    with RawBus() as bus:
        node = ElementTree.fromstring(bus.call(path, 'org.freedesktop.DBus.Introspectable', 'Introspect',
                                               destination=destination).body[0])
        return ''.join(str(bus.call(path, 'org.freedesktop.DBus.Properties', 'GetAll', 's', interface.get('name'),
                                    destination=destination).body) for interface in node.iterfind('interface'))


def unit_path(unit):
    escaped = ''.join(c if c.isalnum() else f'_{ord(c):02x}' for c in unit)
    return '/org/freedesktop/systemd1/unit/' + escaped


def places_of_run(result_id, job):
    unit = f'jobd-run-{result_id}.service'
    objects = ['/org/jobd1', '/org/jobd1/result/' + result_id.replace('-', ''),
               '/org/jobd1/job/' + jobctl_json('result', result_id)['job_model'].replace('-', '')]
    return {
        'systemctl show': run(['systemctl', 'show', '--all', unit]).stdout,
        'systemctl cat': run(['systemctl', 'cat', unit], check=False).stdout,
        'systemctl status': run(['systemctl', 'status', '--full', '--lines=1000', unit], check=False).stdout,
        'properties of the unit': all_properties('org.freedesktop.systemd1', unit_path(unit)),
        'jobctl': ''.join(jobctl(*verb).stdout for verb in (
            ['--json', 'result', result_id], ['result', result_id], ['--json', 'results'],
            ['--json', 'show', '-v', job], ['logs', result_id], ['--json', 'logs', result_id])),
        'bus': ''.join(all_properties('org.jobd1', path) for path in objects),
    }


def where_is(secret, result_id=None, job='secret.Whole'):
    """Every place outside of the run itself in which the secret can be found. None: there is no run."""
    run(['journalctl', '--sync'])
    places = places_of_run(result_id, job) if result_id else {}
    places['journal'] = run(['journalctl', '--all', '--output=export']).stdout
    found = [place for place, text in places.items() if secret in text]
    processes = [path for kind in ('cmdline', 'environ') for path in glob.glob(f'/proc/[0-9]*/{kind}')]
    return found + [path for path in [*processes, *filter(is_new, files_below(*ROOTS))]
                    if secret.encode() in contents(path)]


def find_in_memory(pid, secret):
    """The flags (proc(5), VmFlags) of the mapping of each place in which a part of the secret is."""
    window = 8
    pattern = re.compile(b'|'.join(re.escape(secret[at:at + window]) for at in range(0, len(secret) - window + 1, 4)))
    found = []
    with open(f'/proc/{pid}/smaps', encoding='utf-8') as smaps:
        text = smaps.read()
    mappings = re.findall(r'^([0-9a-f]+)-([0-9a-f]+) (r\S+) .*?VmFlags: ([^\n]*)', text, re.MULTILINE | re.DOTALL)
    with open(f'/proc/{pid}/mem', 'rb', 0) as memory:
        for begin, end, _, flags in mappings:
            memory.seek(int(begin, 16))
            try:
                contents_of_mapping = memory.read(int(end, 16) - int(begin, 16))
            except OSError:     # [vvar]
                continue
            found += [flags.split()] * len(pattern.findall(contents_of_mapping))
    return found


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


class Badly(JobdTestCase):
    """The run comes to a bad end, or jobd does."""
    request = Sensitive.request

    def test_runs_that_fail(self):
        for job, reason in (('secret.Fails', 'exit-code'), ('secret.NoProgram', 'start-failed'),
                            ('secret.Killed', 'signal')):
            secret = f'Pass-{uuid.uuid4()}'
            result_id = self.request(job, secret)
            wait_end(result_id)
            self.assertOutcome(result_id, 'FAILURE', reason=reason)
            self.assertEqual(where_is(secret, result_id), [], job)

    def test_cancelled_before_it_has_read(self):
        secret = f'Pass-{uuid.uuid4()}'
        result_id = self.request('secret.NotRead', secret)
        wait_started(result_id)
        self.assertEqual(where_is(secret, result_id), [])
        jobctl('cancel', '--kill', result_id)
        wait_end(result_id)
        self.assertEqual(where_is(secret, result_id), [])
        self.assertEqual(glob.glob(f'/run/credentials/*{result_id}*'), [])

    def test_kill_while_it_runs(self):
        secret = f'Pass-{uuid.uuid4()}'
        result_id = self.request('secret.One', secret)
        wait_started(result_id)
        for _ in range(3):
            kill_jobd()
            self.assertEqual(where_is(secret, result_id), [])       # which starts it again
        open_gate(result_id)
        wait_end(result_id)
        self.assertOutcome(result_id, 'SUCCESS')
        self.assertEqual(where_is(secret, result_id), [])

    def test_kill_at_any_moment_of_a_request(self):
        """Before it is stored, in between, after it was acknowledged: as it falls, ten times."""
        outcomes = set()
        for round in range(10):
            secret = f'Pass-{uuid.uuid4()}'
            jobctl('list')      # jobd is there
            with start(['jobctl', 'run', '--no-wait', 'secret.NotRead', '--data=-'], 'alice', stdin=-1) as client:
                client.stdin.write(json.dumps({'secret': secret}))
                client.stdin.close()
                client.stdin = None
                if round % 2:
                    client.wait(TIMEOUT)
                else:
                    for _ in range(round * 500):
                        os.sched_yield()
                kill_jobd()
                result_id = client.communicate(timeout=TIMEOUT)[0].strip() or None
            self.assertEqual(where_is(secret, result_id), [])
            if result_id:
                jobctl('cancel', '--kill', result_id, check=False)
                wait_end(result_id)
                outcomes.add(jobctl_json('result', result_id)['reason'])
                self.assertEqual(where_is(secret, result_id), [])
        self.assertLessEqual(outcomes, {'revoked', 'input-lost'})

    def test_no_core_dump_of_jobd(self):
        """Not even where LimitCORE= allows them, and jobd stands in a directory in which it could write one."""
        with open('/proc/sys/kernel/core_pattern', encoding='ascii') as file:
            if file.read().strip() != 'core':
                self.skipTest('the kernel gives core dumps to a program of this machine')
        # An ordinary process leaves one here: what the test does not find for jobd could have been found.
        run(['systemd-run', '--wait', '-p', 'LimitCORE=infinity', '-p', 'WorkingDirectory=/var/lib/jobd', 'sh', '-c',
             'kill -QUIT $$$$'], check=False)
        cores = glob.glob('/var/lib/jobd/core*')
        self.assertEqual(len(cores), 1)
        os.unlink(cores[0])

        write('/run/systemd/system/jobd.service.d/50-core.conf',
              '[Service]\nLimitCORE=infinity\nWorkingDirectory=/var/lib/jobd\n')
        self.addCleanup(run, 'systemctl daemon-reload; systemctl restart jobd.service')
        self.addCleanup(os.unlink, '/run/systemd/system/jobd.service.d/50-core.conf')
        write('/etc/jobd/jobd.conf.d/50-test.conf', '[Jobd]\nMaxRunning=1\n')
        self.addCleanup(os.unlink, '/etc/jobd/jobd.conf.d/50-test.conf')
        run('systemctl daemon-reload; systemctl restart jobd.service')
        first = start_run('open.Gate', '--var', 'secret=x')
        wait_started(first)
        secret = f'Pass-{uuid.uuid4()}'
        result_id = self.request('secret.One', secret)      # waits: jobd has it in memory
        pid, cursor = main_pid(), journal_cursor()
        self.assertTrue(find_in_memory(pid, secret.encode()))
        # SIGQUIT is for the kernel what SIGSEGV is; that one fails the tests whenever jobd dies of it.
        run('systemctl kill --signal=QUIT --kill-who=main jobd.service')
        wait_exit(pid)
        jobctl('list')
        codes = {entry['EXIT_CODE'] for entry in journal('UNIT=jobd.service', since=cursor) if 'EXIT_CODE' in entry}
        self.assertEqual(codes, {'killed'})     # and not "dumped"
        self.assertEqual(glob.glob('/var/lib/jobd/core*') + glob.glob('/core*'), [])
        self.assertEqual(where_is(secret, result_id), [])
        open_gate(first)
        wait_end(first, result_id)
        self.assertOutcome(result_id, 'FAILURE', reason='input-lost')


class Memory(JobdTestCase):
    """jobd's own."""

    def setUp(self):
        jobctl('list')
        self.pid = main_pid()

    def assertForgotten(self, *patterns):
        """What was freed is overwritten at once; what a connection holds goes with it, a turn of the loop later."""
        deadline = time.monotonic() + TIMEOUT
        while any(find_in_memory(self.pid, pattern) for pattern in patterns) and time.monotonic() < deadline:
            jobctl('list')
        for pattern in patterns:
            self.assertEqual(find_in_memory(self.pid, pattern), [])
        self.assertEqual(main_pid(), self.pid)

    def run_with(self, job, data, user, *options):
        return jobctl(*options, 'run', '-q', job, '--data=-', user=user, input=json.dumps(data),
                      check=False).returncode

    def test_while_it_waits_it_is_locked_and_not_dumped(self):
        write('/etc/jobd/jobd.conf.d/50-test.conf', '[Jobd]\nMaxRunning=1\n')
        run('systemctl restart jobd.service')
        os.unlink('/etc/jobd/jobd.conf.d/50-test.conf')
        self.addCleanup(run, 'systemctl restart jobd.service')
        self.pid = main_pid()
        first = start_run('open.Gate', '--var', 'secret=x')
        wait_started(first)
        secret = f'Pass-{uuid.uuid4()}'
        result_id = Sensitive.request(self, 'secret.One', secret)
        jobctl('list')
        found = find_in_memory(self.pid, secret.encode())
        self.assertTrue(found)
        for flags in found:
            self.assertLessEqual({'lo', 'dd', 'dc'}, set(flags))    # locked, not dumped, not in a fork
        open_gate(first)
        wait_started(result_id)
        open_gate(result_id)
        wait_end(first, result_id)
        self.assertForgotten(secret.encode())

    def test_after_runs(self):
        for user, options in (('alice', []), (None, ['--socket'])):
            for job, status in (('secret.Typed', 0), ('secret.Fails', 1), ('secret.NoProgram', 1),
                                ('secret.Killed', 1)):
                for size in 1, 40, 1000:
                    with self.subTest(user=user, job=job, size=size):
                        secret = ' '.join([secrets.token_urlsafe(40)] * size)
                        self.assertEqual(self.run_with(job, {'secret': secret}, user, *options), status)
                        self.assertForgotten(secret.encode()[:60])

    def test_after_refusals(self):
        for data in ({'secret': '%s!'}, {'secret': ['%s']}, {'secret': {'%s': 1}}, {'%s': 'x'},
                     {'secret': 'x', 'choice': '%s'}, {'secret': 'x', 'number': '%s'}):
            secret = secrets.token_urlsafe(40)
            data = json.loads(json.dumps(data) % secret)
            with self.subTest(data=data):
                self.assertEqual(self.run_with('secret.Typed', data, 'alice'), 4)
                self.assertForgotten(secret.encode())
        for text in ('{"secret": "%s" x', '{"secret": "%s"', '%s',
                     '{"secret": "%s", "secret": 1}', '{"secret": "%s\\ud800"}'):
            for user in 'alice', 'dave':
                secret = secrets.token_urlsafe(40)
                with self.subTest(text=text, user=user):
                    run(['busctl', 'call', 'org.jobd1', '/org/jobd1', 'org.jobd1.Manager', 'RunJob', 'ssa{sv}',
                         'secret.Typed', text % secret, '0'], user=user, check=False)
                    self.assertForgotten(secret.encode())

    def test_numbers(self):
        number = secrets.randbits(62) | 1 << 61
        self.assertEqual(self.run_with('secret.Typed', {'secret': 'x', 'number': number}, 'alice'), 0)
        self.assertForgotten(str(number).encode(), struct.pack('<q', number))


if __name__ == '__main__':
    unittest.main()
