# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: host
"""What tests/sandbox promises. The jobd that is laid over the root here is a few files and no program."""
import glob
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from harness import TIMEOUT, wait_exit

SANDBOX = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'sandbox')
JOBD = {
    'lib/systemd/system/jobd.socket': '[Socket]\nListenStream=/run/jobd/jobd.sock\n',
    'lib/systemd/system/jobd.service': '[Service]\nExecStart=sleep infinity\n',
    'lib/systemd/system/jobd-wake.timer': '[Timer]\nOnActiveSec=1h\nUnit=jobd.service\n',
    'usr/lib/sysusers.d/jobd.conf': 'g jobd-run -\ng jobd-approve -\ng jobd-admin -\n',
    'usr/lib/tmpfiles.d/jobd.conf': 'd /var/lib/jobd 0700 root root\n',
    'usr/bin/jobctl': '#!/bin/sh\necho installed\n',
    'usr/share/polkit-1/actions/org.jobd1.policy': '''<?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE policyconfig PUBLIC "-//freedesktop//DTD PolicyKit Policy Configuration 1.0//EN"
         "http://www.freedesktop.org/standards/PolicyKit/1.0/policyconfig.dtd">
        <policyconfig><action id="org.jobd1.run-job"><description>Run</description><message>Run</message><defaults>
        <allow_any>no</allow_any><allow_inactive>no</allow_inactive><allow_active>no</allow_active>
        </defaults></action></policyconfig>''',
    'usr/share/polkit-1/rules.d/jobd.rules': '''polkit.addRule(function(action, subject) {
        if (action.id == "org.jobd1.run-job" && subject.isInGroup("jobd-run")) return polkit.Result.YES; });''',
}


class SandboxTestCase(unittest.TestCase):
    """Each test has a directory of its own, below which the sandbox keeps what it must take away again."""

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix='jobd-test-')
        self.addCleanup(shutil.rmtree, self.directory)
        self.temporary = os.path.join(self.directory, 'tmp')
        os.mkdir(self.temporary)

    def start(self, *args):
        """Starts tests/sandbox. Returns it, and a file descriptor that is at its end when all its processes are."""
        all_ended, held = os.pipe()
        self.addCleanup(os.close, all_ended)
        process = subprocess.Popen([SANDBOX, *args], env={**os.environ, 'TMPDIR': self.temporary}, pass_fds=[held],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        os.close(held)
        self.addCleanup(process.kill)
        return process, all_ended

    def sandbox(self, *args, status=0):
        """Runs tests/sandbox, and returns what the command wrote to standard output."""
        process, all_ended = self.start(*args)
        output, errors = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, status, output + errors)
        self.assertNothingLeft(process, all_ended)
        return output.strip()

    def assertNothingLeft(self, process, all_ended, namespace=None):
        self.assertTrue(select.select([all_ended], [], [], TIMEOUT)[0], 'its processes do not end')
        self.assertEqual(os.read(all_ended, 1), b'')
        self.assertEqual(os.listdir(self.temporary), [])
        with open('/proc/self/mountinfo', encoding='utf-8') as file:
            self.assertNotIn(self.temporary, file.read())
        self.assertEqual(glob.glob(f'/sys/fs/cgroup/**/jobd-sandbox.{process.pid}-*', recursive=True), [])
        if namespace:
            for pid in [pid for pid in os.listdir('/proc') if pid.isdigit() and read_namespace(pid) == namespace]:
                wait_exit(int(pid))

    def install_jobd(self):
        destdir = os.path.join(self.directory, 'destdir')
        for path, text in JOBD.items():
            path = os.path.join(destdir, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text)
            os.chmod(path, 0o755 if '/bin/' in path else 0o644)
        return destdir


def read_namespace(pid):
    try:
        return os.readlink(f'/proc/{pid}/ns/pid')
    except OSError:
        return None


class System(SandboxTestCase):
    def test_is_a_running_system(self):
        self.assertEqual(self.sandbox('systemctl', 'is-system-running', '--wait'), 'running')
        self.assertEqual(self.sandbox('cat', '/proc/1/comm'), 'systemd')

    def test_each_boot_has_ids_of_its_own(self):
        ids = [self.sandbox('cat', '/proc/sys/kernel/random/boot_id', '/etc/machine-id').split() for _ in range(2)]
        with open('/proc/sys/kernel/random/boot_id', encoding='utf-8') as file:
            boots = {ids[0][0], ids[1][0], file.read().strip()}
        self.assertEqual((len(boots), len({ids[0][1], ids[1][1]})), (3, 2))

    def test_journal_has_what_a_unit_wrote(self):
        self.assertEqual(self.sandbox('sh', '-c', '''
            systemd-run --quiet --wait --unit=speaker echo spoken
            journalctl --sync
            journalctl --unit=speaker --output=cat _TRANSPORT=stdout'''), 'spoken')

    def test_polkit_answers(self):
        """0: authorized, 2: authorized after a password."""
        check = 'pkcheck --action-id org.freedesktop.systemd1.manage-units --process $$ 2>/dev/null; echo $?'
        self.assertEqual(self.sandbox('sh', '-c', check), '0')
        self.assertEqual(self.sandbox('-u', 'dave', 'sh', '-c', check), '2')

    def test_sandboxing_of_units_works(self):
        self.assertEqual(self.sandbox('systemd-run', '--quiet', '--wait', '--pipe', '-p', 'DynamicUser=yes',
                                      '-p', 'ProtectSystem=strict', '-p', 'SetCredential=name:value',
                                      'sh', '-c', 'touch /usr/x 2>/dev/null || cat $$CREDENTIALS_DIRECTORY/name'),
                         'value')

    def test_survives_reexecution_of_systemd(self):
        self.assertEqual(self.sandbox('sh', '-c', 'systemctl daemon-reexec; systemctl is-system-running'), 'running')

    def test_several_at_once(self):
        started = [self.start('systemctl', 'is-system-running', '--wait') for _ in range(3)]
        for process, _ in started:
            self.assertEqual(process.communicate(timeout=TIMEOUT), ('running\n', ''))
        for process, all_ended in started:
            self.assertNothingLeft(process, all_ended)

    def test_hybrid_enforces_the_task_limit(self):
        with open('/proc/filesystems', encoding='utf-8') as file, open('/proc/mounts', encoding='utf-8') as mounts:
            if '\tcgroup\n' not in file.read() or ' cgroup rw' not in mounts.read():
                self.skipTest('this machine has no version 1 cgroup hierarchies')
        written = self.sandbox('-m', 'hybrid', 'sh', '-c', '''systemctl is-system-running --wait
            systemd-run --quiet --wait --pipe -p TasksMax=1 sh -c 'true & wait' 2>&1 | grep -o fork''')
        self.assertEqual(written, 'running\nfork')


class Users(SandboxTestCase):
    def test_users_and_groups(self):
        destdir = self.install_jobd()
        written = self.sandbox('-j', destdir, 'sh', '-c', 'for user in alice bob carol dave; do id -u $user; '
                               'id -Gn $user; stat -c "%U %a" /home/$user; done').splitlines()
        self.assertEqual(written, ['2001', 'alice jobd-run', 'alice 700', '2002', 'bob jobd-approve', 'bob 700',
                                   '2003', 'carol jobd-admin', 'carol 700', '2004', 'dave', 'dave 700'])

    def test_password_is_the_name(self):
        self.assertEqual(self.sandbox('-u', 'dave', 'sh', '-c', 'echo carol | su -c "id -un" carol 2>/dev/null'),
                         'carol')
        self.sandbox('-u', 'dave', 'sh', '-c', 'echo wrong | su -c "id -un" carol 2>/dev/null', status=1)

    def test_command_runs_as_the_user_in_the_directory(self):
        self.assertEqual(self.sandbox('-u', 'bob', '-C', '/home/bob', '-e', 'WORD=$x y', 'sh', '-c',
                                      'id -un; pwd; echo "$HOME $WORD $1"', 'sh', '${HOME} $$'),
                         'bob\n/home/bob\n/home/bob $x y ${HOME} $$')

    def test_login_session(self):
        self.assertEqual(self.sandbox('-l', '-u', 'alice', 'sh', '-c',
                                      'echo $XDG_RUNTIME_DIR; systemctl --user is-system-running --wait'),
                         '/run/user/2001\nrunning')

    def test_command_is_in_a_unit_and_takes_signals(self):
        cgroup, ignored = self.sandbox('sh', '-c', 'grep ^0:: /proc/self/cgroup; grep SigIgn /proc/self/status'
                                       ).splitlines()
        self.assertRegex(cgroup, r'^0::/system\.slice/run-\w+\.scope$')
        self.assertEqual(int(ignored.split()[1], 16), 0)


class Jobd(SandboxTestCase):
    def test_is_installed_and_its_sockets_and_timer_started(self):
        written = self.sandbox('-j', self.install_jobd(), 'sh', '-c', '''jobctl; stat -c %a /var/lib/jobd
            systemctl is-active jobd.socket jobd-wake.timer; systemctl is-active jobd.service
            systemctl is-system-running; readlink /lib; stat -c '%U %a' /usr /etc /usr/bin''')
        self.assertEqual(written.splitlines(), ['installed', '700', 'active', 'active', 'inactive', 'running',
                                                'usr/lib', 'root 755', 'root 755', 'root 755'])

    def test_its_polkit_action_and_rule_are_used(self):
        destdir = self.install_jobd()
        check = ['sh', '-c', 'pkcheck --action-id org.jobd1.run-job --process $$ >/dev/null 2>&1; echo $?']
        self.assertEqual(self.sandbox('-j', destdir, '-u', 'alice', *check), '0')
        self.assertEqual(self.sandbox('-j', destdir, '-u', 'dave', *check), '1')


class Machine(SandboxTestCase):
    def test_is_not_changed(self):
        before = os.stat('/etc/passwd').st_mtime_ns, os.path.exists('/etc/hostname')
        self.sandbox('sh', '-c', 'touch /usr/jobd-test /etc/jobd-test /var/jobd-test; rm -f /etc/hostname')
        self.assertEqual((os.stat('/etc/passwd').st_mtime_ns, os.path.exists('/etc/hostname')), before)
        self.assertFalse(any(os.path.exists(f'/{name}/jobd-test') for name in ('usr', 'etc', 'var')))

    def test_is_seen_where_it_is_bound_only(self):
        open(os.path.join(self.directory, 'file'), 'w', encoding='utf-8').close()
        look = ['sh', '-c', f'ls {self.directory} 2>/dev/null; ls /mnt; touch /mnt/new 2>/dev/null && echo new']
        self.assertEqual(self.sandbox('-r', f'{self.directory}:/mnt', *look, status=1), 'file\ntmp')
        self.assertEqual(self.sandbox('-b', f'{self.directory}:/mnt', *look), 'file\ntmp\nnew')
        self.assertTrue(os.path.exists(os.path.join(self.directory, 'new')))

    def test_kernel_settings_are_read_only(self):
        self.sandbox('sh', '-c', 'echo 1 > /proc/sys/kernel/printk', status=2)
        self.sandbox('sh', '-c', 'echo x > /proc/sysrq-trigger', status=2)


class End(SandboxTestCase):
    """Each checks that nothing is left behind."""

    def start_sleeper(self, *args):
        """Starts a sandbox that has written its pid namespace and now sleeps."""
        process, all_ended = self.start(*args, 'sh', '-c', 'readlink /proc/self/ns/pid; systemd-run -q sleep 1000; '
                                        'echo ready; exec sleep 1000')
        namespace = process.stdout.readline().strip()
        self.assertEqual(process.stdout.readline(), 'ready\n')
        return process, all_ended, namespace

    def test_exit_status(self):
        self.sandbox('sh', '-c', 'exit 7', status=7)
        self.sandbox('sh', '-c', 'kill -SEGV $$', status=139)
        self.sandbox('/no/such/program', status=127)
        self.sandbox('-Z', status=125)

    def test_killed_while_running(self):
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            with self.subTest(signal=number.name):
                process, all_ended, namespace = self.start_sleeper()
                self.assertTrue(namespace.startswith('pid:'))
                process.send_signal(number)
                process.communicate(timeout=TIMEOUT)
                self.assertEqual(process.returncode, -9 if number == signal.SIGKILL else 128 + number)
                self.assertNothingLeft(process, all_ended, namespace)

    def test_killed_while_booting(self):
        """At once, and when this much of it is there: its directory, its cgroup, systemd in it."""
        for there in ('', '{top}', '{top}/public/ready', '/sys/fs/cgroup/**/{name}',
                      '/sys/fs/cgroup/**/{name}/init.scope'):
            with self.subTest(there=there):
                process, all_ended = self.start('sleep', '1000')
                name = f'jobd-sandbox.{process.pid}-*'
                pattern = there.format(top=os.path.join(self.temporary, name), name=name)
                wait_for(lambda: not there or glob.glob(pattern, recursive=True))
                process.kill()
                process.communicate(timeout=TIMEOUT)
                self.assertNothingLeft(process, all_ended)

    def test_time_limit(self):
        self.sandbox('-t', '1', 'sleep', '1000', status=124)

    def test_clean_shutdown_stops_services_in_order(self):
        self.sandbox('-q', '-b', f'{self.directory}:/mnt', 'systemd-run', '--quiet', '-p',
                     'ExecStop=touch /mnt/stopped', 'sleep', '1000')
        self.assertIn('stopped', os.listdir(self.directory))


def wait_for(condition):
    """For what nobody announces."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.001)
    raise AssertionError('waited in vain')


if __name__ == '__main__':
    unittest.main()
