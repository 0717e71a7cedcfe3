"""How the database came to be as it is: one file per revision, run by Alembic when the database is opened."""
