"""The database's own guard: events can be added, never changed or removed."""

FORBID_CHANGES = """
CREATE FUNCTION audit_insert_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit events can only be added';
END $$;
CREATE TRIGGER audit_event_insert_only BEFORE UPDATE OR DELETE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION audit_insert_only();
"""
FORBID_TRUNCATE = """
CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_insert_only();
"""
ALLOW_CHANGES = """
DROP TRIGGER audit_event_insert_only ON audit_event;
DROP FUNCTION audit_insert_only() CASCADE;
"""
ALLOW_TRUNCATE = "DROP TRIGGER IF EXISTS audit_event_no_truncate ON audit_event;"
