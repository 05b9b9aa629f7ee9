/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "macro.h"

/*
 * The error names of jobd on the bus. bus_error_register() makes sd-bus map them to an errno and back, in every
 * program that links this library, so that a client gets a useful errno too (the table is in bus-error.c).
 */
#define BUS_ERROR_NO_SUCH_JOB "org.jobd1.Error.NoSuchJob"
#define BUS_ERROR_NO_SUCH_JOB_RESULT "org.jobd1.Error.NoSuchJobResult"
#define BUS_ERROR_NO_SUCH_SCHEDULED_JOB "org.jobd1.Error.NoSuchScheduledJob"
/* Their texts, the same whether a thing does not exist or must not be seen. */
#define BUS_MESSAGE_NO_SUCH_JOB "there is no job '%s': \"jobctl list --all\" shows those there are"
#define BUS_MESSAGE_NO_SUCH_JOB_RESULT "there is no job result '%s': \"jobctl results\" shows those there are"
#define BUS_MESSAGE_NO_SUCH_SCHEDULED_JOB "there is no scheduled job '%s': \"jobctl schedules\" shows those there are"
#define BUS_ERROR_JOB_NOT_ENABLED "org.jobd1.Error.JobNotEnabled"
#define BUS_ERROR_JOB_NOT_INSTALLED "org.jobd1.Error.JobNotInstalled"
#define BUS_ERROR_JOB_CLASS_NOT_LOADABLE "org.jobd1.Error.JobClassNotLoadable"
#define BUS_ERROR_SENSITIVE_CONFLICT "org.jobd1.Error.SensitiveConflict"
#define BUS_ERROR_APPROVAL_REQUIRED "org.jobd1.Error.ApprovalRequired"
#define BUS_ERROR_OWN_REQUEST "org.jobd1.Error.OwnRequest"
#define BUS_ERROR_NOT_PENDING "org.jobd1.Error.NotPending"
#define BUS_ERROR_NOT_APPROVER "org.jobd1.Error.NotApprover" /* not in the group of the stage */
#define BUS_ERROR_ALREADY_ANSWERED "org.jobd1.Error.AlreadyAnswered"
#define BUS_ERROR_START_TIME_PAST "org.jobd1.Error.StartTimePast"
#define BUS_ERROR_REQUEST_CHANGED "org.jobd1.Error.RequestChanged"
#define BUS_ERROR_NO_DRY_RUN "org.jobd1.Error.NoDryRun"
#define BUS_ERROR_SYSTEM_JOB "org.jobd1.Error.SystemJob"
#define BUS_ERROR_JOB_IN_USE "org.jobd1.Error.JobInUse"
#define BUS_ERROR_INVALID_JSON "org.jobd1.Error.InvalidJSON"
#define BUS_ERROR_INVALID_DATA "org.jobd1.Error.InvalidData" /* the text is a JSON object of messages by variable */
#define BUS_ERROR_DATA_TOO_LARGE "org.jobd1.Error.DataTooLarge"
#define BUS_ERROR_INVALID_OPTION "org.jobd1.Error.InvalidOption"
#define BUS_ERROR_INVALID_QUEUE "org.jobd1.Error.InvalidQueue"
#define BUS_ERROR_QUEUE_UNAVAILABLE "org.jobd1.Error.QueueUnavailable"
#define BUS_ERROR_NO_SUCH_JOB_QUEUE "org.jobd1.Error.NoSuchJobQueue"
#define BUS_MESSAGE_NO_SUCH_JOB_QUEUE "there is no job queue '%s': \"jobctl queues\" shows those there are"
#define BUS_ERROR_JOB_QUEUE_IN_USE "org.jobd1.Error.JobQueueInUse"
#define BUS_ERROR_INVALID_FIELD "org.jobd1.Error.InvalidField"
#define BUS_ERROR_INVALID_VALUE "org.jobd1.Error.InvalidValue"
#define BUS_ERROR_NAME_TAKEN "org.jobd1.Error.NameTaken"
#define BUS_ERROR_INVALID_SCHEDULE "org.jobd1.Error.InvalidSchedule" /* the text is a JSON object, as of InvalidData */
#define BUS_ERROR_WRONG_STATE "org.jobd1.Error.WrongState" /* of a scheduled job */
#define BUS_ERROR_ALREADY_FINISHED "org.jobd1.Error.AlreadyFinished"
#define BUS_ERROR_NOT_FINISHED "org.jobd1.Error.NotFinished"
#define BUS_ERROR_NO_SUCH_RUN "org.jobd1.Error.NoSuchRun"
#define BUS_ERROR_RUN_ENDED "org.jobd1.Error.RunEnded"
#define BUS_ERROR_INVALID_FILE "org.jobd1.Error.InvalidFile"
#define BUS_ERROR_NO_SUCH_OUTPUT "org.jobd1.Error.NoSuchOutput"
#define BUS_ERROR_NO_SUCH_USER "org.jobd1.Error.NoSuchUser"
#define BUS_ERROR_NO_SUCH_MODEL "org.jobd1.Error.NoSuchModel"
#define BUS_ERROR_INVALID_QUERY "org.jobd1.Error.InvalidQuery"
#define BUS_ERROR_INVALID_OBJECTS "org.jobd1.Error.InvalidObjects"
#define BUS_ERROR_OBJECTS_UNAVAILABLE "org.jobd1.Error.ObjectsUnavailable"
#define BUS_ERROR_MODEL_READ_ONLY "org.jobd1.Error.ModelReadOnly"
#define BUS_ERROR_TOO_MANY "org.jobd1.Error.TooMany"
#define BUS_ERROR_STORE_FULL "org.jobd1.Error.StoreFull"
#define BUS_ERROR_STORE_FAILED "org.jobd1.Error.StoreFailed"
#define BUS_ERROR_REFRESH_IN_PROGRESS "org.jobd1.Error.RefreshInProgress"

/* Returns 0 or negative errno. May be called more than once. */
int bus_error_register(void);
