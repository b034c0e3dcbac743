"""Votes on held items that take two people, and the triggers that guard them. On SQLite see registry.checks."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from registry import request_guard


def install(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        request_guard.install(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0004_request_guard"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="ItemVote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(help_text="Of the definition that was shown.", max_length=80)),
                ("alarms", models.CharField(help_text="Of the open high findings in it.", max_length=80)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="votes", to="registry.item"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["at", "pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("item", "digest", "person"), name="one_item_vote_each")
                ],
            },
        ),
        migrations.RunPython(install, migrations.RunPython.noop),
    ]
