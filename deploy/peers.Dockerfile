# syntax=docker/dockerfile:1
# Kamailio and rtpengine as Debian has them, the versions that svar was tried with:
#   docker build -f deploy/peers.Dockerfile --target kamailio -t svar-kamailio .
#   docker build -f deploy/peers.Dockerfile --target rtpengine -t svar-rtpengine .
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS kamailio
RUN apt-get update && apt-get install -y --no-install-recommends kamailio kamailio-tls-modules && rm -rf /var/lib/apt/lists/*
USER kamailio
HEALTHCHECK --interval=10s --timeout=5s --retries=3 \
    CMD ["kamcmd", "-s", "unix:/run/kamailio/kamailio.ctl", "core.uptime"]
ENTRYPOINT ["kamailio", "-DD", "-E", "-f", "/etc/kamailio/svar/kamailio.cfg", "-Y", "/run/kamailio"]

FROM ${BASE} AS rtpengine
RUN apt-get update && apt-get install -y --no-install-recommends rtpengine-daemon && rm -rf /var/lib/apt/lists/*
# svar's own number: it reads the sounds that svar writes.
USER 10001:10001
ENTRYPOINT ["rtpengine", "--foreground", "--log-stderr", "--pidfile=/run/rtpengine/rtpengine.pid"]
CMD ["--config-file=/etc/rtpengine/rtpengine.conf"]
