"""What other libraries take: one module for each."""
