/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <syslog.h>

#include "log-level.h"

static const struct {
        const char *name;
        int priority;
} levels[_LOG_LEVEL_MAX] = {
        [LOG_LEVEL_DEBUG] = { "debug", LOG_DEBUG },       [LOG_LEVEL_INFO] = { "info", LOG_INFO },
        [LOG_LEVEL_SUCCESS] = { "success", LOG_NOTICE },  [LOG_LEVEL_WARNING] = { "warning", LOG_WARNING },
        [LOG_LEVEL_FAILURE] = { "failure", LOG_ERR },     [LOG_LEVEL_ERROR] = { "error", LOG_ERR },
        [LOG_LEVEL_CRITICAL] = { "critical", LOG_CRIT },
};

const char *log_level_name(LogLevel level) {
        return level >= 0 && level < _LOG_LEVEL_MAX ? levels[level].name : NULL;
}

LogLevel log_level_from_name(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(levels); i++)
                if (strcmp(levels[i].name, name) == 0)
                        return (LogLevel) i;
        return _LOG_LEVEL_INVALID;
}

int log_level_priority(LogLevel level) {
        return levels[level].priority;
}
