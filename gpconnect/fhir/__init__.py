"""FHIR STU3 as GP Connect uses it: reading is tolerant, writing is strict."""
