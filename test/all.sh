#!/usr/bin/env bash
# Every check, then the tests. A failed check does not hide the next; the last line counts them all.
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"
failed=''

check() {
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then
    echo "ok      $name"
  else
    echo "FAILED  $name"
    echo "$output"
    failed="$failed $name"
  fi
}

check format npm run --silent format:check
check lint npm run --silent lint
check types npm run --silent types
check layers npm run --silent layers
check unused npm run --silent unused
check build npm run --silent build
check page npm run --silent build:page
check packed npm run --silent packed

FAILED_CHECKS="$failed" vitest run --reporter=default --reporter=./test/tools/count-reporter.ts
status=$?
[[ -z $failed && $status -eq 0 ]]
