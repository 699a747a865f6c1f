"""Pages of the operator: the customers of this installation."""
