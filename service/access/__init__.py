"""Who may do what: API keys, their scopes and quotas, and how a key is checked. Importing it loads no SQLAlchemy."""
