/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "refusal.h"

int refuse(Refusal *f, int error, const char *name, const char *format, ...) {
        va_list ap;

        refusal_done(f);
        f->name = name;
        va_start(ap, format);
        f->message = g_strdup_vprintf(format, ap);
        va_end(ap);
        return error;
}

int refuse_store(Refusal *f, int error, const char *text) {
        return refuse(f, error, error == -ENOSPC ? BUS_ERROR_STORE_FULL : BUS_ERROR_STORE_FAILED,
                      "jobd cannot store this, nothing was done: %s", text);
}
