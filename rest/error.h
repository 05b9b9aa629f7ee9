/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "request.h"

/* What is done decides how some errors are told. */
typedef enum ErrorContext {
        ERROR_ANYWHERE,
        ERROR_IN_RESULT_LIST,
        ERROR_IN_RUN,
        ERROR_IN_CHANGE,
        ERROR_IN_SCHEDULE_CHANGE,
        ERROR_IN_VARIABLES,
        ERROR_IN_CANCEL,
        ERROR_IN_APPROVAL,
        ERROR_IN_DENIAL,
        ERROR_IN_DRY_RUN,
} ErrorContext;

/* Answers with what jobd has said, by the table in error.c. */
void error_reply(Request *r, const sd_bus_error *error);
/* The same for what went wrong before jobd could be asked. */
void error_reply_errno(Request *r, int error);
