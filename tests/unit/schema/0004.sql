-- SPDX-License-Identifier: LGPL-2.1-or-later
-- A database of schema version 4, as sqlite3 .dump wrote it and the version that it leaves out. The rows of chain_hop and
-- job_output_removal, which last for moments only, were put in by hand.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE job (
        id TEXT PRIMARY KEY NOT NULL,
        module_name TEXT NOT NULL,
        job_class_name TEXT NOT NULL,
        effective_name TEXT NOT NULL UNIQUE,
        installed INTEGER NOT NULL,
        enabled INTEGER NOT NULL,
        system INTEGER NOT NULL,
        read_only INTEGER NOT NULL,
        supports_dryrun INTEGER NOT NULL,
        file TEXT NOT NULL,
        digest TEXT NOT NULL,
        date_created INTEGER NOT NULL,
        last_updated INTEGER NOT NULL,
        name TEXT NOT NULL,
        grouping TEXT NOT NULL,
        description TEXT NOT NULL,
        approval_required TEXT NOT NULL,
        dryrun_default TEXT NOT NULL,
        has_sensitive_variables TEXT NOT NULL,
        hidden TEXT NOT NULL,
        singleton TEXT NOT NULL,
        soft_time_limit TEXT NOT NULL,
        time_limit TEXT NOT NULL,
        task_queues TEXT NOT NULL, deleted INTEGER NOT NULL DEFAULT 0,
        UNIQUE (module_name, job_class_name)
) STRICT;
INSERT INTO job VALUES('98a15eaa-dae2-454f-b893-cb51d7c967d2','jobd','LogsCleanup','Logs Cleanup',1,1,1,0,1,'/usr/lib/jobd/jobs/jobd/LogsCleanup.job','fce11dab947dccfe7734fb47760cad926839ae584c90b2d44ad71d3e8719c5e1',1795479216229945,1795493286558285,'Logs Cleanup','System Jobs','Deletes old job results with their output files, and scheduled jobs that are over. Unfinished runs stay.','no','no','no','no','yes','6h','7h','',0);
INSERT INTO job VALUES('c1d6e8ba-6154-4ef1-b3c2-f81e60f8759a','jobd','ObjectsImport','Objects Import',1,1,1,0,1,'/usr/lib/jobd/jobs/jobd/ObjectsImport.job','eef1e2c6c64fda5b4a1bcf16749bc4d46743edccceed7b3348aecce7566be1c0',1795479216229945,1795479216229945,'Objects Import','System Jobs','Imports a file of objects, a JSON list, into a model of the inventory. See jobd.objects(5).','no','no','no','no','no','0','0','',0);
INSERT INTO job VALUES('169630a6-e747-467c-b849-e412f63cccf7','ops','Change','Change',0,1,0,0,0,'/etc/jobd/jobs/ops/Change.job','361896b0e8fb8ed9fba54a57fd0bd0a223c16ac10f83f06f52daabc3933015ea',1795479216229945,1795493286558285,'Change','ops','','yes','no','no','no','no','0','0','',0);
INSERT INTO job VALUES('94938f85-87a9-45b1-99ba-2ba45fc0cb2e','ops','Fail','Fail',1,1,0,0,0,'/etc/jobd/jobs/ops/Fail.job','a377b329a2b1558449e63c37413f07970968a2e3b900b648ce51152f8f077023',1795479216229945,1795493286558285,'Fail','ops','','no','no','no','no','no','0','0','',0);
INSERT INTO job VALUES('273c9ec9-10fa-476b-ba33-478e9e8fe785','ops','Long','Long',1,1,0,0,0,'/etc/jobd/jobs/ops/Long.job','874dbf2019dff6e091b6d8749b55f8eee3554e197af6333542f9e7fd1f6f68f9',1795479216229945,1795493286558285,'Long','ops','','no','no','no','no','no','0','0','',0);
INSERT INTO job VALUES('a0ca94b0-1b16-4bfd-a946-0665a547973c','ops','Report','Report',1,1,0,0,0,'/etc/jobd/jobs/ops/Report.job','95e398e631d769f1147760d0223b924327bb9eedf7c31b9df48d4ac74bd88025',1795479216229945,1795493286558285,'Report','ops','','no','no','no','no','no','0','0','',0);
INSERT INTO job VALUES('444a3686-0306-404e-b337-b528b610ff41','ops','Tell','Tell',0,1,0,0,0,'/etc/jobd/jobs/ops/Tell.job','04d9840c87fa679cdb345bf5202a242568bb5e91bdcf034fac28c89829699412',1795479216229945,1795493286558285,'Tell','ops','','no','no','no','no','no','0','0','',0);
CREATE TABLE job_override (
        job_id TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
        field TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (job_id, field)
) STRICT, WITHOUT ROWID;
INSERT INTO job_override VALUES('a0ca94b0-1b16-4bfd-a946-0665a547973c','description','What there is');
INSERT INTO job_override VALUES('a0ca94b0-1b16-4bfd-a946-0665a547973c','time_limit','1h');
CREATE TABLE job_result (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        job_id TEXT REFERENCES job (id) ON DELETE SET NULL,
        name TEXT NOT NULL,
        class_path TEXT NOT NULL,
        requester_uid INTEGER NOT NULL,
        requester TEXT NOT NULL,
        task_queue TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('PENDING', 'STARTED', 'SUCCESS', 'FAILURE', 'REVOKED')),
        reason TEXT NOT NULL,
        message TEXT NOT NULL,
        warnings TEXT NOT NULL,
        revoked_by TEXT NOT NULL,
        has_sensitive_variables INTEGER NOT NULL,
        data TEXT,
        soft_time_limit_usec INTEGER NOT NULL,
        time_limit_usec INTEGER NOT NULL,
        date_created INTEGER NOT NULL,
        date_started INTEGER NOT NULL,
        date_done INTEGER NOT NULL,
        boot_id TEXT NOT NULL,
        invocation_id TEXT NOT NULL,
        exit_code INTEGER NOT NULL,
        signal INTEGER NOT NULL,
        cpu_usage_nsec INTEGER
, progress INTEGER NOT NULL DEFAULT -1, progress_text TEXT NOT NULL DEFAULT '', failure TEXT, debug_log_count INTEGER NOT NULL DEFAULT 0, info_log_count INTEGER NOT NULL DEFAULT 0, success_log_count INTEGER NOT NULL DEFAULT 0, warning_log_count INTEGER NOT NULL DEFAULT 0, failure_log_count INTEGER NOT NULL DEFAULT 0, error_log_count INTEGER NOT NULL DEFAULT 0, critical_log_count INTEGER NOT NULL DEFAULT 0, result TEXT, attempt INTEGER NOT NULL DEFAULT 1, attempts INTEGER NOT NULL DEFAULT 1, retry_delay_usec INTEGER NOT NULL DEFAULT 0, waits_for TEXT NOT NULL DEFAULT '' CHECK (waits_for IN ('', 'time', 'singleton')), retry_of TEXT NOT NULL DEFAULT '', retried_by TEXT NOT NULL DEFAULT '', not_before INTEGER NOT NULL DEFAULT 0, ignore_singleton INTEGER NOT NULL DEFAULT 0, requested_by TEXT NOT NULL DEFAULT '', caused_by TEXT NOT NULL DEFAULT '', scheduled_job_id TEXT REFERENCES scheduled_job (id) ON DELETE SET NULL, nominal_time INTEGER NOT NULL DEFAULT 0, io_read_bytes INTEGER, io_write_bytes INTEGER, memory_peak INTEGER) STRICT;
INSERT INTO job_result VALUES(1,'aaac4a3d-fd9f-4706-ac39-7326e1c6d2ce','a0ca94b0-1b16-4bfd-a946-0665a547973c','Write a report','ops.Report',2001,'alice','default','SUCCESS','success','','','',0,'{"device":"r9"}',300000000,3600000000,1795479216275186,1795479216279391,1795479216325809,'b90873f8cb014b79a81cc15741dbe016','d6f2c3876ede4d9daaee08f7440498cd',0,0,13666000,-1,'',NULL,0,1,0,1,0,0,0,'{"size":42}',1,1,0,'','','',0,0,'','',NULL,0,NULL,NULL,NULL);
INSERT INTO job_result VALUES(2,'cc7640b7-dfea-4285-82b8-8e5999e555e2','444a3686-0306-404e-b337-b528b610ff41','Tell','ops.Tell',2001,'alice','default','SUCCESS','success','','','',0,'{"text":"it is written"}',300000000,600000000,1795479216336220,1795479216350497,1795479216362512,'b90873f8cb014b79a81cc15741dbe016','a0aabb9cbb9a4e27af411bd3178b2bba',0,0,4084000,-1,'',NULL,0,0,0,0,0,0,0,NULL,1,1,0,'','','',0,0,'','aaac4a3d-fd9f-4706-ac39-7326e1c6d2ce',NULL,0,NULL,NULL,NULL);
INSERT INTO job_result VALUES(3,'d3c2956b-a41d-4a96-9ece-eb2832d818f7',NULL,'Gone','ops.Gone',0,'root','default','SUCCESS','success','','','',0,'{}',300000000,600000000,1795479216346559,1795479216355597,1795479216368636,'b90873f8cb014b79a81cc15741dbe016','f64cbc658a11417b80d1084267869e8d',0,0,5396000,-1,'',NULL,0,0,0,0,0,0,0,NULL,1,1,0,'','','',0,0,'','',NULL,0,NULL,NULL,NULL);
INSERT INTO job_result VALUES(4,'56d33171-0784-4e16-9b08-6dfd0dba67af','94938f85-87a9-45b1-99ba-2ba45fc0cb2e','Fail','ops.Fail',0,'root','default','FAILURE','exit-code','the job exited with status 3; will be tried again at Tue 2026-11-24 01:13:36 UTC (2 of 2)','','',0,'{}',300000000,600000000,1795479216385975,1795479216402228,1795479216411403,'b90873f8cb014b79a81cc15741dbe016','ad38764218874472bd1f8a5b4bc4f421',3,0,4112000,-1,'',NULL,0,0,0,0,0,0,0,NULL,1,2,3600000000,'','','39e33d80-65f2-43a7-b2dc-98d9132369c0',0,0,'','',NULL,0,NULL,NULL,NULL);
INSERT INTO job_result VALUES(5,'39e33d80-65f2-43a7-b2dc-98d9132369c0','94938f85-87a9-45b1-99ba-2ba45fc0cb2e','Fail','ops.Fail',0,'root','default','FAILURE','exit-code','the job exited with status 3','','',0,'{}',300000000,600000000,1795479216411403,0,1795493286595058,'b90873f8cb014b79a81cc15741dbe016','',3,0,1978000,-1,'',NULL,0,0,0,0,0,0,0,NULL,2,2,3600000000,'','56d33171-0784-4e16-9b08-6dfd0dba67af','',1795482816411403,0,'','',NULL,0,NULL,NULL,NULL);
INSERT INTO job_result VALUES(6,'4be9fe4d-240b-432a-8337-6ce2822ba264','a0ca94b0-1b16-4bfd-a946-0665a547973c','Write a report','ops.Report',0,'root','default','SUCCESS','success','','','',0,'{"device":"r7"}',300000000,3600000000,1795479216454959,1795479216470232,1795479216515719,'b90873f8cb014b79a81cc15741dbe016','893c2675359c48edb8b02f87c9921676',0,0,11140000,-1,'',NULL,0,1,0,1,0,0,0,'{"size":42}',1,1,0,'','','',0,0,'','','86c6f185-f6e1-4ba1-93c3-f354f53004b4',1795479216454959,NULL,NULL,NULL);
INSERT INTO job_result VALUES(7,'0b331f34-ac98-4bf6-925f-6bffea31f953','444a3686-0306-404e-b337-b528b610ff41','Tell','ops.Tell',0,'root','default','SUCCESS','success','','','',0,'{"text":"it is written"}',300000000,600000000,1795479216518550,1795479216530191,1795479216540429,'b90873f8cb014b79a81cc15741dbe016','ff6dbae91e504a00b823f0419bdc01e8',0,0,4043000,-1,'',NULL,0,0,0,0,0,0,0,NULL,1,1,0,'','','',0,0,'','4be9fe4d-240b-432a-8337-6ce2822ba264',NULL,0,NULL,NULL,NULL);
INSERT INTO job_result VALUES(8,'0561e972-a07c-4c20-9ada-7af442ef8fd6','273c9ec9-10fa-476b-ba33-478e9e8fe785','Long','ops.Long',0,'root','default','FAILURE','lost','the unit of the job was removed while jobd was not running: its outcome is not known','','',0,'{}',300000000,600000000,1795479216537656,1795479216541134,1795493286559528,'b90873f8cb014b79a81cc15741dbe016','866f6328f202422a9e2a29539154ac7f',-1,0,NULL,-1,'',NULL,0,0,0,0,0,0,0,NULL,1,1,0,'','','',0,0,'','',NULL,0,NULL,NULL,NULL);
INSERT INTO job_result VALUES(9,'a1d766a1-3ae0-4c8b-a76a-eb3640bd6f36','444a3686-0306-404e-b337-b528b610ff41','Tell','ops.Tell',0,'root','default','FAILURE','not-runnable','it was to follow on job result 0561e972-a07c-4c20-9ada-7af442ef8fd6 of job ''ops.Long'', and is not run: job ''ops.Tell'' is not presently installed and cannot be run: install its class again and run "jobctl refresh"','','',0,NULL,300000000,600000000,1795493286559895,0,1795493286559895,'','',-1,0,NULL,-1,'',NULL,0,0,0,0,0,0,0,NULL,1,1,0,'','','',0,0,'','0561e972-a07c-4c20-9ada-7af442ef8fd6',NULL,0,NULL,NULL,NULL);
INSERT INTO job_result VALUES(10,'1941d5ca-fb1b-4b07-8611-b40fc79e3a97','a0ca94b0-1b16-4bfd-a946-0665a547973c','Report','ops.Report',2001,'alice','default','SUCCESS','success','','','',0,'{"device":"r12"}',300000000,3600000000,1795493286818295,1795493286830147,1795493286836904,'b90873f8cb014b79a81cc15741dbe016','12bdce19861b4a6ebe9ceb227b01fc27',0,0,1747000,-1,'',NULL,0,0,0,0,0,0,0,NULL,1,1,0,'','','',0,0,'','',NULL,0,NULL,NULL,NULL);
INSERT INTO job_result VALUES(11,'78e9d964-7bbf-44d4-a9bb-8704a55a11b4','94938f85-87a9-45b1-99ba-2ba45fc0cb2e','Fail','ops.Fail',0,'root','default','FAILURE','exit-code','the job exited with status 3','','',0,'{}',300000000,600000000,1795493286824622,0,1795493286854186,'b90873f8cb014b79a81cc15741dbe016','',3,0,1932000,-1,'',NULL,0,0,0,0,0,0,0,NULL,1,1,0,'','','',0,0,'','',NULL,0,NULL,NULL,NULL);
INSERT INTO job_result VALUES(12,'37189a44-814c-4949-b539-e16c34060798','273c9ec9-10fa-476b-ba33-478e9e8fe785','Long','ops.Long',0,'root','default','STARTED','','','','',0,'{}',300000000,600000000,1795493286890418,1795493286906698,0,'b90873f8cb014b79a81cc15741dbe016','96e5b45f5d1b4bc4b6f71c8c497e92aa',-1,0,NULL,-1,'',NULL,0,0,0,0,0,0,0,NULL,1,1,0,'','','',0,0,'','',NULL,0,NULL,NULL,NULL);
INSERT INTO job_result VALUES(13,'0f5ee2ff-b4df-4e07-8f27-1e302a4d7af6','a0ca94b0-1b16-4bfd-a946-0665a547973c','Report','ops.Report',0,'root','default','PENDING','','','','',0,'{"device":"r13"}',300000000,3600000000,1795493286907806,0,0,'','',-1,0,NULL,-1,'',NULL,0,0,0,0,0,0,0,NULL,1,1,0,'','','',0,0,'','',NULL,0,NULL,NULL,NULL);
CREATE TABLE job_output (
        result_id TEXT NOT NULL REFERENCES job_result (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        size INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        date_created INTEGER NOT NULL,
        PRIMARY KEY (result_id, name)
) STRICT, WITHOUT ROWID;
INSERT INTO job_output VALUES('4be9fe4d-240b-432a-8337-6ce2822ba264','r.txt',2,'8e54b0ca18020275e4aef1ca0eb5e197e066c065c1864817652a8a39c55402cd',1795479216483959);
INSERT INTO job_output VALUES('aaac4a3d-fd9f-4706-ac39-7326e1c6d2ce','r.txt',2,'8e54b0ca18020275e4aef1ca0eb5e197e066c065c1864817652a8a39c55402cd',1795479216309220);
CREATE TABLE job_output_removal (
        result_id TEXT PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO job_output_removal VALUES('aaac4a3d-fd9f-4706-ac39-7326e1c6d2ce');
CREATE TABLE inventory_object (
        model TEXT NOT NULL,
        id TEXT NOT NULL,
        document TEXT NOT NULL,
        date_created INTEGER NOT NULL,
        last_updated INTEGER NOT NULL,
        PRIMARY KEY (model, id)
) STRICT, WITHOUT ROWID;
INSERT INTO inventory_object VALUES('routers','cc89f7f5-f0c7-436c-b323-d34dcde38a70','{"display":"Router 7","id":"cc89f7f5-f0c7-436c-b323-d34dcde38a70"}',1795479216525557,1795479216525557);
CREATE TABLE job_queue (
        id TEXT PRIMARY KEY NOT NULL,
        name TEXT NOT NULL UNIQUE,
        description TEXT NOT NULL,
        enabled INTEGER NOT NULL,
        max_running INTEGER NOT NULL,
        max_pending INTEGER NOT NULL,
        weight INTEGER NOT NULL,
        priority INTEGER NOT NULL,
        when_unavailable TEXT NOT NULL CHECK (when_unavailable IN ('wait', 'refuse')),
        cpu_weight TEXT NOT NULL,
        cpu_quota TEXT NOT NULL,
        memory_max TEXT NOT NULL,
        memory_high TEXT NOT NULL,
        tasks_max TEXT NOT NULL,
        io_weight TEXT NOT NULL,
        allowed_cpus TEXT NOT NULL,
        slice_boot_id TEXT NOT NULL,
        slice_set TEXT NOT NULL,
        date_created INTEGER NOT NULL,
        last_updated INTEGER NOT NULL
) STRICT;
INSERT INTO job_queue VALUES('a3aa289a-38eb-4c5e-b53d-db6fbb308929','default','',1,1,0,100,0,'wait','','','','','','','','','',1795479216231577,1795493286898769);
INSERT INTO job_queue VALUES('57e90ead-70c5-45f5-80d3-c60ec45f1dd0','bulk','',1,2,0,100,0,'wait','50','','','','','','','b90873f8cb014b79a81cc15741dbe016','CPUWeight',1795479216514446,1795479216514446);
CREATE TABLE scheduled_job (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL UNIQUE,
        job_id TEXT REFERENCES job (id) ON DELETE SET NULL,
        job_name TEXT NOT NULL,
        class_path TEXT NOT NULL,
        requester_uid INTEGER NOT NULL,
        requester TEXT NOT NULL,
        requested_by TEXT NOT NULL,
        interval TEXT NOT NULL CHECK (interval IN ('immediately', 'future', 'hourly', 'daily', 'weekly', 'custom')),
        crontab TEXT NOT NULL,
        time_zone TEXT NOT NULL,
        start_time INTEGER NOT NULL,
        missed TEXT NOT NULL CHECK (missed IN ('none', 'last', 'all')),
        task_queue TEXT NOT NULL,
        data TEXT,
        sealed TEXT,
        has_sensitive_variables INTEGER NOT NULL,
        ignore_singleton INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'paused', 'denied', 'canceled', 'expired', 'completed',
                                             'errored')),
        state_reason TEXT NOT NULL,
        approval_required INTEGER NOT NULL,
        digest TEXT NOT NULL,
        stages TEXT NOT NULL,
        expires_at INTEGER NOT NULL,
        decided_at INTEGER NOT NULL,
        last_run_at INTEGER NOT NULL,
        next_run_at INTEGER NOT NULL,
        total_run_count INTEGER NOT NULL,
        last_result_id TEXT NOT NULL,
        date_created INTEGER NOT NULL,
        date_changed INTEGER NOT NULL
) STRICT;
INSERT INTO scheduled_job VALUES(1,'dc2ff04b-b554-421c-bb43-b154a872b1bd','twice',NULL,'Gone','ops.Gone',0,'root','','daily','','Etc/UTC',1795582800000000,'last','default','{}',NULL,0,0,'errored','Scheduled job ''twice'' cannot run: its job ''ops.Gone'' was deleted; delete it, too',0,'','[]',0,0,0,0,0,'',1795479216376057,1795479216382016);
INSERT INTO scheduled_job VALUES(2,'61a03d44-0f9e-4e50-8b7f-e68828f9d667','change r8','169630a6-e747-467c-b849-e412f63cccf7','Change','ops.Change',2001,'alice','','daily','','Etc/UTC',1795590000000000,'last','default','{"device":"r8"}',NULL,0,0,'errored','Scheduled job ''change r8'' cannot run: job ''ops.Change'' is no longer installed. When it is again, resume the scheduled job.',1,'b6ef995569f82fe5e1081de105c5c85f23aee9ed54a6e826b17ef706e32fa146','[]',1796084016406225,1795479216488485,0,0,0,'',1795479216404955,1795493286559109);
INSERT INTO scheduled_job VALUES(3,'d72cd614-ec3f-4410-9e48-c80bc76ae60b','change r9','169630a6-e747-467c-b849-e412f63cccf7','Change','ops.Change',2001,'alice','','immediately','','Etc/UTC',1795479216430176,'last','default','{"device":"r9"}',NULL,0,0,'denied','denied by root: no',1,'c45ec6c711436e9b4e7b81e32cacfb015bd7eafdcd20cfaf08d3580ad9116caf','[]',1796084016430502,1795479216501628,0,0,0,'',1795479216430176,1795479216501628);
INSERT INTO scheduled_job VALUES(4,'86c6f185-f6e1-4ba1-93c3-f354f53004b4','nightly','a0ca94b0-1b16-4bfd-a946-0665a547973c','Write a report','ops.Report',2001,'alice','','daily','','Europe/Berlin',1795572000000000,'last','default','{"device":"r7"}',NULL,0,0,'active','',0,'','[]',0,0,0,1795572000000000,0,'',1795479216443521,1795479216443521);
CREATE TABLE approval (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        scheduled_job_id TEXT NOT NULL REFERENCES scheduled_job (id) ON DELETE CASCADE,
        stage INTEGER NOT NULL,
        approver_uid INTEGER NOT NULL,
        approver TEXT NOT NULL,
        decision TEXT NOT NULL CHECK (decision IN ('approved', 'denied')),
        comment TEXT NOT NULL,
        digest TEXT NOT NULL,
        date INTEGER NOT NULL,
        voided INTEGER NOT NULL
) STRICT;
INSERT INTO approval VALUES(1,'61a03d44-0f9e-4e50-8b7f-e68828f9d667',0,2002,'bob','approved','go on','b6ef995569f82fe5e1081de105c5c85f23aee9ed54a6e826b17ef706e32fa146',1795479216488485,0);
INSERT INTO approval VALUES(2,'d72cd614-ec3f-4410-9e48-c80bc76ae60b',0,0,'root','denied','no','c45ec6c711436e9b4e7b81e32cacfb015bd7eafdcd20cfaf08d3580ad9116caf',1795479216501628,0);
CREATE TABLE approval_request (
        scheduled_job_id TEXT PRIMARY KEY NOT NULL REFERENCES scheduled_job (id) ON DELETE CASCADE,
        facts TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO approval_request VALUES('61a03d44-0f9e-4e50-8b7f-e68828f9d667','[["request","requester","alice"],["request","requester_uid","2001"],["request","requested_by",""],["request","queue","default"],["request","interval","daily"],["request","crontab",""],["request","time_zone","Etc/UTC"],["request","start_time","1795590000000000"],["request","missed","last"],["request","ignore_singleton","no"],["request","stages","[]"],["input","device","\"r8\""],["class","/etc/jobd/jobs/ops/Change.job","361896b0e8fb8ed9fba54a57fd0bd0a223c16ac10f83f06f52daabc3933015ea"],["setting","name","Change"],["setting","grouping","ops"],["setting","description",""],["setting","approval_required","yes"],["setting","dryrun_default","no"],["setting","has_sensitive_variables","no"],["setting","hidden","no"],["setting","singleton","no"],["setting","soft_time_limit","0"],["setting","time_limit","0"],["setting","task_queues",""],["property","ExecStart","true"],["program","ExecStart=true","/usr/bin/true sha256:c79bf44242829108e323378531f4ac839513ca1fba45efd6583643526e1e9fd2"]]');
INSERT INTO approval_request VALUES('d72cd614-ec3f-4410-9e48-c80bc76ae60b','[["request","requester","alice"],["request","requester_uid","2001"],["request","requested_by",""],["request","queue","default"],["request","interval","immediately"],["request","crontab",""],["request","time_zone","Etc/UTC"],["request","start_time","1795479216430176"],["request","missed","last"],["request","ignore_singleton","no"],["request","stages","[]"],["input","device","\"r9\""],["class","/etc/jobd/jobs/ops/Change.job","361896b0e8fb8ed9fba54a57fd0bd0a223c16ac10f83f06f52daabc3933015ea"],["setting","name","Change"],["setting","grouping","ops"],["setting","description",""],["setting","approval_required","yes"],["setting","dryrun_default","no"],["setting","has_sensitive_variables","no"],["setting","hidden","no"],["setting","singleton","no"],["setting","soft_time_limit","0"],["setting","time_limit","0"],["setting","task_queues",""],["property","ExecStart","true"],["program","ExecStart=true","/usr/bin/true sha256:c79bf44242829108e323378531f4ac839513ca1fba45efd6583643526e1e9fd2"]]');
CREATE TABLE chain_hop (
        result_id TEXT NOT NULL REFERENCES job_result (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        class_path TEXT NOT NULL,
        data TEXT NOT NULL,
        PRIMARY KEY (result_id, position)
) STRICT, WITHOUT ROWID;
INSERT INTO chain_hop VALUES('1941d5ca-fb1b-4b07-8611-b40fc79e3a97',0,'ops.Tell','{"text":"later"}');
CREATE TABLE requester (
        name TEXT NOT NULL,
        uid INTEGER NOT NULL,
        PRIMARY KEY (name, uid)
) STRICT, WITHOUT ROWID;
INSERT INTO requester VALUES('alice',2001);
INSERT INTO requester VALUES('root',0);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('job_result',13);
INSERT INTO sqlite_sequence VALUES('scheduled_job',4);
INSERT INTO sqlite_sequence VALUES('approval',2);
CREATE INDEX job_result_by_job ON job_result (job_id, seq);
CREATE INDEX job_result_by_requester ON job_result (requester_uid, seq);
CREATE INDEX job_result_by_status ON job_result (status, seq);
CREATE TRIGGER job_output_removed AFTER DELETE ON job_output BEGIN
        INSERT OR IGNORE INTO job_output_removal (result_id) VALUES (OLD.result_id);
END;
CREATE INDEX scheduled_job_due ON scheduled_job (state, next_run_at);
CREATE INDEX scheduled_job_expiring ON scheduled_job (state, expires_at);
CREATE INDEX scheduled_job_by_job ON scheduled_job (job_id, seq);
CREATE INDEX scheduled_job_by_requester ON scheduled_job (requester_uid, seq);
CREATE UNIQUE INDEX approval_once ON approval (scheduled_job_id, approver_uid) WHERE voided = 0;
CREATE UNIQUE INDEX job_result_occurrence ON job_result (scheduled_job_id, nominal_time, attempt)
        WHERE scheduled_job_id IS NOT NULL;
CREATE INDEX job_result_line ON job_result (task_queue, requester_uid, seq)
        WHERE status = 'PENDING' AND boot_id = '' AND waits_for = '';
CREATE INDEX job_result_due ON job_result (not_before)
        WHERE status = 'PENDING' AND boot_id = '' AND waits_for = 'time';
CREATE INDEX job_result_singleton ON job_result (job_id, seq)
        WHERE status = 'PENDING' AND boot_id = '' AND waits_for = 'singleton';
CREATE INDEX job_result_retries ON job_result (retry_of, attempt) WHERE retry_of <> '';
CREATE INDEX job_result_by_job_status ON job_result (job_id, status, seq)
        WHERE status <> 'PENDING' AND status <> 'STARTED';
CREATE INDEX job_result_by_requester_status ON job_result (requester_uid, status, seq)
        WHERE status <> 'PENDING' AND status <> 'STARTED';
CREATE INDEX job_result_by_requester_job ON job_result (requester_uid, job_id, status, seq)
        WHERE status <> 'PENDING' AND status <> 'STARTED';
CREATE INDEX job_result_by_requester_queue ON job_result (requester_uid, task_queue, status, seq)
        WHERE status <> 'PENDING' AND status <> 'STARTED';
CREATE INDEX job_result_by_queue ON job_result (task_queue, status, seq)
        WHERE status <> 'PENDING' AND status <> 'STARTED';
CREATE INDEX job_result_by_schedule ON job_result (scheduled_job_id, status, seq)
        WHERE scheduled_job_id IS NOT NULL AND status <> 'PENDING' AND status <> 'STARTED';
CREATE INDEX job_result_by_class_path ON job_result (class_path, status, seq)
        WHERE job_id IS NULL AND status <> 'PENDING' AND status <> 'STARTED';
CREATE INDEX job_result_by_name ON job_result (name, status, seq)
        WHERE job_id IS NULL AND status <> 'PENDING' AND status <> 'STARTED';
CREATE TRIGGER requester_seen AFTER INSERT ON job_result BEGIN
        INSERT OR IGNORE INTO requester (name, uid) VALUES (NEW.requester, NEW.requester_uid);
END;
CREATE INDEX scheduled_job_by_state ON scheduled_job (state, seq);
CREATE INDEX scheduled_job_by_job_state ON scheduled_job (job_id, state, seq);
CREATE INDEX scheduled_job_by_requester_state ON scheduled_job (requester_uid, state, seq);
CREATE INDEX scheduled_job_by_requester_name ON scheduled_job (requester, state, seq);
CREATE INDEX scheduled_job_by_class_path ON scheduled_job (class_path, state, seq) WHERE job_id IS NULL;
CREATE INDEX scheduled_job_by_job_name ON scheduled_job (job_name, state, seq) WHERE job_id IS NULL;
CREATE INDEX approval_by_scheduled_job ON approval (scheduled_job_id, seq);
COMMIT;
PRAGMA user_version = 4;
