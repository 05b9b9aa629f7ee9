# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Sealing with systemd-creds, from within the sandbox that jobd.service has.

The program SEAL does with the daemon's module what the daemon does; it runs as a unit with all settings of jobd.service
but those that make it jobd.
"""
import os
import re
import unittest
from pathlib import Path

from harness import JobdTestCase, run

SEAL = os.environ.get('SEAL', Path(__file__).resolve().parents[2] / 'build/tests/seal')
KEY = '/var/lib/systemd/credential.secret'
NAME = 'jobd-6c4d0a8e-0f5b-4c57-9d4e-0a4f1f6f2b11'
NOT_OURS = ('Type', 'NotifyAccess', 'BusName', 'Sockets', 'ExecStart', 'ExecReload', 'Restart', 'RestartSec', 'WatchdogSec',
            'RestartPreventExitStatus', 'StateDirectory', 'StateDirectoryMode')


def sandbox():
    """The settings of jobd.service, for systemd-run."""
    text = Path('/lib/systemd/system/jobd.service').read_text(encoding='utf-8')
    section = text.split('[Service]\n')[1].split('\n[')[0]
    settings = [line for line in section.splitlines() if re.match(r'\w+=', line)]
    assert any(line == 'ProtectSystem=strict' for line in settings) and 'CapabilityBoundingSet=' in settings
    return [f'--property={line}' for line in settings if line.split('=')[0] not in NOT_OURS]


def sealed(verb, text, name=NAME, check=True):
    return run(['systemd-run', '--pipe', '--wait', '--quiet', '--collect', *sandbox(), str(SEAL), verb, name], input=text,
               check=check)


class Seal(JobdTestCase):
    def setUp(self):
        if not os.path.exists(KEY):
            run('systemd-creds setup')

    def refused(self, error, *args):
        done = sealed(*args, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertTrue(done.stderr.startswith(error + ': '), done.stderr)
        return done.stderr

    def test_there_and_back(self):
        for text in '{"password":"hunter2"}', 'x' * 500000, '', 'ä\n\n':
            ciphertext = sealed('seal', text).stdout
            self.assertRegex(ciphertext, '^[A-Za-z0-9+/=]+$')
            self.assertEqual(sealed('unseal', ciphertext).stdout, text)

    def test_is_what_systemd_understands(self):
        ciphertext = sealed('seal', 'secret').stdout
        self.assertEqual(run(['systemd-creds', 'decrypt', f'--name={NAME}', '-', '-'], input=ciphertext).stdout, 'secret')
        theirs = run(['systemd-creds', 'encrypt', '--with-key=host', f'--name={NAME}', '-', '-'], input='secret').stdout
        self.assertEqual(sealed('unseal', theirs).stdout, 'secret')

    def test_bound_to_its_name(self):
        ciphertext = sealed('seal', 'secret').stdout
        said = self.refused('EKEYREJECTED', 'unseal', ciphertext, NAME.replace('1', '2'))
        self.assertNotIn('secret', said)

    def test_bound_to_the_host(self):
        ciphertext = sealed('seal', 'secret').stdout
        os.unlink(KEY)
        self.refused('ENOKEY', 'unseal', ciphertext)
        self.refused('ENOKEY', 'seal', 'secret')
        self.assertFalse(os.path.exists(KEY), 'jobd makes no key')
        run('systemd-creds setup')
        self.refused('EKEYREJECTED', 'unseal', ciphertext)

    def test_leaves_nothing(self):
        before = {path for directory in ('/tmp', '/var/tmp', '/run') for path in os.listdir(directory)}
        sealed('seal', 'secret')
        self.assertEqual({path for directory in ('/tmp', '/var/tmp', '/run') for path in os.listdir(directory)}, before)


if __name__ == '__main__':
    unittest.main()
