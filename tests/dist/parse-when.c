/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <stdio.h>

#include "now.h"
#include "time-zone.h"
#include "when.h"

/* For check-timestamp.py: prints each time of the command line, after that of the zone, in seconds, or "refused". */
int main(int argc, char **argv) {
        g_autoptr(GTimeZone) zone = NULL;
        uint64_t usec;

        if (argc < 2 || time_zone_load(argv[1], &zone) < 0)
                return EXIT_FAILURE;
        for (int i = 2; i < argc; i++) {
                g_autofree char *error = NULL;

                if (when_parse(argv[i], zone, now_usec(), &usec, &error) < 0)
                        (void) puts("refused");
                else
                        (void) printf("%" PRIu64 "\n", usec / USEC_PER_SEC);
        }
        return EXIT_SUCCESS;
}
