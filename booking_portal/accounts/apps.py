"""Accounts: users, organisations, memberships, roles and sign-in."""

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate, pre_migrate


class AccountsConfig(AppConfig):
    name = "booking_portal.accounts"
    label = "accounts"
    verbose_name = "Users and organisations"

    def ready(self) -> None:
        from booking_portal.accounts import signals
        from booking_portal.application_role import grant_after_migration, refuse_one_role_for_both
        from booking_portal.checks import production_values

        register(production_values, Tags.security)
        signals.connect()
        pre_migrate.connect(refuse_one_role_for_both, sender=self)
        post_migrate.connect(signals.renew_permissions, sender=self)
        post_migrate.connect(grant_after_migration, sender=self)
