# Shared by the launch scripts; to be sourced. It holds the flags they have in common and how they run a step.
# shellcheck shell=bash

DRY_RUN=false
export WORKDIR=""  # each script gives its own default before it parses the flags

# Prints the comment at the head of the script as its help.
usage() {
  sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"
}

# Reads --dry_run, --workdir DIR and --help; leaves everything else, unchanged, in EXTRA.
parse_flags() {
  EXTRA=()
  while (($#)); do
    case "$1" in
      --dry_run) DRY_RUN=true ;;
      --workdir)
        if (($# < 2)); then
          echo "$(basename "$0"): --workdir needs a folder" >&2
          exit 1
        fi
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
