/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus-error.h"
#include "macro.h"

/*
 * Why a request is refused: one of the names of bus-error.h, and the sentence for the person who asked. Filled in by the
 * function that returns a negative errno, once.
 */
typedef struct Refusal {
        const char *name; /* static */
        char *message;
} Refusal;

static inline void refusal_done(Refusal *f) {
        g_clear_pointer(&f->message, g_free);
}

/*
 * Sets it and returns error (negative errno), so that a check can end in one statement. The message is redacted
 * (redact.h), but for the JSON of InvalidData.
 */
int refuse(Refusal *f, int error, const char *name, const char *format, ...) _printf_(4, 5);

/* The same for a failure of the store: no room, read-only, damaged. */
int refuse_store(Refusal *f, int error, const char *text);
