"""What comes in: table schemas, datasets on disk, adapters, mapped import and the synthetic retailer."""
