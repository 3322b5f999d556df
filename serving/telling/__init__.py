"""Telling others what happened: webhooks, and a broker where there is one."""
