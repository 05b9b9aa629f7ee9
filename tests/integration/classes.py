# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of job classes, of the registry and of runs share."""
import json
import os
import shutil
import time

from harness import TIMEOUT, JobdTestCase, jobctl, jobctl_json, journal_cursor, journal_wait, run

ROOTS = ['/etc/jobd/jobs', '/run/jobd/jobs', '/var/lib/jobd/repositories', '/usr/local/lib/jobd/jobs',
         '/usr/lib/jobd/jobs']
LOCAL, VENDOR = ROOTS[0], ROOTS[-1]
GOOD = '[Service]\nExecStart=true\n'
UNIT_STARTED = '39f53479d3a045ac8e11786248231fbf'   # systemd's
START = journal_cursor()

# A job of this kind waits until open_gate() lets it through.
GATES = '/run/gates'
GATE = ('[Service]\nUser=root\nExecStart=sh -c "f=%s/$$JOB_RESULT_ID; mkdir -p %s; mkfifo $$f 2>/dev/null; '
        'echo before; read go < $$f; echo after"\n' % (GATES, GATES))


def job_path(class_path, root=LOCAL):
    return os.path.join(root, *class_path.split('.')) + '.job'


def write(path, text):
    """Writes a file, and its directory, as root's own and readable for all. Returns its path."""
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    with open(path, 'wb') as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    os.chmod(path, 0o644)
    return path


def refresh():
    """The report as {class_path: [(action, message)]}, and the exit status."""
    done = jobctl('--json', 'refresh', check=False)
    report = {}
    for entry in json.loads(done.stdout):
        report.setdefault(entry['class_path'], []).append((entry['action'], entry['message']))
    return report, done.returncode


def show(job):
    return jobctl_json('show', job)


def start_run(*arguments, user='alice'):
    """Requests a run and returns its id at once."""
    return jobctl('run', '--no-wait', *arguments, user=user).stdout.strip()


def wait_started(result_id):
    """Until the program runs, and jobd knows."""
    journal_wait(f'UNIT=jobd-run-{result_id}.service', f'MESSAGE_ID={UNIT_STARTED}', since=START)
    deadline = time.monotonic() + TIMEOUT
    while jobctl_json('result', result_id)['status'] == 'PENDING':
        if time.monotonic() > deadline:
            raise AssertionError(f'job result {result_id} does not become STARTED')


def wait_end(*result_ids):
    for result_id in result_ids:
        jobctl('logs', '-f', result_id)


def open_gate(result_id):
    """Lets a run through, as soon as it has come there."""
    run(f'mkdir -p {GATES}; mkfifo {GATES}/{result_id} 2>/dev/null; echo go > {GATES}/{result_id}')


def job_lines(result_id, user=None):
    """What the job itself has written in this run, whose end is waited for."""
    lines = jobctl('--json', 'logs', '-f', result_id, user=user).stdout.splitlines()
    return [entry['message'] for entry in map(json.loads, lines) if entry['source'] == 'job']


def run_lines(job, *arguments, user=None):
    """Runs a job to its successful end and returns what it has written."""
    return job_lines(jobctl_json('run', job, *arguments, user=user)['id'], user)


class ClassesTestCase(JobdTestCase):
    """What a test puts below the roots goes with it, so that the others' refresh has nothing to say of it."""

    def setUp(self):
        self.addCleanup(jobctl, 'refresh')
        for root in ROOTS:
            os.makedirs(root, mode=0o755, exist_ok=True)
            self.addCleanup(self.remove_new, root, set(os.listdir(root)))

    @staticmethod
    def remove_new(root, before):
        for name in set(os.listdir(root)) - before:
            path = os.path.join(root, name)
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
