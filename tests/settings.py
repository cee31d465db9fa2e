"""Settings of the test run: the product's own, with placeholders for what the environment must give.

The database's address is filled in by tests/support/database.py when the first test needs it.
"""

import os

# What a developer exported for a server must not reach the tests.
for _name in ("DEBUG", "DATABASE_ADMIN_URL", "DATABASE_ASSUME_ROLE", "CELERY_BROKER_URL", "SYNCZ_TOKEN", "LOG_LEVEL"):
    os.environ.pop(_name, None)
os.environ["SECRET_KEY"] = "only-for-tests-" + "0123456789abcdef" * 4
os.environ["CREDENTIAL_KEYS"] = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
for _role, _variable in (("owner", "DATABASE_OWNER_URL"), ("app", "DATABASE_URL"), ("hub", "DATABASE_HUB_URL")):
    os.environ[_variable] = f"postgres://test_vendor_admin_{_role}@127.0.0.1:9/not-known-yet"

from vendor_admin.settings import *  # noqa: E402, F403

SECURE_SSL_REDIRECT = False
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "sessionid", "csrftoken"  # of children in browsers too: DEBUG, plain HTTP
STATE_FOLDER = ""  # test databases come and go; test_after_restore.py tries it
ALLOW_INTERNAL_PLATFORM_HOSTS = True  # the sandbox is on this machine; test_network_policy.py tries it without
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True  # no scan of collected files, which a test run does not have
