# The service as an image; docs/container.md says how to build and run it, and what is in it.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm


# What trackspeak needs. This layer is large, and is built anew only when pyproject.toml changes.
FROM ${PYTHON_IMAGE} AS dependencies

# Extras of pyproject.toml to install, and dependencies to leave out: both separated by commas.
ARG EXTRAS=grpc,otel,postgres,search
ARG LEAVE_OUT=ultralytics
# Package index to take torch and torchvision from: PyTorch's for CPUs or for another CUDA. Empty: where all else comes from.
ARG TORCH_INDEX_URL=

WORKDIR /build
COPY docker/requirements.py pyproject.toml ./
# pip's configuration and certificates may be given to the build as secrets, which leave no trace in the image.
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca.crt,target=/etc/ssl/certs/ca-certificates.crt \
    python requirements.py pyproject.toml --extras "${EXTRAS}" --leave-out "${LEAVE_OUT}" > requirements.txt \
    && python -m venv --without-pip /opt/trackspeak \
    && if [ -n "${TORCH_INDEX_URL}" ]; then \
        grep -E '^torch(vision)?\b' requirements.txt > torch.txt \
        && pip --python /opt/trackspeak/bin/python install --no-cache-dir --index-url "${TORCH_INDEX_URL}" -r torch.txt; \
    fi \
    && pip --python /opt/trackspeak/bin/python install --no-cache-dir -r requirements.txt


# trackspeak itself, as a wheel.
FROM ${PYTHON_IMAGE} AS package

WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY models models
COPY plugins plugins
COPY service service
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca.crt,target=/etc/ssl/certs/ca-certificates.crt \
    pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .


FROM ${PYTHON_IMAGE}

LABEL org.opencontainers.image.title="trackspeak" \
      org.opencontainers.image.description="Video and sentences in, the tracks that the sentences refer to out" \
      org.opencontainers.image.version="0.1.0"

# OpenCV's wheel needs these two. Debian keeps only the newest version of a package, so a pinned one soon fails.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

# The home is a folder that can be written on a read-only root: libraries keep caches and settings there.
RUN groupadd --gid 10001 trackspeak \
    && useradd --uid 10001 --gid trackspeak --no-create-home --home-dir /tmp --shell /usr/sbin/nologin trackspeak \
    && install -d -o trackspeak -g trackspeak -m 0750 /data

COPY --from=dependencies /opt/trackspeak /opt/trackspeak
RUN --mount=type=bind,from=package,source=/wheels,target=/wheels \
    pip --python /opt/trackspeak/bin/python install --no-cache-dir --no-index --no-deps /wheels/*.whl
COPY docker/healthcheck.py /opt/healthcheck.py

ENV PATH=/opt/trackspeak/bin:${PATH} \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TRACKSPEAK_DATA=/data \
    TRACKSPEAK_HOST=0.0.0.0 \
    TRACKSPEAK_PORT=8000

USER 10001:10001
VOLUME ["/data"]
EXPOSE 8000 50051
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["python", "/opt/healthcheck.py"]
ENTRYPOINT ["trackspeak"]
CMD ["serve"]
