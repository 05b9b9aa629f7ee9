/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * NotifyOnRequest= and its like: a template unit of the administrator that is started as NAME@<UUID>.service, so that
 * it gets an identifier and nothing of the input. It asks jobd for the rest.
 */
typedef enum NotifyEvent {
        NOTIFY_ON_REQUEST, /* somebody's request waits for an approval; the UUID is the scheduled job's */
        NOTIFY_ON_SUCCESS, /* a run has ended so; the UUID is the job result's */
        NOTIFY_ON_FAILURE,
        _NOTIFY_EVENT_MAX,
        _NOTIFY_EVENT_INVALID = -EINVAL,
} NotifyEvent;

/* "NotifyOnRequest", the key in a job file and in jobd.conf. */
const char *notify_event_to_key(NotifyEvent event);
NotifyEvent notify_event_from_key(const char *key);

/* "NAME@.service", and as long as leaves room for a UUID. -EINVAL and a sentence otherwise. */
int notify_unit_check(const char *name, char **ret_error) _must_check_;

/* "NAME@<uuid>.service". Free with g_free(). */
char *notify_unit_instance(const char *name, const char *uuid);
