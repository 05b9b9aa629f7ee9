# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""What an ordinary account can try, and what comes of it: nothing."""
import array
import contextlib
import ctypes
import fcntl
import json
import os
import random
import re
import resource
import select
import socket
import tempfile
import termios
import threading
import time
import types
import unittest

from harness import (TIMEOUT, JobdTestCase, install_job, jobctl, jobctl_json, journal, journal_cursor, journal_wait, main_pid,
                     run, unit_properties)
from held_file import HeldFile
from raw_bus import ALLOW_INTERACTIVE, DIRECT, ERROR, RETURN, SIGNAL, SYSTEM_BUS, RawBus, effective_user
from rest import SOCKET as REST
from rules import SilentAgent

MANAGER, JOB, RESULT = 'org.jobd1.Manager', 'org.jobd1.Job', 'org.jobd1.JobResult'
PROPERTIES = 'org.freedesktop.DBus.Properties'
SYSTEMD = 'org.freedesktop.systemd1'
CREDENTIALS = '/run/jobd/credentials.sock'
UNIT_STARTED = 'MESSAGE_ID=39f53479d3a045ac8e11786248231fbf'
SPAWN_FAILED = '641257651c1b4ec9a8624d7a40a9e1e7'


def setUpModule():
    for class_path, text in {'try.Slow': 'ExecStart=sleep 300', 'try.Quick': 'ExecStart=true',
                             'try.Missing': 'ExecStart=/no/such/program',
                             'try.File': 'ExecStart=true\n[Variable file]\nType=file',
                             'try.Word': 'ExecStart=sleep 300\n[Variable word]\nType=string\nSensitive=yes'}.items():
        install_job(class_path, f'[Service]\n{text}\n')
    jobctl('refresh')
    jobctl('enable', 'try.Slow', 'try.Quick', 'try.Missing', 'try.File', 'try.Word')


def submit(class_path, *options, user='alice', wait=False):
    cursor = journal_cursor()
    result_id = jobctl('run', '--no-wait', *options, class_path, user=user).stdout.strip()
    if wait:
        journal_wait(f'UNIT=jobd-run-{result_id}.service', UNIT_STARTED, since=cursor)
    return result_id


def submit_and_wait(class_path):
    result_id = submit(class_path)
    jobctl('logs', '-f', result_id)
    return result_id


def result_object(result_id):
    return '/org/jobd1/result/' + result_id.replace('-', '')


def unit_object(unit):
    return '/org/freedesktop/systemd1/unit/' + ''.join(c if c.isalnum() else f'_{ord(c):02x}' for c in unit)


def connections_of_jobd(bus):
    """Its unique names: one for clients, one to systemd, one to polkit."""
    pid = main_pid()
    names = bus.call('/org/freedesktop/DBus', 'org.freedesktop.DBus', 'ListNames',
                     destination='org.freedesktop.DBus').body[0]
    return [name for name in names if name[0] == ':' and bus.credentials_of(name).get('ProcessID') == pid]


def write_journal(**fields):
    """An entry in the journal's own protocol, as this process's user."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.sendto(''.join(f'{name}={value}\n' for name, value in fields.items()).encode(),
                       '/run/systemd/journal/socket')


class Signals(JobdTestCase):
    def test_forged_signals_of_systemd(self):
        """A bus match names the sender, but anybody can send a signal to one connection."""
        result_id = submit('try.Slow', wait=True)
        unit = f'jobd-run-{result_id}.service'
        with RawBus('dave') as dave:
            names = connections_of_jobd(dave)
            self.assertEqual(len(names), 3)
            for name in names:
                for interface, changed in (SYSTEMD + '.Service', {
                        'Result': ('s', 'success'), 'ExecMainCode': ('i', 1), 'ExecMainStatus': ('i', 0)}), (
                        SYSTEMD + '.Unit', {'ActiveState': ('s', 'inactive'), 'SubState': ('s', 'dead')}):
                    dave.send(SIGNAL, 'sa{sv}as', interface, changed, [], path=unit_object(unit), interface=PROPERTIES,
                              member='PropertiesChanged', destination=name)
                dave.send(SIGNAL, 'uoss', 1, '/org/freedesktop/systemd1/job/1', unit, 'done', destination=name,
                          path='/org/freedesktop/systemd1', interface=SYSTEMD + '.Manager', member='JobRemoved')
                dave.send(SIGNAL, 'sss', SYSTEMD, ':1.0', dave.name, destination=name, path='/org/freedesktop/DBus',
                          interface='org.freedesktop.DBus', member='NameOwnerChanged')
                dave.send(SIGNAL, 's', 'org.jobd1', destination=name, path='/org/freedesktop/DBus',
                          interface='org.freedesktop.DBus', member='NameLost')
                # and once more, in case that has made dave its systemd
                dave.send(SIGNAL, 'sa{sv}as', SYSTEMD + '.Unit', {'ActiveState': ('s', 'failed')}, [],
                          destination=name, path=unit_object(unit), interface=PROPERTIES, member='PropertiesChanged')
                # replies that nobody has asked dave for
                for serial in range(1, 50):
                    dave.send(RETURN, '(bba{ss})', (1, 0, {}), destination=name, reply_serial=serial)
        pid = main_pid()
        self.assertOutcome(submit_and_wait('try.Quick'), 'SUCCESS')     # it has worked on all of that by now
        self.assertEqual(main_pid(), pid)
        self.assertOutcome(result_id, 'STARTED')
        self.assertEqual(unit_properties(unit)['SubState'], 'running')
        # what systemd itself says still counts
        run(['systemctl', 'stop', unit])
        jobctl('logs', '-f', result_id)
        self.assertOutcome(result_id, 'REVOKED', reason='stopped')

    def test_systemd_is_known_again_after_reexec(self):
        result_id = submit('try.Slow', wait=True)
        run(['systemctl', 'daemon-reexec'])
        run(['systemctl', 'stop', f'jobd-run-{result_id}.service'])
        jobctl('logs', '-f', result_id)
        self.assertOutcome(result_id, 'REVOKED', reason='stopped')

    def test_signals_have_no_contents(self):
        """Everybody receives them."""
        with RawBus('dave') as dave:
            dave.listen("type='signal',sender='org.jobd1'")
            job = RawBus().call('/org/jobd1', MANAGER, 'GetJob', 's', 'try.Quick').body[0]
            jobctl('disable', 'try.Quick')
            jobctl('enable', 'try.Quick')
            jobctl('set', 'try.Quick', 'description=secret words')
            result_id = submit_and_wait('try.Quick')
            jobctl('revert', 'try.Quick', 'description')
            RawBus().call(result_object(result_id), RESULT, 'Delete')
            seen = set()
            while (message := dave.receive()).member != 'JobResultRemoved':
                seen.add((message.interface, message.member))
                if message.interface == PROPERTIES:
                    self.assertIn(message.path, (job, result_object(result_id)))
                    self.assertEqual(message.body[1], {})
                else:
                    self.assertEqual((message.path, message.signature or ''), (
                        '/org/jobd1', '' if message.member == 'Refreshed' else 'o'))
            self.assertEqual(message.body, [result_object(result_id)])
            self.assertIn((PROPERTIES, 'PropertiesChanged'), seen)
            self.assertIn((MANAGER, 'JobResultNew'), seen)


class Journal(JobdTestCase):
    def test_forged_lines_are_not_shown(self):
        """Fields can be written by anybody; those that begin with "_" cannot."""
        result_id = submit('try.Slow', wait=True)
        unit = f'jobd-run-{result_id}.service'
        for user in 'dave', 'alice':
            with effective_user(user):
                for fields in {'JOB_RESULT_ID': result_id, 'JOB_NAME': 'Slow'}, {'UNIT': unit}, {
                        'OBJECT_SYSTEMD_UNIT': unit, 'OBJECT_PID': str(main_pid(unit))}, {
                        '_SYSTEMD_UNIT': unit}, {'COREDUMP_UNIT': unit}:
                    write_journal(MESSAGE='this is forged', PRIORITY='3', SYSLOG_IDENTIFIER='jobd', **fields)
        run(['journalctl', '--sync'])
        jobctl('cancel', result_id)
        shown = jobctl('logs', '-f', result_id, user='alice').stdout
        self.assertIn('Running job', shown)
        self.assertNotIn('forged', shown)
        self.assertNotIn('forged', str(jobctl_json('result', result_id)))

    def test_forged_reason_of_a_failure(self):
        """The message of a start failure is read from the journal, but only what systemd has written there.

        Everybody is told the id of a run. (It is root who forges here: the user is one for all threads.)
        """
        stop = threading.Event()

        def forge():
            with RawBus('dave') as dave:
                dave.listen("type='signal',sender='org.jobd1',member='JobResultNew'")
                ready.set()
                message = dave.wait(lambda m: m.member == 'JobResultNew')
                digits = message.body[0].rsplit('/', 1)[1]
                parts = [digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]]
                unit = f'jobd-run-{"-".join(parts)}.service'
                while not stop.is_set():
                    write_journal(MESSAGE=f'{unit}: Failed at step EXEC spawning /forged: it was root', UNIT=unit,
                                  MESSAGE_ID=SPAWN_FAILED)

        ready = threading.Event()
        thread = threading.Thread(target=forge)
        thread.start()
        ready.wait()
        result_id = submit_and_wait('try.Missing')
        stop.set()
        thread.join()
        result = self.assertOutcome(result_id, 'FAILURE', reason='start-failed')
        self.assertIn('/no/such/program', result['message'])
        self.assertNotIn('forged', result['message'])


class Sockets(JobdTestCase):
    def test_credentials_are_for_systemd(self):
        result_id = submit('try.Word', '--var', 'word=unspeakable', wait=True)
        for user in 'alice', 'dave', 'carol':
            with effective_user(user), socket.socket(socket.AF_UNIX) as client:
                client.bind(f'\0deadbeef/unit/jobd-run-{result_id}.service/job-data')
                self.assertRaises(PermissionError, client.connect, CREDENTIALS)
        # nor does anything else tell it
        for user in 'alice', 'carol':
            for args in ('result', result_id), ('logs', result_id), ('--json', 'result', result_id):
                self.assertNotIn('unspeakable', jobctl(*args, user=user).stdout)
        jobctl('cancel', result_id)

    def test_noise(self):
        """Broken authentications and broken messages, on the bus and on the socket."""
        jobctl('list')
        pid, source = main_pid(), random.Random(4)
        hello = b'\0AUTH EXTERNAL 32303034\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n'
        headers = [b'l\1\0\1' + size.to_bytes(4, 'little') + b'\1\0\0\0' + fields.to_bytes(4, 'little')
                   for size in (0, 2**27 - 1, 2**32 - 1) for fields in (0, 8, 2**26, 2**32 - 1)]
        noise = [b'', b'\0', b'\0AUTH\r\n', b'\0AUTH EXTERNAL ' + b'3' * 100000, b'\0' + b'\r\n' * 1000,
                 b'GET / HTTP/1.1\r\n', hello[:-3], hello + b'\0' * 100,
                 *[hello + header + source.randbytes(200) for header in headers],
                 *[source.randbytes(300) for _ in range(20)]]
        for address in DIRECT, SYSTEM_BUS:
            for data in noise:
                with effective_user('dave'), socket.socket(socket.AF_UNIX) as client:
                    client.connect(address)
                    try:
                        client.sendall(data)
                    except OSError:
                        pass    # closed before all of it was said
        self.assertIn('try.Slow', jobctl('list').stdout)
        with RawBus(None, DIRECT) as bus:
            self.assertIsNone(bus.call('/org/jobd1', MANAGER, 'GetJob', 's', 'try.Slow').error)
        self.assertEqual(main_pid(), pid)

    def test_who_does_not_read_the_replies(self):
        """Neither stops others nor makes the daemon keep ever more for them."""
        with RawBus('dave', DIRECT) as direct, RawBus('dave') as bus:
            for client in direct, bus:
                client.socket.setblocking(False)
                try:
                    for _ in range(20000):
                        client.call_later('/org/jobd1', MANAGER, 'GetJob', 's', 'try.Quick')
                except OSError:
                    pass
            self.assertOutcome(submit_and_wait('try.Quick'), 'SUCCESS')
        self.assertLess(resident(), 200 * 1024)


def resident():
    """KiB of memory of the daemon."""
    with open(f'/proc/{main_pid()}/status', encoding='utf-8') as file:
        return int(re.search(r'^VmRSS:\s*(\d+) kB', file.read(), re.MULTILINE)[1])


def n_descriptors():
    return len(os.listdir(f'/proc/{main_pid()}/fd'))


SO_PASSRIGHTS = 83
PIDFD_GETFD = 438


def socket_of(pid, path):
    """The listening socket of that process, itself."""
    with open('/proc/net/unix', encoding='utf-8') as file:
        inodes = {words[6] for words in map(str.split, file) if words[7:] == [path] and int(words[3], 16) & 0x10000}
    for name in os.listdir(f'/proc/{pid}/fd'):
        if os.readlink(f'/proc/{pid}/fd/{name}') in {f'socket:[{inode}]' for inode in inodes}:
            pidfd = os.pidfd_open(pid)
            fd = ctypes.CDLL(None).syscall(PIDFD_GETFD, pidfd, int(name), 0)
            os.close(pidfd)
            return socket.socket(fileno=fd)
    raise AssertionError(f'process {pid} does not listen on {path}')


def pass_files(pid, value):
    """As with a kernel before 6.16, which has each file sent to jobd, or as jobd itself sets it."""
    with contextlib.closing(socket_of(pid, DIRECT)) as listening, contextlib.suppress(OSError):
        listening.setsockopt(socket.SOL_SOCKET, SO_PASSRIGHTS, value)


class DirectSocket(JobdTestCase):
    """Everybody may connect to it, and nobody but root and runs has anything to say there."""
    PING_REPLY_SIZE = 24
    PING = ('/org/jobd1', 'org.freedesktop.DBus.Peer', 'Ping')

    def setUp(self):
        jobctl('list')
        self.pid, self.clients = main_pid(), []
        pass_files(self.pid, True)
        for _ in range(4):
            client = RawBus('dave', DIRECT)
            self.assertIsNone(client.call(*self.PING, destination=None).error)
            client.socket.settimeout(5)
            self.clients.append(client)

    def tearDown(self):
        pass_files(self.pid, False)
        for client in self.clients:
            client.close()
        with RawBus(None, DIRECT) as bus:
            self.assertIsNone(bus.call('/org/jobd1', MANAGER, 'GetJob', 's', 'try.Slow').error)
        self.assertEqual(main_pid(), self.pid)

    @staticmethod
    def send_part(client, size, fds=()):
        """The first bytes of a message that says it has size bytes."""
        socket.send_fds(client.socket, [b'l\1\0\1' + size.to_bytes(4, 'little') + b'\1\0\0\0' + bytes(4)], fds)

    def assertClosed(self, client):
        """And all that it had is gone: jobd answers the next one then."""
        client.socket.settimeout(60)
        with contextlib.suppress(ConnectionError):
            while client.socket.recv(65536):
                pass
        with RawBus(None, DIRECT) as bus:
            bus.call('/org/jobd1', MANAGER, 'GetJob', 's', 'try.Slow')

    def test_a_message_without_end(self):
        before = resident()
        for client in self.clients:
            self.send_part(client, 100 * 1024 * 1024)
            with contextlib.suppress(OSError):
                for _ in range(1500):
                    client.socket.sendall(bytes(65536))
            self.assertClosed(client)
        self.assertLess(resident() - before, 32 * 1024)
        self.assertEqual(len(journal('_SYSTEMD_UNIT=jobd.service', 'MESSAGE=Closing a connection on the direct socket of '
                                     'uid 2004: it sends more at once than any call of a run needs')), 1)

    def test_only_the_size_of_a_message(self):
        before = resident()
        for client in self.clients:
            self.send_part(client, 120 * 1024 * 1024)
            with contextlib.suppress(ConnectionError):
                client.socket.sendall(bytes(100))
        with RawBus('dave', DIRECT) as client:
            self.assertIsNone(client.call(*self.PING, destination=None).error)
        self.assertLess(resident() - before, 32 * 1024)

    def test_descriptors_without_end(self):
        before = n_descriptors()
        with open('/dev/null', encoding='ascii') as file:
            for client in self.clients:
                self.send_part(client, 100000)
                with contextlib.suppress(OSError):
                    for _ in range(100):
                        socket.send_fds(client.socket, [b'x'], [file.fileno()] * 250)
                self.assertClosed(client)
        self.assertLess(n_descriptors() - before, 10)

    def test_descriptors_behind_a_lot(self):
        """In the same read of the socket as bytes without any."""
        before = n_descriptors()
        with open('/dev/null', encoding='ascii') as file:
            for client in self.clients:
                self.send_part(client, 1000000)
                with contextlib.suppress(OSError):
                    for _ in range(20):
                        client.socket.sendall(bytes(20000))
                        socket.send_fds(client.socket, [b'x'], [file.fileno()] * 250)
                self.assertClosed(client)
        self.assertLess(n_descriptors() - before, 10)

    def send_held_file(self, when):
        """A file whose close() its owner does not let jobd end. 'yes': it was sent, jobd has not closed it."""
        client = socket.socket(socket.AF_UNIX) if when == 'first' else RawBus('dave', DIRECT)
        with HeldFile(self.pid) as held, contextlib.closing(client):
            fd = held.open()
            try:
                if when == 'first':
                    with effective_user('dave'):
                        client.connect(DIRECT)
                    client.settimeout(TIMEOUT)
                    socket.send_fds(client, [b'\0AUTH'], [fd])
                elif when == 'part':
                    self.send_part(client, 100, [fd])
                else:
                    client.call_later('/org/jobd1', MANAGER, 'GetJob', 's', 'try.Slow', fds=[fd])
            except PermissionError:
                return False    # the kernel has not let it through
            finally:
                os.close(fd)
            if when == 'first':
                with contextlib.suppress(ConnectionError):
                    self.assertEqual(client.recv(1), b'')
                jobctl('list')
            else:
                self.assertClosed(client)
            self.assertFalse(held.is_held())
            return True

    def test_files_that_cannot_be_closed(self):
        pass_files(self.pid, False)
        for when in 'first', 'part', 'whole':
            with self.subTest(when):
                self.send_held_file(when)

    def test_files_that_cannot_be_closed_with_an_older_kernel(self):
        for when in 'first', 'part', 'whole':
            with self.subTest(when):
                self.assertTrue(self.send_held_file(when))

    def test_replies_that_nobody_reads(self):
        """Then no more calls are read. (20 MB of calls would be 80 MB of replies in the daemon's memory.)"""
        before = resident()
        for client in self.clients:
            start, real = [], client.socket
            client.socket = types.SimpleNamespace(sendall=start.append)
            client.call_later(*self.PING, destination=None)
            client.socket = real
            client.socket.settimeout(1)
            with contextlib.suppress(TimeoutError):
                for _ in range(500):
                    client.socket.sendall(bytes(start[0]) * 500)
                self.fail('all of it was read')
        self.assertLess(resident() - before, 32 * 1024)

    def test_a_refusal_that_nobody_reads(self):
        """There is no room for it behind so many replies: nobody waits until there is."""
        room = self.count_replies()
        self.assertGreater(room, 50)
        for n in range(room - 2, room + 3):
            with RawBus('dave', DIRECT) as client, RawBus(None, DIRECT) as root:
                for _ in range(n):
                    client.call_later(*self.PING, destination=None)
                client.call_later('/org/jobd1', MANAGER, 'GetJob', 's', 'try.Slow')
                poll = select.poll()
                poll.register(client.socket, select.POLLRDHUP)
                poll.poll(2000)     # until it is closed, but for those that jobd does not read as the replies have no room
                self.assertIsNone(root.call('/org/jobd1', MANAGER, 'GetJob', 's', 'try.Slow').error, n)

    def count_replies(self):
        """As many are sent to a client that reads none."""
        with RawBus('dave', DIRECT) as client:
            client.call(*self.PING, destination=None)
            client.socket.settimeout(1)
            with contextlib.suppress(TimeoutError):
                for _ in range(100000):
                    client.call_later(*self.PING, destination=None)
            waiting = array.array('i', [0])
            fcntl.ioctl(client.socket, termios.FIONREAD, waiting)
            return waiting[0] // self.PING_REPLY_SIZE

    def test_calls_sent_ahead(self):
        """That is no offence: each is answered."""
        with RawBus('dave', DIRECT) as client:
            serials = [client.call_later(*self.PING, destination=None) for _ in range(500)]
            for serial in serials:
                self.assertIsNone(client.reply_to(serial).error)

    def test_connections_that_are_gone(self):
        """They leave no trace in the journal: who connects in a loop would fill it."""
        cursor = journal_cursor()
        with effective_user('dave'):
            for _ in range(200):
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(DIRECT)
        self.assertOutcome(submit_and_wait('try.Quick'), 'SUCCESS')
        self.assertLess(len(journal('_SYSTEMD_UNIT=jobd.service', since=cursor)), 10)

    def test_no_descriptors_left(self):
        """A daemon that cannot accept connections says so once a second, and can again when there is room."""
        cursor, before = journal_cursor(), resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        used = {int(name) for name in os.listdir(f'/proc/{self.pid}/fd')}
        free = min(set(range(len(used) + 1)) - used)
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (free, before[1]))
        try:
            with contextlib.ExitStack() as stack:
                for _ in range(8):  # the daemon may still be closing some of another test
                    stack.enter_context(socket.socket(socket.AF_UNIX)).connect(DIRECT)
                for _ in range(2):
                    journal_wait('_SYSTEMD_UNIT=jobd.service', since=journal_cursor(),
                                 contains='Cannot accept a connection on the direct socket')
        finally:
            resource.prlimit(self.pid, resource.RLIMIT_NOFILE, before)
        self.assertLess(len(journal('_SYSTEMD_UNIT=jobd.service', since=cursor)), 10)


class Files(JobdTestCase):
    """What jobd was asked to take is closed by a process of its own: whoever serves the file decides how long that takes."""
    def setUp(self):
        jobctl('list')
        self.held = self.enterContext(HeldFile(main_pid()))
        self.fd = self.held.open()
        self.addCleanup(os.close, self.fd)

    def assertServed(self):
        with RawBus() as bus:
            self.assertIsNone(bus.call('/org/jobd1', MANAGER, 'GetJob', 's', 'try.File').error)
        self.assertFalse(self.held.is_held())

    def request(self, user, data='{}'):
        with RawBus(user) as bus:
            return bus.call('/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'try.File', data,
                            {'files': ('a{sh}', [('file', 0)])}, fds=[self.fd])

    def test_of_a_run(self):
        reply = self.request('alice')
        self.assertIsNone(reply.error, reply)
        self.assertServed()
        jobctl('logs', '--follow', reply.body[0])
        self.assertOutcome(reply.body[0], 'SUCCESS')

    def test_of_a_request_that_is_refused(self):
        self.assertEqual(self.request('alice', '{"no": 1}').error, 'org.jobd1.Error.InvalidData')
        self.assertServed()

    def test_of_objects(self):
        with RawBus('carol') as bus:
            reply = bus.call('/org/jobd1', MANAGER, 'ImportObjects', 'sha{sv}', 'x', 0, {}, fds=[self.fd])
        self.assertEqual(reply.error, 'org.jobd1.Error.InvalidFile', reply)
        self.assertServed()


class HttpSocket(JobdTestCase):
    CONNECTIONS = 3000  # within less than a second: many more than systemd's usual limits

    def test_who_connects_in_a_loop(self):
        """Does not take it away from others for longer than that, and leaves little in the journal."""
        cursor = journal_cursor()
        with effective_user('dave'):
            for _ in range(self.CONNECTIONS):
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(REST)
        for user in 'alice', 'root':
            deadline = time.monotonic() + TIMEOUT
            while self.get(user) != '200':
                self.assertLess(time.monotonic(), deadline, f'{user} is not answered')
        self.assertEqual(unit_properties('jobd-rest.socket')['ActiveState'], 'active')
        self.assertLess(len(journal('UNIT=jobd-rest.socket', since=cursor)), 50)

    @staticmethod
    def get(user):
        return run(['curl', '--silent', '--max-time', str(TIMEOUT), '--output', '/dev/null', '--write-out', '%{http_code}',
                    '--unix-socket', REST, 'http://localhost/api/extras/jobs/'], user=user, check=False).stdout


@contextlib.contextmanager
def settings(text):
    """jobd with these lines in jobd.conf, and one without them afterwards."""
    path = '/run/jobd/jobd.conf.d/50-attack.conf'
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    run(['systemctl', 'restart', 'jobd.service'])
    try:
        yield
    finally:
        os.unlink(path)
        run(['systemctl', 'restart', 'jobd.service'])


class Shares(JobdTestCase):
    """What all requesters share, nobody can take all of."""
    @classmethod
    def setUpClass(cls):
        install_job('try.Waits', '[Job]\nTaskQueues=closed\n[Service]\nExecStart=true\n')
        install_job('try.Big', '[Job]\nTaskQueues=closed\n[Service]\nExecStart=true\n'
                               '[Variable word]\nType=string\nSensitive=yes\nMaxLength=65000\n')
        jobctl('refresh')
        jobctl('enable', 'try.Waits', 'try.Big')
        jobctl('queue', 'set', 'closed', 'enabled=no')

    def tearDown(self):
        jobctl('cancel', '--kill', '--all', check=False)

    @staticmethod
    def run_job(bus, class_path, data=''):
        return bus.call_later('/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', class_path, data, {})

    def run_many(self, user, class_path, n, data=''):
        """How many of n were taken. The others were refused for the one reason."""
        taken = 0
        with RawBus(user) as bus:
            for start in range(0, n, 20):
                serials = {self.run_job(bus, class_path, data) for _ in range(min(20, n - start))}
                refused = False
                while serials:  # a refusal does not wait for the disk, so they come in any order
                    reply = bus.wait(lambda m: m.reply_serial in serials, 'a reply')
                    serials.remove(reply.reply_serial)
                    self.assertIn(reply.error, (None, 'org.jobd1.Error.TooMany'))
                    taken += not reply.error
                    refused = refused or reply.error
                if refused:
                    break
        return taken

    def test_places(self):
        with settings('[Jobd]\nMaxPending=64\n'):
            self.assertEqual(self.run_many('alice', 'try.Waits', 70), 32)
            self.assertEqual(self.run_many('carol', 'try.Waits', 70), 4)
            run(['systemctl', 'restart', 'jobd.service'])   # counted again, from the store
            self.assertEqual(self.run_many('alice', 'try.Waits', 1), 0)
            self.assertEqual(self.run_many('carol', 'try.Waits', 1), 0)
            self.assertEqual(self.run_many(None, 'try.Waits', 70), 28)
            # and what is gone counts no more
            jobctl('cancel', '--all', user='alice')
            self.assertEqual(self.run_many('alice', 'try.Waits', 70), 4)

    def give_file(self, user, path):
        with RawBus(user) as bus, open(path, 'rb') as file:
            return bus.call('/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'try.File', '',
                            {'files': ('a{sh}', [('file', 0)])}, fds=[file.fileno()]).error

    def test_files(self):
        install_job('try.File', '[Job]\nTaskQueues=closed\n[Service]\nExecStart=true\n[Variable file]\nType=file\n')
        jobctl('refresh')
        jobctl('enable', 'try.File')
        with tempfile.NamedTemporaryFile() as file, settings('[Jobd]\nInputFilesKeptMax=64K\n'):
            file.write(bytes(4096))
            file.flush()
            taken = [self.give_file('alice', file.name) for _ in range(9)]
            self.assertEqual(taken, [None] * 8 + ['org.jobd1.Error.TooMany'])
            self.assertIsNone(self.give_file('carol', file.name))
            run(['systemctl', 'restart', 'jobd.service'])
            self.assertEqual(self.give_file('alice', file.name), 'org.jobd1.Error.TooMany')
            self.assertEqual(self.give_file('carol', file.name), 'org.jobd1.Error.TooMany')
            self.assertIsNone(self.give_file(None, file.name))
            jobctl('cancel', '--all', user='alice')
            self.assertIsNone(self.give_file('alice', file.name))

    def test_memory(self):
        data = json.dumps({'word': 'x' * 64900})
        before = resident()
        taken = self.run_many('alice', 'try.Big', 4000, data)
        self.assertEqual(taken, 192 * 1024 // 64)
        self.assertLess(resident() - before, 300 * 1024)
        self.assertEqual(self.run_many('carol', 'try.Big', 1, data), 1)
        self.assertEqual(self.run_many('alice', 'try.Waits', 1), 1)     # nothing is kept of that
        jobctl('cancel', '--all', user='alice')
        self.assertEqual(self.run_many('alice', 'try.Big', 1, data), 1)


class Races(JobdTestCase):
    def test_cancel_delete_run_and_disable(self):
        """All at once, for some time: each call is answered, and in the end nothing is left in between."""
        stop, unexpected, ids, lock = threading.Event(), [], [], threading.Lock()
        root = RawBus()
        job = root.call('/org/jobd1', MANAGER, 'GetJob', 's', 'try.Slow').body[0]
        expected = {None, *(f'org.jobd1.Error.{name}' for name in (
            'JobNotEnabled', 'AlreadyFinished', 'NotFinished', 'NoSuchJobResult')),
            *(f'org.freedesktop.DBus.Error.{name}' for name in ('UnknownObject', 'InteractiveAuthorizationRequired'))}

        def keep_calling(bus, make):
            while not stop.is_set():
                reply = bus.call(*make())
                if reply.error not in expected:
                    unexpected.append(reply)
                if reply.kind == RETURN and reply.signature == 'so':
                    with lock:
                        ids.append(reply.body[1])

        def some_result():
            with lock:
                return random.choice(ids[-5:]) if ids else result_object('0' * 32)

        calls = [('alice', lambda: ('/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'try.Slow', '', {})),
                 ('carol', lambda: (some_result(), RESULT, 'Cancel', 'a{sv}', {'kill': ('b', True)})),
                 ('alice', lambda: (some_result(), RESULT, 'Cancel', 'a{sv}', {})),
                 (None, lambda: (some_result(), RESULT, 'Delete')),
                 ('carol', lambda: (job, JOB, random.choice(['Enable', 'Disable', 'Enable']))),
                 (None, lambda: ('/org/jobd1', MANAGER, 'Refresh', 'a{sv}', {}))]
        threads = [threading.Thread(target=keep_calling, args=(RawBus(user), make)) for user, make in calls]
        pid = main_pid()
        for thread in threads:
            thread.start()
        while len(ids) < 150 and not unexpected:
            threads[0].join(0.1)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(unexpected, [])
        self.assertEqual(main_pid(), pid)
        root.call(job, JOB, 'Enable')
        for result in ids:
            root.call(result, RESULT, 'Cancel', 'a{sv}', {'kill': ('b', True)})
        for result in ids:
            if not root.call(result, PROPERTIES, 'Get', 'ss', RESULT, 'Status').error:
                digits = result.rsplit('/', 1)[1]
                jobctl('logs', '-f', digits)
                self.assertIn(root.call(result, PROPERTIES, 'Get', 'ss', RESULT, 'Status').body[0],
                              ('REVOKED', 'FAILURE'))
        self.assertEqual(run(['systemctl', 'list-units', '--all', '--no-legend', 'jobd-run-*']).stdout, '')

    def test_the_job_is_deleted_while_a_password_is_typed(self):
        """The verdict was about something that is no more."""
        install_job('try.Gone', '[Service]\nExecStart=true\n')
        jobctl('refresh')
        jobctl('enable', 'try.Gone')
        with SilentAgent() as agent, RawBus('dave') as dave:
            serial = dave.call_later('/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'try.Gone', '', {},
                                     flags=ALLOW_INTERACTIVE)
            agent.wait_asked()
            jobctl('delete', 'try.Gone')
            agent.close()
            self.assertEqual(dave.reply_to(serial).kind, ERROR)


if __name__ == '__main__':
    unittest.main()
