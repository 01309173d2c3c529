"""Flower's settings: ``celery flower --conf waywo_site/flowerconfig.py``.

Flower's ``/metrics`` and ``/healthcheck`` need no password, by its design, and name tasks and workers: keep its port
from strangers. It listens on this machine's own address unless ``--address`` says otherwise.
"""

import os
from pathlib import Path

from django.conf import settings

from waywo_site import environment

# Each of Flower's options is a name in this module.
_given = os.environ.get("FLOWER_BASIC_AUTH") or settings.FLOWER_BASIC_AUTH
_password, _is_new = environment.flower_password(_given, settings.DEBUG, settings.SECRETS_FILE)
if _is_new:
    print(f"Flower: sign in with {_password} (shown only now)", flush=True)  # noqa: T201 - for those who start it

basic_auth = [_password]
address = os.environ.get("FLOWER_ADDRESS", "127.0.0.1")
port = int(os.environ.get("FLOWER_PORT", settings.PORT + 1))
# Ending tasks and workers is the work of Waywo's own commands and admin, which ask who one is.
read_only = not settings.FLOWER_CONTROL

_folder = Path(settings.VAR_DIR) / "flower"
_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
persistent = True
db = str(_folder / "state")
state_save_interval = 60_000  # ms
max_tasks = 20_000
# Newest first, and the arguments by which one task is told from another.
tasks_columns = "name,uuid,state,kwargs,result,received,started,runtime,retries,worker"
natural_time = True
