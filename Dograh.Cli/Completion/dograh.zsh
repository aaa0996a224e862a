#compdef dograh
# Completion of dograh for zsh: source <(dograh completion zsh), after compinit
_dograh() {
    local line="${BUFFER[1,CURSOR]}"
    local -a suggestions
    suggestions=("${(@f)$(dograh "[suggest:${#line}]" "$line" 2>/dev/null)}")
    suggestions=("${(@)suggestions:#}")
    if (( ${#suggestions} )); then
        compadd -- "${suggestions[@]}"
    else
        _files
    fi
}
compdef _dograh dograh
