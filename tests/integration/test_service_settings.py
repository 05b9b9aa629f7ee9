#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The [Service] settings of a job class mean what they mean to systemd.

For every setting that daemon/unit-property.c supports there are sample values here. Each is given to systemd three
times: by systemd-run -p, by a unit file, and as the properties that unit_property_add() makes of it (the program
start-unit). The three units are loaded, none is started, and systemd is asked for all their properties: they must be
the same. Where systemd-run and unit files differ, or one of them cannot take a value, the sample says which one is right.

Runs as root inside a sandbox with systemd as PID 1. START_UNIT is the path of the program start-unit.
"""

import os
import select
import subprocess
import unittest
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

START_UNIT = os.environ.get("START_UNIT") or str(
    Path(__file__).resolve().parents[2] / "build/tests/start-unit")
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


# One setting of a kind has all spellings, the others only some: what reads them is the same.
BOOLEAN = ["yes", "off"]
EVERY_BOOLEAN = ["yes", "no", "1", "0", "true", "false", "t", "f", "y", "n", "ON", "Off"]
MODE = ["0755", "7777"]
EVERY_MODE = ["0755", "750", "0", "7777"]
WEIGHT = ["1", "100", "10000", ""]
SIZE = ["1048576", "64K", "infinity", "25%", ""]
EVERY_SIZE = ["1048576", "64K", "1.5M", "2G", "1T", "1G 500M", "10B", "0.1K", "1.57M", "2P", "1E", "infinity", "25%",
              "12.5%", "33.33%", "500‰", "12.5‰", "5000‱", "100%", ""]
PATHS = ["/etc", "/etc /usr", "-/etc", ""]
EVERY_PATH = ["/etc", "/etc /usr", "-/etc -/nonexistent", "+/etc", "-+/etc", '"/with space" /b', "/a//b/./c/", "/", ""]
DEVICES = ["/dev/null 10", "/dev/null 1000", File("/dev/null 10", "/dev/zero 20"),
           File("/dev/null 10", "", "/dev/zero 20")]
BANDWIDTH = ["/dev/null 1000", "/dev/null 5M", "/dev/null 1.5G", Run("/dev/null infinity"),
             File("/dev/null 10", "/dev/zero 20"), File("/dev/null 10", "/dev/null 20"), File("/dev/null 10", "")]
CPUS = ["0-3", "0,2,4", "", File("0-1", "5")]
EVERY_CPU = ["0", "0-3", "0,2,4", "0 2 4", "0-1,3 5-6", "8191", "", File("0-1", "5"), File("0-1", "", "5")]
LIMIT_SIZE = ["1G", "64K:1M", "infinity"]
LIMIT_NUMBER = ["1024", "1024:4096", "infinity"]
COMMANDS = ["/usr/bin/true", "-/usr/bin/echo a", "+/usr/bin/true", "", File("/usr/bin/true", "/usr/bin/echo 2")]
EVERY_COMMAND = [
    "/usr/bin/true", "-/usr/bin/true", "@/usr/bin/true argv0 x", "-@/usr/bin/true argv0", ":/usr/bin/echo $HOME",
    "+/usr/bin/true", "!/usr/bin/true", "!!/usr/bin/true", "-+:/usr/bin/echo ${HOME}", ":-@!!/usr/bin/echo a0 b",
    "true", "-true a", "/usr//bin/./true",
    '/usr/bin/echo "two words" \'single quotes\' mid"dle qu"ote', r'/usr/bin/echo \x41\n\t\u00e4\101 \s "\"" \\',
    "/usr/bin/echo ${JOB_VAR_device} $JOB_VAR_device $$", "/usr/bin/echo  two   spaces ",
    '/usr/bin/echo ";" "a;b" a;b',
    '/usr/bin/echo "" \'\'', Run("/usr/bin/echo %n %% %i"), "/usr/bin/echo $(id) `id` | & > <",
    File("/usr/bin/true", "/usr/bin/echo 2"), File("/usr/bin/true", "", "/usr/bin/echo 2"),
    File("/usr/bin/true", "+/usr/bin/echo 2", "-/usr/bin/echo 3"), File("-+/usr/bin/true", "/usr/bin/echo 2"), "",
]
DIRECTORIES = ["one", "one two/three", "", '"with space"', File("a//b/./c/"), File("one", "two"),
               File("one", "", "two")]
LINKS = ["one", "one two:link/2 three", ""]
EVERY_LINK = DIRECTORIES + ["one:link", "one two:link/2 three", "one:link one:link2", File("one:a", "two"),
                            File("one:a", "", "two:b"), File(r"with\:colon:link")]

SAMPLES = {
    "AllowedCPUs": EVERY_CPU,
    "AllowedMemoryNodes": CPUS,
    "AmbientCapabilities": ["CAP_NET_ADMIN", "CAP_NET_ADMIN cap_sys_time", "~CAP_CHOWN", "", "~", "0", "40",
                            File("CAP_CHOWN", "CAP_KILL"), File("CAP_CHOWN CAP_KILL", "~CAP_KILL"),
                            File("CAP_CHOWN", "", "CAP_KILL")],
    "AppArmorProfile": ["profile", "-profile", ""],
    "BPFProgram": ["egress:/sys/fs/bpf/prog", "bind6:/sys/fs/bpf/a:b", "",
                   File("egress:/sys/fs/bpf/prog", "ingress:/sys/fs/bpf/other")],
    "BindPaths": ["/etc", "/etc:/mnt", "/etc:/mnt:norbind /usr:/srv:rbind", "-/etc:/mnt", "-/etc /usr", '"/a b":/mnt',
                  "/etc:/mnt:", File(""), File("/a//b/:/c/./d"), File("/etc", "/usr:/srv"), File("/etc", "", "/usr"),
                  File("/etc", ("BindReadOnlyPaths", "/usr")), File(("BindReadOnlyPaths", "/usr"), "/etc", "")],
    "BindReadOnlyPaths": ["/etc", "/etc:/mnt", "/etc:/mnt:norbind", "-/etc:/mnt", File(""),
                          File("/etc", "/usr:/srv"), File(("BindPaths", "/usr"), "/etc", "")],
    "BlockIOAccounting": BOOLEAN,
    "BlockIODeviceWeight": DEVICES,
    "BlockIOReadBandwidth": BANDWIDTH,
    "BlockIOWeight": ["10", "1000", ""],
    "BlockIOWriteBandwidth": BANDWIDTH,
    "CPUAccounting": BOOLEAN,
    "CPUAffinity": EVERY_CPU + ["numa", File("0-3", "numa"), File("numa", "1")],
    "CPUQuota": ["20%", "200%", "12.5%", "1.01%", "50‰", "100‱", "", "1000%", "8%", File("5%", "")],
    "CPUQuotaPeriodSec": ["10ms", "1s", "100", "", "infinity"],
    "CPUSchedulingPolicy": ["other", "batch", "idle", "fifo", "rr", "0", "1", File("batch", ""),
                            File("fifo", ("CPUSchedulingPriority", "50"))],
    "CPUSchedulingPriority": [Run("1"), Run("99"), Run("0"), File(("CPUSchedulingPolicy", "rr"), "42")],
    "CPUSchedulingResetOnFork": BOOLEAN,
    "CPUShares": ["2", "1024", "262144", ""],
    "CPUWeight": WEIGHT + ["idle"],
    "CacheDirectory": LINKS,
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
    "Delegate": EVERY_BOOLEAN + ["cpu", "cpu memory pids", "", File("cpu", "memory"), File("yes", "cpu"),
                                 File("cpu", "no"), File("cpu", "")],
    "DeviceAllow": ["/dev/null", "/dev/null r", "/dev/sda rwm", "char-pts rw", "block-loop", "char-*", "",
                    File("/dev/null r", "/dev/zero w"), File("/dev/null r", "", "/dev/zero w")],
    "DevicePolicy": ["auto", "closed", "strict"],
    "DisableControllers": ["cpu", "cpu io memory", "", File("cpu", "io"), File("cpu", "", "io")],
    "DynamicUser": BOOLEAN,
    "Environment": ["A=1", "A=1 B=2", '"A=two words" B=x', "'A=1 2' B=\"3 4\"", r'A=\x41\n "B=\""', "A=", "A=b=c", "",
                    "A=$HOME,${HOME}", Run("A=%n%%"), "A='x'\"y\"z", "_x9=ä", "A=$(id);rm",
                    File("A=1 A=2"), File("A=1 B=1", "A=2 C=3"), File("A=1", "", "B=2")],
    "EnvironmentFile": ["/etc/environment", "-/etc/environment", "", "/etc/env*", File("/a//b"),
                        File("/etc/a", "-/etc/b"), File("/etc/a", "", "/etc/b")],
    "ExecPaths": PATHS,
    "ExecSearchPath": ["/usr/bin", Run("/usr/bin /bin"), File("/usr/bin:/bin"), "", File("/usr/bin", "/bin"),
                       File("/usr/bin", "", "/bin")],
    "ExecStart": [File(value) for value in EVERY_COMMAND if isinstance(value, str) and value] +
                 [File("/usr/bin/true", "", "/usr/bin/echo")],
    "ExecStartPost": COMMANDS,
    "ExecStartPre": EVERY_COMMAND,
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
    "LimitAS": LIMIT_SIZE + ["1M:infinity", "0", "4096"],
    "LimitCORE": LIMIT_SIZE,
    "LimitCPU": ["1min", "30", "1.5s", "1s:2min", "infinity", "10:infinity", "500ms"],
    "LimitDATA": LIMIT_SIZE,
    "LimitFSIZE": LIMIT_SIZE,
    "LimitLOCKS": LIMIT_NUMBER,
    "LimitMEMLOCK": LIMIT_SIZE,
    "LimitMSGQUEUE": LIMIT_SIZE,
    "LimitNICE": ["+5", "-5", "0", "20", "40", "+0", "-20", "+19", "10:30"],
    "LimitNOFILE": LIMIT_NUMBER + ["512:infinity", "0", "0x10", "010", "0b101", "0o17", File("10:20", "30")],
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
    "LogLevelMax": ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "0", "7"],
    "LogsDirectory": LINKS,
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
    "MemoryMax": EVERY_SIZE + [File("1G", "10%"), File("10%", "1G"), File("1G", "")],
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
    "PrivateTmp": EVERY_BOOLEAN,
    "PrivateUsers": BOOLEAN,
    "ProcSubset": ["all", "pid"],
    "ProtectClock": BOOLEAN,
    "ProtectControlGroups": BOOLEAN,
    "ProtectHome": EVERY_BOOLEAN + ["read-only", "tmpfs"],
    "ProtectHostname": BOOLEAN,
    "ProtectKernelLogs": BOOLEAN,
    "ProtectKernelModules": BOOLEAN,
    "ProtectKernelTunables": BOOLEAN,
    "ProtectProc": ["default", "noaccess", "invisible", "ptraceable"],
    "ProtectSystem": EVERY_BOOLEAN + ["full", "strict"],
    "ReadOnlyDirectories": PATHS,
    "ReadOnlyPaths": PATHS,
    "ReadWriteDirectories": PATHS,
    "ReadWritePaths": EVERY_PATH,
    "RemoveIPC": BOOLEAN,
    "RestrictAddressFamilies": ["AF_UNIX", "AF_UNIX AF_INET AF_INET6", "~AF_PACKET", "af_unix", "AF_LOCAL AF_NETLINK",
                                File("none"), File(""), File("AF_UNIX", "AF_INET"), File("~AF_UNIX", "~AF_INET"),
                                File("AF_UNIX AF_INET", "~AF_INET"), File("AF_UNIX", "", "AF_INET"),
                                File("none", "AF_UNIX"), File("AF_UNIX", "none"), File("none", "~AF_UNIX")],
    "RestrictFileSystems": ["ext4 tmpfs", "~ext4", "@basic-api", "@known", "", File("ext4", "tmpfs"),
                            File("@basic-api", "~tmpfs")],
    "RestrictNamespaces": EVERY_BOOLEAN + ["net", "net pid user", "~net", "cgroup ipc mnt uts", File(""),
                                           File("net", "pid"), File("~net", "~pid"), File("net pid", "~pid"),
                                           File("yes", "net"), File("net", "", "pid")],
    "RestrictNetworkInterfaces": ["eth0", "eth0 wlan0", "~lo", "", File("eth0", "wlan0"), File("eth0 lo", "~lo")],
    "RestrictRealtime": BOOLEAN,
    "RestrictSUIDSGID": BOOLEAN,
    "RootDirectory": ["/srv/root", "", File("/srv//root/")],
    "RootDirectoryStartOnly": BOOLEAN,
    "RootHash": ["0123456789abcdef0123456789ABCDEF", "/srv/root.hash", File(""),
                 File("/srv/root.hash", "0123456789abcdef0123456789abcdef")],
    "RootHashSignature": ["base64:aGVsbG8=", "/srv/root.p7s", File("")],
    "RootImage": ["/srv/root.raw", ""],
    "RootImageOptions": ["ro,nodev", "root:ro home:nodev", "usr:ro", "", File("root:ro", "home:nodev")],
    "RootVerity": ["/srv/root.verity", ""],
    "RuntimeDirectory": LINKS,
    "RuntimeDirectoryMode": MODE,
    "RuntimeDirectoryPreserve": EVERY_BOOLEAN + ["restart"],
    "SELinuxContext": ["system_u:system_r:x_t:s0", ""],
    "SecureBits": ["keep-caps", "keep-caps noroot-locked", "no-setuid-fixup no-setuid-fixup-locked noroot", ""],
    "SendSIGHUP": BOOLEAN,
    "SendSIGKILL": ["yes", "1", "true", "on"],
    "SetCredential": ["name:data", r"name:a\nb\x00c", "name:with:colon", Run("name:  spaces "), "",
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
    "StateDirectory": EVERY_LINK,
    "StateDirectoryMode": EVERY_MODE,
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
    "TasksMax": ["1", "512", "infinity", "50%", "10%", "99%", "0x20", File(""), File("10", "50%"), File("50%", "10"),
                 File("10", "")],
    "TemporaryFileSystem": ["/mnt", "/mnt:ro", "/mnt:ro,size=1M /srv", "/mnt:mode=0700", "", '"/a b:ro"',
                            File("/mnt", "/srv:ro"), File("/mnt", "", "/srv"), File("/a//b/")],
    "TimerSlackNSec": ["1ms", "50", "1us", "infinity", "1s 5ns", "0"],
    "UMask": ["0022", "077", "0"],
    "UnsetEnvironment": ["HOME", "HOME A=1", "", File("A", "B=1"), File("A A"), File("A", "", "B")],
    "User": ["root", "0", "1000", "daemon", "nobody", "", "with.dot", "DOMAIN\\user"],
    "UtmpIdentifier": ["ab", ""],
    "UtmpMode": ["init", "login", "user"],
    "WorkingDirectory": ["/srv", "-/srv", "~", "-~", "", File("/srv//a/./b/"), File("/srv", "~"), File("~", "/srv")],
}


# What is refused, and that systemd-run refuses it too. Those of jobd alone are below.
REFUSED = {
    "AllowedCPUs": ["x", "1-", "8192", "-1", "1-2-3"],
    "BPFProgram": ["nohook:/sys/fs/bpf/x", "egress:relative", "egress"],
    "BindPaths": ["relative", "/a:b", "/a:/b:bad", '"/a'],
    "BlockIOWeight": ["9", "1001"],
    "CPUQuota": ["0%", "20", "-1%", "x%", "1.234%"],
    "CPUSchedulingPolicy": ["nice", "4", "-1"],
    "CPUSchedulingPriority": ["100", "-1", "x"],
    "CPUWeight": ["0", "10001", "-1", "x", "Idle"],
    "Delegate": ["cpu nonsense"],
    "DeviceAllow": ["/etc/passwd", "/dev/null x", "null"],
    "DevicePolicy": ["none", ""],
    "Environment": ["A", "=1", "1A=1", "A-B=1", '"A=1', r"A=\q", r"A=\x00", r"A=\xff", r"A=\400"],
    "EnvironmentFile": ["relative", "--/etc/x"],
    "ExecStartPre": ["bin/true", "./true", "@/usr/bin/true", "!!!/usr/bin/true", "+!/usr/bin/true", '"/usr/bin/true',
                     r"/usr/bin/echo \q", "++/usr/bin/true", r"/usr/bin/echo \xff"],
    "IOReadBandwidthMax": ["/dev/null", "/dev/null x", "/dev/null -1"],
    "IOSchedulingClass": ["4", "fast"],
    "IOSchedulingPriority": ["8", "-1"],
    "IOWeight": ["0", "10001"],
    "IPAddressAllow": ["300.0.0.1", "10.0.0.0/33", "::/129", "everybody", "1.2.3", "/8"],
    "KillMode": ["all"],
    "KillSignal": ["0", "65", "SIGNONE", "RTMIN+31", "RTMAX+1", "term"],
    "LimitNICE": ["+20", "-21", "41", "infinity"],
    "LimitNOFILE": ["x", "2:1", "1:2:3", ":", "1:", "-1", "18446744073709551615"],
    "LoadCredential": ["a:b/c", "a:/x/../y", "a:/x//y", "a/b:/x", "..:/x", "ä:/x"],
    "MemoryMax": ["lots", "0", "-1", "101%", "1Q", "18446744073709551616", "1K 1M", "1..5K", "1e3"],
    "MountFlags": ["unbindable"],
    "NUMAPolicy": ["all"],
    "Nice": ["20", "-21", "x", "1.5", "5 5"],
    "OOMPolicy": ["ignore"],
    "OOMScoreAdjust": ["1001", "-1001"],
    "PassEnvironment": ["A-B", "A=1"],
    "Personality": ["sparc"],
    "PrivateTmp": ["maybe", "2", "", "yess", " yes"],
    "ProtectSystem": ["fully"],
    "ReadWritePaths": ["relative", "--/etc", "-+-/etc", '"/etc'],
    "RestrictAddressFamilies": ["AF_NONE", "UNIX", "AF_"],
    "RestrictNamespaces": ["cpu", "~none"],
    "RootDirectory": ["relative"],
    "RootHash": ["0123", "xyz", "0123456789abcdef0123456789abcdefa"],
    "SetCredential": ["a/b:x", r"a:\q"],
    "SetCredentialEncrypted": ["a:*", "a:aGVsbG8"],
    "SocketBindAllow": ["0", "65536", "5-4", "ipv5:any", "tcp:ipv4:80", "ipv4:", "ipv4:tcp:80:90"],
    "StandardInputData": ["*", "aGVsbG8", "====", "aGVsbG9="],
    "StateDirectory": ["../x", "/abs", "private", "private/x", "a:/b", "a:../b"],
    "SuccessExitStatus": ["256", "NOSUCH", "-1"],
    "SupplementaryGroups": ["a:b", "65535"],
    "SyslogFacility": ["local8", "128"],
    "SyslogLevel": ["8", "loud"],
    "SystemCallArchitectures": ["z80"],
    "SystemCallErrorNumber": ["ENOSUCH", "0", "4096", "-1"],
    "SystemCallFilter": ["~read:ENOSUCH", "read:EPERM"],
    "TasksMax": ["0", "0%", "100%", "-1", "x"],
    "TemporaryFileSystem": ["relative"],
    "TimerSlackNSec": ["x", "-1", "1parsec"],
    "UMask": ["8", "10000", "x", "-1", "+1"],
    "UnsetEnvironment": ["A-B"],
    "User": ["a:b", "a/b", " x", "x ", "65535", "4294967295", "-5", ".", ".."],
    "WorkingDirectory": ["relative", "-relative"],
}

# What systemd takes, and then leaves out in silence or takes for something else, or what would take a run out of jobd's
# hands.
REFUSED_BY_JOBD = {
    "AmbientCapabilities": ["CAP_NONE"],
    "AppArmorProfile": ["-"],
    "CPUQuota": ["0.5%"],
    "CapabilityBoundingSet": ["CAP_NONE", "~sys_admin", "64"],
    "Environment": ["JOB_RESULT_ID=1", "A=1 JOB_VAR_x=2"],
    "ExecStartPre": ["/usr/bin/true ; /usr/bin/false", "/usr/bin/", "/usr/bin/echo ;", "-", "@"],
    "KillMode": ["process", "none"],
    "LoadCredential": ["job-data:/etc/hostname", "job-token"],
    "PassEnvironment": ["JOB_VAR_x"],
    "RestrictFileSystems": ["@nonsense"],
    "SELinuxContext": ["-unknown"],
    "SecureBits": ["keep-hats"],
    "SendSIGKILL": ["no", "0", "off"],
    "SetCredential": ["job-token:x", "a:"],
    "StandardError": ["tty", "socket", "kmsg", "file:/tmp/x", "append:/tmp/x", "fd:x"],
    "StandardInput": ["tty", "tty-force", "socket", "fd:x", "fd"],
    "StandardOutput": ["tty", "socket", "kmsg", "journal+console", "file:/tmp/x", "truncate:/tmp/x", "fd:x"],
    "SystemCallFilter": ["@nonsense", "Read", "~"],
    "User": ["a\nUser=root"],
    "WorkingDirectory": ["/a/../b"],
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


def show_all(units):
    return {unit: properties for start in range(0, len(units), 500)
            for unit, properties in show(units[start:start + 500]).items()}


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


def show_credentials(unit):
    """systemctl show cannot print credentials."""
    path = "/org/freedesktop/systemd1/unit/" + unit + "_2eservice"
    return subprocess.run(["busctl", "get-property", "org.freedesktop.systemd1", path,
                           "org.freedesktop.systemd1.Service", "LoadCredential", "LoadCredentialEncrypted",
                           "SetCredential", "SetCredentialEncrypted"],
                          capture_output=True, text=True, check=True).stdout.splitlines()


def words_of(bus_text):
    """Credentials are a set too: what busctl prints of it, without the order of the entries."""
    return [sorted(line.split()) for line in bus_text]


class ServiceSettings(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        UNIT_FILES.mkdir(parents=True, exist_ok=True)
        cls.samples = [sample for key in SAMPLES for sample in samples_of(key)]
        for number, sample in enumerate(cls.samples):
            if sample.file:
                load_by_unit_file(f"file{number}", sample)

        cls.properties = show_all([f"file{number}" for number, sample in enumerate(cls.samples) if sample.file])

        by_run = [(f"run{number}", sample) for number, sample in enumerate(cls.samples) if sample.run]
        by_jobd = [(f"jobd{number}", sample) for number, sample in enumerate(cls.samples)]
        cls.loaded = dict(zip([unit for unit, _ in by_jobd], load_by_jobd(by_jobd)))
        with ThreadPoolExecutor(4) as pool:
            cls.loaded.update(zip([unit for unit, _ in by_run],
                                  pool.map(lambda record: load_by_systemd_run(*record), by_run)))
        cls.properties.update(show_all([unit for unit, why in cls.loaded.items() if why == "ok"]))

    def test_every_setting_has_samples(self):
        listed = subprocess.run([START_UNIT, "--list"], capture_output=True, text=True, check=True).stdout.split()
        self.assertEqual(sorted(SAMPLES), listed)

    def compare(self, reference, number, sample):
        ours, theirs = self.properties[f"jobd{number}"], self.properties[f"{reference}{number}"]
        differences = {name: (ours.get(name), theirs.get(name)) for name in ours.keys() | theirs.keys()
                       if ours.get(name) != theirs.get(name)}
        self.assertEqual(differences, {}, f"{sample}: jobd's, {reference}'s")
        if any("Credential" in key for key, _ in sample.settings):
            self.assertEqual(words_of(show_credentials(f"jobd{number}")),
                             words_of(show_credentials(f"{reference}{number}")))

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

    def test_no_line_of_the_unit_files_was_ignored(self):
        """Or a sample would compare one default with another."""
        log = subprocess.run(["journalctl", "-b", "-o", "cat", "-p", "warning", "-g", "file[0-9]+.service:.*ignoring"],
                             capture_output=True, text=True).stdout.splitlines()
        self.assertEqual(log, [])

    def test_refused(self):
        samples = [Sample(key, [value], True, False) for table in (REFUSED, REFUSED_BY_JOBD)
                   for key, values in table.items() for value in values]
        results = load_by_jobd([(f"refused{number}", sample) for number, sample in enumerate(samples)])
        for sample, result in zip(samples, results, strict=True):
            with self.subTest(str(sample)):
                (key, _), = sample.settings
                self.assertTrue(result.startswith(f"{key}="), f"systemd was asked, or no name is given: {result}")

    def test_refused_by_systemd_too(self):
        samples = [Sample(key, [value], True, False) for key, values in REFUSED.items() for value in values]
        with ThreadPoolExecutor(4) as pool:
            results = pool.map(load_by_systemd_run, [f"refusedrun{n}" for n in range(len(samples))], samples)
            for sample, result in zip(samples, results, strict=True):
                with self.subTest(str(sample)):
                    self.assertNotEqual(result, "ok")


class Started(unittest.TestCase):
    """What is compared above is also what a program sees."""

    SETTINGS = [
        ("ExecStartPre", "-/usr/bin/false"),
        ("Environment", r"""'A=two words' "B=a \"quote\" \x41" C=${A}"""),
        ("StandardInput", "data"),
        ("StandardInputText", r"from\tstandard input"),
        ("SetCredential", r"cred:secret\n"),
        ("LimitNOFILE", "123:456"),
        ("UMask", "0027"),
        ("Nice", "7"),
    ]
    PROGRAM = r"""
        printf '%s|' "$@" "$A" "$B" "$C"
        cat
        cat $CREDENTIALS_DIRECTORY/cred
        ulimit -Sn; ulimit -Hn; umask; nice
    """
    SEEN = ('two words|two|words|x y|$|two words|a "quote" A|${A}|from\tstandard input\n'
            'secret\n'
            '123\n456\n0027\n7\n')

    def output_of(self, unit, start):
        fifo = f"/run/{unit}.fifo"
        os.mkfifo(fifo)
        script = Path(f"/run/{unit}.sh")
        script.write_text(f"exec > {fifo}\n{self.PROGRAM}")
        start(unit, ["/bin/sh", str(script), "${A}", "$A", "x y", "$$"])
        return self.read_all(fifo)

    def read_all(self, fifo):
        """Until the program closes it. The timeout is for a program that never came to open it."""
        output = b""
        with open(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as pipe:
            poll = select.poll()
            poll.register(pipe, select.POLLIN)
            while poll.poll(30000):
                data = pipe.read(65536)
                if not data:
                    return output.decode()
                output += data
        self.fail(f"{fifo}: the unit wrote {output} and did not end")

    def start_by_systemd_run(self, unit, command):
        # systemd-run sends StandardInputText= as a property of that name, which systemd does not have.
        settings = [f"{key}={value}" for key, value in self.SETTINGS if key != "StandardInputText"]
        settings.append("StandardInputData=" + b64encode(b"from\tstandard input\n").decode())
        subprocess.run(["systemd-run", "-q", f"--unit={unit}", *[f"-p{setting}" for setting in settings], *command],
                       check=True)

    def start_by_jobd(self, unit, command):
        words = " ".join(f'"{word}"' if " " in word else word for word in command)
        subprocess.run([START_UNIT, unit, *[f"{key}={value}" for key, value in self.SETTINGS], f"ExecStart={words}"],
                       check=True)

    def test_program_sees_the_same(self):
        self.assertEqual(self.output_of("started-run", self.start_by_systemd_run), self.SEEN)
        self.assertEqual(self.output_of("started-jobd", self.start_by_jobd), self.SEEN)


if __name__ == "__main__":
    unittest.main()
