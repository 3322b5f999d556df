"""What is told to people, in each language: one YAML file per language, all with the same keys and placeholders."""
