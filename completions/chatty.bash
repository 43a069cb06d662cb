# bash completion for chatty. Made from the table of flags; see GeneratedFilesTests.

_chatty_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"); }
_chatty_files() { compopt -o default; }
_chatty_directories() { compopt -o dirnames; }
# The servers that were met before, and whatever else has a name.
_chatty_hosts() {
    local known=$(sed -n 's/^\[\{0,1\}\([A-Za-z0-9._:-]*\)\]\{0,1\}:[0-9]* .*/\1/p' "${XDG_DATA_HOME:-$HOME/.local/share}/chatty/known_hosts" 2>/dev/null)
    mapfile -t COMPREPLY < <(compgen -A hostname -W "$known" -- "$cur")
}
# Files, or the receivers that were met before; not behind a colon, at which bash takes the word apart.
_chatty_receivers() {
    local known=$(sed -n 's/^\([A-Za-z0-9._:[-]*\]\{0,1\}:[0-9]*\) .*/\1/p' "${XDG_DATA_HOME:-$HOME/.local/share}/chatty/known-receivers" 2>/dev/null)
    compopt -o default
    [[ $prev == : || $cur == *:* ]] || mapfile -t COMPREPLY < <(compgen -W "$known" -- "$cur")
}

# Sets "place" to the number of arguments before the cursor that are neither options nor values of options,
# and "action" to the first of them. $1: the options that take a value.
_chatty_place() {
    local index word skip=
    place=0 action=
    for ((index = 2; index < COMP_CWORD; index++)); do
        word=${COMP_WORDS[index]}
        if [[ $word == "=" ]]; then
            skip=1
        elif [[ $skip ]]; then
            skip=
        elif [[ $word == -?* ]]; then
            # A value behind "=" is three words to bash, which the first test sees.
            [[ ${COMP_WORDS[index + 1]} != "=" && " $1 " == *" $word "* ]] && skip=1
        else
            ((place++)) || action=$word
        fi
    done
}

_chatty() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} place action
    COMPREPLY=()
    if [[ $cur == "=" ]]; then
        cur=
    elif [[ $prev == "=" ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    if ((COMP_CWORD == 1)); then
        case $cur in
            -*) _chatty_words "--help --version --generate" ;;
            *) _chatty_words "serve connect send-file recv-file users help" ;;
        esac
        return
    fi
    case ${COMP_WORDS[1]} in
        help)
            ((COMP_CWORD == 2)) && _chatty_words "serve connect send-file recv-file users"
            ;;
        --generate)
            ((COMP_CWORD == 2)) && _chatty_words "man/chatty.1 man/chatty-serve.1 man/chatty-connect.1 man/chatty-send-file.1 man/chatty-recv-file.1 man/chatty-users.1 completions/chatty.bash completions/_chatty completions/chatty.fish"
            ;;
        serve)
            case $prev in
                --credentials|--motd|--tls-cert|--tls-key) _chatty_files; return ;;
                -d|--data) _chatty_directories; return ;;
                --max-attempts|--block-seconds|--login-timeout|--message-rate|--max-connections-per-address|--metrics|--keep-days|--grace) :; return ;;
                --log-format) _chatty_words "text json"; return ;;
            esac
            _chatty_place "--credentials -d --data --max-attempts --block-seconds --login-timeout --message-rate --max-connections-per-address --log-format --metrics --keep-days --motd --grace --tls-cert --tls-key"
            if [[ $cur == -* ]]; then
                _chatty_words "--credentials --data --max-attempts --block-seconds --conceal-usernames --no-offline-messages --allow-plaintext --login-timeout --message-rate --max-connections-per-address --log-format --log-time --metrics --keep-days --motd --grace --tls-cert --tls-key --help --version"
                return
            fi
            ;;
        connect)
            case $prev in
                -u|--user|-c|--command|--fingerprint|--announce|--count) :; return ;;
                --password-file|--log) _chatty_files; return ;;
                --accept) _chatty_words "ask always never"; return ;;
                -d|--data|-D|--download-dir) _chatty_directories; return ;;
                --map-port|--receipts) _chatty_words "on off"; return ;;
                --bell) _chatty_words "dm all off"; return ;;
            esac
            _chatty_place "-u --user --password-file -c --command --accept --fingerprint -d --data -D --download-dir --announce --map-port --count --log --bell --receipts"
            if [[ $cur == -* ]]; then
                _chatty_words "--user --password-file --command --accept --accept-new --fingerprint --forget --data --download-dir --announce --map-port --plaintext --json --listen --count --log --bell --receipts --help --version"
                return
            fi
            case $place in
                0) _chatty_hosts ;;
            esac
            ;;
        send-file)
            case $prev in
                --name|--limit|--mtu|--timeout) :; return ;;
                --cc) _chatty_words "bbr cubic"; return ;;
                --map-port) _chatty_words "on off"; return ;;
                -t|--ticket-file|--secret-file|--qlog) _chatty_files; return ;;
                -d|--data) _chatty_directories; return ;;
                --progress) _chatty_words "text json"; return ;;
            esac
            _chatty_place "--name --limit --cc --mtu --map-port -t --ticket-file --secret-file -d --data --timeout --progress --qlog"
            if [[ $cur == -* ]]; then
                _chatty_words "--name --limit --cc --mtu --map-port --ticket-file --secret-file --accept-new --forget --data --timeout --progress --quiet --qlog --legacy --help --version"
                return
            fi
            case $place in
                0) _chatty_files ;;
                *) _chatty_receivers ;;
            esac
            ;;
        recv-file)
            case $prev in
                -o|--output|--secret-file|--qlog) _chatty_files; return ;;
                --count|--announce|--timeout) :; return ;;
                --accept) _chatty_words "ticket ask always"; return ;;
                --map-port) _chatty_words "on off"; return ;;
                -d|--data) _chatty_directories; return ;;
                --progress) _chatty_words "text json"; return ;;
            esac
            _chatty_place "-o --output --count --accept --announce --map-port --secret-file -d --data --timeout --progress --qlog"
            if [[ $cur == -* ]]; then
                _chatty_words "--output --once --count --overwrite --accept --announce --map-port --new-ticket --secret-file --data --timeout --progress --quiet --qlog --legacy --help --version"
                return
            fi
            ;;
        users)
            case $prev in
                -d|--data) _chatty_directories; return ;;
                --server) _chatty_hosts; return ;;
                -u|--user|--fingerprint) :; return ;;
                --password-file) _chatty_files; return ;;
            esac
            _chatty_place "-d --data --server -u --user --fingerprint --password-file"
            case $cur:$action in
                -*:list|-*:) _chatty_words "--data --json --online --server --user --accept-new --fingerprint --password-file --help --version"; return ;;
                -*:add) _chatty_words "--data --password-file --help --version"; return ;;
                -*:passwd) _chatty_words "--data --password-file --help --version"; return ;;
                -*:remove) _chatty_words "--data --help --version"; return ;;
                -*:block) _chatty_words "--data --help --version"; return ;;
                -*:unblock) _chatty_words "--data --help --version"; return ;;
                -*:export) _chatty_words "--data --help --version"; return ;;
                -*:import) _chatty_words "--data --strict --help --version"; return ;;
            esac
            case $place:$action in
                0:*) _chatty_words "list add passwd remove block unblock export import" ;;
                *:add) : ;;
                1:import) _chatty_files ;;
            esac
            ;;
    esac
}

complete -F _chatty chatty
