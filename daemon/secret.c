/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <malloc.h>
#include <string.h>
#include <sys/mman.h>

#include "secret.h"

struct Secret {
        char *bytes;
        size_t size;
        size_t mapped;
};

Secret *secret_new(const char *text) {
        return secret_new_bytes(text, strlen(text));
}

Secret *secret_new_bytes(const void *bytes, size_t size) {
        Secret *s = secret_new_sized(size);

        if (s)
                memcpy(s->bytes, bytes, size);
        return s;
}

Secret *secret_new_sized(size_t size) {
        size_t mapped = size + 1; /* with the NUL */
        Secret *s;
        void *p;

        p = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
                return NULL;
        (void) mlock(p, mapped); /* as far as LimitMEMLOCK= goes */
        (void) madvise(p, mapped, MADV_DONTDUMP);
        (void) madvise(p, mapped, MADV_DONTFORK); /* what copies output files has no business with it */

        s = g_new(Secret, 1);
        *s = (Secret){ p, size, mapped };
        return s;
}

Secret *secret_free(Secret *s) {
        if (!s)
                return NULL;
        explicit_bzero(s->bytes, s->mapped);
        (void) munmap(s->bytes, s->mapped);
        g_free(s);
        return NULL;
}

char *secret_buffer(Secret *s) {
        return s->bytes;
}

void secret_truncate(Secret *s, size_t size) {
        explicit_bzero(s->bytes + size, s->size - size);
        s->size = size;
}

void secret_overwrite_freed(bool on) {
        (void) mallopt(M_PERTURB, on ? 0x5a : 0);
}

const char *secret_bytes(const Secret *s) {
        return s->bytes;
}

size_t secret_size(const Secret *s) {
        return s->size;
}
