"""Gunicorn's worker of threads, which lets go of its socket as soon as it is told to stop."""

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]


class LettingGo(ThreadWorker):  # type: ignore[misc]
    """Takes what the kernel has accepted already, then refuses at once while it ends its work.

    Gunicorn's own keeps the socket until the last request has ended: whoever connects meanwhile
    waits in the kernel, and is cut off in the end with the request sent. Refused, a proxy asks
    another web.
    """

    def set_accept_enabled(self, enabled: bool) -> None:
        """As Gunicorn's; the last time, close the listeners too."""
        if enabled or self.alive:
            super().set_accept_enabled(enabled)
            return
        super().set_accept_enabled(False)
        for listener in self.sockets:
            taken = -1
            while taken != self.nr_conns:
                taken = self.nr_conns
                self.accept(listener)
            listener.close()
