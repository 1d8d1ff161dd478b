"""Everything that lets the product run on one bare machine: servers, certificates, supervision.

None of it is part of the product: `booking_portal` imports nothing from here.
"""
