"""The Discord front end; nothing outside this folder imports the `discord` library."""
