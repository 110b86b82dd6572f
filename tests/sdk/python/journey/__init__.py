"""What an application does with the Python SDK, step by step, against a server of its own."""
