/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscall-filter.h"

/*
 * One filter for all of it. SystemCallFilter=, RestrictAddressFamilies= and their like would be seven, which systemd makes
 * anew by libseccomp for each connection: that takes longer than all else that a connection costs.
 */
#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define ARCHITECTURE AUDIT_ARCH_I386
#elif defined(__aarch64__) && !defined(__AARCH64EB__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__arm__) && !defined(__ARMEB__)
#define ARCHITECTURE AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define ARCHITECTURE AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define ARCHITECTURE AUDIT_ARCH_S390X
#else
#error "which AUDIT_ARCH_ of linux/audit.h is this architecture?"
#endif

#define X32_BIT 0x40000000U /* system calls of the x32 ABI have the same architecture */

enum { PROGRAM_SIZE_MAX = 512 };

/* Allowed whatever their arguments are. Numbers that this architecture does not have are left out. */
static const int allowed[] = {
        /* the connections */
        __NR_connect, __NR_getpeername, __NR_getsockname, __NR_getsockopt, __NR_recvfrom, __NR_recvmsg, __NR_sendmsg,
        __NR_sendto, __NR_setsockopt, __NR_shutdown,
#ifdef __NR_bind
        __NR_bind, /* sd-bus gives its socket a name that says who it is */
#endif
#ifdef __NR_send
        __NR_send, /* where libc has it of its own */
#endif
#ifdef __NR_recv
        __NR_recv,
#endif
#ifdef __NR_sendfile
        __NR_sendfile,
#endif
#ifdef __NR_sendfile64
        __NR_sendfile64,
#endif

        /* waiting */
#ifdef __NR_clock_gettime
        __NR_clock_gettime, __NR_clock_getres, __NR_clock_nanosleep, __NR_timerfd_gettime, __NR_timerfd_settime,
        __NR_ppoll, __NR_futex,
#endif
#ifdef __NR_clock_gettime64
        __NR_clock_gettime64, __NR_clock_getres_time64, __NR_clock_nanosleep_time64, __NR_timerfd_settime64,
        __NR_ppoll_time64, __NR_futex_time64,
#endif
#ifdef __NR_epoll_wait
        __NR_epoll_wait,
#endif
#ifdef __NR_poll
        __NR_poll,
#endif
#ifdef __NR_gettimeofday
        __NR_gettimeofday,
#endif
#ifdef __NR_time
        __NR_time,
#endif
#ifdef __NR_nanosleep
        __NR_nanosleep,
#endif
#ifdef __NR_epoll_pwait2
        __NR_epoll_pwait2,
#endif
        __NR_epoll_create1, __NR_epoll_ctl, __NR_epoll_pwait, __NR_eventfd2, __NR_pipe2, __NR_timerfd_create,
        __NR_restart_syscall,

        /* open files; uploads are in memory */
        __NR_close, __NR_dup, __NR_dup3, __NR_ftruncate, __NR_ioctl, __NR_memfd_create, __NR_pread64, __NR_pwrite64,
        __NR_read, __NR_readv, __NR_statx, __NR_write, __NR_writev,
#ifdef __NR_close_range
        __NR_close_range,
#endif
#ifdef __NR_dup2
        __NR_dup2,
#endif
#ifdef __NR_fcntl
        __NR_fcntl,
#endif
#ifdef __NR_fcntl64
        __NR_fcntl64,
#endif
#ifdef __NR_fstat
        __NR_fstat,
#endif
#ifdef __NR_fstat64
        __NR_fstat64,
#endif
#ifdef __NR_ftruncate64
        __NR_ftruncate64,
#endif
#ifdef __NR_lseek
        __NR_lseek,
#endif
#ifdef __NR__llseek
        __NR__llseek,
#endif
#ifdef __NR_newfstatat
        __NR_newfstatat,
#endif
#ifdef __NR_fstatat64
        __NR_fstatat64,
#endif
#ifdef __NR_access
        __NR_access,
#endif
#ifdef __NR_readlink
        __NR_readlink,
#endif
        __NR_faccessat, __NR_readlinkat, __NR_getcwd,

        /* memory */
        __NR_brk, __NR_madvise, __NR_mremap, __NR_munmap,

        /* itself */
        __NR_exit, __NR_exit_group, __NR_getpid, __NR_getppid, __NR_getrandom, __NR_getresgid, __NR_getresuid, __NR_gettid,
        __NR_getuid, __NR_geteuid, __NR_getgid, __NR_getegid, __NR_getgroups, __NR_rt_sigaction, __NR_rt_sigprocmask,
        __NR_rt_sigreturn, __NR_sched_getaffinity, __NR_sched_yield, __NR_sigaltstack, __NR_sysinfo, __NR_uname,
#ifdef __NR_getuid32
        __NR_getuid32, __NR_geteuid32, __NR_getgid32, __NR_getegid32, __NR_getgroups32, __NR_getresuid32,
        __NR_getresgid32,
#endif
#ifdef __NR_rseq
        __NR_rseq,
#endif
};

/* Allowed when the bits of an argument that are in mask have this value. */
typedef struct Condition {
        int number;
        unsigned argument;
        uint32_t mask, value;
} Condition;

static const Condition conditions[] = {
        { __NR_socket, 0, UINT32_MAX, AF_UNIX },
        { __NR_mprotect, 2, PROT_EXEC, 0 },
#ifdef __NR_mmap
        { __NR_mmap, 2, PROT_EXEC, 0 },
#endif
#ifdef __NR_mmap2
        { __NR_mmap2, 2, PROT_EXEC, 0 },
#endif
        { __NR_openat, 2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY },
#ifdef __NR_open
        { __NR_open, 1, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY },
#endif
        { __NR_prlimit64, 2, UINT32_MAX, 0 }, /* shows limits, sets none: a pointer's low half that is zero is NULL */
};

typedef struct Program {
        struct sock_filter instructions[PROGRAM_SIZE_MAX];
        unsigned short n;
} Program;

static void add(Program *p, uint16_t code, uint32_t value, uint8_t if_true, uint8_t if_false) {
        if (p->n < PROGRAM_SIZE_MAX)
                p->instructions[p->n] = (struct sock_filter){ code, if_true, if_false, value };
        p->n++;
}

static void add_load(Program *p, size_t offset) {
        add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t) offset, 0, 0);
}

static void add_return(Program *p, uint32_t action) {
        add(p, BPF_RET | BPF_K, action, 0, 0);
}

static size_t low_half(unsigned argument) {
        size_t offset = offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t);

        return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? offset + sizeof(uint32_t) : offset;
}

static void add_architecture(Program *p) {
        add_load(p, offsetof(struct seccomp_data, arch));
        add(p, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
        add_return(p, SECCOMP_RET_KILL_PROCESS);
        add_load(p, offsetof(struct seccomp_data, nr));
        if (ARCHITECTURE == AUDIT_ARCH_X86_64) {
                add(p, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
                add_return(p, SECCOMP_RET_KILL_PROCESS);
        }
}

static void add_condition(Program *p, const Condition *c) {
        add(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t) c->number, 0, 5);
        add_load(p, low_half(c->argument));
        add(p, BPF_ALU | BPF_AND | BPF_K, c->mask, 0, 0);
        add(p, BPF_JMP | BPF_JEQ | BPF_K, c->value, 0, 1);
        add_return(p, SECCOMP_RET_ALLOW);
        add_return(p, SECCOMP_RET_ERRNO | EPERM);
}

/* abort(3) sends a signal, to the process itself. */
static void add_signals(Program *p) {
        const Condition own = { __NR_tgkill, 0, UINT32_MAX, (uint32_t) getpid() };

        add_condition(p, &own);
}

int syscall_filter_install(void) {
        Program p = { .n = 0 };
        struct sock_fprog program = { .filter = p.instructions };

        add_architecture(&p);
        for (size_t i = 0; i < ELEMENTSOF(allowed); i++) {
                add(&p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t) allowed[i], 0, 1);
                add_return(&p, SECCOMP_RET_ALLOW);
        }
        for (size_t i = 0; i < ELEMENTSOF(conditions); i++)
                add_condition(&p, conditions + i);
        add_signals(&p);
        add_return(&p, SECCOMP_RET_ERRNO | EPERM);

        if (p.n > PROGRAM_SIZE_MAX)
                return -E2BIG;
        program.len = p.n;
        return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0 ? -errno : 0;
}
