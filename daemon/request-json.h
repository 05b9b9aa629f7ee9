/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "approval.h"
#include "request-digest.h"
#include "settings.h"

/* What a request is, as JSON for those who have to decide about it. All borrowed. */
typedef struct RequestView {
        const ScheduledJob *sj;
        const Job *job;              /* NULL: it was deleted */
        const JobClass *class;       /* NULL: it cannot be loaded */
        const char *class_error;     /* why */
        const RequestDigest *digest; /* of what there is now; with class and job only */
        const char *changes;         /* since the request was made; NULL: none */
        const ApprovalRules *rules;
        const Settings *settings;
} RequestView;

/*
 * The JSON object that GetRequest() returns, documented in dbus/org.jobd1.xml. Nothing in the text steers a terminal,
 * and each input has beside its exact value a text that does not either. Free with g_free().
 */
char *request_to_json(const RequestView *v);
