"""After a restore from a backup: hold, reconcile, release."""
