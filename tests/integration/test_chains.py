# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Jobs that follow on the end of others: what they get, for whom they run, and that each is asked for exactly once."""
import json
import sqlite3
import unittest

from harness import (JobdTestCase, install_job, jobctl, jobctl_json, journal_cursor, journal_wait, kill_jobd, read_until,
                     run, start, stopped)
from rules import polkit_rules

ENDED = ['0b09611171c04b918c9eb5e4bbfa774f', '34d44591472b4561aac07c10a37bb99a']    # succeeded, failed
DATABASE = '/var/lib/jobd/jobd.db'


def setUpModule():
    install_job('chain.First', '''
        [Job]
        OnSuccess=chain.Second device=$input.device size=$result.size from=$id
        OnFailure=chain.Tell text="it has failed" why=$message
        [Variable device]
        Type=string
        Default=r1
        [Variable fails]
        Type=boolean
        [Service]
        ExecStart=sh -c 'jobd-job result "{\\\\"size\\\\": 42}"; [ ${JOB_VAR_fails} = false ]'
    ''')
    install_job('chain.Second', '''
        [Job]
        OnSuccess=chain.Third
        [Variable device]
        Type=string
        [Variable size]
        Type=integer
        [Variable from]
        Type=string
        [Service]
        ExecStart=true
    ''')
    for name in 'Third', 'Plain':
        install_job(f'chain.{name}', '[Service]\nExecStart=true\n')
    install_job('chain.Tell', '''
        [Variable text]
        Type=string
        [Variable why]
        Type=string
        [Service]
        ExecStart=true
    ''')
    install_job('chain.ToNowhere', '[Job]\nOnSuccess=chain.Missing\n[Service]\nExecStart=true\n')
    install_job('chain.ToDisabled', '[Job]\nOnSuccess=chain.Disabled\n[Service]\nExecStart=true\n')
    install_job('chain.Disabled', '[Service]\nExecStart=true\n')
    install_job('chain.ToInvalid', '[Job]\nOnSuccess=chain.Second device=$result.none\n[Service]\nExecStart=true\n')
    jobctl('refresh')
    jobctl('enable', *[f'chain.{name}' for name in ('First', 'Second', 'Third', 'Plain', 'Tell', 'ToNowhere', 'ToDisabled',
                                                    'ToInvalid')])


class Chains(JobdTestCase):
    def run_job(self, class_path, *options, user=None):
        result_id = jobctl('run', '--no-wait', *options, class_path, user=user).stdout.strip()
        return result_id

    def wait(self, class_path, cause):
        """The job result of that job which the other one has caused, when it has ended."""
        follow = start(['journalctl', '--follow', '--no-tail', '--output=json', f'JOB_CLASS_PATH={class_path}',
                        *[f'MESSAGE_ID={message_id}' for message_id in ENDED]])
        entry = read_until(follow, f'a run of {class_path} that follows {cause}', lambda entry: jobctl_json(
            'result', entry['JOB_RESULT_ID'])['caused_by'] == cause)
        return jobctl_json('result', entry['JOB_RESULT_ID'])

    def test_success_with_mapping(self):
        first = self.run_job('chain.First', '--var', 'device=r7', user='alice')
        second = self.wait('chain.Second', first)
        self.assertEqual(second['status'], 'SUCCESS')
        self.assertEqual(second['user'], 'alice')
        self.assertEqual(second['task_kwargs'], {'device': 'r7', 'size': 42, 'from': first})
        third = self.wait('chain.Third', second['id'])
        self.assertEqual((third['status'], third['user']), ('SUCCESS', 'alice'))

    def test_failure(self):
        first = self.run_job('chain.First', '--var', 'fails=yes')
        tell = self.wait('chain.Tell', first)
        self.assertEqual(tell['task_kwargs'], {'text': 'it has failed', 'why': 'the job exited with status 1'})
        self.assertFalse([entry for entry in jobctl_json('results', '--job', 'chain.Second')
                          if jobctl_json('result', entry['id'])['caused_by'] == first])

    def test_what_cannot_follow_is_on_record(self):
        for class_path, follower, texts in [
                ('chain.ToDisabled', 'chain.Disabled', ["job 'chain.Disabled' is not enabled"]),
                ('chain.ToInvalid', 'chain.Second', ['"device":["This field is required."]', '"size"'])]:
            with self.subTest(class_path):
                refused = self.wait(follower, self.run_job(class_path))
                self.assertEqual((refused['status'], refused['reason']), ('FAILURE', 'not-runnable'))
                for text in texts:
                    self.assertIn(text, refused['message'])

    def test_no_such_job(self):
        cursor = journal_cursor()
        result_id = self.run_job('chain.ToNowhere')
        journal_wait(f'JOB_RESULT_ID={result_id}', since=cursor, contains="Job 'chain.Missing', which follows on job "
                     "'chain.ToNowhere', is not run: there is no such job")

    def test_each_hop_needs_the_permission(self):
        with polkit_rules('''
                polkit.addRule(function(action, subject) {
                    if (action.id == "org.jobd1.run-job" && subject.user == "alice" &&
                        action.lookup("class_path") == "chain.Third")
                        return polkit.Result.NO;
                });
                '''):
            second = self.wait('chain.Second', self.run_job('chain.First', user='alice'))
            third = self.wait('chain.Third', second['id'])
            self.assertEqual((third['status'], third['reason']), ('FAILURE', 'not-runnable'))
            self.assertIn("user 'alice' does not have permission to run it", third['message'])

    def test_loops_are_refused_by_the_refresh(self):
        install_job('loop.A', '[Job]\nOnSuccess=loop.B\n[Service]\nExecStart=true\n')
        install_job('loop.B', '[Job]\nOnFailure=loop.C\n[Service]\nExecStart=true\n')
        install_job('loop.C', '[Job]\nOnSuccess=loop.A\n[Service]\nExecStart=true\n')
        report = jobctl('refresh', check=False)
        self.assertIn('(loop.A, loop.B, loop.C, loop.A)', report.stdout + report.stderr)
        self.assertIn('(loop.C, loop.A, loop.B, loop.C)', report.stdout + report.stderr)
        run(['rm', '-r', '/etc/jobd/jobs/loop'])
        jobctl('refresh')

    def test_a_hop_survives_jobd_and_is_asked_for_once(self):
        """The outcome and what follows are stored together: whenever jobd is killed, there is one follower."""
        for _ in range(5):
            first = self.run_job('chain.First')
            kill_jobd()
            second = self.wait('chain.Second', first)
            kill_jobd()
            self.wait('chain.Third', second['id'])
            for class_path, cause in ('chain.Second', first), ('chain.Third', second['id']):
                with sqlite3.connect(f'file:{DATABASE}?mode=ro', uri=True) as database:
                    [count] = database.execute('SELECT count(*) FROM job_result WHERE class_path = ? AND caused_by = ?',
                                               (class_path, cause)).fetchone()
                self.assertEqual(count, 1)

    def test_a_hop_that_was_stored_is_taken_up(self):
        plain = self.run_job('chain.Plain')
        jobctl('run', 'chain.Plain')
        with stopped('jobd.service'):
            run(['systemctl', 'stop', 'jobd.service'])
        with sqlite3.connect(DATABASE) as database:
            database.execute('INSERT INTO chain_hop VALUES (?, 0, ?, ?)', (plain, 'chain.Tell', json.dumps(
                {'text': 'later', 'why': 'because'})))
        jobctl('list')
        self.assertEqual(self.wait('chain.Tell', plain)['task_kwargs'], {'text': 'later', 'why': 'because'})


if __name__ == '__main__':
    unittest.main()
