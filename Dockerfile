# syntax=docker/dockerfile:1
# 小秘書的映像檔：套件照 requirements/run.txt 安裝（雜湊核對），以一般使用者執行。

FROM python:3.12.12-slim-bookworm AS build
# With a fixed time, byte code is tied to its source's hash: the same lock gives the same files.
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
    SOURCE_DATE_EPOCH=1580601600
# No pip in it: what the image runs with is what the lock says, for good.
RUN python -m venv --without-pip /opt/secretary
WORKDIR /src
COPY requirements/run.txt requirements/run.txt
RUN pip --python /opt/secretary/bin/python install \
    --require-hashes --requirement requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY adapters adapters
COPY bot bot
COPY knowledge knowledge
RUN pip --python /opt/secretary/bin/python install --no-deps --no-build-isolation .

FROM python:3.12.12-slim-bookworm
# The embedded model's runtime is linked against OpenMP. tini is process 1: Python as such would
# ignore a stop that comes before it has begun to listen for one.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 tini \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 secretary \
    && useradd --uid 10001 --gid secretary --create-home --shell /usr/sbin/nologin secretary \
    && install --directory --owner=secretary --group=secretary /data
COPY --from=build /opt/secretary /opt/secretary
# Safe path: a folder named like one of our packages must never stand in for it.
ENV PATH=/opt/secretary/bin:$PATH \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    HTTP_HOST=0.0.0.0
USER secretary
WORKDIR /data
VOLUME /data
EXPOSE 8000
# The first start reads the sample documents: minutes on a busy machine. Ready ends the wait.
HEALTHCHECK --interval=15s --timeout=5s --start-period=5m --retries=4 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["tini", "--"]
CMD ["secretary", "run"]
