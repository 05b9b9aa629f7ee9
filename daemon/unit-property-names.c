/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Names that stand for numbers, and names that must be known. */

#include <signal.h>
#include <string.h>

#include "unit-property-internal.h"

const UnitName *unit_name_find(const UnitName *names, const char *name) {
        for (; names->name; names++)
                if (strcmp(names->name, name) == 0)
                        return names;

        return NULL;
}

char *unit_names_join(const UnitName *names) {
        GString *s = g_string_new(names->name);

        for (names++; names->name; names++)
                g_string_append_printf(s, "%s%s", names[1].name ? ", " : " or ", names->name);

        return g_string_free(s, FALSE);
}

/* signal(7). Where two names exist, the kernel's first. */
static const UnitName signal_names[] = {
        { "HUP", SIGHUP },   { "INT", SIGINT },       { "QUIT", SIGQUIT }, { "ILL", SIGILL },   { "TRAP", SIGTRAP },
        { "ABRT", SIGABRT }, { "BUS", SIGBUS },       { "FPE", SIGFPE },   { "KILL", SIGKILL }, { "USR1", SIGUSR1 },
        { "SEGV", SIGSEGV }, { "USR2", SIGUSR2 },     { "PIPE", SIGPIPE }, { "ALRM", SIGALRM }, { "TERM", SIGTERM },
        { "CHLD", SIGCHLD }, { "CONT", SIGCONT },     { "STOP", SIGSTOP }, { "TSTP", SIGTSTP }, { "TTIN", SIGTTIN },
        { "TTOU", SIGTTOU }, { "URG", SIGURG },       { "XCPU", SIGXCPU }, { "XFSZ", SIGXFSZ }, { "PROF", SIGPROF },
        { "IO", SIGIO },     { "VTALRM", SIGVTALRM }, { "PWR", SIGPWR },   { "SYS", SIGSYS },   { "WINCH", SIGWINCH },
#ifdef SIGSTKFLT
        { "STKFLT", SIGSTKFLT },
#endif
        {},
};

static int real_time_signal(const char *name) {
        bool from_min = g_str_has_prefix(name, "RTMIN");
        int64_t offset = 0;

        if (!from_min && !g_str_has_prefix(name, "RTMAX"))
                return -EINVAL;

        name += strlen("RTMIN");
        if (*name && (*name != (from_min ? '+' : '-') || unit_parse_signed(name, &offset) < 0))
                return -EINVAL;

        if (ABS(offset) > SIGRTMAX - SIGRTMIN)
                return -ERANGE;
        return (from_min ? SIGRTMIN : SIGRTMAX) + (int) offset;
}

int unit_signal_from_name(const char *name) {
        const UnitName *found;
        int64_t number;

        if (unit_parse_signed(name, &number) == 0)
                return number > 0 && number < NSIG ? (int) number : -ERANGE;

        if (g_str_has_prefix(name, "SIG"))
                name += strlen("SIG");

        found = unit_name_find(signal_names, name);
        return found ? (int) found->value : real_time_signal(name);
}

int unit_errno_from_name(const char *name) {
        enum { ERRNO_MAX = 4095 }; /* the kernel's */
        static const UnitName aliases[] = {
                { "EDEADLOCK", EDEADLOCK }, { "ENOTSUP", ENOTSUP }, { "EWOULDBLOCK", EWOULDBLOCK }, {},
        };
        const UnitName *alias = unit_name_find(aliases, name);
        int64_t number;

        if (alias)
                return (int) alias->value;

        for (int e = 1; e <= ERRNO_MAX; e++) {
                const char *known = strerrorname_np(e);

                if (known && strcmp(known, name) == 0)
                        return e;
        }

        if (unit_parse_signed(name, &number) < 0)
                return -EINVAL;
        return number > 0 && number <= ERRNO_MAX ? (int) number : -ERANGE;
}

/* As "systemd-analyze exit-status" lists them. */
static const UnitName exit_status_names[] = {
        { "SUCCESS", 0 }, { "FAILURE", 1 }, { "INVALIDARGUMENT", 2 }, { "NOTIMPLEMENTED", 3 }, { "NOPERMISSION", 4 },
        { "NOTINSTALLED", 5 }, { "NOTCONFIGURED", 6 }, { "NOTRUNNING", 7 }, { "USAGE", 64 }, { "DATAERR", 65 },
        { "NOINPUT", 66 }, { "NOUSER", 67 }, { "NOHOST", 68 }, { "UNAVAILABLE", 69 }, { "SOFTWARE", 70 },
        { "OSERR", 71 }, { "OSFILE", 72 }, { "CANTCREAT", 73 }, { "IOERR", 74 }, { "TEMPFAIL", 75 },
        { "PROTOCOL", 76 }, { "NOPERM", 77 }, { "CONFIG", 78 }, { "CHDIR", 200 }, { "NICE", 201 }, { "FDS", 202 },
        { "EXEC", 203 }, { "MEMORY", 204 }, { "LIMITS", 205 }, { "OOM_ADJUST", 206 }, { "SIGNAL_MASK", 207 },
        { "STDIN", 208 }, { "STDOUT", 209 }, { "CHROOT", 210 }, { "IOPRIO", 211 }, { "TIMERSLACK", 212 },
        { "SECUREBITS", 213 }, { "SETSCHEDULER", 214 }, { "CPUAFFINITY", 215 }, { "GROUP", 216 }, { "USER", 217 },
        { "CAPABILITIES", 218 }, { "CGROUP", 219 }, { "SETSID", 220 }, { "CONFIRM", 221 }, { "STDERR", 222 },
        { "PAM", 224 }, { "NETWORK", 225 }, { "NAMESPACE", 226 }, { "NO_NEW_PRIVILEGES", 227 }, { "SECCOMP", 228 },
        { "SELINUX_CONTEXT", 229 }, { "PERSONALITY", 230 }, { "APPARMOR", 231 }, { "ADDRESS_FAMILIES", 232 },
        { "RUNTIME_DIRECTORY", 233 }, { "CHOWN", 235 }, { "SMACK_PROCESS_LABEL", 236 }, { "KEYRING", 237 },
        { "STATE_DIRECTORY", 238 }, { "CACHE_DIRECTORY", 239 }, { "LOGS_DIRECTORY", 240 },
        { "CONFIGURATION_DIRECTORY", 241 }, { "NUMA_POLICY", 242 }, { "CREDENTIALS", 243 }, { "BPF", 244 },
        { "EXCEPTION", 255 },
        {},
};

int unit_exit_status_from_name(const char *name) {
        const UnitName *found = unit_name_find(exit_status_names, name);
        uint64_t number;

        if (found)
                return (int) found->value;
        if (unit_parse_unsigned(name, &number) < 0)
                return -EINVAL;
        return number <= UINT8_MAX ? (int) number : -ERANGE;
}

/* capabilities(7), without "CAP_", in the order of their numbers. */
static const char *const capability_names[] = {
        "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
        "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner",
        "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice",
        "sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap",
        "mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf",
        "checkpoint_restore",
};

int unit_capability_from_name(const char *name) {
        int64_t number;

        if (unit_parse_signed(name, &number) == 0)
                return number >= 0 && number < 64 ? (int) number : -ERANGE;

        if (g_ascii_strncasecmp(name, "CAP_", 4) != 0)
                return -EINVAL;

        for (size_t i = 0; i < ELEMENTSOF(capability_names); i++)
                if (g_ascii_strcasecmp(capability_names[i], name + 4) == 0)
                        return (int) i;
        return -EINVAL;
}

char *unit_capability_to_name(unsigned capability) {
        g_autofree char *name = capability < ELEMENTSOF(capability_names)
                                                ? g_ascii_strup(capability_names[capability], -1)
                                                : NULL;

        return name ? g_strconcat("CAP_", name, NULL) : NULL;
}

/* The AF_ names of sys/socket.h. */
static const char *const address_families[] = {
        "ALG", "APPLETALK", "ASH", "ATMPVC", "ATMSVC", "AX25", "BLUETOOTH", "BRIDGE", "CAIF", "CAN", "DECnet",
        "ECONET", "FILE", "IB", "IEEE802154", "INET", "INET6", "IPX", "IRDA", "ISDN", "IUCV", "KCM", "KEY", "LLC",
        "LOCAL", "MCTP", "MPLS", "NETBEUI", "NETLINK", "NETROM", "NFC", "PACKET", "PHONET", "PPPOX", "QIPCRTR", "RDS",
        "ROSE", "ROUTE", "RXRPC", "SECURITY", "SMC", "SNA", "TIPC", "UNIX", "VSOCK", "WANPIPE", "X25", "XDP",
};

bool unit_address_family_is_known(const char *name) {
        if (g_ascii_strncasecmp(name, "AF_", 3) != 0)
                return false;

        for (size_t i = 0; i < ELEMENTSOF(address_families); i++)
                if (g_ascii_strcasecmp(address_families[i], name + 3) == 0)
                        return true;
        return false;
}

/* As "systemd-analyze syscall-filter" lists them. */
static const char *const system_call_groups[] = {
        "aio", "basic-io", "chown", "clock", "cpu-emulation", "debug", "default", "file-system", "io-event", "ipc",
        "keyring", "known", "memlock", "module", "mount", "network-io", "obsolete", "pkey", "privileged", "process",
        "raw-io", "reboot", "resources", "setuid", "signal", "swap", "sync", "system-service", "timer",
        NULL,
};

/* A misspelt group would be left out in silence; names of system calls differ between architectures and kernels. */
bool unit_system_call_is_valid(const char *name) {
        if (*name == '@')
                return g_strv_contains(system_call_groups, name + 1);

        return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}
