"""What one process holds open to the outside, dropped so that changed settings take effect."""

from booking_portal.integration import clients, trust


def forget_connections() -> None:
    """Close and drop it; the next question makes it anew."""
    for made in (clients.transport, clients.directory, clients.demographics, clients.breaker):
        if made.cache_info().currsize:
            made().close()
        made.cache_clear()
    trust.forget()
