# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: host
"""What becomes of a run when the host goes down: in order, so that there is time to say so, or at once."""
import json
import os
import subprocess
import tempfile
import unittest

SANDBOX = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'sandbox')
BEGIN = '''
    mkdir -p /etc/jobd/jobs/down
    printf '[Service]\\nExecStart=sleep 300\\n' >/etc/jobd/jobs/down/Slow.job
    jobctl refresh
    jobctl enable down.Slow
    jobctl queue set default max_running=1
    jobctl run --no-wait down.Slow >/dev/null
    jobctl run --no-wait down.Slow >/dev/null
    until systemctl --quiet is-active 'jobd-run-*.service'; do :; done
'''


class Shutdown(unittest.TestCase):
    def after(self, *how):
        """The job result as the next boot finds it. One more has not begun, and waits still or runs."""
        with tempfile.TemporaryDirectory(prefix='jobd-test-') as state:
            binds = []
            for name in 'etc', 'var/lib':
                os.makedirs(os.path.join(state, name), mode=0o755)
                binds += ['-b', f'{state}/{name}:/{name}/jobd']
            for options, script in (how, BEGIN), ([], 'jobctl --json results'):
                command = [SANDBOX, *options, *binds, '-j', os.environ['JOBD_DESTDIR'], '--', 'sh', '-ec', script]
                done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True, check=False)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        waited, result = json.loads(done.stdout)
        self.assertIn(waited['status'], ('PENDING', 'STARTED'), waited)
        return result['status'], result['reason']

    def test_in_order(self):
        """PID 1 stops the runs first, then jobd, then the bus by which jobd hears of it."""
        self.assertEqual(self.after('-q'), ('REVOKED', 'stopped'))

    def test_at_once(self):
        self.assertEqual(self.after(), ('FAILURE', 'lost'))


if __name__ == '__main__':
    unittest.main()
