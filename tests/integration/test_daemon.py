# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""The daemon's life: how it is started, where it answers, how it leaves, and that nobody notices."""
import os
import re
import select
import signal
import threading
import time
import unittest

from harness import (JobdTestCase, install_job, jobctl, jobctl_json, journal, journal_cursor, main_pid, run, stopped,
                     unit_properties, wait_exit)
from raw_bus import ALLOW_INTERACTIVE, DIRECT, ERROR, RETURN, RawBus
from rules import SilentAgent

MANAGER, JOB, RESULT = 'org.jobd1.Manager', 'org.jobd1.Job', 'org.jobd1.JobResult'
DROP_IN = '/run/systemd/system/jobd.service.d/50-test.conf'
ON_DIRECT = ['busctl', '--address=unix:path=' + DIRECT]
IDLE = 0.1      # seconds; the drop-in that setUp() of Idle writes
UNIT_STARTED = '39f53479d3a045ac8e11786248231fbf'


def setUpModule():
    for class_path, text in {'life.Quick': 'ExecStart=true', 'life.Slow': 'ExecStart=sleep 300',
                             'life.Secret': 'ExecStart=true\n[Variable word]\nType=string\nSensitive=yes'}.items():
        install_job(class_path, f'[Service]\n{text}\n')
    jobctl('refresh')
    jobctl('enable', 'life.Quick', 'life.Slow', 'life.Secret')


def configure(*lines):
    """Settings of jobd.service from now on; none: as installed."""
    os.makedirs(os.path.dirname(DROP_IN), exist_ok=True)
    with open(DROP_IN, 'w', encoding='utf-8') as file:
        file.write('\n'.join(['[Service]', *lines, '']))
    run(['systemctl', 'daemon-reload'])
    run(['systemctl', 'stop', 'jobd.service'])
    run(['systemctl', 'reset-failed', 'jobd.service'], check=False)


def busctl(*args, user=None, address=()):
    return run(['busctl', *address, *args], user=user, check=False)


class Start(JobdTestCase):
    def setUp(self):
        run(['systemctl', 'stop', 'jobd.service'])
        self.assertEqual(main_pid(), 0)

    def test_by_the_bus(self):
        done = busctl('get-property', 'org.jobd1', '/org/jobd1', MANAGER, 'Version', user='dave')
        self.assertRegex(done.stdout, r'^s "\d+\.')
        self.assertNotEqual(main_pid(), 0)

    def test_by_the_direct_socket(self):
        done = busctl('call', 'org.jobd1', '/org/jobd1', MANAGER, 'GetJob', 's', 'life.Quick', address=ON_DIRECT[1:])
        self.assertRegex(done.stdout, r'^o "/org/jobd1/job/')
        self.assertNotEqual(main_pid(), 0)

    def test_by_systemctl_and_only_then_ready(self):
        run(['systemctl', 'start', 'jobd.service'])
        unit = unit_properties('jobd.service')
        self.assertEqual((unit['ActiveState'], unit['Type'], unit['BusName'], unit['StatusText']),
                         ('active', 'notify', 'org.jobd1', 'Ready.'))

    def test_started_wrongly(self):
        done = run(['/usr/lib/jobd/jobd'], check=False, env={'STATE_DIRECTORY': '/var/tmp'})
        self.assertEqual(done.returncode, 1)
        self.assertEqual(run(['/usr/lib/jobd/jobd', '--version']).stdout.split()[0], 'jobd')
        self.assertIn('unknown argument', run(['/usr/lib/jobd/jobd', '--what'], check=False).stderr)


class Direct(JobdTestCase):
    def test_same_objects(self):
        result = jobctl('run', '--no-wait', 'life.Quick').stdout.strip()
        jobctl('logs', '-f', result)
        job = busctl('call', 'org.jobd1', '/org/jobd1', MANAGER, 'GetJob', 's', 'life.Quick').stdout.split('"')[1]
        for path in '/org/jobd1', job, '/org/jobd1/result/' + result.replace('-', ''):
            for command in ['introspect', '--xml-interface', 'org.jobd1', path], ['introspect', 'org.jobd1', path]:
                on_bus, direct = busctl(*command), busctl(*command, address=ON_DIRECT[1:])
                self.assertEqual(direct.returncode, 0, direct.stderr)
                # on the socket runs have an object too
                self.assertEqual(on_bus.stdout, re.sub(' *<node name="run"/>\n', '', direct.stdout))

    def test_changes_and_runs(self):
        with RawBus(None, DIRECT) as bus:
            bus_job = bus.call('/org/jobd1', MANAGER, 'GetJob', 's', 'life.Quick').body[0]
            self.assertIsNone(bus.call(bus_job, JOB, 'Disable').error)
            self.assertFalse(jobctl_json('show', 'life.Quick')['enabled'])
            self.assertIsNone(bus.call(bus_job, JOB, 'Enable').error)
            reply = bus.call('/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'life.Quick', '', {})
            result_path = reply.body[1]
            # signals need no subscription here
            bus.wait(lambda m: m.member == 'PropertiesChanged' and m.path == result_path and bus.call(
                result_path, 'org.freedesktop.DBus.Properties', 'Get', 'ss', RESULT, 'Status').body == ['SUCCESS'])

    def test_others_are_told_where_to_go(self):
        for user in 'dave', 'carol':
            with RawBus(user, DIRECT) as bus:
                reply = bus.call('/org/jobd1', MANAGER, 'GetJob', 's', 'life.Quick')
                self.assertEqual(reply.error, 'org.freedesktop.DBus.Error.AccessDenied')
                self.assertIn('use the system bus', reply.body[0])
                with self.assertRaises((EOFError, ConnectionError)):
                    bus.receive()

    def test_forged_sender(self):
        """Nobody is root by writing root's name on the bus, or systemd's, into the header."""
        with RawBus() as root:
            root.call('/org/jobd1', MANAGER, 'GetJob', 's', 'life.Quick')   # so that jobd knows it
            names = root.call('/org/freedesktop/DBus', 'org.freedesktop.DBus', 'ListNames',
                              destination='org.freedesktop.DBus').body[0]
            for name in names:
                for path, interface, member, signature, *arguments in [
                        ('/org/jobd1', MANAGER, 'GetJob', 's', 'life.Quick'),
                        ('/org/freedesktop/LogControl1', 'org.freedesktop.DBus.Properties', 'Set', 'ssv',
                         'org.freedesktop.LogControl1', 'LogLevel', ('s', 'debug')),
                        ('/org/freedesktop/DBus', 'org.freedesktop.DBus', 'AddMatch', 's', '')]:
                    with self.subTest(name=name, member=member):
                        try:
                            with RawBus('dave', DIRECT) as bus:
                                reply = bus.call(path, interface, member, signature, *arguments, sender=name,
                                                 destination=None)
                        except (EOFError, ConnectionError):
                            continue    # refused without a word: too many connections of one user at a time
                        self.assertEqual(reply.error, 'org.freedesktop.DBus.Error.AccessDenied', reply)

    def test_first_call_right_behind_the_authentication(self):
        """sd-bus has both in its buffer by then, and no more comes to wake it up."""
        for _ in range(50):
            for user in None, 'dave':
                with RawBus(user, DIRECT) as bus:
                    serial = bus.call_later('/org/jobd1', MANAGER, 'GetJob', 's', 'life.Quick')
                    self.assertEqual(bus.reply_to(serial).kind, ERROR if user else RETURN)

    def test_many_connections_of_one_user(self):
        """They neither shut out root nor others, nor fill the journal."""
        cursor, connections = journal_cursor(), []
        for _ in range(300):
            try:
                connections.append(RawBus('dave', DIRECT))
            except (EOFError, ConnectionError):
                pass
        self.assertLess(len(connections), 300)
        for user in None, 'alice':
            with RawBus(user, DIRECT) as bus:
                self.assertEqual(bus.call('/org/jobd1', MANAGER, 'GetJob', 's', 'life.Quick').kind,
                                 ERROR if user else RETURN)
        for bus in connections:
            bus.close()
        warnings = [entry for entry in journal('_SYSTEMD_UNIT=jobd.service', since=cursor)
                    if 'Too many connections' in entry['MESSAGE']]
        self.assertEqual(len(warnings), 1)


class Service(JobdTestCase):
    def test_log_level_and_target(self):
        jobctl('list')
        run(['systemctl', 'service-log-level', 'jobd.service', 'debug'])
        self.assertEqual(run(['systemctl', 'service-log-level', 'jobd.service']).stdout, 'debug\n')
        run(['systemctl', 'service-log-level', 'jobd.service', 'info'])
        self.assertEqual(run(['systemctl', 'service-log-target', 'jobd.service']).stdout, 'journal\n')
        done = run(['systemctl', 'service-log-target', 'jobd.service', 'kmsg'], check=False)
        self.assertNotEqual(done.returncode, 0)
        done = busctl('set-property', 'org.jobd1', '/org/freedesktop/LogControl1', 'org.freedesktop.LogControl1',
                      'LogLevel', 's', 'debug', user='dave')
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(run(['systemctl', 'service-log-level', 'jobd.service']).stdout, 'info\n')

    def test_watchdog(self):
        configure('WatchdogSec=1s', 'WatchdogSignal=SIGKILL')
        cursor = journal_cursor()
        jobctl('list')
        pid = main_pid()
        run(['systemctl', 'kill', '--signal=STOP', '--kill-who=main', 'jobd.service'])
        wait_exit(pid)
        jobctl('list')
        self.assertNotEqual(main_pid(), pid)
        self.assertTrue([entry for entry in journal('UNIT=jobd.service', since=cursor)
                         if 'Watchdog timeout' in entry['MESSAGE']])
        configure()

    def test_stop_is_clean(self):
        jobctl('list')
        run(['systemctl', 'stop', 'jobd.service'])
        unit = unit_properties('jobd.service')
        self.assertEqual((unit['Result'], unit['ExecMainStatus'], unit['ActiveState']), ('success', '0', 'inactive'))

    def test_stopped_while_polkit_does_not_answer(self):
        """After a while it goes without the answer, and says so to who waits, once: dbus-daemon logs replies to nothing."""
        cursor = journal_cursor()
        with RawBus('alice') as bus:
            self.assertIsNone(bus.call('/org/jobd1', MANAGER, 'GetJob', 's', 'life.Quick').error)
            polkit = main_pid('polkit.service')
            os.kill(polkit, signal.SIGSTOP)
            try:
                serial = bus.call_later('/org/jobd1', MANAGER, 'GetJob', 's', 'life.Quick')
                with RawBus() as root:     # when root has an answer jobd has the call as well
                    root.call('/org/jobd1', MANAGER, 'GetJob', 's', 'life.Quick')
                run(['systemctl', 'stop', 'jobd.service'])
                reply = bus.reply_to(serial)
            finally:
                os.kill(polkit, signal.SIGCONT)
        self.assertEqual(reply.error, 'org.freedesktop.DBus.Error.Failed')
        self.assertIn('jobd is being stopped, and polkit has not answered', reply.body[0])
        self.assertFalse([entry['MESSAGE'] for entry in journal('_SYSTEMD_UNIT=dbus.service', since=cursor)
                          if 'requested_reply="0"' in entry['MESSAGE']])

    def test_restart_while_everybody_calls(self):
        """No call fails, and no run is lost or ends otherwise, though its input is in memory only.

        Unless polkitd stands still: that of Debian 12 can miss the end of a rule, and waits for it for 15 seconds.
        """
        jobctl('run', '--var', 'word=x', 'life.Secret', user='alice')   # the first one makes the slice: jobd(8), KNOWN TRAPS
        cursor = journal_cursor()
        failed = self.restart_while_everybody_calls()
        if failed and journal('_COMM=polkitd', 'MESSAGE=Terminating runaway script after 15 seconds', since=cursor):
            failed = self.restart_while_everybody_calls()
        self.assertEqual(failed, [])

    def restart_while_everybody_calls(self):
        """Returns the calls that failed."""
        failed, served, stop = [], [], threading.Event()

        def keep_running():
            while not stop.is_set():
                done = jobctl('run', '--var', 'word=x', 'life.Secret', user='alice', check=False)
                (failed if done.returncode else served).append(done)

        def keep_calling(bus):
            while not stop.is_set():
                reply = bus.call('/org/jobd1', MANAGER, 'GetJob', 's', 'life.Quick')
                (failed if reply.error else served).append(reply)

        threads = [threading.Thread(target=keep_running) for _ in range(2)]
        threads += [threading.Thread(target=keep_calling, args=(RawBus(user),)) for user in ('carol', None)]
        for thread in threads:
            thread.start()
        for _ in range(8):
            before = len(served)
            while len(served) < before + 100 and not failed:
                time.sleep(0.01)    # the threads need the interpreter
            run(['systemctl', 'restart', 'jobd.service'])
        stop.set()
        for thread in threads:
            thread.join()
        return failed


class Idle(JobdTestCase):
    @classmethod
    def setUpClass(cls):
        configure(f'Environment=JOBD_IDLE_TIMEOUT_SEC={IDLE}')

    @classmethod
    def tearDownClass(cls):
        configure()

    def assertStays(self):
        """For many times as long as it would stay when idle. Nothing announces that nothing happens."""
        pid = main_pid()
        self.assertNotEqual(pid, 0)
        pidfd = os.pidfd_open(pid)
        left = select.select([pidfd], [], [], 10 * IDLE)[0]
        os.close(pidfd)
        self.assertFalse(left, 'it has left')
        return pid

    def test_leaves_and_comes_back(self):
        cursor = journal_cursor()
        with stopped('jobd.service'):
            jobctl('list')
        unit = unit_properties('jobd.service')
        self.assertEqual((unit['Result'], unit['ExecMainStatus']), ('success', '0'))
        self.assertFalse([entry for entry in journal('_SYSTEMD_UNIT=jobd.service', 'PRIORITY=4', since=cursor)])
        self.assertIn('life.Quick', jobctl('list', user='alice').stdout)

    def test_timeout_that_is_none(self):
        configure('Environment=JOBD_IDLE_TIMEOUT_SEC=soon')
        cursor = journal_cursor()
        jobctl('list')
        self.assertTrue([entry for entry in journal('_SYSTEMD_UNIT=jobd.service', since=cursor)
                         if 'JOBD_IDLE_TIMEOUT_SEC=soon' in entry['MESSAGE']])
        self.setUpClass()

    def test_stays_while_a_run_is_in_progress(self):
        result_id = jobctl('run', '--no-wait', 'life.Slow', user='alice').stdout.strip()
        pid = self.assertStays()
        jobctl('cancel', result_id)
        wait_exit(pid)
        self.assertOutcome(result_id, 'REVOKED')

    def test_stays_for_who_is_connected_directly(self):
        with RawBus(None, DIRECT) as bus:
            bus.call('/org/jobd1', MANAGER, 'GetJob', 's', 'life.Quick')
            pid = self.assertStays()
        wait_exit(pid)

    def test_not_for_others_who_are(self):
        with RawBus('dave', DIRECT):
            jobctl('list')
            wait_exit(main_pid())

    def test_stays_while_a_log_is_read(self):
        result_id = jobctl('run', '--no-wait', 'life.Quick').stdout.strip()
        jobctl('logs', '-f', result_id)
        with RawBus() as bus:
            reply = bus.call('/org/jobd1/result/' + result_id.replace('-', ''), RESULT, 'OpenLog', 'a{sv}', {})
            self.assertIsNone(reply.error)
            with open(bus.fds.pop(), encoding='utf-8') as log:
                self.assertIn('requested a run', log.readline())
                log.read()
        wait_exit(main_pid())

    def test_stays_while_a_password_is_asked_for(self):
        with SilentAgent() as agent:
            with RawBus('dave') as dave:
                dave.call_later('/org/jobd1', MANAGER, 'GetJob', 's', 'life.Quick', flags=ALLOW_INTERACTIVE)
                agent.wait_asked()
                pid = self.assertStays()
            wait_exit(pid)

    def call_when_it_leaves(self, call, tries):
        """Calls just when it leaves, and a bit before and after; nothing may be noticed of it. Returns the runs."""
        calls = [('GetJob', 's', 'life.Quick'), ('RunJob', 'ssa{sv}', 'life.Secret', '{"word": "x"}', {})]
        pauses, owner, runs, starts = [IDLE, 1.3 * IDLE], None, [], 0
        with RawBus() as watcher:
            for i in range(tries):
                time.sleep(pauses[i % 2])   # the point of this test
                reply = call('/org/jobd1', MANAGER, *calls[i % 2])
                self.assertIsNone(reply.error, (i, pauses, reply))
                if i % 2:
                    runs.append(reply.body[0])
                before, owner = owner, watcher.owner_of('org.jobd1')
                starts += before != owner
                # too late last time, or too early: the pause was after the call before
                pauses[i % 2] *= 0.98 if before != owner else 1.02
        self.assertGreater(starts, tries // 4)
        return runs

    def test_nothing_that_arrives_meanwhile_is_lost(self):
        def call_directly(*args):
            with RawBus(None, DIRECT) as bus:
                return bus.call(*args)

        with RawBus('carol') as bus:
            runs = self.call_when_it_leaves(bus.call, 100)
        runs += self.call_when_it_leaves(call_directly, 100)
        for result_id in runs:
            jobctl('logs', '-f', result_id)
            self.assertOutcome(result_id, 'SUCCESS')


if __name__ == '__main__':
    unittest.main()
