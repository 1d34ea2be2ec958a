# PostgreSQL 15 with PostGIS 3.3, from the same Debian packages that `make run` uses.
FROM debian:bookworm-slim
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql-15-postgis-3 \
    && rm -rf /var/lib/apt/lists/* /var/lib/postgresql/15 /etc/postgresql/15

ENV PATH=/usr/lib/postgresql/15/bin:$PATH LANG=C.UTF-8
COPY docker/db.sh /usr/local/bin/muchan-db
USER postgres
VOLUME /var/lib/postgresql
EXPOSE 5432
STOPSIGNAL SIGINT
CMD ["muchan-db"]
