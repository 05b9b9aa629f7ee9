/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "redact.h"
#include "refusal.h"

int refuse(Refusal *f, int error, const char *name, const char *format, ...) {
        g_autofree char *message = NULL;
        va_list ap;

        refusal_done(f);
        f->name = name;
        va_start(ap, format);
        message = g_strdup_vprintf(format, ap);
        va_end(ap);
        /* Whatever is in it: what is not UTF-8 the bus does not send, and the caller would wait for an answer. */
        if (!g_utf8_validate(message, -1, NULL)) {
                char *valid = g_utf8_make_valid(message, -1);

                g_free(message);
                message = valid;
        }
        /* That one is a JSON object, whose members can be called "password"; it has only what the caller has sent. */
        f->message = strcmp(name, BUS_ERROR_INVALID_DATA) == 0 ? TAKE_PTR(message) : redact(message);
        return error;
}

int refuse_store(Refusal *f, int error, const char *text) {
        return refuse(f, error, error == -ENOSPC ? BUS_ERROR_STORE_FULL : BUS_ERROR_STORE_FAILED,
                      "jobd cannot store this, nothing was done: %s", text);
}
