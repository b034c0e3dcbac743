"""Hosts at which data of strangers is collected, hidden or passed on. Data alone. Pure: no Django, no I/O."""

from __future__ import annotations

from typing import Final

COLLECTORS: Final = frozenset(
    """
    webhook.site requestbin.com requestbin.net requestcatcher.com pipedream.net beeceptor.com hookbin.com
    mockbin.org interact.sh oast.fun oast.pro oast.live oast.me oast.online oast.site burpcollaborator.net
    oastify.com canarytokens.com dnslog.cn ceye.io requestinspector.com ptsv2.com ptsv3.com webhook.cool
    webhookinbox.com postb.in putsreq.com smee.io ngrok.io ngrok.app ngrok-free.app ngrok.dev trycloudflare.com
    loca.lt localtunnel.me serveo.net localhost.run pagekite.me bore.pub telebit.io transfer.sh file.io 0x0.st
    anonfiles.com gofile.io temp.sh bashupload.com termbin.com ix.io pastebin.com paste.ee hastebin.com
    dpaste.com rentry.co ghostbin.com privatebin.net catbox.moe bit.ly tinyurl.com t.co goo.gl is.gd cutt.ly
    rb.gy shorturl.at ow.ly buff.ly tiny.cc rebrand.ly v.gd grabify.link iplogger.org nip.io sslip.io xip.io
    lvh.me localtest.me 1u.ms rbndr.us
    """.split()
)
"""Request catchers, tunnels, drop boxes, shorteners, and names that resolve to whatever is written in them."""

METADATA: Final = (
    "169.254.169.254",
    "169.254.170.2",
    "metadata.google.internal",
    "100.100.100.200",
    "metadata.goog",
    "fd00:ec2::254",
    "instance-data",
    "metadata.azure.internal",
    "168.63.129.16",
)
"""Where clouds hand out credentials to whoever asks from within."""

REPORTING_PATHS: Final = (
    r"(?i)/api/webhooks/\d|hooks\.slack\.com/services/|api\.telegram\.org/bot|discord(?:app)?\.com/api/webhooks"
)
"""Addresses that take messages from anybody who knows them."""

VENDORS: Final = frozenset(
    """
    github gitlab bitbucket google gmail gdrive googledrive microsoft outlook office365 onedrive sharepoint
    azure amazon aws slack discord telegram whatsapp stripe paypal shopify salesforce hubspot zendesk notion
    linear jira confluence atlassian asana trello airtable dropbox openai anthropic claude gemini cursor copilot
    supabase postgres postgresql mysql mongodb redis elasticsearch snowflake databricks cloudflare vercel
    netlify heroku digitalocean kubernetes docker terraform datadog sentry grafana pagerduty figma canva zapier
    twilio sendgrid mailchimp intercom facebook instagram twitter linkedin youtube spotify reddit wikipedia
    playwright puppeteer filesystem brave perplexity postmark mailgun okta auth0 coinbase binance metamask
    firebase huggingface npm pypi
    """.split()
)
"""Names that a server may pretend to."""
