/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "suggest.h"

enum { NAME_MAX_LENGTH = 32, LETTERS_PER_MISTAKE = 3 };

/* The optimal string alignment distance, by the usual table. */
static unsigned distance(const char *a, const char *b) {
        unsigned d[NAME_MAX_LENGTH + 1][NAME_MAX_LENGTH + 1];
        size_t n = strlen(a), m = strlen(b);

        if (n > NAME_MAX_LENGTH || m > NAME_MAX_LENGTH)
                return UINT32_MAX;
        for (size_t i = 0; i <= n; i++)
                d[i][0] = (unsigned) i;
        for (size_t k = 0; k <= m; k++)
                d[0][k] = (unsigned) k;
        for (size_t i = 1; i <= n; i++)
                for (size_t k = 1; k <= m; k++) {
                        unsigned replaced = d[i - 1][k - 1] + (a[i - 1] != b[k - 1]);

                        d[i][k] = MIN(MIN(d[i - 1][k], d[i][k - 1]) + 1, replaced);
                        if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
                                d[i][k] = MIN(d[i][k], d[i - 2][k - 2] + 1);
                }
        return d[n][m];
}

const char *suggest_nearest(const char *typed, const char *const *names) {
        const char *nearest = NULL;
        unsigned best = (unsigned) strlen(typed) / LETTERS_PER_MISTAKE + 1;

        for (; *names; names++) {
                /* The beginning of a name is as near as one wrong letter. */
                unsigned d = strlen(typed) >= 3 && g_str_has_prefix(*names, typed) ? 1 : distance(typed, *names);

                if (d < best) {
                        best = d;
                        nearest = *names;
                }
        }
        return nearest;
}
