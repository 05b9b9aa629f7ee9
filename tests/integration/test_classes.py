# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Job classes on the disk: where they are found, what they are put together of, and what is said of broken ones."""
import os
import unittest

from classes import GOOD, LOCAL, ROOTS, VENDOR, ClassesTestCase, job_path, refresh, run_lines, show, write
from harness import install_job, jobctl, jobctl_json, journal, journal_cursor, run

CLASS_REFUSED = '9f0c426130904ef6b50ff5a14b7d9bf6'

# Each is a whole file, and what must be said of it: ":LINE: KEY=", and what is wrong or would be right.
BROKEN = {
    'Section': ('[Jobs]\nName=x\n' + GOOD, ':1: [Jobs]', 'did you mean [Job]?'),
    'OtherSection': ('[Unit]\nDescription=x\n' + GOOD, ':1: [Unit]',
                     'the sections are [Job], [Variable NAME] and [Service]'),
    'JobKey': ('[Job]\n# a comment\nTimeLimt=5min\n' + GOOD, ':3: TimeLimt=', 'did you mean TimeLimit=?'),
    'ServiceKey': (GOOD + 'MemroyMax=1G\n', ':3: MemroyMax=', 'did you mean MemoryMax=?'),
    'VariableKey': ('[Variable x]\nMinimum=3\n' + GOOD, ':2: Minimum=', 'MinValue='),
    'JobKeyInService': (GOOD + 'TimeLimit=5min\n', ':3: TimeLimit=', 'belongs to [Job]'),
    'ServiceKeyInJob': ('[Job]\nMemoryMax=1G\n' + GOOD, ':2: MemoryMax=', 'belongs to [Service]'),
    'Boolean': ('[Job]\nHidden=perhaps\n' + GOOD, ':2: Hidden=', 'write yes or no'),
    'Time': ('[Job]\nSoftTimeLimit=soon\n' + GOOD, ':2: SoftTimeLimit=', 'as in "5min"'),
    'Infinity': ('[Job]\nTimeLimit=infinity\n' + GOOD, ':2: TimeLimit=', 'every run has a time limit'),
    'Queue': ('[Job]\nTaskQueues=good ../bad\n' + GOOD, ':2: TaskQueues=', '"../bad" is not the name of a job queue'),
    'Retry': ('[Job]\nRetry=101\n' + GOOD, ':2: Retry=', '0 to 100'),
    'FieldOrder': ('[Job]\nFieldOrder=x y\n[Variable x]\n' + GOOD, ':2: FieldOrder=', 'y'),
    'Size': (GOOD + 'MemoryMax=lots\n', ':3: MemoryMax=lots', 'use bytes with K, M, G or T'),
    'Type': ('[Service]\nType=oneshot\nExecStart=true\n', ':2: Type=', 'Type=exec'),
    'RuntimeMax': (GOOD + 'RuntimeMaxSec=5\n', ':3: RuntimeMaxSec=', 'SoftTimeLimit= and TimeLimit= in [Job]'),
    'Slice': (GOOD + 'Slice=system.slice\n', ':3: Slice=', 'TaskQueues= in [Job]'),
    'LogExtraFields': (GOOD + 'LogExtraFields=JOB_REQUESTER=root\n', ':3: LogExtraFields=', 'leave it out'),
    'Environment': (GOOD + 'Environment=JOB_VAR_x=1\n', ':3: Environment=', 'JOB_'),
    'Credential': (GOOD + 'SetCredential=job-data:x\n', ':3: SetCredential=', 'job-data'),
    'NoCommand': ('[Job]\nName=x\n', ': [Service] has no ExecStart=', 'which program the job runs'),
    'RootUnasked': (GOOD + 'User=nobody\nUser=\nDynamicUser=no\n', ': [Service] has DynamicUser=no and no User=',
                    'write User=root'),
    'NameDirection': ('[Job]\nName=a\u202eb\n' + GOOD, ':2: Name=', 'change the direction of text'),
    'TwoCommands': (GOOD + 'ExecStart=false\n', ':3: ExecStart=', 'one command'),
    'VariableType': ('[Variable x]\nType=strnig\n' + GOOD, ':2: Type=', 'string'),
    'VariableDefault': ('[Variable x]\nType=integer\nDefault=many\n' + GOOD, ':3: Default=',
                        'not a whole number, such as 5 or -20'),
    'VariableRange': ('[Variable x]\nType=integer\nMinValue=5\nMaxValue=4\n' + GOOD, ':3: MinValue=',
                      '5 is more than MaxValue=4'),
    'VariableName': ('[Variable user]\n' + GOOD, ':1: [Variable user]', 'reserved'),
    'VariableTwice': ('[Variable x]\n[Variable y]\n[Variable x]\n' + GOOD, ':3: [Variable x]', 'is in line 1 already'),
    'NoEquals': ('[Job]\nName\n' + GOOD, ':2: "Name" has no "="', 'KEY=VALUE'),
    'NoSection': ('Name=x\n' + GOOD, ':1: Name=', 'before the first [SECTION]'),
    'NotUTF8': (b'[Job]\nName=J\xfcrgen\n' + GOOD.encode(), ':2: byte 0xfc is not UTF-8', 'save the file as UTF-8'),
    'Control': ('[Job]\nName=\x1b[31mred\n' + GOOD, ':2: has the control character U+001B', 'only tab is allowed'),
    'ByteOrderMark': (b'\xef\xbb\xbf' + GOOD.encode(), ':1: starts with a byte order mark', 'without one'),
    'TooLarge': ('#' * (256 * 1024 + 1), ': has 262145 bytes', '262144 is the most'),
}


class Roots(ClassesTestCase):
    def test_first_root_wins(self):
        for root in ROOTS:
            install_job('site.Backup', f'[Job]\nDescription=of {root}\n[Service]\nExecStart=echo from {root}\n', root)
        jobctl('refresh')
        jobctl('enable', 'site.Backup')
        for root in ROOTS:
            with self.subTest(root=root):
                jobctl('refresh')
                job = show('site.Backup')
                self.assertEqual((job['file'], job['description'], job['installed']),
                                 (job_path('site.Backup', root), f'of {root}', True))
                self.assertEqual(run_lines('site.Backup'), [f'from {root}'])
            os.unlink(job_path('site.Backup', root))
        report, _ = refresh()
        self.assertEqual(report['site.Backup'][0][0], 'uninstalled')

    def test_each_root_alone(self):
        for number, root in enumerate(ROOTS):
            install_job(f'alone{number}.sub.Job', GOOD, root)
        refresh()
        for number, root in enumerate(ROOTS):
            job = show(f'alone{number}.sub.Job')
            self.assertEqual((job['file'], job['module_name'], job['job_class_name'], job['system']),
                             (f'{root}/alone{number}/sub/Job.job', f'alone{number}.sub', 'Job', False))

    def test_masked(self):
        for name in 'Empty', 'Linked':
            install_job(f'mask.{name}', GOOD, VENDOR)
        refresh()
        write(job_path('mask.Empty'), '')
        os.symlink('/dev/null', job_path('mask.Linked'))
        report, status = refresh()
        self.assertEqual((report['mask.Empty'][0][0], report['mask.Linked'][0][0], status),
                         ('uninstalled', 'uninstalled', 0))

    def test_module_of_jobd_is_the_vendors(self):
        path = install_job('jobd.Fake', GOOD)
        report, status = refresh()
        self.assertEqual(status, 1)
        self.assertRegex(report['jobd.Fake'][0][1], f'^{path}: module "jobd" is for the jobs that come with jobd in '
                                                    f'{VENDOR}; choose another module')
        self.assertFails(['jobctl', 'show', 'jobd.Fake'], "there is no job 'jobd.Fake'", status=4)

    def test_places_that_are_none(self):
        paths = {write(f'{LOCAL}/Lonely.job', GOOD): 'move it into a directory',
                 write(f'{LOCAL}/places/bad-name.job', GOOD): 'is no name for a job class',
                 write(f'{LOCAL}/9lives/Cat.job', GOOD): 'is no name for a module',
                 write(f'{LOCAL}/module.conf', '[Job]\n'): 'so it applies to nothing'}
        os.symlink('/usr/share', f'{LOCAL}/linked')
        paths[f'{LOCAL}/linked'] = 'is a symbolic link to a directory, which is not followed'
        write(f'{LOCAL}/places/README', 'no class, and nobody minds\n')
        report, status = refresh()
        messages = [message for _, message in report['']]
        for path, text in paths.items():
            where = os.path.dirname(path) if '9lives' in path else path
            self.assertEqual([message.startswith(where + ': ') for message in messages if text in message], [True],
                             (path, messages))
        self.assertEqual((len(messages), status), (len(paths), 1))


class Parts(ClassesTestCase):
    def test_dropins(self):
        install_job('parts.Example', '''
            [Job]
            Description=vendor
            TaskQueues=one
            [Variable number]
            Type=integer
            Default=1
            [Service]
            ExecStart=env
            Environment=A=vendor B=vendor
            Environment=E=vendor
        ''', VENDOR)
        dropins = job_path('parts.Example', '{}') + '.d/{}.conf'
        write(dropins.format(VENDOR, '10-same'), '[Service]\nEnvironment=B=hidden\n')
        write(dropins.format(LOCAL, '10-same'), '[Service]\nEnvironment=C=local\n')
        write(dropins.format('/run/jobd/jobs', '40-run'), '[Job]\nDescription=run\n[Service]\nEnvironment=A=run\n')
        write(dropins.format(VENDOR, '50-late'),
              '[Job]\nDescription=late\nTaskQueues=two\n[Variable number]\nDefault=2\n[Variable more]\nDefault=new\n')
        refresh()
        jobctl('enable', 'parts.Example')
        job = show('parts.Example')
        self.assertEqual((job['description'], job['task_queues'], job['file']),
                         ('late', ['one', 'two'], job_path('parts.Example', VENDOR)))
        seen = dict(line.split('=', 1) for line in run_lines('parts.Example'))
        self.assertEqual({name: seen.get(name) for name in ('A', 'B', 'C', 'E', 'JOB_VAR_number', 'JOB_VAR_more')},
                         {'A': 'run', 'B': 'vendor', 'C': 'local', 'E': 'vendor', 'JOB_VAR_number': '2',
                          'JOB_VAR_more': 'new'})

        # an empty value takes back, and a link to /dev/null takes the drop-in of a lower root back
        write(dropins.format(LOCAL, '45-clear'), '[Job]\nTaskQueues=\n[Service]\nEnvironment=\nEnvironment=D=4\n')
        os.symlink('/dev/null', dropins.format(LOCAL, '50-late'))
        report, _ = refresh()
        self.assertEqual(report['parts.Example'][0][0], 'updated')
        job = show('parts.Example')
        self.assertEqual((job['description'], job['task_queues']), ('run', []))
        seen = dict(line.split('=', 1) for line in run_lines('parts.Example'))
        self.assertEqual({name: seen.get(name) for name in ('A', 'B', 'C', 'D', 'E', 'JOB_VAR_number')},
                         {'A': None, 'B': None, 'C': None, 'D': '4', 'E': None, 'JOB_VAR_number': '1'})

    def test_broken_dropin_refuses_the_class(self):
        install_job('parts.Restricted', GOOD)
        refresh()
        path = write(job_path('parts.Restricted') + '.d/50-limit.conf', '[Service]\n\nPrivateNetwrok=yes\n')
        report, status = refresh()
        self.assertEqual(report['parts.Restricted'],
                         [('refused', f'{path}:3: PrivateNetwrok=: is no setting of [Service]; did you mean '
                                      'PrivateNetwork=?'),
                          ('uninstalled', 'its class was refused: kept, but cannot be run until it is repaired')])
        self.assertEqual(status, 1)

    def test_module_conf(self):
        write(f'{VENDOR}/outer/module.conf', '[Job]\nGrouping=Of the vendor\nSoftTimeLimit=1min\nTimeLimit=7min\n')
        write(f'{LOCAL}/outer/module.conf', '[Job]\nSoftTimeLimit=2min\n[Service]\nEnvironment=WHO=outer\n')
        write(f'{LOCAL}/outer/inner/module.conf', '[Job]\nTimeLimit=8min\n[Service]\nEnvironment=WHO=inner\n')
        echo = '[Service]\nExecStart=sh -c "echo $$WHO"\n'
        install_job('outer.Plain', echo, VENDOR)
        install_job('outer.inner.Plain', echo)
        install_job('outer.inner.Own', '[Job]\nGrouping=Own\nTimeLimit=9min\n' + echo + 'Environment=WHO=own\n')
        refresh()
        jobctl('enable', 'outer.Plain', 'outer.inner.Plain', 'outer.inner.Own')
        for class_path, grouping, soft, hard, who in (('outer.Plain', 'Of the vendor', 120, 420, 'outer'),
                                                      ('outer.inner.Plain', 'Of the vendor', 120, 480, 'inner'),
                                                      ('outer.inner.Own', 'Own', 120, 540, 'own')):
            with self.subTest(class_path=class_path):
                job = show(class_path)
                self.assertEqual((job['grouping'], job['soft_time_limit'], job['time_limit']), (grouping, soft, hard))
                self.assertEqual(run_lines(class_path), [who])

    def test_broken_module_conf_refuses_its_module_only(self):
        for class_path in 'first.One', 'first.deep.Two', 'second.Three':
            install_job(class_path, GOOD)
        path = write(f'{LOCAL}/first/module.conf', '[Variable x]\nType=string\n')
        report, _ = refresh()
        self.assertEqual({name: entries[0][0] for name, entries in report.items()},
                         {'first.One': 'refused', 'first.deep.Two': 'refused', 'second.Three': 'created'})
        self.assertEqual(report['first.deep.Two'][0][1],
                         f'{path}:1: [Variable x]: a module.conf has [Job] and [Service] only; variables belong to '
                         'the job class')

    def test_variables_as_declared(self):
        install_job('parts.Form', '''
            [Job]
            FieldOrder=last dryrun
            [Variable first]
            Label=The first
            Description=What it is for
            Regex=[a-z]+
            [Variable colour]
            Type=choice
            Choices=red:"Bright red" green
            Default=green
            DependsOn=first=red
            [Variable dryrun]
            Type=dryrun
            [Variable last]
            Type=integer
            MinValue=-1
            Required=no
            Sensitive=yes
            [Service]
            ExecStart=true
        ''')
        refresh()
        job = jobctl_json('show', '--variables', 'parts.Form')
        self.assertEqual([variable['name'] for variable in job['variables']], ['last', 'dryrun', 'first', 'colour'])
        self.assertTrue(job['supports_dryrun'])
        first, last = job['variables'][2], job['variables'][0]
        self.assertEqual([first.get(key) for key in ('type', 'label', 'help_text', 'required', 'sensitive')],
                         ['string', 'The first', 'What it is for', True, False])
        self.assertEqual([last.get(key) for key in ('type', 'min_value', 'required', 'sensitive')],
                         ['integer', -1, False, True])
        table = jobctl('show', '--variables', 'parts.Form').stdout
        for line in ('last +- +integer +- +sensitive, at least -1', 'dryrun +- +dryrun +false',
                     'first +The first +string +- +required.* What it is for',
                     'colour +- +choice +green +red, green; only with first=red'):
            self.assertRegex(table, line)

    def test_every_key_is_shown(self):
        install_job('parts.Next', GOOD)
        path = install_job('parts.Keys', '''
            [Job]
            Name=All the keys
            Grouping=Of a job
            Description=They are many.
            ApprovalRequired=yes
            ApprovalStages=first:jobd-approve second:jobd-admin:2
            DryRunDefault=yes
            FieldOrder=b a
            Hidden=yes
            ReadOnly=yes
            SoftTimeLimit=1min
            TimeLimit=2min
            TaskQueues=one two
            Singleton=yes
            Retry=3
            RetryDelay=90
            ResultMaxAge=30d
            ResultMaxCount=0
            NotifyOnRequest=a@.service
            NotifyOnSuccess=b@.service
            NotifyOnFailure=c@.service
            OnSuccess=parts.Next
            OnFailure=parts.Next
            [Variable a]
            [Variable b]
            [Service]
            ExecStart=true
        ''')
        refresh()
        jobctl('set', 'parts.Keys', 'time_limit=3min')
        job = jobctl_json('show', 'parts.Keys')
        self.assertEqual({key: job['class'][key] for key in job['class'] if key != 'digest'}, {
            'field_order': ['b', 'a'], 'retry': 3, 'retry_delay': 90, 'result_max_age': 30 * 86400,
            'result_max_count': 0,
            'approval_stages': [{'name': 'first', 'group': 'jobd-approve', 'min_approvers': 1},
                                {'name': 'second', 'group': 'jobd-admin', 'min_approvers': 2}],
            'notify_on_request': 'a@.service', 'notify_on_success': 'b@.service', 'notify_on_failure': 'c@.service',
            'on_success': ['parts.Next'], 'on_failure': ['parts.Next']})
        self.assertEqual((job['time_limit'], job['time_limit_override'], job['class_values']['time_limit']),
                         (180, True, '2min'))
        shown = jobctl('show', 'parts.Keys').stdout
        for line in ('Name: All the keys', 'Grouping: Of a job', 'Description: They are many.',
                     'Approval required: yes', 'Dry run by default: yes', 'Hidden: yes', 'Read-only: yes',
                     'Soft time limit: 1min',
                     'Time limit: 3min (overridden; the class says: 2min)', 'Task queues: one two', 'Field order: b a',
                     'Retry: 3 times after a failure, after 1min 30s', 'Results kept: age 4w 2d, number no limit',
                     'Approval stages: first: 1 of group jobd-approve', 'second: 2 of group jobd-admin',
                     'Unit on request: a@.service', 'Unit on success: b@.service', 'Unit on failure: c@.service',
                     'Job on success: parts.Next', 'Job on failure: parts.Next'):
            self.assertIn(line, shown)
        os.unlink(path)
        self.assertIsNone(jobctl_json('show', 'parts.Keys')['class'])
        self.assertIn("Job class: the class of job 'parts.Keys' cannot be loaded", jobctl('show', 'parts.Keys').stdout)

    def test_what_runs_is_what_is_on_the_disk(self):
        install_job('parts.Live', '[Service]\nExecStart=echo before\n')
        refresh()
        jobctl('enable', 'parts.Live')
        install_job('parts.Live', '[Service]\nExecStart=echo after\n')
        self.assertEqual(run_lines('parts.Live'), ['after'])
        path = install_job('parts.Live', '[Service]\nExecStart=echo broken\nNice=very\n')
        self.assertFails(['jobctl', 'run', 'parts.Live'], "the class of job 'parts.Live' cannot be loaded",
                         f'{path}:3: Nice=', status=4)
        os.unlink(path)
        self.assertFails(['jobctl', 'run', 'parts.Live'], "the class of job 'parts.Live' is no longer on disk: run "
                                                          '"jobctl refresh"', status=4)


class Broken(ClassesTestCase):
    def test_each_is_named_and_none_stops_the_others(self):
        cursor = journal_cursor()
        paths = {name: write(job_path(f'broken.{name}'), text) for name, (text, *_) in BROKEN.items()}
        for name in 'Aardvark', 'Middle', 'Zebra':
            install_job(f'broken.{name}', GOOD)
        report, status = refresh()
        self.assertEqual(status, 1)
        for name, (_, where, hint) in BROKEN.items():
            with self.subTest(broken=name):
                [(action, message)] = report[f'broken.{name}']
                where = paths[name] + where
                self.assertEqual((action, message[:len(where)]), ('refused', where), message)
                self.assertIn(hint, message)
                self.assertNotIn('\n', message)
        for name in 'Aardvark', 'Middle', 'Zebra':
            self.assertEqual(report[f'broken.{name}'][0][0], 'created')
        logged = {entry['JOB_CLASS_PATH']: entry['MESSAGE'] for entry in journal(f'MESSAGE_ID={CLASS_REFUSED}',
                                                                                 since=cursor)}
        self.assertEqual(logged, {f'broken.{name}': f'Refused a job class: {report[f"broken.{name}"][0][1]}'
                                  for name in BROKEN})

    def test_broken_later_and_repaired(self):
        install_job('later.Job', GOOD)
        refresh()
        jobctl('enable', 'later.Job')
        install_job('later.Job', GOOD + 'Nonsense\n')
        report, _ = refresh()
        self.assertEqual([action for action, _ in report['later.Job']], ['refused', 'uninstalled'])
        job = show('later.Job')
        self.assertEqual((job['installed'], job['enabled'], job['runnable']), (False, True, False))
        self.assertFails(['jobctl', 'run', 'later.Job'], 'is not presently installed', status=4)
        install_job('later.Job', GOOD)
        report, status = refresh()
        self.assertEqual((report, status), ({'later.Job': [('updated', 'installed again, still enabled')]}, 0))
        self.assertEqual(run_lines('later.Job'), [])

    def test_who_may_have_written_it(self):
        paths = {name: install_job(f'owner.{name}', GOOD) for name in ('User', 'Group', 'Other', 'Link', 'Good')}
        os.chown(paths['User'], 2001, 0)
        os.chmod(paths['Group'], 0o664)
        os.chmod(paths['Other'], 0o646)
        target = write('/srv/elsewhere.job', GOOD)
        self.addCleanup(os.unlink, target)
        os.chown(target, 2001, 2001)
        os.unlink(paths['Link'])
        os.symlink(target, paths['Link'])
        paths['Directory'] = install_job('owner.writable.Directory', GOOD)
        os.chmod(os.path.dirname(paths['Directory']), 0o775)

        report, _ = refresh()
        self.assertEqual({name: entries[0][0] for name, entries in report.items()},
                         {'owner.User': 'refused', 'owner.Group': 'refused', 'owner.Other': 'refused',
                          'owner.Link': 'refused', 'owner.Good': 'created', '': 'refused'})
        for class_path, path, text in (
                ('owner.User', paths['User'], 'belongs to uid 2001 instead of root, so it is not loaded; chown it to '
                                              'root'),
                ('owner.Group', paths['Group'], 'can be written by group or others (mode 0664), so it is not loaded; '
                                                'chmod go-w it'),
                ('owner.Other', paths['Other'], 'can be written by group or others (mode 0646), so it is not loaded; '
                                                'chmod go-w it'),
                ('owner.Link', paths['Link'], 'belongs to uid 2001 instead of root'),
                ('', os.path.dirname(paths['Directory']), 'can be written by group or others (mode 0775), so nothing '
                                                          'in it is loaded; chmod go-w it')):
            self.assertIn(f'{path}: {text}', report[class_path][0][1])

        # the check is not only the refresh's: what was good then may not be when it is to run
        jobctl('enable', 'owner.Good')
        os.chmod(paths['Good'], 0o666)
        self.assertFails(['jobctl', 'run', 'owner.Good'], 'chmod go-w it', status=4)
        os.chown(target, 0, 0)
        report, _ = refresh()
        self.assertEqual(report['owner.Link'][0][0], 'created')

    def test_settings_of_service_reach_the_unit(self):
        settings = {'Nice': '7', 'UMask': '0027', 'LimitNOFILE': '321', 'OOMScoreAdjust': '300', 'ProtectHome': 'yes',
                    'KillSignal': '2', 'TasksMax': '33', 'RestrictAddressFamilies': 'AF_UNIX'}
        text = ''.join(f'{key}={value}\n' for key, value in settings.items())
        install_job('parts.Settings', '[Service]\nExecStart=sleep 300\n' + text)
        refresh()
        jobctl('enable', 'parts.Settings')
        result_id = jobctl('run', '--no-wait', 'parts.Settings').stdout.strip()
        names = [argument for key in settings for argument in ('-p', key)]
        shown = run(['systemctl', 'show', *names, f'jobd-run-{result_id}.service']).stdout.splitlines()
        self.assertEqual(dict(line.split('=', 1) for line in shown), settings)
        jobctl('cancel', result_id)


if __name__ == '__main__':
    unittest.main()
