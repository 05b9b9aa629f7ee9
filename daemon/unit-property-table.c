/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The settings of [Service] that a job class may have. What it may not have is in unit-property-refused.c. */

#include <sched.h>
#include <sys/mount.h>
#include <syslog.h>

#include <linux/mempolicy.h>
#include <linux/securebits.h>

#include "unit-property-internal.h"

#define WORD(word) { .name = word }

static const UnitName attach_types[] = {
        WORD("ingress"), WORD("egress"), WORD("sock_create"), WORD("sock_ops"), WORD("device"), WORD("bind4"),
        WORD("bind6"), WORD("connect4"), WORD("connect6"), WORD("post_bind4"), WORD("post_bind6"), WORD("sendmsg4"),
        WORD("sendmsg6"), WORD("sysctl"), WORD("recvmsg4"), WORD("recvmsg6"), WORD("getsockopt"), WORD("setsockopt"),
        {},
};

static const UnitName controllers[] = {
        WORD("cpu"), WORD("cpuacct"), WORD("cpuset"), WORD("io"), WORD("blkio"), WORD("memory"), WORD("devices"),
        WORD("pids"), WORD("bpf-firewall"), WORD("bpf-devices"), WORD("bpf-foreign"), WORD("bpf-socket-bind"),
        WORD("bpf-restrict-network-interfaces"),
        {},
};

/* core(5). "all" leaves room for mappings that a later kernel knows. */
static const UnitName coredump_mappings[] = {
        { "private-anonymous", 0x1 }, { "shared-anonymous", 0x2 }, { "private-file-backed", 0x4 },
        { "shared-file-backed", 0x8 }, { "elf-headers", 0x10 }, { "private-huge", 0x20 }, { "shared-huge", 0x40 },
        { "private-dax", 0x80 }, { "shared-dax", 0x100 }, { "default", 0x33 }, { "all", UINT32_MAX },
        {},
};

static const UnitName facilities[] = {
        { "kern", 0 }, { "user", 1 }, { "mail", 2 }, { "daemon", 3 }, { "auth", 4 }, { "syslog", 5 }, { "lpr", 6 },
        { "news", 7 }, { "uucp", 8 }, { "cron", 9 }, { "authpriv", 10 }, { "ftp", 11 }, { "local0", 16 },
        { "local1", 17 }, { "local2", 18 }, { "local3", 19 }, { "local4", 20 }, { "local5", 21 }, { "local6", 22 },
        { "local7", 23 },
        {},
};

static const UnitName file_system_groups[] = {
        WORD("basic-api"), WORD("anonymous"), WORD("application"), WORD("auxiliary-api"), WORD("common-block"),
        WORD("historical-block"), WORD("network"), WORD("privileged-api"), WORD("security"), WORD("temporary"),
        WORD("known"),
        {},
};

static const UnitName levels[] = {
        { "emerg", LOG_EMERG }, { "alert", LOG_ALERT }, { "crit", LOG_CRIT }, { "err", LOG_ERR },
        { "warning", LOG_WARNING }, { "notice", LOG_NOTICE }, { "info", LOG_INFO }, { "debug", LOG_DEBUG },
        {},
};

static const UnitName namespaces[] = {
        { "cgroup", CLONE_NEWCGROUP }, { "ipc", CLONE_NEWIPC }, { "net", CLONE_NEWNET }, { "mnt", CLONE_NEWNS },
        { "pid", CLONE_NEWPID }, { "user", CLONE_NEWUSER }, { "uts", CLONE_NEWUTS },
        {},
};

static const UnitName partitions[] = {
        WORD("root"), WORD("usr"), WORD("home"), WORD("srv"), WORD("esp"), WORD("xbootldr"), WORD("tmp"), WORD("var"),
        {},
};

/* Those that the processor has a second mode for. */
static const UnitName personalities[] = {
#if defined(__x86_64__)
        WORD("x86-64"), WORD("x86"),
#elif defined(__i386__)
        WORD("x86"),
#else
        WORD("arm64"), WORD("arm"), WORD("ppc64-le"), WORD("ppc-le"), WORD("ppc64"), WORD("ppc"), WORD("riscv64"),
        WORD("s390x"), WORD("s390"),
#endif
        {},
};

static const UnitName secure_bits[] = {
        { "keep-caps", SECBIT_KEEP_CAPS }, { "keep-caps-locked", SECBIT_KEEP_CAPS_LOCKED },
        { "no-setuid-fixup", SECBIT_NO_SETUID_FIXUP }, { "no-setuid-fixup-locked", SECBIT_NO_SETUID_FIXUP_LOCKED },
        { "noroot", SECBIT_NOROOT }, { "noroot-locked", SECBIT_NOROOT_LOCKED },
        {},
};

static const UnitName system_call_architectures[] = {
        WORD("native"), WORD("x86"), WORD("x86-64"), WORD("x32"), WORD("arm"), WORD("arm64"), WORD("mips"),
        WORD("mips64"), WORD("mips64-n32"), WORD("mips-le"), WORD("mips64-le"), WORD("mips64-le-n32"), WORD("parisc"),
        WORD("parisc64"), WORD("ppc"), WORD("ppc64"), WORD("ppc64-le"), WORD("riscv64"), WORD("s390"), WORD("s390x"),
        {},
};

static const UnitName io_classes[] = {
        { "none", 0 }, { "realtime", 1 }, { "best-effort", 2 }, { "idle", 3 },
        {},
};

static const UnitName cpu_policies[] = {
        { "other", SCHED_OTHER }, { "batch", SCHED_BATCH }, { "idle", SCHED_IDLE }, { "fifo", SCHED_FIFO },
        { "rr", SCHED_RR },
        {},
};

static const UnitName numa_policies[] = {
        { "default", MPOL_DEFAULT }, { "preferred", MPOL_PREFERRED }, { "bind", MPOL_BIND },
        { "interleave", MPOL_INTERLEAVE }, { "local", MPOL_LOCAL },
        {},
};

static const UnitName mount_flags[] = {
        { "shared", MS_SHARED }, { "slave", MS_SLAVE }, { "private", MS_PRIVATE },
        {},
};

#define ONE_OF(...) .names = (const UnitName[]) { __VA_ARGS__, {} }
#define WEIGHT .min = 1, .max = 10000
#define BLOCK_IO_WEIGHT .min = 10, .max = 1000
#define CPU_SHARES .min = 2, .max = 262144
#define CLEARS .empty_clears = true
#define SETTING(name, parser, ...) { .key = #name, .parse = unit_setting_##parser, ##__VA_ARGS__ }
#define LIMIT(name, parser) SETTING(Limit##name, limit_##parser, .alternate = "Limit" #name "Soft")

/* In strcmp() order. */
const UnitSetting unit_settings[] = {
        SETTING(AllowedCPUs, cpu_set, CLEARS),
        SETTING(AllowedMemoryNodes, cpu_set, CLEARS),
        SETTING(AmbientCapabilities, capabilities),
        SETTING(AppArmorProfile, label, CLEARS),
        SETTING(BPFProgram, bpf_program, .names = attach_types, CLEARS),
        SETTING(BindPaths, bind, .alternate = "BindReadOnlyPaths", CLEARS),
        SETTING(BindReadOnlyPaths, bind, .alternate = "BindPaths", CLEARS),
        SETTING(BlockIOAccounting, boolean),
        SETTING(BlockIODeviceWeight, device_weight, BLOCK_IO_WEIGHT, CLEARS),
        SETTING(BlockIOReadBandwidth, device_bandwidth, CLEARS),
        SETTING(BlockIOWeight, weight, BLOCK_IO_WEIGHT, CLEARS),
        SETTING(BlockIOWriteBandwidth, device_bandwidth, CLEARS),
        SETTING(CPUAccounting, boolean),
        SETTING(CPUAffinity, cpu_affinity, .alternate = "CPUAffinityFromNUMA", CLEARS),
        SETTING(CPUQuota, cpu_quota, .property = "CPUQuotaPerSecUSec", CLEARS),
        SETTING(CPUQuotaPeriodSec, cpu_period, .property = "CPUQuotaPeriodUSec", CLEARS),
        SETTING(CPUSchedulingPolicy, name, CLEARS, .names = cpu_policies),
        SETTING(CPUSchedulingPriority, integer, .min = 0, .max = 99),
        SETTING(CPUSchedulingResetOnFork, boolean),
        SETTING(CPUShares, weight, CPU_SHARES, CLEARS),
        SETTING(CPUWeight, weight, WEIGHT, ONE_OF({ "idle", 0 }), CLEARS),
        SETTING(CacheDirectory, directory, .alternate = "CacheDirectorySymlink", CLEARS),
        SETTING(CacheDirectoryMode, mode),
        SETTING(CapabilityBoundingSet, capabilities),
        SETTING(ConfigurationDirectory, directory, CLEARS),
        SETTING(ConfigurationDirectoryMode, mode),
        SETTING(CoredumpFilter, coredump_filter, .names = coredump_mappings, CLEARS),
        SETTING(DefaultMemoryLow, memory, .alternate = "DefaultMemoryLowScale", CLEARS),
        SETTING(DefaultMemoryMin, memory, .alternate = "DefaultMemoryMinScale", CLEARS),
        SETTING(Delegate, delegate, .alternate = "DelegateControllers", .names = controllers),
        SETTING(DeviceAllow, device_allow, CLEARS),
        SETTING(DevicePolicy, word, ONE_OF(WORD("auto"), WORD("closed"), WORD("strict"))),
        SETTING(DisableControllers, controllers, .names = controllers, CLEARS),
        SETTING(DynamicUser, boolean),
        SETTING(Environment, environment, CLEARS),
        SETTING(EnvironmentFile, environment_file, .property = "EnvironmentFiles", CLEARS),
        SETTING(ExecPaths, paths, CLEARS),
        SETTING(ExecSearchPath, search_path, CLEARS),
        SETTING(ExecStart, exec, .alternate = "ExecStartEx", .max = 1, CLEARS),
        SETTING(ExecStartPost, exec, .alternate = "ExecStartPostEx", CLEARS),
        SETTING(ExecStartPre, exec, .alternate = "ExecStartPreEx", CLEARS),
        SETTING(ExtensionDirectories, paths, CLEARS),
        SETTING(ExtensionImages, extension_images, .names = partitions, CLEARS),
        SETTING(Group, user, CLEARS),
        SETTING(IOAccounting, boolean),
        SETTING(IODeviceLatencyTargetSec, device_latency, .property = "IODeviceLatencyTargetUSec", CLEARS),
        SETTING(IODeviceWeight, device_weight, WEIGHT, CLEARS),
        SETTING(IOReadBandwidthMax, device_bandwidth, CLEARS),
        SETTING(IOReadIOPSMax, device_bandwidth, CLEARS),
        SETTING(IOSchedulingClass, name, CLEARS, .names = io_classes),
        SETTING(IOSchedulingPriority, integer, .min = 0, .max = 7, CLEARS),
        SETTING(IOWeight, weight, WEIGHT, CLEARS),
        SETTING(IOWriteBandwidthMax, device_bandwidth, CLEARS),
        SETTING(IOWriteIOPSMax, device_bandwidth, CLEARS),
        SETTING(IPAccounting, boolean),
        SETTING(IPAddressAllow, ip_address, CLEARS),
        SETTING(IPAddressDeny, ip_address, CLEARS),
        SETTING(IPCNamespacePath, path, CLEARS),
        SETTING(IPEgressFilterPath, ip_filter, CLEARS),
        SETTING(IPIngressFilterPath, ip_filter, CLEARS),
        SETTING(IgnoreSIGPIPE, boolean),
        SETTING(InaccessibleDirectories, paths, .property = "InaccessiblePaths", CLEARS),
        SETTING(InaccessiblePaths, paths, CLEARS),
        SETTING(KeyringMode, word, ONE_OF(WORD("inherit"), WORD("private"), WORD("shared"))),
        SETTING(KillMode, kill_mode, ONE_OF(WORD("control-group"), WORD("mixed"))),
        SETTING(KillSignal, signal),
        LIMIT(AS, size),
        LIMIT(CORE, size),
        LIMIT(CPU, seconds),
        LIMIT(DATA, size),
        LIMIT(FSIZE, size),
        LIMIT(LOCKS, number),
        LIMIT(MEMLOCK, size),
        LIMIT(MSGQUEUE, size),
        LIMIT(NICE, nice),
        LIMIT(NOFILE, number),
        LIMIT(NPROC, number),
        LIMIT(RSS, size),
        LIMIT(RTPRIO, number),
        LIMIT(RTTIME, microseconds),
        LIMIT(SIGPENDING, number),
        LIMIT(STACK, size),
        SETTING(LoadCredential, load_credential, .alternate = "LoadCredentialEncrypted", CLEARS),
        SETTING(LoadCredentialEncrypted, load_credential, .alternate = "LoadCredential", CLEARS),
        SETTING(LockPersonality, boolean),
        SETTING(LogLevelMax, name, .names = levels),
        SETTING(LogsDirectory, directory, .alternate = "LogsDirectorySymlink", CLEARS),
        SETTING(LogsDirectoryMode, mode),
        SETTING(ManagedOOMMemoryPressure, word, ONE_OF(WORD("auto"), WORD("kill")), CLEARS),
        SETTING(ManagedOOMMemoryPressureLimit, pressure, CLEARS),
        SETTING(ManagedOOMPreference, word, ONE_OF(WORD("none"), WORD("avoid"), WORD("omit"))),
        SETTING(ManagedOOMSwap, word, ONE_OF(WORD("auto"), WORD("kill")), CLEARS),
        SETTING(MemoryAccounting, boolean),
        SETTING(MemoryDenyWriteExecute, boolean),
        SETTING(MemoryHigh, memory, .alternate = "MemoryHighScale", .min = 1, CLEARS),
        SETTING(MemoryLimit, memory, .alternate = "MemoryLimitScale", .min = 1, CLEARS),
        SETTING(MemoryLow, memory, .alternate = "MemoryLowScale", CLEARS),
        SETTING(MemoryMax, memory, .alternate = "MemoryMaxScale", .min = 1, CLEARS),
        SETTING(MemoryMin, memory, .alternate = "MemoryMinScale", CLEARS),
        SETTING(MemorySwapMax, memory, .alternate = "MemorySwapMaxScale", CLEARS),
        SETTING(MountAPIVFS, boolean, CLEARS),
        SETTING(MountFlags, flag, CLEARS, .names = mount_flags),
        SETTING(MountImages, mount_images, .names = partitions, CLEARS),
        SETTING(NUMAMask, numa_mask, CLEARS),
        SETTING(NUMAPolicy, name, CLEARS, .names = numa_policies),
        SETTING(NetworkNamespacePath, path, CLEARS),
        SETTING(Nice, integer, .min = -20, .max = 19, CLEARS),
        SETTING(NoExecPaths, paths, CLEARS),
        SETTING(NoNewPrivileges, boolean),
        SETTING(NonBlocking, boolean),
        SETTING(OOMPolicy, word, ONE_OF(WORD("continue"), WORD("stop"), WORD("kill"))),
        SETTING(OOMScoreAdjust, integer, .min = -1000, .max = 1000, CLEARS),
        SETTING(PAMName, text, CLEARS),
        SETTING(PassEnvironment, environment_names, CLEARS),
        SETTING(Personality, word, .names = personalities, CLEARS),
        SETTING(PrivateDevices, boolean),
        SETTING(PrivateIPC, boolean),
        SETTING(PrivateMounts, boolean),
        SETTING(PrivateNetwork, boolean),
        SETTING(PrivateTmp, boolean),
        SETTING(PrivateUsers, boolean),
        SETTING(ProcSubset, word, ONE_OF(WORD("all"), WORD("pid"))),
        SETTING(ProtectClock, boolean),
        SETTING(ProtectControlGroups, boolean),
        SETTING(ProtectHome, word_boolean, ONE_OF(WORD("read-only"), WORD("tmpfs"))),
        SETTING(ProtectHostname, boolean),
        SETTING(ProtectKernelLogs, boolean),
        SETTING(ProtectKernelModules, boolean),
        SETTING(ProtectKernelTunables, boolean),
        SETTING(ProtectProc, word, ONE_OF(WORD("default"), WORD("noaccess"), WORD("invisible"), WORD("ptraceable"))),
        SETTING(ProtectSystem, word_boolean, ONE_OF(WORD("full"), WORD("strict"))),
        SETTING(ReadOnlyDirectories, paths, .property = "ReadOnlyPaths", CLEARS),
        SETTING(ReadOnlyPaths, paths, CLEARS),
        SETTING(ReadWriteDirectories, paths, .property = "ReadWritePaths", CLEARS),
        SETTING(ReadWritePaths, paths, CLEARS),
        SETTING(RemoveIPC, boolean),
        SETTING(RestrictAddressFamilies, address_families, CLEARS),
        SETTING(RestrictFileSystems, file_systems, .names = file_system_groups, CLEARS),
        SETTING(RestrictNamespaces, namespaces, .names = namespaces, CLEARS),
        SETTING(RestrictNetworkInterfaces, interfaces, CLEARS),
        SETTING(RestrictRealtime, boolean),
        SETTING(RestrictSUIDSGID, boolean),
        SETTING(RootDirectory, path, CLEARS),
        SETTING(RootDirectoryStartOnly, boolean),
        SETTING(RootHash, root_hash, .alternate = "RootHashPath", CLEARS),
        SETTING(RootHashSignature, root_hash, .alternate = "RootHashSignaturePath", CLEARS),
        SETTING(RootImage, path, CLEARS),
        SETTING(RootImageOptions, image_options, .names = partitions, CLEARS),
        SETTING(RootVerity, path, CLEARS),
        SETTING(RuntimeDirectory, directory, .alternate = "RuntimeDirectorySymlink", CLEARS),
        SETTING(RuntimeDirectoryMode, mode),
        SETTING(RuntimeDirectoryPreserve, word_boolean, ONE_OF(WORD("restart"))),
        SETTING(SELinuxContext, selinux, CLEARS),
        SETTING(SecureBits, secure_bits, .names = secure_bits, CLEARS),
        SETTING(SendSIGHUP, boolean),
        SETTING(SendSIGKILL, send_sigkill),
        SETTING(SetCredential, set_credential, .alternate = "SetCredentialEncrypted", .secret = true, CLEARS),
        SETTING(SetCredentialEncrypted, set_credential_encrypted, .alternate = "SetCredential",
                .secret = true, CLEARS),
        SETTING(SmackProcessLabel, label, CLEARS),
        SETTING(SocketBindAllow, socket_bind, CLEARS),
        SETTING(SocketBindDeny, socket_bind, CLEARS),
        SETTING(StandardError, output, ONE_OF(WORD("inherit"), WORD("null"), WORD("journal"))),
        SETTING(StandardInput, input, .alternate = "StandardInputFile",
                ONE_OF(WORD("null"), WORD("data"), WORD("file:PATH"))),
        SETTING(StandardInputData, input_data, CLEARS),
        SETTING(StandardInputText, input_text, .property = "StandardInputData", CLEARS),
        SETTING(StandardOutput, output, ONE_OF(WORD("inherit"), WORD("null"), WORD("journal"))),
        SETTING(StartupAllowedCPUs, cpu_set, CLEARS),
        SETTING(StartupAllowedMemoryNodes, cpu_set, CLEARS),
        SETTING(StartupBlockIOWeight, weight, BLOCK_IO_WEIGHT, CLEARS),
        SETTING(StartupCPUShares, weight, CPU_SHARES, CLEARS),
        SETTING(StartupCPUWeight, weight, WEIGHT, ONE_OF({ "idle", 0 }), CLEARS),
        SETTING(StartupIOWeight, weight, WEIGHT, CLEARS),
        SETTING(StateDirectory, directory, .alternate = "StateDirectorySymlink", CLEARS),
        SETTING(StateDirectoryMode, mode),
        SETTING(SuccessExitStatus, exit_status, CLEARS),
        SETTING(SupplementaryGroups, users, CLEARS),
        SETTING(SyslogFacility, name, .names = facilities, .min = 0, .max = 127),
        SETTING(SyslogIdentifier, text, CLEARS),
        SETTING(SyslogLevel, name, .names = levels),
        SETTING(SyslogLevelPrefix, boolean),
        SETTING(SystemCallArchitectures, architectures, .names = system_call_architectures, CLEARS),
        SETTING(SystemCallErrorNumber, errno, CLEARS),
        SETTING(SystemCallFilter, system_calls, CLEARS),
        SETTING(SystemCallLog, system_calls, CLEARS),
        SETTING(TasksAccounting, boolean),
        SETTING(TasksMax, tasks_max, .alternate = "TasksMaxScale", .min = 1, CLEARS),
        SETTING(TemporaryFileSystem, temporary, CLEARS),
        SETTING(TimerSlackNSec, nsec),
        SETTING(UMask, mode),
        SETTING(UnsetEnvironment, environment_names, CLEARS),
        SETTING(User, user, CLEARS),
        SETTING(UtmpIdentifier, text, CLEARS),
        SETTING(UtmpMode, word, ONE_OF(WORD("init"), WORD("login"), WORD("user"))),
        SETTING(WorkingDirectory, working_directory, CLEARS),
        {},
};
