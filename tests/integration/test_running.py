# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Running jobs: how they are asked for, what they get, and who may follow them."""
import json
import os
import unittest

from classes import GATE, job_lines, open_gate, run_lines, start_run, wait_end, wait_started, write
from harness import JobdTestCase, dialogue, install_job, jobctl, jobctl_json, run, start

STRICT = '''
CapabilityBoundingSet=
LockPersonality=yes
MemoryDenyWriteExecute=yes
NoNewPrivileges=yes
PrivateDevices=yes
PrivateNetwork=yes
PrivateTmp=yes
PrivateUsers=yes
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
RestrictAddressFamilies=none
RestrictNamespaces=yes
SystemCallFilter=@system-service
UMask=0777
'''
SHOW_INPUT = 'ExecStart=sh -c "cd $$CREDENTIALS_DIRECTORY; id -u; stat -c %a job-data; cat job-data"\n'
VARIABLES = '''
[Variable text]
Type=text
Required=no
[Variable number]
Type=integer
Default=5
[Variable switch]
Type=boolean
[Variable colours]
Type=multichoice
Choices=red green blue
Required=no
[Variable tree]
Type=json
Required=no
[Variable nothing]
Required=no
[Service]
'''
ARGV = 'ExecStart=/usr/bin/python3 -c "import json, sys; print(json.dumps(sys.argv[1:]))" '
JOBS = {
    'input.Named': '[Job]\nName=A job with a name\n[Service]\nExecStart=echo ran\n',
    'input.Data': VARIABLES + 'ExecStart=sh -c "cat $$CREDENTIALS_DIRECTORY/job-data"\n',
    'input.Environment': VARIABLES + 'ExecStart=python3 -c "import json, os; print(json.dumps({**os.environ}))"\n',
    'input.Arguments': VARIABLES + ARGV + '${JOB_VAR_text} pre-${JOB_VAR_text}-post\n',
    'user.Dynamic': VARIABLES + SHOW_INPUT,
    'user.Alice': VARIABLES + SHOW_INPUT + 'User=alice\n',
    'user.Root': VARIABLES + SHOW_INPUT + 'User=root\n',
    'user.Strict': VARIABLES + SHOW_INPUT + STRICT,
    'user.Own': VARIABLES + SHOW_INPUT + 'TemporaryFileSystem=/:ro\nBindReadOnlyPaths=/usr /lib /lib64 /bin /etc\n',
    'end.Good': '[Service]\nExecStart=sh -c "echo to stdout; echo to stderr >&2"\n',
    'end.Bad': '[Service]\nExecStart=sh -c "echo it failed; exit 7"\n',
    'end.Never': '[Service]\nExecStart=sleep 300\n',
    'end.Gate': GATE,
}


def setUpModule():
    for class_path, text in JOBS.items():
        install_job(class_path, text)
    jobctl('refresh')
    jobctl('enable', *JOBS)


class Input(JobdTestCase):
    def data(self, *arguments, input=None):
        result = json.loads(jobctl('--json', 'run', 'input.Data', *arguments, input=input, user='alice').stdout)
        [line] = job_lines(result['id'])
        self.assertEqual(result['task_kwargs'], json.loads(line))
        return json.loads(line)

    def test_named_by_class_path_name_or_uuid(self):
        job_id = jobctl_json('show', 'input.Named')['id']
        for name in 'input.Named', 'A job with a name', job_id, job_id.upper():
            self.assertEqual(run_lines(name, user='alice'), ['ran'])

    def test_data(self):
        full = {'text': 'two\nlines "quoted" é', 'number': -3, 'switch': True, 'colours': ['red', 'blue'],
                'tree': {'a': [1, 2.5, None]}, 'nothing': None}
        path = write('/run/data.json', json.dumps(full))
        text = json.dumps(full)
        for arguments, stdin in ((['--data', text], None), ([f'--data=@{path}'], None), (['-d', '-'], text)):
            self.assertEqual(self.data(*arguments, input=stdin), full)
        defaults = {'text': None, 'number': 5, 'switch': False, 'colours': None, 'tree': None, 'nothing': None}
        self.assertEqual(self.data(), defaults)
        variables = ['--var', 'text=a=b c', '--var=number=7', '--var', 'switch=yes', '--var', 'colours=green,red',
                     '--var', 'tree=[1, {"x": null}]']
        self.assertEqual(self.data('--data', '{"number": 1, "nothing": "from data"}', *variables),
                         {'text': 'a=b c', 'number': 7, 'switch': True, 'colours': ['green', 'red'],
                          'tree': [1, {'x': None}], 'nothing': 'from data'})

    def test_credential_in_every_kind_of_unit(self):
        expected = {'text': 'for you', 'number': 5, 'switch': False, 'colours': None, 'tree': None, 'nothing': None}
        dynamic = range(61184, 65520)   # of DynamicUser=, see systemd's doc/UIDS-GIDS
        for class_path, users in (('user.Alice', [2001]), ('user.Root', [0]), ('user.Dynamic', dynamic),
                                  ('user.Strict', dynamic), ('user.Own', dynamic)):
            with self.subTest(class_path=class_path):
                user, mode, text = run_lines(class_path, '--var', 'text=for you', user='alice')
                self.assertIn(int(user), users)
                self.assertIn(mode, ('400', '440'))
                self.assertEqual(json.loads(text), expected)

    def test_credential_is_for_the_run_only(self):
        result_id = start_run('end.Never', user='carol')
        wait_started(result_id)
        path = f'/run/credentials/jobd-run-{result_id}.service'
        self.assertIn(run(['stat', '-f', '-c', '%T', path]).stdout.strip(), ('ramfs', 'tmpfs'))
        self.assertFails(['cat', f'{path}/job-data'], 'Permission denied', user='alice')
        jobctl('cancel', result_id)
        wait_end(result_id)
        self.assertFalse(os.path.exists(path))

    def test_environment(self):
        data = {'text': 'x y\nz', 'number': 12, 'switch': True, 'colours': ['red', 'green'], 'tree': {'a': [1, None]}}
        result = jobctl_json('run', 'input.Environment', '--data', json.dumps(data), user='alice')
        [line] = job_lines(result['id'])
        seen = {name: value for name, value in json.loads(line).items() if name.startswith('JOB_')}
        self.assertEqual({name: seen.pop(name) for name in ('JOB_VAR_colours', 'JOB_VAR_tree')},
                         {'JOB_VAR_colours': '["red","green"]', 'JOB_VAR_tree': '{"a":[1,null]}'})
        self.assertEqual(seen, {'JOB_RESULT_ID': result['id'], 'JOB_NAME': 'Environment', 'JOB_REQUESTER': 'alice',
                                'JOB_CLASS_PATH': 'input.Environment', 'JOB_REQUESTER_UID': '2001',
                                'JOB_VAR_number': '12', 'JOB_VAR_text': 'x y\nz', 'JOB_VAR_switch': 'true',
                                'JOB_VAR_nothing': ''})

    def test_argument_is_never_split_nor_expanded_twice(self):
        for text in ('two words', '  blanks  ', 'a "b" \'c\'', '$HOME', '${JOB_VAR_number}', '$$', '%n %% %i', '*',
                     '`id`; $(id)', 'back\\slash \\x41 \\n', '--option', '-', 'x\ny', 'x\ty', 'é€𝄞', ';', '@', "'",
                     '"', '#x', '', 'a' * 20000):
            with self.subTest(text=text):
                [line] = run_lines('input.Arguments', '--data', json.dumps({'text': text}), user='alice')
                self.assertEqual(json.loads(line), [text, f'pre-{text}-post'])


class Ends(JobdTestCase):
    def test_exit_status(self):
        for arguments, status, text in (
                (['end.Good'], 0, 'SUCCESS'), (['end.Bad'], 1, 'FAILURE'), (['--quiet', 'end.Bad'], 1, ''),
                (['no.Such'], 4, "there is no job 'no.Such'"),
                (['end.Good', '--var', 'x=1'], 4, 'the input is not valid'),
                ([], 2, 'jobctl run --help'), (['end.Good', '--nonsense'], 2, '--nonsense'),
                (['end.Good', '--data', '{'], 2, '--data'), (['end.Good', '--var', 'x'], 2, 'NAME=VALUE')):
            with self.subTest(arguments=arguments):
                done = jobctl('run', *arguments, check=False, user='alice')
                self.assertEqual(done.returncode, status, done)
                self.assertIn(text, done.stderr)

    def test_job_output_is_on_stdout_and_nothing_else(self):
        done = jobctl('run', 'end.Good', user='alice')
        for line in done.stdout.splitlines():
            self.assertRegex(line, r'(jobd|sh)\[\d+\]: ')
        self.assertRegex(done.stdout, r'sh\[\d+\]: to stdout\n(.*\n)*.*sh\[\d+\]: to stderr\n')
        self.assertRegex(done.stderr, r'^end\.Good: job result [0-9a-f-]{36}\nSUCCESS after ')
        quiet = jobctl('run', '-q', 'end.Good', user='alice')
        self.assertEqual((quiet.stdout, quiet.stderr), ('', ''))
        done = jobctl('run', 'end.Bad', user='alice', check=False)
        self.assertIn('FAILURE', done.stderr)
        self.assertIn('exited with status 7', done.stderr)

    def test_results_and_result(self):
        ids = [jobctl_json('run', 'end.Good', user=user)['id'] for user in ('alice', 'carol', 'alice')]
        failed = jobctl('--json', 'run', 'end.Bad', user='alice', check=False)
        failed = json.loads(failed.stdout)['id']
        listed = [result['id'] for result in jobctl_json('results', '-n', '4')]
        self.assertEqual(listed, [failed, ids[2], ids[1], ids[0]])
        for arguments, user, expected in (
                (['--user=carol', '-n', '1'], None, [ids[1]]), (['-n2'], 'alice', [failed, ids[2]]),
                (['-sFAILURE', '-n1'], 'bob', [failed]), (['--job=end.Bad', '-n1'], None, [failed]), ([], 'dave', [])):
            listed = [result['id'] for result in jobctl_json('results', *arguments, user=user)]
            self.assertEqual(listed, expected, arguments)
        self.assertEqual(jobctl_json('results', '-u', 'dave'), [])
        self.assertFails(['jobctl', 'results', '-u', 'nobody-such'], "there is no user 'nobody-such' on this host",
                         status=4)
        self.assertNotIn(ids[1], [result['id'] for result in jobctl_json('results', '-n', '1000', user='alice')])

        self.assertOutcome(ids[0], 'SUCCESS', user='alice', user_uid=2001, task_queue='default', name='Good')
        self.assertEqual(jobctl_json('result', ids[0][:13])['id'], ids[0])
        self.assertEqual(jobctl_json('result', user='alice')['id'], failed)
        self.assertIn('exited with status 7', jobctl('result', failed).stdout)
        # what one may not see is not there for them
        refused = [jobctl('result', name, user='alice', check=False)
                   for name in (ids[1], '12345678-1234-1234-1234-123456789abc')]
        self.assertEqual([done.returncode for done in refused], [4, 4])
        self.assertEqual(refused[0].stderr.replace(ids[1], 'ID'),
                         refused[1].stderr.replace('12345678-1234-1234-1234-123456789abc', 'ID'))

    def test_logs_follow(self):
        result_id = start_run('end.Gate')
        follower = start(['jobctl', 'logs', '-f', '-o', 'cat', result_id], user='alice')
        while follower.stdout.readline() != 'before\n':
            pass
        self.assertOutcome(result_id, 'STARTED', reason=None, date_done=None)
        open_gate(result_id)
        rest, error = follower.communicate()
        self.assertEqual((follower.returncode, error), (0, ''))
        self.assertEqual(rest, 'after\nJob completed\n')
        self.assertEqual(jobctl('logs', '-n', '2', '-o', 'cat', result_id).stdout, 'after\nJob completed\n')
        self.assertFails(['jobctl', 'logs', result_id], 'not authorised to', status=4, user='dave')

    def test_interrupted_run_goes_on(self):
        status, shown = dialogue(['jobctl', 'run', 'end.Gate'], ('before', '\x03'), ('The run goes on', None),
                                 user='alice')
        self.assertEqual(status, 130)
        result_id = jobctl_json('results', '--lines=1')[0]['id']
        self.assertIn(f'jobctl logs -f {result_id}', shown)
        open_gate(result_id)
        wait_end(result_id)
        self.assertOutcome(result_id, 'SUCCESS')

    def test_over_the_bus(self):
        call = ['busctl', '--json=short', 'call', 'org.jobd1', '/org/jobd1', 'org.jobd1.Manager', 'RunJob', 'ssa{sv}']
        result_id, path = json.loads(run([*call, 'input.Data', '{"number": 8}', '0'], user='alice').stdout)['data']
        self.assertEqual(json.loads(job_lines(result_id)[0])['number'], 8)
        get = ['busctl', '--json=short', 'get-property', 'org.jobd1', path, 'org.jobd1.JobResult', 'Status']
        self.assertEqual(json.loads(run(get).stdout)['data'], 'SUCCESS')
        self.assertFails([*call, 'input.Data', '', '1', 'priority', 's', 'high'], "priority", user='alice')
        self.assertFails([*call, 'input.Data', '{"number": "many"}', '0'], '{"number":["', user='alice')


if __name__ == '__main__':
    unittest.main()
