"""Triggers that refuse to change the ledger."""

from django.db import migrations

from governance import ledger_guard


def install(apps, schema_editor):
    ledger_guard.install(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("governance", "0001_initial")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
