# The pipeline as an image: hash-locked packages, no build tools, no root. `docker compose -f docker-compose.kafka.yml --profile pipeline up --build`
FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements/dev.lock requirements/run.lock ./
# The project is built by the locked hatchling in an environment that is left behind; what runs has the run lock alone.
RUN python -m venv /opt/build && /opt/build/bin/pip install --no-cache-dir --quiet --require-hashes -r dev.lock \
 && python -m venv /opt/streams && /opt/streams/bin/pip install --no-cache-dir --quiet --require-hashes -r run.lock
COPY pyproject.toml README.md streams.toml ./
COPY schemas schemas
COPY streams streams
RUN /opt/build/bin/pip wheel --no-cache-dir --quiet --no-deps --no-build-isolation --wheel-dir /wheel . \
 && /opt/streams/bin/pip install --no-cache-dir --quiet --no-deps /wheel/*.whl

FROM python:3.11-slim
RUN useradd --uid 10001 --home-dir /state --shell /usr/sbin/nologin streams && install -d -o streams /state
COPY --from=build /opt/streams /opt/streams
USER 10001
WORKDIR /state
ENV PATH=/opt/streams/bin:$PATH PYTHONUNBUFFERED=1 STREAMS_STATE_DIR=/state STREAMS_LOG=json
VOLUME /state
STOPSIGNAL SIGTERM
ENTRYPOINT ["streams"]
CMD ["up"]
