# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of jobd-job(1) for bash.

_jobd_job() {
        local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]-}
        local -A options=(
                [var]='--default' [vars]='' [log]='--level --grouping --object' [progress]='' [result]=''
                [output]='--name' [fail]=''
        )

        COMPREPLY=()
        [[ $cur == '=' ]] && cur=''
        [[ $prev == '=' ]] && prev=${COMP_WORDS[COMP_CWORD - 2]}
        if [[ $COMP_CWORD -eq 1 ]]; then
                mapfile -t COMPREPLY < <(compgen -W 'var vars log progress result output fail --help --version' -- "$cur")
                return
        fi
        [[ -v options[$verb] ]] || return

        case $verb:$prev in
        log:--level | log:-l)
                mapfile -t COMPREPLY < <(compgen -W 'debug info success warning failure error critical' -- "$cur")
                return ;;
        *:--grouping | *:-g | *:--object | *:-o | *:--name | *:-n | *:--default) return ;;
        esac
        if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "${options[$verb]} --help" -- "$cur")
        elif [[ $verb == output ]]; then
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        elif [[ $verb == result && $cur == @* ]]; then
                mapfile -t COMPREPLY < <(compgen -P @ -f -- "${cur#@}")
        fi
}

complete -F _jobd_job jobd-job
