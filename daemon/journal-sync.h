/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "macro.h"

/*
 * Waits until journald has written all that was sent to it: its Synchronize() call, what "journalctl --sync" uses.
 * Without it the last lines of a run that has just ended may not be in the journal yet.
 */
typedef struct JournalSync JournalSync;

/* Called once: 0, or negative errno when journald did not answer (the journal is then read as it is). */
typedef void (*JournalSyncDone)(int r, void *userdata);

int journal_sync(sd_event *event, JournalSyncDone done, void *userdata, JournalSync **ret) _must_check_;

/* Also from within the callback; the callback does not come any more. */
JournalSync *journal_sync_free(JournalSync *s);
DEFINE_CLEANUP(JournalSync *, journal_sync_free);
