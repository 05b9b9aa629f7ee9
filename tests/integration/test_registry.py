# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""The registry: what a refresh makes of the job classes, and what an administrator makes of the jobs."""
import json
import os
import unittest

from classes import GOOD, VENDOR, ClassesTestCase, refresh, show, start_run, wait_end
from harness import Signals, install_job, jobctl, jobctl_json, journal, journal_cursor, run

REFRESHED = '29876bfb71a64622b2c4b56d3c9e2c00'
CLASS_REFUSED = '9f0c426130904ef6b50ff5a14b7d9bf6'
NOT_ENABLED = 'not enabled: run "jobctl enable {}" after reviewing it'

# Each field that can be overridden: its key, the class's value before and after, an override, and these for --json.
FIELDS = {
    'name': ('Name', 'Old name', 'New name', 'Given name', 'Old name', 'New name', 'Given name'),
    'grouping': ('Grouping', 'Old', 'New', 'Given', 'Old', 'New', 'Given'),
    'description': ('Description', 'Old text', 'New text', 'Given text', 'Old text', 'New text', 'Given text'),
    'dryrun_default': ('DryRunDefault', 'yes', 'no', 'yes', True, False, True),
    'has_sensitive_variables': ('HasSensitiveVariables', 'no', 'no', 'on', False, False, True),     # never both
    'approval_required': ('ApprovalRequired', 'no', 'yes', 'no', False, True, False),
    'hidden': ('Hidden', 'no', 'yes', 'false', False, True, False),
    'singleton': ('Singleton', 'yes', 'no', '1', True, False, True),
    'soft_time_limit': ('SoftTimeLimit', '1min', '2min', '1min 30s', 60, 120, 90),
    'time_limit': ('TimeLimit', '3min', '4min', '500', 180, 240, 500),
    'task_queues': ('TaskQueues', 'a b', 'c', 'default bulk', ['a', 'b'], ['c'], ['default', 'bulk']),
}


def json_name(field):
    return 'is_singleton' if field == 'singleton' else field


def class_text(which):
    return '[Job]\n' + ''.join(f'{field[0]}={field[which]}\n' for field in FIELDS.values()) + GOOD


def setUpModule():
    global FIRST, SECOND
    install_job('first.Start', GOOD)
    FIRST, SECOND = refresh(), refresh()


class Refresh(ClassesTestCase):
    def test_first_one_of_a_host(self):
        created = {'first.Start': [('created', NOT_ENABLED.format('first.Start'))]}
        report, status = FIRST
        for path in [path for path in report if path.startswith('jobd.')]:     # those that come with jobd
            self.assertEqual(report.pop(path), [('created', 'enabled (a system job)')])
        self.assertEqual(((report, status), SECOND), ((created, 0), ({}, 0)))

    def test_new_job_is_disabled(self):
        install_job('new.Fresh', GOOD)
        report, status = refresh()
        self.assertEqual((report, status), ({'new.Fresh': [('created', NOT_ENABLED.format('new.Fresh'))]}, 0))
        job = show('new.Fresh')
        self.assertEqual((job['enabled'], job['installed'], job['runnable'], job['name'], job['grouping']),
                         (False, True, False, 'Fresh', 'new'))
        self.assertFails(['jobctl', 'run', 'new.Fresh'], "job 'new.Fresh' is " + NOT_ENABLED.format('new.Fresh'),
                         status=4)
        self.assertEqual(refresh(), ({}, 0))
        self.assertEqual(show('new.Fresh'), job)

    def test_system_job_is_enabled_once(self):
        install_job('jobd.sub.Cleanup', GOOD, VENDOR)
        report, _ = refresh()
        self.assertEqual(report, {'jobd.sub.Cleanup': [('created', 'enabled (a system job)')]})
        jobctl('run', 'jobd.sub.Cleanup')
        jobctl('disable', 'jobd.sub.Cleanup')
        install_job('jobd.sub.Cleanup', '[Job]\nDescription=changed\n' + GOOD, VENDOR)
        refresh()
        job = show('jobd.sub.Cleanup')
        self.assertEqual((job['enabled'], job['system'], job['description']), (False, True, 'changed'))
        self.assertFails(['jobctl', 'delete', '--yes', 'jobd.sub.Cleanup'],
                         'Unable to delete Job Cleanup. System Job cannot be deleted', status=4)
        self.assertEqual(show('jobd.sub.Cleanup'), job)

    def test_one_report_of_everything(self):
        for name in 'Changed', 'Gone', 'Same':
            install_job(f'report.{name}', GOOD)
        broken = install_job('report.Broken', '[Job]\nHiden=yes\n' + GOOD)
        refresh()
        install_job('report.Changed', '[Job]\nTimeLimit=1h\nGrouping=Else\n' + GOOD)
        os.unlink(install_job('report.Gone', GOOD))
        install_job('report.New', '[Job]\nName=' + 'r' * 101 + '\n' + GOOD)
        report, status = refresh()
        self.assertEqual({name: [action for action, _ in entries] for name, entries in report.items()},
                         {'report.Changed': ['updated'], 'report.Gone': ['uninstalled'], 'report.Broken': ['refused'],
                          'report.New': ['warning', 'created']})
        self.assertEqual((report['report.Changed'][0][1], status), ('grouping, time_limit', 1))

        # the same for people, and all of it again as long as it is wrong
        quiet = jobctl('refresh', '--quiet', check=False)
        self.assertEqual(quiet.returncode, 1)
        self.assertRegex(quiet.stdout, rf'^refused +report\.Broken +{broken}:2: Hiden=: is no key of \[Job\]; did you '
                                       r'mean Hidden=\?\n$|^warning')
        os.unlink(broken)
        install_job('report.New', GOOD)
        refresh()
        self.assertEqual(jobctl('refresh').stdout, 'Nothing has changed.\n')

    def test_vanished_and_back(self):
        path = install_job('vanish.Vanishing', GOOD)
        refresh()
        jobctl('enable', 'vanish.Vanishing')
        os.unlink(path)
        report, status = refresh()
        self.assertEqual((report, status),
                         ({'vanish.Vanishing': [('uninstalled', 'no longer installed: kept, but cannot be run')]}, 0))
        self.assertEqual((show('vanish.Vanishing')['installed'], show('vanish.Vanishing')['enabled']), (False, True))
        self.assertNotIn('vanish.Vanishing', jobctl('list').stdout)
        self.assertIn('vanish.Vanishing', jobctl('list', '--all').stdout)
        self.assertEqual([job['class_path'] for job in jobctl_json('list', '--not-installed', 'vanish.*')],
                         ['vanish.Vanishing'])
        self.assertTrue(all(not job['installed'] for job in jobctl_json('list', '--not-installed')))
        self.assertFails(['jobctl', 'run', 'vanish.Vanishing'], "job 'vanish.Vanishing' is not presently installed "
                         'and cannot be run: install its class again and run "jobctl refresh"', status=4)
        jobctl('disable', 'vanish.Vanishing')
        self.assertFails(['jobctl', 'enable', 'vanish.Vanishing'], "job 'vanish.Vanishing' is not presently installed",
                         status=4)
        install_job('vanish.Vanishing', GOOD)
        self.assertEqual(refresh()[0], {'vanish.Vanishing': [('updated', 'installed again')]})
        jobctl('enable', 'vanish.Vanishing')
        os.unlink(path)
        refresh()
        install_job('vanish.Vanishing', GOOD)
        self.assertEqual(refresh()[0], {'vanish.Vanishing': [('updated', 'installed again, still enabled')]})
        jobctl('run', 'vanish.Vanishing')

    def test_clashing_names(self):
        for module in 'clash1', 'clash2', 'clash3':
            install_job(f'{module}.Job', '[Job]\nName=The same\n' + GOOD)
            install_job(f'{module}.Long', '[Job]\nName=' + 'é' * 100 + '\n' + GOOD)
        report, status = refresh()
        self.assertEqual(status, 0)
        self.assertEqual(report['clash2.Job'][0],
                         ('warning', 'Job class "Job" name "The same" is not unique, changing to "The same (2)".'))
        names = [(show(f'{module}.Job')['name'], show(f'{module}.Job')['name_override'])
                 for module in ('clash1', 'clash2', 'clash3')]
        self.assertEqual(names, [('The same', False), ('The same (2)', True), ('The same (3)', True)])
        self.assertEqual([show(f'{module}.Long')['name'] for module in ('clash1', 'clash2', 'clash3')],
                         ['é' * 100, 'é' * 96 + ' (2)', 'é' * 96 + ' (3)'])
        self.assertEqual(refresh(), ({}, 0))
        # a name leads to its own job, also when the first one is gone
        os.unlink('/etc/jobd/jobs/clash1/Job.job')
        refresh()
        jobctl('delete', '--yes', 'The same')
        self.assertEqual(refresh(), ({}, 0))
        self.assertEqual(show('The same (2)')['class_path'], 'clash2.Job')
        jobctl('revert', 'clash2.Job', 'name')
        self.assertEqual(show('The same')['class_path'], 'clash2.Job')
        self.assertFails(['jobctl', 'revert', 'clash3.Job', 'name'], 'another job has this name already', status=4)

    def test_length_limits(self):
        long = 'L' * 101
        paths = {f'{long}.Job': install_job(f'{long}.Job', GOOD), f'len.{long}': install_job(f'len.{long}', GOOD)}
        parts = '.'.join(['p' * 33, 'q' * 33, 'r' * 33])    # 101 with the dots
        paths[f'{parts}.Job'] = install_job(f'{parts}.Job', GOOD)
        install_job(f'{"L" * 100}.{"J" * 100}', GOOD)
        install_job('len.Texts', f'[Job]\nName={"n" * 101}\nGrouping={"g" * 256}\n' + GOOD)
        report, status = refresh()
        for name, path in paths.items():
            what = 'Job class name' if name.startswith('len') else 'Module name'
            self.assertEqual(report[name], [('refused', f'{path}: {what} may not exceed 100 characters in length')])
        self.assertEqual((report[f'{"L" * 100}.{"J" * 100}'][0][0], status), ('created', 1))
        self.assertEqual([action for action, _ in report['len.Texts']], ['warning', 'warning', 'created'])
        for (_, message), line in zip(report['len.Texts'], ('2: Name=: Job class "Texts" name "', '3: Grouping=: ')):
            self.assertIn(f'/etc/jobd/jobs/len/Texts.job:{line}', message)
            self.assertIn('characters in length, it will be truncated in the database.', message)
        job = show('len.Texts')
        self.assertEqual((len(job['name']), len(job['grouping'])), (100, 255))
        for path in paths.values():
            os.unlink(path)

    def test_who_and_what_may_trigger_it(self):
        install_job('trigger.One', GOOD)
        self.assertFails(['jobctl', 'refresh'], 'not authorised to refresh the registry', status=4, user='alice')
        self.assertFails(['jobctl', 'show', 'trigger.One'], "there is no job 'trigger.One'", status=4)
        jobctl('refresh', user='carol')
        for number, command in enumerate(('start jobd-refresh.service', 'reload jobd.service')):
            with self.subTest(command=command):
                install_job(f'trigger.By{number}', GOOD)
                broken = install_job('trigger.Broken', 'nonsense\n')
                cursor = journal_cursor()
                run(f'systemctl {command}')     # also with a class that was refused: see jobd(8)
                self.assertEqual(show(f'trigger.By{number}')['enabled'], False)
                [entry] = journal(f'MESSAGE_ID={REFRESHED}', since=cursor)
                self.assertEqual(entry['JOB_CALLER'], 'root')
                self.assertIn(f'{broken}:1: "nonsense" has no "="', journal(f'MESSAGE_ID={CLASS_REFUSED}',
                                                                           since=cursor)[0]['MESSAGE'])

    def test_signals(self):
        install_job('signal.Old', GOOD)
        gone = install_job('signal.Gone', GOOD)
        refresh()
        paths = {name: '/org/jobd1/job/' + show(f'signal.{name}')['id'].replace('-', '') for name in ('Old', 'Gone')}
        install_job('signal.Old', '[Job]\nDescription=changed\n' + GOOD)
        os.unlink(gone)
        install_job('signal.New', GOOD)
        manager = Signals("type='signal',interface='org.jobd1.Manager'")
        changes = {name: Signals(f"type='signal',path='{path}',member='PropertiesChanged'")
                   for name, path in paths.items()}
        refresh()
        made = manager.wait(lambda message: message['member'] == 'JobNew')
        self.assertEqual(made['payload']['data'], ['/org/jobd1/job/' + show('signal.New')['id'].replace('-', '')])
        for signals in changes.values():
            interface, values, invalidated = signals.wait()['payload']['data']
            self.assertEqual((interface, values), ('org.jobd1.Job', {}))
            self.assertLessEqual({'Description', 'Installed', 'Runnable'}, set(invalidated))


class Changes(ClassesTestCase):
    def test_every_override(self):
        install_job('fields.Fields', class_text(1))
        refresh()
        job = show('fields.Fields')
        self.assertEqual({field: job[json_name(field)] for field in FIELDS}, {f: row[4] for f, row in FIELDS.items()})
        self.assertEqual([name for name in job if name.endswith('_override') and job[name]], [])

        for field, row in FIELDS.items():
            jobctl('set', 'fields.Fields', f'{field}={row[3]}')
        install_job('fields.Fields', class_text(2))
        report, _ = refresh()
        self.assertEqual(report['fields.Fields'][-1][0], 'updated')
        job = show('fields.Fields')
        self.assertEqual({field: job[json_name(field)] for field in FIELDS}, {f: row[6] for f, row in FIELDS.items()})
        self.assertEqual(job['class_values'], {field: row[2] for field, row in FIELDS.items()})
        self.assertEqual({field for field in FIELDS if job[json_name(field) + '_override']}, set(FIELDS))

        for field, row in FIELDS.items():
            with self.subTest(field=field):
                jobctl('revert', 'fields.Fields', field)
                job = show('fields.Fields')
                self.assertEqual((job[json_name(field)], job[json_name(field) + '_override']), (row[5], False))
        self.assertEqual(refresh(), ({}, 0))

    def test_not_overridden_is_read_again(self):
        install_job('reread.Reread', class_text(1) .replace('name', 'read name'))
        refresh()
        jobctl('set', 'reread.Reread', 'description=mine')
        install_job('reread.Reread', class_text(2).replace('name', 'read name').replace(
            '[Service]', '[Variable dryrun]\nType=dryrun\n[Service]').replace('[Job]', '[Job]\nReadOnly=yes'))
        refresh()
        job = show('reread.Reread')
        self.assertEqual({field: job[json_name(field)] for field in FIELDS},
                         {**{f: row[5] for f, row in FIELDS.items()}, 'name': 'New read name', 'description': 'mine'})
        self.assertEqual((job['read_only'], job['supports_dryrun']), (True, True))

    def test_override_that_cannot_be(self):
        install_job('refuse.Refused', GOOD)
        install_job('refuse.Other', '[Job]\nName=Taken name\n' + GOOD)
        refresh()
        before = show('refuse.Refused')
        for assignment, text in (
                ('enabled=yes', "'enabled' cannot be overridden: use one of name, grouping,"),
                ('time_limit=soon', 'time_limit: "soon" is not a time; write seconds, or a number with a unit'),
                ('time_limit=infinity', 'every run has a time limit'),
                ('hidden=perhaps', 'hidden: "perhaps" is not a boolean; write yes or no'),
                ('task_queues=a ../b', '"../b" is not the name of a job queue'),
                ('name=' + 'n' * 101, 'Name may not exceed 100 characters in length'),
                ('grouping=' + 'g' * 256, 'Grouping may not exceed 255 characters in length'),
                ('name=', 'name: may not be empty'),
                ('name=a\tb', 'may not contain control characters'),
                ('name=Taken name', 'another job has this name already')):
            with self.subTest(assignment=assignment):
                done = self.assertFails(['jobctl', 'set', 'refuse.Refused', assignment], text, status=4)
                self.assertIn('refuse.Refused', done.stderr)
        self.assertFails(['jobctl', 'set', 'refuse.Refused', 'hidden'], 'hidden is not FIELD=VALUE', status=2)
        self.assertEqual(show('refuse.Refused'), before)

    def test_sensitive_and_approval(self):
        install_job('both.Both', '[Job]\nHasSensitiveVariables=yes\n' + GOOD)
        refresh()
        jobctl('enable', 'both.Both')
        self.assertFails(['jobctl', 'set', 'both.Both', 'approval_required=yes'], 'A job that may have sensitive '
                         'variables cannot be marked as requiring approval', status=4)
        # a refresh does not look, as in the reference: then the job cannot be run
        install_job('both.Both', '[Job]\nHasSensitiveVariables=yes\nApprovalRequired=yes\n' + GOOD)
        report, status = refresh()
        self.assertEqual((report['both.Both'][0][0], status), ('warning', 0))
        self.assertEqual(show('both.Both')['runnable'], False)
        self.assertFails(['jobctl', 'run', 'both.Both'], 'override one of the two, e.g. "jobctl set both.Both '
                         'approval_required=no"', status=4)
        jobctl('set', 'both.Both', 'approval_required=no')
        jobctl('run', 'both.Both')

    def test_enable_disable(self):
        install_job('switch.Switch', GOOD)
        refresh()
        self.assertFails(['jobctl', 'enable', 'switch.Switch'], 'not authorised to change job', status=4, user='alice')
        done = self.assertFails(['jobctl', 'enable', 'switch.Missing', 'switch.Switch'],
                                "there is no job 'switch.Missing'", status=4, user='carol')
        self.assertEqual(done.stdout, 'switch.Switch: enabled.\n')
        jobctl('enable', 'switch.Switch')
        jobctl('run', 'switch.Switch', user='alice')
        jobctl('disable', 'switch.Switch')
        self.assertFails(['jobctl', 'run', 'switch.Switch'], 'is not enabled', status=4)

    def test_delete(self):
        install_job('delete.Deleted', '[Service]\nExecStart=sleep 300\n')
        refresh()
        jobctl('enable', 'delete.Deleted')
        jobctl('set', 'delete.Deleted', 'description=mine')
        old = show('delete.Deleted')
        self.assertFails(['jobctl', 'delete', '--yes', 'delete.Deleted'], 'not authorised to delete job', status=4,
                         user='alice')
        result_id = start_run('delete.Deleted')
        self.assertFails(['jobctl', 'delete', '--yes', 'delete.Deleted'],
                         "job 'delete.Deleted' has runs that have not ended: wait for them or cancel them first",
                         status=4)
        jobctl('cancel', result_id)
        wait_end(result_id)
        signals = Signals("type='signal',interface='org.jobd1.Manager',member='JobRemoved'")
        jobctl('delete', '--yes', 'delete.Deleted')
        self.assertEqual(signals.wait()['payload']['data'], ['/org/jobd1/job/' + old['id'].replace('-', '')])
        self.assertFails(['jobctl', 'show', old['id']], 'there is no job', status=4)
        self.assertOutcome(result_id, 'REVOKED', job_model=None, name='Deleted', task_name='delete.Deleted')

        report, _ = refresh()
        self.assertEqual(report['delete.Deleted'][0][0], 'created')
        new = show('delete.Deleted')
        self.assertEqual((new['enabled'], new['description'], new['id'] == old['id']), (False, '', False))
        self.assertOutcome(result_id, 'REVOKED', job_model=None)

    def test_over_the_bus(self):
        install_job('bus.OverTheBus', GOOD)
        refresh()
        path = run(['busctl', '--json=short', 'call', 'org.jobd1', '/org/jobd1', 'org.jobd1.Manager', 'GetJob', 's',
                    'bus.OverTheBus']).stdout
        path = json.loads(path)['data'][0]
        call = ['busctl', 'call', 'org.jobd1', path, 'org.jobd1.Job']
        run([*call, 'SetOverride', 'ss', 'TimeLimit', '5min'])
        run([*call, 'Enable'])
        get = ['busctl', '--json=short', 'get-property', 'org.jobd1', path, 'org.jobd1.Job', 'TimeLimitUSec',
               'Overrides', 'Enabled']
        values = [json.loads(line)['data'] for line in run(get).stdout.splitlines()]
        self.assertEqual(values, [300000000, ['time_limit'], True])
        run([*call, 'ClearOverride', 's', 'time_limit'])
        self.assertEqual(json.loads(run(get).stdout.splitlines()[0])['data'], 0)
        run([*call, 'Delete'])
        self.assertFails([*call, 'Enable'], 'Unknown object', status=1)


if __name__ == '__main__':
    unittest.main()
