/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "filter.h"

enum {
        EXIT_NOT_RUN = 203, /* as systemd calls it */
        TEXT_MAX = 4096,    /* bytes of messages */
};

struct Filter {
        sd_event_source *child_source, *timeout_source;
        sd_event_source *input_source, *output_source, *text_source; /* NULL when they are through */
        Secret *input, *output;
        size_t sent, received, output_max;
        GString *text;
        int error;
        bool exited;
        FilterDone done;
        void *userdata;
};

/* ---- the child ---- */

typedef struct ChildFds {
        int input, output, text;
} ChildFds;

__attribute__((__noreturn__)) static void run_child(pid_t parent, const ChildFds *fds, char **arguments,
                                                    char **environment) {
        const int from[] = { fds->input, fds->output, fds->text };
        int high[ELEMENTSOF(from)];
        sigset_t none;

        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        (void) signal(SIGPIPE, SIG_DFL);
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
                _exit(EXIT_NOT_RUN);
        for (size_t i = 0; i < ELEMENTSOF(from); i++) {
                high[i] = fcntl(from[i], F_DUPFD, 10);
                if (high[i] < 0)
                        _exit(EXIT_NOT_RUN);
        }
        for (size_t i = 0; i < ELEMENTSOF(from); i++)
                if (dup2(high[i], (int) i) < 0)
                        _exit(EXIT_NOT_RUN);
        if (close_range(3, UINT_MAX, 0) < 0)
                _exit(EXIT_NOT_RUN);
        (void) execve(arguments[0], arguments, environment);
        _exit(EXIT_NOT_RUN);
}

static char **make_environment(const char *const *names) {
        GPtrArray *environment = g_ptr_array_new();

        g_ptr_array_add(environment, g_strdup("PATH=/usr/bin:/bin"));
        for (; names && *names; names++)
                if (getenv(*names))
                        g_ptr_array_add(environment, g_strdup_printf("%s=%s", *names, getenv(*names)));
        g_ptr_array_add(environment, NULL);
        return (char **) g_ptr_array_free(environment, false);
}

/* ---- in jobd ---- */

static const char *last_line(GString *text) {
        char *newline;

        g_strchomp(text->str);
        newline = strrchr(text->str, '\n');
        return newline ? newline + 1 : text->str;
}

/* It has ended, and all that it wrote was read. */
static void end_if_through(Filter *f) {
        FilterEnd end = { .error = f->error };
        g_autofree char *text = NULL;

        if (!f->exited || f->text_source || (f->error == 0 && f->output_source))
                return;
        text = g_utf8_make_valid(last_line(f->text), -1);
        end.text = text;
        if (end.error == 0) {
                secret_truncate(f->output, f->received);
                end.output = TAKE_PTR(f->output);
        }
        f->done(&end, f->userdata);
}

static int fail(Filter *f, int error) {
        if (f->error == 0)
                f->error = error;
        (void) sd_event_source_send_child_signal(f->child_source, SIGKILL, NULL, 0);
        end_if_through(f);
        return 0;
}

static int on_input(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Filter *f = userdata;
        ssize_t n;

        n = send(fd, secret_bytes(f->input) + f->sent, secret_size(f->input) - f->sent, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n > 0)
                f->sent += (size_t) n;
        /* One that reads no more says by its exit status whether it has had enough. */
        if (n < 0 || f->sent == secret_size(f->input)) {
                f->input_source = sd_event_source_disable_unref(f->input_source);
                f->input = secret_free(f->input);
        }
        return 0;
}

static int on_output(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Filter *f = userdata;
        ssize_t n;

        /* One byte more than is taken shows that it is too much. */
        n = recv(fd, secret_buffer(f->output) + f->received, secret_size(f->output) - f->received, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n < 0)
                return fail(f, -errno);
        f->received += (size_t) n;
        if (f->received > f->output_max)
                return fail(f, -E2BIG);
        if (n == 0) {
                f->output_source = sd_event_source_disable_unref(f->output_source);
                end_if_through(f);
        }
        return 0;
}

static int on_text(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Filter *f = userdata;
        char bytes[512];
        ssize_t n;

        n = recv(fd, bytes, sizeof(bytes), 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0) {
                f->text_source = sd_event_source_disable_unref(f->text_source);
                end_if_through(f);
        } else if (f->text->len < TEXT_MAX)
                g_string_append_len(f->text, bytes, n);
        return 0;
}

static int on_exit_of_child(sd_event_source *source, const siginfo_t *si, void *userdata) {
        Filter *f = userdata;

        f->exited = true;
        if (f->error == 0 && (si->si_code != CLD_EXITED || si->si_status != 0))
                f->error = si->si_code == CLD_EXITED && si->si_status == EXIT_NOT_RUN ? -ENOEXEC : -ECHILD;
        end_if_through(f);
        return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        Filter *f = userdata;

        /* Not even to its end, should something that it has started hold it open. */
        f->text_source = sd_event_source_disable_unref(f->text_source);
        return fail(f, -ETIMEDOUT);
}

/* Takes over the descriptor. */
static int add_io(sd_event *event, int fd, uint32_t events, sd_event_io_handler_t handler, Filter *f,
                  sd_event_source **ret) {
        int r;

        r = sd_event_add_io(event, ret, fd, events, handler, f);
        if (r < 0) {
                (void) close(fd);
                return r;
        }
        (void) sd_event_source_set_io_fd_own(*ret, true);
        return 0;
}

static int watch(Filter *f, sd_event *event, pid_t pid, const ChildFds *fds, uint64_t timeout_usec) {
        int r, q;

        r = add_io(event, fds->input, EPOLLOUT, on_input, f, &f->input_source);
        q = add_io(event, fds->output, EPOLLIN, on_output, f, &f->output_source);
        r = r < 0 ? r : q;
        q = add_io(event, fds->text, EPOLLIN, on_text, f, &f->text_source);
        r = r < 0 ? r : q;
        q = sd_event_add_child(event, &f->child_source, pid, WEXITED, on_exit_of_child, f);
        if (q < 0) {
                (void) kill(pid, SIGKILL);
                (void) waitpid(pid, NULL, 0);
                return q;
        }
        (void) sd_event_source_set_child_process_own(f->child_source, true);
        /* What it has written comes before its end. */
        (void) sd_event_source_set_priority(f->child_source, SD_EVENT_PRIORITY_NORMAL + 1);
        if (r < 0)
                return r;
        return sd_event_add_time_relative(event, &f->timeout_source, CLOCK_MONOTONIC, timeout_usec, 0, on_timeout, f);
}

/* [0] is ours, [1] the child's. */
static int make_sockets(int pairs[3][2]) {
        for (size_t i = 0; i < 3; i++)
                if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pairs[i]) < 0)
                        return -errno;
        /* The child's side blocks, as every program expects. */
        for (size_t i = 0; i < 3; i++)
                if (fcntl(pairs[i][1], F_SETFL, 0) < 0)
                        return -errno;
        return 0;
}

static void close_side(int pairs[3][2], size_t side) {
        for (size_t i = 0; i < 3; i++) {
                closep(&pairs[i][side]);
                pairs[i][side] = -EBADF;
        }
}

int filter_start(sd_event *event, const FilterSpec *spec, FilterDone done, void *userdata, Filter **ret) {
        g_auto(GStrv) arguments = g_strdupv((char **) spec->arguments), environment = make_environment(spec->environment);
        int pairs[3][2] = { { -EBADF, -EBADF }, { -EBADF, -EBADF }, { -EBADF, -EBADF } }, r;
        _cleanup_(filter_freep) Filter *f = g_new0(Filter, 1);
        pid_t parent = getpid(), pid = -1;

        f->input = secret_new_bytes(spec->input, spec->input_size);
        f->output = secret_new_sized(spec->output_max + 1);
        f->output_max = spec->output_max;
        f->text = g_string_new(NULL);
        f->done = done;
        f->userdata = userdata;
        r = f->input && f->output ? make_sockets(pairs) : -ENOMEM;
        if (r >= 0) {
                pid = fork();
                if (pid < 0)
                        r = -errno;
        }
        if (pid == 0)
                run_child(parent, &(ChildFds){ pairs[0][1], pairs[1][1], pairs[2][1] }, arguments, environment);
        close_side(pairs, 1);
        if (r < 0) {
                close_side(pairs, 0);
                return r;
        }
        r = watch(f, event, pid, &(ChildFds){ pairs[0][0], pairs[1][0], pairs[2][0] }, spec->timeout_usec);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(f);
        return 0;
}

Filter *filter_free(Filter *f) {
        if (!f)
                return NULL;
        (void) sd_event_source_disable_unref(f->timeout_source);
        (void) sd_event_source_disable_unref(f->child_source); /* and kills it */
        (void) sd_event_source_disable_unref(f->input_source);
        (void) sd_event_source_disable_unref(f->output_source);
        (void) sd_event_source_disable_unref(f->text_source);
        (void) secret_free(f->input);
        (void) secret_free(f->output);
        if (f->text)
                g_string_free(f->text, true);
        g_free(f);
        return NULL;
}
