# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: vm
"""Limits that only a kernel with its controllers enforces: what a job result says of a run that meets one."""
import unittest

from harness import JobdTestCase, install_job, jobctl, jobctl_json

EATER = "python3 -c \"x = bytearray(200 << 20); print('had it all')\""
FORKER = 'sh -c "for i in 1 2 3 4 5 6 7 8 9; do sleep 60 & done; echo had them all"'

JOBS = {
    'vm.Memory': f'MemoryMax=50M\nMemorySwapMax=0\nExecStart={EATER}',
    'vm.MemoryEnough': f'MemoryMax=400M\nExecStart={EATER}',
    'vm.Tasks': f'TasksMax=5\nExecStart={FORKER}',
}


def setUpModule():
    for class_path, text in JOBS.items():
        install_job(class_path, f'[Service]\nUser=root\n{text}\n')
    for name, text in ('Memory', EATER), ('Tasks', FORKER):
        install_job(f'vm.Queue{name}', f'[Job]\nTaskQueues=vm-{name}\n[Service]\nUser=root\nExecStart={text}\n')
    jobctl('refresh')
    jobctl('enable', *JOBS, 'vm.QueueMemory', 'vm.QueueTasks')


class Limits(JobdTestCase):
    def run_it(self, class_path):
        done = jobctl('run', class_path, check=False)
        return done, jobctl_json('results', '--job', class_path, '-n', '1')[0]['id']

    def test_out_of_memory(self):
        done, result_id = self.run_it('vm.Memory')
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertNotIn('had it all', done.stdout)
        result = self.assertOutcome(result_id, 'FAILURE', reason='oom-kill')
        self.assertIn('more memory than it may use', result['message'])

    def test_memory_enough(self):
        done, result_id = self.run_it('vm.MemoryEnough')
        self.assertIn('had it all', done.stdout)
        self.assertOutcome(result_id, 'SUCCESS', reason='success')

    def test_tasks(self):
        done, result_id = self.run_it('vm.Tasks')
        self.assertNotIn('had them all', done.stdout)
        self.assertOutcome(result_id, 'FAILURE', reason='exit-code')

    def test_of_a_queue(self):
        """Those of its slice hold for the runs in it, which have none of their own."""
        jobctl('queue', 'set', 'vm-Tasks', 'TasksMax=5', 'CPUWeight=50')
        done, result_id = self.run_it('vm.QueueTasks')
        self.assertNotIn('had them all', done.stdout)
        self.assertOutcome(result_id, 'FAILURE', reason='exit-code')
        jobctl('queue', 'set', 'vm-Memory', 'MemoryMax=50M')
        done, result_id = self.run_it('vm.QueueMemory')
        self.assertNotIn('had it all', done.stdout)
        self.assertEqual(jobctl_json('result', result_id)['status'], 'FAILURE')
        jobctl('queue', 'set', 'vm-Memory', 'MemoryMax=')
        self.assertIn('had it all', self.run_it('vm.QueueMemory')[0].stdout)


if __name__ == '__main__':
    unittest.main()
