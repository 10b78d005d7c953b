"""The algorithms at the shell: `shell.<name>.app` holds the commands of `globelet algorithm <name>`."""
