"""Triggers that keep requester and approvers apart. On SQLite they are made after the migrate, see registry.checks."""

from django.db import migrations

from registry import request_guard


def install(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        request_guard.install(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0003_requests_and_scans"),
        ("governance", "0008_notices"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
