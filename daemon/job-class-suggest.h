/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* Looks among candidates, one after the other, for the one that a mistyped word most likely meant. */
typedef struct Suggestion {
        const char *word;
        const char *best; /* NULL: none is close; the candidate itself, not a copy */
        unsigned distance;
} Suggestion;

void suggestion_consider(Suggestion *s, const char *candidate);
