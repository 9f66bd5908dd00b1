"""The article's second way of configuring: a file in the package."""
