"""Runs the official SDKs against a Tenon of their own and searches what is left for secrets."""
