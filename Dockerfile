# One image for every process; which one a container is, its command says (the lines of the Procfile).
FROM python:3.11-slim AS wheel
WORKDIR /src
COPY requirements/build.txt requirements/
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/build.txt
COPY . .
RUN pip wheel --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir /wheels .

FROM python:3.11-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates git openssh-client \
    && rm -rf /var/lib/apt/lists/*
# `drift` brings what measures the drift of models as well: build with --build-arg PINS=drift
ARG PINS=runtime
COPY requirements/${PINS}.txt /tmp/pins.txt
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/pins.txt && rm /tmp/pins.txt
COPY --from=wheel /wheels /tmp/wheels
RUN pip install --no-cache-dir --disable-pip-version-check --no-deps /tmp/wheels/*.whl && rm -r /tmp/wheels

# The keys are mounted as files with mode 0600, so whoever owns them on the host must be who runs here: build with --build-arg UID=...
ARG UID=1000
RUN useradd --uid "$UID" --create-home --home-dir /srv/towpath --shell /usr/sbin/nologin towpath \
    && install -d -o towpath -g towpath -m 0700 /data /keys
USER towpath
WORKDIR /srv/towpath
ENV PYTHONUNBUFFERED=1 \
    TOWPATH_DATA=/data \
    TOWPATH_KEYS=/keys \
    TOWPATH_HOST=0.0.0.0 \
    TOWPATH_PORT=3000
EXPOSE 3000
STOPSIGNAL SIGTERM

# For the bot, which is the default; the other processes have no door to knock at, and docker-compose.yml turns this off for them.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['TOWPATH_PORT']}/healthz\", timeout=4)"]
CMD ["python", "-m", "bot"]
