"""Settings of a benchmark run: the product's own, and a second database login that the hub uses."""

import environ

from vendor_admin.settings import *  # noqa: F403
from vendor_admin.settings import BASE_DIR, DATABASE_HUB_URL, DATABASES

DATABASES["hub"] = environ.Env.db_url_config(DATABASE_HUB_URL)
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AXES_ENABLED = False
STATIC_ROOT = BASE_DIR / "templates"  # any folder that is there
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
