/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "macro.h"

/*
 * Stands in for libFuzzer's main() where there is none (gcc, or an ordinary test run): gives every file named on the
 * command line, and every file in each directory named, to the fuzzer once. A corpus so is a regression test.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Both say themselves what went wrong, and return the number of inputs or negative errno. */
static int run_file(const char *path) {
        g_autofree char *data = NULL;
        g_autoptr(GError) error = NULL;
        gsize size;

        if (!g_file_get_contents(path, &data, &size, &error)) {
                (void) fprintf(stderr, "%s\n", error->message);
                return -EIO;
        }

        /* A copy of exact size, so that the sanitizer sees a byte too many: the one above ends in NUL */
        g_autofree uint8_t *exact = g_memdup2(data, size);
        (void) LLVMFuzzerTestOneInput(exact, size);

        return 1;
}

static int is_file(const struct dirent *entry) {
        return entry->d_name[0] != '.';
}

static int run(const char *path) {
        struct dirent **entries;
        struct stat st;
        int n, r, count = 0;

        if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
                return run_file(path);

        n = scandir(path, &entries, is_file, alphasort);
        if (n < 0) {
                r = -errno;
                (void) fprintf(stderr, "%s: %s\n", path, strerror(-r));
                return r;
        }

        for (int i = 0; i < n; i++) {
                g_autofree char *file = g_build_filename(path, entries[i]->d_name, NULL);

                free(entries[i]);
                r = count >= 0 ? run(file) : 0;
                count = r < 0 ? r : count + r;
        }
        free(entries);

        return count;
}

int main(int argc, char **argv) {
        int count = 0;

        for (int i = 1; i < argc; i++) {
                int r = run(argv[i]);

                if (r < 0)
                        return EXIT_FAILURE;

                count += r;
        }

        (void) printf("%d inputs replayed\n", count);

        /* A corpus that is not found must not look like one that passed */
        return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
