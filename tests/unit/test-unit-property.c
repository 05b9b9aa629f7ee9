/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "unit-property.h"

#include <string.h>

/* Adds "KEY=VALUE". */
static int add(GPtrArray *properties, const char *setting, char **ret_error) {
        const char *equals = strchr(setting, '=');
        g_autofree char *key = g_strndup(setting, (gsize) (equals - setting));
        /* On the heap and of exact size, so that the sanitizer sees a byte too many. */
        g_autofree char *value = g_strdup(equals + 1);

        return unit_property_add(properties, key, value, ret_error);
}

static char *print(const GPtrArray *properties) {
        GString *s = g_string_new(NULL);

        for (guint i = 0; i < properties->len; i++) {
                const UnitProperty *p = g_ptr_array_index(properties, i);
                g_autofree char *text = g_variant_print(p->value, TRUE);

                g_assert_true(g_variant_is_normal_form(p->value));
                g_assert_false(g_variant_is_floating(p->value));
                g_string_append_printf(s, "%s%s %s", i > 0 ? "; " : "", p->name, text);
        }

        return g_string_free(s, FALSE);
}

static void assert_properties(const char *const *settings, const char *expected) {
        g_autoptr(GPtrArray) properties = unit_property_array_new();
        g_autofree char *printed = NULL;

        for (; *settings; settings++) {
                g_autofree char *error = NULL;
                int r = add(properties, *settings, &error);

                g_assert_cmpstr(error, ==, NULL);
                g_assert_cmpint(r, ==, 0);
        }

        printed = print(properties);
        g_assert_cmpstr(printed, ==, expected);
}

/* The array must be as it was, and the message one line that begins with the setting. */
static int assert_not_added(const char *setting, char **ret_error) {
        g_autoptr(GPtrArray) properties = unit_property_array_new();
        g_autofree char *error = NULL, *key = g_strndup(setting, strcspn(setting, "="));
        int r;

        r = add(properties, setting, &error);
        g_assert_cmpint(r, <, 0);
        g_assert_cmpuint(properties->len, ==, 0);
        g_assert_nonnull(error);
        g_assert_true(g_str_has_prefix(error, key));
        g_assert_null(strpbrk(error, "\n\r\t"));
        g_assert_true(g_utf8_validate(error, -1, NULL));

        *ret_error = g_steal_pointer(&error);
        return r;
}

static void test_values(void) {
        static const struct {
                const char *setting, *expected;
        } values[] = {
                { "MemoryMax=1073741824", "MemoryMax uint64 1073741824" },
                { "MemoryMax=1G", "MemoryMax uint64 1073741824" },
                { "MemoryMax=1.5K", "MemoryMax uint64 1536" },
                { "MemoryMax=1M 512K", "MemoryMax uint64 1572864" },
                { "MemoryMax=1", "MemoryMax uint64 1" },
                { "MemoryMax=18446744073709551614", "MemoryMax uint64 18446744073709551614" },
                { "MemoryMax=infinity", "MemoryMax uint64 18446744073709551615" },
                { "MemoryMax=100%", "MemoryMaxScale uint32 4294967295" },
                { "MemoryMax=0.01%", "MemoryMaxScale uint32 429497" },
                { "MemorySwapMax=0", "MemorySwapMax uint64 0" },
                { "MemoryLow=0%", "MemoryLowScale uint32 0" },
                { "TasksMax=1", "TasksMax uint64 1" },
                { "TasksMax=50%", "TasksMaxScale uint32 2147483648" },
                { "CPUQuota=20%", "CPUQuotaPerSecUSec uint64 200000" },
                { "CPUQuota=1%", "CPUQuotaPerSecUSec uint64 10000" },
                { "CPUQuota=250%", "CPUQuotaPerSecUSec uint64 2500000" },
                { "CPUQuotaPeriodSec=10ms", "CPUQuotaPeriodUSec uint64 10000" },
                { "CPUWeight=idle", "CPUWeight uint64 0" },
                { "CPUWeight=1", "CPUWeight uint64 1" },
                { "IOWeight=10000", "IOWeight uint64 10000" },
                { "AllowedCPUs=0-3,9", "AllowedCPUs [byte 0x0f, 0x02]" },
                { "CPUAffinity=numa", "CPUAffinityFromNUMA true" },
                { "IOReadBandwidthMax=/dev/sda 5M", "IOReadBandwidthMax [('/dev/sda', uint64 5000000)]" },
                { "IODeviceLatencyTargetSec=/dev/sda 25ms", "IODeviceLatencyTargetUSec [('/dev/sda', uint64 25000)]" },
                { "IPAddressDeny=10.0.0.0/8 ::1",
                  "IPAddressDeny [(2, [byte 0x0a, 0x00, 0x00, 0x00], uint32 8), (10, [0x00, 0x00, 0x00, 0x00, 0x00, "
                  "0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01], 128)]" },
                { "DeviceAllow=/dev/null rw", "DeviceAllow [('/dev/null', 'rw')]" },
                { "DeviceAllow=char-pts", "DeviceAllow [('char-pts', '')]" },
                { "BPFProgram=egress:/sys/fs/bpf/x", "BPFProgram [('egress', '/sys/fs/bpf/x')]" },
                { "SocketBindAllow=ipv4:tcp:80-81", "SocketBindAllow [(2, 6, uint16 2, uint16 80)]" },
                { "Delegate=yes", "Delegate true" },
                { "Delegate=cpu io", "DelegateControllers ['cpu', 'io']" },
                { "LimitNOFILE=10:20", "LimitNOFILE uint64 20; LimitNOFILESoft uint64 10" },
                { "LimitCPU=1500ms", "LimitCPU uint64 2; LimitCPUSoft uint64 2" },
                { "LimitRTTIME=1ms", "LimitRTTIME uint64 1000; LimitRTTIMESoft uint64 1000" },
                { "LimitNICE=-5", "LimitNICE uint64 25; LimitNICESoft uint64 25" },
                { "LimitNICE=+5", "LimitNICE uint64 15; LimitNICESoft uint64 15" },
                { "LimitCORE=infinity",
                  "LimitCORE uint64 18446744073709551615; LimitCORESoft uint64 18446744073709551615" },
                { "Nice=-20", "Nice -20" },
                { "Nice=010", "Nice 8" },
                { "OOMScoreAdjust=-1000", "OOMScoreAdjust -1000" },
                { "UMask=0022", "UMask uint32 18" },
                { "UMask=7777", "UMask uint32 4095" },
                { "KillSignal=SIGINT", "KillSignal 2" },
                { "KillSignal=RTMIN+1", "KillSignal 35" },
                { "KillSignal=64", "KillSignal 64" },
                { "TimerSlackNSec=1us", "TimerSlackNSec uint64 1000" },
                { "CoredumpFilter=default", "CoredumpFilter uint64 51" },
                { "SystemCallErrorNumber=EPERM", "SystemCallErrorNumber 1" },
                { "SystemCallErrorNumber=kill", "SystemCallErrorNumber 2147483646" },
                { "SystemCallFilter=~@mount reboot:EPERM", "SystemCallFilter (false, ['@mount', 'reboot:EPERM'])" },
                { "RestrictAddressFamilies=none", "RestrictAddressFamilies (true, @as [])" },
                { "RestrictNamespaces=yes", "RestrictNamespaces uint64 0" },
                { "RestrictNamespaces=no", "RestrictNamespaces uint64 2114060288" },
                { "RestrictNamespaces=~net", "RestrictNamespaces uint64 1040318464" },
                { "CapabilityBoundingSet=", "CapabilityBoundingSet uint64 0" },
                { "CapabilityBoundingSet=CAP_CHOWN CAP_NET_ADMIN", "CapabilityBoundingSet uint64 4097" },
                { "CapabilityBoundingSet=~CAP_CHOWN", "CapabilityBoundingSet uint64 18446744073709551614" },
                { "SecureBits=noroot noroot-locked", "SecureBits 3" },
                { "ProtectSystem=strict", "ProtectSystem 'strict'" },
                { "PrivateTmp=on", "PrivateTmp true" },
                { "WorkingDirectory=-/srv//x/", "WorkingDirectory '-/srv/x'" },
                { "WorkingDirectory=~", "WorkingDirectory '~'" },
                { "ReadWritePaths=-/a \"/b c\"", "ReadWritePaths ['-/a', '/b c']" },
                { "ReadOnlyDirectories=/a", "ReadOnlyPaths ['/a']" },
                { "BindPaths=-/a:/b:norbind /c",
                  "BindPaths [('/a', '/b', true, uint64 0), ('/c', '/c', false, 16384)]" },
                { "TemporaryFileSystem=/mnt:ro", "TemporaryFileSystem [('/mnt', 'ro')]" },
                { "StateDirectory=a b/c:d", "StateDirectory ['a']; StateDirectorySymlink [('b/c', 'd', uint64 0)]" },
                { "MountImages=/a.raw:/mnt:ro", "MountImages [('/a.raw', '/mnt', false, [('root', 'ro')])]" },
                { "RootHash=/x", "RootHashPath '/x'" },
                { "AppArmorProfile=-p", "AppArmorProfile (true, 'p')" },
                { "Environment=A=1 'B=x y' C=\\x41", "Environment ['A=1', 'B=x y', 'C=A']" },
                { "Environment=A=$(reboot)%n", "Environment ['A=$(reboot)%n']" },
                { "EnvironmentFile=-/etc/x", "EnvironmentFiles [('/etc/x', true)]" },
                { "LoadCredential=a:/etc/x", "LoadCredential [('a', '/etc/x')]" },
                { "LoadCredential=a", "LoadCredential [('a', 'a')]" },
                { "SetCredential=a:\\x00\\xff", "SetCredential [('a', [byte 0x00, 0xff])]" },
                { "SetCredentialEncrypted=a:AP8=", "SetCredentialEncrypted [('a', [byte 0x00, 0xff])]" },
                { "StandardInput=file:/etc/x", "StandardInputFile '/etc/x'" },
                { "StandardInputText=a\\tb", "StandardInputData [byte 0x61, 0x09, 0x62, 0x0a]" },
                { "StandardInputData=AP8=", "StandardInputData [byte 0x00, 0xff]" },
                { "SuccessExitStatus=1 TEMPFAIL SIGUSR1", "SuccessExitStatus ([1, 75], [10])" },
                { "User=1000", "User '1000'" },
                { "ExecStart=/bin/echo \"a b\" %n $(x)",
                  "ExecStart [('/bin/echo', ['/bin/echo', 'a b', '%n', '$(x)'], false)]" },
                { "ExecStart=-@/bin/sh -sh x", "ExecStart [('/bin/sh', ['-sh', 'x'], true)]" },
                { "ExecStart=:/bin/echo $HOME",
                  "ExecStartEx [('/bin/echo', ['/bin/echo', '$HOME'], ['no-env-expand'])]" },
                { "ExecStart=-+/bin/x", "ExecStartEx [('/bin/x', ['/bin/x'], ['ignore-failure', 'privileged'])]" },
                { "ExecStart=!/bin/x", "ExecStartEx [('/bin/x', ['/bin/x'], ['no-setuid'])]" },
                { "ExecStart=!!/bin/x", "ExecStartEx [('/bin/x', ['/bin/x'], ['ambient'])]" },
                { "ExecStart=x", "ExecStart [('x', ['x'], false)]" },
        };

        for (size_t i = 0; i < ELEMENTSOF(values); i++) {
                g_test_message("%s", values[i].setting);
                assert_properties((const char *const[]) { values[i].setting, NULL }, values[i].expected);
        }
}

static void test_more_than_one_line(void) {
        static const struct {
                const char *settings[5], *expected;
        } values[] = {
                /* one value: the last counts, whatever property it turned into */
                { { "Nice=1", "Nice=2" }, "Nice 2" },
                { { "MemoryMax=1G", "MemoryMax=10%" }, "MemoryMaxScale uint32 429496730" },
                { { "MemoryMax=10%", "MemoryMax=1K" }, "MemoryMax uint64 1024" },
                { { "MemoryMax=10%", "MemoryMax=" }, "" },
                { { "LimitNOFILE=1:2", "LimitNOFILE=3" }, "LimitNOFILE uint64 3; LimitNOFILESoft uint64 3" },
                { { "StandardInput=file:/a", "StandardInput=null" }, "StandardInput 'null'" },
                { { "CPUAffinity=1", "CPUAffinity=numa" }, "CPUAffinityFromNUMA true" },
                { { "User=a", "User=" }, "" },

                /* lists: they grow, an empty value clears */
                { { "ReadWritePaths=/a", "ReadWriteDirectories=/b" }, "ReadWritePaths ['/a', '/b']" },
                { { "ReadWritePaths=/a", "ReadWritePaths=", "ReadWritePaths=/b" }, "ReadWritePaths ['/b']" },
                { { "ReadWritePaths=/a", "ReadWritePaths= \t" }, "" },
                { { "BindPaths=/a", "BindReadOnlyPaths=/b", "BindPaths=" }, "" },
                { { "Environment=A=1 B=1", "Environment=A=2", "Environment=C=3" },
                  "Environment ['A=2', 'B=1', 'C=3']" },
                { { "Environment=AB=1", "Environment=A=2" }, "Environment ['AB=1', 'A=2']" },
                { { "PassEnvironment=A B", "PassEnvironment=A" }, "PassEnvironment ['A', 'B']" },
                { { "StandardInputText=a", "StandardInputData=Yg==" }, "StandardInputData [byte 0x61, 0x0a, 0x62]" },
                { { "AllowedCPUs=1", "AllowedCPUs=9" }, "AllowedCPUs [byte 0x02, 0x02]" },
                { { "SuccessExitStatus=1 2", "SuccessExitStatus=2 SIGHUP" }, "SuccessExitStatus ([1, 2], [1])" },
                { { "StateDirectory=a:b", "StateDirectory=" }, "" },
                { { "Delegate=cpu", "Delegate=" }, "DelegateControllers @as []" },
                { { "Delegate=cpu", "Delegate=no" }, "Delegate false" },

                /* a credential's name stands for one, encrypted or not */
                { { "SetCredential=a:1", "SetCredential=b:2", "SetCredential=a:3" },
                  "SetCredential [('b', [byte 0x32]), ('a', [0x33])]" },
                { { "SetCredential=a:1", "SetCredentialEncrypted=a:/w==" },
                  "SetCredentialEncrypted [('a', [byte 0xff])]" },
                { { "LoadCredentialEncrypted=a:/x", "LoadCredential=" }, "" },

                /* what one line takes away must not come back by the next */
                { { "CapabilityBoundingSet=~CAP_CHOWN", "CapabilityBoundingSet=~CAP_DAC_OVERRIDE" },
                  "CapabilityBoundingSet uint64 18446744073709551612" },
                { { "CapabilityBoundingSet=CAP_CHOWN", "CapabilityBoundingSet=CAP_FOWNER" },
                  "CapabilityBoundingSet uint64 9" },
                { { "RestrictNamespaces=~net", "RestrictNamespaces=~user" }, "RestrictNamespaces uint64 771883008" },
                { { "SystemCallFilter=read", "SystemCallFilter=write" },
                  "SystemCallFilter (true, ['read', 'write'])" },
                { { "SystemCallFilter=@system-service", "SystemCallFilter=~@mount", "SystemCallFilter=~@swap",
                    "SystemCallFilter=mount" },
                  "SystemCallFilter (true, ['@system-service']); SystemCallFilter (false, ['@mount', '@swap']); "
                  "SystemCallFilter (true, ['mount'])" },
                { { "SystemCallFilter=~@mount", "SystemCallFilter=@mount", "SystemCallFilter=" }, "" },
                { { "RestrictAddressFamilies=AF_UNIX", "RestrictAddressFamilies=none" },
                  "RestrictAddressFamilies (true, @as [])" },

                /* commands: plain ones become extended when the first comes that must be */
                { { "ExecStartPre=/a", "ExecStartPre=-/b" },
                  "ExecStartPre [('/a', ['/a'], false), ('/b', ['/b'], true)]" },
                { { "ExecStartPre=-/a", "ExecStartPre=+/b", "ExecStartPre=/c" },
                  "ExecStartPreEx [('/a', ['/a'], ['ignore-failure']), ('/b', ['/b'], ['privileged']), ('/c', ['/c'], "
                  "[])]" },
                { { "ExecStartPre=+/a", "ExecStartPre=", "ExecStartPre=/b" }, "ExecStartPre [('/b', ['/b'], false)]" },
                { { "ExecStart=:/a", "ExecStart=", "ExecStart=/b" }, "ExecStart [('/b', ['/b'], false)]" },
        };

        for (size_t i = 0; i < ELEMENTSOF(values); i++)
                assert_properties(values[i].settings, values[i].expected);
}

static void test_second_command(void) {
        g_autoptr(GPtrArray) properties = unit_property_array_new();
        g_autofree char *error = NULL, *printed = NULL;

        g_assert_cmpint(add(properties, "ExecStart=/a", &error), ==, 0);
        g_assert_cmpint(add(properties, "ExecStart=+/b", &error), ==, -EINVAL);
        g_assert_cmpstr(error, ==, "ExecStart=+/b: a run has one command: clear the earlier one by an empty "
                                   "ExecStart=, or use ExecStartPre=");
        printed = print(properties);
        g_assert_cmpstr(printed, ==, "ExecStart [('/a', ['/a'], false)]");
}

static void test_wrong_values(void) {
        /* The integration test has the values that systemd-run refuses; these are about the words. */
        static const struct {
                const char *setting;
                int error;
                const char *message;
        } wrong[] = {
                { "MemoryMax=lots", -EINVAL,
                  "MemoryMax=lots: not a size: use bytes with K, M, G or T, a percentage, or \"infinity\"" },
                { "MemoryMax=0", -EINVAL, "MemoryMax=0: nothing could run: use more than 0 bytes" },
                { "PrivateTmp=maybe", -EINVAL, "PrivateTmp=maybe: not a boolean: use yes or no" },
                { "PrivateTmp=", -EINVAL, "PrivateTmp=: not a boolean: use yes or no" },
                { "Nice=20", -EINVAL, "Nice=20: not a number in range: use one from -20 to 19" },
                { "ProtectSystem=fully", -EINVAL, "ProtectSystem=fully: no such value: use yes, no, full or strict" },
                { "IOSchedulingClass=fast", -EINVAL,
                  "IOSchedulingClass=fast: no such value: use none, realtime, best-effort or idle" },
                { "LimitNOFILE=2:1", -EINVAL,
                  "LimitNOFILE=2:1: the soft limit is above the hard one: use SOFT:HARD" },
                { "RootDirectory=/a/../b", -EINVAL,
                  "RootDirectory=/a/../b: not a path: use an absolute one without \"..\"" },
                { "UMask=8", -EINVAL, "UMask=8: not an access mode: use up to four octal digits, such as 0755" },
                { "ExecStart=bin/backup", -EINVAL,
                  "ExecStart=bin/backup: \"bin/backup\" is a relative path: use an absolute one, or a name without "
                  "\"/\" that is in /usr/local/bin, /usr/bin, /bin or their sbin" },
                { "ExecStart=/bin/a ; /bin/b", -EINVAL,
                  "ExecStart=/bin/a ; /bin/b: commands are not separated by \";\": use one line for each, and \";\" "
                  "in quotes for an argument" },
                { "ExecStart=/bin/echo \"a", -EINVAL,
                  "ExecStart=/bin/echo \"a: a quote is not closed or an escape does not exist: use \\\\ for a "
                  "backslash, \\\" for a quote" },
                { "CapabilityBoundingSet=CAP_FLY", -EINVAL,
                  "CapabilityBoundingSet=CAP_FLY: \"CAP_FLY\" is not a capability: use names such as CAP_NET_ADMIN, "
                  "see capabilities(7)" },
                { "Environment=JOB_VAR_x=1", -EPERM,
                  "Environment=JOB_VAR_x=1: names that begin with JOB_ are jobd's: choose another" },
                { "LoadCredential=job-token:/x", -EPERM,
                  "LoadCredential=job-token:/x: jobd gives a run its own \"job-token\": choose another name" },
                { "KillMode=none", -EPERM,
                  "KillMode=none: would leave processes behind when the run ends: use control-group or mixed" },
                { "StandardOutput=file:/x", -EPERM,
                  "StandardOutput=file:/x: the journal is where the log of a run is kept: use journal, inherit or "
                  "null, and let the program itself write what belongs into a file" },
                { "User=a\nb", -EINVAL,
                  "User=a?b: contains a control character: write it as an escape such as \\n, where the setting has "
                  "escapes" },
                { "User=\377", -EINVAL, "User=\357\277\275: not UTF-8: save the file in that encoding" },
                { "SetCredential=a:s3cret\\q", -EINVAL,
                  "SetCredential=...: an escape does not exist: use \\\\ for a backslash" },
                { "SetCredentialEncrypted=a:s3cret", -EINVAL,
                  "SetCredentialEncrypted=...: not Base64: use what \"systemd-creds encrypt\" prints" },
                { "Nice=1234567890123456789012345678901234567890123456789012345678901234567890", -EINVAL,
                  "Nice=1234567890123456789012345678901234567890123456789012345678901234...: not a number in range: "
                  "use one from -20 to 19" },
        };

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
                g_autofree char *error = NULL;

                g_assert_cmpint(assert_not_added(wrong[i].setting, &error), ==, wrong[i].error);
                g_assert_cmpstr(error, ==, wrong[i].message);
        }
}

static void test_refused_settings(void) {
        static const char *const refused[] = {
                "BusName", "CollectMode", "ExecReload", "ExecStop", "ExitType", "FailureAction",
                "FileDescriptorStoreMax", "FinalKillSignal", "GuessMainPID", "LogExtraFields", "LogNamespace",
                "LogRateLimitBurst", "LogRateLimitIntervalSec", "NotifyAccess", "PIDFile", "RemainAfterExit",
                "Restart", "RestartForceExitStatus", "RestartKillSignal", "RestartPreventExitStatus", "RestartSec",
                "RuntimeMaxSec", "RuntimeRandomizedExtraSec", "Slice", "Sockets", "TTYPath", "TimeoutAbortSec",
                "TimeoutSec", "TimeoutStartSec", "TimeoutStopSec", "Type", "USBFunctionStrings", "WatchdogSec",
        };

        for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
                g_autofree char *setting = g_strconcat(refused[i], "=1", NULL), *error = NULL;
                g_autofree char *prefix = g_strconcat(refused[i], "=: not for a job class: ", NULL);

                g_assert_cmpint(assert_not_added(setting, &error), ==, -EPERM);
                g_assert_true(g_str_has_prefix(error, prefix));
                g_assert_cmpuint(strlen(error), >, strlen(prefix) + 20);
        }
}

static void test_unknown_settings(void) {
        static const char *const unknown[] = {
                "MemroyMax=1", "memorymax=1", "MemoryMax =1", "=1", " =1", "After=x", "Description=x",
                "ConditionHost=x", "TimeLimit=1", "MemoryMaxScale=1", "LimitNOFILESoft=1", "Limit=1", "ExecStartEx=/x",
                "EnvironmentFiles=/x", "TimeoutStopUSec=1", "StandardInputFile=/x", "CPUQuotaPerSecUSec=1",
        };
        g_autofree char *long_key = g_strnfill(100000, 'K'), *long_setting = g_strconcat(long_key, "=1", NULL);
        g_autoptr(GPtrArray) properties = unit_property_array_new();
        g_autofree char *long_error = NULL;

        for (size_t i = 0; i < ELEMENTSOF(unknown); i++) {
                g_autofree char *error = NULL;

                g_assert_cmpint(assert_not_added(unknown[i], &error), ==, -ENOENT);
        }

        g_assert_cmpint(add(properties, long_setting, &long_error), ==, -ENOENT);
        g_assert_cmpuint(strlen(long_error), <, 300);
}

static void collect(const char *key, void *userdata) {
        g_ptr_array_add(userdata, (char *) key);
}

static GPtrArray *supported(void) {
        GPtrArray *keys = g_ptr_array_new();

        unit_property_foreach_supported(collect, keys);
        return keys;
}

static void test_list(void) {
        g_autoptr(GPtrArray) keys = supported();

        g_assert_cmpuint(keys->len, >, 150);
        for (guint i = 1; i < keys->len; i++)
                g_assert_cmpstr(keys->pdata[i - 1], <, keys->pdata[i]);
}

static char *output_of(const char *const *argv) {
        g_autoptr(GError) error = NULL;
        g_autofree char *output = NULL;
        int status;

        g_spawn_sync(NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
                     &output, NULL, &status, &error);
        g_assert_no_error(error);
        g_spawn_check_wait_status(status, &error);
        g_assert_no_error(error);

        return g_steal_pointer(&output);
}

/* Whatever systemd reads in [Service] is here too: supported, or refused with a reason. */
static void test_knows_all_of_systemd(void) {
        static const char *const argv[] = { "/lib/systemd/systemd", "--dump-configuration-items", NULL };
        g_autofree char *output = output_of(argv);
        const char *start = strstr(output, "\n[Service]\n");
        g_auto(GStrv) lines = NULL;
        guint n = 0;

        g_assert_nonnull(start);
        lines = g_strsplit(start + strlen("\n[Service]\n"), "\n", -1);

        for (char **line = lines; **line; line++, n++) {
                g_autoptr(GPtrArray) properties = unit_property_array_new();
                g_autofree char *key = g_strndup(*line, strcspn(*line, "=")), *error = NULL;
                int r = unit_property_add(properties, key, "", &error);

                g_test_message("%s: %s", key, error ?: "");
                g_assert_true(r == 0 || r == -EINVAL || r == -EPERM);
        }
        g_assert_cmpuint(n, >, 200);
}

/* Adds key=PREFIX NAME SUFFIX for the first word of each line that has one, and expects that it is taken. */
static guint assert_names(const char *output, const char *key, const char *format) {
        g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
        guint n = 0;

        for (char **line = lines; *line; line++) {
                g_autoptr(GPtrArray) properties = unit_property_array_new();
                g_autofree char *name = g_strndup(*line, strcspn(*line, " ")), *error = NULL, *value = NULL;
                g_auto(GStrv) parts = g_strsplit(format, "NAME", 2);

                if (!*name || g_str_equal(name, "NAME") || *name == '#')
                        continue;

                value = g_strconcat(parts[0], name, parts[1], NULL);
                g_assert_cmpint(unit_property_add(properties, key, value, &error), ==, 0);
                n++;
        }

        return n;
}

static void test_knows_the_names_of_systemd(void) {
        g_autofree char *statuses = output_of((const char *const[]) { "systemd-analyze", "exit-status", NULL });
        g_autofree char *capabilities = output_of((const char *const[]) { "systemd-analyze", "capability", NULL });
        g_autofree char *calls = output_of((const char *const[]) { "systemd-analyze", "syscall-filter", NULL });

        g_assert_cmpuint(assert_names(statuses, "SuccessExitStatus", "NAME"), >, 60);
        g_assert_cmpuint(assert_names(capabilities, "AmbientCapabilities", "NAME"), >, 35);
        g_assert_cmpuint(assert_names(calls, "SystemCallFilter", "~NAME:EPERM"), >, 25);
}

static void try_hostile(const char *key, const char *value) {
        g_autoptr(GPtrArray) properties = unit_property_array_new();

        /* The second time there is something to add to, or to leave alone. */
        for (int i = 0; i < 2; i++) {
                g_autofree char *error = NULL, *before = print(properties), *after = NULL;
                int r;

                r = unit_property_add(properties, key, value, &error);
                after = print(properties);

                if (r == 0) {
                        g_assert_null(error);
                        continue;
                }

                g_assert_true(r == -EINVAL || r == -EPERM);
                g_assert_cmpstr(before, ==, after);
                g_assert_true(g_str_has_prefix(error, key));
                g_assert_true(g_utf8_validate(error, -1, NULL));
                for (const char *c = error; *c; c++)
                        g_assert_false(g_ascii_iscntrl(*c));
                g_assert_cmpuint(strlen(error), <, 1024 * 1024);
        }
}

static void test_hostile(void) {
        static const char *const values[] = {
                "", " ", "\t", "\n", "a\nb", "\r", "\x01", "\x7f", "\377\376", "\303", "$(reboot)", "`reboot`",
                "%n%%%", "%s%n%p", "\\", "\\x", "\\x0", "\\u", "\\U0011ffff", "\\ud800", "\\400", "\"", "'", "\"'",
                "-", "--", "~", "~~", "@", ":", "::", ":::", "+", "!", "!!!", "@@", "/", "//", "/..", "/../etc", ".",
                "..", "/a:", ":/a", "/a:/b:", "-:", "a:", "-/", "=", "==", "A=", "0", "-0", "-1", "+1", "1.", ".1",
                "1..2", "00", "0x", "0b", "0o", "0x1g", "1e9", "18446744073709551615", "18446744073709551616",
                "-9223372036854775809", "99999999999999999999%", "%", "-1%", "1%%", "infinity", "-infinity", "nan",
                "yes", "none", "all", "numa", "1-", "-1-", "0-8191", "0-8192", "0-4294967295", "4294967295-0",
                "/dev/null ", "/dev/null  -1", "ipv4:ipv6:1", "base64:", "base64:=", "file:", "fd:", "\302\265s",
                "\342\200\213", "/a b /c", "a,b", "a;b", "; ;", "[]", "{}", "()", "*", "?", "#", "|",
        };
        g_autofree char *megabyte = g_strnfill(1024 * 1024, 'a'), *most = g_strnfill(UNIT_PROPERTY_VALUE_MAX, '/');
        g_autofree char *digits = g_strnfill(UNIT_PROPERTY_VALUE_MAX, '9');
        g_autofree char *backslashes = g_strnfill(UNIT_PROPERTY_VALUE_MAX - 1, '\\');
        g_autoptr(GString) words = g_string_new(NULL), paths = g_string_new(NULL);
        g_autoptr(GPtrArray) keys = supported();

        for (int i = 0; i < 3000; i++) {
                g_string_append(words, "A=1 ");
                g_string_append_printf(paths, "/%d:/x ", i);
        }

        for (guint i = 0; i < keys->len; i++) {
                for (size_t j = 0; j < ELEMENTSOF(values); j++)
                        try_hostile(keys->pdata[i], values[j]);

                try_hostile(keys->pdata[i], megabyte);
                try_hostile(keys->pdata[i], most);
                try_hostile(keys->pdata[i], digits);
                try_hostile(keys->pdata[i], backslashes);
                try_hostile(keys->pdata[i], words->str);
                try_hostile(keys->pdata[i], paths->str);
        }
}

static void test_value_length(void) {
        g_autoptr(GPtrArray) properties = unit_property_array_new();
        g_autofree char *value = g_strnfill(UNIT_PROPERTY_VALUE_MAX + 1, 'a'), *error = NULL;

        g_assert_cmpint(unit_property_add(properties, "SyslogIdentifier", value, &error), ==, -EINVAL);
        g_assert_true(g_str_has_suffix(error, ": too long: at most 131072 bytes"));

        value[UNIT_PROPERTY_VALUE_MAX] = 0;
        g_clear_pointer(&error, g_free);
        g_assert_cmpint(unit_property_add(properties, "SyslogIdentifier", value, &error), ==, 0);
}

/* "PREFIX0SUFFIX PREFIX1SUFFIX..." */
static char *many(int n, const char *prefix, const char *suffix) {
        GString *s = g_string_new(NULL);

        for (int i = 0; i < n; i++)
                g_string_append_printf(s, "%s%d%s ", prefix, i, suffix);

        return g_string_free(s, FALSE);
}

static void test_list_length(void) {
        static const struct {
                const char *key, *prefix, *suffix;
        } lists[] = {
                { "Environment", "A", "=1" },
                { "UnsetEnvironment", "A", "" },
                { "ReadWritePaths", "/", "" },
                { "BindPaths", "/", ":/x" },
                { "TemporaryFileSystem", "/", "" },
                { "StateDirectory", "s", "" },
                { "StateDirectory", "s", ":link" },
                { "SupplementaryGroups", "g", "" },
                { "SystemCallFilter", "call", "" },
                { "MountImages", "/", ".raw:/mnt" },
        };

        for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
                g_autoptr(GPtrArray) properties = unit_property_array_new();
                g_autofree char *most = many(UNIT_PROPERTY_LIST_MAX, lists[i].prefix, lists[i].suffix);
                g_autofree char *beyond = many(UNIT_PROPERTY_LIST_MAX + 1, lists[i].prefix, lists[i].suffix);
                g_autofree char *one = g_strconcat(lists[i].prefix, "9999", lists[i].suffix, NULL);
                g_autofree char *error1 = NULL, *error2 = NULL, *error3 = NULL, *printed = NULL, *again = NULL;

                g_assert_cmpint(unit_property_add(properties, lists[i].key, beyond, &error1), ==, -EINVAL);
                g_assert_cmpint(unit_property_add(properties, lists[i].key, most, &error2), ==, 0);
                printed = print(properties);
                g_assert_cmpint(unit_property_add(properties, lists[i].key, one, &error3), ==, -EINVAL);
                again = print(properties);
                g_assert_cmpstr(printed, ==, again);
        }
}

static void test_command_length(void) {
        g_autoptr(GPtrArray) properties = unit_property_array_new();
        g_autofree char *most = many(UNIT_PROPERTY_LIST_MAX - 1, "", ""), *error1 = NULL, *error2 = NULL;
        g_autofree char *beyond = many(UNIT_PROPERTY_LIST_MAX, "", ""), *error3 = NULL;
        g_autofree char *command1 = g_strconcat("/bin/echo ", most, NULL);
        g_autofree char *command2 = g_strconcat("/bin/echo ", beyond, NULL);

        g_assert_cmpint(unit_property_add(properties, "ExecStart", command2, &error1), ==, -EINVAL);
        g_assert_cmpint(unit_property_add(properties, "ExecStart", command1, &error2), ==, 0);

        for (int i = 0; i < UNIT_PROPERTY_LIST_MAX; i++)
                g_assert_cmpint(unit_property_add(properties, "ExecStartPre", "/bin/true", &error3), ==, 0);
        g_assert_cmpint(unit_property_add(properties, "ExecStartPre", "/bin/true", &error3), ==, -EINVAL);
        g_clear_pointer(&error3, g_free);
        g_assert_cmpint(unit_property_add(properties, "ExecStartPre", "+/bin/true", &error3), ==, -EINVAL);
        g_assert_null(unit_property_find(properties, "ExecStartPreEx"));
}

static void test_bytes_length(void) {
        static const char *const keys[] = { "StandardInputText", "SetCredential" };
        g_autofree char *text = g_strnfill(100000, 'x');

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                g_autoptr(GPtrArray) properties = unit_property_array_new();
                g_autofree char *error = NULL;
                int n = 0, r;

                do {
                        g_autofree char *value = g_strdup_printf("name%d:%s", n++, text);

                        r = unit_property_add(properties, keys[i], value, &error);
                } while (r == 0);

                g_assert_cmpint(r, ==, -EINVAL);
                g_assert_cmpint(n, ==, UNIT_PROPERTY_BYTES_MAX / 100000 + 1);
                g_assert_null(strstr(error, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"));
        }
}

/* Only filters can grow the array without bounds: by turns. */
static void test_array_length(void) {
        g_autoptr(GPtrArray) properties = unit_property_array_new();
        g_autofree char *error = NULL;
        int r, n = 0;

        do
                r = unit_property_add(properties, "SystemCallFilter", n++ % 2 ? "~read" : "read", &error);
        while (r == 0);

        g_assert_cmpint(r, ==, -EINVAL);
        g_assert_cmpuint(properties->len, ==, UNIT_PROPERTIES_MAX);
}

static void test_secrets(void) {
        static const char *const values[] = {
                "hunter2", ":hunter2", "a:hunter2\\", "a/b:hunter2", "job-data:hunter2", "a:hunter2\n",
                "a:\377hunter2", "a:hunter2=",
        };

        for (size_t i = 0; i < ELEMENTSOF(values); i++) {
                g_autoptr(GPtrArray) properties = unit_property_array_new();
                g_autofree char *error1 = NULL, *error2 = NULL;

                g_assert_cmpint(unit_property_add(properties, "SetCredentialEncrypted", values[i], &error2), <, 0);
                g_assert_null(strstr(error2, "hunter2"));
                if (i + 1 == ELEMENTSOF(values))
                        break; /* no Base64, but a credential */
                g_assert_cmpint(unit_property_add(properties, "SetCredential", values[i], &error1), <, 0);
                g_assert_null(strstr(error1, "hunter2"));
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/unit-property/values", test_values);
        g_test_add_func("/unit-property/more-than-one-line", test_more_than_one_line);
        g_test_add_func("/unit-property/second-command", test_second_command);
        g_test_add_func("/unit-property/wrong-values", test_wrong_values);
        g_test_add_func("/unit-property/refused-settings", test_refused_settings);
        g_test_add_func("/unit-property/unknown-settings", test_unknown_settings);
        g_test_add_func("/unit-property/list", test_list);
        g_test_add_func("/unit-property/knows-all-of-systemd", test_knows_all_of_systemd);
        g_test_add_func("/unit-property/knows-the-names-of-systemd", test_knows_the_names_of_systemd);
        g_test_add_func("/unit-property/hostile", test_hostile);
        g_test_add_func("/unit-property/value-length", test_value_length);
        g_test_add_func("/unit-property/list-length", test_list_length);
        g_test_add_func("/unit-property/command-length", test_command_length);
        g_test_add_func("/unit-property/bytes-length", test_bytes_length);
        g_test_add_func("/unit-property/array-length", test_array_length);
        g_test_add_func("/unit-property/secrets", test_secrets);
        return g_test_run();
}
