/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "job-class-suggest.h"
#include "key-file.h"

/*
 * How many letters must be inserted, removed, replaced or swapped with their neighbour to get from one word to the
 * other (optimal string alignment), upper and lower case being the same.
 */
static unsigned edit_distance(const char *a, const char *b) {
        unsigned rows[3][KEY_FILE_KEY_MAX + 1];
        unsigned *before = rows[0], *previous = rows[1], *current = rows[2];
        size_t m = strlen(b);

        for (size_t j = 0; j <= m; j++)
                previous[j] = j;

        for (size_t i = 1; a[i - 1]; i++) {
                unsigned *recycled = before;

                current[0] = i;
                for (size_t j = 1; j <= m; j++) {
                        char x = g_ascii_tolower(a[i - 1]), y = g_ascii_tolower(b[j - 1]);
                        unsigned d = previous[j - 1] + (x != y);

                        d = MIN(d, previous[j] + 1);
                        d = MIN(d, current[j - 1] + 1);
                        if (i > 1 && j > 1 && x == g_ascii_tolower(b[j - 2]) && g_ascii_tolower(a[i - 2]) == y)
                                d = MIN(d, before[j - 2] + 1);

                        current[j] = d;
                }

                before = previous;
                previous = current;
                current = recycled;
        }

        return previous[m];
}

void suggestion_consider(Suggestion *s, const char *candidate) {
        size_t length = strlen(s->word);
        unsigned distance, close;

        if (length > KEY_FILE_KEY_MAX || strlen(candidate) > KEY_FILE_KEY_MAX)
                return;

        /* A third of a short word, three letters of a long one: Naem, TimeLimits, MemMaximum */
        close = MIN(length / 3, 3U);
        distance = edit_distance(s->word, candidate);

        if (distance <= close && (!s->best || distance < s->distance)) {
                s->best = candidate;
                s->distance = distance;
        }
}
