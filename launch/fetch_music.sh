#!/usr/bin/env bash
# Fetch Debian packages of freely licensed recorded music and unpack them into a folder, for training
# and testing the codec. Nothing is installed; what is there already is not fetched again.
#
#   launch/fetch_music.sh FOLDER [PACKAGE ...]
#
# Prints a table of file and licence as each package's copyright file states it. Needs apt-get and dpkg.
set -euo pipefail

folder=${1:?usage: launch/fetch_music.sh FOLDER [PACKAGE ...]}
shift
packages=("$@")
if [ ${#packages[@]} -eq 0 ]; then
  packages=(singularity-music asc-music warzone2100-music supertux-data ufoai-music 0ad-data
            fretsonfire-songs-muldjord fretsonfire-songs-sectoid)
fi
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

fetch() {  # package: download and unpack it below the folder, whole or not at all
  local name=$1 work
  [ -d "$folder/$name" ] && return 0
  work=$(mktemp -d "$folder/.$name.XXXXXX")
  if (cd "$work" && apt-get download "$name" >/dev/null) && dpkg -x "$work"/*.deb "$work/unpacked"; then
    mv "$work/unpacked" "$folder/$name"
  else
    echo "skipped $name: it could not be fetched (try: apt-get update)" >&2
  fi
  rm -rf "$work"
}

licences() {  # package: the names of all licences in its copyright file, one line
  local file="$folder/$1/usr/share/doc/$1/copyright"
  [ -f "$file" ] || { echo "see the package"; return 0; }
  { grep -ihE '^[[:space:]]*License:[[:space:]]*[^[:space:]]' "$file" || echo "see ${file#"$folder"/}"; } | sed -E 's/^[[:space:]]*[Ll]icense:[[:space:]]*//' \
    | sort -u | paste -sd ';' | sed 's/;/; /g'
}

for name in "${packages[@]}"; do fetch "$name"; done
printf '%s\t%s\t%s\n' package file "licences (per the package's copyright file)"
for name in "${packages[@]}"; do
  [ -d "$folder/$name" ] || continue
  terms=$(licences "$name")
  find "$folder/$name" -type f \( -name '*.ogg' -o -name '*.opus' -o -name '*.mp3' -o -name '*.flac' \) -size +300k \
    -printf '%P\n' | sort | while read -r file; do printf '%s\t%s\t%s\n' "$name" "$file" "${terms:-see the package}"; done
done
