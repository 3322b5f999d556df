"""What is told of locations, products, carrier services, stock and footfall: checked, then written."""
