# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Sensitive values and files of what runs later, or needs an approval: sealed, delivered to each run, and nowhere else."""
import base64
import contextlib
import hashlib
import json
import os
import secrets
import time
import unittest

from attacker import answers, search
from classes import GATES, open_gate, wait_end, wait_started, write
from harness import (TIMEOUT, JobdTestCase, install_job, jobctl, jobctl_json, journal, journal_cursor, journal_wait,
                     kill_jobd, main_pid, run)
from raw_bus import RawBus
from rest import curl, job_path
from test_schedules import DAY, DENIED, call, get_all, make_due, now, results, settle
from test_sensitive import find_in_memory

SEALED, FILES, KEY = '/var/lib/jobd/sealed', '/var/lib/jobd/files', '/var/lib/systemd/credential.secret'
SCHEDULE = 'org.jobd1.ScheduledJob'
TOO_MANY = 'org.jobd1.Error.TooMany'

# Says by digests (not those that are among the values) what it has got, and waits at its gate when there is one.
PROGRAM = '''
import hashlib, json, os, sys
place = os.environ['CREDENTIALS_DIRECTORY']
data = json.load(open(place + '/job-data'))
told = {name: hashlib.sha512(str(value).encode()).hexdigest() for name, value in data.items() if isinstance(value, str)}
for name, value in data.items():
    if isinstance(value, dict):
        told[name] = hashlib.sha512(open(value['path'], 'rb').read()).hexdigest()
        told[name + ' is in'] = value['path'].split('/')[2]
print(json.dumps(told), flush=True)
gate = '%s/%s' % (sys.argv[1], os.environ['JOB_RESULT_ID'])
if len(sys.argv) > 2 and sys.argv[2] == 'waits':
    os.makedirs(sys.argv[1], exist_ok=True)
    try:
        os.mkfifo(gate)
    except FileExistsError:
        pass
    open(gate).read()
sys.exit(1 if len(sys.argv) > 2 and sys.argv[2] == 'fails' else 0)
'''
VARIABLES = '''
[Variable word]
Required=no
Sensitive=yes
[Variable key]
Type=file
Sensitive=yes
[Variable more]
Type=file
Required=no
Sensitive=yes
[Variable open]
Type=file
Required=no
'''
WHOLE = VARIABLES.replace('Sensitive=yes\n', '')


def service(how=''):
    return f'[Service]\nUser=root\nExecStart=/usr/bin/python3 /opt/sealed.py {GATES} {how}\n'


JOBS = {
    'sealed.One': VARIABLES + service(),
    'sealed.Whole': '[Job]\nHasSensitiveVariables=yes\n' + WHOLE + service(),
    'sealed.Waits': VARIABLES + service('waits'),
    'sealed.Asks': '[Job]\nApprovalRequired=yes\n' + VARIABLES + service(),
    'sealed.Retried': '[Job]\nRetry=1\nRetryDelay=0\n' + VARIABLES + service('fails'),
    'sealed.Chained': '[Job]\nOnSuccess=sealed.Next\nApprovalRequired=yes\n' + VARIABLES + service(),
    'sealed.Next': service(),
    'sealed.Turned': '[Job]\nHasSensitiveVariables=yes\n' + WHOLE + service(),
    'sealed.Open': WHOLE + service(),
    'sealed.Value': '[Variable word]\nSensitive=yes\n' + service(),
}


def setUpModule():
    run('systemd-creds setup')
    write('/opt/sealed.py', PROGRAM)
    for class_path, text in JOBS.items():
        install_job(class_path, text)
    jobctl('refresh')
    jobctl('enable', *JOBS)


def digest(contents, algorithm=hashlib.sha512):
    return algorithm(contents if isinstance(contents, bytes) else contents.encode()).hexdigest()


def new_secret():
    """With what is written in another way in JSON, and in URLs."""
    return f'Sec"ret\\é/{secrets.token_hex(12)}+?'


@contextlib.contextmanager
def file_with(contents):
    """A file descriptor of a file that is nowhere."""
    fd = os.memfd_create('secret')
    try:
        os.write(fd, contents if isinstance(contents, bytes) else contents.encode())
        yield fd
    finally:
        os.close(fd)


def kept(directory=SEALED):
    return sorted(os.listdir(directory)) if os.path.isdir(directory) else []


class SealedTestCase(JobdTestCase):
    def setUp(self):
        self.word, self.contents = new_secret(), new_secret()

    def attempt(self, job, data=None, files=None, user='alice', **options):
        types = {str: 's', int: 't', bool: 'b'}
        options = {name: (types[type(value)], value) for name, value in options.items()}
        with contextlib.ExitStack() as stack, RawBus(user) as bus:
            files = {'key': self.contents} if files is None else files
            fds = [stack.enter_context(file_with(contents)) for contents in files.values()]
            options['files'] = 'a{sh}', [(name, n) for n, name in enumerate(files)]
            return bus.call('/org/jobd1', 'org.jobd1.Manager', 'RunJob', 'ssa{sv}', job,
                            json.dumps({'word': self.word} if data is None else data), options, fds=fds)

    def request(self, job, **options):
        reply = self.attempt(job, **options)
        self.assertIsNone(reply.error, reply)
        return reply.body

    def daily(self, job='sealed.One', **options):
        return self.request(job, interval='daily', name=secrets.token_hex(8), start_time=now() + DAY, **options)

    def change(self, path, member, user='root', signature='a{sv}', *arguments):
        reply = call(path, SCHEDULE, member, signature, *(arguments or [{}]), user=user)
        self.assertIsNone(reply.error, reply)
        return reply.body

    def fire(self, schedule_id, n=1):
        make_due(schedule_id)
        run('systemctl start jobd.service')
        settle(schedule_id, lambda p: p['TotalRunCount'] >= n or p['State'] == 'errored')
        return results(schedule_id)[-1]['id']

    def assertGot(self, result_id, status='SUCCESS', **expected):
        """The run was given the values and files that were requested."""
        wait_end(result_id)
        self.assertOutcome(result_id, status)
        lines = [entry['MESSAGE'] for entry in journal(f'_SYSTEMD_UNIT=jobd-run-{result_id}.service')
                 if entry.get('_TRANSPORT') == 'stdout']
        expected = {'word': digest(self.word), 'key': digest(self.contents), 'key is in': 'credentials', **expected}
        if expected['key'] is None:
            expected = {'word': expected['word']}
        self.assertEqual(json.loads(lines[0]), expected)

    def assertNowhere(self, schedules=(), results=(), jobs=(), everywhere=False):
        # nor the digest: of a short secret it is as good as the secret
        secret = [self.word, self.contents, digest(self.contents, hashlib.sha256)]
        self.assertEqual(search(*secret, everywhere=everywhere), [])
        users = (None, 'alice', 'bob', 'dave') if everywhere else (None, 'bob')
        self.assertEqual(answers(secret, schedules, results, jobs, users), [])


class Attacker(SealedTestCase):
    """Whoever may look at what there is, root included, does not find it."""

    def test_can_be_found_where_it_is_not_sensitive(self):
        """Or what the others do not find would mean nothing."""
        self.word = 'open' + secrets.token_hex(12)
        schedule_id, path = self.daily('sealed.Open')
        self.assertTrue([place for place in search(self.word) if place.startswith('/var/lib/jobd/jobd.db')])
        self.assertTrue([place for place in search(self.contents) if place.startswith(FILES)])
        found = answers([self.word], [schedule_id], [], ['sealed.Open'])
        for place in 'properties', 'GetRequest', 'REST', 'jobctl':
            self.assertTrue([one for one in found if one.startswith(place)], (place, found))
        for encoded in (self.word.encode().hex(), base64.b64encode(b'{"word": "' + self.word.encode()).decode(),
                        json.dumps(self.word)):
            write('/var/tmp/left', encoded)
            self.assertIn('/var/tmp/left', search(self.word), encoded)
        os.unlink('/var/tmp/left')
        self.change(path, 'Delete', 'root', '')

    def test_schedule(self):
        for job in 'sealed.One', 'sealed.Whole':
            with self.subTest(job=job):
                schedule_id, path = self.daily(job)
                self.assertNowhere([schedule_id], [], [job])
                self.assertEqual((kept(SEALED), kept(FILES)), ([schedule_id], []))
                self.assertEqual(os.stat(f'{SEALED}/{schedule_id}/files').st_mode & 0o777, 0o600)
                result_id = self.fire(schedule_id)
                self.assertGot(result_id)
                self.assertNowhere([schedule_id], [result_id], [job], everywhere=True)
                self.change(path, 'Delete', 'root', '')
                self.assertEqual(kept(), [])
                self.assertNowhere([], [result_id], [job])

    def test_approval(self):
        request_id, path = self.request('sealed.Asks')
        self.assertNowhere([request_id], [], ['sealed.Asks'])
        self.change(path, 'Approve', 'bob')
        settle(request_id, lambda p: p['TotalRunCount'] == 1)
        result_id = results(request_id)[0]['id']
        self.assertGot(result_id)
        self.assertNowhere([request_id], [result_id], ['sealed.Asks'])
        self.assertEqual(kept(), [])

    def test_denied_canceled_refused(self):
        for end in 'Deny', 'Cancel':
            request_id, path = self.request('sealed.Asks')
            self.change(path, end, 'bob' if end == 'Deny' else 'alice')
            self.assertEqual(kept(), [])
            self.assertNowhere([request_id], [], ['sealed.Asks'])
        reply = self.attempt('sealed.One', interval='hourly', name='x', time_zone='Nowhere/No', start_time=now() + DAY)
        self.assertEqual(reply.error, 'org.jobd1.Error.InvalidSchedule')
        self.assertEqual(kept(), [])
        self.assertNowhere()

    def test_while_it_runs_and_after_a_kill(self):
        schedule_id, path = self.daily('sealed.Waits')
        result_id = self.fire(schedule_id)
        wait_started(result_id)
        self.assertNowhere([schedule_id], [result_id], ['sealed.Waits'])
        kill_jobd()
        self.assertNowhere([schedule_id], [result_id], ['sealed.Waits'])
        open_gate(result_id)
        self.assertGot(result_id)
        self.change(path, 'Delete', 'root', '')

    def test_retries(self):
        schedule_id, path = self.daily('sealed.Retried')
        first = self.fire(schedule_id)
        wait_end(first)
        second = jobctl_json('result', first)['retried_by']
        self.assertNowhere([schedule_id], [first, second], ['sealed.Retried'])
        for result_id in first, second:
            self.assertGot(result_id, 'FAILURE')
        self.change(path, 'Delete', 'root', '')
        self.assertEqual(kept(), [])

    def test_chain(self):
        """What follows is told of the outcome and the result, never of the input."""
        request_id, path = self.request('sealed.Chained')
        cursor = journal_cursor()
        self.change(path, 'Approve', 'bob')
        settle(request_id, lambda p: p['TotalRunCount'] == 1)
        first = results(request_id)[0]['id']
        self.assertGot(first)
        entry = journal_wait('JOB_CLASS_PATH=sealed.Next', 'MESSAGE=Job completed', since=cursor)
        self.assertNowhere([request_id], [first, entry['JOB_RESULT_ID']], ['sealed.Chained', 'sealed.Next'])


class Memory(SealedTestCase):
    """jobd's own: what was sealed, and what was unsealed for a run that is over, is overwritten."""

    def assertForgotten(self):
        pid, deadline = main_pid(), time.monotonic() + TIMEOUT
        patterns = self.word.encode(), self.contents.encode(), json.dumps(self.word)[1:-1].encode()
        while any(find_in_memory(pid, pattern) for pattern in patterns) and time.monotonic() < deadline:
            jobctl('list')
        for pattern in patterns:
            self.assertEqual(find_in_memory(pid, pattern), [])
        self.assertEqual(main_pid(), pid)

    def test_it(self):
        self.word = secrets.token_urlsafe(40)
        for job in 'sealed.One', 'sealed.Asks':
            schedule_id, path = self.daily(job)
            self.assertForgotten()
            if job == 'sealed.Asks':
                self.change(path, 'Approve', 'bob')
            self.assertGot(self.fire(schedule_id))
            self.assertForgotten()
            self.change(path, 'Delete', 'root', '')

    def test_while_it_waits_it_is_locked_and_not_dumped(self):
        self.word = secrets.token_urlsafe(40)
        schedule_id, path = self.daily()
        queue = call('/org/jobd1', 'org.jobd1.Manager', 'GetJobQueue', 's', 'default').body[0]
        self.assertIsNone(call(queue, 'org.jobd1.JobQueue', 'Set', 'a{sv}', {'enabled': ('b', False)}).error)
        try:
            result_id = self.fire(schedule_id)
            jobctl('list')
            for secret in self.word, self.contents:
                found = find_in_memory(main_pid(), secret.encode())
                self.assertTrue(found)
                for flags in found:
                    self.assertLessEqual({'lo', 'dd', 'dc'}, set(flags))    # locked, not dumped, not in a fork
        finally:
            self.assertIsNone(call(queue, 'org.jobd1.JobQueue', 'Set', 'a{sv}', {'enabled': ('b', True)}).error)
        self.assertGot(result_id)
        self.assertForgotten()
        self.change(path, 'Delete', 'root', '')


class Delivered(SealedTestCase):
    def test_each_occurrence_has_it(self):
        schedule_id, path = self.daily(files={'key': self.contents, 'more': b'\0\xff\n' * 1000, 'open': 'for all'})
        self.assertEqual((kept(SEALED), kept(FILES)), ([schedule_id], [schedule_id]))
        for n in range(1, 4):
            result_id = self.fire(schedule_id, n)
            self.assertGot(result_id, **{'more': digest(b'\0\xff\n' * 1000), 'more is in': 'credentials',
                                         'open': digest('for all'), 'open is in': 'jobd'})
            self.assertEqual(kept(), [schedule_id])
        self.change(path, 'Delete', 'root', '')
        self.assertEqual((kept(SEALED), kept(FILES)), ([], []))

    def test_missed_times_all_at_once(self):
        schedule_id, path = self.daily(missed='all')
        make_due(schedule_id, now() - 2 * DAY - 10**6, start_time=now() - 10 * DAY - DAY // 2)   # none is near
        run('systemctl start jobd.service')
        settle(schedule_id, lambda p: p['TotalRunCount'] >= 3)
        rows = results(schedule_id)
        self.assertEqual(len(rows), 3)
        for row in rows:
            self.assertGot(row['id'])
        self.change(path, 'Delete', 'root', '')

    def test_once_leaves_nothing(self):
        schedule_id, _ = self.request('sealed.One', interval='future', name='once', start_time=now() + DAY)
        self.assertGot(self.fire(schedule_id))
        self.assertEqual(kept(), [])

    def test_sizes(self):
        for size in 0, 384 * 1024:
            self.contents = os.urandom(size)
            schedule_id, path = self.daily()
            self.assertGot(self.fire(schedule_id))
            self.change(path, 'Delete', 'root', '')
        reply = self.attempt('sealed.One', interval='daily', name='large', start_time=now() + DAY,
                             files={'key': 'x' * 384 * 1024, 'more': 'y'})
        self.assertEqual(reply.error, 'org.jobd1.Error.InvalidData')
        self.assertIn('Ensure the sensitive files of a run have at most 393216 bytes in all.', reply.body[0])
        self.assertEqual(kept(), [])

    def test_run_now(self):
        schedule_id, path = self.daily()
        denied = call(path, SCHEDULE, 'RunNow', 'a{sv}', {}, user='carol')
        self.assertEqual(denied.error, 'org.freedesktop.DBus.Error.AccessDenied')
        self.assertIn('sensitive input of alice', denied.body[0])
        self.assertGot(self.change(path, 'RunNow', 'alice')[0])
        self.change(path, 'Delete', 'root', '')

    def test_taken_over(self):
        """Not by who may change it: nobody gave them the secret. Root has it in any case, and the journal says so."""
        schedule_id, path = self.daily()
        denied = call(path, SCHEDULE, 'TakeOver', user='carol')
        self.assertEqual(denied.error, 'org.freedesktop.DBus.Error.AccessDenied')
        self.assertIn('sensitive input of alice', denied.body[0])
        self.assertIn('only root may take it over', denied.body[0])
        self.assertEqual(get_all(path)['Requester'], 'alice')
        cursor = journal_cursor()
        self.change(path, 'TakeOver', 'root', '')
        journal_wait(f'SCHEDULED_JOB_ID={schedule_id}', contains='root took over, with its sensitive input, scheduled job',
                     since=cursor)
        self.assertGot(self.fire(schedule_id))
        self.assertIn(call(path, SCHEDULE, 'RunNow', 'a{sv}', {}, user='alice').error, DENIED)
        self.change(path, 'Delete', 'root', '')

    def in_a_queue(self, schedule_id, meanwhile):
        """Its run waits in a queue, and jobd is killed."""
        queue = call('/org/jobd1', 'org.jobd1.Manager', 'GetJobQueue', 's', 'default').body[0]

        def enable(enabled):
            self.assertIsNone(call(queue, 'org.jobd1.JobQueue', 'Set', 'a{sv}', {'enabled': ('b', enabled)}).error)
        enable(False)
        try:
            result_id = self.fire(schedule_id)
            self.assertOutcome(result_id, 'PENDING')
            kill_jobd()
            meanwhile(result_id)
        finally:
            enable(True)
        return result_id

    def test_waits_in_a_queue_when_jobd_is_killed(self):
        """Of one that runs once, too: its own ciphertext is gone with it, the run has its share."""
        for options in {}, {'interval': 'future'}:
            schedule_id, path = self.request('sealed.One', **{
                'interval': 'daily', 'name': secrets.token_hex(8), 'start_time': now() + DAY, **options})
            result_id = self.in_a_queue(schedule_id, lambda r, s=schedule_id: self.assertNowhere([s], [r], ['sealed.One']))
            self.assertGot(result_id)
            self.assertEqual(kept(), [] if options else [schedule_id])
            self.change(path, 'Delete', 'root', '')
            self.assertEqual(kept(), [])

    def test_what_was_sensitive_stays_so(self):
        """The job is no longer flagged when it is due: what was sealed is not stored in the clear."""
        schedule_id, path = self.daily('sealed.Turned')
        jobctl('set', 'sealed.Turned', 'has_sensitive_variables=no')
        result_id = self.fire(schedule_id)
        self.assertGot(result_id)
        self.assertEqual(results(schedule_id)[-1]['data'], None)
        self.assertNowhere([schedule_id], [result_id], ['sealed.Turned'])
        self.change(path, 'Delete', 'root', '')

    def test_what_was_not_is_found_where_it_is(self):
        schedule_id, path = self.daily('sealed.Open')
        jobctl('set', 'sealed.Open', 'has_sensitive_variables=yes')
        try:
            result_id = self.fire(schedule_id)
            self.assertGot(result_id, **{'key is in': 'jobd'})
        finally:
            jobctl('revert', 'sealed.Open', 'has_sensitive_variables')
        self.change(path, 'Delete', 'root', '')


class Faces(SealedTestCase):
    def test_jobctl(self):
        path = '/var/tmp/key'
        write(path, self.contents)
        jobctl('run', '--data=-', '--file', f'key={path}', '--interval=daily', '--at=tomorrow', '--name=by jobctl',
               'sealed.One', user='alice', input=json.dumps({'word': self.word}))
        os.unlink(path)
        [shown] = [s for s in jobctl_json('schedules') if s['name'] == 'by jobctl']
        self.assertNowhere([shown['id']], [], ['sealed.One'])
        self.assertGot(self.fire(shown['id']))
        jobctl('schedule', 'delete', 'by jobctl')
        self.assertEqual(kept(), [])

    def test_rest(self):
        path = '/var/tmp/key'
        write(path, self.contents)
        write('/var/tmp/word', self.word)
        reply = curl(job_path('sealed.One', 'run'), '-F', 'word=</var/tmp/word', '-F', f'key=@{path}',
                     '-F', '_schedule_interval=daily', '-F', '_schedule_name=by REST', '-F',
                     '_schedule_start_time=' + time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + 86400)),
                     user='alice')
        os.unlink(path)
        os.unlink('/var/tmp/word')
        self.assertEqual(reply.status, 201, reply)
        schedule_id = reply.json['scheduled_job']['id']
        self.assertNowhere([schedule_id], [], ['sealed.One'])
        self.assertGot(self.fire(schedule_id))
        jobctl('schedule', 'delete', 'by REST')
        self.assertEqual(kept(), [])

    def test_replaced(self):
        """By each face: neither what was nor what is there now is found, and the run has what is there now."""
        schedule_id, path = self.daily('sealed.Value', files={})
        old = self.word
        by_rest = f'http://localhost/api/extras/scheduled-jobs/{schedule_id}/'
        for n, replace in enumerate((
                lambda data: jobctl('schedule', 'update', schedule_id, '--data=-', user='alice', input=json.dumps(data)),
                lambda data: curl(by_rest, method='PATCH', json_body={'kwargs': data}, user='alice')), 1):
            self.word = new_secret()
            done = replace({'word': self.word})
            self.assertEqual(getattr(done, 'status', 200), 200, done)
            for secret in old, self.word:
                self.assertEqual(answers([secret], [schedule_id], [], ['sealed.Value']), [])
                self.assertEqual(search(secret), [])
            self.assertGot(self.fire(schedule_id, n), key=None)
        jobctl('schedule', 'delete', '-q', schedule_id)


class Limits(SealedTestCase):
    """systemd-creds takes its time: here, until a gate is opened."""
    OF_USER = 32        # of daemon/run-schedule-bus.c

    def setUp(self):
        super().setUp()
        run('cp /usr/bin/systemd-creds /opt/creds; mkfifo /run/creds-gate')
        write('/opt/slow-creds', '#!/bin/sh\n[ -e /run/creds-go ] || read x < /run/creds-gate\n'
              '[ ! -e /run/creds-gate-2 ] || read x < /run/creds-gate-2\nexec /opt/creds "$@"\n')
        run('chmod 755 /opt/slow-creds; mount --bind /opt/slow-creds /usr/bin/systemd-creds; systemctl restart jobd.service')
        self.addCleanup(run, 'umount /usr/bin/systemd-creds; rm -f /run/creds-gate* /run/creds-go; '
                        'systemctl restart jobd.service')

    def test_of_one_user(self):
        with RawBus('alice') as alice, RawBus('carol') as carol:
            def later(bus, n):
                return bus.call_later('/org/jobd1', 'org.jobd1.Manager', 'RunJob', 'ssa{sv}', 'sealed.Value',
                                      json.dumps({'word': self.word}),
                                      {'interval': ('s', 'daily'), 'name': ('s', f'limit {n} {secrets.token_hex(4)}'),
                                       'start_time': ('t', now() + DAY)})
            waiting, refused, deadline = set(), None, time.monotonic() + TIMEOUT
            while not refused or refused.error != TOO_MANY:     # others are in polkit's hands still
                self.assertLess(time.monotonic(), deadline)
                waiting.add(later(alice, len(waiting)))
                jobctl('list')
                refused = alice.receive(0)
                waiting -= {refused.reply_serial} if refused else set()
            self.assertIn(f'of {self.OF_USER} of your requests is being sealed', refused.body[0])
            another = later(carol, 'another')
            write('/run/creds-go', '')
            with open('/run/creds-gate', 'w', encoding='ascii') as gate:
                gate.write('\n' * 4)
            self.assertIsNone(carol.reply_to(another).error)
            errors = [alice.wait(lambda m: m.reply_serial in waiting).error for _ in waiting]
            self.assertEqual(errors.count(None), self.OF_USER, errors)
            self.assertLessEqual(set(errors), {None, TOO_MANY, 'org.freedesktop.DBus.Error.LimitsExceeded'})
            self.assertIsNone(alice.reply_to(later(alice, 'again')).error)


    def test_run_now_of_one_user(self):
        schedule_id, path = self.one_value()
        _, theirs = self.one_value(user='carol')
        with RawBus('alice') as alice, RawBus('carol') as carol:
            waiting, refused, deadline = set(), None, time.monotonic() + TIMEOUT
            while not refused or refused.error != TOO_MANY:     # others are in polkit's hands still
                self.assertLess(time.monotonic(), deadline)
                waiting.add(alice.call_later(path, SCHEDULE, 'RunNow', 'a{sv}', {}))
                jobctl('list')
                refused = alice.receive(0)
                waiting -= {refused.reply_serial} if refused else set()
            self.assertIn(f'of {self.OF_USER} of your runs is being unsealed', refused.body[0])
            another = carol.call_later(theirs, SCHEDULE, 'RunNow', 'a{sv}', {})
            write('/run/creds-go', '')
            with open('/run/creds-gate', 'w', encoding='ascii') as gate:
                gate.write('\n' * 4)
            self.assertIsNone(carol.reply_to(another).error)
            errors = [alice.reply_to(serial).error for serial in waiting]
            self.assertEqual(errors.count(None), self.OF_USER, errors)
            self.assertLessEqual(set(errors), {None, TOO_MANY, 'org.freedesktop.DBus.Error.LimitsExceeded'})
        for made in path, theirs:
            self.change(made, 'Delete', 'root', '')

    def test_changed_while_it_is_to_run_now(self):
        for member, error, text in (('Delete', 'org.jobd1.Error.NoSuchScheduledJob', 'was deleted while'),
                                    ('TakeOver', 'org.freedesktop.DBus.Error.AccessDenied', 'sensitive input of root')):
            schedule_id, path = self.one_value()
            os.mkfifo('/run/creds-gate-2')
            with RawBus('alice') as bus:
                serial = bus.call_later(path, SCHEDULE, 'RunNow', 'a{sv}', {})
                with open('/run/creds-gate', 'w', encoding='ascii'):    # opens when the other side has
                    pass
                self.change(path, member, 'root', '')
                with open('/run/creds-gate-2', 'w', encoding='ascii'):
                    pass
                os.unlink('/run/creds-gate-2')
                reply = bus.reply_to(serial)
            self.assertEqual(reply.error, error, reply)
            self.assertIn(text, reply.body[0])
            self.assertEqual(results(schedule_id), [])

    def replaced(self, path):
        """The sealing of a new input has begun: the reply is to come."""
        bus = RawBus('alice')
        self.addCleanup(bus.close)
        serial = bus.call_later(path, SCHEDULE, 'Update', 'a{sv}', {'data': ('s', json.dumps({'word': self.word}))})
        with open('/run/creds-gate', 'w', encoding='ascii'):    # opens when the other side has
            pass
        return bus, serial

    def one_value(self, **options):
        write('/run/creds-go', '')
        schedule_id, path = self.daily('sealed.Value', files={}, **options)
        os.unlink('/run/creds-go')
        return schedule_id, path

    def test_changed_meanwhile(self):
        """What is looked at again has its way: the old input stays."""
        for member, signature, value in (('SetEnabled', 'b', False), ('Update', 'a{sv}', {'missed': ('s', 'all')}),
                                         ('Delete', '', None)):
            schedule_id, path = self.one_value()
            os.mkfifo('/run/creds-gate-2')
            bus, serial = self.replaced(path)
            self.change(path, member, 'root', signature, *([] if value is None else [value]))
            with open('/run/creds-gate-2', 'w', encoding='ascii'):
                pass
            os.unlink('/run/creds-gate-2')
            reply = bus.reply_to(serial)
            self.assertEqual(reply.error, 'org.jobd1.Error.WrongState', reply)
            self.assertIn('was changed or deleted while its new input was being sealed', reply.body[0])

    def test_killed_meanwhile(self):
        """Not acknowledged, not done: the scheduled job is as it was."""
        schedule_id, path = self.one_value()
        before = get_all(path)
        os.mkfifo('/run/creds-gate-2')
        self.replaced(path)
        kill_jobd()
        self.assertEqual(get_all(path), before)
        self.assertEqual(kept(), [])


class Lost(SealedTestCase):
    """What cannot be unsealed ends in a state that says why."""

    def setUp(self):
        super().setUp()
        run('systemd-creds setup')

    def check_lost(self, schedule_id, path, *texts):
        result_id = self.fire(schedule_id)
        found = get_all(path)
        self.assertEqual(found['State'], 'errored')
        for text in texts:
            self.assertIn(text, found['StateReason'])
        self.assertOutcome(result_id, 'FAILURE', reason='not-runnable', message=found['StateReason'])
        self.assertEqual(len(results(schedule_id)), 1)
        self.change(path, 'Delete', 'root', '')
        self.assertNotIn(schedule_id, kept())

    def test_another_key_of_the_host(self):
        schedule_id, path = self.daily()
        os.unlink(KEY)
        run('systemd-creds setup')
        reply = call(path, SCHEDULE, 'RunNow', 'a{sv}', {}, user='alice')
        self.assertIn('or the key of this host is another one now', reply.body[0])
        self.check_lost(schedule_id, path, 'or the key of this host is another one now', 'make a new one')
        self.assertNowhere([], [], ['sealed.One'])

    def test_no_key_of_the_host(self):
        schedule_id, path = self.daily()
        os.unlink(KEY)
        self.check_lost(schedule_id, path, 'is gone (/var/lib/systemd/credential.secret)', 'make a new one')
        reply = self.attempt('sealed.One', interval='daily', name='no key', start_time=now() + DAY)
        self.assertEqual(reply.error, 'org.jobd1.Error.SensitiveConflict')
        self.assertIn('systemd-creds setup', reply.body[0])
        self.assertEqual(kept(), [])

    def test_ciphertext_of_another(self):
        one, path = self.daily()
        two, path_of_two = self.daily()
        run(f'cp {SEALED}/{one}/files {SEALED}/{two}/files')
        self.check_lost(two, path_of_two, 'cannot be unsealed')
        self.change(path, 'Delete', 'root', '')

    def test_files_stay(self):
        """They cannot be given anew, and do not run with values of somebody else."""
        schedule_id, path = self.daily()
        open_one, path_of_open = self.daily('sealed.Open')
        for one in path, path_of_open:
            for user in 'alice', 'carol':
                reply = call(one, SCHEDULE, 'Update', 'a{sv}', {'data': ('s', '{"word": "mine"}')}, user=user)
                self.assertEqual(reply.error, 'org.jobd1.Error.InvalidOption')
                self.assertIn('has files, which cannot be replaced: delete it and make a new one', reply.body[0])
        self.assertGot(self.fire(schedule_id), **{'word': digest(self.word)})
        for one in path, path_of_open:
            self.change(one, 'Delete', 'root', '')

    def test_sealed_by_root_for_this_one(self):
        """Root has the key. What was approved is not that file."""
        schedule_id, path = self.daily()
        other = run(['systemd-creds', 'encrypt', '--with-key=host', f'--name=jobd-{schedule_id}-files', '-', '-'],
                    input='key 5\nother').stdout
        write(f'{SEALED}/{schedule_id}/files', other.replace('\n', ''))
        self.check_lost(schedule_id, path, "the sealed file of its variable 'key' is gone, or is another one")

    def test_gone_and_damaged(self):
        for damage in 'rm -r {}', 'truncate --size=100 {}/files', 'truncate --size=0 {}/files', 'echo !!! > {}/files':
            with self.subTest(damage=damage):
                schedule_id, path = self.daily()
                run(damage.format(f'{SEALED}/{schedule_id}'))
                self.check_lost(schedule_id, path, 'make a new one')

    def test_left_by_a_killed_jobd(self):
        """What no scheduled job needs any more is removed at the next start."""
        os.makedirs(f'{SEALED}/11111111-2222-4333-8444-555555555555')
        write(f'{SEALED}/11111111-2222-4333-8444-555555555555/files', 'x')
        run('systemctl restart jobd.service')
        self.assertEqual(kept(), [])

    def test_no_room_on_the_disk(self):
        """Nothing is half kept."""
        size = 'size=' + str(os.statvfs('/var/lib/jobd').f_frsize)
        run(f'mount -t tmpfs -o {size},mode=700 tmpfs {SEALED}')
        try:
            run('systemctl restart jobd.service')
            reply = self.attempt('sealed.One', interval='daily', name='full', start_time=now() + DAY,
                                 files={'key': 'x' * 100000})
            self.assertEqual(reply.error, 'org.jobd1.Error.StoreFull', reply)
            self.assertIn('there is no room on the disk', reply.body[0])
            self.assertEqual(kept(), [])
        finally:
            run('systemctl stop jobd.service')
            run(f'umount {SEALED}')


if __name__ == '__main__':
    unittest.main()
