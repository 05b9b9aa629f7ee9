# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""jobctl run --at and its like, jobctl schedules, jobctl schedule: as people and scripts see scheduled jobs."""
import datetime
import json
import select
import unittest

from classes import wait_end
from harness import JobdTestCase, dialogue, install_job, jobctl, jobctl_json, run, start

UTC = datetime.timezone.utc
JOBS = {
    'later.Echo': '[Job]\nTaskQueues=default slow\n[Variable text]\nDefault=hello\n'
                  '[Service]\nExecStart=echo ${JOB_VAR_text}\n',
    'later.Dry': '[Variable dryrun]\nType=dryrun\n[Service]\nExecStart=echo dry ${JOB_VAR_dryrun}\n',
    'later.Fails': '[Service]\nExecStart=false\n',
}


def setUpModule():
    for class_path, text in JOBS.items():
        install_job(class_path, text)
    jobctl('refresh')
    jobctl('enable', *JOBS)


def moment(text):
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00'))


def schedule(name, user=None):
    [found] = jobctl_json('schedule', 'show', name, user=user)
    return found


def systemd_timestamp(text, zone='UTC'):
    line = run(['systemd-analyze', 'timestamp', text], env={'TZ': zone}).stdout
    return datetime.datetime.fromtimestamp(float(line.split('UNIX seconds: @')[1].split()[0]), UTC)


class Schedules(JobdTestCase):
    def create(self, name, *options, job='later.Echo', user='alice'):
        created = jobctl_json('run', '--name', name, *options, job, user=user)
        self.addCleanup(jobctl, 'schedule', 'delete', '-q', created['id'], check=False)
        return created

    def refused(self, *args, user='alice', status=4):
        done = jobctl(*args, user=user, check=False)
        self.assertEqual((done.returncode, done.stdout), (status, ''), done.stderr)
        return done.stderr

    def test_at_a_time(self):
        done = jobctl('run', '--at', '2031-12-01 08:00', '--name', 'new year', 'later.Echo', user='alice')
        self.assertRegex(done.stdout, r'^new year, scheduled job [0-9a-f-]{36}: runs Mon 2031-12-01 08:00:00 UTC '
                                      r'\(in \d+d\)\.\n$')
        made = schedule('new year')
        self.assertEqual({key: made[key] for key in ('name', 'interval', 'one_off', 'start_time', 'next_run_at', 'state',
                                                     'enabled', 'user', 'task', 'task_queue', 'time_zone', 'missed',
                                                     'total_run_count', 'last_run_at', 'last_result', 'kwargs')},
                         {'name': 'new year', 'interval': 'future', 'one_off': True,
                          'start_time': '2031-12-01T08:00:00.000000Z', 'next_run_at': '2031-12-01T08:00:00.000000Z',
                          'state': 'active', 'enabled': True, 'user': 'alice', 'task': 'later.Echo',
                          'task_queue': 'default', 'time_zone': 'Etc/UTC', 'missed': 'last', 'total_run_count': 0,
                          'last_run_at': None, 'last_result': None, 'kwargs': {'text': 'hello'}})
        self.assertEqual(schedule(made['id']), made)
        self.assertEqual(schedule(made['id'][:8]), made)
        jobctl('schedule', 'delete', 'new year', user='alice')

    def test_only_the_id(self):
        made = jobctl('run', '--no-wait', '--at=+1d', '--name=quiet', 'later.Echo', user='alice').stdout.strip()
        self.assertEqual(schedule('quiet')['id'], made)
        jobctl('schedule', 'delete', made)
        self.assertEqual(jobctl('run', '-q', '--at=+1d', '--name=quiet', 'later.Echo', user='alice').stdout, '')
        jobctl('schedule', 'delete', 'quiet')

    def test_times_are_those_of_systemd(self):
        for number, text in enumerate(('+2h', '2031-01-01', '2031-07-01 12:30:15', 'tomorrow', '@1956528000',
                                       'Wed 2031-01-01 10:00', '2h left')):
            made = self.create(f'time {number}', '--at', text)
            difference = moment(made['start_time']) - systemd_timestamp(text)
            self.assertLess(abs(difference), datetime.timedelta(seconds=30), text)
        made = self.create('there', '--at', '2031-07-01 12:30', '--time-zone', 'Europe/Berlin')
        self.assertEqual(made['start_time'], '2031-07-01T10:30:00.000000Z')

    def test_recurring(self):
        made = self.create('nightly', '--interval=daily', '--at=2031-07-01 03:30', '--time-zone=Europe/Berlin',
                           '--missed=all', '--queue=slow', '--var=text=night')
        self.assertEqual((made['interval'], made['start_time'], made['next_run_at'], made['missed'], made['task_queue'],
                          made['kwargs'], made['one_off']),
                         ('daily', '2031-07-01T01:30:00.000000Z', '2031-07-01T01:30:00.000000Z', 'all', 'slow',
                          {'text': 'night'}, False))
        self.assertRegex(jobctl('schedules').stdout, r'(?m)^nightly +active +2031-07-01 01:30:00 +daily at 03:30 Europe/Berlin +- +0 '
                                                     r'+alice +later\.Echo$')
        self.assertEqual(self.create('m', '--interval=weekly', '--at=2031-07-01 03:30')['interval'], 'weekly')
        made = self.create('monday', '--crontab=30 4 * * 1')
        self.assertEqual((made['interval'], made['crontab']), ('custom', '30 4 * * 1'))
        self.assertEqual((moment(made['next_run_at']).weekday(), made['next_run_at'][10:19]), (0, 'T04:30:00'))
        self.assertIn('crontab 30 4 * * 1', jobctl('schedules').stdout)

    def test_first_run_of_a_relative_start(self):
        """The reference takes hour and minute from the start, so that one within a minute would leave out the first."""
        made = self.create('from now on', '--interval=hourly', '--at=+1h')
        self.assertEqual(moment(made['start_time']).second, 0)
        self.assertEqual(made['next_run_at'], made['start_time'])

    def test_list(self):
        self.create('b second', '--at=2031-01-02')
        self.create('a first', '--at=2031-01-01', job='later.Dry')
        names = [entry['name'] for entry in jobctl_json('schedules')]
        self.assertLess(names.index('a first'), names.index('b second'))
        self.assertEqual([entry['name'] for entry in jobctl_json('schedules', '--job=later.Dry')], ['a first'])
        self.assertEqual(jobctl_json('schedules', '--user=bob'), [])
        jobctl('schedule', 'pause', 'a first', user='alice')
        self.assertEqual([entry['name'] for entry in jobctl_json('schedules', '--state=PAUSED')], ['a first'])
        jobctl('schedule', 'cancel', 'a first', user='alice')
        self.assertNotIn('a first', jobctl('schedules').stdout)
        self.assertIn('a first', jobctl('schedules', '--all').stdout)
        self.assertEqual(jobctl('schedules', '--user=bob').stdout, 'No scheduled jobs.\n')
        self.assertEqual(jobctl('schedules', '--user=bob', '--no-legend').stdout, '')
        self.assertIn('none.Such', self.refused('schedules', '--job=none.Such'))
        self.assertIn('not a number from 1', self.refused('schedules', '-n', '0', status=2))

    def test_pause_and_resume(self):
        self.create('stop and go', '--at=2031-01-01')
        self.assertEqual(jobctl('schedule', 'pause', 'stop and go', user='alice').stdout,
                         'stop and go: paused.\n')
        self.assertEqual((schedule('stop and go')['state'], schedule('stop and go')['next_run_at']), ('paused', None))
        self.assertRegex(jobctl('schedule', 'resume', 'stop and go', user='alice').stdout,
                         r'^stop and go: resumed; runs Wed 2031-01-01 00:00:00 UTC \(in \d+d\)\.\n$')
        [answer] = jobctl_json('schedule', 'pause', 'stop and go', user='alice')
        self.assertEqual(answer, schedule('stop and go'))

    def test_update(self):
        self.create('old', '--at=2031-01-01', '--time-zone=Asia/Kolkata')
        # in its own zone, and its interval stays
        self.assertIn('old: updated;', jobctl('schedule', 'update', 'old', '--at=2032-01-01 05:30', user='alice').stdout)
        self.assertEqual((schedule('old')['start_time'], schedule('old')['interval']),
                         ('2032-01-01T00:00:00.000000Z', 'future'))
        jobctl('schedule', 'update', 'old', '--name=new', '--crontab=0 3 * * *', '--missed=none', '--queue=slow',
               '--data={"text": "first"}', user='alice')
        self.assertEqual(schedule('new')['kwargs'], {'text': 'first'})
        self.assertIn('new: updated;', jobctl('schedule', 'update', 'new', '--var=text=changed', user='alice').stdout)
        now = schedule('new')
        self.assertEqual((now['interval'], now['crontab'], now['missed'], now['task_queue'], now['kwargs'],
                          now['time_zone']),
                         ('custom', '0 3 * * *', 'none', 'slow', {'text': 'changed'}, 'Asia/Kolkata'))
        self.assertEqual(now['next_run_at'][10:19], 'T21:30:00')
        self.assertIn('schedule update', self.refused('schedule', 'pause', 'new', '--var=text=no', status=2))
        self.assertIn('say what is to be changed', self.refused('schedule', 'update', 'new', status=2))
        self.assertIn('schedule update', self.refused('schedule', 'pause', 'new', '--at=+1h', status=2))
        self.assertIn('crontab', self.refused('schedule', 'update', 'new', '--crontab=0 3 * *'))
        self.assertIn('text', self.refused('schedule', 'update', 'new', '--data={"text": 5}'))
        self.assertEqual(schedule('new'), now)

    def test_run_now(self):
        self.create('twice', '--at=2031-01-01', '--var=text=now')
        done = jobctl('schedule', 'run', 'twice', user='alice')
        self.assertIn('now', done.stdout)
        self.assertIn('SUCCESS', done.stderr)
        result = jobctl('schedule', 'run', '--no-wait', 'twice', user='alice').stdout.strip()
        wait_end(result)
        made = schedule('twice')
        self.assertOutcome(result, 'SUCCESS', task_kwargs={'text': 'now'}, scheduled_job=made['id'])
        self.assertRegex(jobctl('result', result, user='alice').stdout, f'(?m)^ *Scheduled job: {made["id"]}\n *Due: ')
        self.assertEqual(made['state'], 'active')
        self.create('wrong', '--at=2031-01-01', job='later.Fails')
        self.assertEqual(jobctl('schedule', 'run', '-q', 'wrong', user='alice', check=False).returncode, 1)

    def test_take_over(self):
        self.create('handed on', '--at=2031-01-01')
        self.assertIn('handed on: taken over;', jobctl('schedule', 'take-over', 'handed on', user='carol').stdout)
        self.assertEqual(schedule('handed on')['user'], 'carol')

    def test_delete_asks(self):
        self.create('doubtful', '--at=2031-01-01')
        status, shown = dialogue(['jobctl', 'schedule', 'delete', 'doubtful'], ('[y/N]', 'n\n'), user='alice')
        self.assertEqual(status, 4)
        self.assertIn('doubtful was not deleted', shown)
        self.assertEqual(schedule('doubtful')['state'], 'active')
        status, shown = dialogue(['jobctl', 'schedule', 'delete', 'doubtful'], ('[y/N]', 'y\n'), user='alice')
        self.assertEqual(status, 0, shown)
        self.assertIn('doubtful', self.refused('schedule', 'show', 'doubtful'))

    def test_show_can_be_left_out(self):
        self.create('short', '--at=2031-01-01')
        self.assertEqual(jobctl('schedule', 'short').stdout, jobctl('schedule', 'show', 'short').stdout)
        self.assertIn("there is no scheduled job 'nothing'", self.refused('schedule', 'nothing', user='carol'))
        self.assertIn('schedule pause: say which', self.refused('schedule', 'pause', status=2))
        self.assertIn('missing: jobctl schedule [ACTION] NAME...', self.refused('schedule', status=2))
        self.assertIn('there is no action "stop"', self.refused('schedule', 'stop', 'short', status=2))
        jobctl('schedule', 'cancel', 'short')
        self.assertIn('can only be looked at and deleted', self.refused('schedule', 'run', 'short'))

    def test_several_at_once(self):
        self.create('one', '--at=2031-01-01')
        self.create('two', '--at=2031-01-01')
        done = jobctl('schedule', 'pause', 'one', 'none', 'two', user='alice', check=False)
        self.assertEqual((done.returncode, done.stdout), (4, 'one: paused.\ntwo: paused.\n'))
        self.assertIn('none', done.stderr)

    def test_command_line_is_checked(self):
        for args, text in ((('--at=tomorow',), '"tomorow" is not a time'),
                           (('--at=2020-01-01',), 'which is over'),
                           (('--at=+1h', '--time-zone=Mars/Base'), 'there is no time zone "Mars/Base"')):
            self.assertIn(text, self.refused('run', *args, 'later.Echo', status=2))
        for args, text in ((('--at=+1h',), 'Please provide a name for the job schedule.'),
                           (('--name=n', '--interval=daily'), 'Please enter a valid date and time'),
                           (('--name=n', '--interval=custom'), 'Please enter a valid crontab.'),
                           (('--name=n', '--crontab=61 * * * *'), 'the minute "61" is not valid'),
                           (('--name=n', '--interval=yearly', '--at=+1h'), '"yearly" is not a valid choice'),
                           (('--name=n', '--at=+1h', '--missed=some'), '"some" is not a valid choice'),
                           (('--name=n', '--at=+1s'), 'Please enter a valid date and time')):
            error = self.refused('run', *args, 'later.Echo')
            self.assertIn(text, error)
            self.assertNotIn('{', error)
        self.assertIn('there is no action "stop"', self.refused('schedule', 'stop', 'x', status=2))
        self.assertIn('schedule show: say which', self.refused('schedule', 'show', status=2))
        self.assertIn('one argument too many', self.refused('schedule', 'run', 'x', 'y', status=2))

    def test_dry_run_and_username(self):
        self.assertIn('dry true', jobctl('run', '--dry-run', 'later.Dry', user='alice').stdout)
        self.assertIn('dryrun', self.refused('run', '--dry-run', 'later.Echo'))
        done = jobctl('run', '--no-wait', '-u', 'alice', 'later.Echo', user='carol').stdout.strip()
        self.assertEqual((jobctl_json('result', done)['user'], jobctl_json('result', done)['requested_by']),
                         ('alice', 'carol'))

    def test_monitor(self):
        with start(['jobctl', 'monitor', '--json'], user='alice') as process:
            self.addCleanup(process.kill)
            # Who listens is known to the bus only: something is done again until it is seen
            made = self.create('seen', '--at=2031-01-01')
            poll = select.poll()
            poll.register(process.stdout, select.POLLIN)
            while not poll.poll(100):
                jobctl('schedule', 'pause', 'seen')
                jobctl('schedule', 'resume', 'seen')
            event = json.loads(process.stdout.readline())
            self.assertEqual((event['event'], event['scheduled_job']['id']), ('scheduled_job', made['id']))
            jobctl('schedule', 'delete', 'seen')
            while event['event'] != 'scheduled_job_removed':
                event = json.loads(process.stdout.readline())
            self.assertIn(made['id'].replace('-', ''), event['object'])
            process.kill()

    def complete(self, *words):
        """What bash offers for the last word."""
        return run(['bash', '-c', 'source /usr/share/bash-completion/completions/jobctl; COMP_WORDS=("$@"); '
                    'COMP_CWORD=$(($# - 1)); _jobctl; printf "%s\\n" "${COMPREPLY[@]}"', 'bash', 'jobctl', *words],
                   user='alice').stdout.split()

    def test_completion(self):
        self.create('plain-name', '--at=2031-01-01')
        made = self.create('with a blank', '--at=2031-01-01')
        self.assertEqual(self.complete('schedule', 'pa'), ['pause'])
        self.assertEqual(self.complete('schedule', 'plain'), ['plain-name'])    # of which all is shown
        self.assertEqual(self.complete('schedule', 'update', 'plain-name', '--var', ''), ['text='])
        self.assertEqual(self.complete('schedule', 'pause', 'pl'), ['plain-name'])
        self.assertIn(made['id'], self.complete('schedule', 'pause', ''))
        self.assertEqual(self.complete('run', '--interval', 'w'), ['weekly'])
        self.assertEqual(self.complete('run', '--time-zone', 'Europe/Berl'), ['Europe/Berlin'])
        self.assertEqual(self.complete('run', '--at', '+2h', 'later.E'), ['later.Echo'])
        self.assertEqual(self.complete('schedules', '--state', 'act'), ['active'])
        self.assertIn('slow', self.complete('queue', 'show', ''))
        self.assertEqual(self.complete('queue', 'set', 'slow', 'max_r'), ['max_running='])

    def test_names_cannot_drive_the_terminal(self):
        self.create('caf\u00e9', '--at=2031-01-01')
        self.assertIn('caf\u00e9 ', jobctl('schedules').stdout)
        for name in ('a\u202eb', 'a\x1b[31mb', 'a\nb'):
            self.assertIn('name of one line', self.refused('run', '--at=2031-01-01', '--name', name, 'later.Echo'))


if __name__ == '__main__':
    unittest.main()
