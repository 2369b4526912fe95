#include "cli/text/completion.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.hpp"
#include "library/words/backend_options.hpp"
#include "library/words/device_argument.hpp"
#include "library/words/memory_argument.hpp"
#include "library/words/port_argument.hpp"
#include "library/words/viommu_argument.hpp"
#include "model/chosen/machine_version.hpp"

namespace tenon::cli::text {
namespace {

using library::words::KeyWords;

// One name of an option, whether a value follows, and what it does.
struct Option {
    std::string name;
    bool valued = false;
    std::string what;
};

// "-v, --verbose", "--port NAME[,key=value...]": a name ends at a space. The same name may have two
// lines.
void add_options(std::vector<Option>& list, const HelpItem& item) {
    std::string_view rest = item.head;
    if (!rest.starts_with('-')) return;
    for (bool more = true; more;) {
        const auto end = rest.find_first_of(", ");
        const std::string name{rest.substr(0, end)};
        more = end != std::string_view::npos && rest.substr(end).starts_with(", -");
        const bool valued = end != std::string_view::npos && rest[end] == ' ';
        const bool usable = name.size() > 1 && name != "--";
        if (usable && std::ranges::find(list, name, &Option::name) == list.end())
            list.push_back({.name = name, .valued = valued, .what = item.what});
        if (more) rest = rest.substr(end + 2);
    }
}

std::vector<Option> options_of(const HelpPage& page) {
    std::vector<Option> list;
    for (const auto& block : page.blocks)
        for (const auto& item : block.items)
            add_options(list, item);
    list.push_back({.name = "--help", .what = "print how it is used"});
    return list;
}

// Words of `ctl` are its commands, and their keys.
std::string control_commands(const HelpPage& page) {
    std::string words;
    for (const auto& block : page.blocks)
        for (const auto& item : block.items)
            for (const auto name :
                 split(std::string_view{item.head}.substr(0, item.head.find(' ')), ','))
                words += fmt::format("{}{}", words.empty() ? "" : " ", name);
    return words;
}

// "on", "2M": typed as it stands; "NAME", "0-7": something else is.
bool is_literal(std::string_view value) {
    constexpr std::string_view small = "abcdefghijklmnopqrstuvwxyz0123456789-";
    if (value == "0-7" || value.empty()) return false;
    return value.find_first_not_of(small) == std::string_view::npos ||
           (value.front() >= '0' && value.front() <= '9');
}

// "on|off" becomes "key=on key=off"; what is no literal, "key=".
std::string key_words(const std::vector<KeyWords>& keys) {
    std::string words;
    for (const auto& key : keys)
        for (const auto value : split(key.value, '|')) {
            const bool literal = is_literal(value);
            const auto word = fmt::format("{}={}", key.name, literal ? value : "");
            if ((' ' + words + ' ').find(' ' + word + ' ') != std::string::npos) continue;
            words += (words.empty() ? "" : " ") + word;
        }
    return words;
}

std::string machine_versions() {
    std::string words;
    for (const auto& version : model::chosen::machine_versions())
        words += fmt::format("{}{}", words.empty() ? "" : " ", version.name);
    return words;
}

// The keys behind each option that has some, as a list of "name keys".
struct Keys {
    std::string option;
    std::string words;
};

std::vector<Keys> all_keys() {
    std::vector<Keys> all{{.option = "--device", .words = key_words(library::words::device_keys())},
                          {.option = "--port", .words = key_words(library::words::port_keys())},
                          {.option = "--memory", .words = key_words(library::words::memory_keys())},
                          {.option = "--viommu", .words = key_words(library::words::vtd_keys())}};
    for (const auto& option : library::words::backend_options())
        all.push_back(
            {.option = fmt::format("--{}", option.name), .words = key_words(option.keys())});
    return all;
}

// Values that are words of the program's, not of the host's.
std::vector<Keys> all_values() {
    return {{.option = "--machine", .words = machine_versions()},
            {.option = "--viommu", .words = "none pasid vtd"},
            {.option = "--emit", .words = "lspci qemu libvirt proxmox kubevirt"},
            {.option = "--prefer", .words = "atomics one-slot"},
            {.option = "--target", .words = "tenon qemu"},
            {.option = "--seal", .words = "auto full off log"},
            {.option = "--host", .words = "here"}};
}

std::string cases(const std::vector<Keys>& list) {
    std::string text;
    for (const auto& one : list)
        text += fmt::format("        {}) echo '{}' ;;\n", one.option, one.words);
    return text;
}

// What all three shells share is a shell's own work: `sh` words that print candidates a line each.
constexpr std::string_view bash_body = R"bash(
# Addresses of this host's functions, with and without a domain of zeros.
_tenon_addresses() {
    local path
    for path in /sys/bus/pci/devices/*; do
        [ -e "$path" ] || continue
        path=${path##*/}
        printf '%s\n' "$path"
        [ "${path#0000:}" = "$path" ] || printf '%s\n' "${path#0000:}"
    done
}

# Names of root ports on this command line.
_tenon_ports() {
    local n word
    for ((n = 1; n < ${#_tenon_line[@]}; n++)); do
        word=${_tenon_line[n]}
        case ${_tenon_line[n - 1]} in --port) printf '%s\n' "${word%%,*}" ;; esac
        case $word in
            --port=*) word=${word#--port=} && printf '%s\n' "${word%%,*}" ;;
            *,port=*) word=${word##*,port=} && printf '%s\n' "${word%%,*}" ;;
        esac
    done
}

# Everything that may stand in place of the word $2 behind the option $1 (none: a device or a file).
_tenon_values() {
    local before=${2%,*} word
    case $2 in
        *,port=*) case ${2##*,} in port=*)
            for word in $(_tenon_ports); do printf '%s,port=%s\n' "$before" "$word"; done
            return ;;
        esac ;;
    esac
    case $2 in
        *,*) for word in $(_tenon_keys "$1"); do printf '%s,%s\n' "$before" "$word"; done ;;
        *)
            _tenon_words "$1" | tr ' ' '\n'
            case $1 in --device) _tenon_addresses ;; esac
            ;;
    esac
}

_tenon() {
    local line=${COMP_LINE:0:COMP_POINT} word before command option='' cut prefix candidate
    read -ra _tenon_line <<<"$line"
    case $line in *' ') _tenon_line+=('') ;; esac
    local last=$((${#_tenon_line[@]} - 1))
    word=${_tenon_line[last]} before=${_tenon_line[last - 1]} command=${_tenon_line[1]}
    COMPREPLY=()
    if [ "$last" -le 1 ]; then
        COMPREPLY=($(compgen -W "$_tenon_commands --help --version" -- "$word"))
        return
    fi
    # The word may be a value, of the option before it or behind its own "=".
    cut=$word
    case $word in
        --*=*) option=${word%%=*} cut=${word#*=} ;;
        -*) ;;
        *) case " $(_tenon_valued "$command") " in *" $before "*) option=$before ;; esac ;;
    esac
    prefix=${word%"$cut"}
    if [ -z "$option" ] && [ "${word#-}" != "$word" ]; then
        COMPREPLY=($(compgen -W "$(_tenon_options "$command")" -- "$word"))
        return
    fi
    if [ -z "$option" ]; then
        case $command in
            plan | capture | diff) option=--device ;;
            ctl) [ "$last" -eq 2 ] || option=ctl ;;
        esac
    fi
    # Quoted by nobody: neither a PCI address nor a key has a space.
    while IFS= read -r candidate; do
        case $candidate in "$cut"*) COMPREPLY+=("$prefix$candidate") ;; esac
    done < <(_tenon_values "$option" "$cut")
    case $option in
        ctl | --machine | --port | --cpus | --memory | --viommu | --iommufd | --kvm | --seal | --emit | --prefer | --target) ;;
        *) case $cut in
            *,*) ;;
            *) while IFS= read -r candidate; do COMPREPLY+=("$prefix$candidate"); done < <(compgen -f -- "$cut") ;;
        esac ;;
    esac
    # A key goes on with its value, and bash replaces only what is behind the last mark that ends a word for it.
    case ${COMPREPLY[*]} in *= | *=' '*) compopt -o nospace 2>/dev/null ;; esac
    local kept=${word%"${word##*[=:]}"} n
    case $COMP_WORDBREAKS in
        *[=:]*) for n in "${!COMPREPLY[@]}"; do COMPREPLY[n]=${COMPREPLY[n]#"$kept"}; done ;;
    esac
}
complete -o filenames -F _tenon tenon
)bash";

std::string one_line(std::string_view words, std::string_view quoted) {
    std::string text;
    for (const char letter : words.substr(0, words.find("; "))) {
        if (quoted.contains(letter)) text += '\\';
        text += letter == '\'' ? '`' : letter;
    }
    return text;
}

}  // namespace

std::string bash_completion(std::span<const CompletedCommand> commands) {
    std::string names;
    std::string options;
    std::string valued;
    auto values = all_values();
    for (const auto& command : commands) {
        std::string all;
        std::string with_value;
        for (const auto& option : options_of(command.page)) {
            all += option.name + ' ';
            if (option.valued) with_value += option.name + ' ';
        }
        names += fmt::format("{}{}", names.empty() ? "" : " ", command.name);
        options += fmt::format("        {}) echo '{}' ;;\n", command.name, all);
        valued += fmt::format("        {}) echo '{}' ;;\n", command.name, with_value);
        if (command.name == "ctl")
            values.push_back({.option = "ctl", .words = control_commands(command.page)});
    }
    return fmt::format(
        "# Completion of tenon for bash. Made from its help.\n\n_tenon_commands='{}'\n"
        "_tenon_options() {{\n    case $1 in\n{}    esac\n}}\n"
        "_tenon_valued() {{\n    case $1 in\n{}    esac\n}}\n"
        "_tenon_words() {{\n    case $1 in\n{}    esac\n}}\n"
        "_tenon_keys() {{\n    case $1 in\n{}    esac\n}}\n{}",
        names, options, valued, cases(values), cases(all_keys()), bash_body);
}

std::string zsh_completion(std::span<const CompletedCommand> commands) {
    std::string names;
    std::string bodies;
    for (const auto& command : commands) {
        names += fmt::format("    '{}:{}'\n", command.name, one_line(command.what, ":"));
        bodies += fmt::format("    {})\n        _arguments -s \\\n", command.name);
        for (const auto& option : options_of(command.page)) {
            const auto value =
                option.valued ? fmt::format(":value:_tenon_value {}", option.name) : "";
            // May be given again: "*" in front.
            bodies += fmt::format("            '*{}{}[{}]{}' \\\n", option.name,
                                  option.valued && option.name.starts_with("--") ? "=" : "",
                                  one_line(option.what, "[]:"), value);
        }
        const bool devices =
            command.name == "plan" || command.name == "capture" || command.name == "diff";
        const auto rest = command.name == "ctl" ? "'1:socket:_files' '*:command:_tenon_value ctl'"
                          : devices             ? "'*:device:_tenon_value --device'"
                                                : "'*:file:_files'";
        bodies += fmt::format("            {} ;;\n", rest);
    }
    auto values = all_values();
    for (const auto& command : commands)
        if (command.name == "ctl")
            values.push_back({.option = "ctl", .words = control_commands(command.page)});
    return fmt::format(R"zsh(#compdef tenon
# Completion of tenon for zsh. Made from its help.

_tenon_words() {{
    case $1 in
{}    esac
}}
_tenon_keys() {{
    case $1 in
{}    esac
}}
_tenon_value() {{
    local -a found
    if compset -P '*,port='; then
        found=(${{${{(M)words:#*,port=*}}##*,port=}} ${{${{(M)words:#--port=*}}#--port=}})
        local n
        for ((n = 2; n <= $#words; n++)); do [[ $words[n-1] == --port ]] && found+=(${{words[n]%%,*}}); done
        compadd -- ${{found%%,*}}
    elif compset -P '*,'; then
        compadd -S '' -- ${{(s: :)$(_tenon_keys $1)}}
    else
        compadd -- ${{(s: :)$(_tenon_words $1)}}
        case $1 in
            --device)
                found=(/sys/bus/pci/devices/*(N:t))
                compadd -- $found ${{found#0000:}}
                _files ;;
            --kernel|--firmware|--initrd|--report|--map|--host|--control|-o) _files ;;
        esac
    fi
}}
local -a commands
commands=(
{})
if (( CURRENT == 2 )); then
    _describe command commands
    return
fi
shift words
(( CURRENT-- ))
case $words[1] in
{}esac
)zsh",
                       cases(values), cases(all_keys()), names, bodies);
}

std::string fish_completion(std::span<const CompletedCommand> commands) {
    std::string text = R"fish(# Completion of tenon for fish. Made from its help.

function __tenon_addresses
    for path in /sys/bus/pci/devices/*
        set -l name (string replace -r '.*/' '' $path)
        echo $name
        string replace -f -r '^0000:' '' $name
    end
end
function __tenon_ports
    string match -rg '^--port=([^,]*)' (commandline -opc)
    string match -rg ',port=([^,]*)' (commandline -opc)
end
function __tenon_device
    set -l before (string match -rg '^(.*),[^,]*$' -- (commandline -ct))
    if test -n "$before"
        for key in (string split ' ' $argv[1])
            echo $before,$key
        end
        for port in (__tenon_ports)
            echo $before,port=$port
        end
    else
        __tenon_addresses
    end
end
)fish";
    const auto values = all_values();
    const auto device_keys = key_words(library::words::device_keys());
    for (const auto& command : commands) {
        text += fmt::format("complete -c tenon -n __fish_use_subcommand -a {} -d '{}'\n",
                            command.name, one_line(command.what, "\\"));
        const auto inside =
            fmt::format("complete -c tenon -n '__fish_seen_subcommand_from {}'", command.name);
        for (const auto& option : options_of(command.page)) {
            const bool is_long = option.name.starts_with("--");
            text += fmt::format("{} -{} {}{} -d '{}'", inside, is_long ? "l" : "s",
                                option.name.substr(is_long ? 2 : 1), option.valued ? " -r" : "",
                                one_line(option.what, "\\"));
            const auto value = std::ranges::find(values, option.name, &Keys::option);
            if (value != values.end()) text += fmt::format(" -fa '{}'", value->words);
            if (option.name == "--device")
                text += fmt::format(" -a '(__tenon_device \"{}\")'", device_keys);
            text += '\n';
        }
        if (command.name == "plan" || command.name == "capture" || command.name == "diff")
            text += fmt::format("{} -a '(__tenon_device \"{}\")'\n", inside, device_keys);
        if (command.name == "ctl")
            text += fmt::format("{} -a '{}'\n", inside, control_commands(command.page));
    }
    return text;
}

}  // namespace tenon::cli::text
