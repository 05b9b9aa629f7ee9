# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Values of every type that are wrong or hostile: by D-Bus, by jobd's own socket, by the command line: one answer.

What each type takes and says in detail is in unit/test-variable-values.c; here it is that no way in leads around it.
"""
import json
import unittest

from classes import job_lines, write
from harness import JobdTestCase, install_job, jobctl, jobctl_json, main_pid, run, unit_properties
from raw_bus import DIRECT, RawBus

MANAGER = '/org/jobd1', 'org.jobd1.Manager'
# For each type the section of its variable, and a value that is right.
TYPES = {
    'string': ('', 'x'), 'text': ('', 'x'), 'json': ('', {'a': 1}), 'integer': ('MinValue=0\nMaxValue=10', 5),
    'boolean': ('', True), 'choice': ('Choices=a b', 'a'), 'multichoice': ('Choices=a b', ['a']),
    'object': ('Model=user', 'alice'), 'multiobject': ('Model=user', ['alice']), 'ipaddress': ('', '192.0.2.1'),
    'ipaddress-with-mask': ('', '192.0.2.1/24'), 'ipnetwork': ('', '192.0.2.0/24'), 'path': ('', '/tmp'),
    'duration': ('', 90),
}
# Texts that do harm where somebody lets a shell, printf, systemd, SQL or a terminal have them.
HOSTILE = ['$(touch /tmp/harm)', '`touch /tmp/harm`', '; touch /tmp/harm', '${PATH}', '$PATH', '%n', '%s%s%s%n', '%%',
           '--help', '-', "' OR 1=1 --", '"; DROP TABLE job; --', '../../etc/shadow', '<b>', '&amp;', 'a b  c',
           '\\x00', '\\', "'", '"', '*', 'é😀\u202e', '\u00a0', 'x' * 40000]     # the journal breaks longer lines
CONTROLS = ['a\x00b', '\x00', '\x1b[31m', 'a\rb', '\x7f', '\u009b']
# Whole requests that are no JSON, or of which it would not be clear what they say.
NO_JSON = ['{"v": "\\ud800"}', '{"v": "\\udc00\\ud800"}', '{"v": "a\x01"}', '{"v": 1, "v": 2}',
           '{"v": 9223372036854775808}', '{"v": -9223372036854775809}', '{"v": 1e400}',
           '{"v": %s}' % ('9' * 400), '{"v": 01}', '{"v": +1}',
           '{"v": 0x10}', '{"v": NaN}', '{"v": Infinity}', "{'v': 1}", '{"v": 1,}', '{"v": 1} x', '[1]', '"v"',
           '{"v" 1}', '/* */ {"v": 1}', '{"v": tru}', '{']
KINDS = [None, True, False, 5, -1, 0.5, 1e300, 11, 2 ** 63 - 1, -2 ** 63, '', 'x', '5', 'true', [], ['x'], [5], [[]],
         {}, {'a': 'b'}, [None]]
# Of these each type takes: all else is refused with a message for the variable.
TAKES = {
    'string': ['x', '5', 'true'], 'text': ['x', '5', 'true'],
    'json': [True, False, 5, -1, 0.5, 1e300, 11, 2 ** 63 - 1, -2 ** 63, '5', 'true', [], ['x'], [5], [[]], {},
             {'a': 'b'}, [None]],
    'integer': [5, '5'], 'boolean': [None, True, False, '', 'true'], 'choice': [], 'multichoice': [], 'object': [],
    'multiobject': [{}], 'ipaddress': [], 'ipaddress-with-mask': [], 'ipnetwork': [], 'path': [],
    'duration': [5, 0.5, 11, '5'],
}


def job(kind):
    return 'bad.' + kind.replace('-', '').capitalize()


def setUpModule():
    for kind, (keys, _) in TYPES.items():
        install_job(job(kind), f'[Variable v]\nType={kind}\n{keys}\n[Service]\n'
                               'ExecStart=sh -c "cat $$CREDENTIALS_DIRECTORY/job-data"\n')
    jobctl('refresh')
    jobctl('enable', *map(job, TYPES))


class Values(JobdTestCase):
    def setUp(self):
        jobctl('list')
        state = lambda: (main_pid(), unit_properties('jobd.service')['NRestarts'])
        before = state()
        self.addCleanup(lambda: self.assertEqual(state(), before))
        self.bus, self.direct = RawBus('alice'), RawBus(address=DIRECT)
        self.addCleanup(self.bus.close)
        self.addCleanup(self.direct.close)

    def ask(self, kind, text):
        """The same request in three ways. Returns what the job got, or the error's name and text; all must agree."""
        answers = []
        for bus, destination in (self.bus, 'org.jobd1'), (self.direct, None):
            reply = bus.call(*MANAGER, 'RunJob', 'ssa{sv}', job(kind), text, {}, destination=destination)
            answers.append((reply.error, reply.body[0]) if reply.error else self.got(reply.body[0]))
        self.assertEqual(answers[0], answers[1], text[:100])
        path = write('/run/data.json', text)
        done = jobctl('--json', 'run', job(kind), f'--data=@{path}', user='alice', check=False)
        if answers[0][0] is None:
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.got(json.loads(done.stdout)['id']), answers[0])
        else:
            self.assertIn(done.returncode, (2, 4))
            self.assertFalse(done.stdout)
            self.assertTrue(done.stderr.startswith('jobctl: '), done.stderr)
        return answers[0], done.stderr

    def got(self, result_id):
        [line] = job_lines(result_id)
        return None, json.loads(line)['v']

    def check_refused(self, kind, value):
        (error, text), stderr = self.ask(kind, json.dumps({'v': value}))
        self.assertEqual(error, 'org.jobd1.Error.InvalidData', (kind, value))
        messages = json.loads(text)
        self.assertEqual(list(messages), ['v'])
        for message in messages['v']:
            self.assertTrue(message.isprintable(), message)
        self.assertIn('the input is not valid:\n  v  ', stderr)

    def test_what_is_right(self):
        """Or what is refused below would mean nothing."""
        for kind, (_, value) in TYPES.items():
            with self.subTest(kind=kind):
                (error, _), _ = self.ask(kind, json.dumps({'v': value}))
                self.assertIsNone(error)

    def test_wrong_json_types(self):
        for kind in TYPES:
            for value in KINDS:
                with self.subTest(kind=kind, value=value):
                    if any(value == taken and type(value) is type(taken) for taken in TAKES[kind]):
                        (error, _), _ = self.ask(kind, json.dumps({'v': value}))
                        self.assertIsNone(error)
                    else:
                        self.check_refused(kind, value)

    def test_hostile_texts(self):
        for kind in TYPES:
            for text in HOSTILE if kind in ('string', 'text') else HOSTILE[:12]:
                with self.subTest(kind=kind, text=text[:40]):
                    if kind in ('string', 'text'):
                        self.assertEqual(self.ask(kind, json.dumps({'v': text}))[0], (None, text))
                    else:
                        self.check_refused(kind, text)
        self.assertEqual(run('ls /tmp/harm', check=False).returncode, 2)

    def test_control_characters(self):
        for kind in TYPES:
            for text in CONTROLS:
                with self.subTest(kind=kind, text=text):
                    (error, _), stderr = self.ask(kind, json.dumps({'v': text}))
                    self.assertIn(error, ('org.jobd1.Error.InvalidData', 'org.jobd1.Error.InvalidJSON'))
                    self.assertTrue(stderr.replace('\n', '').isprintable())

    def test_what_is_no_json(self):
        for kind in 'string', 'integer', 'json':
            for text in NO_JSON:
                with self.subTest(kind=kind, text=text[:40]):
                    (error, _), _ = self.ask(kind, text)
                    self.assertIn(error, ('org.jobd1.Error.InvalidJSON', 'org.jobd1.Error.InvalidData'))

    def test_a_megabyte(self):
        for kind in TYPES:
            with self.subTest(kind=kind):
                (error, _), stderr = self.ask(kind, json.dumps({'v': 'x' * 10 ** 6}))
                self.assertEqual(error, 'org.jobd1.Error.DataTooLarge')
                self.assertLess(len(stderr), 300)

    def test_on_the_command_line(self):
        """--var: each text is one value, whatever it contains, and never another option."""
        for kind in TYPES:
            for text in HOSTILE[:-1]:
                with self.subTest(kind=kind, text=text):
                    done = jobctl('--json', 'run', job(kind), '--var', f'v={text}', user='alice', check=False)
                    if kind in ('string', 'text'):
                        self.assertEqual(self.got(json.loads(done.stdout)['id']), (None, text))
                    else:
                        self.assertIn(done.returncode, (2, 4), (done.stdout, done.stderr))
                        self.assertTrue(done.stderr.replace('\n', '').isprintable(), done.stderr)
        for number in ('9223372036854775808', '-9223372036854775809', '1e3', '0x5', '5.0', ' 5', '5 ', '+5', '',
                       '9' * 400):
            with self.subTest(number=number):
                done = jobctl('run', job('integer'), '--var', f'v={number}', user='alice', check=False)
                self.assertIn(done.returncode, (2, 4), (number, done.stdout))
        self.assertEqual(run('ls /tmp/harm', check=False).returncode, 2)
        self.assertFalse(jobctl_json('results', '--status=PENDING'))


if __name__ == '__main__':
    unittest.main()
