# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""What README.md and the manual pages tell a newcomer to type, typed as it is printed there."""
import os
import re
import tempfile
import textwrap
import unittest

from harness import JobdTestCase, install_job, journal, journal_cursor, jobctl, jobctl_json, run, start

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


def page(name):
    """A manual page as text, without what terminals make bold."""
    path = f'/usr/share/man/man{name[-1]}/{name}'
    return re.sub('.\b', '', run(['man', '--local-file', '-Tutf8', '--no-hyphenation', path],
                                 env={'MANWIDTH': '250', 'LC_ALL': 'C.UTF-8'}).stdout)


def blocks(text):
    """What is indented as examples are, block by block, without the indentation."""
    return [textwrap.dedent(block[0]).strip('\n') + '\n' for block in re.finditer(r'(?:^ {11,}\S.*\n|^\n(?= {11}))+', text, re.M)]


class ManualTestCase(JobdTestCase):
    def typed(self, user, command):
        with tempfile.TemporaryDirectory() as directory:
            os.chmod(directory, 0o755)
            with open(f'{directory}/input.json', 'w', encoding='utf-8') as file:
                file.write('{"device": "sw1"}')
            process = start(['bash', '-e', '-o', 'pipefail', '-c', f'cd {directory}\n{command}'], user=user)
            output, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, f'{user or "root"}: {command}\n{output}{errors}')
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
        part = page('jobctl.1').partition('\nEXAMPLES\n')[2].partition('\nSEE ALSO\n')[0]
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

    def test_bus(self):
        """The call of jobd(8), by busctl."""
        jobctl('enable', 'network.backup.NightlyBackup')
        [command] = [block for block in blocks(page('jobd.8')) if block.startswith('busctl call')]
        self.assertIn('/org/jobd1/result/', self.typed('carol', command))


class Others(ManualTestCase):
    def test_script_of_jobd_job(self):
        [script] = [block for block in blocks(page('jobd-job.1')) if block.startswith('#!/bin/sh')]
        for path, text in ('/usr/local/bin/fetch-config', '#!/bin/sh\n[ "$1" != gone ] && echo "config of $1"\n'), (
                '/usr/local/bin/save-config', script):
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text)
            os.chmod(path, 0o755)
        install_job('manual.Save', '[Variable device]\n[Service]\nExecStart=/usr/local/bin/save-config\n')
        jobctl('refresh')
        jobctl('enable', 'manual.Save')
        saved = jobctl_json('run', '--var=device=sw1', 'manual.Save')
        self.assertOutcome(saved['id'], 'SUCCESS', result={'saved': 1}, progress=0, progress_text='asking sw1')
        self.assertEqual([output['name'] for output in jobctl_json('outputs', saved['id'])], ['sw1.conf'])
        self.assertIn('success sw1: saved', jobctl('logs', saved['id']).stdout)
        jobctl('run', '-q', '--var=device=gone', 'manual.Save', check=False)
        self.assertOutcome(jobctl_json('results', '-n', '1')[0]['id'], 'FAILURE', message='gone does not answer')

    def test_objects(self):
        found = blocks(page('jobd.objects.5'))
        [objects] = [block for block in found if block.startswith('[')]
        [query] = [block for block in found if block.startswith('{')]
        os.makedirs('/etc/jobd/objects', exist_ok=True)
        with open('/etc/jobd/objects/router.json', 'w', encoding='utf-8') as file:
            file.write(objects)
        self.assertEqual([entry['id'] for entry in jobctl_json('objects', 'list', 'router')], ['fra-r1', 'ber-r1'])
        self.assertEqual([entry['id'] for entry in jobctl_json('objects', 'list', 'router', query)], ['fra-r1'])

    def test_settings(self):
        [settings] = [block for block in blocks(page('jobd.conf.5')) if block.startswith('[Jobd]')]
        os.makedirs('/etc/jobd/jobd.conf.d', exist_ok=True)
        with open('/etc/jobd/jobd.conf.d/10-limits.conf', 'w', encoding='utf-8') as file:
            file.write(settings)
        self.addCleanup(run, 'systemctl restart jobd.service')
        self.addCleanup(os.unlink, '/etc/jobd/jobd.conf.d/10-limits.conf')
        cursor = journal_cursor()
        run('systemctl restart jobd.service')
        self.assertFalse([entry['MESSAGE'] for entry in journal('_SYSTEMD_UNIT=jobd.service', since=cursor)
                          if '10-limits.conf' in entry['MESSAGE']])
        install_job('manual.Plain', '[Service]\nExecStart=true\n')
        jobctl('refresh')
        jobctl('enable', 'manual.Plain')
        made = jobctl_json('run', 'manual.Plain')
        self.assertEqual((made['soft_time_limit'], made['time_limit']), (1200, 1500))


if __name__ == '__main__':
    unittest.main()
