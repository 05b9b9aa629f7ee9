-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- Inventory objects, job queues, scheduled jobs and their approvals; and what a job result says of its retries, of the
-- scheduled job that it is a run of, and of its resource use.

-- ---- inventory: objects that an administrator has imported for variables to choose from ----

CREATE TABLE inventory_object (
        model TEXT NOT NULL,
        id TEXT NOT NULL,
        document TEXT NOT NULL,
        date_created INTEGER NOT NULL,
        last_updated INTEGER NOT NULL,
        PRIMARY KEY (model, id)
) STRICT, WITHOUT ROWID;

-- ---- job queues ----
--
-- max_running and max_pending are 0 for no limit of the queue's own. The resource columns are properties of the queue's
-- slice as a unit file spells them, '' for none. slice_set are those that the slice may have from jobd in the boot
-- slice_boot_id, by name: what is no longer among them has to be taken back.

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

-- ---- scheduled jobs: runs that wait for a time, an approval, or both ----
--
-- data is NULL when the whole input is sensitive; sealed is the sensitive part of it, encrypted. start_time and the
-- other times are microseconds since the epoch, 0: none. digest is what the approvals cover. stages is a JSON list, as
-- the job class had it at the time of the request.

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

CREATE INDEX scheduled_job_due ON scheduled_job (state, next_run_at);
CREATE INDEX scheduled_job_expiring ON scheduled_job (state, expires_at);
CREATE INDEX scheduled_job_by_job ON scheduled_job (job_id, seq);
CREATE INDEX scheduled_job_by_requester ON scheduled_job (requester_uid, seq);

-- One answer of one approver. voided: what it covered has changed since; it counts no more.
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

-- What the digest of a request is made of, a JSON list of [kind, name, value]: so that it can be said what has changed.
CREATE TABLE approval_request (
        scheduled_job_id TEXT PRIMARY KEY NOT NULL REFERENCES scheduled_job (id) ON DELETE CASCADE,
        facts TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX approval_once ON approval (scheduled_job_id, approver_uid) WHERE voided = 0;

-- ---- chains ----
--
-- A run that the end of a job result asks for, until it is requested or refused. data is JSON, without sensitive values.

CREATE TABLE chain_hop (
        result_id TEXT NOT NULL REFERENCES job_result (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        class_path TEXT NOT NULL,
        data TEXT NOT NULL,
        PRIMARY KEY (result_id, position)
) STRICT, WITHOUT ROWID;

-- ---- job results ----
--
-- A retry is a job result of its own: retry_of is the first one of its row, attempt counts from 1 to attempts, not_before
-- is when it may start, retry_delay_usec what is between the end of one and the start of the next. waits_for is what keeps
-- a run that waits out of its queue's line: '' (nothing), 'time' (not_before) or 'singleton' (another run of its job). requested_by is who asked for a run as another user. caused_by is the job result that a chained run follows.
-- One occurrence of a scheduled job is one job result (and its retries), so that none can run twice.

ALTER TABLE job_result ADD COLUMN attempt INTEGER NOT NULL DEFAULT 1;
ALTER TABLE job_result ADD COLUMN attempts INTEGER NOT NULL DEFAULT 1;
ALTER TABLE job_result ADD COLUMN retry_delay_usec INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job_result ADD COLUMN waits_for TEXT NOT NULL DEFAULT '' CHECK (waits_for IN ('', 'time', 'singleton'));
ALTER TABLE job_result ADD COLUMN retry_of TEXT NOT NULL DEFAULT '';
ALTER TABLE job_result ADD COLUMN retried_by TEXT NOT NULL DEFAULT '';
ALTER TABLE job_result ADD COLUMN not_before INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job_result ADD COLUMN ignore_singleton INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job_result ADD COLUMN requested_by TEXT NOT NULL DEFAULT '';
ALTER TABLE job_result ADD COLUMN caused_by TEXT NOT NULL DEFAULT '';
ALTER TABLE job_result ADD COLUMN scheduled_job_id TEXT REFERENCES scheduled_job (id) ON DELETE SET NULL;
ALTER TABLE job_result ADD COLUMN nominal_time INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job_result ADD COLUMN io_read_bytes INTEGER;
ALTER TABLE job_result ADD COLUMN io_write_bytes INTEGER;
ALTER TABLE job_result ADD COLUMN memory_peak INTEGER;

CREATE UNIQUE INDEX job_result_occurrence ON job_result (scheduled_job_id, nominal_time, attempt)
        WHERE scheduled_job_id IS NOT NULL;

-- What waits, by how it is looked for: the line of a queue and a requester, what is due, what waits for a run of its job.
CREATE INDEX job_result_line ON job_result (task_queue, requester_uid, seq)
        WHERE status = 'PENDING' AND boot_id = '' AND waits_for = '';
CREATE INDEX job_result_due ON job_result (not_before)
        WHERE status = 'PENDING' AND boot_id = '' AND waits_for = 'time';
CREATE INDEX job_result_singleton ON job_result (job_id, seq)
        WHERE status = 'PENDING' AND boot_id = '' AND waits_for = 'singleton';
CREATE INDEX job_result_retries ON job_result (retry_of, attempt) WHERE retry_of <> '';
