-- SPDX-License-Identifier: LGPL-2.1-or-later
-- A database of schema version 2, as sqlite3 .dump wrote it and the version that it leaves out.
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
        task_queues TEXT NOT NULL,
        UNIQUE (module_name, job_class_name)
) STRICT;
INSERT INTO job VALUES('5133d0a6-303b-41e8-bcd0-296205b57b10','network','Gone','Gone',0,0,0,0,0,'/etc/jobd/jobs/network/Gone.job','2bfba661b5130160ae8d59119af5bb2c784e518fc044e2e34e97a0ec1d67e9a8',1795467037154903,1795467037163313,'Gone','network','','yes','no','no','no','no','0','0','');
INSERT INTO job VALUES('965ea110-7791-496e-83c5-08df278f8071','network','Rotate','Rotate passwords',1,1,0,1,0,'/etc/jobd/jobs/network/Rotate.job','b764333752a9166f353d9b703ddc6acf6982a798e4d31f214af4abe97634ce3d',1795467037154903,1795467037178499,'Rotate passwords','network','','no','no','yes','no','no','0','0','');
INSERT INTO job VALUES('93c2efb2-0b76-4dec-997b-91077a04cc9b','ops','Fail','Fail',1,1,0,0,0,'/etc/jobd/jobs/ops/Fail.job','5b114d550d02b1a51458fcccde9e2d95561639b832fc424c51e9deb3ee78a189',1795467037154903,1795467037171225,'Fail','ops','It fails','no','no','no','no','no','0','0','');
INSERT INTO job VALUES('c0d4b753-b10d-4bb0-9544-78ab257e1f5f','ops','Report','Report',1,1,0,0,0,'/etc/jobd/jobs/ops/Report.job','978bc653fa39b002149bc0f749cdd9aae25be73db157ec2080fdac52bfeb5635',1795467037154903,1795467037167671,'Report','ops','','no','no','no','no','no','0','0','');
CREATE TABLE job_override (
        job_id TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
        field TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (job_id, field)
) STRICT, WITHOUT ROWID;
INSERT INTO job_override VALUES('965ea110-7791-496e-83c5-08df278f8071','description','It''s ours now');
INSERT INTO job_override VALUES('965ea110-7791-496e-83c5-08df278f8071','time_limit','1h');
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
, progress INTEGER NOT NULL DEFAULT -1, progress_text TEXT NOT NULL DEFAULT '', failure TEXT, debug_log_count INTEGER NOT NULL DEFAULT 0, info_log_count INTEGER NOT NULL DEFAULT 0, success_log_count INTEGER NOT NULL DEFAULT 0, warning_log_count INTEGER NOT NULL DEFAULT 0, failure_log_count INTEGER NOT NULL DEFAULT 0, error_log_count INTEGER NOT NULL DEFAULT 0, critical_log_count INTEGER NOT NULL DEFAULT 0, result TEXT) STRICT;
INSERT INTO job_result VALUES(1,'407b4810-6432-4572-87b3-e185ac597a22','c0d4b753-b10d-4bb0-9544-78ab257e1f5f','Report','ops.Report',0,'root','default','SUCCESS','success','','','',0,'{"device":"r7"}',300000000,600000000,1795467037181988,1795467037194284,1795467037217166,'b90873f8cb014b79a81cc15741dbe016','db2687571900446080332b1baec26a24',0,0,18222000,50,'half',NULL,0,1,0,1,0,0,0,'{"ok":true}');
INSERT INTO job_result VALUES(2,'78f879dd-ab01-4789-8c4c-ca72a888dee1','93c2efb2-0b76-4dec-997b-91077a04cc9b','Fail','ops.Fail',0,'root','default','FAILURE','failed','no such device','','',0,'{}',300000000,600000000,1795467037222808,1795467037226220,1795467037235513,'b90873f8cb014b79a81cc15741dbe016','60822bb7727d4635a40bc7b3b984dd04',0,0,8653000,-1,'','no such device',0,0,0,0,1,0,0,NULL);
INSERT INTO job_result VALUES(3,'08904506-cd41-4c5d-9ed0-fb57b9aee114','965ea110-7791-496e-83c5-08df278f8071','Rotate passwords','network.Rotate',0,'root','default','SUCCESS','success','','','',1,NULL,300000000,3600000000,1795467037241397,1795467037244334,1795467037252022,'b90873f8cb014b79a81cc15741dbe016','bddc671889044aebb786c37a1a7536cc',0,0,6627000,-1,'',NULL,0,0,0,0,0,0,0,NULL);
CREATE TABLE job_output (
        result_id TEXT NOT NULL REFERENCES job_result (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        size INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        date_created INTEGER NOT NULL,
        PRIMARY KEY (result_id, name)
) STRICT, WITHOUT ROWID;
INSERT INTO job_output VALUES('407b4810-6432-4572-87b3-e185ac597a22','report.txt',6,'5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03',1795467037216010);
CREATE TABLE job_output_removal (
        result_id TEXT PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('job_result',3);
CREATE INDEX job_result_by_job ON job_result (job_id, seq);
CREATE INDEX job_result_by_requester ON job_result (requester_uid, seq);
CREATE INDEX job_result_by_status ON job_result (status, seq);
CREATE TRIGGER job_output_removed AFTER DELETE ON job_output BEGIN
        INSERT OR IGNORE INTO job_output_removal (result_id) VALUES (OLD.result_id);
END;
COMMIT;
PRAGMA user_version = 2;
