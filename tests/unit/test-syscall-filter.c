/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <glib.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "syscall-filter.h"

/* What waitpid(2) says of a process that has the filter and does this. */
static int status_of(int (*function)(void)) {
        int status;
        pid_t pid;

        pid = fork();
        g_assert_cmpint(pid, >=, 0);
        if (pid == 0) {
                if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall_filter_install() < 0)
                        _exit(100);
                _exit(function());
        }
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        return status;
}

/* 0: refused, as it has to be; otherwise which one was not. */
#define REFUSED(n, call)                              \
        do {                                          \
                errno = 0;                            \
                if ((long) (call) != -1 || errno != EPERM) \
                        return (n);                   \
        } while (0)

static int no_programs_and_processes(void) {
        char *arguments[] = { (char *) "true", NULL };

        REFUSED(1, execv("/bin/true", arguments));
        REFUSED(2, syscall(SYS_execveat, AT_FDCWD, "/bin/true", arguments, NULL, 0));
        REFUSED(3, syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
        REFUSED(4, syscall(SYS_clone3, NULL, 0));
        REFUSED(5, unshare(CLONE_NEWUSER));
        REFUSED(6, kill(getppid(), 0));
        REFUSED(7, kill(getpid(), 0));
        REFUSED(8, syscall(SYS_tgkill, getppid(), getppid(), 0));
        REFUSED(9, ptrace(PTRACE_TRACEME, 0, NULL, NULL));
        REFUSED(10, syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0));
        REFUSED(11, syscall(SYS_pidfd_open, getppid(), 0));
        REFUSED(12, setuid(getuid()));
        REFUSED(13, syscall(SYS_personality, PER_LINUX));
        return 0;
}

static int no_files(void) {
        struct rlimit limit = { .rlim_cur = 1, .rlim_max = 1 };

        REFUSED(1, open("/tmp/written", O_WRONLY));
        REFUSED(2, open("/tmp/written", O_RDWR));
        REFUSED(3, open("/tmp/written", O_RDONLY | O_CREAT, 0600));
        REFUSED(4, open("/tmp/written", O_RDONLY | O_TRUNC));
        REFUSED(5, open("/tmp", O_TMPFILE | O_WRONLY, 0600));
        REFUSED(6, chmod("/tmp", 04755));
        REFUSED(7, mkdir("/tmp/made", 0700));
        REFUSED(8, unlink("/tmp/written"));
        REFUSED(9, rename("/tmp/a", "/tmp/b"));
        REFUSED(10, syscall(SYS_io_uring_setup, 1, NULL));
        REFUSED(11, syscall(SYS_bpf, 0, NULL, 0));
        REFUSED(12, syscall(SYS_keyctl, 0, 0, 0, 0, 0));
        REFUSED(13, setrlimit(RLIMIT_NOFILE, &limit));
        REFUSED(14, syscall(0x3fffffff)); /* none has this number: refused all the same */
        return 0;
}

#if UINTPTR_MAX > UINT32_MAX
/* Of the address of new limits, the lower half alone can be zero. */
static int no_limits_by_any_address(void) {
        for (unsigned bit = 32; bit < 47; bit++) { /* AddressSanitizer has taken the lower ones, others lack the upper */
                void *address = (void *) (UINT64_C(1) << bit), *memory;

                memory = mmap(address, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
                              -1, 0);
                if (memory != address)
                        continue;
                REFUSED(2, syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, memory, NULL));
                return 0;
        }
        return 1;
}
#endif

static int no_network(void) {
        static const int families[] = { AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_VSOCK, AF_ALG };

        for (size_t i = 0; i < ELEMENTSOF(families); i++)
                REFUSED((int) i + 1, syscall(SYS_socket, families[i], SOCK_STREAM, 0)); /* libc may have another way */
        REFUSED(20, listen(0, 1));
        return 0;
}

static int no_code(void) {
        void *memory;

        memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
                return 1;
        REFUSED(2, mprotect(memory, 4096, PROT_READ | PROT_EXEC));
        REFUSED(3, mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        return mprotect(memory, 4096, PROT_READ) < 0 ? 4 : 0;
}

static int what_it_takes(void) {
        static const char text[] = "text";
        char buffer[8];
        struct rlimit limit;
        int fd, fds[2];

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || close(fd) < 0)
                return 1;
        fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
        if (fd < 0 || read(fd, buffer, sizeof(buffer)) <= 0)
                return 2;
        fd = memfd_create("upload", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (fd < 0 || write(fd, text, sizeof(text)) != sizeof(text) || pread(fd, buffer, sizeof(text), 0) != sizeof(text) ||
            fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
                return 3;
        if (pipe2(fds, O_CLOEXEC) < 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return 4;
#ifdef SYS_time
        if (syscall(SYS_time, NULL) < 0) /* as where the kernel gives the time by no other way */
                return 5;
#endif
        return 0;
}

static int install_another(void) {
        REFUSED(1, prctl(PR_SET_DUMPABLE, 1)); /* and by prctl(2) nothing of it can be undone */
        return 0;
}

static int end_by_abort(void) {
        abort();
}

static void assert_exits(int (*function)(void)) {
        int status = status_of(function);

        g_assert_true(WIFEXITED(status));
        g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static void test_refused(void) {
        assert_exits(no_programs_and_processes);
        assert_exits(no_files);
#if UINTPTR_MAX > UINT32_MAX
        assert_exits(no_limits_by_any_address);
#endif
        assert_exits(no_network);
        assert_exits(no_code);
        assert_exits(install_another);
}

static void test_allowed(void) {
        int status;

        assert_exits(what_it_takes);
        status = status_of(end_by_abort);
        g_assert_true(WIFSIGNALED(status));
        g_assert_cmpint(WTERMSIG(status), ==, SIGABRT);
}

#ifdef __x86_64__
static int call_by_number_of_x32(void) {
        return (int) syscall(0x40000000 | SYS_getpid);
}

static void test_other_architecture(void) {
        int status = status_of(call_by_number_of_x32);

        g_assert_true(WIFSIGNALED(status));
        g_assert_cmpint(WTERMSIG(status), ==, SIGSYS);
}
#endif

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/syscall-filter/refused", test_refused);
        g_test_add_func("/syscall-filter/allowed", test_allowed);
#ifdef __x86_64__
        g_test_add_func("/syscall-filter/other-architecture", test_other_architecture);
#endif
        return g_test_run();
}
