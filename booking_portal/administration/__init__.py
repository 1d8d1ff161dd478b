"""Django's admin for users, memberships, organisations, practices and federations. [IG-1]

Who may do what is decided by the actor's permissions at the organisation that they act for, not
by Django's staff and superuser flags; every change is in the audit trail.
"""
