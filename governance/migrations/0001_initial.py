"""The tables of governance."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='DataRole',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.SlugField(max_length=80, unique=True)),
                ('tools', models.JSONField(blank=True, default=list)),
                ('prompts', models.JSONField(blank=True, default=list)),
                ('resources', models.JSONField(blank=True, default=list)),
                ('servers', models.JSONField(blank=True, default=list)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Generation',
            fields=[
                ('part', models.CharField(choices=[('identity', 'People, agents, tokens, roles'), ('registry', 'Servers and approved items'), ('policy', 'The published policy'), ('switches', 'Stops'), ('escalations', 'Decisions on held calls')], max_length=16, primary_key=True, serialize=False)),
                ('value', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='LedgerStream',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40, unique=True)),
                ('opened_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('lease_until', models.DateTimeField(null=True)),
                ('sealed_at', models.DateTimeField(null=True)),
                ('head_seq', models.BigIntegerField(default=0)),
                ('head_digest', models.CharField(default='0000000000000000000000000000000000000000000000000000000000000000', max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='Revocation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('token', 'Agent token'), ('agent', 'Agent'), ('person', 'Person')], max_length=12)),
                ('name', models.CharField(max_length=254)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name='Secret',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.SlugField(max_length=80, unique=True)),
                ('sealed', models.TextField()),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Switch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope_kind', models.CharField(choices=[('everything', 'everything'), ('server', 'server'), ('tool', 'tool'), ('agent', 'agent'), ('person', 'person'), ('team', 'team'), ('session', 'session')], max_length=12)),
                ('scope_name', models.CharField(blank=True, max_length=300)),
                ('mode', models.CharField(choices=[('deny', 'deny'), ('read-only', 'read-only'), ('escalate', 'escalate')], default='deny', max_length=12)),
                ('reason', models.CharField(max_length=500)),
                ('by', models.CharField(max_length=254)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('released_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name_plural': 'switches',
                'ordering': ['-at'],
            },
        ),
        migrations.CreateModel(
            name='Team',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.SlugField(max_length=80, unique=True)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Person',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('email', models.EmailField(max_length=254, unique=True)),
                ('name', models.CharField(blank=True, max_length=120)),
                ('is_active', models.BooleanField(default=True)),
                ('joined_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
                ('teams', models.ManyToManyField(blank=True, related_name='people', to='governance.team')),
            ],
            options={
                'verbose_name_plural': 'people',
                'ordering': ['email'],
            },
        ),
        migrations.CreateModel(
            name='Agent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, unique=True, validators=[django.core.validators.RegexValidator('\\A[a-z][a-z0-9._-]{0,79}\\Z', 'Use lower-case letters, digits, dots, dashes; start with a letter.')])),
                ('active', models.BooleanField(default=True)),
                ('rate_calls', models.PositiveIntegerField(blank=True, null=True)),
                ('rate_seconds', models.PositiveIntegerField(blank=True, null=True)),
                ('hold_seconds', models.PositiveIntegerField(blank=True, help_text='How long its session-era calls are held.', null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='agents', to=settings.AUTH_USER_MODEL)),
                ('roles', models.ManyToManyField(blank=True, related_name='agents', to='governance.datarole')),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='agents', to='governance.team')),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='AgentToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(max_length=16, unique=True)),
                ('digest', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('agent', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to='governance.agent')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Escalation',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('call', models.UUIDField()),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('approved', 'Approved'), ('redeemed', 'Redeemed'), ('denied', 'Denied'), ('expired', 'Expired'), ('cancelled', 'Cancelled')], default='waiting', max_length=10)),
                ('detached', models.BooleanField(default=False)),
                ('agent', models.CharField(max_length=80)),
                ('person', models.CharField(blank=True, max_length=254)),
                ('session', models.CharField(blank=True, max_length=40)),
                ('client', models.CharField(blank=True, max_length=120)),
                ('server', models.CharField(max_length=40)),
                ('kind', models.CharField(default='tool', max_length=10)),
                ('item', models.CharField(max_length=2000)),
                ('item_digest', models.CharField(max_length=80)),
                ('intent', models.CharField(default='unknown', max_length=14)),
                ('binding', models.CharField(max_length=64)),
                ('arguments_sealed', models.TextField()),
                ('arguments_digest', models.CharField(max_length=80)),
                ('rules', models.JSONField(default=list)),
                ('reason', models.TextField(blank=True)),
                ('policy', models.CharField(max_length=80)),
                ('opened_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('deadline', models.DateTimeField()),
                ('client_gives_up_at', models.DateTimeField(null=True)),
                ('decided_at', models.DateTimeField(null=True)),
                ('decided_by', models.CharField(blank=True, max_length=254)),
                ('decision_reason', models.TextField(blank=True)),
                ('redeem_until', models.DateTimeField(null=True)),
                ('redeemed_at', models.DateTimeField(null=True)),
                ('redeemed_call', models.UUIDField(null=True)),
            ],
            options={
                'ordering': ['deadline'],
                'indexes': [models.Index(fields=['state', 'deadline'], name='escalation_state_deadline'), models.Index(fields=['agent', 'state'], name='escalation_agent_state')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ['waiting', 'approved'])), fields=('binding',), name='one_open_escalation_per_call'), models.CheckConstraint(condition=models.Q(models.Q(('redeemed_call__isnull', False), ('state', 'redeemed')), models.Q(models.Q(('state', 'redeemed'), _negated=True), ('redeemed_call__isnull', True)), _connector='OR'), name='redeemed_call_only_when_redeemed')],
            },
        ),
        migrations.CreateModel(
            name='PersonToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(max_length=16, unique=True)),
                ('digest', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('scopes', models.JSONField(default=list)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_tokens', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='PolicyVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(unique=True)),
                ('text', models.TextField()),
                ('digest', models.CharField(max_length=80)),
                ('live', models.BooleanField(default=False)),
                ('author', models.CharField(max_length=254)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('published_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['-version'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('live', True)), fields=('live',), name='one_live_policy')],
            },
        ),
        migrations.CreateModel(
            name='SignInLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('expires_at', models.DateTimeField()),
                ('used_at', models.DateTimeField(null=True)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sign_in_links', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Usage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=200)),
                ('at', models.DateTimeField()),
                ('amount', models.DecimalField(decimal_places=12, max_digits=40)),
                ('call', models.UUIDField()),
                ('window_ends', models.DateTimeField(db_index=True)),
            ],
            options={
                'indexes': [models.Index(fields=['key', 'at'], name='usage_key_at')],
            },
        ),
        migrations.CreateModel(
            name='Vote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person', models.CharField(max_length=254)),
                ('teams', models.JSONField(default=list)),
                ('roles', models.JSONField(default=list)),
                ('approve', models.BooleanField()),
                ('reason', models.TextField(blank=True)),
                ('via', models.CharField(default='console', max_length=10)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('escalation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='votes', to='governance.escalation')),
            ],
            options={
                'ordering': ['at'],
            },
        ),
        migrations.CreateModel(
            name='LedgerEntry',
            fields=[
                ('pk', models.CompositePrimaryKey('stream_id', 'seq', blank=True, editable=False, primary_key=True, serialize=False)),
                ('seq', models.BigIntegerField()),
                ('at', models.DateTimeField()),
                ('kind', models.CharField(max_length=24)),
                ('call', models.UUIDField(null=True)),
                ('agent', models.CharField(blank=True, max_length=80)),
                ('session', models.CharField(blank=True, max_length=40)),
                ('server', models.CharField(blank=True, max_length=40)),
                ('item', models.CharField(blank=True, max_length=2000)),
                ('status', models.CharField(blank=True, max_length=16)),
                ('digest', models.BinaryField(max_length=32)),
                ('text', models.TextField()),
                ('body', models.BinaryField(null=True)),
                ('stream', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='governance.ledgerstream')),
            ],
            options={
                'verbose_name_plural': 'ledger entries',
                'indexes': [models.Index(condition=models.Q(('call__isnull', False)), fields=['call'], name='ledger_call'), models.Index(condition=models.Q(('kind', 'call.intent')), fields=['agent', 'at'], name='ledger_agent_at')],
            },
        ),
        migrations.CreateModel(
            name='ReleaseVote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person', models.CharField(max_length=254)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('switch', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='release_votes', to='governance.switch')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('switch', 'person'), name='one_release_vote_each')],
            },
        ),
        migrations.AddConstraint(
            model_name='agent',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('owner__isnull', False), ('team__isnull', True)), models.Q(('owner__isnull', True), ('team__isnull', False)), _connector='OR'), name='agent_has_one_owner'),
        ),
        migrations.AddConstraint(
            model_name='agent',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('rate_calls__isnull', True), ('rate_seconds__isnull', True)), models.Q(('rate_calls__gt', 0), ('rate_seconds__gt', 0)), _connector='OR'), name='agent_rate_is_whole'),
        ),
        migrations.AddConstraint(
            model_name='vote',
            constraint=models.UniqueConstraint(fields=('escalation', 'person'), name='one_vote_each'),
        ),
    ]
