-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- Job records and job results.
--
-- A job's overridable fields are kept as a job file spells them: the class's own values in the columns below, an
-- administrator's in job_override. The effective value is the override where there is one. effective_name is kept
-- beside them because a job's name must be unique (it identifies the job), whichever of the two it comes from.

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

CREATE TABLE job_override (
        job_id TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
        field TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (job_id, field)
) STRICT, WITHOUT ROWID;

-- seq is the order of requests. boot_id is set in the same transaction as the decision to start the run: a run that has
-- one may have been started, and is never started again unless systemd says that it was not.
-- data is NULL when the input was sensitive. Times are microseconds since the epoch, 0: not yet.
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

CREATE INDEX job_result_by_job ON job_result (job_id, seq);
CREATE INDEX job_result_by_requester ON job_result (requester_uid, seq);
CREATE INDEX job_result_by_status ON job_result (status, seq);
