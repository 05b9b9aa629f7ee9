# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Variables of files: what a run gets of them, what is refused, and that nothing of them is left."""
import contextlib
import hashlib
import json
import os
import socket
import unittest
import uuid

from classes import GATES, job_lines, open_gate, refresh, run_lines, start_run, wait_end, wait_started, write
from harness import (JobdTestCase, dialogue, install_job, jobctl, jobctl_json, kill_jobd, main_pid, run, start,
                     unit_properties)
from raw_bus import DIRECT, SYSTEM_BUS, RawBus
from test_schedules import DAY, make_due, now, results, settle
from test_sensitive import where_is

FILES = '/var/lib/jobd/files'
LIMITS = '/etc/jobd/jobd.conf.d/50-test.conf'
SHOW = ('ExecStart=/bin/sh -c \'stat -c "%a %u %g %s" "$$1"; ls "$$(dirname "$$1")"; cat "$$1"; '
        '(echo x > "$$1") 2>/dev/null && echo written; cat "$$CREDENTIALS_DIRECTORY/job-data"\' sh ${JOB_VAR_report}\n')
GATE = (f'ExecStart=sh -c "f={GATES}/$$JOB_RESULT_ID; mkdir -p {GATES}; mkfifo $$f 2>/dev/null; read go < $$f; '
        'sha256sum < $${JOB_VAR_report:-$$CREDENTIALS_DIRECTORY/key}"\n')
REPORT = '[Variable report]\nType=file\nMaxSize=1M\n'
KEY = '[Variable key]\nType=file\nSensitive=yes\n'
JOBS = {
    'files.Dynamic': REPORT + '[Variable note]\nRequired=no\n[Variable more]\nType=file\nRequired=no\n'
                     '[Service]\n' + SHOW,
    'files.Asks': '[Job]\nApprovalRequired=yes\n' + REPORT + '[Service]\n' + SHOW,
    'files.Root': REPORT + '[Service]\nUser=root\n' + SHOW,
    'files.Alice': REPORT + '[Service]\nUser=alice\n' + SHOW,
    'files.Strict': REPORT + '[Service]\nProtectSystem=strict\nProtectHome=yes\nPrivateTmp=yes\nPrivateUsers=yes\n'
                    'PrivateDevices=yes\nProtectProc=invisible\nProtectKernelTunables=yes\nTemporaryFileSystem=/run:ro\n'
                    'RestrictNamespaces=yes\nNoNewPrivileges=yes\nBindReadOnlyPaths=/etc:/mnt\n' + SHOW,
    'files.Gate': REPORT.replace('file\n', 'file\nRequired=no\n') + '[Service]\nUser=root\n' + GATE,
    'files.Digest': REPORT + '[Service]\nExecStart=/bin/sh -c \'sha256sum < "$$1"\' sh ${JOB_VAR_report}\n',
    'files.Fails': REPORT + '[Service]\nExecStart=false\n',
    'files.Retried': '[Job]\nRetry=1\nRetryDelay=0\n' + REPORT + KEY + '[Service]\nExecStart=/bin/sh -c \'cat "$$1" '
                     '"$$CREDENTIALS_DIRECTORY/key"; grep -o "/run/cred[-a-z0-9./]*" "$$CREDENTIALS_DIRECTORY/job-data"; '
                     'exit 1\' sh ${JOB_VAR_report}\n',
    'files.CannotStart': REPORT + '[Service]\nExecStart=/nonexistent\n',
    'files.Two': '[Variable one]\nType=file\n[Variable two]\nType=file\nRequired=no\n'
                 '[Service]\nExecStart=cat ${JOB_VAR_one}\n',
    'files.Secret': KEY + '[Service]\nUser=root\n' + GATE,
    'files.AllSecret': '[Job]\nHasSensitiveVariables=yes\n' + KEY.replace('Sensitive=yes\n', '')
                       + '[Service]\nUser=root\n' + GATE,
    'files.SecretData': KEY + '[Service]\nExecStart=/bin/sh -c \'stat -c "%a" "$$1/key"; cat "$$1/key"; '
                        'cat "$$1/job-data"; env\' sh ${CREDENTIALS_DIRECTORY}\n',
    'files.Objects': REPORT + '[Variable who]\nType=object\nModel=user\n[Service]\nExecStart=/bin/sh -c '
                     '\'cat "$$1" "$$CREDENTIALS_DIRECTORY/job-data"\' sh ${JOB_VAR_report}\n',
    'files.Full': KEY + '[Variable racks]\nType=multiobject\nModel=bulk\n[Service]\nUser=root\n' + GATE,
    'files.TooFull': KEY + '[Variable racks]\nType=multiobject\nModel=bulk\nRequired=no\n'
                     f'[Service]\nUser=root\nSetCredential=own:{"x" * 30000}\n' + GATE,
    'files.Mode': '[Variable mode]\nType=choice\nChoices=a b\n[Variable of_a]\nType=file\nDependsOn=mode=a\n'
                  '[Service]\nExecStart=true\n',
}


def setUpModule():
    write('/etc/jobd/objects/bulk.json', json.dumps([{'id': f'r{n}', 'text': 'x' * 1000} for n in range(590)]))
    for class_path, text in JOBS.items():
        install_job(class_path, text)
    jobctl('refresh')
    jobctl('enable', *JOBS)


def file_of(contents='hello\n', name='my report.txt'):
    return write(f'/var/tmp/files/{name}', contents)


def kept():
    """The ids for which there are files."""
    return sorted(os.listdir(FILES)) if os.path.isdir(FILES) else []


@contextlib.contextmanager
def settings(text):
    write(LIMITS, '[Jobd]\n' + text)
    run('systemctl restart jobd.service')
    yield
    os.unlink(LIMITS)
    run('systemctl restart jobd.service')


def digest(contents):
    return hashlib.sha256(contents.encode() if isinstance(contents, str) else contents).hexdigest()


class Given(JobdTestCase):
    def check_run(self, job, user='alice'):
        lines = run_lines(job, '--file', f'report={file_of()}', user=user)
        data = json.loads(lines.pop())
        expected = {'name': 'my report.txt', 'size': 6, 'sha256': digest('hello\n')}
        self.assertEqual(data['report'], {**expected, 'path': '/run/jobd/files/report'})
        result = jobctl_json('results', '--job', job, '-n', '1')[0]
        self.assertEqual(result['task_kwargs']['report'], expected)
        self.assertEqual(kept(), [])
        return lines

    def test_users_and_sandboxes(self):
        for job in 'files.Dynamic', 'files.Root', 'files.Alice', 'files.Strict':
            with self.subTest(job=job):
                mode, names, contents = self.check_run(job)
                self.assertEqual((names, contents), ('report', 'hello'))
                self.assertEqual(mode.split()[0], '444')
                self.assertEqual(mode.split()[3], '6')

    def test_on_the_direct_socket(self):
        done = jobctl('--socket', 'run', 'files.Dynamic', '--file', f'report={file_of()}')
        self.assertIn('hello', done.stdout)

    def test_in_another_root(self):
        root = '/var/tmp/root'
        for directory in 'usr', 'bin', 'sbin', 'lib', 'lib64', 'proc', 'sys', 'dev', 'run', 'tmp', 'etc':
            os.makedirs(f'{root}/{directory}', exist_ok=True)
        install_job('files.Root2', REPORT + f'[Service]\nRootDirectory={root}\nMountAPIVFS=yes\n'
                    'BindReadOnlyPaths=/usr /bin /lib /lib64 /etc\n' + SHOW)
        refresh()
        jobctl('enable', 'files.Root2')
        self.assertEqual(self.check_run('files.Root2')[2], 'hello')

    def test_standard_input_and_pipes(self):
        self.assertIn('piped', jobctl('run', 'files.Dynamic', '--file', 'report=-', input='piped\n', user='alice').stdout)
        done = run('echo by a pipe | jobctl run files.Dynamic --file report=/dev/fd/0 --var note=x', user='alice')
        self.assertIn('by a pipe', done.stdout)

    def test_of_a_file_that_only_the_caller_can_read(self):
        path = file_of('of root only\n', 'private')
        os.chmod(path, 0o600)
        self.assertFails(['jobctl', 'run', 'files.Alice', '--file', f'report={path}'], 'Permission denied', status=2,
                         user='alice')
        self.assertIn('of root only', run_lines('files.Alice', '--file', f'report={path}'))

    def test_none(self):
        result = json.loads(jobctl('--json', 'run', 'files.Two', '--file', f'one={file_of()}', user='alice').stdout)
        self.assertEqual(result['task_kwargs']['two'], None)
        jobctl('run', 'files.Mode', '--var', 'mode=b')

    def test_beside_objects(self):
        done = jobctl('run', 'files.Objects', '--file', f'report={file_of()}', '--var', 'who=alice', user='alice')
        self.assertIn('hello', done.stdout)
        self.assertIn('2001', done.stdout)
        self.assertFails(['jobctl', 'run', 'files.Objects', '--file', f'report={file_of(bytes(2 << 20), "large")}', '--var',
                          'who=nobody-there'], 'at most 1048576 bytes', 'who', status=4)
        self.assertEqual(kept(), [])

    def test_seen_by_the_run_alone(self):
        result_id = start_run('files.Gate', '--file', f'report={file_of()}')
        wait_started(result_id)
        self.assertEqual(kept(), [result_id])
        self.assertEqual(os.stat(f'{FILES}/{result_id}/report').st_mode & 0o7777, 0o444)
        self.assertEqual(os.stat(FILES).st_mode & 0o7777, 0o700)
        self.assertEqual(os.listdir('/run/jobd/files'), [])
        self.assertFails(['cat', f'{FILES}/{result_id}/report'], 'Permission denied', user='alice')
        other = run_lines('files.Dynamic', '--file', f'report={file_of("other")}')
        self.assertNotIn('hello', other)
        open_gate(result_id)
        wait_end(result_id)

    def test_digest_of_a_large_one(self):
        contents = os.urandom(1024 * 1024)
        path = write('/var/tmp/files/large', contents)
        result_id = start_run('files.Gate', '--file', f'report={path}')
        os.unlink(path)
        open_gate(result_id)
        self.assertEqual(job_lines(result_id)[0].split()[0], digest(contents))

    def test_a_run_without_files_mounts_nothing(self):
        result_id = start_run('files.Gate')
        wait_started(result_id)
        self.assertNotIn('BindReadOnlyPaths', unit_properties(f'jobd-run-{result_id}.service'))
        jobctl('cancel', '--kill', result_id)
        wait_end(result_id)


class Kept(JobdTestCase):
    """For the run only, and then removed whatever has happened."""

    def tearDown(self):
        self.assertEqual(kept(), [])

    def test_after_failures(self):
        for job in 'files.Fails', 'files.CannotStart':
            result_id = start_run(job, '--file', f'report={file_of()}')
            wait_end(result_id)
            self.assertOutcome(result_id, 'FAILURE')

    def test_for_each_attempt(self):
        first = start_run('files.Retried', '--file', f'report={file_of()}', '--file', f'key={file_of("key", "key")}')
        wait_end(first)
        second = self.assertOutcome(first, 'FAILURE')['retried_by']
        wait_end(second)
        for result_id in first, second:
            lines = job_lines(result_id)
            self.assertEqual(lines[0], 'hello')
            self.assertEqual(lines[1:], ['key', f'/run/credentials/jobd-run-{result_id}.service/key'])

    def test_after_a_cancel_and_a_kill(self):
        for option in [], ['--kill']:
            result_id = start_run('files.Gate', '--file', f'report={file_of()}')
            wait_started(result_id)
            jobctl('cancel', *option, result_id)
            wait_end(result_id)
            self.assertOutcome(result_id, 'REVOKED')

    def test_while_it_waits(self):
        with settings('MaxRunning=1\n'):
            first = start_run('files.Gate')
            waits, revoked = (start_run('files.Gate', '--file', f'report={file_of()}') for _ in range(2))
            self.assertEqual(kept(), sorted([waits, revoked]))
            jobctl('cancel', revoked)
            wait_end(revoked)
            self.assertEqual(kept(), [waits])
            kill_jobd()
            run('systemctl restart jobd.service')
            self.assertEqual(kept(), [waits])
            open_gate(first)
            open_gate(waits)
            self.assertEqual(job_lines(waits)[0].split()[0], digest('hello\n'))
            wait_end(first)

    def test_when_jobd_is_killed_while_it_runs(self):
        result_id = start_run('files.Gate', '--file', f'report={file_of()}')
        wait_started(result_id)
        kill_jobd()
        self.assertEqual(kept(), [result_id])
        open_gate(result_id)
        self.assertEqual(job_lines(result_id)[0].split()[0], digest('hello\n'))
        wait_end(result_id)

    def test_when_it_ends_while_jobd_is_away(self):
        result_id = start_run('files.Gate', '--file', f'report={file_of()}')
        wait_started(result_id)
        run('systemctl stop jobd.service jobd.socket jobd-credentials.socket')
        open_gate(result_id)
        run('systemctl start jobd.socket jobd-credentials.socket')
        wait_end(result_id)

    def test_what_a_killed_jobd_has_left(self):
        """The files of a request that was never stored, of a run that has ended, and what is not jobd's."""
        ended = start_run('files.Fails', '--file', f'report={file_of()}')
        wait_end(ended)
        for name in str(uuid.uuid4()), ended:
            write(f'{FILES}/{name}/report', 'left over')
        write(f'{FILES}/notes/x', "an administrator's")
        run('systemctl restart jobd.service')
        self.assertEqual(kept(), ['notes'])
        run(['rm', '-r', f'{FILES}/notes'])

    def test_when_jobd_is_killed_at_any_moment(self):
        """Each request is either acknowledged, and runs with its file, or leaves nothing."""
        path = write('/var/tmp/files/large', os.urandom(1 << 20))
        with open(path, 'rb') as file:
            expected = digest(file.read())
        acknowledged = []
        for _ in range(12):
            requests = [start(['jobctl', 'run', '--no-wait', 'files.Digest', '--file', f'report={path}'], user='alice')
                        for _ in range(3)]
            self.wait_for_files()
            kill_jobd()
            acknowledged += [done for request in requests if (done := request.communicate()[0].strip())]
        self.assertTrue(acknowledged)
        for result_id in acknowledged:
            self.assertEqual(job_lines(result_id)[0].split()[0], expected)
            self.assertOutcome(result_id, 'SUCCESS')
        for result in jobctl_json('results', '--job', 'files.Digest', '-n', '100'):
            wait_end(result['id'])      # those that were stored when the answer did not get through
        run('systemctl restart jobd.service')

    @staticmethod
    def wait_for_files():
        """Until one is being copied, or all are acknowledged."""
        for _ in range(2000):
            if kept():
                return
            os.sched_yield()

    def test_lost_in_the_meantime(self):
        with settings('MaxRunning=1\n'):
            first = start_run('files.Gate')
            waits = start_run('files.Gate', '--file', f'report={file_of()}')
            run(['rm', '-r', f'{FILES}/{waits}'])
            open_gate(first)
            wait_end(waits)
            self.assertIn('file for report', self.assertOutcome(waits, 'FAILURE', reason='input-lost')['message'])
            wait_end(first)

    def test_run_again(self):
        earlier = start_run('files.Dynamic', '--file', f'report={file_of()}', '--var', 'note=mine')
        wait_end(earlier)
        self.assertFails(['jobctl', 'run', '--from', earlier], 'report', '--file NAME=PATH', status=4, user='alice')
        done = jobctl('run', '--from', earlier, '--file', f'report={file_of("another")}', user='alice')
        self.assertIn('another', done.stdout)
        self.assertIn('"note":"mine"', done.stdout)


class Refused(JobdTestCase):
    def tearDown(self):
        self.assertEqual(kept(), [])

    def call(self, job, files, names=None, data='{}', user='alice', address=SYSTEM_BUS):
        """What jobd answers when these (variable, descriptor) are given: messages by variable, or the reply."""
        options = {'files': ('a{sh}', [(variable, i) for i, (variable, _) in enumerate(files)])}
        if names is not None:
            options['file_names'] = ('a{ss}', names)
        with RawBus(user, address) as bus:
            if address == DIRECT:   # who gets descriptors with the last words of the greeting closes the connection
                bus.call('/org/jobd1', 'org.freedesktop.DBus.Peer', 'Ping', destination=None)
            reply = bus.call('/org/jobd1', 'org.jobd1.Manager', 'RunJob', 'ssa{sv}', job, data, options,
                             fds=[fd for _, fd in files], destination='org.jobd1' if address == SYSTEM_BUS else None)
        if reply.error == 'org.jobd1.Error.InvalidData':
            return json.loads(reply.body[0])
        return reply

    def messages(self, *args, **kwargs):
        answer = self.call(*args, **kwargs)
        self.assertIsInstance(answer, dict, answer)
        return answer

    def accepted(self, *args, **kwargs):
        reply = self.call(*args, **kwargs)
        self.assertEqual(reply.error, None, reply)
        wait_end(reply.body[0])
        return jobctl_json('result', reply.body[0])

    def opened(self, path, flags=os.O_RDONLY):
        fd = os.open(path, flags)
        self.addCleanup(os.close, fd)
        return fd

    def test_what_is_no_regular_file(self):
        left, right = socket.socketpair()
        reading, writing = os.pipe()
        self.addCleanup(lambda: [left.close(), right.close(), os.close(reading), os.close(writing)])
        not_regular = ['This is not a regular file.']
        unreadable = ['This file is not open for reading.']
        for fd, expected in ((self.opened('/etc'), not_regular), (left.fileno(), not_regular), (reading, not_regular),
                             (self.opened('/dev/null'), not_regular), (self.opened('/dev/tty0', os.O_PATH)
                              if os.path.exists('/dev/tty0') else self.opened('/dev/zero', os.O_PATH), not_regular),
                             (self.opened(file_of(), os.O_WRONLY), unreadable),
                             (self.opened(file_of(), os.O_PATH), unreadable)):
            self.assertEqual(self.messages('files.Dynamic', [('report', fd)]), {'report': expected})
        for address in SYSTEM_BUS, DIRECT:
            self.assertEqual(self.messages('files.Dynamic', [('report', self.opened('/etc'))], user='root',
                                           address=address), {'report': not_regular})

    def test_what_the_kernel_makes(self):
        """Who reads it is root: alice must not get what only root may see."""
        not_regular = {'report': ['This is not a regular file.']}
        for path in '/proc/1/stat', '/proc/self/maps', '/sys/kernel/uevent_seqnum':
            with self.subTest(path=path):
                self.assertEqual(self.messages('files.Dynamic', [('report', self.opened(path))]), not_regular)
        self.assertFails(['jobctl', 'run', 'files.Dynamic', '--file', 'report=/proc/1/stat'], not_regular['report'][0],
                         status=4, user='alice')

    def test_sizes(self):
        too_large = ['Ensure this file has at most 1048576 bytes.']
        path = file_of(b'', 'sized')
        for size, expected in (0, None), (1, None), (1 << 20, None), ((1 << 20) + 1, too_large), (1 << 40, too_large):
            os.truncate(path, size)
            with self.subTest(size=size):
                if expected:
                    self.assertEqual(self.messages('files.Dynamic', [('report', self.opened(path))]),
                                     {'report': expected})
                else:
                    result = self.accepted('files.Dynamic', [('report', self.opened(path))])
                    self.assertEqual(result['task_kwargs']['report'], {'name': 'report', 'size': size,
                                                                       'sha256': digest(bytes(size))})
        os.unlink(path)

    def test_one_that_is_larger_than_it_says(self):
        """As one that grows while it is copied: a file of a control group says that it has no bytes."""
        path = '/sys/fs/cgroup/cgroup.stat'
        with settings('InputFileSizeMax=10\n'):
            self.assertEqual(os.stat(path).st_size, 0)
            self.assertEqual(self.messages('files.Dynamic', [('report', self.opened(path))]),
                             {'report': ['Ensure this file has at most 10 bytes.']})

    def test_memfd_and_offset(self):
        fd = os.memfd_create('x')
        self.addCleanup(os.close, fd)
        os.write(fd, b'all of it')      # and the offset is at its end
        result = self.accepted('files.Dynamic', [('report', fd)], {'report': 'memory'})
        self.assertEqual(result['task_kwargs']['report'], {'name': 'memory', 'size': 9, 'sha256': digest('all of it')})

    def test_limits_of_the_settings(self):
        with settings('InputFileSizeMax=1K\nInputFilesSizeMax=1500\n'):
            large, small = (self.opened(file_of(b'x' * size, str(size))) for size in (1025, 1000))
            self.assertEqual(self.messages('files.Two', [('one', large), ('two', small)]),
                             {'one': ['Ensure this file has at most 1024 bytes.']})
            self.assertEqual(self.messages('files.Two', [('one', small), ('two', small)]),
                             {'two': ['Ensure the files of a run have at most 1500 bytes in all.']})
            self.accepted('files.Two', [('one', small)])
            self.assertEqual([v['max_size'] for v in jobctl_json('show', '-v', 'files.Two')['variables']], [1024, 1024])
        variables = {v['name']: v for v in jobctl_json('show', '-v', 'files.Dynamic')['variables']}
        self.assertEqual((variables['report']['type'], variables['report']['max_size']), ('file', 1 << 20))
        self.assertEqual(variables['more']['max_size'], 64 << 20)

    def test_limit_of_all_that_is_kept(self):
        with settings('MaxRunning=1\nInputFilesKeptMax=10\n'):
            first = start_run('files.Gate')
            waits = start_run('files.Gate', '--file', f'report={file_of(b"x" * 10, "ten")}')
            fd = self.opened(file_of())
            for _ in range(2):      # also by what is found at a start
                reply = self.call('files.Dynamic', [('report', fd)])
                self.assertEqual(reply.error, 'org.jobd1.Error.TooMany')
                self.assertIn('10 bytes already', reply.body[0])
                run('systemctl restart jobd.service')
            for result_id in waits, first:
                jobctl('cancel', '--kill', result_id)
                wait_end(result_id)
            self.accepted('files.Dynamic', [('report', fd)])

    def test_names(self):
        fd = self.opened(file_of())
        for name, problem in (('a/b', 'it has a "/" in it'), ('..', 'it names a directory'), ('', 'it is empty'),
                              ('a\nb', 'it has a control character in it'), ('x' * 256, 'it has more than 255 bytes'),
                              ('\x9b2J', 'it has a control character in it')):
            with self.subTest(name=name):
                message = self.messages('files.Dynamic', [('report', fd)], {'report': name})['report']
                self.assertEqual(len(message), 1)
                self.assertTrue(message[0].endswith('cannot be the name of a file: ' + problem), message)
        for name in 'x' * 255, '-rf', '$(reboot)', '%n', 'ä b', '.x':
            result = self.accepted('files.Dynamic', [('report', fd)], {'report': name})
            self.assertEqual(result['task_kwargs']['report']['name'], name)

    def test_every_problem_at_once(self):
        fd, directory = self.opened(file_of()), self.opened('/etc')
        self.assertEqual(
            self.messages('files.Dynamic', [('note', fd), ('none', fd), ('a\n/../b', fd), ('more', directory),
                                            ('report', fd), ('report', fd)],
                          {'more': '/', 'other': 'x'}, '{"report": "/etc/passwd", "x": 1}'),
            {'report': ['This must be given as a file: jobctl run --file report=PATH'],
             'note': ['This is a string and cannot be given as a file.'],
             'more': ['"/" cannot be the name of a file: it has a "/" in it', 'This is not a regular file.'],
             'x': ['Job data contained an unknown property'],
             'none': ['Job data contained an unknown property'],
             'a\n/../b': ['Job data contained an unknown property'],
             'other': ['Job data contained an unknown property']})
        self.assertEqual(self.messages('files.Dynamic', [('report', fd), ('report', fd)]),
                         {'report': ['This is there twice.']})
        self.assertEqual(self.messages('files.Dynamic', [('report', fd)], {'more': 'x'}),
                         {'more': ['This has a name, but the file is not there.']})
        self.assertEqual(self.messages('files.Dynamic', []), {'report': ['This field is required.']})
        self.assertEqual(self.messages('files.Mode', [('of_a', fd)], data='{"mode": "b"}'),
                         {'of_a': ['Only taken when "mode" is "a"; leave it out.']})
        for value in '"x"', '{"name": "x", "size": 1, "sha256": "0"}', '1', '[]', '""':
            self.assertEqual(self.messages('files.Dynamic', [], data='{"report": %s}' % value),
                             {'report': ['This must be given as a file: jobctl run --file report=PATH']})

    def test_options_of_another_type(self):
        with RawBus('alice') as bus:
            for option in ('as', ['x']), ('a{ss}', {'report': '/etc/passwd'}), ('s', '/etc/passwd'):
                reply = bus.call('/org/jobd1', 'org.jobd1.Manager', 'RunJob', 'ssa{sv}', 'files.Dynamic', '{}',
                                 {'files': option})
                self.assertEqual(reply.error, 'org.jobd1.Error.InvalidOption')
                self.assertIn("'a{sh}'", reply.body[0])

    def test_checks_that_come_before(self):
        fd = self.opened(file_of())
        jobctl('disable', 'files.Root')
        self.assertEqual(self.call('files.Root', [('report', fd)]).error, 'org.jobd1.Error.JobNotEnabled')
        jobctl('enable', 'files.Root')
        self.assertEqual(self.call('files.Root', [('report', fd)], user='dave').error,
                         'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired')
        self.assertEqual(self.call('files.None', [('report', fd)]).error, 'org.jobd1.Error.NoSuchJob')
        self.assertEqual(self.call('files.Root', [('report', fd)], data='{').error, 'org.jobd1.Error.InvalidJSON')

    def test_a_full_disk(self):
        run('systemctl stop jobd.service')
        run(['mount', '-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', FILES])
        try:
            reply = self.call('files.Dynamic', [('report', self.opened(file_of(b'x' * 1000000, 'much')))])
            self.assertEqual(reply.error, 'org.jobd1.Error.StoreFull')
            self.assertIn('no room on the disk', reply.body[0])
            self.assertEqual(kept(), [])
        finally:
            run('systemctl stop jobd.service')
            run(['umount', FILES])

    def test_no_descriptor_is_left(self):
        fd = self.opened(file_of())
        self.messages('files.Dynamic', [('none', fd)])
        before = sorted(os.readlink(f'/proc/{main_pid()}/fd/{n}') for n in os.listdir(f'/proc/{main_pid()}/fd'))
        for _ in range(20):
            self.messages('files.Dynamic', [('report', fd), ('none', fd), ('more', self.opened('/etc'))])
        names = sorted(os.readlink(f'/proc/{main_pid()}/fd/{n}') for n in os.listdir(f'/proc/{main_pid()}/fd'))
        self.assertEqual([n for n in names if 'files' in n], [])
        self.assertLess(len(names), len(before) + 10)

    def test_command_line(self):
        path = file_of()
        for arguments, text in ((['--file', 'report'], 'NAME=PATH'), (['--file', '=x'], 'NAME=PATH'),
                                (['--file', 'report=/nonexistent'], 'No such file'), (['--file', 'report=/etc'], 'directory'),
                                (['--file', f'report={path}', '--file', f'report={path}'], 'twice'),
                                (['--file', f'report={path}', '--data', '{"report": 1}'], 'value for it'),
                                (['--file', 'report=-', '--data', '-'], 'once only'),
                                (['--var', f'report={path}'], '--file NAME=PATH')):
            self.assertFails(['jobctl', 'run', 'files.Dynamic', *arguments], text, status=2, user='alice')
        self.assertFails(['jobctl', 'run', 'files.Dynamic'], 'report', 'This field is required.', status=4, user='alice')
        done = run('head -c 1100000 /dev/zero | jobctl run files.Dynamic --file report=-', user='alice', check=False)
        self.assertEqual(done.returncode, 4)
        self.assertIn('at most 1048576 bytes', done.stderr)

    def test_completion(self):
        def complete(*words):
            return run(['bash', '-c', 'source /usr/share/bash-completion/completions/jobctl; COMP_WORDS=("$@"); '
                        'COMP_CWORD=$(($# - 1)); _jobctl; printf "%s\\n" "${COMPREPLY[@]}"', 'bash', 'jobctl', *words],
                       user='alice').stdout.split('\n')[:-1]
        path = file_of()
        for words in ['--file', ''], ['--file', '=', '']:
            self.assertEqual(sorted(complete('run', 'files.Dynamic', *words)), ['more=', 'report='])
        self.assertEqual(complete('run', 'files.Dynamic', '--var', ''), ['note='])
        for words in ['--file', 'report', '=', path[:-3]], ['--file', '=', 'report', '=', path[:-3]]:
            self.assertEqual(complete('run', 'files.Dynamic', *words), [path])
        self.assertIn(path, complete('run', 'files.Dynamic', '--file', 'report', '=', os.path.dirname(path) + '/'))
        self.assertEqual(complete('run', '--file', 'report', '=', path, 'files.Dyn')[:1], ['files.Dynamic'])

    def test_asked_for(self):
        path = file_of('asked for\n')
        status, shown = dialogue(['jobctl', 'run', 'files.Dynamic'], ('report (file)', '/nonexistent\n'),
                                 ('No such file', None), ('report (file)', path + '\n'), ('asked for', None), user='alice')
        self.assertEqual(status, 0, shown)


class Later(JobdTestCase):
    """Files of scheduled jobs and of requests that wait for an approval."""

    def setUp(self):
        self.addCleanup(lambda: self.assertEqual(kept(), []))

    def request(self, job, **options):
        """RunJob with a file; id and path of the scheduled job."""
        types = {str: 's', int: 't'}
        options = {name: (types[type(value)], value) for name, value in options.items()}
        with open(file_of('for later\n'), 'rb') as file, RawBus('alice') as bus:
            reply = bus.call('/org/jobd1', 'org.jobd1.Manager', 'RunJob', 'ssa{sv}', job, '{}',
                             {**options, 'files': ('a{sh}', [('report', 0)]), 'file_names': ('a{ss}', {'report': 'plan'})},
                             fds=[file.fileno()])
        self.assertEqual(reply.error, None, reply)
        return reply.body

    def change(self, path, member, user='root'):
        with RawBus(user) as bus:
            signature, arguments = ('a{sv}', [{}]) if member in ('Approve', 'Deny') else ('', [])
            reply = bus.call(path, 'org.jobd1.ScheduledJob', member, signature, *arguments)
        self.assertEqual(reply.error, None, reply)

    def check_run(self, result_id):
        wait_end(result_id)
        self.assertIn('for later', job_lines(result_id))
        self.assertEqual(self.assertOutcome(result_id, 'SUCCESS')['task_kwargs']['report'],
                         {'name': 'plan', 'size': 10, 'sha256': digest('for later\n')})

    def test_each_occurrence_has_it(self):
        schedule, path = self.request('files.Dynamic', interval='daily', name='each', start_time=now() + DAY)
        for n in range(1, 3):
            make_due(schedule)
            run('systemctl start jobd.service')
            settle(schedule, lambda p, n=n: p['TotalRunCount'] >= n)
            self.check_run(results(schedule)[-1]['id'])
            self.assertEqual(kept(), [schedule])
        self.change(path, 'Delete')

    def test_once(self):
        schedule, _ = self.request('files.Dynamic', interval='future', name='once', start_time=now() + DAY)
        run('systemctl restart jobd.service')
        self.assertEqual(kept(), [schedule])
        make_due(schedule)
        run('systemctl start jobd.service')
        settle(schedule, lambda p: p['TotalRunCount'] == 1)
        self.check_run(results(schedule)[0]['id'])

    def test_approved_and_denied(self):
        for answer in 'Approve', 'Deny':
            request_id, path = self.request('files.Asks')
            run('systemctl restart jobd.service')
            self.assertEqual(kept(), [request_id])
            self.change(path, answer, 'bob')
            if answer == 'Approve':
                settle(request_id, lambda p: p['TotalRunCount'] == 1)
                self.check_run(results(request_id)[0]['id'])


class Secret(JobdTestCase):
    """Sensitive files: in memory, and nowhere else."""

    def test_as_credential(self):
        contents = f'Key-{uuid.uuid4()}'
        lines = run_lines('files.SecretData', '--file', f'key={file_of(contents, "id_rsa")}')
        data = json.loads(lines[2])
        self.assertEqual(lines[:2], ['400', contents])
        self.assertRegex(data['key'].pop('path'), r'^/run/credentials/jobd-run-[0-9a-f-]{36}.service/key$')
        self.assertEqual(data['key'], {'name': 'id_rsa', 'size': len(contents), 'sha256': digest(contents)})
        self.assertFalse([line for line in lines[3:] if line.startswith('JOB_VAR_')])

    def check_nowhere(self, job):
        contents = f'Key-{uuid.uuid4()}'
        path = file_of(contents, 'key')
        result_id = start_run(job, '--file', f'key={path}')
        os.unlink(path)
        wait_started(result_id)
        self.assertEqual([place for place in where_is(contents, result_id, 'files.Secret') if 'credentials' not in place], [])
        self.assertEqual(where_is(digest(contents), result_id, 'files.Secret'), [])
        self.assertEqual(kept(), [])
        open_gate(result_id)
        self.assertEqual(job_lines(result_id)[0].split()[0], digest(contents))
        result = self.assertOutcome(result_id, 'SUCCESS')
        self.assertEqual(result['task_kwargs'], {})
        self.assertEqual(where_is(contents, result_id, 'files.Secret'), [])

    def test_nowhere_else(self):
        self.check_nowhere('files.Secret')

    def test_nowhere_else_of_a_whole_job(self):
        self.check_nowhere('files.AllSecret')

    def test_while_it_waits(self):
        contents = f'Key-{uuid.uuid4()}'
        with settings('MaxRunning=1\n'):
            first = start_run('files.Gate')
            path = file_of(contents, 'key')
            waits, lost = (start_run('files.Secret', '--file', f'key={path}') for _ in range(2))
            os.unlink(path)
            self.assertEqual(where_is(contents, waits, 'files.Secret'), [])
            open_gate(first)
            wait_started(waits)
            kill_jobd()
            open_gate(waits)
            self.assertEqual(job_lines(waits)[0].split()[0], digest(contents))
            wait_end(lost)
            self.assertOutcome(lost, 'FAILURE', reason='input-lost')

    def test_sizes(self):
        for size, fits in (0, True), (384 * 1024, True), (384 * 1024 + 1, False):
            path = file_of(os.urandom(size), 'key')
            if fits:
                result_id = start_run('files.Secret', '--file', f'key={path}')
                with open(path, 'rb') as file:
                    expected = digest(file.read())
                open_gate(result_id)
                self.assertEqual(job_lines(result_id)[0].split()[0], expected)
            else:
                self.assertFails(['jobctl', 'run', 'files.Secret', '--file', f'key={path}'],
                                 'Ensure this file has at most 393216 bytes.', status=4)

    def test_all_that_systemd_takes(self):
        """Objects, sensitive files and credentials of the class: what is accepted can start, the rest is refused at once."""
        path = file_of(os.urandom(384 * 1024), 'key')
        data = json.dumps({'racks': [f'r{n}' for n in range(590)]})
        result_id = jobctl('run', '--no-wait', 'files.Full', '--file', f'key={path}', '--data=-', user='alice',
                           input=data).stdout.strip()
        open_gate(result_id)
        wait_end(result_id)
        self.assertOutcome(result_id, 'SUCCESS')

        self.assertFails(['jobctl', 'run', 'files.TooFull', '--file', f'key={path}', '--data=-'],
                         'A run gets at most 1015808 bytes of input and sensitive files: these sensitive files have 393216,',
                         'SetCredential= of the job class 300', status=4, user='alice', input=data)
        result_id = start_run('files.TooFull', '--file', f'key={path}')
        open_gate(result_id)
        wait_end(result_id)
        self.assertOutcome(result_id, 'SUCCESS')


if __name__ == '__main__':
    unittest.main()
