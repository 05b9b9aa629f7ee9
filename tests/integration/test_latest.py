# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""What jobctl says of the latest result of each job, of a run's progress, and of its log entries."""
import os
import re
import sqlite3
import unittest
import uuid

from classes import GATE, open_gate, start_run, wait_end, wait_started
from harness import JobdTestCase, dialogue, install_job, journal, jobctl, jobctl_json, run
from raw_bus import RawBus
from rules import polkit_rules

MANAGER = '/org/jobd1', 'org.jobd1.Manager'
MANY = 150      # jobs with results: more questions for polkit than one call asks
GATE_FILES = '/run/progress-gate-1', '/run/progress-gate-2'
PROGRESS = f'''
[Variable text]
Default=reading
[Service]
User=root
ExecStart=/bin/sh -c "jobd-job progress 45 \\"$$0\\"; read x < {GATE_FILES[0]}; echo a line; \\
  read x < {GATE_FILES[1]}" ${{JOB_VAR_text}}
'''
LOGS = '''
[Service]
ExecStart=/bin/sh -c "jobd-job log --grouping=network one; jobd-job log --level=warning plain; \\
  jobd-job log --grouping=network --level=failure two; echo not counted; \\
  jobd-job log --grouping=disk --level=debug three"
'''


def setUpModule():
    for gate in GATE_FILES:
        os.mkfifo(gate)
    install_job('latest.Quick', '[Service]\nExecStart=true\n')
    install_job('latest.Gate', GATE)
    install_job('latest.Never', '[Service]\nExecStart=true\n')
    install_job('latest.Progress', PROGRESS)
    install_job('latest.Logs', LOGS)
    install_job('latest.Quiet', '[Service]\nExecStart=echo x\n')
    for i in range(MANY):
        install_job(f'many.J{i:03}', '[Service]\nExecStart=true\n')
    jobctl('refresh')
    jobctl('enable', 'latest.Quick', 'latest.Gate', 'latest.Progress', 'latest.Logs', 'latest.Quiet', 'many.J000')


def latest(job, user=None):
    """Of list and of show: id and status, or None."""
    listed = {entry['class_path']: entry for entry in jobctl_json('list', user=user)}[job]
    shown = jobctl_json('show', job, user=user)
    return [entry['latest_result'] and (entry['latest_result'], entry['latest_status']) for entry in (listed, shown)]


class Latest(JobdTestCase):
    def test_newest_request_with_status_and_age(self):
        first = start_run('latest.Gate')
        wait_started(first)
        self.assertEqual(latest('latest.Gate'), [(first, 'STARTED')] * 2)
        second = start_run('latest.Gate')
        wait_started(second)
        open_gate(second)
        wait_end(second)
        self.assertEqual(latest('latest.Gate'), [(second, 'SUCCESS')] * 2)
        open_gate(first)
        wait_end(first)     # ends later, and is the older one all the same
        self.assertEqual(latest('latest.Gate'), [(second, 'SUCCESS')] * 2)
        row = next(line for line in jobctl('list').stdout.splitlines() if line.startswith('latest.Gate '))
        self.assertRegex(row, r'yes +SUCCESS \d+(s|min) ago')
        self.assertRegex(jobctl('show', 'latest.Gate').stdout, rf'Latest result: SUCCESS \d+(s|min) ago, {second}\n')
        result = jobctl_json('result', second)
        self.assertEqual(jobctl_json('show', 'latest.Gate')['latest_date'], result['date_created'])

    def test_none(self):
        self.assertEqual(latest('latest.Never'), [None] * 2)
        self.assertIn('Latest result: -\n', jobctl('show', 'latest.Never').stdout)

    def test_only_what_one_may_view(self):
        """alice may view jobs and her own results, bob all results; a rule takes some from him."""
        mine = jobctl_json('run', 'latest.Quick', user='alice')['id']
        for user in 'alice', 'bob', None:
            self.assertEqual(latest('latest.Quick', user), [(mine, 'SUCCESS')] * 2, user)
        other = jobctl_json('run', 'latest.Quick', user='carol')['id']
        self.assertEqual(latest('latest.Quick', 'bob'), [(other, 'SUCCESS')] * 2)
        self.assertEqual(latest('latest.Quick', 'alice'), [None, (mine, 'SUCCESS')])
        with polkit_rules('''polkit.addRule(function(action, subject) {
                                 if (action.id == "org.jobd1.view-jobresult" && subject.user == "bob" &&
                                     action.lookup("class_path") == "latest.Quick")
                                     return polkit.Result.NO;
                             });'''):
            self.assertEqual(latest('latest.Quick', 'bob')[0], None)
            self.assertEqual(latest('latest.Quick', 'carol')[0], (other, 'SUCCESS'))

    def test_more_than_one_call_asks_polkit_about(self):
        first = jobctl_json('run', 'many.J000', user='alice')['id']
        run('systemctl stop jobd.service')
        with sqlite3.connect('/var/lib/jobd/jobd.db') as store:
            columns = [row[1] for row in store.execute('PRAGMA table_info(job_result)')
                       if row[1] not in ('seq', 'id', 'job_id')]
            names = ', '.join(columns)
            ids = {path: job_id for job_id, path in store.execute("SELECT id, module_name || '.' || job_class_name"
                                                                  " FROM job WHERE module_name = 'many'")}
            for path, job_id in ids.items():
                if path != 'many.J000':
                    store.execute(f'INSERT INTO job_result (id, job_id, {names}) SELECT ?, ?, {names} FROM job_result'
                                  ' WHERE id = ?', (str(uuid.uuid4()), job_id, first))
        store.close()
        with RawBus('bob') as bus:
            found, more, pages = {}, True, 0
            while more:
                page, more = bus.call(*MANAGER, 'ListJobs', 'a{sv}', {
                    'limit': ('u', 1000), 'offset': ('u', len(found)), 'module_name': ('s', 'many'),
                    'latest_result': ('b', True)}).body
                found.update({properties['ClassPath']: properties['LatestStatus'] for _, properties in page})
                pages += 1
                self.assertLess(pages, 10)      # each goes on
        self.assertEqual(found, {f'many.J{i:03}': 'SUCCESS' for i in range(MANY)})
        self.assertGreater(pages, 1)
        self.assertEqual(len(jobctl_json('list', '--module=many', user='bob')), MANY)

    def test_not_without_being_asked_for(self):
        with RawBus() as bus:
            jobs, _ = bus.call(*MANAGER, 'ListJobs', 'a{sv}', {'module_name': ('s', 'latest')}).body
        self.assertNotIn('LatestResult', jobs[0][1])
        self.assertNotIn('latest_result', jobctl_json('enable', 'latest.Quick')[0])


class Results(JobdTestCase):
    def test_of_a_job_that_is_not_there(self):
        for arguments in ['--job=no.Such'], ['--json', '--job=no.Such']:
            self.assertFails(['jobctl', 'results', *arguments], "there is no job 'no.Such'", status=4)
        self.assertEqual(jobctl('results', '--job=latest.Never').stdout, 'No job results.\n')
        self.assertEqual(jobctl_json('results', '--job=latest.Never', user='alice'), [])

    def test_of_what_is_not_there(self):
        """A misspelt name is told from a list that is empty."""
        for name, text in (('--job', 'there is no job'), ('--queue', 'there is no job queue'),
                           ('--user', 'there is no user')):
            for verb in ('results',), ('--json', 'results'), ('cancel', '--all'):
                self.assertFails(['jobctl', *verb, f'{name}=nosuch'], f"{text} 'nosuch'", status=4)
            if name != '--queue':
                for verb in 'schedules', 'approvals':
                    self.assertFails(['jobctl', verb, f'{name}=nosuch'], f"{text} 'nosuch'", status=4)
        for empty in ('--job=latest.Never', '--queue=default'), ('--user=dave',), ('--user=4000000000',):
            self.assertEqual(jobctl('results', *empty).stdout, 'No job results.\n')
        self.assertEqual(jobctl('results', '--queue=default', '--status=REVOKED', user='alice').stdout,
                         'No job results.\n')

    def test_sum_by_grouping(self):
        result_id = jobctl_json('run', 'latest.Logs', user='alice')['id']
        zeros = dict.fromkeys(['debug', 'info', 'success', 'warning', 'failure', 'error', 'critical'], 0)
        expected = {'network': {**zeros, 'info': 1, 'failure': 1}, '': {**zeros, 'warning': 1},
                    'disk': {**zeros, 'debug': 1}}
        for user in None, 'alice':
            self.assertEqual(jobctl_json('result', result_id, user=user)['log_counts_by_grouping'], expected)
        shown = jobctl('result', result_id).stdout
        self.assertIn('Log entries: 1 debug, 1 info, 1 warning, 1 failure\n', shown)
        self.assertIn(' network: 0 debug, 1 info, 0 success, 0 warning, 1 failure, 0 error, 0 critical\n', shown)
        self.assertIn(' (no grouping): 0 debug, 0 info, 0 success, 1 warning, 0 failure, 0 error, 0 critical\n', shown)

        # others may not be permitted to read the log, and need not be denied it for looking at the record
        self.assertIsNone(jobctl_json('result', result_id, user='bob')['log_counts_by_grouping'])
        status, shown = dialogue(['jobctl', 'result', result_id], user='bob')
        self.assertEqual(status, 0, shown)
        self.assertIn('1 debug, 1 info, 1 warning, 1 failure', shown)
        self.assertNotIn('network', shown)
        self.assertEqual(journal('JOB_CALLER=bob', 'JOB_ACTION=org.jobd1.view-joblog'), [])

    def test_nothing_logged(self):
        result_id = jobctl_json('run', 'latest.Quiet')['id']
        self.assertEqual(jobctl_json('result', result_id)['log_counts_by_grouping'], {})
        self.assertNotIn('Log entries', jobctl('result', result_id).stdout)


class Progress(JobdTestCase):
    LINE = re.compile(r'\r 45% \[#########           \] (.*?)\x1b\[K')

    def watch(self, *arguments, env=None):
        """The run waits until its progress has been seen, writes a line, and waits until both were seen."""
        steps = [('Running job', '\n'), ('a line', '\n')] if env else [('45%', '\n'), ('a line', None), ('45%', '\n')]
        status, shown = dialogue(
            ['sh', '-c', f"""
                stty -echo      # of what is typed, which would come between the lines
                (for gate in {' '.join(GATE_FILES)}; do read x < /dev/tty; echo > "$gate"; done) &
                jobctl run "$@"; status=$?; wait; exit $status
             """, 'sh', 'latest.Progress', *arguments], *steps, env=env or {'TERM': 'xterm'})
        self.assertEqual(status, 0, shown)
        return shown

    def test_one_line_below_the_log(self):
        shown = self.watch()
        lines = self.LINE.findall(shown)
        self.assertGreaterEqual(len(lines), 2, shown)   # shown, taken away for the line of the log, and shown again
        self.assertEqual(set(lines), {'reading'})
        at = shown.index('a line')
        before, after = shown[:at], shown[at:]
        self.assertLess(before.rindex('45%'), before.rindex('\r\x1b[K'))     # nothing of it is left in the log's line
        self.assertIn('45%', after)
        self.assertLess(after.rindex('45%'), after.rindex('\r\x1b[K'))       # nor in those of the end
        self.assertIn('SUCCESS', after)

    def test_hostile_text(self):
        shown = self.watch('--var', 'text=a\tb ' + 'é漢' * 100)
        lines = self.LINE.findall(shown)
        self.assertTrue(lines, shown)
        self.assertTrue(all(line.startswith('a\\x09b é漢é漢') for line in lines), lines)
        self.assertTrue(all(len(line) < 60 for line in lines), lines)      # of 80 columns

    def test_not_on_a_dumb_terminal(self):
        self.assertNotIn('45%', self.watch(env={'TERM': 'dumb'}))

    def test_not_elsewhere(self):
        for arguments in [], ['--json']:
            with self.subTest(arguments=arguments):
                install_job('latest.Short', '[Service]\nExecStart=jobd-job progress 45 x\n')
                jobctl('refresh')
                jobctl('enable', 'latest.Short')
                done = jobctl(*arguments, 'run', 'latest.Short', env={'TERM': 'xterm'})
                self.assertNotIn('45%', done.stdout + done.stderr)


if __name__ == '__main__':
    unittest.main()
