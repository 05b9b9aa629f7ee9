/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/net.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscall-filter.h"

/*
 * One filter for all of it. SystemCallFilter=, RestrictAddressFamilies= and their like would be seven, which systemd
 * makes anew by libseccomp for each connection: that takes longer than all else that a connection costs.
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

enum {
        NUMBERS_MAX = 512, /* of the system calls below, on any of these architectures */
        PROGRAM_SIZE_MAX = 512,
};

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
        __NR_clock_gettime64, __NR_clock_getres_time64, __NR_clock_nanosleep_time64, __NR_timerfd_gettime64,
        __NR_timerfd_settime64, __NR_ppoll_time64, __NR_futex_time64,
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
#ifdef __s390x__
        __NR_mmap, /* its arguments are in memory, where no filter sees them */
#endif

        /* itself */
        __NR_exit, __NR_exit_group, __NR_getpid, __NR_getppid, __NR_getrandom, __NR_getresgid, __NR_getresuid,
        __NR_gettid, __NR_getuid, __NR_geteuid, __NR_getgid, __NR_getegid, __NR_getgroups, __NR_rt_sigaction,
        __NR_rt_sigprocmask, __NR_rt_sigreturn, __NR_sched_getaffinity, __NR_sched_yield, __NR_sigaltstack, __NR_sysinfo, __NR_uname,
#ifdef __NR_getuid32
        __NR_getuid32, __NR_geteuid32, __NR_getgid32, __NR_getegid32, __NR_getgroups32, __NR_getresuid32,
        __NR_getresgid32,
#endif
#ifdef __NR_rseq
        __NR_rseq,
#endif
#ifdef __NR_ugetrlimit
        __NR_ugetrlimit,
#endif
#ifdef __NR_sigreturn
        __NR_sigreturn,
#endif
};

/* Allowed when the bits of an argument that are in mask have this value; if there are several, when one holds. */
typedef struct Condition {
        int number;
        unsigned argument;
        uint64_t mask, value; /* of an argument that is an int, the upper half can be anything */
} Condition;

static const Condition conditions[] = {
        { __NR_socket, 0, UINT32_MAX, AF_UNIX },
        { __NR_mprotect, 2, PROT_EXEC, 0 },
#if defined(__NR_mmap2) /* where there is one, mmap has its arguments in memory and libc does not use it */
        { __NR_mmap2, 2, PROT_EXEC, 0 },
#elif !defined(__s390x__)
        { __NR_mmap, 2, PROT_EXEC, 0 },
#endif
        { __NR_openat, 2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY },
#ifdef __NR_open
        { __NR_open, 1, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY },
#endif
        { __NR_prlimit64, 2, UINT64_MAX, 0 }, /* shows limits, sets none */
#if defined(__i386__) || defined(__s390x__)
        /*
         * What libc makes of socket(2) and the others, unless it is built for Linux 4.3 and later only. Their
         * arguments are in memory, so families cannot be told apart: there RestrictAddressFamilies= has no effect, either.
         */
        { __NR_socketcall, 0, UINT32_MAX, SYS_SOCKET },
        { __NR_socketcall, 0, UINT32_MAX, SYS_BIND },
        { __NR_socketcall, 0, UINT32_MAX, SYS_CONNECT },
        { __NR_socketcall, 0, UINT32_MAX, SYS_GETSOCKNAME },
        { __NR_socketcall, 0, UINT32_MAX, SYS_GETPEERNAME },
        { __NR_socketcall, 0, UINT32_MAX, SYS_SEND },
        { __NR_socketcall, 0, UINT32_MAX, SYS_RECV },
        { __NR_socketcall, 0, UINT32_MAX, SYS_SENDTO },
        { __NR_socketcall, 0, UINT32_MAX, SYS_RECVFROM },
        { __NR_socketcall, 0, UINT32_MAX, SYS_SHUTDOWN },
        { __NR_socketcall, 0, UINT32_MAX, SYS_SETSOCKOPT },
        { __NR_socketcall, 0, UINT32_MAX, SYS_GETSOCKOPT },
        { __NR_socketcall, 0, UINT32_MAX, SYS_SENDMSG },
        { __NR_socketcall, 0, UINT32_MAX, SYS_RECVMSG },
#endif
};

/* What becomes of the system calls from a number on, up to where the next one begins. */
typedef struct Segment {
        uint32_t first;
        bool is_allowed;
        const Condition *conditions; /* all that are of this number */
        size_t n_conditions;
} Segment;

/* Is written from its end to its start, as jumps go forward: a position counts from the end. */
typedef struct Program {
        struct sock_filter instructions[PROGRAM_SIZE_MAX];
        unsigned n;
        unsigned allow, refuse, kill; /* positions */
} Program;

static unsigned add(Program *p, uint16_t code, uint32_t value, uint8_t if_true, uint8_t if_false) {
        if (p->n < PROGRAM_SIZE_MAX)
                p->instructions[PROGRAM_SIZE_MAX - 1 - p->n] = (struct sock_filter){ code, if_true, if_false, value };
        return p->n++;
}

static unsigned add_load(Program *p, size_t offset) {
        return add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t) offset, 0, 0);
}

/* Such a position, or that of a jump to it when it is further away than a comparison can jump. */
static unsigned get_near(Program *p, unsigned position) {
        unsigned distance = p->n - position - 1;

        return distance < UINT8_MAX ? position : add(p, BPF_JMP | BPF_JA, distance, 0, 0);
}

static unsigned add_comparison(Program *p, uint16_t how, uint32_t value, unsigned if_true, unsigned if_false) {
        if_true = get_near(p, if_true);
        if_false = get_near(p, if_false);
        return add(p, BPF_JMP | how | BPF_K, value, (uint8_t) (p->n - if_true - 1), (uint8_t) (p->n - if_false - 1));
}

static unsigned add_argument_check(Program *p, unsigned argument, bool high, uint32_t mask, uint32_t value,
                                   unsigned if_true, unsigned if_false) {
        size_t offset = offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t);

        (void) add_comparison(p, BPF_JEQ, value, if_true, if_false);
        (void) add(p, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
        return add_load(p, offset + (high == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) ? sizeof(uint32_t) : 0));
}

static unsigned add_condition(Program *p, const Condition *c, unsigned otherwise) {
        unsigned position;

        position = add_argument_check(p, c->argument, false, (uint32_t) c->mask, (uint32_t) c->value, p->allow,
                                      otherwise);
        if (c->mask > UINT32_MAX)
                position = add_argument_check(p, c->argument, true, (uint32_t) (c->mask >> 32),
                                              (uint32_t) (c->value >> 32), position, otherwise);
        return position;
}

static unsigned add_segment(Program *p, const Segment *s) {
        unsigned position = s->is_allowed ? p->allow : p->refuse;

        for (size_t i = 0; i < s->n_conditions; i++)
                position = add_condition(p, s->conditions + i, position);
        return position;
}

/* A search by halves: the longer a filter is, and the longer it takes for a number, the longer it takes to install. */
static unsigned add_segments(Program *p, const Segment *segments, size_t n) {
        size_t half = n / 2;
        unsigned upper, lower;

        if (n == 1)
                return add_segment(p, segments);
        upper = add_segments(p, segments + half, n - half);
        lower = add_segments(p, segments, half);
        return add_comparison(p, BPF_JGE, segments[half].first, upper, lower);
}

static void add_returns(Program *p) {
        p->allow = add(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
        p->refuse = add(p, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
        p->kill = add(p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
}

static void add_architecture(Program *p, unsigned number_is_known) {
        unsigned position = number_is_known;

        if (ARCHITECTURE == AUDIT_ARCH_X86_64)
                position = add_comparison(p, BPF_JGE, X32_BIT, p->kill, position);
        position = add_load(p, offsetof(struct seccomp_data, nr));
        (void) add_comparison(p, BPF_JEQ, ARCHITECTURE, position, p->kill);
        (void) add_load(p, offsetof(struct seccomp_data, arch));
}

/* One rule for each number; between them, and after the last one, nothing is allowed. */
static int collect_rules(const Condition *own_signals, Segment ret[static NUMBERS_MAX]) {
        for (size_t i = 0; i < ELEMENTSOF(allowed); i++) {
                if (allowed[i] >= NUMBERS_MAX)
                        return -ERANGE;
                ret[allowed[i]].is_allowed = true;
        }
        for (size_t i = 0; i < ELEMENTSOF(conditions); i++) {
                Segment *s;

                if (conditions[i].number >= NUMBERS_MAX)
                        return -ERANGE;
                s = ret + conditions[i].number;
                if (s->n_conditions++ == 0)
                        s->conditions = conditions + i;
        }
        ret[own_signals->number] = (Segment){ .conditions = own_signals, .n_conditions = 1 };
        return 0;
}

/* Leaves one segment of neighbours that the same becomes of. */
static size_t join_neighbours(Segment *segments, size_t n) {
        size_t kept = 0;

        for (size_t i = 0; i < n; i++) {
                Segment *s = segments + i;
                const Segment *last = kept > 0 ? segments + kept - 1 : NULL;

                s->first = (uint32_t) i;
                if (!last || s->n_conditions > 0 || last->n_conditions > 0 || s->is_allowed != last->is_allowed)
                        segments[kept++] = *s;
        }
        return kept;
}

int syscall_filter_install(void) {
        const Condition own_signals = { __NR_tgkill, 0, UINT32_MAX, (uint32_t) getpid() }; /* abort(3) */
        Segment segments[NUMBERS_MAX + 1] = {};
        struct sock_fprog program;
        Program p = { .n = 0 };
        int r;

        r = collect_rules(&own_signals, segments);
        if (r < 0)
                return r;
        add_returns(&p);
        add_architecture(&p, add_segments(&p, segments, join_neighbours(segments, NUMBERS_MAX + 1)));
        if (p.n > PROGRAM_SIZE_MAX)
                return -E2BIG;
        program = (struct sock_fprog){ (unsigned short) p.n, p.instructions + PROGRAM_SIZE_MAX - p.n };
        return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0 ? -errno : 0;
}
