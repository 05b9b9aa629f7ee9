# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Requests that last while jobd is killed: logs that are followed, long polls, and what becomes of them without jobd."""
import contextlib
import json
import unittest

from classes import GATE, open_gate, start_run, wait_started
from harness import JobdTestCase, TIMEOUT, install_job, jobctl, kill_jobd, main_pid, run, start, wait_exit
from rest import HOST, SOCKET, curl, result_path


def setUpModule():
    install_job('again.Gate', GATE)
    jobctl('refresh')
    jobctl('enable', 'again.Gate')


class Restart(JobdTestCase):
    def setUp(self):
        self.run_id = start_run('again.Gate')
        wait_started(self.run_id)

    def follow(self, query=''):
        return start(['curl', '-sSN', '--max-time', str(TIMEOUT), '--unix-socket', SOCKET,
                      HOST + result_path(self.run_id, 'logs') + '?follow=true' + query])

    def read_until(self, process, message):
        """The messages up to that one."""
        messages = []
        while message not in messages:
            line = process.stdout.readline()
            self.assertTrue(line, messages)
            if line.startswith('data: '):
                messages.append(json.loads(line.removeprefix('data: '))['message'])
        return messages

    def rest(self, process, status):
        output, errors = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, status, errors)
        return output

    def messages(self, events):
        return [json.loads(line.removeprefix('data: '))['message'] for line in events.split('\n')
                if line.startswith('data: {"')]

    def test_follow(self):
        """Killed twice: each line comes once, and the end when it is the end."""
        process = self.follow()
        seen = self.read_until(process, 'before')
        kill_jobd()
        kill_jobd()
        open_gate(self.run_id)
        events = self.rest(process, 0)
        self.assertTrue(events.endswith('event: end\ndata: {}\n\n'), events)
        whole = [entry['message'] for entry in curl(result_path(self.run_id, 'logs')).json['results']]
        self.assertEqual(seen + self.messages(events), whole)
        self.assertEqual([whole.count(line) for line in ('before', 'after', 'Job completed')], [1, 1, 1])

    def test_follow_with_another_bus(self):
        """Whose unique names are again those that there were: the next jobd can have that of the one before."""
        process = self.follow()
        seen = self.read_until(process, 'before')
        pid = main_pid()
        run(['systemctl', 'restart', 'dbus.service'])
        wait_exit(pid)      # without its bus it leaves
        open_gate(self.run_id)
        events = self.rest(process, 0)
        self.assertTrue(events.endswith('event: end\ndata: {}\n\n'), events)
        self.assertEqual(seen[-1:] + self.messages(events), ['before', 'after', 'Job completed'])

    def test_follow_the_last_lines(self):
        """The number of lines is of the log, and not of what each jobd gives."""
        process = self.follow('&lines=1')
        self.assertEqual(self.read_until(process, 'before'), ['before'])
        kill_jobd()
        open_gate(self.run_id)
        events = self.rest(process, 0)
        self.assertEqual(self.messages(events), ['after', 'Job completed'])

    def test_wait(self):
        process = start(['curl', '-sS', '--max-time', str(TIMEOUT), '--unix-socket', SOCKET,
                         HOST + result_path(self.run_id) + '?wait=300'])
        kill_jobd()
        open_gate(self.run_id)
        answer = json.loads(self.rest(process, 0))
        # asked of a jobd that was just killed, it may have had no answer
        self.assertIn(answer.get('status', answer.get('detail')), ('SUCCESS', 'jobd has not answered: ask again.'))

    def test_without_jobd(self):
        """The stream is broken off: who follows it must not think that the run has ended."""
        process = self.follow()
        self.read_until(process, 'before')
        with contextlib.ExitStack() as stack:
            stack.callback(open_gate, self.run_id)
            stack.callback(run, 'systemctl unmask --runtime jobd.service')
            run('systemctl mask --runtime jobd.service')
            kill_jobd()
            reply = curl(result_path(self.run_id))
            self.assertEqual((reply.status, list(reply.json)), (503, ['detail']))
            self.assertIn('systemctl status jobd.service', reply.json['detail'])
            events = self.rest(process, 18)     # CURLE_PARTIAL_FILE
            self.assertNotIn('event: end', events)
        self.assertEqual(curl(result_path(self.run_id) + '?wait=60').json['status'], 'SUCCESS')


if __name__ == '__main__':
    unittest.main()
