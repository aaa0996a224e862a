# Completion of dograh for bash: source <(dograh completion bash)
_dograh() {
    local current="${COMP_WORDS[COMP_CWORD]}" line="${COMP_LINE:0:COMP_POINT}" suggestion
    COMPREPLY=()
    while IFS= read -r suggestion; do
        [[ "$suggestion" == "$current"* ]] && COMPREPLY+=("$suggestion")
    done < <("${COMP_WORDS[0]}" "[suggest:${#line}]" "$line" 2>/dev/null)
}
complete -o default -F _dograh dograh
