# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of jobctl(1) for bash.

__jobctl_jobs() {
        jobctl list --all --no-legend --no-ask-password "$@" 2>/dev/null | while read -r job _; do echo "$job"; done
}

# ID, status: the newest ones, which are those that one types.
__jobctl_results() {
        jobctl results --no-legend --no-ask-password -n 50 "$@" 2>/dev/null | while read -r id _; do echo "$id"; done
}

# Scheduled jobs, by their names, and by the UUID where a name would need quotes.
__jobctl_schedules() {
        local line name id=''
        jobctl --json --no-ask-password "$@" 2>/dev/null | while read -r line; do
                [[ $line =~ ^\"id\"\ :\ \"(.*)\" ]] && id=${BASH_REMATCH[1]}
                [[ $line =~ ^\"name\"\ :\ \"(.*)\",$ && -n $id ]] || continue
                name=${BASH_REMATCH[1]}
                [[ $name =~ ^[A-Za-z0-9._:@%+-]+$ ]] || name=$id
                echo "$name"
                id=''
        done
}

__jobctl_queues() {
        jobctl queues --no-legend --no-ask-password 2>/dev/null | while read -r queue _; do echo "$queue"; done
}

# Those that are given as files, or all others: $2 is "file" or empty.
__jobctl_variables() {
        local line name=''
        jobctl show --json --variables --no-ask-password "$1" 2>/dev/null | sed '1,/"variables"/d' |
                while read -r line; do
                        [[ $line == '"name" : '* ]] && name=${line#*: \"} && name=${name%%\"*}
                        [[ $line == '"type" : '* ]] || continue
                        [[ $line == *'"file"'* ]] && [[ ${2-} == file ]] && echo "$name="
                        [[ $line == *'"file"'* ]] || [[ ${2-} == file ]] || echo "$name="
                done
}

# The models of objects; of those that can be imported, with "import".
__jobctl_models() {
        jobctl objects models --no-ask-password 2>/dev/null | sed 1d | while read -r model _ source; do
                [[ ${1-} == import && $source != store ]] || echo "$model"
        done
}

# Whether PATH of "--file NAME=PATH" or "--file=NAME=PATH" is at the cursor.
__jobctl_at_file() {
        local at=$COMP_CWORD
        [[ ${COMP_WORDS[at]} == '=' ]] || ((at--))
        [[ ${COMP_WORDS[at]} == '=' ]] || return 1
        ((at -= 2))
        [[ ${COMP_WORDS[at]} == '=' ]] && ((at--))
        [[ ${COMP_WORDS[at]} == '--file' ]]
}

# The first word after the verb that is no option and no option's value: the job.
__jobctl_first_argument() {
        local i
        for ((i = verb_at + 1; i < COMP_CWORD; i++)); do
                case ${COMP_WORDS[i]} in
                -d | --data | --var | --file | --from | --queue | -u | --username | --at | --interval | --crontab | \
                        --time-zone | --name | --missed)
                        ((i++))
                        [[ ${COMP_WORDS[i]} == '=' ]] && ((i++))            # --var=NAME=VALUE are five words
                        [[ ${COMP_WORDS[i + 1]-} == '=' ]] && ((i += 2)) ;;
                -*) ;;
                *) echo "${COMP_WORDS[i]}" && return ;;
                esac
        done
}

# The job of "run JOB" or of "run --from ID".
__jobctl_run_job() {
        local i id
        for ((i = verb_at + 1; i < COMP_CWORD; i++)); do
                [[ ${COMP_WORDS[i]} == '--from' ]] || continue
                id=${COMP_WORDS[i + 1]}
                [[ $id == '=' ]] && id=${COMP_WORDS[i + 2]-}
                jobctl result --json --no-ask-password -- "$id" 2>/dev/null |
                        sed -n 's/^ *"task_name" : "\(.*\)",*$/\1/p'
                return
        done
        __jobctl_first_argument
}

# The job of "schedule update NAME".
__jobctl_schedule_job() {
        jobctl schedule show --json --no-ask-password -- "${COMP_WORDS[verb_at + 2]-}" 2>/dev/null |
                sed -n 's/^ *"task" : "\(.*\)",*$/\1/p'
}

_jobctl() {
        local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} i verb='' verb_at=0 suggestions=''
        local common='--json --no-ask-password --socket --help'
        local fields='name= grouping= description= approval_required= dryrun_default= has_sensitive_variables= hidden=
                singleton= soft_time_limit= time_limit= task_queues='
        local schedule='--at --interval --crontab --time-zone --name --missed --queue'
        local -A options=(
                [list]='--all --enabled --disabled --not-installed --module --grouping --no-legend'
                [show]='--variables'
                [refresh]='--quiet'
                [enable]='--quiet' [disable]='--quiet'
                [set]='--quiet' [revert]='--all --quiet'
                [delete]='--yes --quiet'
                [objects]='--prune --dry-run --username'
                [run]="--data --var --file --from --username --dry-run --ignore-singleton --local $schedule --no-wait --quiet"
                [results]='--job --status --user --queue --schedule --since --until --lines --no-legend'
                [result]=''
                [logs]='--follow --lines --level --grouping --output'
                [outputs]='--fetch --force --no-legend'
                [cancel]='--all --job --queue --user --kill --quiet'
                [clean]='--max-age --max-count --job --dry-run --username'
                [schedules]='--all --job --state --user --lines --no-legend'
                [schedule]="$schedule --data --var --no-wait --yes --quiet"
                [approvals]='--job --user --no-legend'
                [approve]='--comment --force --dry-run --no-wait --yes --quiet'
                [deny]='--comment --quiet'
                [queues]='--no-legend'
                [queue]='--yes --quiet'
                [monitor]=''
        )
        local verbs='list show refresh enable disable set revert delete objects run results result logs outputs cancel clean
                schedules schedule approvals approve deny queues queue monitor'

        COMPREPLY=()
        for ((i = 1; i < COMP_CWORD; i++)); do
                [[ ${COMP_WORDS[i]} == '=' ]] && ((i++)) && continue        # --socket=PATH
                [[ ${COMP_WORDS[i]} == -* ]] && continue
                verb=${COMP_WORDS[i]} verb_at=$i
                break
        done
        if [[ $verb == run ]] && __jobctl_at_file; then
                [[ $cur == '=' ]] && cur=''
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
                compopt -o filenames 2>/dev/null
                return
        fi

        # "--option=value" is three words.
        if [[ $cur == '=' ]]; then
                cur=''
        elif [[ $prev == '=' && $COMP_CWORD -ge 3 ]]; then
                prev=${COMP_WORDS[COMP_CWORD - 2]}
        fi

        if [[ -z $verb ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$verbs $common --version" -- "$cur")
                return
        fi
        [[ -v options[$verb] ]] || return

        case $verb:$prev in
        run:--data | run:-d | schedule:--data | schedule:-d)
                mapfile -t COMPREPLY < <(compgen -P @ -f -- "${cur#@}")
                return ;;
        run:--var) suggestions=$(__jobctl_variables "$(__jobctl_run_job)") ;;
        run:--file) suggestions=$(__jobctl_variables "$(__jobctl_run_job)" file) ;;
        run:--from) suggestions=$(__jobctl_results) ;;
        *:--job | *:-j) suggestions=$(__jobctl_jobs) ;;
        results:--status | results:-s) suggestions='PENDING STARTED SUCCESS FAILURE REVOKED' ;;
        *:--user | *:-u | *:--username) suggestions=$(compgen -u) ;;
        schedules:--state | schedules:-s)
                suggestions='pending active paused denied canceled expired completed errored' ;;
        run:--interval | schedule:--interval) suggestions='future hourly daily weekly custom' ;;
        run:--missed | schedule:--missed) suggestions='none last all' ;;
        run:--time-zone | schedule:--time-zone) suggestions=$(timedatectl list-timezones 2>/dev/null) ;;
        *:--queue) suggestions=$(__jobctl_queues) ;;
        results:--schedule) suggestions=$(__jobctl_schedules schedules --all) ;;
        run:--at | schedule:--at) suggestions='tomorrow' ;;
        results:--since | results:-S | results:--until | results:-U) suggestions='today yesterday now' ;;
        schedule:--var) suggestions=$(__jobctl_variables "$(__jobctl_schedule_job)") ;;
        *:--comment | *:-c | *:--crontab | *:--name | logs:--grouping | logs:-g) return ;;
        logs:--output | logs:-o) suggestions='short cat json' ;;
        logs:--level | logs:-l) suggestions='debug info success warning failure error critical' ;;
        outputs:--fetch)
                mapfile -t COMPREPLY < <(compgen -d -- "$cur")
                return ;;
        *:--lines | *:-n | list:--module | list:-m | list:--grouping | list:-g | clean:--max-*) return ;;
        esac

        if [[ -n $suggestions ]]; then
                :
        elif [[ $cur == -* ]]; then
                suggestions="${options[$verb]} $common"
        else
                case $verb in
                list | show | disable | delete | run) suggestions=$(__jobctl_jobs) ;;
                enable) suggestions=$(__jobctl_jobs --disabled) ;;
                set | revert)
                        if [[ -z $(__jobctl_first_argument) ]]; then
                                suggestions=$(__jobctl_jobs)
                        elif [[ $verb == set ]]; then
                                suggestions=$fields
                        else
                                suggestions=${fields//=/}
                        fi
                        ;;
                objects)
                        case $((COMP_CWORD - verb_at)) in
                        1) suggestions='models list import' ;;
                        2) [[ $prev == models ]] || suggestions=$(__jobctl_models "$prev") ;;
                        3)
                                [[ ${COMP_WORDS[verb_at + 1]} == import ]] || return
                                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
                                compopt -o filenames 2>/dev/null
                                return ;;
                        esac
                        ;;
                schedule)
                        case $((COMP_CWORD - verb_at)) in
                        1) suggestions="show pause resume run update take-over cancel delete
$(__jobctl_schedules schedules)" ;;
                        *)
                                case ${COMP_WORDS[verb_at + 1]} in
                                show | delete) suggestions=$(__jobctl_schedules schedules --all) ;;
                                *) suggestions=$(__jobctl_schedules schedules) ;;
                                esac
                                ;;
                        esac
                        ;;
                approve | deny) suggestions=$(__jobctl_schedules approvals) ;;
                queue)
                        case $((COMP_CWORD - verb_at)) in
                        1) suggestions="show create set delete $(__jobctl_queues)" ;;
                        2) [[ $prev == create ]] || suggestions=$(__jobctl_queues) ;;
                        *) suggestions='description= enabled= max_running= max_pending= weight= priority=
                                when_unavailable= CPUWeight= CPUQuota= MemoryMax= MemoryHigh= TasksMax= IOWeight=
                                AllowedCPUs=' ;;
                        esac
                        ;;
                result | logs | outputs) suggestions=$(__jobctl_results) ;;
                cancel) suggestions="$(__jobctl_results --status=STARTED) $(__jobctl_results --status=PENDING)" ;;
                esac
        fi

        mapfile -t COMPREPLY < <(compgen -W "$suggestions" -- "$cur")
        [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
}

complete -F _jobctl jobctl
