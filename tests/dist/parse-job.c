/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <string.h>

#include "job-class-parse.h"

/*
 * Reads each file as the file of a job class, "-m FILE" as one that has no command of its own (a module.conf or a
 * drop-in): for check-docs.py. Prints what is wrong, and exits with 1 when something is.
 */

static int parse(const char *path, bool is_part, char **ret_error) {
        _cleanup_(job_class_parser_freep) JobClassParser *p = job_class_parser_new("example", "Example", false);
        _cleanup_(job_class_freep) JobClass *c = NULL;
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;
        gsize size;
        int r;

        if (!g_file_get_contents(path, &text, &size, &error)) {
                *ret_error = g_strdup(error->message);
                return -EIO;
        }

        r = job_class_parser_add(p, is_part ? JOB_CLASS_FILE_DROPIN : JOB_CLASS_FILE_MAIN, path, path, text, size,
                                 ret_error);
        if (r < 0 || is_part)
                return r;

        r = job_class_parser_finish(p, &c, ret_error);
        if (r < 0)
                return r;
        if (c->warnings->len > 0) {
                *ret_error = g_strdup(c->warnings->pdata[0]);
                return -EINVAL;
        }
        return 0;
}

int main(int argc, char **argv) {
        bool is_part = false;
        int status = 0;

        for (int i = 1; i < argc; i++) {
                g_autofree char *error = NULL;

                if (strcmp(argv[i], "-m") == 0) {
                        is_part = true;
                        continue;
                }
                if (parse(argv[i], is_part, &error) < 0) {
                        puts(error);
                        status = 1;
                }
                is_part = false;
        }
        return status;
}
