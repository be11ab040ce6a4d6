# Shared by the launch scripts; to be sourced. It holds the flags they have in common and how they run a step.
# shellcheck shell=bash

# DRY_RUN=1 in the environment, or --dry_run, prints the commands and runs none.
case "${DRY_RUN:-}" in
  "" | 0 | false) DRY_RUN=false ;;
  *) DRY_RUN=true ;;
esac
export WORKDIR=""  # each script gives its own default before it parses the flags

# Prints the comment at the head of the script as its help.
usage() {
  sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"
}

# Ends with one line on stderr.
fail() {
  echo "$(basename "$0"): $1" >&2
  exit "${2:-1}"
}

# Reads --dry_run, --workdir DIR and --help; leaves everything else, unchanged, in EXTRA.
parse_flags() {
  EXTRA=()
  while (($#)); do
    case "$1" in
      --dry_run) DRY_RUN=true ;;
      --workdir)
        (($# >= 2)) || fail "--workdir needs a folder"
        WORKDIR="$2"
        shift
        ;;
      --workdir=*) WORKDIR="${1#--workdir=}" ;;
      -h | --help)
        usage
        exit 0
        ;;
      *) EXTRA+=("$1") ;;
    esac
    shift
  done
}

# Prints a command and, unless this is a dry run, carries it out.
run() {
  printf '+'
  printf ' %q' "$@"
  printf '\n'
  if [[ "$DRY_RUN" == false ]]; then
    "$@"
  fi
}

# Starts a command N times, as the processes of one run on this machine, and waits; the first failure ends all.
# A TERM or Ctrl-C is passed on, so that they save.
run_processes() {  # N COMMAND...
  local count=$1 port index status=0 code pids=()
  shift
  port="${COORDINATOR_PORT:-$((20000 + $$ % 20000))}"
  for ((index = 0; index < count; index++)); do
    local variables=("JAX_COORDINATOR_ADDRESS=localhost:$port" "JAX_NUM_PROCESSES=$count" "JAX_PROCESS_ID=$index")
    printf '+ env'
    printf ' %q' "${variables[@]}" "$@"
    printf '\n'
    if [[ "$DRY_RUN" == false ]]; then
      env "${variables[@]}" "$@" &
      pids+=($!)
    fi
  done
  [[ "$DRY_RUN" == false ]] || return 0
  trap 'kill -TERM "${pids[@]}" 2>/dev/null || true' TERM INT
  local left=("${pids[@]}")
  while ((${#left[@]})); do
    code=0
    wait -n "${left[@]}" || code=$?
    local alive=()
    for index in "${left[@]}"; do
      if kill -0 "$index" 2>/dev/null; then
        alive+=("$index")
      fi
    done
    if ((code > 128)) && ((${#alive[@]} == ${#left[@]})); then
      continue  # a signal ended the waiting, not a process
    fi
    left=("${alive[@]}")
    if ((code && !status)); then
      status=$code
      if ((${#left[@]})); then
        kill -TERM "${left[@]}" 2>/dev/null || true
      fi
    fi
  done
  trap - TERM INT
  return "$status"
}
