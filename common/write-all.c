/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "write-all.h"

int write_all(int fd, const void *bytes, size_t size) {
        const char *rest = bytes;

        while (size > 0) {
                ssize_t n = write(fd, rest, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                rest += n;
                size -= (size_t) n;
        }
        return 0;
}
