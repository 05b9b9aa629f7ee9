-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- What a run says about itself: how many log entries of each level, how far it is, its result (JSON), its own word that it
-- failed, and its output files.
--
-- progress is a percentage, -1 while the job has not said. failure is NULL unless the job said that it failed.

ALTER TABLE job_result ADD COLUMN progress INTEGER NOT NULL DEFAULT -1;
ALTER TABLE job_result ADD COLUMN progress_text TEXT NOT NULL DEFAULT '';
ALTER TABLE job_result ADD COLUMN failure TEXT;
ALTER TABLE job_result ADD COLUMN debug_log_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job_result ADD COLUMN info_log_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job_result ADD COLUMN success_log_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job_result ADD COLUMN warning_log_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job_result ADD COLUMN failure_log_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job_result ADD COLUMN error_log_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job_result ADD COLUMN critical_log_count INTEGER NOT NULL DEFAULT 0;

-- Last, because it can be long and is read only for one job result at a time.
ALTER TABLE job_result ADD COLUMN result TEXT;

-- The contents are in outputs/<result_id>/<sha256>.
CREATE TABLE job_output (
        result_id TEXT NOT NULL REFERENCES job_result (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        size INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        date_created INTEGER NOT NULL,
        PRIMARY KEY (result_id, name)
) STRICT, WITHOUT ROWID;

-- Job results that are gone and whose directory of output files has to go, too: it does when this is on the disk.
CREATE TABLE job_output_removal (
        result_id TEXT PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER job_output_removed AFTER DELETE ON job_output BEGIN
        INSERT OR IGNORE INTO job_output_removal (result_id) VALUES (OLD.result_id);
END;
