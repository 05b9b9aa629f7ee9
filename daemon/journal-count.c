/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <systemd/sd-journal.h>

#include "journal-count.h"

enum { ENTRIES_MAX = 100000 }; /* as many as can be read in a moment in which nobody is served */

static void journal_closep(sd_journal **j) {
        if (*j)
                sd_journal_close(*j);
}

static LogLevel entry_level(sd_journal *j) {
        static const size_t prefix = strlen("JOB_LOG_LEVEL=");
        g_autofree char *name = NULL;
        const void *data;
        size_t size;

        if (sd_journal_get_data(j, "JOB_LOG_LEVEL", &data, &size) < 0 || size < prefix)
                return _LOG_LEVEL_INVALID;
        name = g_strndup((const char *) data + prefix, size - prefix);
        return log_level_from_name(name);
}

int journal_count_levels(const char *result_id, uint32_t ret_counts[static _LOG_LEVEL_MAX]) {
        g_autofree char *match = g_strdup_printf("JOB_RESULT_ID=%s", result_id);
        _cleanup_(journal_closep) sd_journal *j = NULL;
        uint32_t counts[_LOG_LEVEL_MAX] = {};
        int r;

        r = sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY);
        if (r >= 0)
                r = sd_journal_add_match(j, "_SYSTEMD_UNIT=jobd.service", 0);
        if (r >= 0)
                r = sd_journal_add_match(j, match, 0);
        if (r >= 0)
                r = sd_journal_seek_head(j);
        for (unsigned i = 0; r >= 0 && i < ENTRIES_MAX; i++) {
                LogLevel level;

                r = sd_journal_next(j);
                if (r <= 0)
                        break;
                level = entry_level(j);
                if (level >= 0)
                        counts[level]++;
        }
        if (r < 0)
                return r;
        memcpy(ret_counts, counts, sizeof(counts));
        return 0;
}
