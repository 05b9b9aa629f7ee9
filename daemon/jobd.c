/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/prctl.h>
#include <systemd/sd-daemon.h>

#include "config.h"
#include "log.h"
#include "manager.h"
#include "out-of-order.h"
#include "secret.h"

/* EX_CONFIG of sysexits.h: jobd.service does not start it again by itself (RestartPreventExitStatus=). */
enum { EXIT_STORE = 78 };

static int run(void) {
        _cleanup_(manager_freep) Manager *m = NULL;
        g_autofree char *problem = NULL;
        int r;

        r = manager_new(&m, &problem);
        if (r < 0 && problem) {
                r = out_of_order_run(problem);
                return r < 0 ? r : EXIT_STORE;
        }
        if (r < 0)
                return r;
        r = manager_startup(m);
        if (r < 0)
                return r;
        (void) sd_notify(false, "READY=1\nSTATUS=Ready.");
        r = manager_run(m);
        (void) sd_notify(false, "STOPPING=1\nSTATUS=Leaving.");
        return r;
}

/*
 * Input may be sensitive. No other process of our user may look into ours, no core dump is made of it, and memory that
 * is freed is overwritten (mallopt(3), M_PERTURB); not the caches of malloc() and of GLib, hence Environment= of
 * jobd.service. sd-bus overwrites the messages of methods that are SD_BUS_VTABLE_SENSITIVE by itself.
 */
static void protect_memory(void) {
        (void) prctl(PR_SET_DUMPABLE, 0);
        secret_overwrite_freed(true);
}

int main(int argc, char *argv[]) {
        int r;

        if (argc == 2 && strcmp(argv[1], "--version") == 0) {
                (void) printf("jobd " PROJECT_VERSION "\n");
                return EXIT_SUCCESS;
        }
        if (argc == 2 && strcmp(argv[1], "--help") == 0) {
                (void) printf("jobd [--help] [--version]\n\n"
                              "The daemon of the job registry. systemd starts it when it is needed:\n"
                              "see jobd(8), and jobctl(1) for the tool to use it.\n");
                return EXIT_SUCCESS;
        }
        if (argc > 1) {
                (void) fprintf(stderr, "jobd: unknown argument '%s': it takes --help and --version\n", argv[1]);
                return 2;
        }

        if (isatty(STDERR_FILENO))
                log_set_target(LOG_TARGET_CONSOLE);
        protect_memory();
        r = run();
        return r < 0 ? EXIT_FAILURE : r;
}
