# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Every way in which a run can end, and what its job result, the exit status and the journal then say."""
import os
import unittest

from harness import (JobdTestCase, install_job, jobctl, jobctl_json, journal, journal_cursor, journal_wait, run, start,
                     unit_properties)

JOBS = {
    'ok.Simple': 'ExecStart=echo hello from the job',
    'ok.Clean': 'ExecStart=sh -c "exit 3"\nSuccessExitStatus=3',
    'bad.Exit': 'ExecStart=sh -c "echo about to fail; exit 3"',
    'bad.Exit203': 'ExecStart=sh -c "sleep 0.2; exit 203"',
    'bad.Signal': 'ExecStart=sh -c "kill -USR1 $$$$"',
    'bad.Terminated': 'ExecStart=sh -c "kill -TERM $$$$"',
    'bad.CoreDump': 'ExecStart=sh -c "kill -SEGV $$$$"\nLimitCORE=infinity\nWorkingDirectory=/tmp',
    'bad.Missing': 'ExecStart=/usr/bin/there-is-no-such-program',
    'bad.NotExecutable': 'ExecStart=/etc/passwd',
    'bad.NoUser': 'ExecStart=true\nUser=nobody-of-this-name',
    'bad.NoGroup': 'ExecStart=true\nUser=bob\nGroup=nogroup-of-this-name',
    'bad.NoDirectory': 'ExecStart=true\nWorkingDirectory=/no/such/directory',
    'limit.Soft': ('ExecStart=sleep 300', 'SoftTimeLimit=1s\nTimeLimit=30s'),
    'limit.Hard': ('ExecStart=sh -c "trap : TERM; while :; do sleep 300 & wait; done"', 'SoftTimeLimit=1s\nTimeLimit=2s'),
    'limit.Caught': ('ExecStart=sh -c "trap \'echo caught; exit 0\' TERM; sleep 300 & wait"',
                     'SoftTimeLimit=1s\nTimeLimit=30s'),
    'limit.CaughtFails': ('ExecStart=sh -c "trap \'exit 7\' TERM; sleep 300 & wait"', 'SoftTimeLimit=1s\nTimeLimit=30s'),
    'limit.HardFirst': ('ExecStart=sleep 300', 'SoftTimeLimit=10s\nTimeLimit=1s'),
    'limit.Children': ('ExecStart=sh -c "setsid sleep 4321 & setsid sleep 4321 & sleep 300"',
                       'SoftTimeLimit=1s\nTimeLimit=2s'),
    'long.Sleep': 'ExecStart=sleep 300',
    'long.Stubborn': 'ExecStart=sh -c "trap : TERM; while :; do sleep 300 & wait; done"',
    'leave.Child': 'ExecStart=sh -c "setsid sleep 5432 & echo done"',
}


def setUpModule():
    for class_path, text in JOBS.items():
        service, job = (text, '') if isinstance(text, str) else text
        install_job(class_path, f'[Job]\n{job}\n[Service]\n{service}\n')
    jobctl('refresh')
    jobctl('enable', *JOBS)


def start_run(class_path, user='alice'):
    return jobctl('run', '--no-wait', class_path, user=user).stdout.strip()


def wait_started(result_id):
    """Until systemd says that the program runs."""
    journal_wait(f'UNIT=jobd-run-{result_id}.service', 'MESSAGE_ID=39f53479d3a045ac8e11786248231fbf', since=START)


START = journal_cursor()


class Outcomes(JobdTestCase):
    def ends(self, class_path, exit_status, status, reason, *texts, user='alice', **fields):
        """Runs the job as a user and checks the exit status of jobctl, the job result, and jobd's line about it."""
        done = jobctl('run', class_path, user=user, check=False)
        self.assertEqual(done.returncode, exit_status, done.stdout + done.stderr)
        result_id = jobctl_json('results', '--job', class_path, '-n', '1')[0]['id']
        result = self.assertOutcome(result_id, status, reason=reason, **fields)
        for text in texts:
            self.assertIn(text, ' '.join([result['message'] or '', *result['warnings']]))
        self.assertTrue(result['date_done'])
        lines = [entry['MESSAGE'] for entry in journal(f'JOB_RESULT_ID={result_id}')]
        self.assertTrue([line for line in lines if line.startswith(
            {'SUCCESS': 'Job completed', 'FAILURE': 'Job failed', 'REVOKED': 'Job revoked'}[status])], lines)
        # nothing of a run stays loaded once its outcome is stored
        listed = run(['systemctl', 'list-units', '--all', '--no-legend', f'jobd-run-{result_id}*']).stdout
        self.assertEqual(listed, '')
        return result

    def test_success(self):
        self.ends('ok.Simple', 0, 'SUCCESS', 'success', exit_code=0, signal=None, message=None)

    def test_success_by_the_class_own_word(self):
        self.ends('ok.Clean', 0, 'SUCCESS', 'success', exit_code=3)

    def test_exit_code(self):
        self.ends('bad.Exit', 1, 'FAILURE', 'exit-code', 'exited with status 3', exit_code=3)

    def test_exit_code_that_looks_like_a_start_failure(self):
        self.ends('bad.Exit203', 1, 'FAILURE', 'exit-code', 'exited with status 203', exit_code=203)

    def test_signal(self):
        self.ends('bad.Signal', 1, 'FAILURE', 'signal', 'USR1', signal=10)

    def test_killed_by_sigterm_is_no_success(self):
        self.ends('bad.Terminated', 1, 'FAILURE', 'signal', 'TERM', signal=15)

    def test_core_dump(self):
        result = self.ends('bad.CoreDump', 1, 'FAILURE', 'core-dump', 'SEGV', signal=11)
        self.assertIn('dumped core', result['message'])

    def test_program_missing(self):
        self.ends('bad.Missing', 1, 'FAILURE', 'start-failed', 'could not be executed', 'there-is-no-such-program',
                  'No such file')

    def test_program_not_executable(self):
        self.ends('bad.NotExecutable', 1, 'FAILURE', 'start-failed', 'could not be executed', 'Permission denied')

    def test_user_missing(self):
        """Often: journald finds the starter gone in some of the cases, and then does not know its unit."""
        for _ in range(25):
            self.ends('bad.NoUser', 1, 'FAILURE', 'start-failed', 'the user could not be found')

    def test_group_missing(self):
        self.ends('bad.NoGroup', 1, 'FAILURE', 'start-failed', 'the group could not be found')

    def test_directory_missing(self):
        self.ends('bad.NoDirectory', 1, 'FAILURE', 'start-failed', 'the working directory could not be entered: No such file')

    def test_soft_limit(self):
        self.ends('limit.Soft', 1, 'FAILURE', 'soft-time-limit', 'soft time limit of 1s', signal=15)

    def test_hard_limit(self):
        self.ends('limit.Hard', 1, 'FAILURE', 'hard-time-limit', 'time limit of 2s', signal=9)

    def test_soft_limit_caught(self):
        self.ends('limit.Caught', 0, 'SUCCESS', 'success', 'soft time limit of 1s had passed')

    def test_soft_limit_caught_and_failed(self):
        self.ends('limit.CaughtFails', 1, 'FAILURE', 'soft-time-limit', 'exited with status 7', exit_code=7)

    def test_hard_limit_before_the_soft_one(self):
        self.ends('limit.HardFirst', 1, 'FAILURE', 'hard-time-limit',
                  'The hard time limit of 1.0 seconds is less than or equal to the soft time limit of 10.0 seconds.',
                  signal=9)

    def test_limit_ends_every_process(self):
        self.ends('limit.Children', 1, 'FAILURE', 'soft-time-limit')
        self.assertEqual(run(['pgrep', '-f', 'sleep 4321'], check=False).stdout, '')

    def test_child_left_behind_does_not_outlive_the_run(self):
        cursor = journal_cursor()
        result = self.ends('leave.Child', 0, 'SUCCESS', 'success')
        # the stop job that lets the unit go ends it; systemd says when that is done
        journal_wait(f'UNIT=jobd-run-{result["id"]}.service', 'MESSAGE_ID=9d1aaa27d60140bd96365438aad20286',
                     since=cursor)
        self.assertEqual(run(['pgrep', '-f', 'sleep 5432'], check=False).stdout, '')

    def test_cancel_running(self):
        cursor = journal_cursor()
        following = start(['jobctl', 'run', 'long.Sleep'], user='alice')
        entry = journal_wait('MESSAGE_ID=d891f0b0fcd24c03873e34e31b36b900', 'JOB_CLASS_PATH=long.Sleep', since=cursor)
        wait_started(entry['JOB_RESULT_ID'])
        jobctl('cancel', entry['JOB_RESULT_ID'], user='alice')
        following.communicate()
        self.assertEqual(following.returncode, 3)
        self.assertOutcome(entry['JOB_RESULT_ID'], 'REVOKED', reason='revoked', message='cancelled by alice')

    def test_cancel_with_kill(self):
        result_id = start_run('long.Stubborn')
        wait_started(result_id)
        jobctl('cancel', '--kill', result_id, user='alice')
        done = jobctl('logs', '-f', result_id, user='alice')
        self.assertIn('Job revoked', done.stdout)
        self.assertOutcome(result_id, 'REVOKED', reason='revoked', signal=9)

    def test_cancel_what_has_ended(self):
        result_id = start_run('ok.Simple')
        jobctl('logs', '-f', result_id, user='alice')
        self.assertFails(['jobctl', 'cancel', result_id], 'is already finished', status=4, user='alice')
        self.assertOutcome(result_id, 'SUCCESS')

    def test_stopped_by_systemctl(self):
        result_id = start_run('long.Sleep')
        wait_started(result_id)
        run(['systemctl', 'stop', f'jobd-run-{result_id}.service'])
        jobctl('logs', '-f', result_id, user='alice')
        self.assertOutcome(result_id, 'REVOKED', reason='stopped')

    def test_limits_are_the_unit_own(self):
        result_id = start_run('long.Sleep')
        wait_started(result_id)
        unit = unit_properties(f'jobd-run-{result_id}.service')
        self.assertEqual(unit['RuntimeMaxUSec'], '5min')
        self.assertEqual(unit['TimeoutStopUSec'], '5min')
        self.assertEqual(unit['Slice'], 'jobd-default.slice')
        self.assertEqual(unit['DynamicUser'], 'yes')
        self.assertEqual(unit['Description'], 'long.Sleep for alice')
        jobctl('cancel', result_id, user='alice')

    def test_daemon_reload_and_reexec_lose_nothing(self):
        for command in 'daemon-reload', 'daemon-reexec':
            with self.subTest(command=command):
                cursor = journal_cursor()
                following = start(['jobctl', 'run', 'limit.Soft'], user='alice')
                entry = journal_wait('MESSAGE_ID=d891f0b0fcd24c03873e34e31b36b900', 'JOB_CLASS_PATH=limit.Soft',
                                     since=cursor)
                wait_started(entry['JOB_RESULT_ID'])
                run(['systemctl', command])
                following.communicate()
                self.assertEqual(following.returncode, 1)
                result = jobctl_json('results', '--job', 'limit.Soft', '-n', '1')[0]
                self.assertOutcome(result['id'], 'FAILURE', reason='soft-time-limit')


class Journal(JobdTestCase):
    def test_both_queries_show_the_lines_of_the_run(self):
        result_id = start_run('bad.Exit')
        jobctl('logs', '-f', result_id, user='alice')
        by_id = [entry['MESSAGE'] for entry in journal(f'JOB_RESULT_ID={result_id}')]
        self.assertEqual(by_id, ["alice requested a run of job 'bad.Exit'", 'Running job', 'about to fail',
                                 'Job failed: the job exited with status 3'])
        run(['journalctl', '--sync'])
        by_unit = run(['journalctl', '-o', 'cat', '-u', f'jobd-run-{result_id}.service']).stdout.splitlines()
        # systemd's own lines about the unit are in the second one only
        self.assertEqual([line for line in by_unit if line in by_id], by_id)
        lines = run(['jobctl', 'logs', '-o', 'cat', result_id], user='alice').stdout.splitlines()
        self.assertEqual(lines, by_id)

    def test_fields(self):
        result_id = start_run('ok.Simple')
        jobctl('logs', '-f', result_id, user='alice')
        for entry in journal(f'JOB_RESULT_ID={result_id}'):
            self.assertEqual((entry['JOB_NAME'], entry['JOB_CLASS_PATH'], entry['JOB_REQUESTER']),
                             ('Simple', 'ok.Simple', 'alice'))

    def test_no_line_is_dropped(self):
        install_job('ok.Many', '[Service]\nExecStart=seq 1 30000\n')
        jobctl('refresh')
        jobctl('enable', 'ok.Many')
        result_id = start_run('ok.Many')
        lines = jobctl('logs', '-f', '-o', 'cat', result_id, user='alice').stdout.splitlines()
        numbers = [line for line in lines if line.isdigit()]
        self.assertEqual(numbers, [str(i) for i in range(1, 30001)])


if __name__ == '__main__':
    unittest.main()
