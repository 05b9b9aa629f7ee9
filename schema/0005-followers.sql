-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- The job results that follow on one: few have a cause, and only these are written to it.
CREATE INDEX job_result_followers ON job_result (caused_by, seq) WHERE caused_by <> '';

-- The runs of a job that wait, for whatever: one that is replaced, or cancelled with others, is not looked for among all
-- that wait. A run that starts at once is never in it.
CREATE INDEX job_result_waiting ON job_result (job_id, seq) WHERE status = 'PENDING' AND boot_id = '';
