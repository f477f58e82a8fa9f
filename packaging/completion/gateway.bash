# Completion of gateway(1) for bash: the program itself knows its words.
_gateway() {
  local IFS=$'\n'
  mapfile -t COMPREPLY < <(compgen -W "$(gateway "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _gateway gateway
