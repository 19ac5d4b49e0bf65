#!/bin/bash
# format.sh [--check|--fix] - whether all C++ is formatted as .clang-format says (the default), or makes it so.
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
need_packages clang-format

case ${1:---check} in
--check) arguments=(--dry-run --Werror) ;;
--fix) arguments=(-i) ;;
*) die "--check or --fix" ;;
esac
cd "$REPO"
mapfile -t files < <(find include src tests -name '*.h' -o -name '*.cpp' | sort)
clang-format "${arguments[@]}" "${files[@]}" || die "scripts/format.sh --fix mends this"
say "${#files[@]} files are formatted"
