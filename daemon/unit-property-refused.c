/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Settings of [Service] in a unit file that a job class does not have, and what to do instead. */

#include "unit-property-internal.h"

#define TYPE_REASON "jobd starts every run with Type=exec and waits for its main process: leave it out"
#define TIME_REASON "jobd sets the time limits of a run: use SoftTimeLimit= and TimeLimit= in [Job]"
#define RESTART_REASON "systemd does not restart a run: use Retry= and RetryDelay= in [Job]"
#define LOG_REASON "jobd sets this so that no line of a run's log is lost or hard to find: leave it out"
#define TTY_REASON "a run has no terminal: leave it out"
#define NOTIFY_REASON "a run is not asked whether it is alive: use TimeLimit= in [Job]"
#define SOCKET_REASON "a run is given no sockets or other descriptors: let the program open them"
#define UNIT_REASON "it belongs to [Unit], which a run does not have: leave it out"

/* In strcmp() order. */
const UnitRefusal unit_refusals[] = {
        { "BusName", TYPE_REASON },
        { "CollectMode", "jobd keeps the unit of a run until its outcome is stored: leave it out" },
        { "ExecCondition", "a run that was asked for takes place: let the program itself check, and exit" },
        { "ExecReload", "a run is not reloaded: leave it out" },
        { "ExecStop", "it would delay the SIGTERM of the soft time limit: let the program catch that signal" },
        { "ExecStopPost", "it would run after the outcome is decided: let the program itself clean up" },
        { "ExitType", TYPE_REASON },
        { "FailureAction", UNIT_REASON },
        { "FileDescriptorStoreMax", SOCKET_REASON },
        { "FinalKillSignal", "the hard time limit of a run is a SIGKILL: use KillSignal= for the soft one" },
        { "GuessMainPID", TYPE_REASON },
        { "LogExtraFields", LOG_REASON },
        { "LogNamespace", LOG_REASON },
        { "LogRateLimitBurst", LOG_REASON },
        { "LogRateLimitIntervalSec", LOG_REASON },
        { "NotifyAccess", NOTIFY_REASON },
        { "PIDFile", TYPE_REASON },
        { "PermissionsStartOnly", "systemd has dropped it: begin the command that must be root with \"+\" or \"!\"" },
        { "RebootArgument", UNIT_REASON },
        { "RemainAfterExit", "jobd keeps the unit of a run until its outcome is stored: leave it out" },
        { "Restart", RESTART_REASON },
        { "RestartForceExitStatus", RESTART_REASON },
        { "RestartKillSignal", RESTART_REASON },
        { "RestartPreventExitStatus", RESTART_REASON },
        { "RestartSec", RESTART_REASON },
        { "RuntimeMaxSec", TIME_REASON },
        { "RuntimeRandomizedExtraSec", TIME_REASON },
        { "Slice", "a run is in the slice of its job queue: use TaskQueues= in [Job]" },
        { "Sockets", SOCKET_REASON },
        { "StartLimitAction", UNIT_REASON },
        { "StartLimitBurst", UNIT_REASON },
        { "StartLimitInterval", UNIT_REASON },
        { "TTYColumns", TTY_REASON },
        { "TTYPath", TTY_REASON },
        { "TTYReset", TTY_REASON },
        { "TTYRows", TTY_REASON },
        { "TTYVHangup", TTY_REASON },
        { "TTYVTDisallocate", TTY_REASON },
        { "TimeoutAbortSec", TIME_REASON },
        { "TimeoutCleanSec", "a run's directories are not cleaned by systemctl: leave it out" },
        { "TimeoutSec", TIME_REASON },
        { "TimeoutStartFailureMode", TIME_REASON },
        { "TimeoutStartSec", TIME_REASON },
        { "TimeoutStopFailureMode", TIME_REASON },
        { "TimeoutStopSec", TIME_REASON },
        { "Type", TYPE_REASON },
        { "USBFunctionDescriptors", SOCKET_REASON },
        { "USBFunctionStrings", SOCKET_REASON },
        { "WatchdogSec", NOTIFY_REASON },
        { "WatchdogSignal", NOTIFY_REASON },
        {},
};
