/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "time-zone.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define ZONEINFO_DIR "/usr/share/zoneinfo/"
#define LOCALTIME_FILE "/etc/localtime"

/* tzfile(5) allows offsets of -25 to +26 hours. */
#define OFFSET_MAX (INT64_C(26) * 3600)

static bool name_is_valid(const char *name) {
        static const char *const not_zones[] = { "localtime", "posixrules" };

        if (strlen(name) > TIME_ZONE_NAME_MAX || !g_ascii_isalpha(name[0]) || strstr(name, "//") ||
            g_str_has_suffix(name, "/"))
                return false;
        for (const char *p = name; *p; p++)
                if (!g_ascii_isalnum(*p) && !strchr("_+-/", *p))
                        return false;

        /* Those of right/ count leap seconds, which the clock of Linux does not. */
        if (g_str_has_prefix(name, "right/") || g_str_has_prefix(name, "posix/"))
                return false;
        for (size_t i = 0; i < ELEMENTSOF(not_zones); i++)
                if (strcmp(name, not_zones[i]) == 0)
                        return false;
        return true;
}

static int check_file(const char *path) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        char magic[4];

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG ? -ENOENT : -EIO;
        if (fstat(fd, &st) < 0)
                return -EIO;
        if (!S_ISREG(st.st_mode))
                return -ENOENT;
        if (read(fd, magic, sizeof(magic)) != sizeof(magic) || memcmp(magic, "TZif", sizeof(magic)) != 0)
                return -ENOENT;
        return 0;
}

int time_zone_load(const char *name, GTimeZone **ret) {
        g_autofree char *path = NULL;
        GTimeZone *zone;
        int r;

        if (!name_is_valid(name))
                return -EINVAL;

        path = g_strconcat(ZONEINFO_DIR, name, NULL);
        r = check_file(path);
        if (r < 0)
                return r;

        /*
         * By its path: as a name, GLib takes "+01:00", "EST5EDT,M3.2.0,M11.1.0" and "../../etc/localtime" as well.
         * (Its offsets of all zones until 2150 are those of Python's zoneinfo, but for Europe/Dublin's from 2038,
         * whose winter time is the one with an offset to standard time.)
         */
        zone = g_time_zone_new_identifier(path);
        if (!zone)
                return -EIO;

        *ret = zone;
        return 0;
}

char *time_zone_system(void) {
        g_autofree char *target = g_file_read_link(LOCALTIME_FILE, NULL);
        const char *name = target ? strstr(target, "/zoneinfo/") : NULL;

        if (name) {
                g_autoptr(GTimeZone) zone = NULL;

                name += strlen("/zoneinfo/");
                if (time_zone_load(name, &zone) >= 0)
                        return g_strdup(name);
        }
        return g_strdup("UTC");
}

/* "# version 2025b" is the first line; not every host has that file. */
static void read_version(char version[static 64]) {
        _cleanup_close_ int fd = open(ZONEINFO_DIR "tzdata.zi", O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? 0 : read(fd, version, 63);

        version[MAX(n, 0)] = '\0';
        version[strcspn(version, "\n")] = '\0';
}

char *time_zone_edition(void) {
        char version[64];
        struct stat st;

        read_version(version);
        if (stat(ZONEINFO_DIR, &st) < 0)
                st = (struct stat){};
        return g_strdup_printf("%s, %" PRIi64 ".%09li\n", version, (int64_t) st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static int find_interval(GTimeZone *zone, int64_t time) {
        return g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, time);
}

/* The first time after "time" when the clock is set, or the limit: GLib does not say where an interval ends. */
static int64_t interval_end(GTimeZone *zone, int64_t time, int64_t limit) {
        int interval = find_interval(zone, time);

        if (time >= limit || find_interval(zone, limit) == interval)
                return limit;

        while (limit - time > 1) {
                int64_t middle = time + (limit - time) / 2;

                if (find_interval(zone, middle) == interval)
                        time = middle;
                else
                        limit = middle;
        }
        return limit;
}

int64_t time_zone_wall_clock(GTimeZone *zone, int64_t time) {
        return time + g_time_zone_get_offset(zone, find_interval(zone, time));
}

int64_t time_zone_latest_shown(GTimeZone *zone, int64_t from, int64_t to) {
        int64_t latest = time_zone_wall_clock(zone, to), end;

        for (int64_t t = MAX(from, to - 2 * OFFSET_MAX); t < to; t = end) {
                end = interval_end(zone, t, to);
                latest = MAX(latest, time_zone_wall_clock(zone, end - 1));
        }
        return latest;
}

int64_t time_zone_first_shown(GTimeZone *zone, int64_t from, int64_t wall_clock) {
        int64_t t = MAX(from, wall_clock - OFFSET_MAX);

        for (;;) {
                int64_t first = MAX(t, t + wall_clock - time_zone_wall_clock(zone, t));
                int64_t end = interval_end(zone, t, MAX(first, t) + 1);

                if (first < end)
                        return first;
                t = end;
        }
}
