"""A sandbox of the NHS services that the portal talks to, as a program of its own.

It plays the Spine Secure Proxy with several GP practices behind it (FHIR STU3), the Spine
Directory Service and the Personal Demographics Service (FHIR R4), strictly to the public
specifications, with invented people only. It shares no code with the client or the portal, so
that one misreading of a specification cannot hide on both sides.
"""
