/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "file-close.h"

static unsigned n_running;

typedef struct Closing {
        sd_bus_message *message;
        int null; /* in the table that the process shares: until it has ended */
} Closing;

/* As fork(), but the process has the same descriptors, not copies of them. */
static pid_t fork_with_files(void) {
#if defined(__s390__)
        return (pid_t) syscall(SYS_clone, NULL, CLONE_FILES | SIGCHLD, NULL, NULL, NULL);
#else
        return (pid_t) syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
#endif
}

/* The place is taken before what was there is closed, so that nothing else is there when that takes its time. */
__attribute__((__noreturn__)) static void run_child(pid_t parent, int null, const int *fds, size_t n) {
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
                _exit(EXIT_FAILURE);
        for (size_t i = 0; i < n; i++)
                (void) dup3(null, fds[i], O_CLOEXEC);
        _exit(EXIT_SUCCESS);
}

static void closing_free_func(void *p) {
        Closing *c = p;

        n_running--;
        g_free(c);
}

static int on_exit_of_child(sd_event_source *source, const siginfo_t *si, void *userdata) {
        Closing *c = userdata;

        closep(&c->null);
        c->message = sd_bus_message_unref(c->message);
        (void) sd_event_source_set_floating(source, false); /* which was its last reference */
        return 0;
}

void file_close_of_message(sd_event *event, sd_bus_message *m, const int *fds, size_t n) {
        sd_event_source *source;
        pid_t parent = getpid(), pid;
        Closing *c;
        int null;

        if (n == 0 || n_running >= FILE_CLOSE_RUNNING_MAX)
                return;
        null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (null < 0)
                return;
        pid = fork_with_files();
        if (pid == 0)
                run_child(parent, null, fds, n);
        if (pid < 0) {
                (void) close(null);
                return;
        }
        /* Whoever does not get to know when it ends keeps the message: there is no other way not to close them here. */
        c = g_new(Closing, 1);
        *c = (Closing){ sd_bus_message_ref(m), null };
        n_running++;
        if (sd_event_add_child(event, &source, pid, WEXITED, on_exit_of_child, c) < 0)
                return;
        (void) sd_event_source_set_destroy_callback(source, closing_free_func);
        (void) sd_event_source_set_floating(source, true);
        (void) sd_event_source_unref(source);
}
