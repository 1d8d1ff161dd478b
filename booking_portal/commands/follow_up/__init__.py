"""What people see to: the worklist, what is escalated, what is closed by telephone."""
