-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- What lists need for the first page to cost the same whatever the history holds: an index for each of the filters that
-- people combine, with the status, since two that fit many and together none would be looked for among all of the one.
--
-- Those of job_result are of results that have ended: one entry is written when a run ends, and none when it is requested
-- or started. What has not ended is found by job_result_by_status; MaxPending= is its limit. Written with <>, which costs
-- nothing: for IN (...) SQLite builds a table at each write (measured: 0.2 ms a run).

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

-- Of jobs that were deleted.
CREATE INDEX job_result_by_class_path ON job_result (class_path, status, seq)
        WHERE job_id IS NULL AND status <> 'PENDING' AND status <> 'STARTED';
CREATE INDEX job_result_by_name ON job_result (name, status, seq)
        WHERE job_id IS NULL AND status <> 'PENDING' AND status <> 'STARTED';

-- ---- requesters ----
--
-- The uids that a user name has had when runs were requested: by it the indexes above find those of a name, too. Nothing
-- is ever taken out; there are as many rows as there have been users.

CREATE TABLE requester (
        name TEXT NOT NULL,
        uid INTEGER NOT NULL,
        PRIMARY KEY (name, uid)
) STRICT, WITHOUT ROWID;

INSERT INTO requester (name, uid) SELECT DISTINCT requester, requester_uid FROM job_result;

CREATE TRIGGER requester_seen AFTER INSERT ON job_result BEGIN
        INSERT OR IGNORE INTO requester (name, uid) VALUES (NEW.requester, NEW.requester_uid);
END;

-- ---- jobs that were deleted ----
--
-- 1: it is deleted, and only here until the last of its job results has lost its association. Its names are free again:
-- module_name is '', job_class_name and effective_name its id.

ALTER TABLE job ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;

-- ---- scheduled jobs ----

CREATE INDEX scheduled_job_by_state ON scheduled_job (state, seq);
CREATE INDEX scheduled_job_by_job_state ON scheduled_job (job_id, state, seq);
CREATE INDEX scheduled_job_by_requester_state ON scheduled_job (requester_uid, state, seq);
CREATE INDEX scheduled_job_by_requester_name ON scheduled_job (requester, state, seq);
CREATE INDEX scheduled_job_by_class_path ON scheduled_job (class_path, state, seq) WHERE job_id IS NULL;
CREATE INDEX scheduled_job_by_job_name ON scheduled_job (job_name, state, seq) WHERE job_id IS NULL;

-- The answers to a request, and what the deletion of one looks for: approval_once has only those that count.
CREATE INDEX approval_by_scheduled_job ON approval (scheduled_job_id, seq);
