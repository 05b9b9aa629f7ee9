/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Every name by which jobd is known outside, in one place. */

#define JOBD_BUS_NAME "org.jobd1"

#define JOBD_MANAGER_PATH "/org/jobd1"
#define JOBD_JOB_PATH "/org/jobd1/job"
#define JOBD_RESULT_PATH "/org/jobd1/result"
#define JOBD_SCHEDULE_PATH "/org/jobd1/schedule"
#define JOBD_QUEUE_PATH "/org/jobd1/queue"
#define JOBD_SCHEDULE_PATH "/org/jobd1/schedule"
#define JOBD_RUN_PATH "/org/jobd1/run" /* on the direct socket only */

#define JOBD_MANAGER_INTERFACE "org.jobd1.Manager"
#define JOBD_JOB_INTERFACE "org.jobd1.Job"
#define JOBD_RESULT_INTERFACE "org.jobd1.JobResult"
#define JOBD_SCHEDULE_INTERFACE "org.jobd1.ScheduledJob"
#define JOBD_QUEUE_INTERFACE "org.jobd1.JobQueue"
#define JOBD_SCHEDULE_INTERFACE "org.jobd1.ScheduledJob"
#define JOBD_RUN_INTERFACE "org.jobd1.Run"

/* In /run/jobd; jobd.socket and jobd-credentials.socket listen there. */
#define JOBD_SOCKET_PATH "/run/jobd/jobd.sock"
#define JOBD_CREDENTIALS_PATH "/run/jobd/credentials.sock"

/* Where the program jobd-objects answers; jobd-objects.socket listens there. */
#define JOBD_OBJECTS_PATH "/run/jobd/objects.sock"

/* The models that the administrator defines by a file. */
#define JOBD_OBJECTS_DIRECTORY "/etc/jobd/objects"

/* A run's unit is JOBD_RUN_UNIT_PREFIX <uuid of the job result> ".service". */
#define JOBD_RUN_UNIT_PREFIX "jobd-run-"

/* The timer that starts jobd when the next scheduled job is due; jobd-wake.service is jobd.service by another name. */
#define JOBD_WAKE_UNIT "jobd-wake.timer"
/* The same, while that one is replaced. */
#define JOBD_WAKE_NEXT_UNIT "jobd-wake-next.timer"

/* A run's credentials: its input, and what it proves itself with. */
#define JOBD_CREDENTIAL_DATA "job-data"
#define JOBD_CREDENTIAL_TOKEN "job-token"
