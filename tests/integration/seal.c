/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <string.h>

#include "seal.h"

/* "seal NAME" and "unseal NAME", from standard input to standard output, as jobd does them; for tests in its sandbox. */

static int result = 1;

static void on_sealed(int error, const char *ciphertext, void *userdata) {
        result = error;
        if (error >= 0)
                (void) fputs(ciphertext, stdout);
}

static void on_unsealed(int error, Secret *text, void *userdata) {
        result = error;
        if (error >= 0)
                (void) fwrite(secret_bytes(text), 1, secret_size(text), stdout);
        (void) secret_free(text);
}

static int start(Sealer *s, char **argv, const char *bytes, size_t size) {
        _cleanup_(secret_freep) Secret *text = NULL;

        if (strcmp(argv[1], "unseal") == 0)
                return unseal(s, bytes, argv[2], on_unsealed, NULL, NULL);
        text = secret_new_bytes(bytes, size);
        return seal(s, text, argv[2], on_sealed, NULL, NULL);
}

int main(int argc, char **argv) {
        static char bytes[2 * 1024 * 1024];
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(sealer_freep) Sealer *s = NULL;
        sigset_t signals;
        size_t size;
        int r;

        if (argc != 3)
                return EXIT_FAILURE;
        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGCHLD);
        (void) sigprocmask(SIG_BLOCK, &signals, NULL);
        size = fread(bytes, 1, sizeof(bytes) - 1, stdin);
        r = sd_event_default(&event);
        if (r >= 0)
                r = sealer_new(event, &s);
        if (r >= 0)
                result = start(s, argv, bytes, size) ?: result;
        while (r >= 0 && result > 0)
                r = sd_event_run(event, UINT64_MAX);
        if (result < 0)
                (void) fprintf(stderr, "%s: %s\n", strerrorname_np(-result), s ? sealer_error_text(s) : "");
        return result < 0 || r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
