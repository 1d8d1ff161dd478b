"""The demo's own pages: which accounts and patients are worth trying."""
