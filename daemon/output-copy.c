/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "output-copy.h"

#define TIMEOUT_USEC (30 * USEC_PER_SEC)

enum { CHUNK_SIZE = 128 * 1024 };

struct OutputCopy {
        sd_event_source *child_source;
        sd_event_source *timeout_source;
        int report_fd;
        char *new_path;
        bool timed_out;
        OutputCopyDone done;
        void *userdata;
};

/* ---- in the process that copies ---- */

static int write_all(int fd, const uint8_t *bytes, size_t size) {
        while (size > 0) {
                ssize_t n;

                n = write(fd, bytes, size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                bytes += n;
                size -= (size_t) n;
        }
        return 0;
}

static int copy_bytes(int from, int to, uint64_t max, OutputCopied *c) {
        g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
        g_autofree uint8_t *chunk = g_malloc(CHUNK_SIZE);
        int r;

        for (;;) {
                ssize_t n;

                n = pread(from, chunk, CHUNK_SIZE, (off_t) c->size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                c->size += (uint64_t) n;
                if (c->size > max)
                        return -EFBIG;
                g_checksum_update(checksum, chunk, n);
                r = write_all(to, chunk, (size_t) n);
                if (r < 0)
                        return r;
        }
        (void) g_strlcpy(c->sha256, g_checksum_get_string(checksum), sizeof(c->sha256));
        return fsync(to) < 0 ? -errno : 0;
}

static int copy_to_new(int from, uint64_t max, const char *new_path, OutputCopied *c) {
        _cleanup_close_ int to = -EBADF;
        struct stat st;

        if (fstat(from, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EISDIR;
        if ((uint64_t) st.st_size > max) {
                c->size = (uint64_t) st.st_size;
                return -EFBIG;
        }
        to = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (to < 0)
                return -errno;
        return copy_bytes(from, to, max, c);
}

static int move_to_place(const char *new_path, const char *directory, const char *name) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        _cleanup_close_ int fd = -EBADF;

        if (rename(new_path, path) < 0)
                return -errno;
        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* The two descriptors that are needed become 3 and 4, and there are no others: no client's connection stays open. */
static int keep_only(int file, int report) {
        int high_file, high_report;

        high_file = fcntl(file, F_DUPFD, 10);
        high_report = fcntl(report, F_DUPFD, 10);
        if (high_file < 0 || high_report < 0 || dup2(high_file, 3) < 0 || dup2(high_report, 4) < 0 ||
            close_range(5, UINT_MAX, 0) < 0)
                return -errno;
        return 0;
}

__attribute__((__noreturn__)) static void run_child(pid_t parent, int file, int report, uint64_t max,
                                                    const char *new_path, const char *directory) {
        OutputCopied c = {};
        int r;

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
                _exit(EXIT_FAILURE);
        r = keep_only(file, report);
        if (r >= 0)
                r = copy_to_new(3, max, new_path, &c);
        if (r >= 0)
                r = move_to_place(new_path, directory, c.sha256);
        c.error = r;
        _exit(write(4, &c, sizeof(c)) == (ssize_t) sizeof(c) ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* ---- in jobd ---- */

static int on_exit_of_child(sd_event_source *source, const siginfo_t *si, void *userdata) {
        OutputCopied copied;
        OutputCopy *c = userdata;

        if (read(c->report_fd, &copied, sizeof(copied)) != (ssize_t) sizeof(copied))
                copied = (OutputCopied){ .error = c->timed_out ? -ETIMEDOUT : -EIO };
        copied.sha256[SHA256_STRING_SIZE - 1] = '\0';
        c->done(&copied, c->userdata);
        return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        OutputCopy *c = userdata;

        c->timed_out = true;
        (void) sd_event_source_send_child_signal(c->child_source, SIGKILL, NULL, 0);
        return 0;
}

static int watch_child(OutputCopy *c, sd_event *event, pid_t pid) {
        int r;

        r = sd_event_add_child(event, &c->child_source, pid, WEXITED, on_exit_of_child, c);
        if (r < 0) {
                (void) kill(pid, SIGKILL);
                (void) waitpid(pid, NULL, 0);
                return r;
        }
        (void) sd_event_source_set_child_process_own(c->child_source, true);
        return sd_event_add_time_relative(event, &c->timeout_source, CLOCK_MONOTONIC, TIMEOUT_USEC, 0, on_timeout, c);
}

int output_copy_start(sd_event *event, int fd, uint64_t max, const char *new_path, const char *directory,
                      OutputCopyDone done, void *userdata, OutputCopy **ret) {
        _cleanup_(output_copy_freep) OutputCopy *c = NULL;
        _cleanup_close_ int report = -EBADF;
        pid_t parent = getpid(), pid;
        int fds[2], r;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        c = g_new0(OutputCopy, 1);
        c->report_fd = fds[0];
        report = fds[1];
        c->new_path = g_strdup(new_path);
        c->done = done;
        c->userdata = userdata;

        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0)
                run_child(parent, fd, report, max, new_path, directory);
        r = watch_child(c, event, pid);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

OutputCopy *output_copy_free(OutputCopy *c) {
        if (!c)
                return NULL;
        (void) sd_event_source_disable_unref(c->timeout_source);
        (void) sd_event_source_disable_unref(c->child_source); /* and kills it */
        closep(&c->report_fd);
        (void) unlink(c->new_path); /* unless it has got its place */
        g_free(c->new_path);
        g_free(c);
        return NULL;
}
