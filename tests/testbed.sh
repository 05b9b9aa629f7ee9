# shellcheck shell=bash disable=SC2034,SC2154 # $self is the script's, which uses what is set here
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What tests/sandbox and tests/vm share: their common options, and the root of the system that they boot,
# which is an overlay over the machine's own root whose changes live in memory.
# Forks are what a boot costs here, so this uses bash's own means where it can.

# ---------------------------------------------------------------- options
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
user=root dir=/ limit='' verbose='' binds='' setup='' jobd='' envs=() login=''

# Prints the comment at the head of a script, which is its documentation, and gives up.
testbed_usage() {
        local line
        while read -r line && [[ $line == '#'* ]]; do
                line=${line#'#'}
                [[ $line == '!'* || $line == *SPDX* ]] || printf '%s\n' "${line# }"
        done < "$self" >&2
        exit 125
}

# testbed_option LETTER VALUE: takes one option that both scripts have.
testbed_option() {
        case $1 in
        u) user=$2 ;;
        C) dir=$2 ;;
        e) envs+=("$2") ;;
        t) limit=$2 ;;
        l) login=1 ;;
        v) verbose=1 ;;
        j) [[ -d $2 ]] || die "-j $2: no such directory"
           jobd=$(readlink -f "$2") ;;
        s) [[ -r $2 ]] || die "-s $2: cannot read it"
           setup+=$(readlink -f "$2")$'\n' ;;
        b|r) [[ -e ${2%%:*} ]] || die "-$1 ${2%%:*}: no such file"
             binds+=$1:$(readlink -f "${2%%:*}"):${2#*:}$'\n' ;;
        *) testbed_usage ;;
        esac
}

# Hands the options over to the stages of a script that run in new namespaces.
testbed_export() {
        export TESTBED_BINDS=$binds TESTBED_SETUP=$setup TESTBED_JOBD=$jobd
}

# ---------------------------------------------------------------- root
# testbed_root BED NAME: makes the root of a system called NAME at BED/root, in the mount namespace of the
# caller. Its default target is NAME.target, to which the caller adds what it wants started.
testbed_root() {
        local bed=$1 name=$2 file
        root=$bed/root
        mount -t tmpfs -o size=4g,mode=755 testbed "$bed"
        mkdir "$bed"/{upper,work,root}
        # The machine's enabled services, its logs and what its systemd remembers stay outside.
        testbed_mount \
                "testbed $root overlay lowerdir=/,upperdir=$bed/upper,workdir=$bed/work" \
                "tmpfs $root/run tmpfs mode=755,nosuid,nodev" \
                "tmpfs $root/tmp tmpfs mode=1777,nosuid,nodev" \
                "tmpfs $root/etc/systemd/system tmpfs mode=755" \
                "tmpfs $root/var/log tmpfs mode=755" \
                "tmpfs $root/var/lib/systemd tmpfs mode=755"
        testbed_identity "$name"
        testbed_users
        [[ -z $TESTBED_JOBD ]] || testbed_jobd
        testbed_units "$name"
        testbed_binds
        while read -r file; do
                # shellcheck source=/dev/null
                [[ -z $file ]] || ROOT=$root source "$file"
        done <<<"$TESTBED_SETUP"
}

# testbed_mount LINE...: makes the mounts of these fstab(5) lines with one process.
testbed_mount() {
        printf '%s\n' "$@" > "${root%/*}/fstab"
        mount --all --fstab "${root%/*}/fstab"
}

testbed_identity() {
        local id
        id=$(</proc/sys/kernel/random/uuid)
        echo "${id//-/}" > "$root/etc/machine-id"
        echo "$1" > "$root/etc/hostname"
        printf '%s localhost '"$1"'\n' 127.0.0.1 ::1 > "$root/etc/hosts"
        # resolv.conf may be a link to what is not there
        rm -f "$root/etc/resolv.conf" "$root/.dockerenv"
        : > "$root/etc/resolv.conf"
        : > "$root/etc/fstab"
}

# The users of the tests, each with their name as password; the hashes are from `openssl passwd -5 -salt jobd`.
# They stand first, so that a user of the machine with the same name or uid does not matter.
testbed_users() {
        local name hash uid=2001 passwd='' group='' shadow=''
        while read -r name hash; do
                passwd+="$name:x:$uid:$uid:$name:/home/$name:/bin/bash"$'\n'
                group+="$name:x:$uid:"$'\n'
                shadow+="$name:$hash:19000:0:99999:7:::"$'\n'
                uid=$((uid + 1))
        done <<'X'
alice $5$jobd$1agpZVmXTDk/ZuQCZEOnEC.tvysldbZFSVHW1mPwgO2
bob $5$jobd$euoleW./HNzthzxf0J2uLmXOePZZBb1NtdNLKWXoua8
carol $5$jobd$9ZeprF7jBJ9kKRnyKn1den.x5YP1f7X6d8ZYf17aDh3
dave $5$jobd$HJlCx4RYfGEyF8bfTLagsQodf.MfCojPAM9mbuXgql0
X
        printf '%s%s\n' "$passwd" "$(</etc/passwd)" > "$root/etc/passwd"
        printf '%s%s\n' "$group" "$(</etc/group)" > "$root/etc/group"
        printf '%s%s\n' "$shadow" "$(</etc/shadow)" > "$root/etc/shadow"
        mkdir -p "$root/etc/tmpfiles.d"
        printf 'd /home/%s 0700 %s %s\n' alice alice alice bob bob bob carol carol carol dave dave dave \
                > "$root/etc/tmpfiles.d/testbed.conf"
}

# Lays what `meson install --destdir` wrote over the root. /lib is a link to /usr/lib, which an installed /lib must
# follow and not replace. What jobd itself wants created below /run and /var is done at boot, as on any host.
testbed_jobd() {
        rm -rf "$root/etc/jobd" "$root/var/lib/jobd"
        tar -C "$TESTBED_JOBD" -c . | tar -C "$root" -x --no-overwrite-dir --keep-directory-symlink
        local members=$'m alice jobd-run\nm bob jobd-approve\nm carol jobd-admin'
        local files=("$root"/usr/lib/sysusers.d/jobd*.conf)
        [[ ! -e ${files[0]} ]] || cat "${files[@]}" - <<<"$members" | systemd-sysusers --root="$root" -
}

# Of what a boot starts, only what a small system needs. An empty file masks a unit as a link to /dev/null does,
# and needs no fork.
testbed_units() {
        local file unit wants='' etc=$root/etc lib=$root/usr/lib target
        local keep=' dbus.socket dbus.service systemd-journald.service systemd-journald.socket'
        keep+=' systemd-journald-dev-log.socket systemd-logind.service systemd-tmpfiles-setup.service'
        keep+=' systemd-user-sessions.service '
        for target in sysinit basic local-fs sockets timers paths multi-user graphical; do
                for file in "$lib/systemd/system/$target.target.wants"/*; do
                        unit=${file##*/}
                        [[ $unit == '*' || $unit == jobd* || $keep == *" $unit "* ]] || : > "$etc/systemd/system/$unit"
                done
        done
        mkdir -p "$etc/systemd/system-generators" "$etc"/systemd/{journald,system}.conf.d
        for file in "$lib/systemd/system-generators"/*; do
                : > "$etc/systemd/system-generators/${file##*/}"
        done
        for file in "$lib/tmpfiles.d"/*.conf; do
                case ${file##*/} in
                systemd.conf|dbus.conf|polkitd.conf|systemd-nologin.conf|tmp.conf|jobd*) ;;
                *) : > "$etc/tmpfiles.d/${file##*/}" ;;
                esac
        done
        if [[ $TESTBED_JOBD ]]; then
                for file in "$lib"/systemd/system/jobd*.{socket,timer}; do
                        [[ ! -e $file || $file == *@* ]] || wants+=" ${file##*/}"
                done
        fi
        printf '[Journal]\nStorage=volatile\nForwardToSyslog=no\nReadKMsg=no\n' \
                > "$etc/systemd/journald.conf.d/testbed.conf"
        printf '[Manager]\nShowStatus=no\nDefaultTimeoutStopSec=10s\n' > "$etc/systemd/system.conf.d/testbed.conf"
        printf '%s\n' '[Unit]' 'Description=Test system' Requires=basic.target After=basic.target \
                "Wants=dbus.socket dbus.service systemd-logind.service systemd-user-sessions.service$wants" \
                AllowIsolate=yes > "$etc/systemd/system/$1.target"
}

testbed_binds() {
        local how from to
        while IFS=: read -r how from to; do
                [[ $how ]] || continue
                if [[ -d $from ]]; then
                        mkdir -p "$root$to"
                else
                        mkdir -p "$root${to%/*}"
                        : >> "$root$to"
                fi
                mount --bind "$from" "$root$to"
                [[ $how == b ]] || mount -o remount,bind,ro "$root$to"
        done <<<"$TESTBED_BINDS"
}

# ---------------------------------------------------------------- time limit
# Makes the script end with status 124 after $limit seconds. What waits here ends with the script, whose end of the
# pipe is then closed.
testbed_watch() {
        trap 'echo "${self##*/}: timeout after $limit s" >&2; exit 124' USR1
        # shellcheck disable=SC2261 # all of it goes nowhere
        exec {watch}> >(exec >/dev/null 2>&1 {hold}>&-
                        read -r -t "$limit" _
                        [[ $? -le 128 ]] || kill -USR1 $$)
}

# ---------------------------------------------------------------- command
# testbed_command COMMAND...: sets command to what runs COMMAND in the test system, as $user in $dir with $envs.
# It gets a scope and is no service, so that it outlives `systemctl daemon-reexec`, has the caller's terminal, and
# its exit status needs nobody to pass it on. su(1) opens a session where one is wanted.
testbed_command() {
        # shellcheck disable=SC2054 # one word
        command=(env --default-signal=INT,QUIT -C "$dir" PATH="$PATH" LANG=C.UTF-8 TERM="${TERM:-dumb}"
                 "${envs[@]}" "$@")
        if [[ $login ]]; then
                command=(su --login --shell /bin/sh --command 'exec "$@"' "$user" -- sh "${command[@]}")
        else
                command=(setpriv --reuid "$user" --regid "$user" --init-groups --reset-env "${command[@]}")
        fi
        command=(systemd-run --quiet --scope --description='Test command' "${command[@]}")
}
