# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""jobctl run --from: an earlier job result's job again, with the input that is stored."""
import json
import unittest

from harness import JobdTestCase, dialogue, install_job, jobctl, jobctl_json, run

PRINT = 'ExecStart=cat ${CREDENTIALS_DIRECTORY}/job-data\n'
JOBS = {
    'again.Plain': '[Variable device]\n[Variable retries]\nType=integer\nDefault=1\n[Service]\n' + PRINT,
    'again.Queue': '[Job]\nTaskQueues=default bulk\n[Service]\nExecStart=true\n',
    'again.Secret': '[Variable device]\n[Variable password]\nSensitive=yes\n'
                    '[Variable token]\nSensitive=yes\nRequired=no\n[Service]\n'
                    'ExecStart=sha256sum ${CREDENTIALS_DIRECTORY}/job-data\n',
    'again.AllSecret': '[Job]\nHasSensitiveVariables=yes\n[Variable device]\n'
                       '[Variable retries]\nType=integer\nDefault=1\n[Service]\nExecStart=true\n',
    'again.Depends': '[Variable mode]\nType=choice\nChoices=a b\n[Variable of_a]\nDependsOn=mode=a\n'
                     '[Variable of_b]\nDependsOn=mode=b\n[Service]\n' + PRINT,
    'again.Changed': '[Variable old]\n[Variable kept]\n[Service]\n' + PRINT,
    'again.Gone': '[Service]\nExecStart=true\n',
    'again.Off': '[Service]\nExecStart=true\n',
}
MISSING = '00000000-0000-4000-8000-000000000000'


def setUpModule():
    for class_path, text in JOBS.items():
        install_job(class_path, text)
    jobctl('refresh')
    jobctl('enable', *JOBS)


def first(*args, user='alice'):
    """Runs a job to its end and returns the ID of its job result."""
    result_id = jobctl('run', '--no-wait', *args, user=user).stdout.strip()
    jobctl('logs', '-f', result_id, user=user)
    return result_id


class Rerun(JobdTestCase):
    def again(self, *args, user='alice'):
        """The job result of the run, which has ended."""
        return json.loads(jobctl('--json', 'run', *args, user=user).stdout)

    def refused(self, *args, texts, user='alice'):
        return self.assertFails(['jobctl', 'run', '--from', *args], *texts, status=4, user=user)

    def test_the_same_input(self):
        earlier = first('again.Plain', '--data', '{"device": "sw 1", "retries": 0}')
        done = jobctl('run', '--from', earlier, user='alice')
        self.assertIn('{"device":"sw 1","retries":0}', done.stdout)
        self.assertIn('again.Plain: job result ', done.stderr)
        result = jobctl_json('results', '--job', 'again.Plain', '-n', '1')[0]
        self.assertNotEqual(result['id'], earlier)
        self.assertEqual((result['status'], result['task_kwargs']), ('SUCCESS', {'device': 'sw 1', 'retries': 0}))

    def test_what_is_given_wins(self):
        earlier = first('again.Plain', '--var', 'device=a', '--var', 'retries=7')
        for args, expected in (
                (['--var', 'retries=9'], {'device': 'a', 'retries': 9}),
                (['--data', '{"device": "b"}'], {'device': 'b', 'retries': 7}),
                (['--data', '{"device": "b", "retries": 2}', '--var', 'device=c'], {'device': 'c', 'retries': 2})):
            with self.subTest(args=args):
                self.assertEqual(self.again('--from', earlier, *args)['task_kwargs'], expected)

    def test_a_result_by_the_beginning_of_its_id(self):
        earlier = first('again.Plain', '--var', 'device=prefix')
        self.assertEqual(self.again(f'--from={earlier[:18]}')['task_kwargs']['device'], 'prefix')

    def test_what_is_given_is_checked(self):
        earlier = first('again.Plain', '--var', 'device=a')
        self.refused(earlier, '--data', '{"retries": "x", "none": 1}', texts=['retries', 'none'])

    def test_queue(self):
        earlier = first('again.Queue', '--queue', 'bulk')
        self.assertEqual(self.again('--from', earlier)['task_queue'], 'bulk')
        self.assertEqual(self.again('--from', earlier, '--queue', 'default')['task_queue'], 'default')

    def test_sensitive_is_not_stored(self):
        data = '{"device": "sw1", "password": "p", "token": "t"}'
        earlier = first('again.Secret', '--data', data)
        self.refused(earlier, texts=[earlier, 'values of password, token: sensitive ones'])
        self.refused(earlier, '--data', '{"password": "p"}', texts=['values of token: '])
        self.assertEqual(len(jobctl_json('results', '--job', 'again.Secret', '--status', 'PENDING')), 0)
        # given again, the input is the same
        again = self.again('--from', earlier, '--data', '{"password": "p", "token": "t"}')
        digests = [jobctl('logs', '-o', 'cat', i, user='alice').stdout.splitlines()[2].split()[0]
                   for i in (earlier, again['id'])]
        self.assertEqual(digests[0], digests[1])
        # null is how one says: none this time
        again = self.again('--from', earlier, '--data', '{"password": "p", "token": null}')
        self.assertEqual(again['status'], 'SUCCESS')

    def test_sensitive_is_asked_for(self):
        earlier = first('again.Secret', '--data', '{"device": "sw1", "password": "first", "token": "t"}')
        status, shown = dialogue(['jobctl', 'run', '--from', earlier], ('password', 'hunter2\n'), ('token', '\n'),
                                 user='alice')
        self.assertEqual(status, 0, shown)
        self.assertNotIn('hunter2', shown)
        self.assertNotIn('device (', shown)

    def test_sensitive_is_not_asked_for_when_that_is_not_wanted(self):
        earlier = first('again.Secret', '--data', '{"device": "sw1", "password": "first"}')
        status, shown = dialogue(['jobctl', '--no-ask-password', 'run', '--from', earlier], user='alice')
        self.assertEqual(status, 4)
        self.assertIn('password, token', shown)

    def test_ctrl_d_runs_nothing(self):
        earlier = first('again.Secret', '--data', '{"device": "ctrl-d", "password": "first"}')
        status, shown = dialogue(['jobctl', 'run', '--from', earlier], ('password', '\x04'), user='alice')
        self.assertEqual(status, 4)
        self.assertIn('nothing was run', shown)
        self.assertEqual(jobctl_json('results', '--job', 'again.Secret', '-n', '1')[0]['id'], earlier)

    def test_job_of_which_nothing_is_stored(self):
        earlier = first('again.AllSecret', '--data', '{"device": "sw1", "retries": 3}')
        self.refused(earlier, texts=['values of device, retries'])
        status, shown = dialogue(['jobctl', 'run', '--from', earlier], ('device', 'sw2\n'), ('retries', '4\n'),
                                 user='alice')
        self.assertEqual(status, 0, shown)

    def test_variables_that_depend_on_others(self):
        earlier = first('again.Depends', '--data', '{"mode": "a", "of_a": "x"}')
        self.assertEqual(self.again('--from', earlier)['task_kwargs'], {'mode': 'a', 'of_a': 'x', 'of_b': None})
        # the other mode takes another variable, and not the one that is stored
        again = self.again('--from', earlier, '--var', 'mode=b', '--var', 'of_b=y')
        self.assertEqual(again['task_kwargs'], {'mode': 'b', 'of_a': None, 'of_b': 'y'})
        self.refused(earlier, '--var', 'mode=b', texts=['values of of_b'])

    def test_class_that_has_changed(self):
        earlier = first('again.Changed', '--data', '{"old": "1", "kept": "2"}')
        install_job('again.Changed', '[Variable kept]\n[Variable new]\nDefault=3\n[Service]\n' + PRINT)
        done = jobctl('--json', 'run', '--from', earlier, user='alice')
        self.assertIn('no variable old any more', done.stderr)
        self.assertEqual(json.loads(done.stdout)['task_kwargs'], {'kept': '2', 'new': '3'})

    def test_unknown_result(self):
        self.refused(MISSING, texts=[MISSING])
        self.refused(MISSING, texts=[MISSING, 'there is no job result'], user='carol')
        self.refused('nonsense', texts=['nonsense'])

    def test_result_of_somebody_else(self):
        earlier = first('again.Plain', '--var', 'device=mine')
        # dave may neither see it nor run the job
        denied = self.refused(earlier, '--no-ask-password', texts=[earlier], user='dave')
        self.assertNotIn('mine', denied.stderr)
        # carol may, and the run is then hers
        again = self.again('--from', earlier, user='carol')
        self.assertEqual((again['user'], again['task_kwargs']['device']), ('carol', 'mine'))

    def test_job_that_is_no_more(self):
        earlier = first('again.Gone')
        jobctl('delete', '--yes', 'again.Gone')
        self.refused(earlier, texts=[earlier, 'again.Gone', 'was deleted'])

    def test_job_that_is_disabled(self):
        earlier = first('again.Off')
        jobctl('disable', 'again.Off')
        self.refused(earlier, texts=['not enabled'])

    def complete(self, *words):
        """What bash offers for the last word."""
        return run(['bash', '-c', 'source /usr/share/bash-completion/completions/jobctl; COMP_WORDS=("$@"); '
                    'COMP_CWORD=$(($# - 1)); _jobctl; printf "%s\\n" "${COMPREPLY[@]}"', 'bash', 'jobctl', *words],
                   user='alice').stdout.split()

    def test_completion(self):
        earlier = first('again.Plain', '--var', 'device=a')
        self.assertIn('--from', self.complete('run', '--f'))
        self.assertEqual(self.complete('run', '--from', earlier[:12]), [earlier])
        self.assertEqual(self.complete('run', '--from', '=', earlier[:12]), [earlier])
        for option in ['--from', earlier], ['--from', '=', earlier]:
            self.assertEqual(self.complete('run', *option, '--var', ''), ['device=', 'retries='])

    def test_command_line(self):
        self.assertFails(['jobctl', 'run', '--from', MISSING, 'again.Plain'], 'leave out again.Plain', status=2)
        self.assertFails(['jobctl', 'run'], 'give a JOB, or --from=ID', status=2)


if __name__ == '__main__':
    unittest.main()
