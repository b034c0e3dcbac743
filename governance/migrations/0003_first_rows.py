"""The rows that every installation has: generations, the console's stream, the console roles."""

from django.db import migrations

PARTS = ("identity", "registry", "policy", "switches", "escalations")
ROLES = ("security-admin", "policy-author", "approver", "auditor", "server-owner", "developer")


def fill(apps, schema_editor):
    alias = schema_editor.connection.alias
    Generation = apps.get_model("governance", "Generation")
    Generation.objects.using(alias).bulk_create(Generation(part=part, value=1) for part in PARTS)
    apps.get_model("governance", "LedgerStream").objects.using(alias).create(name="console")
    Group = apps.get_model("auth", "Group")
    for name in ROLES:
        Group.objects.using(alias).get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [("governance", "0002_ledger_append_only"), ("auth", "0012_alter_user_first_name_max_length")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
