/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-login.h>

#include "polkit-agent.h"

#define PKTTYAGENT_PATH "/usr/bin/pkttyagent"

/* The session that polkit looks for an agent in: ours or, for what its user manager runs, that of our user's display. */
static int session_of_caller(char **ret) {
        return sd_pid_get_session(0, ret) >= 0 ? 0 : sd_uid_get_display(getuid(), ret);
}

static bool has_desktop(void) {
        static const char *const desktops[] = { "x11", "wayland", "mir", "web", NULL };
        _cleanup_free_ char *session = NULL, *type = NULL;

        return session_of_caller(&session) >= 0 && sd_session_get_type(session, &type) >= 0 &&
               g_strv_contains(desktops, type);
}

bool polkit_agent_is_possible(void) {
        return geteuid() != 0 && (isatty(STDIN_FILENO) || has_desktop());
}

struct PolkitAgent {
        pid_t pid;
};

_Noreturn static void agent_exec(int notify_fd, pid_t parent) {
        /* So that the agent of the desktop comes first. Outside of a session polkit never gets as far as a fallback. */
        const char *fallback = sd_pid_get_session(0, NULL) >= 0 ? "--fallback" : NULL;
        char fd_text[16];
        sigset_t none;

        /* It goes when we go, however we go; the second line is for the case that we are already gone. */
        if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
                _exit(EXIT_FAILURE);
        sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        /* Our standard output may be a pipe that somebody reads to its end. */
        if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0 || fcntl(notify_fd, F_SETFD, 0) < 0)
                _exit(EXIT_FAILURE);
        (void) snprintf(fd_text, sizeof(fd_text), "%i", notify_fd);
        execl(PKTTYAGENT_PATH, PKTTYAGENT_PATH, "--notify-fd", fd_text, fallback, (char *) NULL);
        _exit(EXIT_FAILURE);
}

int polkit_agent_start(PolkitAgent **ret) {
        _cleanup_close_ int read_fd = -EBADF, write_fd = -EBADF;
        struct pollfd closed = { .events = 0 }; /* POLLHUP is always reported */
        pid_t parent = getpid(), pid;
        int fds[2];

        /* Standard input, because this is about a password that is typed. */
        if (geteuid() == 0 || !isatty(STDIN_FILENO))
                return 0;
        if (access(PKTTYAGENT_PATH, X_OK) < 0)
                return -errno;
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        read_fd = fds[0];
        write_fd = fds[1];

        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0)
                agent_exec(write_fd, parent);

        /* The agent closes the pipe when it is registered, or when it dies. */
        (void) close(TAKE_FD(write_fd));
        closed.fd = read_fd;
        while (poll(&closed, 1, -1) < 0 && errno == EINTR)
                ;

        *ret = g_new0(PolkitAgent, 1);
        (*ret)->pid = pid;
        return 1;
}

PolkitAgent *polkit_agent_free(PolkitAgent *a) {
        if (!a)
                return NULL;
        /* SIGCONT, in case it was stopped: it must be able to restore the terminal. */
        (void) kill(a->pid, SIGTERM);
        (void) kill(a->pid, SIGCONT);
        while (waitpid(a->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        g_free(a);
        return NULL;
}
