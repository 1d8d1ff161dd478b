"""A GP Connect Foundations and Appointment Management 1.2.7 consumer client (FHIR STU3)."""
