# One image for every process; docker-compose.yml says which runs what.
FROM python:3.12-slim AS packages
WORKDIR /build
COPY pyproject.toml requirements.txt ./
RUN pip install --no-cache-dir "uv$(sed -n 's/^required-version = "\(.*\)"/\1/p' pyproject.toml)" \
    && python -m venv --without-pip /opt/waywo \
    && uv pip sync --no-cache --compile-bytecode --require-hashes --python /opt/waywo requirements.txt

FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/opt/waywo/bin:$PATH VAR_DIR=/var/lib/waywo
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/waywo waywo \
    && install --directory --owner waywo /backups
COPY --from=packages /opt/waywo /opt/waywo
WORKDIR /app
COPY . .
# By number, so that a host can see that it is not root.
USER 10001
VOLUME /var/lib/waywo
# Celery's warm shutdown: what runs may end within 20 s, the rest is handed back.
STOPSIGNAL SIGTERM
CMD ["python", "manage.py", "up"]
