# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""What README.md and jobctl(1) tell a newcomer to type, typed as it is printed there."""
import os
import re
import tempfile
import unittest

from harness import JobdTestCase, install_job, jobctl, jobctl_json, run, start

README = '/usr/share/doc/jobd/README.md'
PROMPT = re.compile(r'(?:(?P<root>#)|(?P<user>[a-z]*)\$) (?P<command>.*)')


def commands(text, user=None):
    """(user, command) of lines with a prompt: "#" is root, "alice$" alice, "$" user. Here documents and long lines are complete."""
    lines, found = iter(text.splitlines()), []
    for line in lines:
        prompt = PROMPT.fullmatch(line)
        if not prompt:
            continue
        command = prompt['command']
        end = re.search(r"<<'(\w+)'$", command)
        while command.endswith('\\') or (end and command.splitlines()[-1] != end[1]):
            command += '\n' + next(lines)
        who = None if prompt['root'] else prompt['user'] or user
        if found and found[-1][0] == who:
            found[-1] = who, f'{found[-1][1]}\n{command}'
        else:
            found.append((who, command))
    return found


class ManualTestCase(JobdTestCase):
    def typed(self, user, command):
        with tempfile.TemporaryDirectory() as directory:
            os.chmod(directory, 0o755)
            with open(f'{directory}/input.json', 'w', encoding='utf-8') as file:
                file.write('{"device": "sw1"}')
            process = start(['bash', '-e', '-o', 'pipefail', '-c', f'cd {directory}\n{command}'], user=user)
            output, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, f'{user or "root"}: {command}\n{output}')
        return output


class Readme(ManualTestCase):
    def test_it(self):
        with open(README, encoding='utf-8') as file:
            text = file.read()
        shown = ''
        for heading in 'Write a job', "Later, by someone else's leave, in turn, over HTTP":
            part = re.search(rf'^## {re.escape(heading)}\n(.*?)^## ', text, re.M | re.S)[1]
            for user, command in commands(re.sub('^    ', '', part, flags=re.M)):
                shown += self.typed(user, command)
        self.assertIn('127.0.0.1', shown)
        self.assertRegex(shown, r'morning +active')
        self.assertRegex(shown, r'please +network\.Lookup +alice')
        self.assertIn('"class_path":"network.Lookup"', shown.replace(' ', ''))
        [please] = jobctl_json('schedule', 'show', 'please')
        self.assertEqual(please['approvals'][0]['approver'], 'bob')
        self.assertEqual(jobctl_json('queues')[0]['resources'], {'CPUQuota': '50%'})


class Jobctl(ManualTestCase):
    """The jobs and what waits are those of the page."""
    @classmethod
    def setUpClass(cls):
        install_job('network.backup.NightlyBackup', '''
            [Variable device]
            Type=string
            [Variable retries]
            Type=integer
            Default=3
            [Service]
            ExecStart=/bin/echo ${JOB_VAR_device}
        ''')
        install_job('network.Change', '[Job]\nApprovalRequired=yes\n[Service]\nExecStart=true\n')
        jobctl('refresh')
        jobctl('enable', 'network.Change', 'network.backup.NightlyBackup')
        jobctl('run', '--name=change-42', 'network.Change', user='alice')
        jobctl('disable', 'network.backup.NightlyBackup')

    def test_examples(self):
        page = re.sub('.\b', '', run(['man', '--local-file', '-Tutf8', '--no-hyphenation', '/usr/share/man/man1/jobctl.1'],
                                     env={'MANWIDTH': '250', 'LC_ALL': 'C.UTF-8'}).stdout)
        part = page.partition('\nEXAMPLES\n')[2].partition('\nSEE ALSO\n')[0]
        typed = commands('\n'.join(line.strip() for line in part.splitlines()), 'carol')
        self.assertGreater(sum(command.count('jobctl') for _, command in typed), 20)
        for user, command in typed:
            if '--from=27480187' in command:
                command = command.replace('27480187', jobctl_json('results', '-n', '1')[0]['id'][:8])
            # jq is not on every host
            command = command.replace('jq -r .status', 'grep -c SUCCESS')
            self.typed(user, command)
        [answered] = jobctl_json('schedule', 'show', 'change-42')
        self.assertEqual([a['approver'] for a in answered['approvals']], ['carol'])


if __name__ == '__main__':
    unittest.main()
