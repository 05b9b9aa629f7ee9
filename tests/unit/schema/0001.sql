-- SPDX-License-Identifier: LGPL-2.1-or-later
-- A database of schema version 1, as sqlite3 .dump wrote it and the version that it leaves out.
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
INSERT INTO job VALUES('a32880fd-edf4-4090-b655-e0d8eac04a49','jobd','SelfTest','SelfTest',1,1,1,0,0,'/usr/lib/jobd/jobs/jobd/SelfTest.job','0fd7896ae4cb4b3e806865102128e295481972feee3e2dff1b84385792e4bbad',1795461039579554,1795461039579554,'SelfTest','jobd','','no','no','no','no','no','0','0','');
INSERT INTO job VALUES('2696c7db-2a3a-4597-89a8-f7d82f0812a1','network','Restore','Back up a device',1,0,0,0,1,'/etc/jobd/jobs/network/Restore.job','212e01da08740dac48858d0a610367efa7ccc40471370618f1e181c5f49d10a9',1795461039579554,1795461039579554,'Back up a device','network','','yes','no','no','no','no','0','0','');
INSERT INTO job VALUES('2e00aec5-cbf3-469c-92da-51972cba1a8b','network.backup','NightlyBackup','Back up a device (2)',1,1,0,0,0,'/etc/jobd/jobs/network/backup/NightlyBackup.job','f015c840a68e31fe81740a2d9f6035f3e42f80559602066d803932aa7d2f3c91',1795461039579554,1795461039597539,'Back up a device','Network','Fetches the "running" configuration and stores it: äöü.','no','no','no','no','no','2min','5min','default bulk');
INSERT INTO job VALUES('a87c4cce-e82b-44a3-bfa2-bf962f831a9c','old','Gone','Gone',0,1,0,0,0,'/etc/jobd/jobs/old/Gone.job','71d30fc7c22ee1af9a784e8197bec4f0223ee29ed6211ec4bc7b03327bd58fa2',1795461039579554,1795461039848147,'Gone','old','','no','no','no','no','no','0','0','');
INSERT INTO job VALUES('d2d18385-2c2f-4b9d-9dec-ebc5f2895d30','ops','Fail','Fail',1,1,0,0,0,'/etc/jobd/jobs/ops/Fail.job','a03e233655dcb22214aac5425e9a19c5768c58e0b3f45199faa07dc9c79a7a39',1795461039579554,1795461039591047,'Fail','ops','','no','no','no','no','no','20min','10min','');
INSERT INTO job VALUES('930dbb06-9309-4d40-8666-7c2770c90282','ops','Long','Long',1,1,0,0,0,'/etc/jobd/jobs/ops/Long.job','36b135c609b0317c2f34ed96f63c729f66baab123d268428a61f8f363f92f7a4',1795461039579554,1795461039591371,'Long','ops','','no','no','no','no','no','0','0','');
INSERT INTO job VALUES('fea582ab-b0ac-4ec6-af3b-697010bdbd6c','ops','Rotate','Rotate',1,1,0,1,0,'/etc/jobd/jobs/ops/Rotate.job','1545fc55289bfc1caaae5a81a80c5238b90492bfd2f655c39fc1a60cb80c1563',1795461039579554,1795461039590706,'Rotate','ops','','no','no','yes','yes','yes','0','0','');
INSERT INTO job VALUES('fa1ddb55-538b-48df-9b13-786491ea8154','old','Deleted','Deleted',1,0,0,0,0,'/etc/jobd/jobs/old/Deleted.job','c64e900f45ba95972f0d7123ea5f2b7d2f4d2c155fb50cc8131b18157f3a2af9',1795461039848147,1795461039848147,'Deleted','old','','no','no','no','no','no','0','0','');
CREATE TABLE job_override (
        job_id TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
        field TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (job_id, field)
) STRICT, WITHOUT ROWID;
INSERT INTO job_override VALUES('2e00aec5-cbf3-469c-92da-51972cba1a8b','description','It''s ours now');
INSERT INTO job_override VALUES('2e00aec5-cbf3-469c-92da-51972cba1a8b','name','Back up a device (2)');
INSERT INTO job_override VALUES('2e00aec5-cbf3-469c-92da-51972cba1a8b','task_queues','bulk');
INSERT INTO job_override VALUES('2e00aec5-cbf3-469c-92da-51972cba1a8b','time_limit','1h');
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
) STRICT;
INSERT INTO job_result VALUES(1,'228860ce-3086-4d94-972d-36a227f87edc','2e00aec5-cbf3-469c-92da-51972cba1a8b','Back up a device (2)','network.backup.NightlyBackup',2001,'alice','bulk','SUCCESS','success','','','',0,'{"device":"r1","retries":1}',120000000,3600000000,1795461039624579,1795461039628084,1795461039636316,'b90873f8cb014b79a81cc15741dbe016','caa848d5a08c4407bca2e351fe70a22d',0,0,6328000);
INSERT INTO job_result VALUES(2,'9a13aed3-a8d7-4855-a39c-4af8e9106919','fea582ab-b0ac-4ec6-af3b-697010bdbd6c','Rotate','ops.Rotate',2001,'alice','default','SUCCESS','success','','','',1,NULL,300000000,600000000,1795461039654345,1795461039666163,1795461039672291,'b90873f8cb014b79a81cc15741dbe016','ae805ab9705e45618cdbc372f0bde843',0,0,4709000);
INSERT INTO job_result VALUES(3,'2357b6bf-d22a-407f-9bd1-6614a201e4f3','d2d18385-2c2f-4b9d-9dec-ebc5f2895d30','Fail','ops.Fail',2001,'alice','default','FAILURE','exit-code','the job exited with status 3','The hard time limit of 600.0 seconds is less than or equal to the soft time limit of 1200.0 seconds. This job will fail silently after 600.0 seconds.','',0,'{}',1200000000,600000000,1795461039703029,1795461039718681,1795461039724128,'b90873f8cb014b79a81cc15741dbe016','624a6ec286564c5fa69903f593ee7702',3,0,5177000);
INSERT INTO job_result VALUES(4,'1f181ecf-6d21-4de1-bee5-1395cff03999',NULL,'Deleted','old.Deleted',0,'root','default','SUCCESS','success','','','',0,'{}',300000000,600000000,1795461039743290,1795461039746478,1795461039753002,'b90873f8cb014b79a81cc15741dbe016','5de28c1345784eca87367b1c5ba92200',0,0,6120000);
INSERT INTO job_result VALUES(5,'a07f0da9-a399-4182-a267-29db347df4d9','a87c4cce-e82b-44a3-bfa2-bf962f831a9c','Gone','old.Gone',0,'root','default','SUCCESS','success','','','',0,'{}',300000000,600000000,1795461039775456,1795461039794164,1795461039800113,'b90873f8cb014b79a81cc15741dbe016','1e77266852fe41039c0ec6757b008878',0,0,5013000);
INSERT INTO job_result VALUES(6,'c8efd2d4-c91a-4147-b0f6-96b6d857e452','a32880fd-edf4-4090-b655-e0d8eac04a49','SelfTest','jobd.SelfTest',0,'root','default','SUCCESS','success','','','',0,'{}',300000000,600000000,1795461039807467,1795461039810183,1795461039817250,'b90873f8cb014b79a81cc15741dbe016','51c8f329785c4dc3a29fc20cb6ae5c63',0,0,6237000);
INSERT INTO job_result VALUES(7,'70047a4d-40a8-401f-8038-dafc370187bc','930dbb06-9309-4d40-8666-7c2770c90282','Long','ops.Long',2001,'alice','default','REVOKED','revoked','cancelled by root','','root',0,'{}',300000000,600000000,1795461039864401,1795461039878141,1795461040320619,'b90873f8cb014b79a81cc15741dbe016','b6de4e2885024cd4995cea843fffa02e',-1,15,NULL);
INSERT INTO job_result VALUES(8,'4efecd7a-0fab-4d56-a8e0-3b6834e73331','930dbb06-9309-4d40-8666-7c2770c90282','Long','ops.Long',2001,'alice','default','STARTED','','','','',0,'{}',300000000,600000000,1795461040357517,1795461040378199,0,'b90873f8cb014b79a81cc15741dbe016','9c11bf4059fd431ea1f1ceff3cfed856',-1,0,NULL);
INSERT INTO job_result VALUES(9,'b5a7c5b8-78b9-45d0-9a9b-f2ab8be12a2b','2e00aec5-cbf3-469c-92da-51972cba1a8b','Back up a device (2)','network.backup.NightlyBackup',0,'root','bulk','PENDING','','','','',0,'{"device":"r2","retries":1}',120000000,3600000000,1795461040818874,0,0,'','',-1,0,NULL);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('job_result',9);
CREATE INDEX job_result_by_job ON job_result (job_id, seq);
CREATE INDEX job_result_by_requester ON job_result (requester_uid, seq);
CREATE INDEX job_result_by_status ON job_result (status, seq);
COMMIT;
PRAGMA user_version = 1;
