# Tenon in a container: one binary, the certificates it checks others by, and an unprivileged user.
#
#   docker build -t tenon .
#   docker run -p 127.0.0.1:8080:8080 -v tenon-data:/data tenon
#
# The first start prints two API keys once. /data holds the SQLite database and the master key.

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked

FROM debian:bookworm-slim
# The user has a number that no system user of the image has, so that volumes are nobody else's.
RUN groupadd --gid 10001 tenon \
    && useradd --uid 10001 --gid tenon --no-create-home --home-dir /data --shell /usr/sbin/nologin tenon \
    && install --directory --owner tenon --group tenon --mode 0700 /data
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/target/release/tenon /usr/local/bin/tenon
ENV TENON_LISTEN=0.0.0.0:8080 \
    TENON_DATA_DIR=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["tenon", "health"]
ENTRYPOINT ["tenon"]
CMD ["serve"]
