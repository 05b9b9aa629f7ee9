# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Whatever a client or a file brings: an error that says what is wrong, and nothing crashes, hangs or is half done."""
import json
import os
import pwd
import socket
import unittest
import unittest.mock

from classes import GOOD, LOCAL, ClassesTestCase, job_path, refresh, write
from harness import install_job, jobctl, jobctl_json, main_pid, run, unit_properties
from raw_bus import DIRECT, RawBus, effective_user

MANAGER = '/org/jobd1', 'org.jobd1.Manager'
CALL_SIZE_MAX = 128 * 1024
CLASS = '''
[Variable text]
Type=text
Required=no
[Variable number]
Type=integer
MaxValue=10
Required=no
[Variable colour]
Type=choice
Choices=red green
Required=no
[Service]
ExecStart=true
'''
# What is no JSON, or not the one JSON object that is wanted; and where or why.
NO_JSON = {
    '{': 'line 1, column 2', '{"text": }': 'line 1, column 10', '{\n"text" 5}': 'line 2, column 8',
    '{"text": "a", }': 'line 1, column 15', "{'text': 1}": 'line 1, column 2', '{"number": 01}': 'line 1, column 12',
    '{"number": +1}': 'line 1, column 12', '{"number": 0x1}': 'line 1, column 13',
    '{"number": NaN}': 'line 1, column 12', '{"text": "a"} x': 'line 1, column 15',
    '{"text": "a" /* b */}': 'line 1, column 14',
    '{"text": "\t"}': 'line 1, column 11', '{"text": "\\q"}': 'line 1, column',
    '{"text": "\\ud800"}': 'line 1, column', '{"text": "\\u0000"}': 'line 1, column',
    '{"number": 99999999999999999999}': 'line 1, column',
    '{"number": 1e999}': 'line 1, column', '{"text": 1, "text": 2}': 'text', ' ': 'line 1, column 2',
    '[]': 'is not an object', 'null': 'is not an object', '"text"': 'is not an object',
}


def setUpModule():
    global direct
    install_job('bad.Control', CLASS)
    jobctl('refresh')
    jobctl('enable', 'bad.Control')
    direct = RawBus(address=DIRECT)     # keeps jobd from leaving because it is idle


def tearDownModule():
    direct.close()


def too_large(text):
    if len(text) > CALL_SIZE_MAX:
        return f'the arguments are too large: no call may have more than {CALL_SIZE_MAX} bytes'
    return f'{len(text)} bytes of JSON, 65536 are the most that is taken'


class Unharmed(ClassesTestCase):
    """Checks after each test that jobd is the same process, and that no run came of it."""

    def setUp(self):
        super().setUp()
        before = self.state()
        self.addCleanup(lambda: self.assertEqual(self.state(), before))

    @staticmethod
    def state():
        results = [result['id'] for result in jobctl_json('results', '--lines=1000')]
        return main_pid(), unit_properties('jobd.service')['NRestarts'], results


class Requests(Unharmed):
    def refused(self, error, texts, *arguments):
        """The call of RunJob is answered with this error and text, on the bus and on jobd's own socket."""
        with RawBus('alice') as bus:
            for connection, destination in (bus, 'org.jobd1'), (direct, None):
                reply = connection.call(*MANAGER, 'RunJob', 'ssa{sv}', *arguments, destination=destination)
                self.assertEqual(reply.error, f'org.jobd1.Error.{error}', reply)
                for text in texts:
                    self.assertIn(text, reply.body[0])

    def test_unknown_job(self):
        for name in ('no.Such', 'bad', 'bad.', '.Control', 'Bad.control', '../../etc/passwd', "x' OR 'a'='a", '%s%n',
                     '12345678-1234-1234-1234-123456789abc', '', 'x\x1b[31m\n', 'é' * 1000):
            with self.subTest(name=name[:40]):
                self.refused('NoSuchJob', ["there is no job '", name[:40]], name, '{}', {})
        self.refused('NoSuchJob', ['it has at most 2048 bytes'], 'x' * 100000, '{}', {})
        self.assertFails(['jobctl', 'run', 'no.Such\x1b[31m'], "there is no job 'no.Such\\x1b", status=4, user='alice')
        self.assertFails(['jobctl', 'enable', 'no.Such'], "there is no job 'no.Such'", '"jobctl list --all"', status=4)
        self.assertFails(['jobctl', 'result', 'nonsense'], "there is no job result 'nonsense'", status=4)

    def test_malformed_json(self):
        for text, where in NO_JSON.items():
            with self.subTest(text=text):
                self.refused('InvalidJSON', ['the data of the request is refused: ', where], 'bad.Control', text, {})
                self.assertFails(['jobctl', 'run', 'bad.Control', f'--data={text}'], 'jobctl: --data: ', where,
                                 status=2)

    def test_deep_json(self):
        for text in ('[' * 100000, '{"a":' * 100000, '{"text": ' + '[' * 100000 + ']' * 100000 + '}'):
            self.refused('DataTooLarge', [too_large(text)], 'bad.Control', text, {})
            path = write('/run/deep.json', text)
            self.assertFails(['jobctl', 'run', 'bad.Control', f'--data=@{path}'],
                             f'--data: {path}: has more than 65536 bytes', status=2)
        for text in ('{"text": ' + '[' * 30000 + ']' * 30000 + '}', '[' * 33, '{"a":' * 33):
            self.refused('DataTooLarge', ['32 levels'], 'bad.Control', text, {})
        # as deep as is allowed, the JSON is good and the value is what is wrong
        self.refused('InvalidData', ['"text"'], 'bad.Control', '{"text": ' + '[' * 31 + ']' * 31 + '}', {})

    def test_large_json(self):
        for text in ('{"text": "' + 'x' * 10_000_000 + '"}', ' ' * 10_000_000 + '{}', '{}' + ' ' * 65535):
            self.refused('DataTooLarge', [too_large(text)], 'bad.Control', text, {})
            path = write('/run/large.json', text)
            self.assertFails(['jobctl', 'run', 'bad.Control', '--data=-'], '--data: standard input: has more than '
                             '65536 bytes, which is the most that is taken', status=2, input=text)
            self.assertFails(['jobctl', 'run', 'bad.Control', f'--data=@{path}'], f'{path}: has more', status=2)
        for path, text in (('/dev/zero', '/dev/zero: has more than 65536 bytes'), ('/etc', '/etc: Is a directory'),
                           ('/none', '/none: No such file or directory')):
            self.assertFails(['jobctl', 'run', 'bad.Control', f'--data=@{path}'], text, status=2)
        many = json.dumps({f'u{number}': 0 for number in range(4000)})
        self.refused('InvalidData', ['"u3999":'], 'bad.Control', many, {})

    def test_not_utf8(self):
        for position in range(2):
            arguments = [b'bad.Control', b'{"text": "x"}']
            arguments[position] = arguments[position].replace(b'x', b'\xff') if position else b'bad.\xff'
            # the bus does not let it through, and closes
            with RawBus('alice') as bus, self.assertRaises((EOFError, ConnectionError)):
                bus.call(*MANAGER, 'RunJob', 'ssa{sv}', *arguments, {})
            with RawBus(address=DIRECT) as own:
                try:
                    reply = own.call(*MANAGER, 'RunJob', 'ssa{sv}', *arguments, {}, destination=None)
                    self.assertTrue(reply.error, reply)
                except (EOFError, ConnectionError):
                    pass
        path = write('/run/latin1.json', b'{"text": "J\xfcrgen"}')
        self.assertFails(['jobctl', 'run', 'bad.Control', f'--data=@{path}'],
                         f'--data: {path}: line 1, column 12: not UTF-8', status=2)
        for arguments in ([b'--data={"text": "\xff"}'], [b'--var=text=\xff'], [b'--var=\xff=x'], [b'--queue=\xff']):
            done = run(['jobctl', 'run', 'bad.Control', *arguments], check=False)
            self.assertIn(done.returncode, (2, 4), done)
            self.assertIn('UTF-8', done.stderr)
        for arguments in (['run', b'\xff'], ['show', b'\xff'], ['set', 'bad.Control', b'name=\xff'],
                          ['result', b'\xff']):
            done = run(['jobctl', *arguments], check=False)
            self.assertIn(done.returncode, (2, 4), done)
            self.assertIn('UTF-8', done.stderr)

    def test_every_wrong_value_is_named_at_once(self):
        reply = direct.call(*MANAGER, 'RunJob', 'ssa{sv}', 'bad.Control',
                            '{"number": 11, "colour": "blue", "text": {}, "no": 1}', {}, destination=None)
        self.assertEqual(reply.error, 'org.jobd1.Error.InvalidData')
        self.assertEqual(json.loads(reply.body[0])['number'], ['Ensure this value is less than or equal to 10.'])
        self.assertEqual(set(json.loads(reply.body[0])), {'number', 'colour', 'text', 'no'})

    def test_calls_of_another_shape(self):
        for signature, *arguments in (('', ), ('s', 'bad.Control'), ('ssas', 'bad.Control', '{}', []), ('i', 5),
                                      ('ssa{sv}s', 'bad.Control', '{}', {}, 'x'),
                                      ('ays', b'bad.Control', '{}')):
            for member in 'RunJob', 'Refresh', 'GetJob', 'ListJobs':
                if (member, signature) == ('GetJob', 's'):
                    continue
                reply = direct.call(*MANAGER, member, signature, *arguments, destination=None)
                self.assertEqual(reply.error, 'org.freedesktop.DBus.Error.InvalidArgs', (member, signature))
        for option, text in (({'task_queue': ('s', 'other')}, ('InvalidQueue', 'other')),
                             ({'task_queue': ('i', 5)}, ('InvalidOption', 'task_queue')),
                             ({'prority': ('i', 5)}, ('InvalidOption', 'prority'))):
            self.refused(text[0], [text[1]], 'bad.Control', '{}', option)

    def test_long_words_are_cut_between_characters(self):
        """What is not UTF-8 the bus does not send, and the caller would wait for an answer."""
        with RawBus() as bus:
            job = bus.call(*MANAGER, 'ListJobs', 'a{sv}', {}).body[0][0][0]
            for start in '', 'x', 'xx', 'xxx':
                word = start + '\u1d6a' * 300
                self.assertEqual(bus.call(job, 'org.jobd1.Job', 'Update', 'a{sv}', {'clear': ('s', word)}).error,
                                 'org.jobd1.Error.InvalidField')
                self.assertEqual(bus.call(*MANAGER, 'ListScheduledJobs', 'a{sv}', {'state': ('s', word)}).error,
                                 'org.jobd1.Error.InvalidOption')

    def test_clients_that_leave_at_once(self):
        """A call that comes together with the end of the authentication, from one that does not wait for the reply."""
        sent = []
        with RawBus(address=DIRECT) as bus, unittest.mock.patch.object(bus, 'socket') as unsent:
            unsent.sendall = sent.append
            bus.send(path='/org/jobd1', interface='org.jobd1.Manager', member='ListJobs')
        for user in ('root', 'dave') * 10:
            uid = str(pwd.getpwnam(user).pw_uid).encode().hex().encode()
            with effective_user(user), socket.socket(socket.AF_UNIX) as client:
                client.connect(DIRECT)
                client.sendall(b'\0AUTH EXTERNAL ' + uid + b'\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n' + bytes(sent[0]))
                client.shutdown(socket.SHUT_WR)
        self.assertIsNone(direct.call(*MANAGER, 'GetJob', 's', 'bad.Control', destination=None).error)

    def test_garbage_on_the_direct_socket(self):
        for data in (b'', b'\0', b'GET / HTTP/1.1\r\n\r\n', b'\0AUTH EXTERNAL 30\r\nBEGIN\r\n' + b'\xff' * 4096,
                     b'\0AUTH EXTERNAL 30\r\nBEGIN\r\nl\1\0\1' + b'\xff' * 12, b'\0' * 100000):
            with socket.socket(socket.AF_UNIX) as garbage:
                garbage.connect(DIRECT)
                try:
                    garbage.sendall(data)
                    garbage.shutdown(socket.SHUT_WR)
                    while garbage.recv(4096):
                        pass
                except ConnectionError:
                    pass
        self.assertIsNone(direct.call(*MANAGER, 'GetJob', 's', 'bad.Control', destination=None).error)


class Files(Unharmed):
    # How each comes to be at a path, and what is then said of it.
    KINDS = {
        'Directory': (os.mkdir, 'is a directory; it must be a regular file'),
        'Fifo': (os.mkfifo, 'is a FIFO; it must be a regular file'),
        'Socket': (lambda path: socket.socket(socket.AF_UNIX).bind(path), 'is a socket; it must be a regular file'),
        'Device': (lambda path: os.symlink('/dev/zero', path), 'is a character device; it must be a regular file'),
        'Dangling': (lambda path: os.symlink('/nowhere/at/all', path),
                     'is a symbolic link to /nowhere/at/all, which does not exist; remove the link'),
        'Loop': (lambda path: os.symlink(path, path), 'Too many levels of symbolic links'),
        'Writable': (lambda path: os.chmod(write(path, GOOD), 0o666), 'chmod go-w it'),
        'Unreadable': (lambda path: os.chmod(write(path, GOOD), 0o000),
                       'cannot be opened: Permission denied; chown it to root, and chmod u+rX it'),
        'Huge': (lambda path: (write(path, GOOD), os.truncate(path, 2**30)),
                 'has 1073741824 bytes, 262144 is the most'),
        'Zeros': (lambda path: write(path, b'\0' * 4096), ':1: has a NUL byte; it must be a text file'),
        'Binary': (lambda path: write(path, b'\x7fELF' + bytes(range(256))), ':1: '),
        'LongLine': (lambda path: write(path, '[Service]\nEnvironment=A=' + 'x' * 200000), ':2: Environment='),
        'ManyLines': (lambda path: write(path, GOOD + '\n' * 20000), 'has more than 10000 lines'),
    }

    def place(self, name, path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.KINDS[name][0](path)

    def test_as_job_class(self):
        for name in self.KINDS:
            self.place(name, job_path(f'files.{name}'))
        install_job('files.Zz', GOOD)
        report, status = refresh()
        self.assertEqual(status, 1)
        self.assertEqual({name: entries[0][0] for name, entries in report.items()},
                         {**{f'files.{name}': 'refused' for name in self.KINDS}, 'files.Zz': 'created'})
        for name, (_, text) in self.KINDS.items():
            message = report[f'files.{name}'][0][1]
            self.assertTrue(message.startswith(job_path(f'files.{name}') + ':'), message)
            self.assertIn(text, message)

    def test_as_drop_in_and_module_conf(self):
        for name in self.KINDS:
            install_job(f'dropin{name}.Job', GOOD)
            install_job(f'module{name}.Job', GOOD)
            self.place(name, job_path(f'dropin{name}.Job') + '.d/50-x.conf')
            self.place(name, f'{LOCAL}/module{name}/module.conf')
        report, _ = refresh()
        for name, (_, text) in self.KINDS.items():
            for class_path, path in ((f'dropin{name}.Job', job_path(f'dropin{name}.Job') + '.d/50-x.conf'),
                                     (f'module{name}.Job', f'{LOCAL}/module{name}/module.conf')):
                [(action, message)] = report[class_path]
                self.assertEqual((action, message[:len(path) + 1]), ('refused', path + ':'))
                self.assertIn(text, message)

    def test_when_the_run_is_requested(self):
        for name, (_, text) in self.KINDS.items():
            path = install_job(f'late.{name}', GOOD)
            refresh()
            jobctl('enable', f'late.{name}')
            os.unlink(path)
            self.place(name, path)
            with self.subTest(name=name):
                self.assertFails(['jobctl', 'run', f'late.{name}'],
                                 f"the class of job 'late.{name}' cannot be loaded: {path}:", text, status=4)

    def test_directories(self):
        os.makedirs(f'{LOCAL}/dirs')
        os.symlink(f'{LOCAL}/dirs', f'{LOCAL}/dirs/loop')
        deep = f'{LOCAL}/dirs/' + '/'.join('d' * 20)
        write(f'{deep}/Deep.job', GOOD)
        write(f'{LOCAL}/dirs/evil\x1b[31m\n.job', GOOD)
        install_job('dirs.Good', GOOD)
        report, _ = refresh()
        messages = [message for _, message in report['']]
        self.assertEqual(report['dirs.Good'][0][0], 'created')
        self.assertEqual(len(messages), 3, messages)
        self.assertTrue([message for message in messages if 'lies more than 16 directories below the root' in message])
        self.assertTrue([message for message in messages if 'is a symbolic link to a directory' in message])
        self.assertTrue([message for message in messages if '/evil\\033[31m\\n.job: is no name' in message])


if __name__ == '__main__':
    unittest.main()
