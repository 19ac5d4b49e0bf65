#!/bin/sh
# Runs the given test program if there is a Kafka to run it against; 77 tells ctest to skip.
"$(dirname "$0")/../../../scripts/private_kafka.sh" jars || exit
exec "$@"
