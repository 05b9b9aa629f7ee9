/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <string.h>

#include "model.h"

/* The block devices, as /sys and udev's database have them: the devices themselves are not opened. */

#define CLASS_DIRECTORY "/sys/class/block"

enum { SECTOR_SIZE = 512 }; /* in which the kernel counts, whatever the device's own are */

static bool exists(const char *directory, const char *name) {
        g_autofree char *path = g_build_filename(directory, name, NULL);

        return access(path, F_OK) == 0;
}

static const char *device_type(const char *directory, const char *name) {
        g_autofree char *kind = NULL;

        if (exists(directory, "partition"))
                return "part";
        if (exists(directory, "dm"))
                return "dm";
        if (exists(directory, "md"))
                return "md";
        if (exists(directory, "loop") || g_str_has_prefix(name, "loop"))
                return "loop";
        kind = read_line(directory, "device/type"); /* of SCSI; 5: CD-ROM */
        return kind && strcmp(kind, "5") == 0 ? "rom" : g_str_has_prefix(name, "zram") ? "zram" : "disk";
}

/* The directory of a partition lies in that of its disk. */
static char *parent_of(const char *directory) {
        g_autofree char *target = NULL, *parent = NULL;

        if (!exists(directory, "partition"))
                return NULL;
        target = g_file_read_link(directory, NULL);
        if (!target)
                return NULL;
        parent = g_path_get_dirname(target);
        return g_path_get_basename(parent);
}

/* One property of udev's database, which it unescapes itself: "E:ID_FS_TYPE=ext4". */
static char *udev_property(unsigned major, unsigned minor, const char *name) {
        g_autofree char *path = g_strdup_printf("/run/udev/data/b%u:%u", major, minor);
        g_autofree char *prefix = g_strdup_printf("E:%s=", name), *text = NULL;
        g_auto(GStrv) lines = NULL;

        if (!g_file_get_contents(path, &text, NULL, NULL))
                return NULL;
        lines = g_strsplit(text, "\n", -1);
        for (char **line = lines; *line; line++)
                if (g_str_has_prefix(*line, prefix))
                        return g_strdup(*line + strlen(prefix));
        return NULL;
}

static JsonArray *mountpoints_of(const GPtrArray *mounts, unsigned major, unsigned minor) {
        JsonArray *points = json_array_new();

        for (guint i = 0; i < mounts->len; i++) {
                const Mount *m = mounts->pdata[i];

                if (m->major == major && m->minor == minor)
                        add_text(points, m->mount_point);
        }
        return points;
}

static void set_model(JsonObject *o, const char *directory) {
        g_autofree char *model = read_line(directory, "device/model");

        set_text_or_null(o, "model", model ? g_strstrip(model) : NULL);
}

/* In /sys a "/" of a device's name is a "!". */
static void set_path(JsonObject *o, const char *name) {
        g_autofree char *path = g_strdelimit(g_strconcat("/dev/", name, NULL), "!", '/');

        set_text(o, "path", path);
}

static JsonObject *describe(const char *name, const GPtrArray *mounts) {
        g_autofree char *directory = g_build_filename(CLASS_DIRECTORY, name, NULL), *parent = parent_of(directory);
        g_autofree char *dev = read_line(directory, "dev"), *size = read_line(directory, "size");
        g_autofree char *read_only = read_line(directory, "ro"), *fstype = NULL;
        unsigned major, minor;
        JsonObject *o;

        if (!dev || sscanf(dev, "%u:%u", &major, &minor) != 2)
                return NULL; /* it has gone */
        fstype = udev_property(major, minor, "ID_FS_TYPE");
        o = json_object_new();
        set_text(o, "name", name);
        set_path(o, name);
        json_object_set_int_member(o, "size", size ? g_ascii_strtoll(size, NULL, 10) * SECTOR_SIZE : 0);
        set_text(o, "type", device_type(directory, name));
        set_text(o, "parent", parent);
        set_text_or_null(o, "fstype", fstype);
        json_object_set_array_member(o, "mountpoints", mountpoints_of(mounts, major, minor));
        set_model(o, directory);
        json_object_set_boolean_member(o, "read_only", read_only && strcmp(read_only, "1") == 0);
        return o;
}

int model_devices(char **keys, JsonArray *objects, char **ret_error) {
        g_autoptr(GPtrArray) mounts = NULL;
        struct dirent **entries = NULL;
        int n;

        if (mounts_read(&mounts) < 0)
                mounts = g_ptr_array_new();
        n = scandir(CLASS_DIRECTORY, &entries, NULL, versionsort);
        if (n < 0)
                return model_failed(-errno, ret_error, "cannot read " CLASS_DIRECTORY);
        for (int i = 0; i < n; i++) {
                JsonObject *o = entries[i]->d_name[0] != '.' ? describe(entries[i]->d_name, mounts) : NULL;

                if (o)
                        json_array_add_object_element(objects, o);
                free(entries[i]);
        }
        free(entries);
        return 0;
}
