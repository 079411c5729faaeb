"""The pages, one small module each; every one has its `ROUTES`."""
