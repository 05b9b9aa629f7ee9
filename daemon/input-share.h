/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * Who the files that runs are given belong to: what all requesters share nobody may take all of. When half of it is taken,
 * one who is not root gets no more than a sixteenth. Pure.
 */
typedef struct InputShare InputShare;

InputShare *input_share_new(void);
InputShare *input_share_free(InputShare *s);
DEFINE_CLEANUP(InputShare *, input_share_free);

/* That the files of an id, of a job result or scheduled job, are a user's: bytes on the disk, and in memory. */
void input_share_add(InputShare *s, const char *id, uint32_t uid, uint64_t on_disk, uint64_t in_memory);

/* Of these, so many more bytes are on the disk, and so many in memory instead. False: the id is not known. */
bool input_share_change(InputShare *s, const char *id, uint64_t more_on_disk, uint64_t in_memory);

/* The same for another id; and that those of an id are gone, or were never known. */
void input_share_copy(InputShare *s, const char *from, const char *to);
void input_share_remove(InputShare *s, const char *id);

/* Whether the user may have so much more, when all have so much of max. */
bool input_share_allows_on_disk(const InputShare *s, uint32_t uid, uint64_t all, uint64_t more, uint64_t max);
bool input_share_allows_in_memory(const InputShare *s, uint32_t uid, uint64_t all, uint64_t more, uint64_t max);
