"""The tables of the registry."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('governance', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Server',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40, unique=True, validators=[django.core.validators.RegexValidator('\\A(?!gatehouse\\Z)[a-z][a-z0-9-]{0,39}\\Z', 'Use up to 40 lower-case letters, digits and dashes, starting with a letter; `gatehouse` is reserved.')])),
                ('transport', models.CharField(choices=[('stdio', 'Local program'), ('http', 'Streamable HTTP'), ('sse', 'HTTP with SSE (2024-11-05)')], max_length=8)),
                ('url', models.CharField(blank=True, max_length=2000)),
                ('command', models.JSONField(blank=True, default=list)),
                ('cwd', models.CharField(blank=True, max_length=1000)),
                ('env', models.JSONField(blank=True, default=dict)),
                ('headers', models.JSONField(blank=True, default=dict)),
                ('tags', models.JSONField(blank=True, default=list)),
                ('category', models.JSONField(blank=True, default=list)),
                ('allow_private_address', models.BooleanField(default=False)),
                ('client_requests', models.JSONField(blank=True, default=dict)),
                ('accepted_launch', models.JSONField(blank=True, default=dict)),
                ('accepted_by', models.CharField(blank=True, max_length=254)),
                ('accepted_at', models.DateTimeField(blank=True, null=True)),
                ('deadline_seconds', models.PositiveIntegerField(default=60)),
                ('result_bytes', models.PositiveIntegerField(default=10485760)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('ready', 'Ready'), ('error', 'Error'), ('sync-required', 'Sync required'), ('quarantined', 'Quarantined'), ('retired', 'Retired')], default='waiting', max_length=14)),
                ('state_reason', models.CharField(blank=True, max_length=500)),
                ('manifest_digest', models.CharField(blank=True, max_length=80)),
                ('scanned_at', models.DateTimeField(blank=True, null=True)),
                ('scan_lease', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='servers', to='governance.team')),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='ManifestVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('digest', models.CharField(max_length=80)),
                ('document', models.TextField()),
                ('first_seen_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('server', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='manifests', to='registry.server')),
            ],
            options={
                'ordering': ['-number'],
            },
        ),
        migrations.CreateModel(
            name='Item',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('tool', 'tool'), ('prompt', 'prompt'), ('template', 'template'), ('instructions', 'instructions'), ('resource', 'resource')], max_length=12)),
                ('name', models.CharField(max_length=2000)),
                ('state', models.CharField(choices=[('new', 'Not reviewed'), ('approved', 'Approved'), ('changed', 'Changed, held'), ('missing', 'Gone from the server, held'), ('refused', 'Refused')], default='new', max_length=10)),
                ('approved_digest', models.CharField(blank=True, max_length=80)),
                ('approved_document', models.TextField(blank=True)),
                ('approved_by', models.CharField(blank=True, max_length=254)),
                ('approved_at', models.DateTimeField(blank=True, null=True)),
                ('seen_digest', models.CharField(blank=True, max_length=80)),
                ('seen_document', models.TextField(blank=True)),
                ('intent', models.CharField(default='unknown', max_length=14)),
                ('intent_reason', models.CharField(blank=True, max_length=300)),
                ('position', models.PositiveIntegerField(default=0)),
                ('late', models.BooleanField(default=False, help_text="Appeared after the server's first approval.")),
                ('server', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='registry.server')),
            ],
            options={
                'ordering': ['server', 'kind', 'position', 'name'],
            },
        ),
        migrations.AddConstraint(
            model_name='server',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('transport', 'stdio'), ('url', ''), models.Q(('command', []), _negated=True)), models.Q(('command', []), ('transport__in', ['http', 'sse']), models.Q(('url', ''), _negated=True)), _connector='OR'), name='server_address_fits_transport'),
        ),
        migrations.AddConstraint(
            model_name='manifestversion',
            constraint=models.UniqueConstraint(fields=('server', 'number'), name='one_manifest_per_number'),
        ),
        migrations.AddConstraint(
            model_name='item',
            constraint=models.UniqueConstraint(fields=('server', 'kind', 'name'), name='one_item_per_name'),
        ),
        migrations.AddConstraint(
            model_name='item',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'approved'), _negated=True), models.Q(('approved_digest', ''), _negated=True), _connector='OR'), name='approved_item_has_baseline'),
        ),
    ]
