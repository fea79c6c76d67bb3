"""The Web API as the app calls it, mounted at `/api/`."""
