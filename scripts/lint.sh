#!/bin/bash
# lint.sh - shellcheck on the scripts, pyflakes on the Python, and clang-tidy with the short list in .clang-tidy on the
# sources that do not include cpprestsdk: it needs a minute for each of those.
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
end_children_on_exit
need_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}" clang-tidy shellcheck pyflakes3
cd "$REPO"

# programs_of INTERPRETER: the files under scripts, tests and .ci that say so in their first line
programs_of() { grep -rlIE --exclude-dir=__pycache__ "^#!.*\b$1\b" scripts tests .ci | sort; }

mapfile -t shell < <({ programs_of bash; find scripts -name '*.sh'; } | sort -u)
shellcheck -x -P SCRIPTDIR "${shell[@]}"
say "shellcheck: ${#shell[@]} scripts"

mapfile -t python < <({ programs_of python3; find scripts tests -name '*.py'; } | sort -u)
pyflakes3 "${python[@]}"
say "pyflakes: ${#python[@]} files"

build=$(build_directory test)
in_background "$REPO/scripts/lib/build.sh" "$build" -DJOBSCALER_TESTS=ON --
mapfile -t sources < <(find src -name '*.cpp' -exec grep -L '<cpprest/' {} + | sort)
say "clang-tidy: ${#sources[@]} files"
in_background xargs -d '\n' -a <(printf '%s\n' "${sources[@]}") -P "$(nproc)" -n 4 clang-tidy -quiet -p "$build"
say "nothing to complain about"
