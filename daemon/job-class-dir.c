/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "error-text.h"
#include "job-class-dir.h"
#include "job-class.h"

#define OWNER_UID 0

JobClassDir *job_class_dir_free(JobClassDir *d) {
        if (!d)
                return NULL;

        closep(&d->fd);
        g_free(d->path);
        g_free(d->refusal);
        g_free(d);

        return NULL;
}

bool job_class_dir_is_exhausted(int r) {
        return r == -EMFILE || r == -ENFILE || r == -ENOMEM;
}

static char *printable(const char *name) {
        bool plain = g_utf8_validate(name, -1, NULL);

        for (const char *p = name; plain && *p; p = g_utf8_next_char(p))
                plain = !g_unichar_iscntrl(g_utf8_get_char(p));

        return plain ? g_strdup(name) : g_strescape(name, NULL);
}

char *job_class_dir_path_of(const JobClassDir *dir, const char *name) {
        g_autofree char *shown = printable(name);

        return g_strjoin("/", dir->path, shown, NULL);
}

/* Sets the sentence and returns the error, not -EINVAL */
static int fail_errno(int error, const char *what, const char *path, char **ret_error) {
        /* jobd is root without capabilities: it is denied what belongs to someone else, or what has mode 0000 */
        (void) error_text(ret_error, "%s: cannot be %s: %s%s", path, what, g_strerror(error),
                          error == EACCES ? "; chown it to root, and chmod u+rX it" : "");

        return -error;
}

/* What keeps root from trusting it, or NULL. */
static char *mistrust(const char *path, const struct stat *st) {
        const char *consequence = S_ISDIR(st->st_mode) ? ", so nothing in it is loaded" : ", so it is not loaded";

        if (st->st_uid != OWNER_UID)
                return g_strdup_printf("%s: belongs to uid %u instead of root%s; chown it to root", path, st->st_uid,
                                       consequence);

        if (st->st_mode & (S_IWGRP | S_IWOTH))
                return g_strdup_printf("%s: can be written by group or others (mode %04o)%s; chmod go-w it", path,
                                       st->st_mode & 07777, consequence);

        return NULL;
}

static int dir_new(int fd, char *path, const char *inherited, JobClassDir **ret, char **ret_error) {
        _cleanup_(job_class_dir_freep) JobClassDir *d = g_new(JobClassDir, 1);
        struct stat st;

        *d = (JobClassDir) {
                .fd = fd,
                .path = path,
                .refusal = g_strdup(inherited),
        };

        if (fstat(fd, &st) < 0)
                return fail_errno(errno, "read", path, ret_error);
        if (!d->refusal)
                d->refusal = mistrust(path, &st);

        *ret = TAKE_PTR(d);
        return 1;
}

int job_class_dir_open_root(const char *path, JobClassDir **ret, char **ret_error) {
        int fd;

        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? 0 : fail_errno(errno, "opened", path, ret_error);

        return dir_new(fd, g_strdup(path), NULL, ret, ret_error);
}

static int dir_open_failed(
                int error,
                const JobClassDir *parent,
                const char *name,
                const char *path,
                char **ret_error) {

        struct stat st;

        if (error == ENOENT)
                return 0;
        if (error != ENOTDIR && error != ELOOP)
                return fail_errno(error, "opened", path, ret_error);

        /* With O_DIRECTORY a link is ENOTDIR like a file: a file is not meant, a link to a directory is */
        if (fstatat(parent->fd, name, &st, 0) < 0 || !S_ISDIR(st.st_mode))
                return 0;

        (void) error_text(ret_error, "%s: is a symbolic link to a directory, which is not followed; put the directory "
                          "itself here, or link its files", path);
        return -ELOOP;
}

int job_class_dir_open(const JobClassDir *parent, const char *name, JobClassDir **ret, char **ret_error) {
        int fd, error;

        fd = openat(parent->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0) {
                error = errno;
                g_autofree char *path = job_class_dir_path_of(parent, name);

                return dir_open_failed(error, parent, name, path, ret_error);
        }

        return dir_new(fd, job_class_dir_path_of(parent, name), parent->refusal, ret, ret_error);
}

static const char *type_name(mode_t mode) {
        switch (mode & S_IFMT) {

        case S_IFDIR:
                return "a directory";
        case S_IFIFO:
                return "a FIFO";
        case S_IFSOCK:
                return "a socket";
        case S_IFBLK:
                return "a block device";
        case S_IFCHR:
                return "a character device";
        default:
                return "no file";
        }
}

static bool is_dev_null(const struct stat *st) {
        return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* Finds out what a link leads to. */
static int stat_target(
                const JobClassDir *dir,
                const char *name,
                const char *path,
                struct stat *ret,
                char **ret_error) {

        g_autofree char *shown = NULL;
        char target[256];
        ssize_t n;

        if (fstatat(dir->fd, name, ret, 0) == 0)
                return 0;
        if (errno != ENOENT)
                return fail_errno(errno, "followed", path, ret_error);

        n = readlinkat(dir->fd, name, target, sizeof(target) - 1);
        if (n < 0)
                return fail_errno(errno, "followed", path, ret_error);

        target[n] = '\0';
        shown = printable(target);
        return error_text(ret_error, "%s: is a symbolic link to %s, which does not exist; remove the link, or link to "
                          "/dev/null to mask what lower roots have", path, shown);
}

static int check_file(const char *path, const struct stat *st, char **ret_error) {
        g_autofree char *distrust = NULL;

        if (!S_ISREG(st->st_mode))
                return error_text(ret_error, "%s: is %s; it must be a regular file", path, type_name(st->st_mode));

        distrust = mistrust(path, st);
        if (distrust)
                return error_text(ret_error, "%s", distrust);

        if (st->st_size > JOB_CLASS_FILE_SIZE_MAX)
                return error_text(ret_error, "%s: has %lld bytes, %d is the most", path, (long long) st->st_size,
                                  JOB_CLASS_FILE_SIZE_MAX);

        return 0;
}

/* Reads to the end, which may have moved since fstat(). */
static int read_text(int fd, const char *path, size_t size_hint, char **ret_text, size_t *ret_size, char **ret_error) {
        g_autofree char *text = g_malloc(size_hint + 2);
        size_t size = 0, room = size_hint + 1;

        for (;;) {
                ssize_t n;

                if (size == room) {
                        room = MIN(room * 2, (size_t) JOB_CLASS_FILE_SIZE_MAX + 1);
                        text = g_realloc(text, room + 1);
                }

                n = read(fd, text + size, room - size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return fail_errno(errno, "read", path, ret_error);
                if (n == 0)
                        break;

                size += (size_t) n;
                if (size > JOB_CLASS_FILE_SIZE_MAX)
                        return error_text(ret_error, "%s: has more than %d bytes, which is the most", path,
                                          JOB_CLASS_FILE_SIZE_MAX);
        }

        text[size] = '\0';
        *ret_text = TAKE_PTR(text);
        *ret_size = size;
        return 0;
}

int job_class_dir_read_file(
                const JobClassDir *dir,
                const char *name,
                char **ret_text,
                size_t *ret_size,
                char **ret_error) {

        g_autofree char *path = NULL, *text = NULL;
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        size_t size = 0;
        int r, error;

        /*
         * Looked at before it is opened: opening a FIFO waits, and opening a device can have effects (a watchdog
         * starts). Most names that are looked for do not exist, so no path is made before that is known.
         */
        r = fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW);
        error = errno;
        if (r < 0 && error == ENOENT)
                return JOB_CLASS_FILE_ABSENT;

        path = job_class_dir_path_of(dir, name);
        if (r < 0)
                return fail_errno(error, "read", path, ret_error);
        if (dir->refusal)
                return error_text(ret_error, "%s", dir->refusal);

        r = S_ISLNK(st.st_mode) ? stat_target(dir, name, path, &st, ret_error) : 0;
        if (r < 0)
                return r;
        if (is_dev_null(&st))
                return JOB_CLASS_FILE_MASKED;

        r = check_file(path, &st, ret_error);
        if (r < 0)
                return r;

        fd = openat(dir->fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return fail_errno(errno, "opened", path, ret_error);

        /* Once more, now for what was opened and not for what had that name */
        if (fstat(fd, &st) < 0)
                return fail_errno(errno, "read", path, ret_error);
        r = check_file(path, &st, ret_error);
        if (r < 0)
                return r;

        r = read_text(fd, path, (size_t) st.st_size, &text, &size, ret_error);
        if (r < 0)
                return r;
        if (size == 0)
                return JOB_CLASS_FILE_MASKED;

        *ret_text = TAKE_PTR(text);
        *ret_size = size;
        return JOB_CLASS_FILE_READ;
}

static void entry_free(gpointer p) {
        JobClassDirEntry *e = p;

        g_free(e->name);
        g_free(e);
}

static gint entry_compare(gconstpointer a, gconstpointer b) {
        const JobClassDirEntry *const *x = a, *const *y = b;

        return strcmp((*x)->name, (*y)->name);
}

static JobClassDirEntry *entry_new(const JobClassDir *dir, const struct dirent *de) {
        JobClassDirEntry *e = g_new0(JobClassDirEntry, 1);
        unsigned char type = de->d_type;
        struct stat st;

        e->name = g_strdup(de->d_name);

        if (type == DT_UNKNOWN && fstatat(dir->fd, de->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
                type = IFTODT(st.st_mode);

        e->is_directory = type == DT_DIR;
        e->is_link_to_directory =
                type == DT_LNK && fstatat(dir->fd, de->d_name, &st, 0) == 0 && S_ISDIR(st.st_mode);

        return e;
}

static void dirp_close(DIR **d) {
        if (*d)
                (void) closedir(*d);
}

int job_class_dir_list(
                const JobClassDir *dir,
                bool (*filter)(const char *name, bool maybe_directory),
                unsigned entries_max,
                GPtrArray **ret,
                char **ret_error) {

        g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(entry_free);
        _cleanup_(dirp_close) DIR *d = NULL;
        int fd;

        /* An own open file description: the position in the directory belongs to it */
        fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return fail_errno(errno, "read", dir->path, ret_error);

        d = fdopendir(fd);
        if (!d) {
                int error = errno;

                (void) close(fd);
                return fail_errno(error, "read", dir->path, ret_error);
        }

        for (;;) {
                const struct dirent *de;

                errno = 0;
                de = readdir(d);
                if (!de && errno > 0)
                        return fail_errno(errno, "read", dir->path, ret_error);
                if (!de)
                        break;

                if (de->d_name[0] == '.' || !filter(de->d_name, de->d_type != DT_REG))
                        continue;

                if (entries->len == entries_max) {
                        (void) error_text(ret_error, "%s: has more than %u entries, which is the most", dir->path,
                                          entries_max);
                        return -E2BIG;
                }

                g_ptr_array_add(entries, entry_new(dir, de));
        }

        g_ptr_array_sort(entries, entry_compare);
        *ret = TAKE_PTR(entries);
        return 0;
}
