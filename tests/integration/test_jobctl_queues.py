# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""jobctl queues, jobctl queue: as people and scripts see job queues."""
import unittest

from classes import GATE, open_gate, start_run, wait_end, wait_started
from harness import JobdTestCase, dialogue, install_job, jobctl, jobctl_json, unit_properties


def setUpModule():
    install_job('queue.Gate', '[Job]\nTaskQueues=narrow\n' + GATE)
    jobctl('refresh')
    jobctl('enable', 'queue.Gate')


def queue(name):
    return jobctl_json('queue', 'show', name)


class Queues(JobdTestCase):
    def refused(self, *args, user='carol', status=4):
        done = jobctl(*args, user=user, check=False)
        self.assertEqual((done.returncode, done.stdout), (status, ''), done.stderr)
        return done.stderr

    def test_from_beginning_to_end(self):
        self.assertEqual(jobctl('queue', 'create', 'bulk', 'description=At night', 'max_running=2', 'CPUWeight=20',
                                user='carol').stdout, 'bulk: created.\n')
        made = queue('bulk')
        self.assertEqual({key: made[key] for key in ('name', 'description', 'enabled', 'default', 'max_running',
                                                     'max_pending', 'weight', 'priority', 'when_unavailable', 'resources',
                                                     'running', 'waiting', 'slice')},
                         {'name': 'bulk', 'description': 'At night', 'enabled': True, 'default': False, 'max_running': 2,
                          'max_pending': 0, 'weight': 100, 'priority': 0, 'when_unavailable': 'wait',
                          'resources': {'CPUWeight': '20'}, 'running': 0, 'waiting': 0, 'slice': made['slice']})
        self.assertEqual(queue(made['id']), made)

        self.assertEqual(jobctl('queue', 'set', 'bulk', 'max_running=3', 'priority=-5', 'enabled=no',
                                'when_unavailable=refuse', 'MemoryMax=64M', 'CPUWeight=', user='carol').stdout,
                         'bulk: set.\n')
        now = queue('bulk')
        self.assertEqual((now['max_running'], now['priority'], now['enabled'], now['when_unavailable'],
                          now['resources'], now['description']),
                         (3, -5, False, 'refuse', {'MemoryMax': '64M'}, 'At night'))

        self.assertEqual(jobctl('queue', 'delete', 'bulk', user='carol').stdout, 'bulk: deleted.\n')
        self.assertIn("there is no job queue 'bulk'", self.refused('queue', 'show', 'bulk'))

    def test_list(self):
        shown = jobctl('queues', user='alice').stdout
        self.assertRegex(shown.splitlines()[0], r'^NAME +ENABLED +RUNNING +MAX +WAITING +MAX PENDING +WEIGHT +PRIORITY')
        self.assertRegex(shown, r'(?m)^narrow +yes +\d+ +- +\d+ +- +100 +0 +-$')
        self.assertNotIn('NAME', jobctl('queues', '--no-legend').stdout)
        self.assertIn('narrow', [entry['name'] for entry in jobctl_json('queues')])
        self.assertEqual([entry['default'] for entry in jobctl_json('queues')].count(True), 1)

    def test_running_and_waiting_are_counted(self):
        jobctl('queue', 'set', 'narrow', 'max_running=1', user='carol')
        self.addCleanup(jobctl, 'queue', 'set', 'narrow', 'max_running=0')
        first, second = start_run('queue.Gate'), start_run('queue.Gate')
        wait_started(first)
        self.assertRegex(jobctl('queues').stdout, r'(?m)^narrow +yes +1 +1 +1 +- ')
        third = start_run('queue.Gate')
        shown = jobctl('queue', 'narrow').stdout.split('ID  ')[-1]
        self.assertRegex(shown, rf'(?s){first} +STARTED +queue.Gate +alice +for .*{second} +PENDING +queue.Gate +alice +'
                                rf'1st of 2 in job queue narrow: .*{third} +PENDING +queue.Gate +alice +2nd of 2 in ')
        jobctl('cancel', third)
        self.assertEqual(unit_properties(f'jobd-run-{first}.service')['Slice'], queue('narrow')['slice'])
        self.assertIn('narrow', self.refused('queue', 'delete', 'narrow'))
        for run_id in (first, second):
            wait_started(run_id)
            open_gate(run_id)
            wait_end(run_id)
        self.assertEqual((queue('narrow')['running'], queue('narrow')['waiting']), (0, 0))

    def test_refused(self):
        for args, text in ((('queue', 'set', 'narrow', 'max_running=-1'), 'max_running=-1: it is a number from 0'),
                           (('queue', 'set', 'narrow', 'max_running=4294967296'), 'it is a number from 0'),
                           (('queue', 'set', 'narrow', 'priority=high'), 'priority=high: it is a number'),
                           (('queue', 'set', 'narrow', 'enabled=maybe'), 'enabled=maybe: it is yes or no'),
                           (('queue', 'set', 'narrow', 'colour=red'), 'there is no property "colour"'),
                           (('queue', 'set', 'narrow', 'max_running'), 'not of the form PROPERTY=VALUE'),
                           (('queue', 'set', 'narrow'), 'say what is to be set'),
                           (('queue', 'show', 'narrow', 'other'), 'one argument too many'),
                           (('queue', 'paint', 'narrow'), 'there is no action "paint"'),
                           (('queue', 'show'), 'say which: jobctl queue show NAME'),
                           (('queue', 'set'), 'say which: jobctl queue set NAME PROPERTY=VALUE...'),
                           (('queue',), 'something is missing: jobctl queue [ACTION] NAME')):
            self.assertIn(text, self.refused(*args, status=2))
        for args, text in ((('queue', 'set', 'narrow', 'weight=0'), 'weight'),
                           (('queue', 'set', 'narrow', 'Colour=red'), 'Colour'),
                           (('queue', 'set', 'narrow', 'MemoryMax=much'), 'MemoryMax'),
                           (('queue', 'set', 'none-such', 'weight=5'), 'none-such'),
                           (('queue', 'create', 'narrow'), 'narrow'),
                           (('queue', 'create', 'a/b'), 'a/b'),
                           (('queue', 'delete', 'default'), 'default')):
            self.assertIn(text, self.refused(*args))
        for args in (('create', 'mine'), ('set', 'narrow', 'weight=5'), ('delete', 'narrow')):
            self.assertIn('not', self.refused('--no-ask-password', 'queue', *args, user='alice'))
        self.assertEqual(queue('narrow')['weight'], 100)

    def test_colours_are_for_terminals(self):
        xterm = {'TERM': 'xterm'}
        for env, coloured in (xterm, True), ({**xterm, 'NO_COLOR': '1'}, False), ({'TERM': 'dumb'}, False):
            status, shown = dialogue(['jobctl', 'queues'], user='carol', env=env)
            self.assertEqual((status, '\x1b[' in shown), (0, coloured), env)
        self.assertNotIn('\x1b', jobctl('queues', env=xterm).stdout)
        self.assertNotIn('\x1b', dialogue(['jobctl', '--json', 'queues'], user='carol', env=xterm)[1])

    def test_asks_before_it_deletes(self):
        jobctl('queue', 'create', 'doubtful')
        status, shown = dialogue(['jobctl', 'queue', 'delete', 'doubtful'], ('[y/N]', 'n\n'), user='carol')
        self.assertEqual(status, 4)
        self.assertIn('nothing was deleted', shown)
        self.assertEqual(queue('doubtful')['name'], 'doubtful')
        status, shown = dialogue(['jobctl', 'queue', 'delete', 'doubtful'], ('[y/N]', 'y\n'), user='carol')
        self.assertEqual(status, 0, shown)


if __name__ == '__main__':
    unittest.main()
