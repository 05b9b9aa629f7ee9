#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The [Service] settings of a job class mean what they mean to systemd.

For every setting that daemon/unit-property.c supports there are sample values here. Each is given to systemd three
times: by systemd-run -p, by a unit file, and as the properties that unit_property_add() makes of it (the program
start-unit). The three units are loaded, none is started, and systemd is asked for all their properties: they must be the
same. Where systemd-run and unit files differ, or one of them cannot take a value, the sample says which one is right.

Runs as root inside a sandbox with systemd as PID 1. START_UNIT is the path of the program start-unit.
"""

import os
import subprocess
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

START_UNIT = os.environ.get("START_UNIT") or str(
    Path(__file__).resolve().parents[2] / "build/tests/integration/start-unit")
UNIT_FILES = Path("/run/systemd/system")


class Sample:
    """Settings in the order in which they are assigned, and what they are compared with."""

    def __init__(self, key, lines, run, file):
        self.settings = [line if isinstance(line, tuple) else (key, line) for line in lines]
        self.run = run
        self.file = file

    def __str__(self):
        return " ".join(f"{key}={value}" for key, value in self.settings)


class Run:
    """Compared with systemd-run only: a unit file takes the value for something else, or not at all."""

    def __init__(self, *lines):
        self.lines = lines


class File:
    """Compared with a unit file only: systemd-run does not take the value, or replaces where a unit file adds."""

    def __init__(self, *lines):
        self.lines = lines


BOOLEAN = ["yes", "no", "1", "0", "true", "false", "t", "f", "y", "n", "ON", "Off"]
MODE = ["0755", "750", "0", "7777"]
WEIGHT = ["1", "100", "10000", ""]
SIZE = ["1048576", "64K", "1.5M", "2G", "1T", "1G 500M", "10B", "infinity", "25%", "12.5%", "33.33%", "500‰", "5000‱",
        "100%", ""]
PATHS = ["/etc", "/etc /usr", "-/etc -/nonexistent", "+/etc", "-+/etc", '"/with space" /b', "/a//b/./c/", "/", ""]
DEVICES = ["/dev/null 10", "/dev/null 1000", File("/dev/null 10", "/dev/zero 20"), File("/dev/null 10", "", "/dev/zero 20")]
BANDWIDTH = ["/dev/null 1000", "/dev/null 5M", "/dev/null 1.5G", "/dev/null infinity",
             File("/dev/null 10", "/dev/zero 20"), File("/dev/null 10", "/dev/null 20"), File("/dev/null 10", "")]
CPUS = ["0", "0-3", "0,2,4", "0 2 4", "0-1,3 5-6", "8191", "", File("0-1", "5"), File("0-1", "", "5")]
LIMIT_SIZE = ["1G", "64K:1M", "infinity", "1M:infinity", "0", "4096"]
LIMIT_NUMBER = ["1024", "1024:4096", "infinity", "512:infinity", "0", "0x10", "010"]
LIST = ["a", "a b"]
COMMANDS = [
    "/usr/bin/true", "-/usr/bin/true", "@/usr/bin/true argv0 x", "-@/usr/bin/true argv0", ":/usr/bin/echo $HOME",
    "+/usr/bin/true", "!/usr/bin/true", "!!/usr/bin/true", "-+:/usr/bin/echo ${HOME}", ":-@!!/usr/bin/echo a0 b",
    "true", "-true a", "/usr//bin/./true",
    '/usr/bin/echo "two words" \'single quotes\' mid"dle qu"ote', r'/usr/bin/echo \x41\n\t\u00e4\101 \s "\"" \\',
    "/usr/bin/echo ${JOB_VAR_device} $JOB_VAR_device $$", "/usr/bin/echo  two   spaces ", '/usr/bin/echo ";" "a;b" a;b',
    '/usr/bin/echo "" \'\'', Run("/usr/bin/echo %n %% %i"), "/usr/bin/echo $(id) `id` | & > <",
    File("/usr/bin/true", "/usr/bin/echo 2"), File("/usr/bin/true", "", "/usr/bin/echo 2"),
    File("/usr/bin/true", "+/usr/bin/echo 2", "-/usr/bin/echo 3"), File("-+/usr/bin/true", "/usr/bin/echo 2"), "",
]
DIRECTORIES = ["one", "one two/three", "", '"with space"', "a//b/./c/", File("one", "two"), File("one", "", "two")]
LINKED_DIRECTORIES = DIRECTORIES + ["one:link", "one two:link/2 three", "one:link one:link2", File("one:a", "two"),
                                    File("one:a", "", "two:b"), File(r"with\:colon:link")]

SAMPLES = {
    "AllowedCPUs": CPUS,
    "AllowedMemoryNodes": CPUS,
    "AmbientCapabilities": ["CAP_NET_ADMIN", "CAP_NET_ADMIN cap_sys_time", "~CAP_CHOWN", "", "~", "0", "40",
                            File("CAP_CHOWN", "CAP_KILL"), File("CAP_CHOWN CAP_KILL", "~CAP_KILL"),
                            File("CAP_CHOWN", "", "CAP_KILL")],
    "AppArmorProfile": ["profile", "-profile", ""],
    "BPFProgram": ["egress:/sys/fs/bpf/prog", "bind6:/sys/fs/bpf/a:b", "",
                   File("egress:/sys/fs/bpf/prog", "ingress:/sys/fs/bpf/other")],
    "BindPaths": ["/etc", "/etc:/mnt", "/etc:/mnt:norbind /usr:/srv:rbind", "-/etc:/mnt", "-/etc /usr", '"/a b":/mnt',
                  "/etc:/mnt:", "", "/a//b/:/c/./d", File("/etc", "/usr:/srv"), File("/etc", "", "/usr"),
                  File("/etc", ("BindReadOnlyPaths", "/usr")), File(("BindReadOnlyPaths", "/usr"), "/etc", "")],
    "BindReadOnlyPaths": ["/etc", "/etc:/mnt", "/etc:/mnt:norbind", "-/etc:/mnt", "",
                          File("/etc", "/usr:/srv"), File(("BindPaths", "/usr"), "/etc", "")],
    "BlockIOAccounting": BOOLEAN,
    "BlockIODeviceWeight": DEVICES,
    "BlockIOReadBandwidth": BANDWIDTH,
    "BlockIOWeight": ["10", "1000", ""],
    "BlockIOWriteBandwidth": BANDWIDTH,
    "CPUAccounting": BOOLEAN,
    "CPUAffinity": CPUS + ["numa", File("0-3", "numa"), File("numa", "1")],
    "CPUQuota": ["20%", "200%", "12.5%", "0.01%", "5‰", "1‱", "", "1000%", "8%"],
    "CPUQuotaPeriodSec": ["10ms", "1s", "100", "", "infinity"],
    "CPUSchedulingPolicy": ["other", "batch", "idle", "fifo", "rr", "0", "1", File("batch", ""),
                            File("fifo", ("CPUSchedulingPriority", "50"))],
    "CPUSchedulingPriority": [Run("1"), Run("99"), Run("0"), File(("CPUSchedulingPolicy", "rr"), "42")],
    "CPUSchedulingResetOnFork": BOOLEAN,
    "CPUShares": ["2", "1024", "262144", ""],
    "CPUWeight": WEIGHT + ["idle"],
    "CacheDirectory": LINKED_DIRECTORIES,
    "CacheDirectoryMode": MODE,
    "CapabilityBoundingSet": ["CAP_NET_ADMIN", "CAP_NET_ADMIN CAP_SYS_TIME", "~CAP_SYS_ADMIN CAP_SYS_PTRACE", "", "~",
                              "cap_chown", "21", File("CAP_CHOWN", "CAP_KILL"), File("~CAP_CHOWN", "~CAP_KILL"),
                              File("CAP_CHOWN CAP_KILL", "~CAP_KILL"), File("~CAP_CHOWN", "", "CAP_KILL"),
                              File("~", "CAP_KILL")],
    "ConfigurationDirectory": DIRECTORIES,
    "ConfigurationDirectoryMode": MODE,
    "CoredumpFilter": ["default", "all", "0x33", "ff", "private-anonymous shared-dax", "default 80", File(""),
                       File("private-anonymous", "shared-anonymous"), File("all", "", "elf-headers")],
    "DefaultMemoryLow": SIZE + ["0"],
    "DefaultMemoryMin": SIZE + ["0"],
    "Delegate": BOOLEAN + ["cpu", "cpu memory pids", "", File("cpu", "memory"), File("yes", "cpu"), File("cpu", "no"),
                           File("cpu", "")],
    "DeviceAllow": ["/dev/null", "/dev/null r", "/dev/sda rwm", "char-pts rw", "block-loop", "char-*", "",
                    File("/dev/null r", "/dev/zero w"), File("/dev/null r", "", "/dev/zero w")],
    "DevicePolicy": ["auto", "closed", "strict"],
    "DisableControllers": ["cpu", "cpu io memory", "", File("cpu", "io"), File("cpu", "", "io")],
    "DynamicUser": BOOLEAN,
    "Environment": ["A=1", "A=1 B=2", '"A=two words" B=x', "'A=1 2' B=\"3 4\"", r'A=\x41\n "B=\""', "A=", "A=b=c", "",
                    "A=$HOME ${HOME}=x".split()[0], Run("A=%n%%"), "A='x'\"y\"z", "_x9=ä", "A=$(id);rm",
                    File("A=1 A=2"), File("A=1 B=1", "A=2 C=3"), File("A=1", "", "B=2")],
    "EnvironmentFile": ["/etc/environment", "-/etc/environment", "", "/etc/env*", "/a//b",
                        File("/etc/a", "-/etc/b"), File("/etc/a", "", "/etc/b")],
    "ExecCondition": COMMANDS,
    "ExecPaths": PATHS,
    "ExecSearchPath": ["/usr/bin", Run("/usr/bin /bin"), File("/usr/bin:/bin"), "", File("/usr/bin", "/bin"),
                       File("/usr/bin", "", "/bin")],
    "ExecStart": [File(value) for value in COMMANDS if isinstance(value, str) and value] +
                 [File("/usr/bin/true", "", "/usr/bin/echo")],
    "ExecStartPost": COMMANDS,
    "ExecStartPre": COMMANDS,
    "ExecStopPost": COMMANDS,
    "ExtensionDirectories": PATHS,
    "ExtensionImages": ["/a.raw", "-/a.raw", "/a.raw:ro,dev", "/a.raw:root:ro:home:nodev", "/a.raw /b.raw", "",
                        r"/a\:b.raw", File("/a.raw", "/b.raw")],
    "Group": ["root", "0", "1000", "daemon", "nobody", "", "with.dot", "with@at"],
    "IOAccounting": BOOLEAN,
    "IODeviceLatencyTargetSec": ["/dev/null 25ms", "/dev/null 1", "/dev/null infinity", File(""),
                                 File("/dev/null 1", "/dev/zero 2")],
    "IODeviceWeight": DEVICES,
    "IOReadBandwidthMax": BANDWIDTH,
    "IOReadIOPSMax": BANDWIDTH,
    "IOSchedulingClass": ["none", "realtime", "best-effort", "idle", "0", "1", "2", "3", File("idle", "")],
    "IOSchedulingPriority": ["0", "7", "4", File("3", ""), File(("IOSchedulingClass", "realtime"), "1")],
    "IOWeight": WEIGHT,
    "IOWriteBandwidthMax": BANDWIDTH,
    "IOWriteIOPSMax": BANDWIDTH,
    "IPAccounting": BOOLEAN,
    "IPAddressAllow": ["any", "localhost", "link-local", "multicast", "10.0.0.0/8", "192.168.1.1", "::1", "fe80::/10",
                       "10.0.0.1/8 2001:db8::/32", "", "0.0.0.0/0", File("localhost 10.0.0.0/8"),
                       File("10.0.0.0/8", "192.168.0.0/16"), File("10.0.0.0/8", "", "192.168.0.0/16")],
    "IPAddressDeny": ["any", "localhost", "link-local", "multicast", "10.0.0.0/8", "::/0", ""],
    "IPCNamespacePath": ["/run/netns/x", "", File("/run//netns/./x")],
    "IPEgressFilterPath": ["/sys/fs/bpf/egress", "", File("/sys/fs/bpf/a", "/sys/fs/bpf/b")],
    "IPIngressFilterPath": ["/sys/fs/bpf/ingress", "", File("/sys/fs/bpf/a", "/sys/fs/bpf/b")],
    "IgnoreSIGPIPE": BOOLEAN,
    "InaccessibleDirectories": PATHS,
    "InaccessiblePaths": PATHS + [File("/etc", "/usr"), File("/etc", "", "/usr"),
                                  File(("InaccessibleDirectories", "/etc"), "/usr")],
    "KeyringMode": ["inherit", "private", "shared"],
    "KillMode": ["control-group", "mixed"],
    "KillSignal": ["SIGINT", "TERM", "15", "SIGRTMIN+3", "RTMIN", "RTMAX-2", "SIGRTMAX", "USR1", "64", "SIGIO"],
    "LimitAS": LIMIT_SIZE,
    "LimitCORE": LIMIT_SIZE,
    "LimitCPU": ["1min", "30", "1.5s", "1s:2min", "infinity", "10:infinity", "500ms"],
    "LimitDATA": LIMIT_SIZE,
    "LimitFSIZE": LIMIT_SIZE,
    "LimitLOCKS": LIMIT_NUMBER,
    "LimitMEMLOCK": LIMIT_SIZE,
    "LimitMSGQUEUE": LIMIT_SIZE,
    "LimitNICE": ["+5", "-5", "0", "20", "40", "+0", "-20", "+19", "10:30", "infinity"],
    "LimitNOFILE": LIMIT_NUMBER + [File("10:20", "30")],
    "LimitNPROC": LIMIT_NUMBER,
    "LimitRSS": LIMIT_SIZE,
    "LimitRTPRIO": LIMIT_NUMBER,
    "LimitRTTIME": ["100ms", "5", "1s:2s", "infinity", "1ms:infinity"],
    "LimitSIGPENDING": LIMIT_NUMBER,
    "LimitSTACK": LIMIT_SIZE,
    "LoadCredential": ["name:/etc/hostname", "name", "name:other", "a.b_c-d:/run/some.sock", "",
                       File("a:/etc/a", "b:/etc/b"), File("a:/etc/a", "a:/etc/b"), File("a:/etc/a", "", "b:/etc/b"),
                       File("a:/etc/a", ("LoadCredentialEncrypted", "a:/etc/b")), File("name:")],
    "LoadCredentialEncrypted": ["name:/etc/hostname", "name", "", File(("LoadCredential", "a:/etc/b"), "a:/etc/a")],
    "LockPersonality": BOOLEAN,
    "LogLevelMax": ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "0", "7", File("err", "")],
    "LogsDirectory": LINKED_DIRECTORIES,
    "LogsDirectoryMode": MODE,
    "ManagedOOMMemoryPressure": ["auto", "kill", File("kill", "")],
    "ManagedOOMMemoryPressureLimit": ["50%", "0%", "100%", "12.34%", "500‰", File("50%", "")],
    "ManagedOOMPreference": ["none", "avoid", "omit"],
    "ManagedOOMSwap": ["auto", "kill", File("kill", "")],
    "MemoryAccounting": BOOLEAN,
    "MemoryDenyWriteExecute": BOOLEAN,
    "MemoryHigh": SIZE + [File("1G", "10%"), File("10%", "1G"), File("10%", "")],
    "MemoryLimit": SIZE,
    "MemoryLow": SIZE + ["0", "0%"],
    "MemoryMax": SIZE + [File("1G", "10%"), File("10%", "1G"), File("1G", "")],
    "MemoryMin": SIZE + ["0", "0%"],
    "MemorySwapMax": SIZE + ["0", "0%"],
    "MountAPIVFS": BOOLEAN + [File("yes", "")],
    "MountFlags": ["shared", "slave", "private", ""],
    "MountImages": ["/a.raw:/mnt", "-/a.raw:/mnt", "/a.raw:/mnt:ro,dev", "/a.raw:/mnt:root:ro:home:nodev",
                    "/a.raw:/mnt /b.raw:/srv", "", r"/a\:b.raw:/mnt", File("/a.raw:/mnt", "/b.raw:/srv"),
                    File("/a.raw:/mnt", "", "/b.raw:/srv")],
    "NUMAMask": ["0", "0-1", "all", "", File("0", "1")],
    "NUMAPolicy": ["default", "preferred", "bind", "interleave", "local", File("bind", "")],
    "NetworkNamespacePath": ["/run/netns/x", ""],
    "Nice": ["5", "-20", "19", "0", "+3", "0x5", "010", File(""), File("5", "")],
    "NoExecPaths": PATHS,
    "NoNewPrivileges": BOOLEAN,
    "NonBlocking": [File(value) for value in BOOLEAN],
    "OOMPolicy": ["continue", "stop", "kill"],
    "OOMScoreAdjust": ["500", "-1000", "1000", "0", File("500", "")],
    "PAMName": ["login", "su-l", ""],
    "PassEnvironment": ["HOME", "HOME LANG", "", File("HOME HOME"), File("A", "B"), File("A", "", "B")],
    "Personality": ["x86-64", "x86", File("x86", "")],
    "PrivateDevices": BOOLEAN,
    "PrivateIPC": BOOLEAN,
    "PrivateMounts": BOOLEAN,
    "PrivateNetwork": BOOLEAN,
    "PrivateTmp": BOOLEAN,
    "PrivateUsers": BOOLEAN,
    "ProcSubset": ["all", "pid"],
    "ProtectClock": BOOLEAN,
    "ProtectControlGroups": BOOLEAN,
    "ProtectHome": BOOLEAN + ["read-only", "tmpfs"],
    "ProtectHostname": BOOLEAN,
    "ProtectKernelLogs": BOOLEAN,
    "ProtectKernelModules": BOOLEAN,
    "ProtectKernelTunables": BOOLEAN,
    "ProtectProc": ["default", "noaccess", "invisible", "ptraceable"],
    "ProtectSystem": BOOLEAN + ["full", "strict"],
    "ReadOnlyDirectories": PATHS,
    "ReadOnlyPaths": PATHS,
    "ReadWriteDirectories": PATHS,
    "ReadWritePaths": PATHS,
    "RemoveIPC": BOOLEAN,
    "RestrictAddressFamilies": ["AF_UNIX", "AF_UNIX AF_INET AF_INET6", "~AF_PACKET", "af_unix", "AF_LOCAL AF_NETLINK",
                                File("none"), File(""), File("AF_UNIX", "AF_INET"), File("~AF_UNIX", "~AF_INET"),
                                File("AF_UNIX AF_INET", "~AF_INET"), File("AF_UNIX", "", "AF_INET"),
                                File("none", "AF_UNIX"), File("AF_UNIX", "none"), File("none", "~AF_UNIX")],
    "RestrictFileSystems": ["ext4 tmpfs", "~ext4", "@basic-api", "@known", "", File("ext4", "tmpfs"),
                            File("@basic-api", "~tmpfs")],
    "RestrictNamespaces": BOOLEAN + ["net", "net pid user", "~net", "cgroup ipc mnt uts", File(""), File("net", "pid"),
                                     File("~net", "~pid"), File("net pid", "~pid"), File("yes", "net"),
                                     File("net", "", "pid")],
    "RestrictNetworkInterfaces": ["eth0", "eth0 wlan0", "~lo", "", File("eth0", "wlan0"), File("eth0 lo", "~lo")],
    "RestrictRealtime": BOOLEAN,
    "RestrictSUIDSGID": BOOLEAN,
    "RootDirectory": ["/srv/root", "", File("/srv//root/")],
    "RootDirectoryStartOnly": BOOLEAN,
    "RootHash": ["0123456789abcdef0123456789ABCDEF", "/srv/root.hash", "",
                 File("/srv/root.hash", "0123456789abcdef0123456789abcdef")],
    "RootHashSignature": ["base64:aGVsbG8=", "/srv/root.p7s", ""],
    "RootImage": ["/srv/root.raw", ""],
    "RootImageOptions": ["ro,nodev", "root:ro home:nodev", "usr:ro", "", File("root:ro", "home:nodev")],
    "RootVerity": ["/srv/root.verity", ""],
    "RuntimeDirectory": LINKED_DIRECTORIES,
    "RuntimeDirectoryMode": MODE,
    "RuntimeDirectoryPreserve": BOOLEAN + ["restart"],
    "SELinuxContext": ["system_u:system_r:x_t:s0", ""],
    "SecureBits": ["keep-caps", "keep-caps noroot-locked", "no-setuid-fixup no-setuid-fixup-locked noroot", ""],
    "SendSIGHUP": BOOLEAN,
    "SendSIGKILL": ["yes", "1", "true", "on"],
    "SetCredential": ["name:data", r"name:a\nb\x00c", "name:with:colon", "name:  spaces ", "",
                      File("a:1", "b:2"), File("a:1", "a:2"), File("a:1", "", "b:2")],
    "SetCredentialEncrypted": ["name:aGVsbG8=", "name:aGVs bG8=", "", File(("SetCredential", "a:1"), "a:aGVsbG8=")],
    "SmackProcessLabel": ["label", "-label", ""],
    "SocketBindAllow": ["any", "80", "ipv4:tcp:1000-2000", "udp:53", "ipv6:any", "tcp", "ipv4:udp", "1-65535", "",
                        File("80", "tcp:443"), File("80", "", "443")],
    "SocketBindDeny": ["any", "ipv6:udp:1-1024", ""],
    "StandardError": ["inherit", "null", "journal"],
    "StandardInput": ["null", "data", "file:/etc/hostname", File("file:/etc/hostname", "null"),
                      File("null", "file:/etc//hostname")],
    "StandardInputData": ["aGVsbG8K", "aGVs bG8K", "", File("aGVsbG8K", "d29ybGQK"),
                          File(("StandardInput", "data"), "aGVsbG8K")],
    "StandardInputText": [File("hello"), File(r"a\tb\x41"), File("one", "two"), File("one", "", "two"),
                          File("one", ("StandardInputData", "dHdv"))],
    "StandardOutput": ["inherit", "null", "journal"],
    "StartupAllowedCPUs": CPUS,
    "StartupAllowedMemoryNodes": CPUS,
    "StartupBlockIOWeight": ["10", "1000", ""],
    "StartupCPUShares": ["2", "1024", "262144", ""],
    "StartupCPUWeight": WEIGHT + ["idle"],
    "StartupIOWeight": WEIGHT,
    "StateDirectory": LINKED_DIRECTORIES,
    "StateDirectoryMode": MODE,
    "SuccessExitStatus": ["0", "255", "1 2 3", "TEMPFAIL", "SIGUSR1", "TEMPFAIL 250 SIGKILL", "DATAERR HUP", "",
                          File("1", "SIGKILL 2"), File("1", "", "2"), "SIGRTMIN+1"],
    "SupplementaryGroups": ["daemon", "daemon 0 adm", "", File("daemon", "adm"), File("daemon", "", "adm")],
    "SyslogFacility": ["kern", "user", "daemon", "local7", "0", "23", "authpriv"],
    "SyslogIdentifier": ["ident", "with space", "", "ä"],
    "SyslogLevel": ["emerg", "debug", "3", "warning"],
    "SyslogLevelPrefix": BOOLEAN,
    "SystemCallArchitectures": ["native", "x86 x86-64 x32", "", File("native", "x86"), File("x86", "", "native")],
    "SystemCallErrorNumber": ["EPERM", "kill", "1", "4095", "EWOULDBLOCK", "ENOTSUP", File("EPERM", "")],
    "SystemCallFilter": ["@system-service", "read write", "~@mount", "~@mount:EPERM reboot:kill open:5", "",
                         File("@system-service", "~@mount"), File("~@mount", "~@swap"), File("~@mount", "mount"),
                         File("read", "write"), File("read write", "~write", "open"), File("~@mount", "", "read")],
    "SystemCallLog": ["@mount", "~read", "", File("@mount", "@swap"), File("@mount", "~mount")],
    "TasksAccounting": BOOLEAN,
    "TasksMax": ["1", "512", "infinity", "50%", "10%", "99%", "0x20", "", File("10", "50%"), File("50%", "10"),
                 File("10", "")],
    "TemporaryFileSystem": ["/mnt", "/mnt:ro", "/mnt:ro,size=1M /srv", "/mnt:mode=0700", "", '"/a b:ro"',
                            File("/mnt", "/srv:ro"), File("/mnt", "", "/srv"), "/a//b/"],
    "TimerSlackNSec": ["1ms", "50", "1us", "infinity", "1s 5ns", "0"],
    "UMask": ["0022", "077", "0"],
    "UnsetEnvironment": ["HOME", "HOME A=1", "", File("A", "B=1"), File("A A"), File("A", "", "B")],
    "User": ["root", "0", "1000", "daemon", "nobody", "", "with.dot", "DOMAIN\\\\user".replace("\\\\", "\\")],
    "UtmpIdentifier": ["ab", ""],
    "UtmpMode": ["init", "login", "user"],
    "WorkingDirectory": ["/srv", "-/srv", "~", "-~", "", File("/srv//a/./b/"), File("/srv", "~"), File("~", "/srv")],
}


def samples_of(key):
    for value in SAMPLES[key]:
        if isinstance(value, Run):
            yield Sample(key, value.lines, True, False)
        elif isinstance(value, File):
            yield Sample(key, value.lines, False, True)
        else:
            yield Sample(key, [value], True, True)


def has_command(sample):
    return any(key == "ExecStart" for key, _ in sample.settings)


def load_by_unit_file(unit, sample):
    lines = [] if has_command(sample) else ["ExecStart=/usr/bin/true"]
    lines += [f"{key}={value}" for key, value in sample.settings]
    (UNIT_FILES / f"{unit}.service").write_text("[Service]\n" + "\n".join(lines) + "\n")


def load_by_systemd_run(unit, sample):
    options = [option for key, value in sample.settings for option in ("-p", f"{key}={value}")]
    result = subprocess.run(["systemd-run", "-q", "--on-active=1d", f"--unit={unit}", *options, "/usr/bin/true"],
                            capture_output=True, text=True)
    return "ok" if result.returncode == 0 else result.stderr.strip()


def load_by_jobd(records):
    """Loads all units by one process; returns what became of each."""
    data = ""
    for unit, sample in records:
        settings = sample.settings if has_command(sample) else [("ExecStart", "/usr/bin/true"), *sample.settings]
        data += unit + "\0" + "".join(f"{key}={value}\0" for key, value in settings) + "\0"
    result = subprocess.run([START_UNIT, "--load"], input=data, capture_output=True, text=True, check=True)
    return result.stdout.splitlines()


# What differs for every unit, and says nothing of its settings.
IDENTITY = {"Id", "Names", "Description", "FragmentPath", "UnitFileState", "UnitFilePreset", "Transient", "Triggers",
            "TriggeredBy", "StateChangeTimestamp", "StateChangeTimestampMonotonic", "InvocationID"}


def show(units):
    """All properties of the units, by unit."""
    if not units:
        return {}
    output = subprocess.run(["systemctl", "show", "--all", *[f"{unit}.service" for unit in units]],
                            capture_output=True, text=True, check=True).stdout
    blocks = output.rstrip("\n").split("\n\n")
    assert len(blocks) == len(units), f"{len(blocks)} blocks of {len(units)} units"
    return dict(zip(units, map(parse_block, units, blocks)))


# Sets, which systemd prints in any order.
UNORDERED = {"After", "Before", "Requires", "Wants", "RequiresMountsFor", "IPAddressAllow", "IPAddressDeny",
             "RestrictFileSystems", "RestrictNetworkInterfaces"}


def parse_block(unit, block):
    properties = {}
    for line in block.splitlines():
        name, _, value = line.partition("=")
        if name in IDENTITY:
            continue
        if name in UNORDERED:
            value = " ".join(sorted(word for word in value.split() if word != f"{unit}.timer"))
        properties.setdefault(name, []).append(value.replace(unit, "UNIT"))
    return {name: sorted(values) for name, values in properties.items()}


class ServiceSettings(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        UNIT_FILES.mkdir(parents=True, exist_ok=True)
        cls.samples = [sample for key in SAMPLES for sample in samples_of(key)]
        for number, sample in enumerate(cls.samples):
            if sample.file:
                load_by_unit_file(f"file{number}", sample)

        by_run = [(f"run{number}", sample) for number, sample in enumerate(cls.samples) if sample.run]
        by_jobd = [(f"jobd{number}", sample) for number, sample in enumerate(cls.samples)]
        cls.loaded = dict(zip([unit for unit, _ in by_jobd], load_by_jobd(by_jobd)))
        with ThreadPoolExecutor(4) as pool:
            cls.loaded.update(zip([unit for unit, _ in by_run],
                                  pool.map(lambda record: load_by_systemd_run(*record), by_run)))

        cls.properties = {}
        units = [unit for unit, why in cls.loaded.items() if why == "ok"]
        units += [f"file{number}" for number, sample in enumerate(cls.samples) if sample.file]
        for start in range(0, len(units), 500):
            cls.properties.update(show(units[start:start + 500]))

    def test_every_setting_has_samples(self):
        listed = subprocess.run([START_UNIT, "--list"], capture_output=True, text=True, check=True).stdout.split()
        self.assertEqual(sorted(SAMPLES), listed)

    def compare(self, reference, number, sample):
        ours, theirs = self.properties[f"jobd{number}"], self.properties[f"{reference}{number}"]
        differences = {name: (ours.get(name), theirs.get(name)) for name in ours.keys() | theirs.keys()
                       if ours.get(name) != theirs.get(name)}
        self.assertEqual(differences, {}, f"{sample}: jobd's, {reference}'s")

    def test_as_systemd_run(self):
        for number, sample in enumerate(self.samples):
            with self.subTest(str(sample)):
                self.assertEqual(self.loaded[f"jobd{number}"], "ok")
                if sample.run:
                    self.assertEqual(self.loaded[f"run{number}"], "ok")
                    self.compare("run", number, sample)

    def test_as_unit_file(self):
        for number, sample in enumerate(self.samples):
            with self.subTest(str(sample)):
                self.assertEqual(self.loaded[f"jobd{number}"], "ok")
                if sample.file:
                    self.compare("file", number, sample)


if __name__ == "__main__":
    unittest.main()
