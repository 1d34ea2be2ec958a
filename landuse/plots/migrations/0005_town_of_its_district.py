"""A plot lies in a town of its own district: as the checks of a change say, and now whoever writes."""

from django.db import migrations, models
from django.db.models.functions import Left


class Migration(migrations.Migration):

    dependencies = [("plots", "0004_leased_floors")]

    operations = [
        migrations.AddConstraint(
            model_name="plotversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("town__isnull", True), ("district", Left("town_id", 6)), _connector="OR"),
                name="plots_plotversion_town_by_district",
                violation_error_message="所在镇街不属于所在区。",
            ),
        ),
    ]
