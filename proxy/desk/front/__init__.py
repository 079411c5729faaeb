"""The desk over HTTP: logins, the API, and the page of the counter."""
