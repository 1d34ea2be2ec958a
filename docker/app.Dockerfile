# The web server and the worker: one image, two commands.
FROM node:20-bookworm-slim AS assets
WORKDIR /srv/muchan
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts

FROM python:3.11-slim-bookworm
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PATH=/srv/venv/bin:$PATH \
    MUCHAN_LOCAL_DIR=/srv/state MUCHAN_STATIC_ROOT=/srv/static

# GeoDjango loads the first three shared libraries, WeasyPrint the others and the font; everything else comes in wheels.
RUN apt-get update \
    && apt-get install -y --no-install-recommends gettext libgdal32 libgeos-c1v5 libproj25 \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --uid 10001 muchan \
    && install -d -o muchan -g muchan /srv/state /srv/static

WORKDIR /srv/muchan
COPY requirements/base.txt requirements/base.txt
RUN python -m venv /srv/venv && pip install --no-cache-dir --require-hashes -r requirements/base.txt

COPY --from=assets /srv/muchan/node_modules node_modules
COPY manage.py ./
COPY config config
COPY core core
COPY parks parks
COPY landuse landuse
COPY efficiency efficiency
COPY fixtures fixtures
COPY docker/ask.py docker/ask.py
COPY locale locale
RUN msgfmt --output-file locale/en/LC_MESSAGES/django.mo locale/en/LC_MESSAGES/django.po

USER muchan
# Neither value outlives this step: collecting files needs settings, not a database or a secret.
RUN DATABASE_URL=postgresql:///unused MUCHAN_SECRET_KEY=0123456789012345678901234567890123456789 \
    python manage.py collectstatic --noinput --verbosity 0

EXPOSE 8000
CMD ["gunicorn", "--config", "config/server.py", "--bind", "0.0.0.0:8000"]
