"""Dates told to customers: read off the plan, before there is an order, and watched while the parcel is on its way."""
