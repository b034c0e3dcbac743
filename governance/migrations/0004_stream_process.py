"""Which process writes a stream, and where other processes reach it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("governance", "0003_first_rows")]
    operations = [
        migrations.AddField("ledgerstream", "process", models.CharField(blank=True, db_default="", default="", max_length=32)),
        migrations.AddField("ledgerstream", "address", models.CharField(blank=True, db_default="", default="", max_length=300)),
    ]
