# Completion of dograh for fish: dograh completion fish | source
function __dograh_complete
    set --local line (commandline --current-process --cut-at-cursor | string collect)
    dograh "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
end
complete --command dograh --arguments '(__dograh_complete)'
