# The daemon and the demo's programs: jobscaler and jobscaler-demo.
#   docker build -t jobscaler:0.1.0 .     (podman and buildah do the same)
# Debian's packages are all it takes from the network.

FROM debian:bookworm-slim AS build
COPY scripts/lib/build_packages.txt /
RUN apt-get update && apt-get install -y --no-install-recommends $(cat /build_packages.txt)
COPY CMakeLists.txt /jobscaler/
COPY include /jobscaler/include
COPY src /jobscaler/src
RUN cmake -S /jobscaler -B /build -G Ninja -DJOBSCALER_TESTS=OFF \
 && ninja -C /build jobscaler jobscaler-demo \
 && strip /build/src/jobscaler /build/src/demo/jobscaler-demo

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates \
      libcpprest2.10 libfmt9 librabbitmq4 librdkafka1 libssl3 libyaml-cpp0.7 \
 && apt-get clean \
 && rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/log/*.log /var/log/apt
COPY --from=build /build/src/jobscaler /build/src/demo/jobscaler-demo /usr/local/bin/
# Fails here, not in the cluster, if a library is missing.
RUN jobscaler version && jobscaler-demo --help >/dev/null
USER 65532:65532
ENTRYPOINT ["jobscaler"]
