"""What one supplier's system adds to every resource: nothing that a consumer knows. [RES-2]

Legal JSON of every kind, in the places where a careless reader stumbles or a careless writer
loses it: beside an element (`_start`), inside one, in front of a list, and as elements of its own.
"""

from typing import Any

from sandbox.practices import Practice

Resource = dict[str, Any]

URL = "https://supplier.sandbox.test/fhir/StructureDefinition/"

_REFERENCE = {"url": URL + "booking-reference", "valueString": "BR/0042 – “east wing”"}
_NESTED = {
    "url": URL + "clinic",
    "extension": [
        {"url": "room", "valueQuantity": {"value": 1.5, "unit": "floor"}},
        {"url": "quiet", "valueBoolean": False},
    ],
}


def added(practice: Practice, resource: Resource) -> Resource:
    """The resource with the extras of the practice's system, if it adds any."""
    if not practice.flavour.extras:
        return resource
    dressed = {
        **resource,
        "language": "en-GB",
        "extension": [_REFERENCE, *resource.get("extension", []), _NESTED],
        "supplierRecord": {"site": 7, "tags": ["a", "b"], "shared": True},
    }
    if "start" in resource:
        dressed["_start"] = {"extension": [{"url": URL + "arrive-by", "valueTime": "08:55:00"}]}
    if "participant" in resource:
        dressed["participant"] = [
            {**one, "actor": {**one["actor"], "display": "see record"}, "id": f"p{number}"}
            for number, one in enumerate(resource["participant"])
        ]
    return dressed
