"""The organisation types that the code system has today; more are added in the admin. [SFS-3]"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

TYPES = {"gp-practice": "GP practice", "urgent-care": "Urgent care"}


def add_types(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor | None = None) -> None:
    """Add those that are missing."""
    organisation_type = apps.get_model("accounts", "OrganisationType")
    for code, name in TYPES.items():
        organisation_type.objects.get_or_create(code=code, defaults={"name": name})


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [migrations.RunPython(add_types, migrations.RunPython.noop)]
