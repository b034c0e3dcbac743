"""The addresses for programs under /oauth/; the consent page is the console's (gateway/urls.py)."""

from __future__ import annotations

from django.urls import path

from governance.oauth import views

urlpatterns = [
    path("token", views.token, name="oauth_token"),
    path("revoke", views.revoke, name="oauth_revoke"),
    path("register", views.register, name="oauth_register"),
]
