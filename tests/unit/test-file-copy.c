/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "file-copy.h"
#include "test-directory.h"

/* A process that copies and does not die when it is killed: its file is on a file system that does not answer. */

enum { FILE_NODE = 2, FILE_SIZE = 10, PATIENCE_SEC = 60 };

/* ---- a file system in user space that has one file, "f", and never answers who reads it ---- */

static void answer(int fuse, uint64_t unique, int error, const void *body, size_t size) {
        uint8_t message[sizeof(struct fuse_out_header) + 256];
        const struct fuse_out_header header = {
                .len = (uint32_t) (sizeof(header) + size), .error = error, .unique = unique,
        };

        memcpy(message, &header, sizeof(header));
        if (size > 0)
                memcpy(message + sizeof(header), body, size);
        if (write(fuse, message, header.len) < 0 && errno != ENOENT)
                _exit(EXIT_FAILURE);
}

static struct fuse_attr attributes(uint64_t node) {
        return (struct fuse_attr){
                .ino = node,
                .size = FILE_SIZE,
                .mode = node == FILE_NODE ? S_IFREG | 0444 : S_IFDIR | 0555,
                .nlink = 1,
        };
}

static void serve_one(int fuse, const struct fuse_in_header *in, int read_seen) {
        const struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 4096 };
        const struct fuse_entry_out entry = {
                .nodeid = FILE_NODE, .entry_valid = 1000, .attr_valid = 1000, .attr = attributes(FILE_NODE),
        };
        const struct fuse_attr_out attr = { .attr_valid = 1000, .attr = attributes(in->nodeid) };
        const struct fuse_statfs_out statfs = {};
        const struct fuse_open_out opened = { .open_flags = FOPEN_DIRECT_IO };

        switch (in->opcode) {
        case FUSE_INIT:
                answer(fuse, in->unique, 0, &init, sizeof(init));
                break;
        case FUSE_LOOKUP:
                answer(fuse, in->unique, 0, &entry, sizeof(entry));
                break;
        case FUSE_GETATTR:
                answer(fuse, in->unique, 0, &attr, sizeof(attr));
                break;
        case FUSE_STATFS:
                answer(fuse, in->unique, 0, &statfs, sizeof(statfs));
                break;
        case FUSE_OPEN:
                answer(fuse, in->unique, 0, &opened, sizeof(opened));
                break;
        case FUSE_READ:
                g_assert_cmpint(write(read_seen, "r", 1), ==, 1);
                break;
        case FUSE_FORGET:
        case FUSE_INTERRUPT:
                break;
        default:
                answer(fuse, in->unique, -ENOSYS, NULL, 0);
        }
}

__attribute__((__noreturn__)) static void serve(int fuse, int read_seen) {
        g_autofree uint8_t *request = g_malloc(64 * 1024);

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (read(fuse, request, 64 * 1024) > 0)
                serve_one(fuse, (const void *) request, read_seen);
        _exit(EXIT_SUCCESS);
}

typedef struct Bed {
        sd_event *event;
        char *directory;
        pid_t server;
        int read_seen; /* gets a byte for each read that will not be answered */
        int file;
        FileCopy *copy;
        int error;
        unsigned n_done;
} Bed;

/* In a mount namespace of our own. */
static int mount_it(Bed *b) {
        g_autofree char *options = NULL, *path = g_build_filename(b->directory, "f", NULL);
        _cleanup_close_ int fuse = -EBADF;
        int fds[2];

        fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
        if (fuse < 0 || unshare(CLONE_NEWNS) < 0)
                return -errno;
        options = g_strdup_printf("fd=%i,rootmode=40000,user_id=0,group_id=0", fuse);
        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("test", b->directory, "fuse", MS_NOSUID | MS_NODEV, options) < 0)
                return -errno;

        g_assert_cmpint(pipe2(fds, O_CLOEXEC), ==, 0);
        b->server = fork();
        if (b->server == 0)
                serve(fuse, fds[1]);
        b->read_seen = fds[0];
        (void) close(fds[1]);
        b->file = open(path, O_RDONLY | O_CLOEXEC);
        g_assert_cmpint(b->file, >=, 0);
        return 0;
}

static Bed *bed_new(void) {
        Bed *b = g_new0(Bed, 1);
        sigset_t signals;

        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGCHLD);
        (void) sigprocmask(SIG_BLOCK, &signals, NULL);
        g_assert_cmpint(sd_event_new(&b->event), >=, 0);
        b->directory = test_directory_new();
        b->error = 1;
        if (mount_it(b) >= 0)
                return b;
        g_test_skip("no file system in user space can be mounted here");
        test_directory_remove(b->directory);
        (void) sd_event_unref(b->event);
        g_free(b);
        return NULL;
}

/* Whoever waits for an answer gets an error. */
static void end_server(Bed *b) {
        (void) kill(b->server, SIGKILL);
        g_assert_cmpint(waitpid(b->server, NULL, 0), ==, b->server);
}

static void bed_free(Bed *b) {
        (void) sd_event_unref(b->event);
        (void) close(b->file);
        (void) close(b->read_seen);
        g_assert_cmpint(umount2(b->directory, MNT_DETACH), ==, 0);
        test_directory_remove(b->directory);
        g_free(b);
}

static void on_done(const FileCopied *copied, size_t n, void *userdata) {
        Bed *b = userdata;

        g_assert_cmpuint(n, ==, 1);
        b->error = copied[0].error;
        b->n_done++;
        b->copy = file_copy_free(b->copy);
}

static void start(Bed *b, uint64_t timeout_usec) {
        const FileCopyLimits limits = { .all = FILE_SIZE, .timeout_usec = timeout_usec };
        void *memory = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        const FileCopySource source = { .fd = b->file, .max = FILE_SIZE, .memory = memory };
        struct pollfd p = { .fd = b->read_seen, .events = POLLIN };
        char byte;

        g_assert_cmpint(file_copy_start(b->event, &source, 1, &limits, on_done, b, &b->copy), ==, 0);
        g_assert_cmpint(poll(&p, 1, PATIENCE_SEC * 1000), ==, 1);
        g_assert_cmpint(read(b->read_seen, &byte, 1), ==, 1);
}

/* How many children this process has, those that are dead and not reaped included. */
static unsigned count_children(void) {
        g_autofree char *path = g_strdup_printf("/proc/self/task/%i/children", getpid());
        g_autofree char *text = test_read(path, NULL);
        g_auto(GStrv) pids = g_strsplit(g_strstrip(text), " ", -1);

        return *text ? g_strv_length(pids) : 0;
}

static void run_until(Bed *b, unsigned n_done, unsigned n_children) {
        gint64 deadline = g_get_monotonic_time() + PATIENCE_SEC * G_USEC_PER_SEC;

        while (b->n_done < n_done || count_children() > n_children) {
                g_assert_cmpint(g_get_monotonic_time(), <, deadline);
                g_assert_cmpint(sd_event_run(b->event, G_USEC_PER_SEC), >=, 0);
        }
}

static void test_timeout(void) {
        Bed *b = bed_new();

        if (!b)
                return;
        start(b, 1);
        run_until(b, 1, 2);
        g_assert_cmpint(b->error, ==, -ETIMEDOUT);
        g_assert_cmpuint(count_children(), ==, 2); /* it is stuck still: nobody has waited for it */
        end_server(b);
        run_until(b, 1, 0); /* and is reaped */
        g_assert_cmpuint(b->n_done, ==, 1);
        bed_free(b);
}

static void test_free(void) {
        Bed *b = bed_new();

        if (!b)
                return;
        start(b, PATIENCE_SEC * G_USEC_PER_SEC);
        b->copy = file_copy_free(b->copy);
        g_assert_cmpuint(count_children(), ==, 2);
        end_server(b);
        run_until(b, 0, 0);
        g_assert_cmpuint(b->n_done, ==, 0);
        bed_free(b);
}

/* jobd ends while one is stuck: nobody waits. */
static void test_exit(void) {
        Bed *b = bed_new();

        if (!b)
                return;
        start(b, PATIENCE_SEC * G_USEC_PER_SEC);
        b->copy = file_copy_free(b->copy);
        b->event = sd_event_unref(b->event);
        g_assert_cmpuint(count_children(), ==, 2);
        end_server(b);
        g_assert_cmpint(waitpid(-1, NULL, 0), >, 0);
        bed_free(b);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/file-copy/stuck/timeout", test_timeout);
        g_test_add_func("/file-copy/stuck/free", test_free);
        g_test_add_func("/file-copy/stuck/exit", test_exit);
        return g_test_run();
}
