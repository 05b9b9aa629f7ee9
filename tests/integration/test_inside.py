# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""What a run reads and says from inside, by jobd-job and by plain D-Bus on jobd's socket, and who may speak for it."""
import hashlib
import json
import os
import socket
import tempfile
import unittest

from harness import (JobdTestCase, Signals, install_job, jobctl, jobctl_json, journal, journal_cursor, journal_wait,
                     kill_jobd, main_pid, run, start, unit_properties)
from held_file import HeldFile
from raw_bus import DIRECT, RawBus

PATH, INTERFACE = '/org/jobd1/run', 'org.jobd1.Run'
MIB = 1024 * 1024

ALL = r'''#!/bin/sh -ex
test "$(jobd-job var device)" = "r1 and 'r2'"
test "$(jobd-job var retries)" = 3
test "$(jobd-job var list)" = '["a",{"b":null}]'
test "$(jobd-job var nothing --default fallback)" = fallback
if jobd-job var nothing; then exit 9; fi
jobd-job vars | grep -q '"retries":3'
jobd-job log -l warning -g network -o r1 hello world
printf 'one\ntwo\n' | jobd-job log --level=debug
jobd-job progress 40% almost half
jobd-job result '{"answer": 42}'
printf 'contents of %s' "$JOB_RESULT_ID" | jobd-job output --name=report.txt -
jobd-job log -l success the end
'''

# A D-Bus client of nobody's: any language that can open a socket will do.
PLAIN = r'''#!/usr/bin/python3
import os, socket, struct
token = open(os.environ['CREDENTIALS_DIRECTORY'] + '/job-token').read()
bus = socket.socket(socket.AF_UNIX)
bus.connect('/run/jobd/jobd.sock')
bus.sendall(b'\0AUTH EXTERNAL\r\nDATA\r\n')
answer = b''
while b'OK ' not in answer:
    answer += bus.recv(4096)
bus.sendall(b'BEGIN\r\n')

def pad(data, n): return data + b'\0' * (-len(data) % n)
def text(s): return struct.pack('<I', len(s.encode())) + s.encode() + b'\0'
def field(code, kind, value):
    value = struct.pack('B', len(value)) + value.encode() + b'\0' if kind == 'g' else text(value)
    return bytes([code, 1]) + kind.encode() + b'\0' + value

def call(serial, member, *args):
    body = b''
    for arg in args:
        body = pad(body, 4) + (text(arg) if isinstance(arg, str) else struct.pack('<I', arg))
    fields = b''
    for code, kind, value in ((1, 'o', '/org/jobd1/run'), (2, 's', 'org.jobd1.Run'), (3, 's', member),
                              (8, 'g', ''.join('s' if isinstance(arg, str) else 'u' for arg in args))):
        fields = pad(fields, 8) + field(code, kind, value)
    head = struct.pack('<BBBBIII', ord('l'), 1, 0, 1, len(body), serial, len(fields))
    bus.sendall(pad(head + fields, 8) + body)
    reply = bus.recv(65536)
    assert reply[1] == 2, reply

call(1, 'Open', token)
call(2, 'Log', 'critical', 'from Python', 'a grouping', 'an object')
call(3, 'SetProgress', 100, 'done')
call(4, 'SetResult', '[1, 2]')
'''

STRICT = '''
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateNetwork=yes
PrivateDevices=yes
PrivateUsers=yes
PrivateIPC=yes
ProtectProc=invisible
ProcSubset=pid
ProtectKernelTunables=yes
ProtectControlGroups=yes
NoNewPrivileges=yes
CapabilityBoundingSet=
RestrictAddressFamilies=AF_UNIX
RestrictNamespaces=yes
MemoryDenyWriteExecute=yes
SystemCallFilter=@system-service
UMask=0077
'''

VARIABLES = '''
[Variable device]
Type=string
Default=r1 and 'r2'

[Variable retries]
Type=integer
Default=3

[Variable list]
Type=json
Default=["a", {"b": null}]

[Variable nothing]
Type=string
Required=no
'''

USERS = {'dynamic': '', 'alice': 'User=alice', 'root': 'User=root', 'strict': STRICT, 'strictAlice': 'User=alice' + STRICT}


def program(name, text):
    path = f'/usr/local/bin/{name}'
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    os.chmod(path, 0o755)
    return path


def define(class_path, script, service='', variables='', job=''):
    """A job that runs a shell script, which may have any quotes in it."""
    path = program('inside-' + class_path.replace('.', '-'), script if script.startswith('#!') else
                   '#!/bin/sh\n' + script)
    install_job(class_path, f'[Job]\n{job}\n{variables}\n[Service]\nExecStart={path}\n{service}\n')
    jobctl('refresh')
    jobctl('enable', class_path)


def start_run(class_path, user='alice'):
    return jobctl('run', '--no-wait', class_path, user=user).stdout.strip()


def wait_end(result_id):
    jobctl('logs', '-f', '-n', '0', result_id)


def token_of(result_id):
    """Root may look."""
    with open(f'/run/credentials/jobd-run-{result_id}.service/job-token', encoding='ascii') as file:
        return file.read()


class RunBus(RawBus):
    """A connection of a run, or of who says so."""

    def __init__(self, token=None, user=None):
        super().__init__(user, DIRECT)
        if token is not None:
            self.opened = self.say('Open', 's', token)

    def say(self, member, signature='', *args, fd=None):
        if fd is None:
            return self.call(PATH, INTERFACE, member, signature, *args, destination=None)
        plain = self.socket

        class WithFile:
            def sendall(self, data):
                socket.send_fds(plain, [data], [fd])
        self.socket = WithFile()
        try:
            serial = self.call_later(PATH, INTERFACE, member, signature, *args, destination=None, unix_fds=1)
        finally:
            self.socket = plain
        return self.reply_to(serial)

    def log(self, level='info', message='x', grouping='', object=''):
        return self.say('Log', 'ssss', level, message, grouping, object)

    def add(self, name, data=b'', fd=None):
        if fd is not None:
            return self.say('AddOutput', 'sh', name, 0, fd=fd)
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.flush()
            return self.say('AddOutput', 'sh', name, 0, fd=file.fileno())


class Inside(JobdTestCase):
    """Runs that wait until the test lets them go, so that the test can speak as they would."""

    @classmethod
    def setUpClass(cls):
        define('wait.Here', 'exec sleep 300')
        define('wait.AsAlice', 'exec sleep 300', 'User=alice')

    def waiting_run(self, class_path='wait.Here', user='alice'):
        cursor = journal_cursor()
        result_id = start_run(class_path, user)
        journal_wait(f'UNIT=jobd-run-{result_id}.service', 'MESSAGE_ID=39f53479d3a045ac8e11786248231fbf', since=cursor)
        self.addCleanup(run, ['jobctl', 'cancel', '--kill', result_id], check=False)
        return result_id

    def end(self, result_id):
        jobctl('cancel', '--kill', result_id)
        wait_end(result_id)

    def connect(self, *args, **kwargs):
        bus = RunBus(*args, **kwargs)
        self.addCleanup(bus.close)
        return bus

    def speaker(self, class_path='wait.Here'):
        result_id = self.waiting_run(class_path)
        return result_id, self.connect(token_of(result_id))

    def assertError(self, reply, name, *texts):
        self.assertEqual(reply.error, f'org.jobd1.Error.{name}' if '.' not in name else name, reply)
        for text in texts:
            self.assertIn(text, reply.body[0])

    def assertOk(self, reply):
        self.assertIsNone(reply.error, reply)


class Users(JobdTestCase):
    def test_every_user_and_sandbox(self):
        for name, service in USERS.items():
            with self.subTest(name):
                define(f'all.{name}', ALL, service, VARIABLES)
                done = jobctl('run', f'all.{name}', user='alice', check=False)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                result_id = jobctl_json('results', '-n', '1')[0]['id']
                result = self.assertOutcome(result_id, 'SUCCESS', progress=40, progress_text='almost half',
                                            result={'answer': 42})
                self.assertEqual(result['log_counts'], {'debug': 2, 'info': 1, 'success': 1, 'warning': 1, 'failure': 0,
                                                        'error': 0, 'critical': 0})
                [output] = jobctl_json('outputs', result_id, user='alice')
                contents = f'contents of {result_id}'.encode()
                self.assertEqual((output['name'], output['size'], output['sha256']),
                                 ('report.txt', len(contents), hashlib.sha256(contents).hexdigest()))

    def test_plain_dbus_from_python(self):
        define('all.Python', PLAIN, STRICT.replace('MemoryDenyWriteExecute=yes\n', ''))
        done = jobctl('run', 'all.Python', user='alice', check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn('Python: critical [a grouping] an object: from Python\n', done.stdout)
        result_id = jobctl_json('results', '-n', '1')[0]['id']
        self.assertOutcome(result_id, 'SUCCESS', progress=100, progress_text='done', result=[1, 2])

    def test_not_inside_a_run(self):
        self.assertFails(['jobd-job', 'log', 'x'], 'not inside a run', status=1)
        self.assertFails(['jobd-job', 'var', 'x'], 'not inside a run', status=1, user='alice')
        self.assertFails(['jobd-job', 'progress', '101'], 'not a number from 0 to 100', status=2)
        self.assertFails(['jobd-job', 'nonsense'], 'there is no verb "nonsense"', status=2)
        self.assertFails(['jobd-job', 'output', '-'], 'needs a name', status=2)


class Log(Inside):
    def test_levels_fields_and_counts(self):
        result_id, bus = self.speaker()
        priorities = {'debug': 7, 'info': 6, 'success': 5, 'warning': 4, 'failure': 3, 'error': 3, 'critical': 2}
        for i, level in enumerate(priorities, 1):
            for _ in range(i):
                self.assertOk(bus.log(level, f'this is {level}', 'net', 'r1'))
        self.end(result_id)
        for level, priority in priorities.items():
            entries = journal(f'JOB_RESULT_ID={result_id}', f'JOB_LOG_LEVEL={level}')
            self.assertEqual(len(entries), list(priorities).index(level) + 1)
            entry = entries[0]
            self.assertEqual({name: entry.get(name) for name in (
                'MESSAGE', 'PRIORITY', 'JOB_LOG_GROUPING', 'JOB_LOG_OBJECT', 'JOB_NAME', 'JOB_CLASS_PATH',
                'JOB_REQUESTER', 'OBJECT_SYSTEMD_UNIT', 'SYSLOG_IDENTIFIER', '_SYSTEMD_UNIT')},
                {'MESSAGE': f'this is {level}', 'PRIORITY': str(priority), 'JOB_LOG_GROUPING': 'net',
                 'JOB_LOG_OBJECT': 'r1', 'JOB_NAME': 'Here', 'JOB_CLASS_PATH': 'wait.Here', 'JOB_REQUESTER': 'alice',
                 'OBJECT_SYSTEMD_UNIT': f'jobd-run-{result_id}.service', 'SYSLOG_IDENTIFIER': 'Here',
                 '_SYSTEMD_UNIT': 'jobd.service'})
        self.assertEqual(jobctl_json('result', result_id)['log_counts'],
                         {level: i for i, level in enumerate(priorities, 1)})

    def test_limits(self):
        result_id, bus = self.speaker()
        self.assertOk(bus.log('info', 'a' * 49152))
        self.assertError(bus.log('info', 'a' * 49153), 'DataTooLarge', '49153', '49152')
        self.assertError(bus.log('nope'), 'InvalidValue', 'Unknown logging level: nope')
        self.assertError(bus.log('Info'), 'InvalidValue', 'Unknown logging level: Info')
        self.assertError(bus.log('x' * 100000), 'InvalidValue')
        self.assertOk(bus.log('info', 'long', 'ä' * 101, 'ö' * 201))
        self.assertOk(bus.log('info', 'exact', 'ä' * 100, 'ö' * 200))
        self.assertOk(bus.log('info', ''))
        self.assertOk(bus.log('info', 'the password is hunter2', 'password=hunter2', 'http://u:hunter2@h/'))
        entries = {entry['MESSAGE']: entry for entry in journal(f'JOB_RESULT_ID={result_id}', 'JOB_LOG_LEVEL=info')}
        for message in 'long', 'exact':
            self.assertEqual((entries[message]['JOB_LOG_GROUPING'], entries[message]['JOB_LOG_OBJECT']),
                             ('ä' * 100, 'ö' * 200))
        self.assertNotIn('hunter2', str(entries))
        self.end(result_id)
        self.assertEqual(jobctl_json('result', result_id)['log_counts']['info'], 5)

    def test_what_jobctl_shows(self):
        result_id, bus = self.speaker()
        for args in (('info', 'plain'), ('warning', 'two\nlines', 'net', 'r1'), ('debug', 'fine', 'disk'),
                     ('success', 'good', 'net'), ('error', '\x1b[31mred', 'dis\x1b[31mk', 'o\x1b]0;x')):
            self.assertOk(bus.log(*args))

        def shown(*options):
            lines = jobctl('logs', *options, result_id, user='alice').stdout.splitlines()
            return [line.split(': ', 1)[1] for line in lines if ' Here: ' in line]
        self.assertEqual(shown(), ['info: plain', 'warning [net] r1: two', 'debug [disk]: fine', 'success [net]: good',
                                   r'error [dis\x1b[31mk] o\x1b]0;x: \x1b[31mred'])
        self.assertEqual(shown('--level=warning'), [shown()[1], shown()[4]])
        self.assertEqual(shown('--level=success', '--grouping=net'), ['warning [net] r1: two', 'success [net]: good'])
        self.assertEqual(shown('--grouping=net', '-n', '1'), ['success [net]: good'])
        self.assertEqual(shown('--grouping=nothing'), [])
        self.assertFails(['jobctl', 'logs', '--level=nope', result_id], "option 'level' is debug, info", status=4)
        lines = [json.loads(line) for line in jobctl('logs', '-o', 'json', '-g', 'net', result_id).stdout.splitlines()]
        self.assertEqual([(line['level'], line['grouping'], line.get('object'), line['source'], line.get('pid'))
                          for line in lines],
                         [('warning', 'net', 'r1', 'job', None), ('success', 'net', None, 'job', None)])
        self.end(result_id)
        text = jobctl('result', result_id).stdout
        self.assertIn('Log entries: 1 debug, 1 info, 1 success, 1 warning, 1 error\n', text)

    def test_fields_that_a_job_writes_itself_count_for_nothing(self):
        define('log.Forged', 'printf "JOB_LOG_LEVEL=critical\\nJOB_RESULT_ID=%s\\nMESSAGE=forged\\n" "$JOB_RESULT_ID" |'
                             ' logger --journald')
        jobctl('run', 'log.Forged', user='alice')
        result_id = jobctl_json('results', '-n', '1')[0]['id']
        self.assertEqual(jobctl_json('result', result_id)['log_counts']['critical'], 0)
        self.assertNotIn('critical', jobctl('logs', result_id).stdout)


class Access(Inside):
    def test_one_run_cannot_speak_for_another(self):
        first, second = self.waiting_run(), self.waiting_run()
        token, other = token_of(first), token_of(second)
        bus = self.connect(token)
        self.assertEqual(bus.opened.body, [first, 'wait.Here'])
        # once for all
        self.assertError(bus.say('Open', 's', other), 'org.freedesktop.DBus.Error.AccessDenied')
        self.assertError(bus.say('Open', 's', token), 'org.freedesktop.DBus.Error.AccessDenied')
        self.assertOk(bus.log('warning', 'mine'))
        self.assertOk(bus.say('Fail', 's', 'mine'))
        self.end(first)
        self.end(second)
        self.assertEqual(sum(jobctl_json('result', second)['log_counts'].values()), 0)
        self.assertEqual(jobctl_json('result', first)['log_counts']['warning'], 1)

    def test_tokens_that_are_none(self):
        first, second = self.waiting_run(), self.waiting_run()
        token, other = token_of(first), token_of(second)
        self.assertRegex(token, r'^[0-9a-f-]{36}\.[0-9a-f]{64}$')
        forged = {'id and the token of another': other[:37] + token[37:], 'id only': first, 'nothing': '',
                  'one digit': token[:-1] + ('0' if token[-1] != '0' else '1'), 'more': token + '0',
                  'less': token[:-1], 'upper case': token.upper(), 'id without dashes': token[:36].replace('-', '') + token[36:],
                  'long': 'a' * 100000, 'zeros': f'{first}.' + '0' * 64, 'blank': token + ' '}
        for user in None, 'alice', 'dave':
            for what, text in forged.items():
                with self.subTest(what, user=user):
                    cursor = journal_cursor()
                    bus = self.connect(user=user)
                    self.assertError(bus.say('Open', 's', text), 'org.freedesktop.DBus.Error.AccessDenied',
                                     'this is no token of a run')
                    with self.assertRaises((EOFError, ConnectionError)):
                        bus.log()
                    [entry] = journal('MESSAGE_ID=59a068bf972f45e28d734d07c3c54376', since=cursor)
                    self.assertEqual(entry['JOB_CALLER'], user or 'root')
                    self.assertNotIn(first, entry['MESSAGE'])

    def test_the_user_of_the_run_without_its_token(self):
        result_id = self.waiting_run('wait.AsAlice')
        bus = self.connect(user='alice')
        for call in (('Log', 'ssss', 'info', 'x', '', ''), ('SetProgress', 'us', 1, ''), ('SetResult', 's', '1'),
                     ('Fail', 's', 'x')):
            self.assertError(bus.say(*call), 'NoSuchRun', 'call Open with its token first')
        # what is not for runs is refused as ever, to all but root
        path = f'/org/jobd1/result/{result_id.replace("-", "")}'
        for call in ((path, 'org.jobd1.JobResult', 'Delete'), ('/org/jobd1', 'org.jobd1.Manager', 'GetJob', 's', 'x'),
                     (PATH, 'org.freedesktop.DBus.Properties', 'GetAll', 's', INTERFACE),
                     (PATH, 'org.freedesktop.DBus.Introspectable', 'Introspect'), (PATH, None, 'Log', 'ssss', 'info', 'x', '', ''),
                     ('/org/jobd1', INTERFACE, 'Log', 'ssss', 'info', 'x', '', '')):
            with self.subTest(call):
                other = self.connect(token_of(result_id), user='alice')
                self.assertOk(other.opened)
                self.assertError(other.call(*call, destination=None), 'org.freedesktop.DBus.Error.AccessDenied', 'for root')

    def test_the_token_is_the_run_own(self):
        result_id = self.waiting_run('wait.AsAlice')
        token = token_of(result_id)
        path = f'/run/credentials/jobd-run-{result_id}.service/job-token'
        self.assertNotEqual(run(['cat', path], user='dave', check=False).returncode, 0)
        self.assertEqual(os.stat(path).st_mode & 0o077, 0)
        self.assertNotIn(token[37:], str(unit_properties(f'jobd-run-{result_id}.service')))
        self.assertNotIn(token[37:], run(['busctl', 'introspect', 'org.jobd1', f'/org/jobd1/result/{result_id.replace("-", "")}']).stdout)
        with open('/var/lib/jobd/jobd.db-wal', 'rb') as file:
            self.assertNotIn(token[37:].encode(), file.read())
        self.assertNotIn(token[37:], run(['journalctl', '-a', '-o', 'export']).stdout)

    def test_not_on_the_system_bus(self):
        for user in 'root', 'alice':
            reply = run(['busctl', 'call', 'org.jobd1', PATH, INTERFACE, 'Open', 's', 'x'], user=user, check=False)
            self.assertNotEqual(reply.returncode, 0)
        with RawBus() as bus:
            self.assertIn(bus.call(PATH, INTERFACE, 'Open', 's', 'x').error,
                          ('org.freedesktop.DBus.Error.UnknownMethod', 'org.freedesktop.DBus.Error.UnknownObject'))

    def test_after_its_end(self):
        result_id, bus = self.speaker()
        token = token_of(result_id)
        self.assertOk(bus.log())
        self.end(result_id)
        before = jobctl_json('result', result_id)
        self.assertError(bus.log(), 'RunEnded', result_id)
        self.assertError(bus.say('Fail', 's', 'x'), 'RunEnded')
        self.assertError(bus.say('SetResult', 's', '1'), 'RunEnded')
        self.assertError(bus.say('SetProgress', 'us', 1, ''), 'RunEnded')
        self.assertError(bus.add('x', b'x'), 'RunEnded')
        self.assertError(self.connect().say('Open', 's', token), 'RunEnded')
        self.assertEqual(jobctl_json('result', result_id), before)
        run(['busctl', 'call', 'org.jobd1', f'/org/jobd1/result/{result_id.replace("-", "")}', 'org.jobd1.JobResult',
             'Delete'])
        self.assertError(self.connect().say('Open', 's', token), 'NoSuchRun')

    def test_one_user_cannot_shut_out_another(self):
        result_id = self.waiting_run()
        held = [self.connect(user='dave') for _ in range(64)]
        with self.assertRaises((EOFError, ConnectionError)):
            self.connect(user='dave').log()
        self.assertOk(self.connect(token_of(result_id), user='bob').opened)
        for bus in held:
            bus.close()

    def test_no_signals_for_runs(self):
        result_id, bus = self.speaker()
        other = self.connect(token_of(result_id), user='alice')
        self.assertOk(other.opened)
        jobctl('refresh')
        self.assertOk(bus.say('SetProgress', 'us', 1, ''))
        serial = other.call_later(PATH, INTERFACE, 'Log', 'ssss', 'info', 'x', '', '', destination=None)
        self.assertEqual(other.receive().reply_serial, serial)


class Words(Inside):
    """fail, result, progress"""

    def test_fail_with_exit_status_0(self):
        define('fail.Zero', 'jobd-job result \'{"n": 1}\'; jobd-job fail three of 5 hosts; exit 0')
        done = jobctl('run', 'fail.Zero', user='alice', check=False)
        self.assertEqual(done.returncode, 1)
        result_id = jobctl_json('results', '-n', '1')[0]['id']
        result = self.assertOutcome(result_id, 'FAILURE', reason='failed', message='three of 5 hosts', exit_code=0,
                                    result={'n': 1})
        self.assertEqual(result['log_counts']['failure'], 1)
        self.assertIn('Zero: failure: three of 5 hosts\n', done.stdout)
        self.assertIn('Job failed: three of 5 hosts', done.stdout)

    def test_fail_with_another_exit_status(self):
        define('fail.Seven', 'jobd-job fail first; jobd-job fail "the second" word; exit 7')
        jobctl('run', 'fail.Seven', user='alice', check=False)
        self.assertOutcome(jobctl_json('results', '-n', '1')[0]['id'], 'FAILURE', reason='failed',
                           message='the second word', exit_code=7)

    def test_fail_survives_a_killed_jobd(self):
        result_id, bus = self.speaker()
        self.assertOk(bus.say('Fail', 's', 'as I said'))
        kill_jobd()
        run(['systemctl', 'kill', '--signal=USR1', f'jobd-run-{result_id}.service'])
        wait_end(result_id)     # what happened from outside says more
        self.assertOutcome(result_id, 'FAILURE', reason='signal')
        fifo = '/run/inside-fifo'
        os.mkfifo(fifo)
        define('fail.Later', f'jobd-job fail as I said; cat {fifo}', 'User=root')
        cursor = journal_cursor()
        result_id = start_run('fail.Later')
        journal_wait(f'JOB_RESULT_ID={result_id}', 'JOB_LOG_LEVEL=failure', since=cursor)
        with open(fifo, 'w', encoding='ascii'):     # it has been answered
            kill_jobd()
        wait_end(result_id)
        self.assertOutcome(result_id, 'FAILURE', reason='failed', message='as I said', exit_code=0)

    def test_result(self):
        result_id, bus = self.speaker()
        for text, value in (('{"a": [1, 2.5, null, "ä"]}', {'a': [1, 2.5, None, 'ä']}), ('"text"', 'text'), ('0', 0),
                            ('{"password": "hunter2", "url": "http://u:hunter2@h/", "list": {"db_password": ["hunter2"]}}',
                             {'password': '(redacted)', 'url': 'http://(redacted)@h/',
                              'list': {'db_password': ['(redacted)']}})):
            self.assertOk(bus.say('SetResult', 's', text))
            self.assertEqual(jobctl_json('result', result_id)['result'], value)
        for text in '', '{', "{'a': 1}", '{"a": 1, "a": 2}', 'NaN', '[' * 100 + ']' * 100, '"\\ud800"', '1e999':
            self.assertError(bus.say('SetResult', 's', text), 'InvalidJSON', 'the result is not JSON')
        largest = json.dumps('a' * (256 * 1024 - 2))
        self.assertError(bus.say('SetResult', 's', largest + ' '), 'DataTooLarge', '262145', '262144')
        self.assertOk(bus.say('SetResult', 's', largest))
        self.assertEqual(json.dumps(jobctl_json('result', result_id)['result']), largest)
        # not in lists
        listed = jobctl_json('results', '-n', '1')[0]
        self.assertEqual((listed['id'], listed['result']), (result_id, None))

    def test_progress_is_announced(self):
        result_id, bus = self.speaker()
        self.assertEqual(jobctl_json('result', result_id)['progress'], None)
        self.assertError(bus.say('SetProgress', 'us', 101, ''), 'InvalidValue', '101')
        for percent, text in ((0, ''), (100, 'x' * 201), (50, 'half')):
            signals = Signals(f"type='signal',path='/org/jobd1/result/{result_id.replace('-', '')}'")
            self.assertOk(bus.say('SetProgress', 'us', percent, text))
            self.assertIn('Progress', signals.wait()['payload']['data'][2])
            result = jobctl_json('result', result_id)
            self.assertEqual((result['progress'], result['progress_text']), (percent, text[:200] or None))
        self.assertIn('Progress: 50% half\n', jobctl('result', result_id).stdout)


class Killed(Inside):
    def test_the_same_connection_is_not_the_same_jobd(self):
        result_id, bus = self.speaker()
        token = token_of(result_id)
        self.assertOk(bus.log('warning', 'before'))
        kill_jobd()
        again = self.connect(token)
        self.assertOk(again.opened)
        self.assertOk(again.log('warning', 'after'))
        self.end(result_id)
        self.assertEqual(jobctl_json('result', result_id)['log_counts']['warning'], 2)

    def test_entries_and_counters_through_kills(self):
        define('kill.Log', 'for i in $(seq 60); do jobd-job log -l success "number $i" || exit 1; done')
        cursor = journal_cursor()
        result_id = start_run('kill.Log')
        for i in 10, 25, 40:
            journal_wait(f'JOB_RESULT_ID={result_id}', f'MESSAGE=number {i}', since=cursor)
            kill_jobd()
        wait_end(result_id)
        messages = [entry['MESSAGE'] for entry in journal(f'JOB_RESULT_ID={result_id}', 'JOB_LOG_LEVEL=success')]
        # an entry whose answer was lost was sent again
        self.assertEqual(sorted(set(messages), key=lambda text: int(text.split()[1])),
                         [f'number {i}' for i in range(1, 61)])
        self.assertEqual(self.assertOutcome(result_id, 'SUCCESS')['log_counts']['success'], len(messages))

    def test_entries_and_counters_through_restarts(self):
        define('kill.Restart', 'for i in $(seq 40); do jobd-job log -l success "number $i" || exit 1; done')
        cursor = journal_cursor()
        result_id = start_run('kill.Restart')
        journal_wait(f'JOB_RESULT_ID={result_id}', 'MESSAGE=number 10', since=cursor)
        run(['systemctl', 'restart', 'jobd.service'])
        wait_end(result_id)
        messages = [entry['MESSAGE'] for entry in journal(f'JOB_RESULT_ID={result_id}', 'JOB_LOG_LEVEL=success')]
        self.assertEqual(self.assertOutcome(result_id, 'SUCCESS')['log_counts']['success'], len(messages))
        self.assertEqual(len(set(messages)), 40)

    def test_a_new_key_when_it_is_lost(self):
        result_id = self.waiting_run()
        token = token_of(result_id)
        kill_jobd()
        for damage in (lambda: os.truncate('/var/lib/jobd/run.key', 31), lambda: os.chmod('/var/lib/jobd/run.key', 0o640),
                       lambda: os.unlink('/var/lib/jobd/run.key')):
            run(['systemctl', 'stop', 'jobd.service'])
            damage()
            self.assertError(self.connect().say('Open', 's', token), 'org.freedesktop.DBus.Error.AccessDenied')
            self.assertEqual(os.stat('/var/lib/jobd/run.key').st_mode & 0o7777, 0o600)
            self.assertEqual(os.stat('/var/lib/jobd/run.key').st_size, 32)
        self.assertOk(self.connect(token_of(self.waiting_run())).opened)


class Outputs(Inside):
    def listed(self, result_id):
        return {output['name']: (output['size'], output['sha256']) for output in jobctl_json('outputs', result_id)}

    def files(self, result_id):
        path = f'/var/lib/jobd/outputs/{result_id}'
        return sorted(os.listdir(path)) if os.path.exists(path) else None

    def delete(self, result_id):
        run(['busctl', 'call', 'org.jobd1', f'/org/jobd1/result/{result_id.replace("-", "")}', 'org.jobd1.JobResult',
             'Delete'])

    def test_listed_fetched_replaced_removed(self):
        result_id, bus = self.speaker()
        self.assertEqual(jobctl('outputs', result_id, user='alice').stdout, 'No output files.\n')
        first, second = os.urandom(300000), b'second'
        self.assertOk(bus.add('a.bin', first))
        self.assertOk(bus.add('the same.bin', first))
        self.assertOk(bus.add('empty'))
        with tempfile.NamedTemporaryFile() as file:
            file.write(first)
            file.flush()
            digest = run(['sha256sum', file.name]).stdout.split()[0]
        self.assertEqual(self.listed(result_id), {
            'a.bin': (300000, digest), 'the same.bin': (300000, digest),
            'empty': (0, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')})
        self.assertEqual(len(self.files(result_id)), 2)
        self.assertOk(bus.add('a.bin', second))
        self.assertEqual(self.listed(result_id)['a.bin'], (6, hashlib.sha256(second).hexdigest()))
        self.assertEqual(len(self.files(result_id)), 3)     # the first one is still "the same.bin"
        self.assertOk(bus.add('the same.bin', second))
        self.assertEqual(len(self.files(result_id)), 2)
        self.assertEqual([entry['MESSAGE'] for entry in journal(f'JOB_RESULT_ID={result_id}', 'JOB_LOG_LEVEL=info')],
                         ['Created file a.bin', 'Created file the same.bin', 'Created file empty', 'Created file a.bin',
                          'Created file the same.bin'])
        self.end(result_id)
        self.fetch(result_id, second)
        self.delete(result_id)
        kill_jobd()
        jobctl('list')
        while self.files(result_id) is not None:
            jobctl('list')      # the directory goes when there is nothing else to do
        self.assertFails(['jobctl', 'outputs', result_id], status=4)

    def fetch(self, result_id, contents):
        directory = tempfile.mkdtemp()
        os.chmod(directory, 0o777)
        jobctl('outputs', result_id, f'--fetch={directory}', user='alice')
        self.assertEqual(sorted(os.listdir(directory)), ['a.bin', 'empty', 'the same.bin'])
        with open(f'{directory}/a.bin', 'rb') as file:
            self.assertEqual(file.read(), contents)
        self.assertFails(['jobctl', 'outputs', result_id, f'--fetch={directory}', 'a.bin'], 'is there already', status=4,
                         user='alice')
        jobctl('outputs', '--force', f'--fetch={directory}', result_id, 'a.bin', user='alice')
        self.assertEqual(sorted(os.listdir(directory)), ['a.bin', 'empty', 'the same.bin'])
        self.assertFails(['jobctl', 'outputs', result_id, 'nothing'], 'no output file "nothing"', status=4)
        run(['sh', '-c', f'cd "$(mktemp -d)" && jobctl outputs --fetch {result_id} empty && test -e empty'], user='alice')
        for command in ['jobctl', 'outputs', result_id], ['jobctl', 'outputs', '--fetch=/tmp', result_id]:
            self.assertFails(command, 'not', status=4, user='dave')

    def test_size_of_a_file(self):
        result_id, bus = self.speaker()
        self.assertOk(bus.add('most', b'x' * (10 * MIB)))
        self.assertError(bus.add('more', b'x' * (10 * MIB + 1)), 'DataTooLarge',
                         'Provided 10485761 bytes of content, but an output file may have 10485760')
        with tempfile.TemporaryFile() as file:
            os.truncate(file.fileno(), 1 << 40)
            self.assertError(bus.add('sparse', fd=file.fileno()), 'DataTooLarge', 'Provided 1099511627776 bytes')
        self.assertEqual(list(self.listed(result_id)), ['most'])
        self.assertEqual(os.listdir('/var/lib/jobd/outputs/.new'), [])

    def test_size_and_number_of_all_files(self):
        result_id, bus = self.speaker()
        for i in range(6):
            self.assertOk(bus.add(f'file {i}', bytes([i]) * (10 * MIB)))
        self.assertError(bus.add('file 6', b'x' * (4 * MIB + 1)), 'DataTooLarge', '67108864', 'room for 4194304')
        self.assertOk(bus.add('file 6', b'x' * (4 * MIB)))
        self.assertError(bus.add('file 7', b'x'), 'DataTooLarge')
        self.assertOk(bus.add('file 0', b'x'))      # its place is free again
        self.assertOk(bus.add('file 7', b'x'))
        for i in range(8, 100):
            self.assertOk(bus.add(f'file {i}', b'x'))
        self.assertError(bus.add('file 100', b'x'), 'TooMany', '100')
        self.assertOk(bus.add('file 99', b'y'))
        self.assertEqual(len(self.listed(result_id)), 100)

    def test_names(self):
        result_id, bus = self.speaker()
        for name in ('', '.', '..', 'a/b', '/etc/passwd', '../x', 'a\nb', 'a\tb', 'a\x7f', 'a\x85b', 'x' * 256, 'ä' * 128,
                     'a\u202egpj.exe', 'a\u200b'):
            with self.subTest(name):
                self.assertError(bus.add(name, b'x'), 'InvalidValue', 'cannot be the name of an output file')
        good = ['...', '.hidden', '-rf', 'with blank', 'x' * 255, 'ä' * 127, '$(id)', "it's", '.new', '%n']
        for name in good:
            self.assertOk(bus.add(name, b'x'))
        self.assertEqual(sorted(self.listed(result_id)), sorted(good))
        self.end(result_id)
        with tempfile.TemporaryDirectory() as directory:
            hidden = [name for name in good if name[0] == '.']
            self.assertFails(['jobctl', 'outputs', result_id, f'--fetch={directory}'],
                             '".hidden" is not saved, it would be a hidden file: name it to save it', status=4)
            self.assertEqual(sorted(os.listdir(directory)), sorted({*good} - {*hidden}))
            jobctl('outputs', result_id, f'--fetch={directory}', *hidden)
            self.assertEqual(sorted(os.listdir(directory)), sorted(good))

    def test_what_is_no_file(self):
        result_id, bus = self.speaker()
        pipe_read, pipe_write = os.pipe()
        with tempfile.NamedTemporaryFile() as file:
            write_only = os.open(file.name, os.O_WRONLY)
            path_only = os.open(file.name, os.O_PATH)
            directory = os.open('/etc', os.O_RDONLY)
            device = os.open('/dev/zero', os.O_RDONLY)
            kernel = os.open('/proc/self/stat', os.O_RDONLY)    # which would be jobd's own, that of root
            for fd, text in ((pipe_read, 'not a regular file'), (directory, 'not a regular file'),
                             (kernel, 'not a regular file'), (device, 'not a regular file'), (bus.socket.fileno(), 'not a regular file'),
                             (write_only, 'not open for reading'), (path_only, 'not open for reading')):
                with self.subTest(fd=fd, text=text):
                    self.assertError(bus.add('x', fd=fd), 'InvalidFile', text)
            for fd in pipe_read, pipe_write, write_only, path_only, directory, device, kernel:
                os.close(fd)
        self.assertEqual(self.listed(result_id), {})
        self.assertIsNone(self.files(result_id))

    def test_jobd_itself_does_not_close_it(self):
        """Whoever serves it decides how long that takes."""
        result_id, bus = self.speaker()
        with HeldFile(main_pid()) as held:
            fd = held.open()
            self.assertOk(bus.add('x', fd=fd))
            self.assertError(bus.add('no/name', fd=fd), 'InvalidValue')
            self.assertOk(bus.log())
            self.assertFalse(held.is_held())
            os.close(fd)
        self.assertEqual(self.listed(result_id)['x'][0], 10)

    def test_the_offset_of_the_file_does_not_matter(self):
        result_id, bus = self.speaker()
        with tempfile.TemporaryFile() as file:
            file.write(b'all of it')
            file.flush()
            self.assertOk(bus.add('x', fd=file.fileno()))
            self.assertEqual(file.tell(), 9)
        self.assertEqual(self.listed(result_id)['x'][0], 9)

    def test_many_at_once(self):
        """Pipelined, more than are taken: each is answered."""
        result_id, bus = self.speaker()
        replies, refused = [], 0
        with tempfile.TemporaryFile() as file:
            file.write(b'x' * MIB)
            file.flush()
            plain = bus.socket
            for i in range(40):
                class WithFile:
                    def sendall(self, data):
                        socket.send_fds(plain, [data], [file.fileno()])
                bus.socket = WithFile()
                replies.append(bus.call_later(PATH, INTERFACE, 'AddOutput', 'sh', f'file {i}', 0, destination=None,
                                              unix_fds=1))
            bus.socket = plain
            answered = {}
            while set(replies) - set(answered):     # signals come in between
                message = bus.receive()
                answered[message.reply_serial] = message
        for serial in replies:
            if answered[serial].error:
                self.assertError(answered[serial], 'TooMany')
                refused += 1
        self.assertEqual(len(self.listed(result_id)), 40 - refused)
        self.assertGreaterEqual(40 - refused, 16)

    def test_what_a_killed_jobd_left_is_cleared(self):
        result_id, bus = self.speaker()
        self.assertOk(bus.add('kept', b'kept'))
        kill_jobd()
        for path in '.new/7', f'{result_id}/{"0" * 64}':
            with open(f'/var/lib/jobd/outputs/{path}', 'w', encoding='ascii') as file:
                file.write('left')
        self.assertEqual(list(self.listed(result_id)), ['kept'])
        self.assertEqual(self.files(result_id), [hashlib.sha256(b'kept').hexdigest()])
        self.assertEqual(os.listdir('/var/lib/jobd/outputs/.new'), [])

    def test_jobd_job_output(self):
        define('out.Files', 'cd "$(mktemp -d)"; echo one > one; echo two > two\n'
                            'jobd-job output one two\njobd-job output two --name three\n'
                            'echo piped | jobd-job output - --name=piped\n'
                            'jobd-job output /no/such/file one && exit 3\njobd-job output /etc && exit 4\n'
                            'head -c 10485761 /dev/zero | jobd-job output - -n zero && exit 5\nexit 0\n')
        done = jobctl('run', 'out.Files', user='alice', check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        for text in ('cannot open /no/such/file: No such file', '/etc is a directory',
                     'Provided 10485761 bytes of content'):
            self.assertIn(text, done.stdout)
        result_id = jobctl_json('results', '-n', '1')[0]['id']
        self.assertEqual({name: size for name, (size, _) in self.listed(result_id).items()},
                         {'one': 4, 'two': 4, 'three': 4, 'piped': 6})


if __name__ == '__main__':
    unittest.main()
