# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: vm
"""What tests/vm promises: a system whose kernel enforces the limits of a unit."""
import unittest

from harness import run, unit_properties


class Vm(unittest.TestCase):
    def test_is_running(self):
        self.assertEqual(run(['systemctl', 'is-system-running', '--wait']).stdout.strip(), 'running')

    def test_memory_limit_kills_with_oom_kill(self):
        run(['systemd-run', '--quiet', '--wait', '--unit=eater', '-p', 'MemoryMax=50M', '-p', 'MemorySwapMax=0',
             'python3', '-c', 'bytearray(200 << 20)'], check=False)
        self.assertEqual(unit_properties('eater')['Result'], 'oom-kill')

    def test_task_limit_stops_forks(self):
        done = run(['systemd-run', '--quiet', '--wait', '--pipe', '-p', 'TasksMax=1', 'sh', '-c', 'true & wait'],
                   check=False)
        self.assertIn('fork', done.stderr)


if __name__ == '__main__':
    unittest.main()
