# SPDX-License-Identifier: LGPL-2.1-or-later
"""What integration tests share. They run as root in a system of their own: see README.md one directory up.

    from harness import JobdTestCase, install_job, jobctl

    class Run(JobdTestCase):
        def test_success(self):
            install_job('demo.Hello', '''
                [Service]
                ExecStart=echo hello
            ''')
            jobctl('refresh', user='carol')
            jobctl('enable', 'demo.Hello', user='carol')
            jobctl('run', 'demo.Hello', user='alice')

Nothing here sleeps: wait for the event, with stopped(), journal_wait(), Signals or wait_exit().
"""
import contextlib
import json
import os
import pty
import pwd
import select
import subprocess
import termios
import textwrap
import time
import unittest

# So many seconds after which what was waited for counts as never happening. No test measures time.
TIMEOUT = int(os.environ.get('JOBD_TEST_TIMEOUT', '60'))
LOCAL_JOBS = '/etc/jobd/jobs'
UNIT_SUCCESS = '7ad2d189f7e94e70a38c781354912448'   # systemd's messages about a unit that has ended
UNIT_FAILURE = 'd9b373ed55a64feb8242e02dbe79a49c'


# ---------------------------------------------------------------- commands
def environment(user, extra=None):
    """The environment of a fresh login of this user, and no more."""
    entry = pwd.getpwnam(user or 'root')
    return {'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LANG': 'C.UTF-8', 'TERM': 'dumb',
            'HOME': entry.pw_dir, 'USER': entry.pw_name, 'LOGNAME': entry.pw_name, 'SHELL': entry.pw_shell,
            **(extra or {})}


def identity(user):
    """The arguments of subprocess that make a process this user's, with all groups; none for None."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {'user': entry.pw_uid, 'group': entry.pw_gid, 'extra_groups': os.getgrouplist(user, entry.pw_gid)}


def start(cmd, user=None, env=None, **kwargs):
    """Starts a command (a list, or a string for the shell) as a user and returns the subprocess.Popen, all text."""
    pipes = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE}
    return subprocess.Popen(cmd, shell=isinstance(cmd, str), cwd='/', env=environment(user, env), text=True,
                            errors='backslashreplace', **identity(user), **{**pipes, **kwargs})


def run(cmd, user=None, env=None, input=None, check=True):
    """Runs a command (a list, or a string for the shell) as a user, with this text as its standard input.

    Returns the subprocess.CompletedProcess with stdout and stderr as text. Unless check is False, a status other than
    0 fails the test with what the command wrote. To see an error: run(..., check=False), then look at .returncode.
    """
    with start(cmd, user, env, stdin=subprocess.DEVNULL if input is None else subprocess.PIPE) as process:
        try:
            stdout, stderr = process.communicate(input, timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
            raise AssertionError(f'{cmd} did not end. It wrote:\n{stdout}{stderr}') from None
    if check and process.returncode != 0:
        raise AssertionError(f'{cmd} as {user or "root"} ended with status {process.returncode}. It wrote:\n'
                             f'{stdout}{stderr}')
    return subprocess.CompletedProcess(cmd, process.returncode, stdout, stderr)


def jobctl(*args, user=None, env=None, input=None, check=True):
    """Runs jobctl with these arguments, as run() does."""
    return run(['jobctl', *args], user, env, input, check)


def jobctl_json(*args, user=None):
    """What `jobctl --json` answers, as Python data."""
    return json.loads(jobctl('--json', *args, user=user).stdout)


def dialogue(cmd, *steps, user=None, env=None):
    """Runs a command on a terminal. Each step is a text to wait for and what to type then, or None to type nothing.

    Returns the exit status (128+N for signal N) and all that the terminal showed.
    """
    primary, secondary = pty.openpty()
    shown, steps, deadline = '', list(steps), time.monotonic() + TIMEOUT
    # setsid --ctty makes it the controlling terminal, which is what /dev/tty and Ctrl-C mean
    process = start(['setsid', '--wait', '--ctty', *cmd], user, env, stdin=secondary, stdout=secondary,
                    stderr=secondary)
    os.close(secondary)
    seen = 0
    while True:
        if not select.select([primary], [], [], max(0, deadline - time.monotonic()))[0]:
            process.kill()
            raise AssertionError(f'{cmd} waits, expected {steps[:1] or "its end"}. It showed:\n{shown}')
        try:
            data = os.read(primary, 65536)
        except OSError:     # EIO: nobody has the terminal open any more
            break
        shown += data.decode(errors='backslashreplace')
        while steps and (found := shown.find(steps[0][0], seen)) >= 0:
            text, answer = steps.pop(0)
            seen = found + len(text)
            while 'assword' in text and termios.tcgetattr(primary)[3] & termios.ECHO and time.monotonic() < deadline:
                os.sched_yield()    # who asks drops what is typed before the echo is off, and says when by nothing else
            if answer is not None:
                os.write(primary, answer.encode())
    os.close(primary)
    status = process.wait(TIMEOUT)
    if steps:
        raise AssertionError(f'{cmd} ended with status {status} and never showed {steps[0][0]!r}, but:\n{shown}')
    return 128 - status if status < 0 else status, shown


# ---------------------------------------------------------------- job classes
def install_job(class_path, text, root=LOCAL_JOBS):
    """Writes a job definition, whose text may be indented as a whole. Returns its path. Nothing is refreshed."""
    path = os.path.join(root, *class_path.split('.')) + '.job'
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(textwrap.dedent(text).lstrip('\n'))
    os.chmod(path, 0o644)
    return path


# ---------------------------------------------------------------- units and processes
def unit_properties(unit):
    """What systemd says about a unit, as a dictionary of strings. Do not ask about one that may be unloaded."""
    lines = run(['systemctl', 'show', unit]).stdout.splitlines()
    return dict(line.split('=', 1) for line in lines)


def main_pid(unit='jobd.service'):
    return int(run(['systemctl', 'show', '-P', 'MainPID', unit]).stdout)


def wait_exit(pid):
    """Waits until a process is gone, whosever child it is."""
    with contextlib.suppress(ProcessLookupError), open(os.pidfd_open(pid), 'rb') as pidfd:
        if not select.select([pidfd], [], [], TIMEOUT)[0]:
            raise AssertionError(f'process {pid} did not end')


def kill_jobd():
    """Kills the daemon as the worst moment would, and waits until it is gone. Its sockets start the next one."""
    pid = main_pid()
    if pid:
        run(['systemctl', 'kill', '--signal=KILL', '--kill-who=main', 'jobd.service'])
        wait_exit(pid)


@contextlib.contextmanager
def stopped(unit):
    """with stopped('jobd.service'): what makes it stop. Leaves when systemd says that the unit has ended."""
    cursor = journal_cursor()
    yield
    journal_wait(f'UNIT={unit}', f'MESSAGE_ID={UNIT_SUCCESS}', f'MESSAGE_ID={UNIT_FAILURE}', since=cursor)


# ---------------------------------------------------------------- journal
def journal(*matches, since=None):
    """The entries of the journal that have these FIELD=value pairs (see journalctl(1)), as dictionaries.

    --after-cursor= of systemd 252 swallows an entry when the cursor's own one does not match, hence --cursor=.
    """
    run(['journalctl', '--sync'])
    start_at = [f'--cursor={since}'] if since else []
    lines = run(['journalctl', '--all', '--output=json', *start_at, *matches]).stdout.splitlines()
    return [entry for entry in map(json.loads, lines) if entry['__CURSOR'] != since]


def journal_cursor():
    """The end of the journal as it is now, for since=."""
    run(['journalctl', '--sync'])
    return json.loads(run(['journalctl', '--output=json', '--lines=1']).stdout)['__CURSOR']


def journal_wait(*matches, since, contains=''):
    """Waits for an entry after the cursor since with these FIELD=value pairs and this text in it. Returns it."""
    follow = start(['journalctl', '--all', '--follow', '--no-tail', '--output=json', f'--cursor={since}', *matches])
    return read_until(follow, f'a journal entry with {matches} {contains}',
                      lambda entry: entry['__CURSOR'] != since and contains in str(entry.get('MESSAGE')))


def read_until(process, what, is_it):
    """Reads lines of JSON from a process until one is it, ends the process, and returns that one."""
    deadline, rest = time.monotonic() + TIMEOUT, b''
    try:
        while select.select([process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
            data = os.read(process.stdout.fileno(), 65536)
            if not data:
                break
            *lines, rest = (rest + data).split(b'\n')
            for line in lines:
                if is_it(entry := json.loads(line)):
                    return entry
        raise AssertionError(f'waited in vain for {what}')
    finally:
        process.kill()
        process.communicate()


# ---------------------------------------------------------------- signals
class Signals:
    """Listens to the system bus from the moment it is made.

        signals = Signals("type='signal',interface='org.jobd1.Manager'")
        jobctl('refresh')
        message = signals.wait(lambda message: message['member'] == 'JobNew')

    A message is a dictionary: path, interface, member, sender and payload['data'], a list. One wait() each.
    """

    def __init__(self, match):
        self.match = match
        self.process = start(['busctl', '--json=short', 'monitor', f'--match={match}'])
        self.process.stderr.readline()      # "Monitoring bus message stream."

    def wait(self, is_it=lambda message: True):
        return read_until(self.process, f'a message {self.match}', is_it)


# ---------------------------------------------------------------- assertions
class JobdTestCase(unittest.TestCase):
    """A test case that knows what a job result looks like. The tests of one file share their system."""
    maxDiff = None

    def assertOutcome(self, result_id, status, **fields):
        """The job result has this status (SUCCESS, FAILURE...) and these further fields. Returns all of it."""
        result = jobctl_json('result', result_id)
        expected = {'status': status, **fields}
        self.assertEqual({name: result.get(name) for name in expected}, expected, f'job result {result_id}: {result}')
        return result

    def assertFails(self, cmd, *texts, status=1, user=None, input=None):
        """The command ends with this status and its standard error has each of these texts. Returns what it wrote."""
        done = run(cmd, user=user, input=input, check=False)
        self.assertEqual(done.returncode, status, f'{cmd} wrote:\n{done.stdout}{done.stderr}')
        for text in texts:
            self.assertIn(text, done.stderr)
        return done
