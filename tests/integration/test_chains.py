# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Jobs that follow on the end of others: what they get, for whom they run, and that each is asked for exactly once."""
import contextlib
import json
import os
import signal
import sqlite3
import unittest

from classes import GATE, open_gate, wait_end, wait_started
from harness import (JobdTestCase, install_job, jobctl, jobctl_json, journal_cursor, journal_wait, kill_jobd, main_pid,
                     read_until, run, start, stopped)
from rules import polkit_rules

ENDED = ['0b09611171c04b918c9eb5e4bbfa774f', '34d44591472b4561aac07c10a37bb99a']    # succeeded, failed
STATE = '/var/lib/jobd'
DATABASE = f'{STATE}/jobd.db'


def setUpModule():
    run(['systemctl', 'stop', 'jobd.service'])
    os.makedirs(STATE, 0o700, exist_ok=True)
    run(['mount', '-t', 'tmpfs', '-o', 'size=16m,mode=700', 'tmpfs', STATE])     # so that it can be full
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
    install_job('chain.Dry', '''
        [Job]
        OnSuccess=chain.DryToo device=$input.device
        OnSuccess=chain.Third
        [Variable dryrun]
        Type=dryrun
        [Variable device]
        Default=r1
        [Service]
        ExecStart=true
    ''')
    install_job('chain.DryToo', '''
        [Job]
        ApprovalRequired=yes
        [Variable dryrun]
        Type=dryrun
        [Variable device]
        [Service]
        ExecStart=true
    ''')
    install_job('chain.Tries', '''
        [Job]
        Retry=2
        RetryDelay=100ms
        OnFailure=chain.Tell text=$id why=$message
        [Service]
        ExecStart=false
    ''')
    install_job('chain.Cancelled', '[Job]\nOnSuccess=chain.Third\nOnFailure=chain.Third\n[Service]\n'
                'ExecStart=sleep 300\n')
    install_job('chain.ToApproved', '[Job]\nOnSuccess=chain.Approved word=$result\nOnSuccess=chain.ApprovedToo '
                'word=$result\n[Service]\nExecStart=jobd-job result 42\n')
    for name, sensitive in ('Approved', 'no'), ('ApprovedToo', 'yes'):
        install_job(f'chain.{name}', f'[Job]\nApprovalRequired=yes\n[Variable word]\nType=integer\n'
                    f'Sensitive={sensitive}\n[Service]\nExecStart=true\n')
    install_job('chain.Gate', '[Job]\nOnSuccess=chain.Third\n' + GATE)
    install_job('chain.Edited', '[Job]\nOnSuccess=chain.EditedToo\n[Service]\nExecStart=true\n')
    install_job('chain.EditedToo', '[Service]\nExecStart=true\n')
    install_job('chain.ToNowhere', '[Job]\nOnSuccess=chain.Missing\n[Service]\nExecStart=true\n')
    install_job('chain.ToDisabled', '[Job]\nOnSuccess=chain.Disabled\n[Service]\nExecStart=true\n')
    install_job('chain.Disabled', '[Service]\nExecStart=true\n')
    install_job('chain.ToInvalid', '[Job]\nOnSuccess=chain.Second device=$result.none\n[Service]\nExecStart=true\n')
    jobctl('refresh')
    jobctl('enable', *[f'chain.{name}' for name in (
        'First', 'Second', 'Third', 'Plain', 'Tell', 'ToNowhere', 'ToDisabled', 'ToInvalid', 'Dry', 'DryToo', 'Tries',
        'Cancelled', 'Gate', 'ToApproved', 'Approved', 'ApprovedToo', 'Edited', 'EditedToo')])


def query(sql, *arguments):
    """What the store has."""
    with contextlib.closing(sqlite3.connect(f'file:{DATABASE}?mode=ro', uri=True)) as database:
        return database.execute(sql, arguments).fetchall()


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
        self.assertOutcome(result_id, 'SUCCESS', warnings=[
            "job 'chain.Missing', which follows on it, is not run: there is no such job: install its class and run "
            '"jobctl refresh"'])
        self.assertEqual(query('SELECT * FROM chain_hop WHERE result_id = ?', result_id), [])

    def test_what_follows_on_a_dry_run_is_one(self):
        first = self.run_job('chain.Dry', '--dry-run')
        second = self.wait('chain.DryToo', first)    # which needs no approval for that
        self.assertEqual((second['status'], second['task_kwargs']), ('SUCCESS', {'device': 'r1', 'dryrun': True}))
        self.assertOutcome(first, 'SUCCESS',
                           warnings=["job 'chain.Third' does not follow on a dry run: it has none itself"])
        self.assertEqual(query('SELECT class_path FROM job_result WHERE caused_by = ?', first), [('chain.DryToo',)])
        first = self.run_job('chain.Dry')
        self.wait('chain.Third', first)
        self.assertOutcome(first, 'SUCCESS', warnings=[])

    def test_the_last_attempt_is_followed(self):
        first = jobctl_json('result', self.run_job('chain.Tries'))
        last = first
        for _ in range(2):
            wait_end(last['id'])
            last = jobctl_json('result', jobctl_json('result', last['id'])['retried_by'])
        tell = self.wait('chain.Tell', last['id'])
        self.assertEqual(tell['task_kwargs']['text'], last['id'])
        self.assertEqual(len(query("SELECT * FROM job_result WHERE class_path = 'chain.Tell' AND data ->> 'text' IN "
                                   '(SELECT id FROM job_result WHERE id = ?1 OR retry_of = ?1)', first['id'])), 1)

    def test_what_was_revoked_is_followed_by_nothing(self):
        first = self.run_job('chain.Cancelled')
        wait_started(first)
        jobctl('cancel', first)
        wait_end(first)
        self.assertOutcome(first, 'REVOKED')
        self.assertEqual(query('SELECT * FROM chain_hop WHERE result_id = ?', first), [])
        self.assertEqual(query('SELECT * FROM job_result WHERE caused_by = ?', first), [])

    def test_what_needs_an_approval_waits_for_it(self):
        cursor = journal_cursor()
        first = self.run_job('chain.ToApproved', user='alice')
        refused = self.wait('chain.ApprovedToo', first)
        self.assertIn('cannot wait for one with sensitive values', refused['message'])
        journal_wait('JOB_CLASS_PATH=chain.Approved', since=cursor)
        [request] = [request for request in jobctl_json('approvals') if request['task'] == 'chain.Approved']
        self.assertEqual((request['user'], request['kwargs']), ('alice', {'word': 42}))
        cursor = journal_cursor()
        jobctl('approve', '--yes', request['id'], user='bob')
        journal_wait('JOB_CLASS_PATH=chain.Approved', f'MESSAGE_ID={ENDED[0]}', since=cursor)

    def test_it_ends_also_when_classes_lead_back(self):
        """Behind the back of the refresh, which would have refused them."""
        self.addCleanup(install_job, 'chain.EditedToo', '[Service]\nExecStart=true\n')
        install_job('chain.EditedToo', '[Job]\nOnSuccess=chain.Edited\n[Service]\nExecStart=true\n')
        cursor = journal_cursor()
        first = self.run_job('chain.Edited')
        journal_wait('MESSAGE_ID=4ff44cd5df1b45b28b093901628fc64e', since=cursor, contains='has 32 runs already')
        chain = query('WITH RECURSIVE c(id, n) AS (SELECT ?1, 1 UNION ALL SELECT job_result.id, n + 1 FROM job_result, '
                      'c WHERE caused_by = c.id) SELECT n, status, message FROM c, job_result USING (id) ORDER BY n',
                      first)
        self.assertEqual([status for _, status, _ in chain], ['SUCCESS'] * 32 + ['FAILURE'])
        self.assertIn('the chain has 32 runs already, which is the most', chain[-1][2])

    def test_it_is_shown(self):
        first = self.run_job('chain.First')
        second = self.wait('chain.Second', first)
        self.assertRegex(jobctl('result', second['id']).stdout, f'Follows on: {first}')
        self.assertRegex(jobctl('result', first).stdout, f'Followed by: {second["id"]}')
        self.assertEqual(jobctl_json('result', first)['followed_by'], [second['id']])
        third = self.wait('chain.Third', second['id'])
        self.assertEqual([jobctl_json('result', result['id'])['followed_by'] for result in (second, third)],
                         [[third['id']], []])

    def test_each_hop_needs_the_permission(self):
        with polkit_rules('''
                polkit.addRule(function(action, subject) {
                    if (action.id == "org.jobd1.run-job" && subject.user == "alice" &&
                        action.lookup("class_path") == "chain.Third")
                        return polkit.Result.NO;
                });
                '''):
            first = self.run_job('chain.First', user='alice')
            second = self.wait('chain.Second', first)
            self.assertRegex(jobctl('result', second['id'], user='alice').stdout, f'(?m)^ *Follows on: {first}$')
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
                self.assertEqual(query('SELECT count(*) FROM job_result WHERE class_path = ? AND caused_by = ?',
                                       class_path, cause), [(1,)])

    def test_a_hop_outlives_a_full_disk(self):
        """What follows cannot be stored now: it is neither lost nor refused."""
        run(['systemctl', 'restart', 'jobd.service'])    # with an empty write-ahead log: no room is left in it
        first = self.run_job('chain.Gate', user='alice')
        wait_started(first)
        pid, cursor = main_pid('polkit.service'), journal_cursor()
        os.kill(pid, signal.SIGSTOP)    # which is asked whether it may follow
        try:
            open_gate(first)
            journal_wait(f'JOB_RESULT_ID={first}', f'MESSAGE_ID={ENDED[0]}', since=cursor)
            with open(f'{STATE}/filler', 'wb', buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(b'x' * 512)
        finally:
            os.kill(pid, signal.SIGCONT)
        journal_wait('_COMM=jobd', since=cursor, contains=f"Cannot go on from job result {first} to job 'chain.Third', "
                     'trying again in 30 s: there is no room on the disk')
        self.assertEqual(query('SELECT class_path FROM chain_hop WHERE result_id = ?', first), [('chain.Third',)])
        os.unlink(f'{STATE}/filler')
        kill_jobd()     # the next one does not wait so long
        jobctl('list')
        self.assertEqual(self.wait('chain.Third', first)['status'], 'SUCCESS')
        self.assertEqual(query('SELECT count(*) FROM job_result WHERE caused_by = ?', first), [(1,)])

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
