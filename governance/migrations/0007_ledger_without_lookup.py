"""Entries name their stream without a constraint of the database; triggers keep the streams."""

import django.db.models.deletion
from django.db import migrations, models

from governance import ledger_guard


class AlterOnPostgres(migrations.AlterField):
    """Drops the constraint on PostgreSQL alone: SQLite would copy the whole ledger, and loses its triggers by it."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        self.database_forwards(app_label, schema_editor, from_state, to_state)


def install(apps, schema_editor):
    ledger_guard.install_for_streams(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("governance", "0006_oauth_clients")]
    operations = [
        AlterOnPostgres(
            "ledgerentry",
            "stream",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entries",
                to="governance.ledgerstream",
            ),
        ),
        migrations.RunPython(install, migrations.RunPython.noop),
    ]
