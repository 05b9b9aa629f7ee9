/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "file-copy.h"
#include "write-all.h"

enum {
        CHUNK_SIZE = 128 * 1024,
        DEATH_MSEC = 100, /* for which we wait for a process that was killed, with all else */
        STUCK_MAX = 32,   /* processes that do not die, at a time */
};

static unsigned n_stuck;

struct FileCopy {
        sd_event_source *child_source;
        sd_event_source *timeout_source;
        int report_fd;
        char **moved; /* paths of what is to be moved */
        size_t n;
        bool timed_out;
        bool is_stuck; /* its process does not die: it is left to itself */
        FileCopyDone done;
        void *userdata;
};

/* ---- in the process that copies ---- */

/* From where the last bytes ended; 0 at the end. */
static ssize_t read_at(int fd, void *bytes, size_t size, uint64_t offset) {
        for (;;) {
                ssize_t n;

                n = pread(fd, bytes, size, (off_t) offset);
                if (n >= 0)
                        return n;
                if (errno != EINTR)
                        return -errno;
        }
}

static int too_large(const FileCopySource *s, uint64_t size) {
        return size > s->max ? -EFBIG : -EOVERFLOW;
}

static int copy_to_file(const FileCopySource *s, int to, uint64_t max, GChecksum *checksum, uint64_t *size) {
        g_autofree uint8_t *chunk = g_malloc(CHUNK_SIZE);
        ssize_t n;
        int r;

        for (*size = 0; (n = read_at(s->fd, chunk, CHUNK_SIZE, *size)) > 0;) {
                *size += (uint64_t) n;
                if (*size > max)
                        return too_large(s, *size);
                g_checksum_update(checksum, chunk, n);
                r = write_all(to, chunk, (size_t) n);
                if (r < 0)
                        return r;
        }
        return (int) n;
}

/* Without a copy elsewhere in memory, and no page of it is swapped while this process has it. */
static int copy_to_memory(const FileCopySource *s, uint64_t max, GChecksum *checksum, uint64_t *size) {
        uint8_t *memory = s->memory, beyond;
        ssize_t n = 0;

        (void) mlock2(memory, s->max, MLOCK_ONFAULT);
        for (*size = 0; *size < max && (n = read_at(s->fd, memory + *size, max - *size, *size)) > 0;) {
                g_checksum_update(checksum, memory + *size, n);
                *size += (uint64_t) n;
        }
        if (n >= 0 && *size == max)
                n = read_at(s->fd, &beyond, 1, *size);
        if (n <= 0)
                return (int) n;
        return too_large(s, ++*size);
}

static int sync_directory(const char *path) {
        _cleanup_close_ int fd = -EBADF;

        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* It has its place, under its name, and that is on the disk. */
static int settle(const FileCopySource *s, const FileCopied *c) {
        g_autofree char *directory = s->move ? g_strdup(s->move) : g_path_get_dirname(s->path);
        g_autofree char *moved = NULL;

        if (s->move) {
                moved = g_build_filename(s->move, c->sha256, NULL);
                if (rename(s->path, moved) < 0)
                        return -errno;
        }
        return sync_directory(directory);
}

static int make_file(const FileCopySource *s, uint64_t max, GChecksum *checksum, uint64_t *size) {
        _cleanup_close_ int to = -EBADF;
        int r;

        to = open(s->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (to < 0)
                return -errno;
        r = copy_to_file(s, to, max, checksum, size);
        if (r < 0)
                return r;
        return fchmod(to, s->mode) < 0 || fsync(to) < 0 ? -errno : 0;
}

static int copy(const FileCopySource *s, uint64_t max, FileCopied *c) {
        g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
        int r;

        r = s->path ? make_file(s, max, checksum, &c->size) : copy_to_memory(s, max, checksum, &c->size);
        if (r < 0)
                return r;
        (void) g_strlcpy(c->sha256, g_checksum_get_string(checksum), sizeof(c->sha256));
        return s->path ? settle(s, c) : 0;
}

/* There the kernel makes the bytes at each read, and what it gives can depend on who reads: that is root here, not who
 * has opened the file. */
static bool is_made_by_kernel(const struct statfs *fs) {
        switch ((uint32_t) fs->f_type) {

        case PROC_SUPER_MAGIC:
        case SYSFS_MAGIC:
        case DEBUGFS_MAGIC:
        case TRACEFS_MAGIC:
                return true;

        default:
                return false;
        }
}

static int look(const FileCopySource *s, uint64_t room, FileCopied *c) {
        struct statfs fs;
        struct stat st;
        char byte;

        if (fstat(s->fd, &st) < 0 || fstatfs(s->fd, &fs) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || is_made_by_kernel(&fs))
                return -EISDIR;
        if (pread(s->fd, &byte, 1, 0) < 0)
                return -errno;
        c->size = (uint64_t) st.st_size;
        if (c->size > s->max)
                return -EFBIG;
        return c->size > room ? -EOVERFLOW : 0;
}

static bool look_at_all(const FileCopySource *sources, size_t n, const FileCopyLimits *limits, FileCopied *copied) {
        uint64_t room = limits->all;
        bool good = true;

        for (size_t i = 0; i < n; i++) {
                int r = look(sources + i, room, copied + i);

                if (r >= 0)
                        room -= copied[i].size;
                else {
                        copied[i].error = r;
                        good = false;
                }
        }
        return good;
}

static void copy_all(const FileCopySource *sources, size_t n, const FileCopyLimits *limits, FileCopied *copied) {
        uint64_t room = limits->all;

        for (size_t i = 0; i < n; i++)
                copied[i].error = -ECANCELED;
        if (!look_at_all(sources, n, limits, copied) || limits->look_only)
                return;
        for (size_t i = 0; i < n; i++) {
                copied[i].error = copy(sources + i, MIN(sources[i].max, room), copied + i);
                if (copied[i].error < 0)
                        return;
                room -= copied[i].size;
        }
}

/* The descriptors that are needed become 3, 4, ..., and there are no others: no client's connection stays open. */
static int keep_only(FileCopySource *sources, size_t n, int *report) {
        int low = 3, first = 3 + (int) n + 1;

        for (size_t i = 0; i <= n; i++) {
                int *fd = i < n ? &sources[i].fd : report;

                *fd = fcntl(*fd, F_DUPFD, first);
                if (*fd < 0)
                        return -errno;
        }
        for (size_t i = 0; i <= n; i++, low++) {
                int *fd = i < n ? &sources[i].fd : report;

                if (dup2(*fd, low) < 0)
                        return -errno;
                *fd = low;
        }
        return close_range((unsigned) low, UINT_MAX, 0) < 0 ? -errno : 0;
}

__attribute__((__noreturn__)) static void run_child(pid_t parent, int report, const FileCopySource *borrowed, size_t n,
                                                    const FileCopyLimits *limits) {
        g_autofree FileCopySource *sources = g_memdup2(borrowed, n * sizeof(*borrowed));
        g_autofree FileCopied *copied = g_new0(FileCopied, n);

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent || keep_only(sources, n, &report) < 0)
                _exit(EXIT_FAILURE);
        copy_all(sources, n, limits, copied);
        _exit(write_all(report, copied, n * sizeof(*copied)) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

/* ---- in jobd ---- */

static void copy_destroy(void *p) {
        FileCopy *c = p;

        for (char **path = c->moved; *path; path++)
                (void) unlink(*path); /* unless it has got its place */
        closep(&c->report_fd);
        g_strfreev(c->moved);
        if (c->is_stuck)
                n_stuck--;
        g_free(c);
}

static void report(FileCopy *c) {
        g_autofree FileCopied *copied = g_new0(FileCopied, c->n);
        size_t size = c->n * sizeof(*copied);

        /* One that is stuck has the other end of the pipe open. */
        if (c->is_stuck || read(c->report_fd, copied, size) != (ssize_t) size)
                for (size_t i = 0; i < c->n; i++)
                        copied[i] = (FileCopied){ .error = c->timed_out ? -ETIMEDOUT : -EIO };
        for (size_t i = 0; i < c->n; i++)
                copied[i].sha256[SHA256_STRING_SIZE - 1] = '\0';
        c->done(copied, c->n, c->userdata);
}

static int on_exit_of_child(sd_event_source *source, const siginfo_t *si, void *userdata) {
        FileCopy *c = userdata;

        if (c->is_stuck) /* no more: its last reference goes, and it with it */
                (void) sd_event_source_set_floating(source, false);
        else
                report(c);
        return 0;
}

/*
 * SIGKILL does not end a process that waits for a disk, or for a file system in user space that has got the request and
 * does not answer it.
 */
static bool kill_child(FileCopy *c) {
        struct pollfd p = { .fd = sd_event_source_get_child_pidfd(c->child_source), .events = POLLIN };

        (void) sd_event_source_send_child_signal(c->child_source, SIGKILL, NULL, 0);
        return p.fd < 0 || poll(&p, 1, DEATH_MSEC) > 0;
}

/* Nobody waits for it any more; it is reaped when it ends after all. */
static void leave_child_alone(FileCopy *c) {
        c->is_stuck = true;
        n_stuck++;
        (void) sd_event_source_set_child_process_own(c->child_source, false);
        (void) sd_event_source_set_destroy_callback(c->child_source, copy_destroy);
        (void) sd_event_source_set_floating(c->child_source, true);
        c->child_source = sd_event_source_unref(c->child_source);
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        FileCopy *c = userdata;

        c->timed_out = true;
        if (kill_child(c))
                return 0; /* on_exit_of_child() is next */
        leave_child_alone(c);
        report(c);
        return 0;
}

static int watch_child(FileCopy *c, sd_event *event, pid_t pid, uint64_t timeout_usec) {
        int r;

        r = sd_event_add_child(event, &c->child_source, pid, WEXITED, on_exit_of_child, c);
        if (r < 0) {
                (void) kill(pid, SIGKILL);
                (void) waitpid(pid, NULL, 0);
                return r;
        }
        (void) sd_event_source_set_child_process_own(c->child_source, true);
        return sd_event_add_time_relative(event, &c->timeout_source, CLOCK_MONOTONIC, timeout_usec, 0, on_timeout, c);
}

static char **moved_paths(const FileCopySource *sources, size_t n) {
        GPtrArray *paths = g_ptr_array_new();

        for (size_t i = 0; i < n; i++)
                if (sources[i].move)
                        g_ptr_array_add(paths, g_strdup(sources[i].path));
        g_ptr_array_add(paths, NULL);
        return (char **) g_ptr_array_free(paths, false);
}

const char *file_copy_error_text(int error) {
        return error == -EBUSY ? "too many files are being read that are on disks or file systems which do not answer: "
                                 "try again when these do"
                               : g_strerror(-error);
}

int file_copy_start(sd_event *event, const FileCopySource *sources, size_t n, const FileCopyLimits *limits,
                    FileCopyDone done, void *userdata, FileCopy **ret) {
        _cleanup_(file_copy_freep) FileCopy *c = NULL;
        _cleanup_close_ int report = -EBADF;
        pid_t parent = getpid(), pid;
        int fds[2], r;

        if (n > FILE_COPY_SOURCES_MAX)
                return -E2BIG;
        if (n_stuck >= STUCK_MAX)
                return -EBUSY;
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        c = g_new0(FileCopy, 1);
        c->report_fd = fds[0];
        report = fds[1];
        c->moved = moved_paths(sources, n);
        c->n = n;
        c->done = done;
        c->userdata = userdata;

        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0)
                run_child(parent, report, sources, n, limits);
        r = watch_child(c, event, pid, limits->timeout_usec);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

FileCopy *file_copy_free(FileCopy *c) {
        int enabled = SD_EVENT_OFF;

        if (!c)
                return NULL;
        c->timeout_source = sd_event_source_disable_unref(c->timeout_source);
        /* Off: it has ended, and whoever is called for that is here. */
        if (c->child_source && sd_event_source_get_enabled(c->child_source, &enabled) > 0 && !kill_child(c))
                leave_child_alone(c);
        if (c->is_stuck)
                return NULL;
        (void) sd_event_source_disable_unref(c->child_source); /* and reaps it */
        copy_destroy(c);
        return NULL;
}
