/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>

#include "process.h"

int process_start_time(pid_t pid, uint64_t *ret) {
        g_autofree char *path = g_strdup_printf("/proc/%i/stat", (int) pid);
        _cleanup_fclose_ FILE *file = fopen(path, "re");
        char text[1024] = "";
        const char *rest;

        if (!file)
                return -errno;
        if (fread(text, 1, sizeof(text) - 1, file) == 0)
                return -ESRCH;
        /* After the name, which can have anything in it, line ends too: the 22nd field, the 20th of the rest. */
        rest = strrchr(text, ')');
        if (!rest || sscanf(rest + 1,
                            " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %" SCNu64,
                            ret) != 1)
                return -EBADMSG;
        return 0;
}
