#!/bin/sh
# Runs the given test program if there is a broker to run it against; 77 tells ctest to skip.
if [ ! -x /usr/lib/rabbitmq/bin/rabbitmq-server ]; then
  echo "skipped: needs the package rabbitmq-server"
  exit 77
fi
exec "$@"
