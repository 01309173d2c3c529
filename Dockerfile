# One image for every process; docker-compose.yml says which runs what.
FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --requirement requirements.txt
COPY . .
RUN useradd --system --create-home --home-dir /var/lib/waywo waywo
USER waywo
ENV VAR_DIR=/var/lib/waywo
CMD ["python", "manage.py", "up"]
