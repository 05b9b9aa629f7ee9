# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""The REST API behind nginx with client certificates, configured as jobd-rest(8) has it."""
import os
import re
import unittest

from classes import GATE, open_gate
from harness import JobdTestCase, TIMEOUT, install_job, jobctl, run, start, wait_exit
from rest import curl, parse
from rules import polkit_rules

NGINX = '/var/cache/jobd-tests/nginx/usr/sbin/nginx'    # tests/packages
PAGE = '/usr/share/man/man8/jobd-rest.8'
ETC, STATE, PID = '/etc/nginx', '/var/lib/nginx', '/run/nginx.pid'
HOST = 'https://localhost'
RULE = '''
    polkit.addRule(function(action, subject) {
        if (subject.user == "www-data" && action.lookup("grouping") == "Web" &&
            (action.id == "org.jobd1.run-job" || action.id == "org.jobd1.view-job"))
            return polkit.Result.YES;
        return polkit.Result.NOT_HANDLED;
    });'''


def certificate(name, subject, signer=None):
    """A key and a certificate in ETC, of its own or signed by another one."""
    by = ['-CA', f'{ETC}/{signer}.crt', '-CAkey', f'{ETC}/{signer}.key'] if signer else []
    run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
         '-subj', f'/CN={subject}', '-addext', f'subjectAltName=DNS:{subject}', *by, '-keyout', f'{ETC}/{name}.key',
         '-out', f'{ETC}/{name}.crt'])
    os.chmod(f'{ETC}/{name}.key', 0o644)    # for a client of any user


def manual():
    """The configuration as the page prints it."""
    with open(PAGE, encoding='utf-8') as file:
        blocks = re.findall(r'^\.nf\n\.RS 4\n(.*?)^\.fi$', file.read(), re.M | re.S)
    [block] = [block for block in blocks if block.startswith('upstream')]
    return re.sub(r'^\.RE\n', '', block, flags=re.M).replace('\\&', '').replace('\\\\', '\\').replace('\\-', '-')


def options(client):
    identity = ['--cert', f'{ETC}/{client}.crt', '--key', f'{ETC}/{client}.key'] if client else []
    return ['-sS', '--max-time', str(TIMEOUT), '--cacert', f'{ETC}/jobd.crt', *identity]


def https(path, *more, client='client', user='dave'):
    return parse(run(['curl', '--http1.1', '--include', *options(client), *more, HOST + path], user=user).stdout)


@unittest.skipUnless(os.path.exists(NGINX), 'there is no nginx: tests/packages test fetches it')
class Nginx(JobdTestCase):
    @classmethod
    def setUpClass(cls):
        install_job('web.File', '''
            [Job]
            Grouping=Web
            HasSensitiveVariables=no
            [Variable list]
            Type=file
            [Service]
            ExecStart=sh -c 'wc -c < "$JOB_VAR_list"'
        ''')
        install_job('web.Gate', '[Job]\nGrouping=Web\nHasSensitiveVariables=no\n' + GATE)
        install_job('web.Other', '[Service]\nExecStart=true\n')
        jobctl('refresh')
        jobctl('enable', 'web.File', 'web.Gate', 'web.Other')
        for directory in ETC, STATE, '/var/log/nginx':
            os.makedirs(directory)
        certificate('jobd', 'localhost')
        certificate('clients', 'jobd-clients')
        certificate('client', 'root', 'clients')    # whatever is in it
        certificate('stranger', 'root')
        with open(f'{ETC}/nginx.conf', 'w', encoding='ascii') as file:
            file.write(f'user www-data;\npid {PID};\nevents {{}}\nhttp {{\naccess_log off;\n{manual()}\n}}\n')
        # It listens when this returns; what it goes on as would keep pipes open.
        with open('/var/log/nginx/start', 'w', encoding='utf-8') as log:
            status = start([NGINX, '-c', f'{ETC}/nginx.conf'], stdout=log, stderr=log).wait(TIMEOUT)
        if status != 0:
            with open('/var/log/nginx/start', encoding='utf-8') as log:
                raise AssertionError(log.read())

    @classmethod
    def tearDownClass(cls):
        with open(PID, encoding='ascii') as file:
            pid = int(file.read())
        run([NGINX, '-c', f'{ETC}/nginx.conf', '-s', 'stop'])
        wait_exit(pid)

    def check_certificates(self):
        """Who has none, or one of somebody else's, does not get through to jobd."""
        for client in None, 'stranger':
            reply = https('/api/extras/jobs/', client=client)
            self.assertEqual((reply.status, 'nginx' in reply.body, 'api-version' in reply.headers), (400, True, False), reply)
        self.assertEqual(https('/api/').headers['api-version'], '2.4')
        self.assertEqual(https('/etc/passwd').status, 404)

    def check_peer(self):
        """It is nginx's user, whatever the certificate and the headers say."""
        body = ['-H', 'Content-Type: application/json', '--data', '{}']
        reply = https('/api/extras/jobs/web.Gate/run/', *body)
        self.assertEqual(reply.status, 403, reply)
        with polkit_rules(RULE):
            for client_user in 'dave', 'carol':
                reply = https('/api/extras/jobs/web.Other/run/', *body, user=client_user)
                self.assertEqual(reply.status, 403, reply)
            reply = https('/api/extras/jobs/web.Gate/run/', '-H', 'X-Forwarded-User: root', '-H', 'Authorization: Token root',
                          *body)
            self.assertEqual(reply.status, 201, reply)
            result = reply.json['job_result']
            self.assertEqual((result['user'], result['url']), ('www-data', f'{HOST}/api/extras/job-results/{result["id"]}/'))
            page = https('/api/extras/jobs/?limit=1').json
            self.assertEqual(page['count'], 2)
            self.assertTrue(page['next'].startswith(f'{HOST}/api/extras/jobs/?'), page)
        return result['id']

    def check_follow(self, result_id):
        """A line comes when it is written, and not when the run has ended."""
        path = f'/api/extras/job-results/{result_id}/'
        process = start(['curl', '-N', *options('client'), f'{HOST}{path}logs/?follow=true'])
        line = ''
        while '"before"' not in line:
            line = process.stdout.readline()
            self.assertTrue(line)
        self.assertEqual(https(path).json['status'], 'STARTED')
        open_gate(result_id)
        rest, errors = process.communicate(timeout=TIMEOUT)
        self.assertEqual((process.returncode, rest.endswith('event: end\ndata: {}\n\n')), (0, True), errors)
        self.assertEqual(https(path + '?wait=60').json['status'], 'SUCCESS')

    def check_upload(self):
        """More than nginx takes of itself, and nothing of it in its files."""
        size = 5_000_000
        with open('/var/tmp/upload', 'wb') as file:
            file.write(b'\0' * size)
        os.chmod('/var/tmp/upload', 0o644)
        with polkit_rules(RULE):
            reply = https('/api/extras/jobs/web.File/run/', '-F', 'list=@/var/tmp/upload')
        self.assertEqual(reply.status, 201, reply)
        path = f'/api/extras/job-results/{reply.json["job_result"]["id"]}/'
        self.assertEqual(https(path + '?wait=60').json['status'], 'SUCCESS')
        self.assertIn(str(size), [entry['message'] for entry in https(path + 'logs/').json['results']])
        self.assertEqual([files for _, _, files in os.walk(STATE) if files], [])

    def test_as_the_manual_has_it(self):
        self.check_certificates()
        self.check_follow(self.check_peer())
        self.check_upload()
        self.assertEqual(curl('/api/extras/job-results/?user=www-data').json['count'], 2)


if __name__ == '__main__':
    unittest.main()
