# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""What was acknowledged is never lost and nothing runs twice, whenever the daemon is killed; and a store that cannot be
used is told by name."""
import contextlib
import os
import random
import shutil
import signal
import sqlite3
import unittest

from harness import (JobdTestCase, install_job, jobctl, jobctl_json, journal, journal_cursor, journal_wait, kill_jobd,
                     main_pid, read_until, run, start, stopped, wait_exit)

STATE = '/var/lib/jobd'
TRACE = '/var/tmp/trace'    # each run appends its id here: what ran, and how often
UNIT_STARTED = 'MESSAGE_ID=39f53479d3a045ac8e11786248231fbf'
UNIT_FAILED = 'MESSAGE_ID=d9b373ed55a64feb8242e02dbe79a49c'

JOBS = {
    'kill.Quick': 'ExecStart=sh -c "echo $JOB_RESULT_ID >> /var/tmp/trace"',
    'kill.Fails': 'ExecStart=sh -c "echo $JOB_RESULT_ID >> /var/tmp/trace; exit 9"',
    'kill.Slow': 'ExecStart=sh -c "echo $JOB_RESULT_ID >> /var/tmp/trace; read line < /run/fifo"',
    'kill.SlowFails': 'ExecStart=sh -c "echo $JOB_RESULT_ID >> /var/tmp/trace; read line < /run/fifo2; exit 9"',
    'kill.Starting': 'ExecStartPre=sh -c "read line < /run/fifo"\n'
                     'ExecStart=sh -c "echo $JOB_RESULT_ID >> /var/tmp/trace"',
    'kill.Missing': 'ExecStart=/usr/bin/there-is-no-such-program',
    'kill.Wait': 'ExecStart=sh -c "echo $JOB_RESULT_ID >> /var/tmp/trace; while [ ! -e /run/go ]; do sleep 0.1; done"',
}


def setUpModule():
    for class_path, text in JOBS.items():
        install_job(class_path, f'[Service]\nUser=root\n{text}\n')
    install_job('kill.Secret', '[Variable word]\nType=string\nSensitive=yes\n[Service]\nUser=root\n'
                               'ExecStart=sh -c "echo $JOB_RESULT_ID >> /var/tmp/trace"\n')
    for name, text in (('Narrow', 'TaskQueues=narrow'), ('Wide', 'TaskQueues=wide'),
                       ('Alone', 'TaskQueues=wide\nSingleton=queue')):
        install_job(f'kill.{name}', f'[Job]\n{text}\n[Service]\nUser=root\n{JOBS["kill.Quick"]}\n')
    os.mkfifo('/run/fifo')
    os.mkfifo('/run/fifo2')
    jobctl('refresh')
    jobctl('enable', *JOBS, 'kill.Secret', 'kill.Narrow', 'kill.Wide', 'kill.Alone')


def ran(result_id):
    """How often the run's program ran."""
    with open(TRACE, encoding='utf-8') as file:
        return file.read().split().count(result_id)


def submit(class_path, *args):
    return jobctl('run', '--no-wait', class_path, *args).stdout.strip()


def unit_of(result_id):
    return f'UNIT=jobd-run-{result_id}.service'


def let_go(fifo='/run/fifo'):
    """Lets one job that reads the fifo go on."""
    with open(fifo, 'w', encoding='utf-8') as file:
        file.write('go\n')


def wait_end(result_id):
    """Activates jobd and follows the run to its end."""
    jobctl('logs', '-f', result_id)


class Kill(JobdTestCase):
    def setUp(self):
        open(TRACE, 'a', encoding='utf-8').close()
        self.cursor = journal_cursor()

    def ends_once(self, result_id, status, reason, times=1):
        wait_end(result_id)
        self.assertOutcome(result_id, status, reason=reason)
        self.assertEqual(ran(result_id), times, f'{result_id} ran so often')

    def test_while_running(self):
        result_id = submit('kill.Slow')
        journal_wait(unit_of(result_id), UNIT_STARTED, since=self.cursor)
        kill_jobd()
        let_go()
        self.ends_once(result_id, 'SUCCESS', 'success')

    def test_while_starting(self):
        result_id = submit('kill.Starting')
        journal_wait(unit_of(result_id), since=self.cursor, contains='Starting')
        kill_jobd()
        let_go()
        self.ends_once(result_id, 'SUCCESS', 'success')

    def test_just_ended(self):
        """The daemon stands still while the runs end, and is killed before it can look."""
        slow, fails = submit('kill.Slow'), submit('kill.SlowFails')
        for result_id in slow, fails:
            journal_wait(unit_of(result_id), UNIT_STARTED, since=self.cursor)
        pid = main_pid()
        os.kill(pid, signal.SIGSTOP)
        let_go()
        let_go('/run/fifo2')
        journal_wait(unit_of(fails), UNIT_FAILED, since=self.cursor)
        os.kill(pid, signal.SIGKILL)
        wait_exit(pid)
        self.ends_once(slow, 'SUCCESS', 'success')
        self.ends_once(fails, 'FAILURE', 'exit-code')

    def test_while_its_input_is_asked_for(self):
        """PID 1's starter waits for the input of a daemon that stands still, and gets it from the next one."""
        submit('kill.Quick')
        pid = main_pid()
        request = start(['jobctl', 'run', '--no-wait', 'kill.Quick'])
        result_id = request.communicate()[0].strip()
        os.kill(pid, signal.SIGSTOP)
        os.kill(pid, signal.SIGKILL)
        wait_exit(pid)
        self.ends_once(result_id, 'SUCCESS', 'success')

    def test_start_that_fails_while_away(self):
        result_id = submit('kill.Missing')
        kill_jobd()
        self.ends_once(result_id, 'FAILURE', 'start-failed', times=0)

    def test_while_pending(self):
        """One runs, the others wait; the daemon is killed; they run in their order, once each."""
        with open('/etc/jobd/jobd.conf', 'w', encoding='utf-8') as file:
            file.write('[Jobd]\nMaxRunning=1\n')
        kill_jobd()
        try:
            first = submit('kill.Slow')
            waiting = [submit('kill.Quick') for _ in range(5)]
            secret = submit('kill.Secret', '--var', 'word=hush')
            for result_id in waiting:
                self.assertOutcome(result_id, 'PENDING')
            kill_jobd()
            let_go()
            for result_id in [first, *waiting]:
                self.ends_once(result_id, 'SUCCESS', 'success')
            # its input was in memory only, and it says so
            self.ends_once(secret, 'FAILURE', 'input-lost', times=0)
            with open(TRACE, encoding='utf-8') as file:
                order = [line for line in file.read().split() if line in [first, *waiting]]
            self.assertEqual(order, [first, *waiting])
        finally:
            os.unlink('/etc/jobd/jobd.conf')
            kill_jobd()

    def test_cancelled_while_away(self):
        result_id = submit('kill.Slow')
        journal_wait(unit_of(result_id), UNIT_STARTED, since=self.cursor)
        pid = main_pid()
        cancel = start(['jobctl', 'cancel', result_id])
        cancel.communicate()
        os.kill(pid, signal.SIGKILL)
        wait_exit(pid)
        wait_end(result_id)
        self.assertOutcome(result_id, 'REVOKED', reason='revoked')

    def test_unit_gone_while_away(self):
        result_id = submit('kill.Slow')
        journal_wait(unit_of(result_id), UNIT_STARTED, since=self.cursor)
        pid = main_pid()
        os.kill(pid, signal.SIGSTOP)
        run(['systemctl', 'stop', f'jobd-run-{result_id}.service'])
        os.kill(pid, signal.SIGKILL)
        wait_exit(pid)
        self.ends_once(result_id, 'FAILURE', 'lost')

    def test_stopped_before_the_bus_could_tell(self):
        """As in a shutdown: PID 1 ends the runs, and then jobd, which the bus has not told yet what became of them."""
        runs = [submit('kill.Slow') for _ in range(8)]
        for result_id in runs:
            journal_wait(unit_of(result_id), UNIT_STARTED, since=self.cursor)
        jobd, bus = main_pid(), main_pid('dbus.service')
        os.kill(bus, signal.SIGSTOP)
        try:
            run(['systemctl', 'stop', *(f'jobd-run-{result_id}.service' for result_id in runs)])
            run(['systemctl', 'stop', '--no-block', 'jobd.service'])
            while run(['systemctl', 'show', '-P', 'StatusText', 'jobd.service']).stdout != 'Leaving.\n':
                pass
        finally:
            os.kill(bus, signal.SIGCONT)
        wait_exit(jobd)
        for result_id in runs:
            self.ends_once(result_id, 'REVOKED', 'stopped')

    def test_at_any_moment(self):
        """Requests while the daemon is killed over and over: what was acknowledged runs once, the rest not at all."""
        acknowledged, random_source = {}, random.Random(1)
        for _ in range(25):
            class_path = random_source.choice(['kill.Quick', 'kill.Fails'])
            requests = [(class_path, start(['jobctl', 'run', '--no-wait', class_path])) for _ in range(4)]
            # somewhere between the first byte of the request and the last of the outcome
            pause = start(['sleep', str(random_source.uniform(0, 0.06))])
            pause.communicate()
            run(['systemctl', 'kill', '--signal=KILL', '--kill-who=main', 'jobd.service'], check=False)
            for class_path, request in requests:
                answer = request.communicate()[0].strip()
                if request.returncode == 0:
                    acknowledged[answer] = class_path
        self.assertGreater(len(acknowledged), 20)
        kill_jobd()     # the last one may be dying still
        for result_id, class_path in acknowledged.items():
            if class_path == 'kill.Quick':
                self.ends_once(result_id, 'SUCCESS', 'success')
            else:
                self.ends_once(result_id, 'FAILURE', 'exit-code')
        with open(TRACE, encoding='utf-8') as file:
            lines = file.read().split()
        self.assertEqual(len(lines), len(set(lines)), 'something ran twice')
        self.assertEqual(run(['systemctl', 'list-units', '--all', '--no-legend', 'jobd-run-*']).stdout, '')

    def test_queues_and_singletons_at_any_moment(self):
        """The same with places in queues and singletons: all run once, and no place is left taken."""
        runs, random_source = [], random.Random(2)
        jobctl('queue', 'set', 'narrow', 'max_running=1')
        for _ in range(12):
            requests = [start(['jobctl', 'run', '--no-wait', class_path])
                        for class_path in ('kill.Narrow', 'kill.Alone', 'kill.Wide')]
            start(['sleep', str(random_source.uniform(0, 0.15))]).communicate()
            run(['systemctl', 'kill', '--signal=KILL', '--kill-who=main', 'jobd.service'], check=False)
            for request in requests:
                answer = request.communicate()[0].strip()
                if request.returncode == 0:
                    runs.append(answer)
        self.assertGreater(len(runs), 10)
        kill_jobd()     # the last one may be dying still
        for result_id in runs:
            self.ends_once(result_id, 'SUCCESS', 'success')
        for name in 'narrow', 'wide':
            queue = jobctl_json('queue', 'show', name)
            self.assertEqual((queue['running'], queue['waiting']), (0, 0))
        self.ends_once(submit('kill.Narrow'), 'SUCCESS', 'success')
        self.ends_once(submit('kill.Alone'), 'SUCCESS', 'success')

    def test_many_that_end_while_away(self):
        """More than the bus lets one client ask at a time: all are read right, and all are let go."""
        with open('/etc/jobd/jobd.conf', 'w', encoding='utf-8') as file:
            file.write('[Jobd]\nMaxRunning=200\n')
        kill_jobd()
        try:
            runs = []
            for _ in range(25):
                requests = [start(['jobctl', 'run', '--no-wait', 'kill.Wait']) for _ in range(8)]
                runs += [request.communicate()[0].strip() for request in requests]
            waiting = {f'jobd-run-{result_id}.service' for result_id in runs}

            def all_started(entry):
                waiting.discard(entry['UNIT'])
                return not waiting
            follow = start(['journalctl', '--follow', '--no-tail', '--output=json', UNIT_STARTED])
            read_until(follow, 'the start of all runs', all_started)
            kill_jobd()
            open('/run/go', 'w', encoding='utf-8').close()
            run('while pgrep -f "[/]run/go" > /run/pids; do tail --pid=$(head -n 1 /run/pids) -f /dev/null; done')
            for result in jobctl_json('results', '-n', '300'):
                if result['status'] == 'STARTED':
                    wait_end(result['id'])
            results = {result['id']: result for result in jobctl_json('results', '-n', '300')}
            self.assertEqual({results[result_id]['reason'] for result_id in runs}, {'success'})
            self.assertEqual({ran(result_id) for result_id in runs}, {1})
            with stopped('jobd.service'):
                run(['systemctl', 'stop', 'jobd.service'])
            self.assertEqual(run(['systemctl', 'list-units', '--all', '--no-legend', 'jobd-run-*']).stdout, '')
        finally:
            os.unlink('/etc/jobd/jobd.conf')
            kill_jobd()

    def test_reload_and_reexec_of_systemd_under_load(self):
        runs = []
        for command in ['daemon-reload', 'daemon-reexec'] * 3:
            requests = [start(['jobctl', 'run', '--no-wait', 'kill.Quick']) for _ in range(10)]
            run(['systemctl', command])
            runs += [request.communicate()[0].strip() for request in requests]
        for result_id in runs:
            wait_end(result_id)
            self.assertOutcome(result_id, 'SUCCESS', reason='success')
        self.assertEqual(run(['systemctl', 'list-units', '--all', '--no-legend', 'jobd-run-*']).stdout, '')

    def test_reboot(self):
        """A run of another boot is lost, and is not started again; one that never began is started."""
        result_id = submit('kill.Slow')
        journal_wait(unit_of(result_id), UNIT_STARTED, since=self.cursor)
        run(['systemctl', 'stop', 'jobd.service', 'jobd.socket', 'jobd-credentials.socket'])
        with sqlite3.connect(f'{STATE}/jobd.db') as db:
            db.execute("UPDATE job_result SET boot_id = 'another' WHERE id = ?", (result_id,))
        db.close()
        run(['systemctl', 'stop', f'jobd-run-{result_id}.service'])
        run(['systemctl', 'start', 'jobd.socket', 'jobd-credentials.socket'])
        wait_end(result_id)
        result = self.assertOutcome(result_id, 'FAILURE', reason='lost')
        self.assertIn('the host was restarted', result['message'])


class Store(JobdTestCase):
    """Each store that cannot be used gets a clear error by name, and the daemon works again once it is repaired."""

    def setUp(self):
        run(['systemctl', 'stop', 'jobd.service'])
        shutil.copytree(STATE, '/var/tmp/state', dirs_exist_ok=True)
        self.addCleanup(self.repair)

    def repair(self):
        run(['systemctl', 'stop', 'jobd.service'])
        run(['umount', STATE], check=False)
        shutil.rmtree(STATE, ignore_errors=True)
        shutil.copytree('/var/tmp/state', STATE)
        os.chmod(STATE, 0o700)
        self.assertIn('kill.Quick', jobctl('list').stdout)

    def refused(self, *texts):
        self.assertFails(['jobctl', 'list'], 'out of order', *texts, status=4)
        self.assertFails(['jobctl', 'run', 'kill.Quick'], *texts, status=4)
        answer = run(['busctl', 'call', 'org.jobd1', '/org/jobd1', 'org.jobd1.Manager', 'ListJobs', 'a{sv}', '0'],
                     check=False)
        self.assertIn('out of order', answer.stderr)

    def test_from_the_future(self):
        db = sqlite3.connect(f'{STATE}/jobd.db')
        db.execute('PRAGMA user_version = 4711')
        db.close()
        self.refused('written by a newer jobd', '4711')

    def test_truncated(self):
        for name in 'jobd.db-wal', 'jobd.db-shm':
            if os.path.exists(f'{STATE}/{name}'):
                os.unlink(f'{STATE}/{name}')
        size = os.stat(f'{STATE}/jobd.db').st_size
        os.truncate(f'{STATE}/jobd.db', size - 4096)
        self.refused('/var/lib/jobd/jobd.db', 'not a whole one')

    def test_not_a_database(self):
        shutil.rmtree(STATE)
        os.mkdir(STATE, 0o700)
        with open(f'{STATE}/jobd.db', 'wb') as file:
            file.write(b'This is not a database. ' * 1000)
        self.refused('/var/lib/jobd/jobd.db', 'not a database')

    def test_directory_in_its_place(self):
        shutil.rmtree(STATE)
        os.mkdir(STATE, 0o700)
        os.mkdir(f'{STATE}/jobd.db')
        self.refused('/var/lib/jobd/jobd.db')

    def test_missing_state_directory_is_made(self):
        shutil.rmtree(STATE)
        self.assertIn('kill.Quick', jobctl('list').stdout)
        self.assertEqual(os.stat(STATE).st_mode & 0o777, 0o700)

    def test_no_room(self):
        """A full disk: requests are refused by name, nothing is half done, what runs ends with its true outcome."""
        run(['mount', '-t', 'tmpfs', '-o', 'size=8m,mode=700', 'tmpfs', STATE])
        shutil.copytree('/var/tmp/state', STATE, dirs_exist_ok=True)
        open(TRACE, 'a', encoding='utf-8').close()
        cursor = journal_cursor()
        running = submit('kill.Slow')
        journal_wait(unit_of(running), UNIT_STARTED, since=cursor)
        with open(f'{STATE}/filler', 'wb', buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b'x' * 512)
        refused = 0
        for _ in range(40):
            done = jobctl('run', '--no-wait', 'kill.Quick', '--json', check=False)
            if done.returncode:
                refused += 1
                self.assertIn('no room on the disk', done.stderr)
        self.assertGreater(refused, 0)
        self.assertFails(['jobctl', 'set', 'kill.Quick', 'grouping=' + 'x' * 200], 'no room on the disk', status=4)
        self.assertNotIn('xxx', jobctl('show', 'kill.Quick').stdout)
        cursor = journal_cursor()
        for i in range(40):
            install_job(f'late.Class{i}', '[Job]\nDescription=' + 'x' * 400 + '\n[Service]\nExecStart=true\n')
        self.assertFails(['jobctl', 'refresh'], 'no room on the disk', status=4)
        self.assertEqual(journal('JOB_CLASS_PATH=late.Class0', since=cursor) +
                         journal('MESSAGE_ID=29876bfb71a64622b2c4b56d3c9e2c00', since=cursor), [])
        shutil.rmtree('/etc/jobd/jobs/late')
        cursor = journal_cursor()
        let_go()
        journal_wait('_COMM=jobd', 'PRIORITY=3', since=cursor, contains='no room')
        os.unlink(f'{STATE}/filler')
        wait_end(running)
        self.assertOutcome(running, 'SUCCESS')


if __name__ == '__main__':
    unittest.main()
