# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""jobctl approvals, approve, deny: as approvers see requests."""
import time
import unittest

from classes import wait_end
from harness import TIMEOUT, JobdTestCase, dialogue, install_job, jobctl, jobctl_json, run

JOBS = {
    'careful.Echo': '[Job]\nApprovalRequired=yes\nDescription=Says it.\n[Variable text]\nDefault=hello\n'
                    '[Variable dryrun]\nType=dryrun\n'
                    '[Service]\nExecStart=echo ${JOB_VAR_text} ${JOB_VAR_dryrun}\nMemoryMax=64M\n',
}


def setUpModule():
    for class_path, text in JOBS.items():
        install_job(class_path, text)
    jobctl('refresh')
    jobctl('enable', *JOBS)


def schedule(name):
    [found] = jobctl_json('schedule', 'show', name)
    return found


class Meanwhile:
    """An answer for dialogue(), before which something is done."""
    def __init__(self, act, answer):
        self.act, self.answer = act, answer

    def encode(self):
        self.act()
        return self.answer.encode()


class Approvals(JobdTestCase):
    def request(self, *options, user='alice'):
        made = jobctl_json('run', *options, 'careful.Echo', user=user)
        self.assertEqual(made['state'], 'pending')
        self.addCleanup(jobctl, 'schedule', 'delete', '-q', made['id'], check=False)
        return made['id']

    def refused(self, *args, user, status=4):
        done = jobctl(*args, user=user, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stderr

    def test_request_says_what_it_waits_for(self):
        done = jobctl('run', 'careful.Echo', user='alice')
        self.assertRegex(done.stdout, r'^\S.*, scheduled job [0-9a-f-]{36}: waits for 1 approval\.\n$')
        jobctl('schedule', 'cancel', done.stdout.split('scheduled job ')[1][:36], user='alice')

    def test_stage_that_nobody_can_complete(self):
        """Said where it is read: by refresh and show to who administers it, by run and schedule to who has asked."""
        for command in 'groupadd few', 'useradd grace', 'groupadd own', 'useradd --gid own henry', 'gpasswd --add alice few':
            run(command)
        self.addCleanup(lambda: run('userdel grace; userdel henry; groupdel few; groupdel own', check=False))
        install_job('careful.Staged', '[Job]\nApprovalRequired=yes\nApprovalStages=first:own second:few\n'
                                      '[Service]\nExecStart=true\n')
        self.assertNotIn('warning', jobctl('refresh').stdout)
        jobctl('enable', 'careful.Staged')
        self.assertIn('second: 1 of group few\n', jobctl('show', 'careful.Staged').stdout)

        # alice is there, but does not approve her own
        lack = "as it is now, the stage 'second' cannot be completed: its group 'few' has no member but the requester"
        done = jobctl('run', '--name=few', 'careful.Staged', user='alice')
        self.assertIn('waits for 1 approval of group own', done.stdout)
        self.assertEqual(done.stderr, f'jobctl: {lack}.\n')
        self.assertRegex(jobctl('approvals', user='bob').stdout, r'few +careful\.Staged .* 1 approval of group own +in ')
        [listed] = [r for r in jobctl_json('approvals', user='bob') if r['name'] == 'few']
        self.assertEqual([(stage['name'], stage['approved']) for stage in listed['stages']], [('first', 0), ('second', 0)])
        self.assertIn(f'Problem: {lack}\n', jobctl('schedule', 'few', user='alice').stdout)
        run('gpasswd --add grace few')
        self.assertNotIn('Problem', jobctl('schedule', 'few', user='alice').stdout)
        jobctl('schedule', 'cancel', 'few', user='alice')

        run('gpasswd --members "" few')
        lack = "its group 'few' has no member"
        self.assertIn(f"warning  careful.Staged  ApprovalStages=: the stage 'second' cannot be completed: {lack}\n",
                      jobctl('refresh', '--quiet').stdout)
        self.assertIn(f'second: 1 of group few (cannot be completed: {lack})\n', jobctl('show', 'careful.Staged').stdout)

    def test_approve_shows_all_and_runs(self):
        request = self.request('--var=text=something')
        self.assertRegex(jobctl('approvals', user='bob').stdout, rf'(?m)^{request} +\S.* careful\.Echo +alice +\d+s ago '
                                                                 r'+when approved +once +1 approval')
        self.assertIn(request, [entry['id'] for entry in jobctl_json('approvals', user='bob')])
        shown = jobctl('approve', request[:8], '--comment=looks fine', user='bob').stdout
        for text in ('careful.Echo', 'alice', 'Says it.', 'text = something', 'echo', 'MemoryMax=', 'sha256:',
                     'at once, when it is approved'):
            self.assertIn(text, shown)
        self.assertRegex(shown, r': approved; .*\.\n$')
        now = schedule(request)
        self.assertNotEqual(now['state'], 'pending')
        self.assertEqual([(a['approver'], a['decision'], a['comment'], a['voided']) for a in now['approvals']],
                         [('bob', 'approved', 'looks fine', False)])
        self.assertNotIn(request, jobctl('approvals', user='bob').stdout)
        self.assertIn('approved by bob', jobctl('schedule', 'show', request).stdout)
        self.wait_for_run(request)

    def test_what_was_written_stays_in_its_line(self):
        """A requester's input is not another input, an approver's comment is not another's answer."""
        request = self.request('--var=text=a\nuser = nobody', '--at=2031-01-01', '--name=lines')
        jobctl('deny', request, '-c', 'no\napproved by carol', user='bob')
        shown = jobctl('approve', request, '--yes', user='carol', check=False).stdout
        self.assertIn('text = a\\x0auser = nobody\n', shown)
        self.assertRegex(shown, r'denied by bob at .*: no\\x0aapproved by carol\n')
        self.assertNotIn('(this one)', shown)

    def wait_for_run(self, request):
        deadline = time.monotonic() + TIMEOUT
        while not (result := schedule(request)['last_result']):
            self.assertLess(time.monotonic(), deadline, 'it does not run')
        wait_end(result)
        self.assertOutcome(result, 'SUCCESS', user='alice')

    def test_asks_before_it_approves(self):
        request = self.request()
        status, shown = dialogue(['jobctl', 'approve', request], ('[y/N]', 'n\n'), user='bob')
        self.assertEqual(status, 4)
        self.assertIn('nothing was approved', shown)
        self.assertIn('ExecStart', shown)
        self.assertEqual(schedule(request)['state'], 'pending')
        status, shown = dialogue(['jobctl', 'approve', request], ('[y/N]', 'yes\n'), user='bob')
        self.assertEqual(status, 0, shown)
        self.wait_for_run(request)

    def change(self):
        install_job('careful.Changed', '[Job]\nApprovalRequired=yes\n[Service]\nExecStart=echo after\n')
        jobctl('refresh')

    def test_only_what_was_shown_is_approved(self):
        """The program of the job changes while the approver thinks."""
        install_job('careful.Changed', '[Job]\nApprovalRequired=yes\n[Service]\nExecStart=echo before\n')
        jobctl('refresh')
        jobctl('enable', 'careful.Changed')
        request = jobctl_json('run', 'careful.Changed', user='alice')['id']
        status, shown = dialogue(['jobctl', 'approve', request], ('[y/N]', Meanwhile(self.change, 'y\n')), user='bob')
        self.assertEqual(status, 4, shown)
        self.assertIn('changed', shown)
        self.assertEqual((schedule(request)['state'], schedule(request)['approvals']), ('pending', []))
        # Now that this is what there is, it can be approved
        shown = jobctl('approve', request, user='bob').stdout
        self.assertIn('echo after', shown)
        self.assertNotEqual(schedule(request)['state'], 'pending')

    def test_deny(self):
        request = self.request('--at=2031-01-01', '--name=no way')
        self.assertRegex(jobctl('deny', 'no way', '-c', 'not today', user='bob').stdout, '^no way: denied\\.$')
        now = schedule(request)
        self.assertEqual(now['state'], 'denied')
        self.assertIn(' State: denied by bob: not today\n', jobctl('schedule', 'show', 'no way', user='bob').stdout)
        self.assertEqual([(a['approver'], a['decision'], a['comment']) for a in now['approvals']],
                         [('bob', 'denied', 'not today')])
        self.assertIn('not today', jobctl('schedule', 'show', 'no way', user='alice').stdout)

    def test_for_later(self):
        request = self.request('--at=2031-01-01', '--name=new year')
        self.assertRegex(jobctl('schedules').stdout, r'(?m)^new year +pending +- +once')
        self.assertRegex(jobctl('schedule', 'show', 'new year').stdout, r'(?m)^ *Next run: -$')
        answer = jobctl_json('approve', '--yes', 'new year', user='bob')
        self.assertEqual((answer['id'], answer['state'], answer['next_run_at']),
                         (request, 'active', '2031-01-01T00:00:00.000000Z'))

    def test_what_starts_first_is_first(self):
        """The reference's row A1."""
        made = [self.request(f'--at={at}', f'--name=starts {at}') for at in ('2031-03-01', '2031-01-01', '2031-02-01')]
        made.append(self.request())
        expected = [made[3], made[1], made[2], made[0]]
        self.assertEqual([r['id'] for r in jobctl_json('approvals', user='bob') if r['id'] in made], expected)
        shown = jobctl('approvals', '--no-legend', user='bob').stdout
        self.assertEqual(sorted(made, key=shown.index), expected)

    def test_dry_run(self):
        request = self.request('--var=text=try')
        done = jobctl('approve', '--dry-run', request, user='carol')
        self.assertIn('try true', done.stdout)
        self.assertIn('SUCCESS', done.stderr)
        self.assertEqual(schedule(request)['state'], 'pending')
        self.assertIn('approves nothing', self.refused('approve', '--dry-run', '--force', request, user='carol', status=2))
        self.assertIn('try true', jobctl('run', '--dry-run', '--var=text=try', 'careful.Echo', user='alice').stdout)

    def test_refused(self):
        request = self.request(user='carol')
        self.assertIn('own', self.refused('approve', '-q', request, user='carol'))
        self.assertEqual(schedule(request)['state'], 'pending')
        self.refused('--no-ask-password', 'approve', '-q', request, user='alice')
        self.refused('--no-ask-password', 'deny', request, user='alice')
        self.assertEqual(schedule(request)['state'], 'pending')
        self.assertIn('none', self.refused('approve', 'none', user='bob'))
        self.assertIn('something is missing', self.refused('approve', user='bob', status=2))


if __name__ == '__main__':
    unittest.main()
