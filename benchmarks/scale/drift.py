"""What the platform is said to list: what the mirrors hold, but for some entities in which one value differs."""

from benchmarks.installation import ENVIRONMENT
from vendor_admin.mirrors.columns import Column, mirror_models, platform_columns

DIFFERS_EVERY = 1_000
# Of each type that is compared: the column that differs, and its value then.
DRIFT = {"account": ("cc_email", "'drifted'"), "cashBalance": ("amount_sod", "123.25")}
LIST = """
SELECT json_strip_nulls(row_to_json(entity))::text
  FROM (SELECT entity_id AS id, {columns} FROM "{table}"
         WHERE organization_id = (SELECT id FROM organizations_organization WHERE slug = %s)
           AND environment = '{environment}' ORDER BY entity_id) AS entity
"""
DATE = (
    "CASE WHEN {0} IS NOT NULL THEN json_build_object('year', extract(year FROM {0}), 'month',"
    " extract(month FROM {0}), 'day', extract(day FROM {0})) END"
)


def list_sql(entity_type: str) -> str:
    """The list of one type, in the platform's own keys; a parameter is the organization's slug."""
    model = mirror_models()[entity_type]
    name, drifted = DRIFT[entity_type]
    columns = {}
    for column in platform_columns(model):
        value = _value(column)
        if column.name == name:
            value = f"CASE WHEN entity_id %% {DIFFERS_EVERY} = 0 THEN {drifted} ELSE {value} END"
        columns[column.json_key] = value
    return LIST.format(
        columns=", ".join(f'{value} AS "{key}"' for key, value in columns.items()),
        table=model._meta.db_table,
        environment=ENVIRONMENT,
    )


def _value(column: Column) -> str:
    return DATE.format(f'"{column.name}"') if column.is_trade_date else f'"{column.name}"'
